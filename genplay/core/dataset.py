"""A data set in memory: training and held-out parts, with labels, behind one small interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from genplay.contract.spec import DataSpec, Kind


@dataclass(frozen=True)
class Batch:
    """``x`` (B, *shape) float in [-1, 1] (or int64 tokens), ``labels`` (B, A) int64, and the training step."""

    x: Tensor
    labels: Tensor
    step: int = 0


@dataclass(frozen=True)
class Dataset:
    """Raw rows of both parts. Images are uint8 (N, C, H, W); points float32 (N, 2); tokens int64 (N, L).

    ``log_density`` maps points (B, 2) float64 to (B,) nats where the density has a closed form. ``skipped`` lists
    files that could not be read.
    """

    name: str
    title: str
    licence: str
    spec: DataSpec
    train: Tensor
    train_labels: Tensor  # (N, A) int64
    heldout: Tensor
    heldout_labels: Tensor
    log_density: Callable[[Tensor], Tensor] | None = None
    skipped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for x, labels in ((self.train, self.train_labels), (self.heldout, self.heldout_labels)):
            assert tuple(x.shape[1:]) == self.spec.shape, (x.shape, self.spec.shape)
            assert labels.shape == (len(x), len(self.spec.attributes)) and labels.dtype == torch.int64
            assert self.spec.kind is not Kind.TOKENS or _are_texts(x, len(self.spec.vocabulary)), "rows are not texts"

    def to(self, device: torch.device) -> Dataset:
        """The same data on a device."""
        import dataclasses

        names = ("train", "train_labels", "heldout", "heldout_labels")
        return dataclasses.replace(self, **{n: getattr(self, n).to(device) for n in names})


def _are_texts(x: Tensor, vocabulary: int) -> bool:
    """Whether all rows are tokens of a vocabulary, with nothing but token 0 after the first token 0."""
    ended = (x == 0).cummax(1).values if len(x) else x == 0
    return x.dtype == torch.int64 and bool(((x >= 0) & (x < vocabulary) & (ended == (x == 0))).all())


@dataclass(frozen=True)
class NoOptions:
    """For a data source without knobs."""


class DataSource:
    """Base of every data source; one file in ``genplay.data`` may define several.

    A concrete source sets ``name``, ``title``, ``summary``, ``group`` ("bundled", "procedural", "yours", "download"),
    ``licence``, ``spec`` (None when only loading tells) and ``Options`` (a dataclass of knobs), and defines ``load``.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""
    group: ClassVar[str]
    licence: ClassVar[str]
    order: ClassVar[int] = 100
    spec: ClassVar[DataSpec | None] = None
    Options: ClassVar[type[Any]] = NoOptions
    download_bytes: ClassVar[int] = 0

    @classmethod
    def ready(cls) -> bool:
        """Whether ``load`` can run now (a download may have to come first)."""
        return True

    @classmethod
    def load(cls, options: Any) -> Dataset:
        """The data set. Raises ``BadInput``."""
        raise TypeError(f"{cls.__name__} defines no load")


class Batches:
    """An endless stream of shuffled batches whose position can be saved: epoch permutations drawn from the seed.

    Every epoch is a permutation drawn from (seed, epoch); the last, incomplete batch of an epoch is dropped.
    """

    def __init__(self, data: Dataset, batch_size: int, seed: int) -> None:
        self.data, self.seed = data, seed
        self.batch_size = min(batch_size, len(data.train))
        self.epoch, self.cursor = 0, 0
        self._order = self._permutation()

    def _permutation(self) -> Tensor:
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order = torch.randperm(len(self.data.train), generator=generator)
        return order.to(self.data.train.device)

    def next(self, step: int = 0, count: int = 1) -> Batch:
        """The next ``count`` batches in one, as float in [-1, 1]."""
        rows = self._rows() if count == 1 else torch.cat([self._rows() for _ in range(count)])
        return Batch(to_float(self.data.train[rows]), self.data.train_labels[rows], step)

    def _rows(self) -> Tensor:
        if self.cursor + self.batch_size > len(self._order):
            self.epoch, self.cursor = self.epoch + 1, 0
            self._order = self._permutation()
        self.cursor += self.batch_size
        return self._order[self.cursor - self.batch_size : self.cursor]

    @property
    def progress(self) -> float:
        """Epochs done, with the fraction of the present one."""
        return self.epoch + self.cursor / max(1, len(self._order))

    def position(self) -> dict[str, int]:
        """Where the stream is, as plain values."""
        return {"epoch": self.epoch, "cursor": self.cursor}

    def seek(self, epoch: int, cursor: int) -> None:
        """Go to a saved position."""
        self.epoch, self.cursor = epoch, cursor
        self._order = self._permutation()


def written(tokens: Tensor) -> Tensor:
    """Which places of texts (B, L) hold a character or their end, (B, L) bool. These are what bits are counted by.

    >>> written(torch.tensor([[3, 0, 0, 0], [1, 2, 1, 2]])).int().tolist()
    [[1, 1, 0, 0], [1, 1, 1, 1]]
    """
    ends = (tokens == 0).int()
    return ends.cumsum(1) == ends


def to_float(x: Tensor) -> Tensor:
    """Stored rows as a model takes them: uint8 pixels become float in [-1, 1]; points and tokens stay.

    >>> to_float(torch.tensor([0, 51, 255], dtype=torch.uint8)).tolist()
    [-1.0, -0.5999999642372131, 1.0]
    """
    return x.float().mul_(2 / 255).sub_(1) if x.dtype == torch.uint8 else x


def to_plain(x: Tensor, spec: DataSpec) -> np.ndarray:
    """Model output, or stored rows, as results carry it: pictures uint8 (N, H, W, C), points float32, tokens int64."""
    x = x.detach()
    if spec.kind is Kind.IMAGE:
        pixels = x if x.dtype == torch.uint8 else x.float().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
        return np.ascontiguousarray(pixels.permute(0, 2, 3, 1).cpu().numpy())
    return np.ascontiguousarray(x.cpu().numpy().astype(np.float32 if spec.kind is Kind.POINTS else np.int64))


def from_plain(x: np.ndarray, spec: DataSpec, device: torch.device | str = "cpu") -> Tensor:
    """The reverse of ``to_plain``."""
    tensor = torch.from_numpy(np.ascontiguousarray(x)).to(device)
    if spec.kind is Kind.IMAGE:
        return to_float(tensor.permute(0, 3, 1, 2).contiguous())
    return tensor.float() if spec.kind is Kind.POINTS else tensor.long()
