"""Short texts: the bundled names and words, and any text file of the user's.

Every text is a row of tokens, one a character, of the vocabulary in its ``DataSpec``; see there. A tenth of the
distinct texts is held out, by their digests, so that no text is in both parts and adding one leaves the others where
they are.
"""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase

import torch
from torch import Tensor

from genplay.contract.errors import BadInput, shown
from genplay.contract.knob import knob
from genplay.contract.paths import shipped
from genplay.contract.spec import END, OTHER, VEIL, Attribute, DataSpec, Kind
from genplay.core.dataset import Dataset, DataSource, NoOptions

MAX_BYTES = 16 << 20  # a file
MAX_TEXTS = 200_000
MAX_CHARACTERS = 256  # of a vocabulary, "other" among them
HELD_OUT = 10  # one text in so many


class Names(DataSource):
    """Names and words."""

    name, title, order = "names", "Names and words", 6
    summary = "25,143 short texts: given names, surnames and common English words of 3 to 15 letters."
    group = "bundled"
    licence = "Public domain (1990 US census; Moby and UK word lists by way of SCOWL)"
    spec = DataSpec(
        Kind.TOKENS,
        (16,),
        (Attribute("kind", ("woman", "man", "surname", "word")),),
        (END, *ascii_lowercase, *ascii_uppercase),
    )

    @classmethod
    def load(cls, options: NoOptions) -> Dataset:
        """Both parts of the set. Raises ``BadInput`` when the file is missing or damaged."""
        kinds = cls.spec.attributes[0].values
        try:
            lines = (shipped("assets") / "data" / f"{cls.name}.tsv").read_text(encoding="ascii").splitlines()
            texts, words = zip(*(line.split("\t") for line in lines), strict=True)
            labels = torch.tensor([[kinds.index(word)] for word in words])
            return split(cls.name, cls.title, cls.licence, cls.spec, texts, labels)
        except (OSError, ValueError, BadInput):
            raise BadInput(f"The bundled data set {cls.name} is missing or damaged; install genplay again.") from None


@dataclass(frozen=True)
class TextFileOptions:
    """Which file, and what a text of it is."""

    path: str = knob("", "file", "a text file, UTF-8")
    pieces: str = knob(
        "lines", "a text is", "lists have one text a line; running text, such as a book, is cut into windows",
        choices=("lines", "windows"), titles=("a line", "a window of running text"),
    )  # fmt: skip
    length: int = knob(
        32, "length", "characters of a window, and the most that a line may have", low=4, high=256, scale="log",
        unit="characters",
    )  # fmt: skip
    lowercase: bool = knob(False, "small letters", "write capitals small: fewer characters to learn")


class TextFile(DataSource):
    """The user's own texts."""

    name, title, order = "text_file", "Your text", 42
    summary = "Any text file of yours: a list with one text a line, or running text cut into windows."
    group = "yours"
    licence = "Yours"
    spec = DataSpec(Kind.TOKENS, (32,))  # ``load`` tells the length and adds the vocabulary
    Options = TextFileOptions

    @classmethod
    def ready(cls) -> bool:
        """False: a file has to be chosen first."""
        return False

    @classmethod
    def stamp(cls, options: TextFileOptions) -> str:
        """A digest of the file."""
        return hashlib.sha256(_bytes(_file(options.path))).hexdigest()

    @classmethod
    def load(cls, options: TextFileOptions) -> Dataset:
        """The texts of a file. Raises ``BadInput`` for one that is empty, too large, or no text."""
        path = _file(options.path)
        text = unicodedata.normalize("NFC", _decoded(_bytes(path), path)).replace(VEIL, OTHER)
        text = text.lower() if options.lowercase else text
        cut = _lines if options.pieces == "lines" else _windows
        train, heldout, skipped = cut(text, options.length)
        if not train or not heldout:
            raise BadInput(f"{shown(path)} needs at least two different texts: {_why(options)}.")
        spec = DataSpec(Kind.TOKENS, (options.length,), (), vocabulary([*train, *heldout]))
        return Dataset(
            cls.name, shown(path), cls.licence, spec,
            train=torch.from_numpy(spec.tokens(train)),
            train_labels=torch.zeros(len(train), 0, dtype=torch.int64),
            heldout=torch.from_numpy(spec.tokens(heldout)),
            heldout_labels=torch.zeros(len(heldout), 0, dtype=torch.int64),
            skipped=tuple(skipped),
        )  # fmt: skip


def split(name: str, title: str, licence: str, spec: DataSpec, texts: Sequence[str], labels: Tensor) -> Dataset:
    """Texts and their labels (N, A) as a data set, in the order of their digests, which mixes them."""
    tokens, held = torch.from_numpy(spec.tokens(texts)), held_out(texts)
    order = sorted(range(len(texts)), key=[_digest(text) for text in texts].__getitem__)
    train = [i for i in order if texts[i] not in held]
    rest = [i for i in order if texts[i] in held]
    return Dataset(name, title, licence, spec, tokens[train], labels[train], tokens[rest], labels[rest])


def held_out(texts: Sequence[str]) -> set[str]:
    """The texts that are held out: a tenth of the distinct ones, those whose digests come last.

    >>> len(held_out([str(i) for i in range(50)] * 2))
    5
    """
    distinct = sorted(set(texts), key=_digest)
    return set(distinct[-max(1, round(len(distinct) / HELD_OUT)) :]) if len(distinct) > 1 else set()


def vocabulary(texts: Sequence[str]) -> tuple[str, ...]:
    """``END``, then the characters of some texts, the most frequent first; those beyond 256 are one ``OTHER``.

    >>> vocabulary(["banana"])
    ('', 'a', 'n', 'b')
    """
    counts = Counter("".join(texts))
    ranked = sorted(counts.keys() - {OTHER, VEIL}, key=lambda c: (-counts[c], c))
    if len(ranked) == len(counts) <= MAX_CHARACTERS:
        return (END, *ranked)
    return (END, *ranked[: MAX_CHARACTERS - 1], OTHER)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


# ---- the user's file --------------------------------------------------------------------------------------------


def _file(path: str) -> Path:
    if not path:
        raise BadInput("Choose a text file first.")
    return Path(os.path.expanduser(path))


def _bytes(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"{shown(path)} is not a file.")
        if status.st_size > MAX_BYTES:
            raise BadInput(f"{shown(path)} is larger than {MAX_BYTES >> 20} MiB.")
        return path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"There is no file {shown(path)}.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{shown(path)} cannot be read.") from None


def _decoded(data: bytes, path: Path) -> str:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not wide and b"\0" in data:
        raise BadInput(f"{shown(path)} is not a text file.")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        encoding = "UTF-16" if wide else "UTF-8"
        raise BadInput(f"{shown(path)} is not {encoding} text: line {line:,} holds other bytes.") from None
    if not text.strip():
        raise BadInput(f"{shown(path)} is empty.")
    return text


def _lines(text: str, length: int) -> tuple[list[str], list[str], list[str]]:
    """Lines for training, lines held out, and what was left out. White space within a line counts as one space."""
    lines = [line for raw in text.splitlines() if (line := _printable(raw))]
    fitting = [line for line in lines if len(line) <= length]
    skipped = []
    if longer := len(lines) - len(fitting):
        skipped.append(f"{longer:,} lines are longer than {length} characters")
    kept = _evenly(fitting, skipped)
    held = held_out(kept)
    kept.sort(key=_digest)
    return [t for t in kept if t not in held], [t for t in kept if t in held], skipped


def _windows(text: str, length: int) -> tuple[list[str], list[str], list[str]]:
    """Windows of running text, half overlapping for training; the last tenth of the text is held out."""
    text = _printable(text)
    cut = len(text) - max(length, len(text) // HELD_OUT)
    skipped: list[str] = []
    train = _evenly(_cut(text[: max(0, cut)], length, length // 2), skipped)
    seen = set(train)
    return train, [window for window in _cut(text[max(0, cut) :], length, length) if window not in seen], skipped


def _cut(text: str, length: int, stride: int) -> list[str]:
    return [text[i : i + length] for i in range(0, len(text) - length + 1, stride)]


def _printable(text: str) -> str:
    """White space as single spaces, and no control characters."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable() or c == " ")


def _evenly(texts: list[str], skipped: list[str]) -> list[str]:
    """At most ``MAX_TEXTS`` of them, spread evenly."""
    if len(texts) <= MAX_TEXTS:
        return texts
    skipped.append(f"{len(texts):,} texts: {MAX_TEXTS:,} of them, picked evenly, were read")
    step = len(texts) / MAX_TEXTS
    return [texts[int(i * step)] for i in range(MAX_TEXTS)]


def _why(options: TextFileOptions) -> str:
    if options.pieces == "lines":
        return f"lines of 1 to {options.length} characters, one of which is held out"
    return f"windows of {options.length} characters, one of which is held out"
