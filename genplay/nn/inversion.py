"""The search for the code of a picture, by optimisation (Zhu et al. 2016, arXiv:1609.03552)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from genplay.core.model import Frame

STEPS, RATE = 120, 0.1
CODE_COST = 1e-4  # of a code's mean square beside the mean square error

Decode = Callable[[Tensor], Tensor]


def nearest(codes: Tensor, made: Tensor, x: Tensor) -> Tensor:
    """The codes (B, D), of ``codes`` (N, D), whose samples in ``made`` (N, *shape) are nearest to ``x`` (B, *shape)."""
    return codes[torch.cdist(x.flatten(1).float(), made.flatten(1)).argmin(1)]


def search(decode: Decode, code: Tensor, x: Tensor) -> Iterator[Frame]:
    """Codes c (B, D) of ``x`` (B, *shape) that minimise |G(c) - x|^2 + CODE_COST |c|^2 / D, by Adam from ``code``.

    A frame a step, ``t`` falling from 1 to 0, with the root-mean-square distance among its facts.
    """
    moments = torch.zeros_like(code), torch.zeros_like(code)
    for step in range(STEPS + 1):
        t = 1 - step / STEPS
        made, error, slope = _mismatch(decode, code, x)
        yield Frame(made, t, {"z": code}, {"distance": float(error.mean())})
        moments = moments[0].lerp(slope, 0.1), moments[1].lerp(slope.square(), 0.01)
        first = moments[0] / (1 - 0.9 ** (step + 1))
        second = moments[1] / (1 - 0.99 ** (step + 1))
        code = code - RATE * (0.05 + t) * first / (second.sqrt() + 1e-8)


def _mismatch(decode: Decode, code: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """G(c), its root-mean-square distance to x by row, and the gradient of what is minimised."""
    with torch.enable_grad():
        c = code.detach().requires_grad_(True)
        made = decode(c)
        error = (made - x).square().flatten(1).mean(1)
        slope = torch.autograd.grad((error + CODE_COST * c.square().mean(1)).sum(), c)[0]
    return made.detach(), error.detach().sqrt(), slope
