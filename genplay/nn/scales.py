"""A transformer that predicts the next scale of a picture: all pixels of a stage at once, given all coarser ones.

The way of VAR (Tian et al. 2024, arXiv:2404.02905) on the pixels themselves, in the order of the parallel multiscale
PixelCNN (Reed et al. 2017, arXiv:1703.03664). The pyramid is made of the picture's own pixels: first its corner, then
at half the stride the pixels between, in three stages (the middles of squares, those of rows, those of columns), and so
on until all are there: 13 stages for 16x16 pixels. Pixels of a stage are independent given the earlier stages,

    log p(x) = sum_stages sum_i log p(x_i | earlier stages),

so the likelihood is exact, drawing takes a pass a stage, and what is lost is how neighbours of one stage agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor, nn

from genplay.nn.transformer import CausalBlock

AROUND = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]  # the neighbours a pixel sees directly, in strides


def stages_of(height: int, breadth: int) -> list[tuple[int, list[int]]]:
    """The stages, each with its stride and its pixels, row * breadth + column.

    >>> [pixels for _, pixels in stages_of(2, 3)]
    [[0], [2], [4], [1], [3, 5]]
    """
    stride = 1
    while stride < max(height, breadth):
        stride *= 2
    found = [(stride, [0])]
    while stride > 1:
        half = stride // 2
        for down, right in ((half, half), (0, half), (half, 0)):
            rows, columns = range(down, height, stride), range(right, breadth, stride)
            pixels = [row * breadth + column for row in rows for column in columns]
            found += [(half, pixels)] if pixels else []
        stride = half
    return found


@dataclass
class Pyramid:
    """What is remembered while a picture is drawn: entries in the order of stages, keys and values of every layer."""

    entries: Tensor  # (B, 1 + L, width), first what stands for a pixel that is not there yet
    context: Tensor | float
    keys: list[Tensor]
    values: list[Tensor]
    stage: int = 0


class ScaleStream(nn.Module):
    """Entries (B, H W, width), row by row, to features (B, H W, width) of the pixels of earlier stages.

    ``stages`` are lists of pixels. ``context`` is the size of a vector that conditions every place, 0 for none.
    """

    def __init__(self, height: int, breadth: int, width: int, depth: int, heads: int, context: int = 0) -> None:
        super().__init__()
        found = stages_of(height, breadth)
        self.stages = [pixels for _, pixels in found]
        self.length, self.width, self.heads = height * breadth, width, heads
        self.ends = [0, *accumulate(len(pixels) for pixels in self.stages)]
        order = torch.tensor([pixel for pixels in self.stages for pixel in pixels])
        rank = torch.tensor([i for i, pixels in enumerate(self.stages) for _ in pixels])
        self.register_buffer("order", order, persistent=False)
        self.register_buffer("back", order.argsort(), persistent=False)
        self.register_buffer("mask", rank[:, None] >= rank, persistent=False)
        self.register_buffer("near", _neighbours(found, height, breadth), persistent=False)
        self.order: Tensor
        self.back: Tensor
        self.mask: Tensor
        self.near: Tensor
        self.beginning = nn.Parameter(0.5 * torch.randn(width))
        self.gather = nn.Linear(len(AROUND) * width, width)
        self.position = nn.Parameter(0.1 * torch.randn(self.length, width))  # in the order of stages
        self.context = nn.Linear(context, width) if context else None
        self.blocks = nn.ModuleList([CausalBlock(width, heads, 0.0) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)

    def _conditioned(self, context: Tensor | None) -> Tensor | float:
        return 0.0 if self.context is None or context is None else self.context(context)[:, None]

    def _entered(self, entries: Tensor, first: int, last: int, context: Tensor | float) -> Tensor:
        seen = entries[:, self.near[first:last]].flatten(2)  # (B, n, 8 width)
        return self.gather(seen) + self.position[first:last] + context

    def forward(self, past: Tensor, context: Tensor | None = None) -> Tensor:
        """(B, H W, width) for entries (B, H W, width); ``context`` is (B, C) or None."""
        entries = torch.cat([self.beginning.expand(len(past), 1, -1), past[:, self.order]], 1)
        x = self._entered(entries, 0, self.length, self._conditioned(context))
        for block in self.blocks:
            x = block(x, self.mask)
        return self.norm(x)[:, self.back]

    def start(self, n: int, context: Tensor | None = None) -> Pyramid:
        """A memory for drawing ``n`` pictures."""
        shape = (n, self.heads, self.length, self.width // self.heads)
        keys = [self.position.new_zeros(shape) for _ in self.blocks]
        values = [self.position.new_zeros(shape) for _ in self.blocks]
        entries = self.beginning.expand(n, self.length + 1, -1).clone()
        return Pyramid(entries, self._conditioned(context), keys, values)

    def step(self, memory: Pyramid, entries: Tensor | None = None) -> Tensor:
        """What is said of the next stage's pixels, (B, n, width), once ``entries`` (B, m, width) of the stage before
        were written; None at the start. The same numbers as ``forward`` gives for them."""
        first, last = self.ends[memory.stage], self.ends[memory.stage + 1]
        if entries is not None:
            memory.entries[:, first + 1 - entries.shape[1] : first + 1] = entries
        x = self._entered(memory.entries, first, last, memory.context)
        for block, keys, values in zip(self.blocks, memory.keys, memory.values, strict=True):
            x = block.after(x, keys, values, first, causal=False)  # type: ignore[operator]
        memory.stage += 1
        return self.norm(x)


def _neighbours(stages: list[tuple[int, list[int]]], height: int, breadth: int) -> Tensor:
    """For each pixel in the order of stages, those around it in the strides of its stage that came before it: (L, 8).

    Numbers are places in that order from 1 on; 0 where there is none.
    """
    place = {pixel: i for i, pixel in enumerate(pixel for _, pixels in stages for pixel in pixels)}
    rank = {pixel: i for i, (_, pixels) in enumerate(stages) for pixel in pixels}
    rows = []
    for stride, pixels in stages:
        for pixel in pixels:
            row, column = divmod(pixel, breadth)
            found = [0] * len(AROUND)
            for k, (down, right) in enumerate(AROUND):
                r, c = row + down * stride, column + right * stride
                if 0 <= r < height and 0 <= c < breadth and rank[r * breadth + c] < rank[pixel]:
                    found[k] = place[r * breadth + c] + 1
            rows.append(found)
    return torch.tensor(rows)
