"""Makes ``data/names.tsv``: names and words, one a line with its kind, from two lists that are in the public domain.

    python assets/make_names.py CENSUS SCOWL

CENSUS is a folder with the files of the 1990 United States census, ``dist.female.first``, ``dist.male.first`` and
``dist.all.last`` (they lie in the source archive of the package ``names`` 0.3.0); SCOWL is the folder with the word
lists of the Debian package ``scowl`` 2020.12.07-2. ``LICENCES.md`` says more of both.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

SURNAMES = 11_000  # the most frequent of 88,799
WORD_LEVELS = (10, 20)  # the two lists of the most common words
FITS = re.compile(r"[A-Za-z]{3,15}")
COARSE = re.compile(r"fuck|shit|cunt|nigg|fagg|whore|bitch|piss|bastard|wank|\b(slut|twat|cock|dick|tit|arse|ass)")


def main(census: Path, scowl: Path) -> None:
    """Write the file; of a string that is of several kinds, the kind in which it is most frequent counts."""
    women, men = shares(census / "dist.female.first"), shares(census / "dist.male.first")
    surnames = dict(sorted(shares(census / "dist.all.last").items(), key=lambda row: -row[1])[:SURNAMES])
    kinds: dict[str, str] = {}
    for name in {**women, **men, **surnames}:
        share = {"woman": women.get(name, 0), "man": men.get(name, 0), "surname": surnames.get(name, 0)}
        kinds[name] = max(share, key=lambda kind: share[kind])
    taken = {name.lower() for name in kinds}
    kinds |= {word: "word" for word in words(scowl) if word not in taken}
    kept = sorted(
        (text, kind) for text, kind in kinds.items() if FITS.fullmatch(text) and not COARSE.search(text.lower())
    )
    lines = "".join(f"{text}\t{kind}\n" for text, kind in kept)
    Path(__file__).with_name("data").joinpath("names.tsv").write_text(lines, encoding="ascii")
    print({kind: sum(k == kind for _, k in kept) for kind in ("woman", "man", "surname", "word")}, len(kept))


def shares(path: Path) -> dict[str, float]:
    """Each name of a census file, capitalised, with its share in percent."""
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {row[0].capitalize(): float(row[1]) for row in rows}


def words(scowl: Path) -> Iterator[str]:
    """The common words that are written in small letters."""
    for level in WORD_LEVELS:
        for line in (scowl / f"english-words.{level}").read_text(encoding="iso8859-1").splitlines():
            if line.isascii() and line.isalpha() and line.islower():
                yield line


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
