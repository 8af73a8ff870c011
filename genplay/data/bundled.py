"""The five picture sets that come with genplay, read from ``assets/data``.

A file holds ``images`` uint8 (N, H, W, C), ``labels`` uint8 (N, A), ``attributes`` (JSON, attribute to value names) and
``train``: how many leading rows are for training. The specs are written out here as well, because the catalogue lists
them without opening a file; a test compares the two.
"""

from __future__ import annotations

import zipfile
import zlib
from typing import Any, ClassVar

import numpy as np
import torch

from genplay.contract.errors import BadInput
from genplay.contract.paths import shipped
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import Dataset, DataSource, NoOptions


class Bundled(DataSource):
    """Base of the sets below: one ``.npz`` file named after the source."""

    group = "bundled"
    spec: ClassVar[DataSpec]

    @classmethod
    def load(cls, options: NoOptions) -> Dataset:
        """Both parts of the set. Raises ``BadInput`` when the file is missing or damaged."""
        images, labels, train = _read(cls.name)
        return Dataset(
            cls.name,
            cls.title,
            cls.licence,
            cls.spec,
            train=images[:train],
            train_labels=labels[:train],
            heldout=images[train:],
            heldout_labels=labels[train:],
        )


def _read(name: str) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Images uint8 (N, C, H, W), labels int64 (N, A) and the number of training rows."""
    try:
        path = shipped("assets") / "data" / f"{name}.npz"
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            images, labels, train = file["images"], file["labels"], int(file["train"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        raise BadInput(f"The bundled data set {name} is missing or damaged; install genplay again.") from None
    pixels = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    return torch.from_numpy(pixels), torch.from_numpy(labels.astype(np.int64)), train


def _images(shape: tuple[int, int, int], **attributes: str) -> DataSpec:
    """A spec of pictures whose attribute values are given as words separated by commas."""
    named: Any = (Attribute(name, tuple(values.split(","))) for name, values in attributes.items())
    return DataSpec(Kind.IMAGE, shape, tuple(named))


class Faces16(Bundled):
    """Pixel faces, 16x16 RGB."""

    name, title, order = "faces16", "Faces", 1
    summary = "24,000 pixel-art faces, 16x16 colour, each with nine exactly known attributes."
    licence = "CC0 1.0 (Pixel Art by DiceBear)"
    spec = _images(
        (3, 16, 16),
        hair_color="black,brown,chestnut,sand,blond,red,teal,lime",
        hair="short,long",
        skin="dark,tan,light,pale",
        glasses="none,clear,dark",
        hat="no,yes",
        beard="no,yes",
        mouth="happy,sad",
        clothing_color="green,blue,red,yellow",
        background="sky,violet,periwinkle,pink,peach",
    )


class Fashion28(Bundled):
    """A subset of Fashion-MNIST, 28x28 grey."""

    name, title, order = "fashion28", "Fashion", 2
    summary = "14,000 photographs of clothes, 28x28 grey, in ten kinds: a balanced part of Fashion-MNIST."
    licence = "MIT (Fashion-MNIST by Zalando)"
    spec = _images((1, 28, 28), garment="t-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle boot")


class Glyphs28(Bundled):
    """Letters and digits of many typefaces, 28x28 grey."""

    name, title, order = "glyphs28", "Glyphs", 3
    summary = "9,468 capital letters and digits in 263 typefaces, 28x28 grey."
    licence = "Rendered from fonts under OFL, Apache-2.0, MIT and BSD licences"
    spec = _images((1, 28, 28), character=",".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))


class Emoji32(Bundled):
    """Emoji, 32x32 RGB on white."""

    name, title, order = "emoji32", "Emoji", 4
    summary = "1,384 emoji, 32x32 colour on white: few and varied, so a model that memorises is caught."
    licence = "Apache-2.0 and OFL 1.1 (Noto Emoji)"
    spec = _images((3, 32, 32), group="smileys,people,animals,food,travel,activities,objects,symbols")


class Digits8(Bundled):
    """Handwritten digits, 8x8 grey."""

    name, title, order = "digits8", "Digits", 5
    summary = "1,797 handwritten digits, 8x8 grey: trains in seconds."
    licence = "CC BY 4.0 (UCI Optical Recognition of Handwritten Digits)"
    spec = _images((1, 8, 8), digit=",".join("0123456789"))
