"""MNIST and the whole of Fashion-MNIST: fetched on request, kept in the user's data folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from genplay.contract.errors import BadInput
from genplay.contract.paths import user_data
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import Dataset, DataSource, NoOptions
from genplay.data import download, idx
from genplay.data.download import RemoteFile


class Downloaded(DataSource):
    """Base of the sets below: four gzipped IDX files, in the order train images, train labels, test images, labels."""

    group = "download"
    base_url: ClassVar[str]
    files: ClassVar[tuple[RemoteFile, ...]]
    spec: ClassVar[DataSpec]

    @classmethod
    def folder(cls) -> Path:
        """Where the files are kept."""
        return user_data() / "data" / cls.name

    @classmethod
    def ready(cls) -> bool:
        """Whether all files have been downloaded."""
        return all(os.path.isfile(cls.folder() / file.name) for file in cls.files)

    @classmethod
    def fetch(cls, base_url: str = "", folder: Path | None = None) -> Iterator[tuple[int, int]]:
        """Download and verify, yielding (bytes received, bytes in all); closing it cancels. Raises ``BadInput``."""
        return download.fetch(cls.files, base_url or cls.base_url, folder or cls.folder())

    @classmethod
    def load(cls, options: NoOptions) -> Dataset:
        """Both parts of the set. Raises ``BadInput`` when it is not downloaded or damaged."""
        contents = [download.verified(file, cls.folder()) for file in cls.files]
        train, train_labels = cls._part(*contents[:2])
        heldout, heldout_labels = cls._part(*contents[2:])
        return Dataset(
            cls.name,
            cls.title,
            cls.licence,
            cls.spec,
            train=train,
            train_labels=train_labels,
            heldout=heldout,
            heldout_labels=heldout_labels,
        )

    @classmethod
    def _part(cls, images: bytes, labels: bytes) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels uint8 (N, 1, 28, 28) and labels int64 (N, 1)."""
        x, y = idx.parse(images, 3), idx.parse(labels, 1)
        values = len(cls.spec.attributes[0].values)
        if x.shape[1:] != cls.spec.shape[1:] or len(x) != len(y) or not len(x) or y.max() >= values:
            raise BadInput(f"The files of {cls.title} do not fit together.")
        return torch.from_numpy(x[:, None]), torch.from_numpy(y.astype(np.int64)[:, None])


def _pictures(attribute: str, values: str) -> DataSpec:
    return DataSpec(Kind.IMAGE, (1, 28, 28), (Attribute(attribute, tuple(values.split(","))),))


class Mnist(Downloaded):
    """LeCun, Cortes and Burges's handwritten digits."""

    name, title, order = "mnist", "MNIST", 50
    summary = "70,000 handwritten digits, 28x28 grey. Downloaded once, 11.6 MB."
    licence = "CC BY-SA 3.0 (Y. LeCun, C. Cortes)"
    base_url = "https://ossci-datasets.s3.amazonaws.com/mnist/"
    files = (
        RemoteFile("train-images-idx3-ubyte.gz", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873", "md5"),
        RemoteFile("train-labels-idx1-ubyte.gz", 28_881, "d53e105ee54ea40749a09fcbcd1e9432", "md5"),
        RemoteFile("t10k-images-idx3-ubyte.gz", 1_648_877, "9fb629c4189551a2d022fa330f9573f3", "md5"),
        RemoteFile("t10k-labels-idx1-ubyte.gz", 4_542, "ec29112dd5afa0611ce80d1b7f02629c", "md5"),
    )
    download_bytes = sum(file.size for file in files)
    spec = _pictures("digit", "0,1,2,3,4,5,6,7,8,9")


class FashionFull(Downloaded):
    """The whole of Fashion-MNIST, checked by the digests of the unpacked files."""

    name, title, order = "fashion_full", "Fashion-MNIST, all of it", 51
    summary = "70,000 photographs of clothes, 28x28 grey, in ten kinds. Downloaded once, 30.9 MB."
    licence = "MIT (Fashion-MNIST by Zalando)"
    base_url = "https://fashion-mnist.s3.eu-central-1.amazonaws.com/"
    files = tuple(
        RemoteFile(f"{name}-ubyte.gz", size, digest, unpacked=True)
        for name, size, digest in (
            ("train-images-idx3", 26_421_880, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
            ("train-labels-idx1", 29_515, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
            ("t10k-images-idx3", 4_422_102, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
            ("t10k-labels-idx1", 5_148, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
        )
    )
    download_bytes = sum(file.size for file in files)
    spec = _pictures("garment", "t-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle boot")
