"""What is taken away from a picture, so that a network can learn to give it back.

Every way is a function of pictures x (B, C, H, W) in [-1, 1] that keeps their shape. ``strength`` 1 is what a network
is trained on; 0 leaves the picture as it is, 2 is the most.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
BLOCK = 4  # pixels a side that become one, at strength 1
HOLE = 0.5  # of the picture's sides
SIGMA = 0.6  # of the noise
EDGE = 0.5  # change of brightness from a pixel to the next that is drawn black


def grey(x: Tensor, generator: Generator, strength: float) -> Tensor:
    """Without colour; pictures that have none are cut to black and white."""
    return x.lerp(luma(x).expand_as(x) if x.shape[1] == 3 else x.sign(), min(1.0, strength))


def recolour(x: Tensor, generator: Generator, strength: float) -> Tensor:
    """Colours turned about the axis of greys by an angle of up to half a turn each way; of grey pictures the negative.

    (Rodrigues: R = cos a I + (1 - cos a) / 3 + sin a / sqrt 3 [[0, -1, 1], [1, 0, -1], [-1, 1, 0]].)
    """
    share = min(1.0, strength)
    if x.shape[1] != 3:
        return x.lerp(-x, share)
    turn = torch.rand(len(x), generator=generator, device=generator.device).to(x.device)
    angle = (2 * turn - 1)[:, None, None] * math.pi * share
    eye = torch.eye(3, device=x.device)
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]], device=x.device) / math.sqrt(3)
    matrix = angle.cos() * eye + (1 - angle.cos()) / 3 + angle.sin() * cross
    return torch.einsum("bij,bjhw->bihw", matrix, x).clamp(-1, 1)


def low_resolution(x: Tensor, generator: Generator, strength: float) -> Tensor:
    """Blocks of 4^strength pixels a side, each of one colour: 16x16 becomes 4x4 at strength 1."""
    block = max(1, round(BLOCK**strength))
    height, width = x.shape[2:]
    small = F.adaptive_avg_pool2d(x, (max(1, height // block), max(1, width // block)))
    return F.interpolate(small, (height, width))


def edges(x: Tensor, generator: Generator, strength: float) -> Tensor:
    """Black lines on white where the brightness changes."""
    light = F.pad(luma(x), (0, 1, 0, 1), mode="replicate")
    across, down = light[..., :-1, 1:] - light[..., :-1, :-1], light[..., 1:, :-1] - light[..., :-1, :-1]
    steep = (across.square() + down.square()).sqrt() / EDGE
    return x.lerp((1 - 2 * steep.clamp(max=1)).expand_as(x), min(1.0, strength))


def holes(x: Tensor, generator: Generator, strength: float) -> Tensor:
    """A grey rectangle somewhere, half as long and wide as the picture at strength 1."""
    n, _, height, width = x.shape
    at = torch.rand(2, n, 1, generator=generator, device=generator.device).to(x.device)
    inside = []
    for place, size in zip(at, (height, width)):
        side = min(size, round(strength * HOLE * size))
        begin = (place * (size - side + 1)).floor()
        along = torch.arange(size, device=x.device)[None]
        inside.append((along >= begin) & (along < begin + side))
    rows, columns = inside
    return x.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)


def noise(x: Tensor, generator: Generator, strength: float) -> Tensor:
    """Normal noise of standard deviation 0.6 at strength 1."""
    drawn = torch.randn(x.shape, generator=generator, device=generator.device).to(x.device)
    return (x + SIGMA * strength * drawn).clamp(-1, 1)


WAYS: dict[str, Callable[[Tensor, Generator, float], Tensor]] = {
    "grey": grey,
    "recolour": recolour,
    "low-res": low_resolution,
    "edges": edges,
    "holes": holes,
    "noise": noise,
}
STRONGEST = 2.0


def luma(x: Tensor) -> Tensor:
    """The brightness (B, 1, H, W) of pictures."""
    if x.shape[1] != 3:
        return x.mean(1, keepdim=True)
    weights = torch.tensor(LUMA, device=x.device, dtype=x.dtype)
    return (x * weights[:, None, None]).sum(1, keepdim=True)
