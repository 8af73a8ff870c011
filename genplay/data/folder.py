"""A folder of the user's pictures, fitted to a small square; subfolders are classes.

Files come from anywhere, so nothing in them is trusted: only pixel formats are opened (never those that start another
program), sizes are checked before pixels are decoded, and whatever Pillow raises on a damaged file makes that file a
line in ``Dataset.skipped``.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import warnings
import zlib
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import Dataset, DataSource

MAX_PICTURES = 20_000
MAX_FILES = 200_000  # looked at
MAX_PIXELS = 64_000_000  # a picture, before it is fitted
MAX_BYTES = 256 << 20  # a file
MAX_CLASSES = 1_000
MAX_LISTED = 1_000  # skipped files named one by one

NOT_PIXELS = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "FITS", "MPEG", "IPTC"}
"""Formats of Pillow that are vectors, need another program, or hold no ordinary picture."""

DAMAGED = (
    OSError,
    ValueError,
    TypeError,
    SyntaxError,
    EOFError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    UserWarning,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises on damaged pictures."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation to the turn that undoes it."""


@dataclass(frozen=True)
class FolderOptions:
    """Which folder, and what its pictures are made into."""

    path: str = knob("", "folder", "folder of pictures; its subfolders become classes")
    size: str = knob("32", "size", "side of the square they are cut to", choices=("16", "28", "32", "64"), unit="px")
    colour: str = knob("colour", "colour", "keep the colours or make grey", choices=("colour", "grey"))


class Folder(DataSource):
    """The user's own pictures."""

    name, title, order = "folder", "Your pictures", 40
    summary = "A folder of your own pictures, cut square and resized; subfolders become classes."
    group = "yours"
    licence = "Yours"
    Options = FolderOptions

    @classmethod
    def ready(cls) -> bool:
        """False: a folder has to be chosen first."""
        return False

    @classmethod
    def stamp(cls, options: FolderOptions) -> str:
        """A digest of names, sizes and times of the files, which changes when the folder does."""
        root = _root(options.path)
        lines = []
        for path in _files(root, []):
            with suppress(OSError):
                facts = path.stat()
                lines.append(f"{os.fspath(path)}\0{facts.st_size}\0{facts.st_mtime_ns}")
        return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    @classmethod
    def load(cls, options: FolderOptions) -> Dataset:
        """All readable pictures. Raises ``BadInput`` when there is no folder or not enough to read."""
        steps = cls.load_steps(options)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value

    @classmethod
    def load_steps(cls, options: FolderOptions) -> Generator[tuple[int, int], None, Dataset]:
        """As ``load``, yielding (files done, files in all) after every file; the generator returns the data set."""
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        root = _root(options.path)
        skipped: list[str] = []
        paths = _chosen(root, _files(root, skipped), skipped)
        pictures = []
        for done, path in enumerate(paths, 1):
            try:
                pictures.append(_Picture(read(path, int(options.size), options.colour == "grey"), _class(path, root)))
            except DAMAGED as error:
                skipped.append(f"{_shown(path, root)}: {_reason(error)}")
            yield done, len(paths)
        return _dataset(root, pictures, skipped)


@dataclass(frozen=True)
class _Picture:
    """Pixels uint8 (C, S, S) and the subfolder they came from."""

    pixels: np.ndarray
    folder: str

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.pixels.tobytes()).digest()


# ---- finding files --------------------------------------------------------------------------------------------


def _root(path: str) -> Path:
    if not path:
        raise BadInput("Choose a folder of pictures first.")
    root = Path(os.path.expanduser(path))
    try:
        os.scandir(root).close()
    except (FileNotFoundError, NotADirectoryError):
        raise BadInput(f"There is no folder {path!r:.200}.") from None
    except (OSError, ValueError):
        raise BadInput(f"The folder {path!r:.200} cannot be opened.") from None
    return root


def _files(root: Path, skipped: list[str]) -> list[Path]:
    """Regular files below ``root``, sorted; hidden ones are left out and links to folders are not followed."""
    found: list[Path] = []

    def closed(error: OSError) -> None:
        skipped.append(f"{_shown(Path(error.filename), root)}: {_reason(error)}")

    for folder, folders, names in os.walk(root, onerror=closed, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = (Path(folder, name) for name in folders if os.path.islink(os.path.join(folder, name)))
        skipped.extend(f"{_shown(link, root)}: it is a link to a folder" for link in links)
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith(".") or not _is_regular(path, root, skipped):
                continue
            found.append(path)
            if len(found) >= MAX_FILES:
                skipped.append(f"more than {MAX_FILES:,} files: the rest was not looked at")
                return found
    return found


def _is_regular(path: Path, root: Path, skipped: list[str]) -> bool:
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return True
        skipped.append(f"{_shown(path, root)}: it is not an ordinary file")
    except OSError as error:
        skipped.append(f"{_shown(path, root)}: {_reason(error)}")
    return False


def _chosen(root: Path, paths: list[Path], skipped: list[str]) -> list[Path]:
    """At most ``MAX_PICTURES`` of the files, spread evenly over the folder, always the same ones."""
    if len(paths) <= MAX_PICTURES:
        return paths
    skipped.append(f"{len(paths):,} files: {MAX_PICTURES:,} of them, picked evenly, were read")
    step = len(paths) / MAX_PICTURES
    return [paths[int(i * step)] for i in range(MAX_PICTURES)]


def _class(path: Path, root: Path) -> str:
    parts = path.relative_to(root).parts
    return _printable(parts[0]) if len(parts) > 1 else "(top)"


def _shown(path: Path, root: Path) -> str:
    return _printable(os.fspath(path.relative_to(root)))


def _printable(name: str) -> str:
    """A file name that can be shown and stored: undecodable bytes and control characters become marks."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "�" for c in text)[:200]


def _reason(error: BaseException) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "it is not a picture"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "it has too many pixels"
    if isinstance(error, MemoryError):
        return "it needs too much memory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return _printable(str(error).splitlines()[0])[:120] if str(error) else "it is damaged"


# ---- reading one picture --------------------------------------------------------------------------------------


def read(path: Path, size: int, grey: bool) -> np.ndarray:
    """One picture as uint8 (C, size, size): upright, on white, cut to a centred square, resized with antialiasing.

    Raises one of ``DAMAGED``.
    """
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES >> 20} MiB")
    with Image.open(path, formats=_formats()) as image:
        if image.width * image.height > MAX_PIXELS:
            raise Image.DecompressionBombError("too many pixels")
        image.draft("L" if grey else "RGB", (4 * size, 4 * size))
        image.load()
        upright = _upright(image)
        flat = _on_white(_eight_bit(upright)).convert("L" if grey else "RGB")
    fitted = ImageOps.fit(flat, (size, size), Image.Resampling.LANCZOS)
    pixels = np.asarray(fitted, dtype=np.uint8).reshape(size, size, 1 if grey else 3)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _formats() -> list[str]:
    Image.init()
    return [name for name in Image.ID if name not in NOT_PIXELS]


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF orientation says; damaged EXIF counts as none."""
    try:
        orientation = image.getexif().get(0x0112, 1)
        turn = TURNS.get(orientation)
    except DAMAGED:
        return image
    return image if turn is None else image.transpose(turn)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey levels of 16 bits, or floating-point ones, brought to 0..255; other pictures as they are."""
    if image.mode not in ("F", "I") and not image.mode.startswith("I;16"):
        return image
    levels = np.asarray(image).astype(np.float32)
    if not np.isfinite(levels).all():
        raise ValueError("it has pixels that are not numbers")
    top = 65535.0 if image.mode != "F" else (1.0 if levels.max(initial=0) <= 1 else 255.0)
    return Image.fromarray((levels / top * 255).round().clip(0, 255).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    clear = image.convert("RGBA")
    white = Image.new("RGBA", clear.size, "white")
    white.alpha_composite(clear)
    return white


# ---- making the data set --------------------------------------------------------------------------------------


def _dataset(root: Path, pictures: list[_Picture], skipped: list[str]) -> Dataset:
    """Rows in the order of their digests, which mixes the classes; a tenth of the distinct pictures is held out.

    Copies of one picture end up in the same part, and adding pictures leaves the order of the others alone.
    """
    if not pictures:
        why = f" ({skipped[0]})" if skipped else ""
        raise BadInput(f"No picture in {_printable(root.name)!r} can be read{why}.")
    pictures = sorted(pictures, key=lambda p: (p.digest, p.folder))
    distinct = sorted({picture.digest for picture in pictures})
    if len(distinct) < 2:
        raise BadInput("The folder needs at least two different pictures: one to train on, one held out.")
    first_held = distinct[len(distinct) - max(1, round(len(distinct) / 10))]
    train = sum(picture.digest < first_held for picture in pictures)
    attributes, labels = _labels(pictures, skipped)
    x = torch.from_numpy(np.stack([picture.pixels for picture in pictures]))
    spec = DataSpec(Kind.IMAGE, tuple(x.shape[1:]), attributes)
    title = _printable(root.resolve().name) or Folder.title
    return Dataset(
        Folder.name,
        title,
        Folder.licence,
        spec,
        train=x[:train],
        train_labels=labels[:train],
        heldout=x[train:],
        heldout_labels=labels[train:],
        skipped=_shortened(skipped),
    )


def _labels(pictures: list[_Picture], skipped: list[str]) -> tuple[tuple[Attribute, ...], torch.Tensor]:
    """The attribute "folder" and its labels (N, 1), or none where all pictures are of one class."""
    classes = sorted({picture.folder for picture in pictures})
    if len(classes) > MAX_CLASSES:
        skipped.append(f"{len(classes):,} subfolders are too many to be classes, so there are none")
    if not 1 < len(classes) <= MAX_CLASSES:
        return (), torch.zeros(len(pictures), 0, dtype=torch.int64)
    number = {name: i for i, name in enumerate(classes)}
    labels = torch.tensor([[number[picture.folder]] for picture in pictures], dtype=torch.int64)
    return (Attribute("folder", tuple(classes)),), labels


def _shortened(skipped: list[str]) -> tuple[str, ...]:
    if len(skipped) <= MAX_LISTED:
        return tuple(skipped)
    return (*skipped[:MAX_LISTED], f"and {len(skipped) - MAX_LISTED:,} more")
