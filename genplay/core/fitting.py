"""Making a picture, point or text from outside fit what a model learns."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import from_plain, to_float

MAX_SIDE = 8192
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def fit(x: np.ndarray, spec: DataSpec, device: torch.device | str = "cpu") -> Tensor:
    """One example (1, *shape) in [-1, 1] from a picture (H, W, 1 or 3) uint8 of any size, from a point, or from tokens.

    A picture is cut to the model's proportions about its centre, resized by antialiased bicubic interpolation, and
    turned to grey or to colour as the model needs. One that fits already is left as it is. Tokens (L,) may hold the
    one after the last, for a character that is not written yet. Raises ``BadInput``.

    >>> fit(np.zeros((480, 640, 3), np.uint8), DataSpec(Kind.IMAGE, (1, 28, 28))).shape
    torch.Size([1, 1, 28, 28])
    """
    if spec.kind is Kind.IMAGE:
        return _picture(x, spec, device)
    if x.shape != spec.shape:
        raise BadInput(f"This model takes an array of shape {spec.shape}, not {x.shape}.")
    if spec.kind is Kind.TOKENS and (x.dtype.kind not in "iu" or not ((x >= 0) & (x <= len(spec.vocabulary))).all()):
        raise BadInput(f"Characters are whole numbers from 0 to {len(spec.vocabulary)}.")
    if not np.isfinite(x).all():
        raise BadInput("The example holds numbers that are not finite.")
    return from_plain(x[None], spec, device)


def _picture(x: np.ndarray, spec: DataSpec, device: torch.device | str) -> Tensor:
    if x.dtype != np.uint8 or x.ndim != 3 or x.shape[2] not in (1, 3):
        raise BadInput("A picture must be rows of 8-bit grey or RGB pixels.")
    if not 1 <= min(x.shape[:2]) <= max(x.shape[:2]) <= MAX_SIDE:
        raise BadInput(f"A picture must have from 1 to {MAX_SIDE} pixels a side.")
    channels, height, width = spec.shape
    pixels = to_float(torch.from_numpy(np.ascontiguousarray(_cut(x, height, width))).permute(2, 0, 1)[None])
    if pixels.shape[2:] != (height, width):
        pixels = F.interpolate(pixels, (height, width), mode="bicubic", antialias=True).clamp(-1, 1)
    return _coloured(pixels, channels).contiguous().to(device)


def _cut(x: np.ndarray, height: int, width: int) -> np.ndarray:
    """The largest centred part of ``x`` whose sides are as ``height`` to ``width``."""
    rows = min(x.shape[0], max(1, round(x.shape[1] * height / width)))
    columns = min(x.shape[1], max(1, round(x.shape[0] * width / height)))
    top, left = (x.shape[0] - rows) // 2, (x.shape[1] - columns) // 2
    return x[top : top + rows, left : left + columns]


def _coloured(pixels: Tensor, channels: int) -> Tensor:
    if pixels.shape[1] == channels:
        return pixels
    if channels == 1:
        return (pixels * torch.tensor(_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return pixels.expand(-1, channels, -1, -1)
