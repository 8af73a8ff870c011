"""A causal transformer over tokens (Vaswani et al. 2017, arXiv:1706.03762; over pixels Chen et al. 2020, "ImageGPT").

p(x) = prod_i p(x_i | x_1 ... x_{i-1}): what is said of place i is computed from the places before it only. While it
writes, the keys and values of past places are kept, so that the next token costs one place and not a whole pass
(key/value cache).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

STEEP = 4  # width of the hidden layer of a block, in widths of the stream


@dataclass
class Cache:
    """What a transformer remembers while it writes: the entries so far, and keys and values of every layer."""

    past: Tensor  # (B, L, width), of which the first ``place`` are known
    context: Tensor | float  # (B, 1, width), added to every place
    keys: list[Tensor]  # (B, heads, L, width / heads) a layer
    values: list[Tensor]
    place: int = 0
    heard: int = 0  # places whose keys and values are known


class CausalBlock(nn.Module):
    """x + attention to this place and those before it, then x + a dense layer, each of the normalised stream."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, STEEP * width), nn.Linear(STEEP * width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.narrow.weight)

    def _parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        parts = self.project(self.norm1(x)).unflatten(-1, (3, self.heads, -1))  # (B, L, 3, heads, c)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        return q, k, v

    def _added(self, x: Tensor, mixed: Tensor, noise: Generator | None = None) -> Tensor:
        x = x + self._dropped(self.out(mixed.transpose(1, 2).flatten(2)), noise)
        return x + self._dropped(self.narrow(F.gelu(self.widen(self.norm2(x)))), noise)

    def _dropped(self, x: Tensor, noise: Generator | None) -> Tensor:
        """Dropout in training, drawn from ``noise``, or from the global random state where there is none."""
        if not self.training or not self.dropout:
            return x
        if noise is None:
            return F.dropout(x, self.dropout)
        kept = torch.empty(x.shape, dtype=x.dtype, device=noise.device).bernoulli_(1 - self.dropout, generator=noise)
        return x * kept.to(x.device) / (1 - self.dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None, noise: Generator | None = None) -> Tensor:
        """(B, L, width) to the same. ``mask`` (L, L) says which places hear which others, if not all before them."""
        q, k, v = self._parts(x)
        return self._added(x, F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None), noise)

    def after(self, x: Tensor, keys: Tensor, values: Tensor, first: int, causal: bool = True) -> Tensor:
        """The same for the places from ``first`` on alone, (B, N, width); theirs are written into keys and values.

        Where not ``causal`` they hear each other.
        """
        q, k, v = self._parts(x)
        last = first + x.shape[1]
        keys[:, :, first:last], values[:, :, first:last] = k, v
        mask = None
        if causal and x.shape[1] > 1:
            mask = torch.ones(x.shape[1], last, dtype=torch.bool, device=x.device).tril(first)
        mixed = F.scaled_dot_product_attention(q, keys[:, :, :last], values[:, :, :last], attn_mask=mask)
        return self._added(x, mixed)


class CausalStream(nn.Module):
    """Entries (B, L, width) to what can be said of each place from the entries before it, (B, L, width).

    ``width`` is a multiple of ``heads``; ``context`` is the size of a vector that conditions every place, 0 for none.
    ``behind`` says which earlier entries each place sees directly, by how far back they are: for a picture W pixels
    wide that is read row by row, (1, W) are the left and the upper neighbour. It always sees all others by attention.
    """

    def __init__(
        self,
        length: int,
        width: int,
        depth: int,
        heads: int,
        context: int = 0,
        *,
        behind: Sequence[int] = (1,),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.length, self.width, self.heads, self.behind = length, width, heads, tuple(behind)
        self.beginning = nn.Parameter(0.5 * torch.randn(width))  # stands before the first entry
        self.gather = nn.Linear(len(self.behind) * width, width)
        self.position = nn.Parameter(0.1 * torch.randn(length, width))
        self.context = nn.Linear(context, width) if context else None
        self.blocks = nn.ModuleList([CausalBlock(width, heads, dropout) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)

    def _entered(self, past: Tensor, first: int, last: int, context: Tensor | float) -> Tensor:
        """The stream (B, last - first, width) of the places from ``first``; reads entries before ``last - 1`` only."""
        origin = max(self.behind)
        known = past[:, max(0, first - origin) : last - 1]
        missing = last - 1 - first + origin - known.shape[1]
        before = torch.cat([self.beginning.expand(len(past), missing, -1), known], 1)  # from place first - origin on
        seen = torch.cat([before[:, origin - d : origin - d + last - first] for d in self.behind], -1)
        return self.gather(seen) + self.position[first:last] + context

    def _conditioned(self, context: Tensor | None) -> Tensor | float:
        return 0.0 if self.context is None or context is None else self.context(context)[:, None]

    def forward(self, past: Tensor, context: Tensor | None = None, noise: Generator | None = None) -> Tensor:
        """(B, L, width) for entries (B, L, width), L up to ``length``; ``context`` is (B, C) or None.

        In training, dropout is drawn from ``noise``, or from the global random state.
        """
        x = self._entered(past, 0, past.shape[1], self._conditioned(context))
        for block in self.blocks:
            x = block(x, noise=noise)
        return self.norm(x)

    def start(self, n: int, context: Tensor | None = None, past: Tensor | None = None) -> Cache:
        """A memory for writing ``n`` rows, empty or after the first entries ``past`` (n, P, width), P < ``length``."""
        shape = (n, self.heads, self.length, self.width // self.heads)
        keys = [self.position.new_zeros(shape) for _ in self.blocks]
        values = [self.position.new_zeros(shape) for _ in self.blocks]
        cache = Cache(self.position.new_zeros(n, self.length, self.width), self._conditioned(context), keys, values)
        if past is not None and past.shape[1]:
            cache.place = past.shape[1]
            cache.past[:, : cache.place] = past
            self._heard(cache, cache.place)
        return cache

    def step(self, cache: Cache, entry: Tensor | None = None) -> Tensor:
        """What is said of the next place, (B, width), once ``entry`` (B, width) was written; None at the start.

        The same numbers as ``forward`` gives for that place, at the cost of one place.
        """
        if entry is not None:
            cache.past[:, cache.place] = entry
            cache.place += 1
        return self.norm(self._heard(cache, cache.place + 1)[:, -1])

    def _heard(self, cache: Cache, last: int) -> Tensor:
        """Puts the places up to ``last`` into the memory and gives the stream of those that were new."""
        first = cache.heard
        x = self._entered(cache.past, first, last, cache.context)
        for block, keys, values in zip(self.blocks, cache.keys, cache.values, strict=True):
            x = block.after(x, keys, values, first)  # type: ignore[operator]
        cache.heard = last
        return x


class CausalTransformer(nn.Module):
    """Tokens (B, L) int64 in [0, vocabulary) to logits (B, L, vocabulary) of each token given those before it.

    The other arguments are those of :class:`CausalStream`.
    """

    def __init__(
        self,
        vocabulary: int,
        length: int,
        width: int,
        depth: int,
        heads: int,
        context: int = 0,
        *,
        behind: Sequence[int] = (1,),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.stream = CausalStream(length, width, depth, heads, context, behind=behind, dropout=dropout)
        self.leave = nn.Linear(width, vocabulary)
        nn.init.normal_(self.embed.weight, std=0.5)
        nn.init.zeros_(self.leave.weight)

    def forward(self, tokens: Tensor, context: Tensor | None = None) -> Tensor:
        """Logits (B, L, vocabulary) for tokens (B, L), L up to ``length``; ``context`` is (B, C) or None."""
        return self.leave(self.stream(self.embed(tokens), context))

    def start(self, n: int, context: Tensor | None = None, tokens: Tensor | None = None) -> Cache:
        """A memory for writing ``n`` rows, empty or after the first ``tokens`` (n, P), P below ``length``."""
        return self.stream.start(n, context, None if tokens is None else self.embed(tokens))

    def step(self, cache: Cache, token: Tensor | None = None) -> Tensor:
        """Logits (B, vocabulary) of the next place once ``token`` (B,) was written, None at the start.

        The same numbers as ``forward`` gives for that place, at the cost of one place.
        """
        return self.leave(self.stream.step(cache, None if token is None else self.embed(token)))
