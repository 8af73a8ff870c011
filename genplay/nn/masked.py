"""Networks whose output for a place depends on earlier places only: MADE and the gated PixelCNN.

Like ``genplay.nn.transformer.CausalStream`` both map entries (B, L, width) to what can be said of each place from the
entries before it, (B, L, width); ``start`` and ``step`` give the same numbers a place at a time, keeping what was
computed, so that a place costs far less than a whole pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

REACH = 3  # pixels to the left that a horizontal convolution sees


# ---- MADE (Germain et al. 2015, arXiv:1502.03509) ------------------------------------------------------------------


class MaskedLinear(nn.Linear):
    """y = (W * mask) x + b, where an output of degree m sees the inputs whose degree is at most m."""

    def __init__(self, inner: Tensor, outer: Tensor) -> None:
        super().__init__(len(inner), len(outer))
        self.register_buffer("mask", outer[:, None] >= inner, persistent=False)
        self.mask: Tensor

    @property
    def masked(self) -> Tensor:
        """The weights that count, (outputs, inputs)."""
        return self.weight * self.mask

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.masked, self.bias)


@dataclass
class Sums:
    """What MADE remembers while it writes: the first layer's sums over the entries so far, and its masked weights."""

    first: Tensor  # (B, hidden)
    context: Tensor | float
    weights: list[Tensor]
    place: int = 0


class MADE(nn.Module):
    """Dense layers with masks. Every hidden unit has a degree m and sees the first m entries; place i sees m <= i."""

    def __init__(self, length: int, width: int, depth: int, hidden: int, context: int = 0) -> None:
        super().__init__()
        self.length, self.width = length, width
        entries = torch.arange(1, length + 1).repeat_interleave(width)
        units = torch.arange(hidden) % max(1, length - 1) + 1
        degrees = [entries, *[units] * depth, entries - 1]
        self.layers = nn.ModuleList([MaskedLinear(a, b) for a, b in pairwise(degrees)])
        self.context = nn.Linear(context, hidden) if context else None
        self.leave = nn.Linear(context, width) if context else None

    def _conditioned(self, context: Tensor | None) -> Tensor | float:
        return 0.0 if self.context is None or context is None else self.context(context)

    def _left(self, x: Tensor, context: Tensor | None) -> Tensor:
        """What the labels say of every place, added to (B, L, width): a masked network cannot tell the first place."""
        return x if self.leave is None or context is None else x + self.leave(context)[:, None]

    def forward(self, past: Tensor, context: Tensor | None = None) -> Tensor:
        """(B, L, width) for entries (B, L, width); ``context`` is (B, C) or None."""
        shift = self._conditioned(context)
        h = self.layers[0](past.flatten(1)) + shift
        for layer in self.layers[1:]:
            h = layer(F.silu(h))
        return self._left(h.unflatten(1, (self.length, self.width)), context)

    def start(self, n: int, context: Tensor | None = None, past: Tensor | None = None) -> Sums:
        """A memory for writing ``n`` rows, empty or after the first entries ``past`` (n, P, width)."""
        weights: list[Tensor] = [layer.masked for layer in self.layers]  # type: ignore[misc]
        bias = self.layers[0].bias
        memory = Sums(bias.expand(n, -1) + self._conditioned(context), 0.0, weights)  # type: ignore[operator]
        memory.context = 0.0 if self.leave is None or context is None else self.leave(context)
        for entry in () if past is None else past.unbind(1):
            self._read(memory, entry)
        return memory

    def _read(self, memory: Sums, entry: Tensor) -> None:
        columns = slice(memory.place * self.width, (memory.place + 1) * self.width)
        memory.first = memory.first + F.linear(entry, memory.weights[0][:, columns])
        memory.place += 1

    def step(self, memory: Sums, entry: Tensor | None = None) -> Tensor:
        """What is said of the next place, (B, width), once ``entry`` (B, width) was written; None at the start."""
        if entry is not None:
            self._read(memory, entry)
        h = F.silu(memory.first)
        for layer, weight in zip(self.layers[1:-1], memory.weights[1:-1], strict=True):
            h = F.silu(F.linear(h, weight, layer.bias))  # type: ignore[arg-type]
        rows = slice(memory.place * self.width, (memory.place + 1) * self.width)
        bias = self.layers[-1].bias[rows]  # type: ignore[index]
        return F.linear(h, memory.weights[-1][rows], bias) + memory.context


# ---- the gated PixelCNN (van den Oord et al. 2016, arXiv:1606.05328) -----------------------------------------------


def gated(x: Tensor) -> Tensor:
    """tanh(a) sigmoid(b) of the two halves of the channels."""
    a, b = x.chunk(2, 1)
    return a.tanh() * b.sigmoid()


class GatedLayer(nn.Module):
    """One layer of both stacks.

    The vertical stack sees the rows above (its own row of features stands for the rows before it, so that there is no
    blind spot), the horizontal one the pixels to the left and, at each pixel, the vertical stack.
    """

    def __init__(self, width: int, context: int) -> None:
        super().__init__()
        self.vertical = nn.Conv2d(width, 2 * width, (2, 3), padding=(0, 1))
        self.horizontal = nn.Conv2d(width, 2 * width, (1, REACH))
        self.link = nn.Conv2d(2 * width, 2 * width, 1)
        self.vertical_out, self.out = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
        self.context = nn.Linear(context, 4 * width) if context else None
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.vertical_out.weight)

    def shifts(self, context: Tensor | None) -> tuple[Tensor | float, Tensor | float]:
        """What the labels add to both stacks, (B, 2 width, 1, 1) each."""
        if self.context is None or context is None:
            return 0.0, 0.0
        a, b = self.context(context)[:, :, None, None].chunk(2, 1)
        return a, b

    def down(self, v: Tensor, shift: Tensor | float) -> tuple[Tensor, Tensor]:
        """The vertical stack from rows (B, width, h + 1, W), the first of which is context: what it tells the
        horizontal one, (B, 2 width, h, W), and its output (B, width, h, W)."""
        seen = self.vertical(v) + shift
        return self.link(seen), v[:, :, 1:] + self.vertical_out(gated(seen))

    def across(self, h: Tensor, told: Tensor, shift: Tensor | float) -> Tensor:
        """The horizontal stack from columns (B, width, h, w + REACH - 1), the first of which are context."""
        return h[..., REACH - 1 :] + self.out(gated(self.horizontal(h) + told + shift))


@dataclass
class Rows:
    """What a PixelCNN remembers while it writes, all (B, channels, H + 1 or H, W + margin): inputs of every layer."""

    entries: Tensor
    shifts: list[tuple[Tensor | float, Tensor | float]]
    vertical: list[Tensor] = field(default_factory=list)
    told: list[Tensor] = field(default_factory=list)
    horizontal: list[Tensor] = field(default_factory=list)
    place: int = 0


class GatedPixelCNN(nn.Module):
    """Entries (B, H W, width), row by row, to features (B, H W, width) of the pixels above and to the left."""

    def __init__(self, height: int, breadth: int, width: int, depth: int, context: int = 0) -> None:
        super().__init__()
        self.height, self.breadth, self.width, self.length = height, breadth, width, height * breadth
        self.place = nn.Parameter(0.1 * torch.randn(width, height, breadth))
        self.above = nn.Conv2d(width, width, (2, 3), padding=(0, 1))
        self.left = nn.Conv2d(width, width, (1, REACH))
        self.layers = nn.ModuleList([GatedLayer(width, context) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)

    def _grid(self, past: Tensor) -> Tensor:
        """Entries (B, L, width) with two rows above and columns of nothing to the left: (B, width, H + 2, W + 3)."""
        grid = past.transpose(1, 2).unflatten(2, (self.height, self.breadth))
        return F.pad(grid, (REACH, 0, 2, 0))

    def _first_rows(self, grid: Tensor, first: int, last: int) -> Tensor:
        """Inputs of the vertical stack for rows ``first`` to ``last``: from the two rows above each."""
        return self.above(grid[:, :, first : last + 1, REACH:]) + self.place[:, first:last]

    def forward(self, past: Tensor, context: Tensor | None = None) -> Tensor:
        """(B, L, width) for entries (B, L, width); ``context`` is (B, C) or None."""
        return self._passed(self._grid(past), [layer.shifts(context) for layer in self.layers])[0]  # type: ignore

    def _passed(self, grid: Tensor, shifts: list[tuple[Tensor | float, Tensor | float]]) -> tuple[Tensor, Rows]:
        memory = Rows(grid, shifts)
        v = self._first_rows(grid, 0, self.height)
        h = self.left(grid[:, :, 2:, :-1]) + self.place
        for layer, (down, across) in zip(self.layers, shifts, strict=True):
            padded, wide = F.pad(v, (0, 0, 1, 0)), F.pad(h, (REACH - 1, 0))
            told, v = layer.down(padded, down)  # type: ignore[operator]
            h = layer.across(wide, told, across)  # type: ignore[operator]
            memory.vertical.append(padded)
            memory.told.append(told)
            memory.horizontal.append(wide)
        return self.norm(h.flatten(2).transpose(1, 2)), memory

    def start(self, n: int, context: Tensor | None = None, past: Tensor | None = None) -> Rows:
        """A memory for writing ``n`` rows, empty or after the first entries ``past`` (n, P, width), P < L."""
        full = self.place.new_zeros(n, self.height * self.breadth, self.width)
        count = 0 if past is None else past.shape[1]
        if past is not None:
            full[:, :count] = past
        shifts = [layer.shifts(context) for layer in self.layers]  # type: ignore[operator]
        memory = self._passed(self._grid(full), shifts)[1]
        memory.place = count
        return memory

    def step(self, memory: Rows, entry: Tensor | None = None) -> Tensor:
        """What is said of the next pixel, (B, width), once ``entry`` (B, width) was written; None at the start.

        The vertical stack is computed once a row, the horizontal one at the pixel alone.
        """
        if entry is not None:
            row, column = divmod(memory.place, self.breadth)
            memory.entries[:, :, row + 2, column + REACH] = entry
            memory.place += 1
        row, column = divmod(memory.place, self.breadth)
        if column == 0:
            self._enter_row(memory, row)
        near = memory.entries[:, :, row + 2 : row + 3, column : column + REACH]
        h = self.left(near) + self.place[:, row : row + 1, column : column + 1]
        for i, layer in enumerate(self.layers):
            wide = memory.horizontal[i]
            wide[:, :, row : row + 1, column + REACH - 1 : column + REACH] = h
            told = memory.told[i][:, :, row : row + 1, column : column + 1]
            seen = wide[:, :, row : row + 1, column : column + REACH]
            h = layer.across(seen, told, memory.shifts[i][1])  # type: ignore[operator]
        return self.norm(h.flatten(1))

    def _enter_row(self, memory: Rows, row: int) -> None:
        v = self._first_rows(memory.entries, row, row + 1)
        for i, layer in enumerate(self.layers):
            memory.vertical[i][:, :, row + 1 : row + 2] = v
            rows = memory.vertical[i][:, :, row : row + 2]
            told, v = layer.down(rows, memory.shifts[i][0])  # type: ignore[operator]
            memory.told[i][:, :, row : row + 1] = told
