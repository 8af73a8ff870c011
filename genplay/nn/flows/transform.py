"""What all transforms of a flow have in common, and several in a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn


class Transform(nn.Module):
    """An invertible map of rows (B, *shape) from data towards noise, which may depend on a condition (B, C).

    ``forward`` gives y = f(x) and log |det df/dx| (B,) in nats; ``inverse`` x = f^-1(y) and log |det df^-1/dy| (B,),
    the negative of the other at x. Both compute in the type of their input.
    """

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        raise TypeError(f"{type(self).__name__} defines no forward")

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The row whose image is ``y``, and the log-determinant of that way."""
        raise TypeError(f"{type(self).__name__} defines no inverse")

    @property
    def depth(self) -> int:
        """How many parts ``backwards`` has."""
        return 1

    def backwards(self, y: Tensor, condition: Tensor | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """``inverse`` part by part: each state on the way with the log-determinant so far; the last is the answer."""
        yield self.inverse(y, condition)


class Chain(Transform):
    """Transforms one after the other; log-determinants add up."""

    def __init__(self, layers: Sequence[Transform]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    @property
    def depth(self) -> int:
        return len(self.layers)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        total: Tensor | None = None
        for layer in self.layers:
            x, ladj = layer(x, condition)
            total = ladj if total is None else total + ladj
        return x, x.new_zeros(len(x)) if total is None else total

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x, ladj = y, y.new_zeros(len(y))
        for x, ladj in self.backwards(y, condition):
            pass
        return x, ladj

    def backwards(self, y: Tensor, condition: Tensor | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        total: Tensor | None = None
        for layer in reversed(self.layers):
            assert isinstance(layer, Transform)
            y, ladj = layer.inverse(y, condition)
            total = ladj if total is None else total + ladj
            yield y, total


class ActNorm(Transform):
    """y = (x + shift) exp(log_scale), one number of each a channel (the second dimension).

    The first batch in training sets them so that every channel leaves with mean 0 and variance 1 (Kingma and Dhariwal
    2018, arXiv:1807.03039); from then on they are learnt.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift, self.log_scale = nn.Parameter(torch.zeros(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("begun", torch.zeros((), dtype=torch.bool))
        self.begun: Tensor

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if self.training and not self.begun:
            self._begin(x)
        wide = [1, -1, *[1] * (x.dim() - 2)]
        return (x + self.shift.view(wide)) * self.log_scale.exp().view(wide), self._ladj(x)

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        wide = [1, -1, *[1] * (y.dim() - 2)]
        return y * (-self.log_scale).exp().view(wide) - self.shift.view(wide), -self._ladj(y)

    def _ladj(self, x: Tensor) -> Tensor:
        places = x[0, 0].numel()
        return (self.log_scale.sum() * places).expand(len(x))

    @torch.no_grad()
    def _begin(self, x: Tensor) -> None:
        dims = [d for d in range(x.dim()) if d != 1]
        if len(x) > 1 and bool(x.isfinite().all()):
            self.shift.copy_(-x.mean(dims))
            self.log_scale.copy_(-x.std(dims).clamp(min=1e-3).log())
            self.begun.fill_(True)
