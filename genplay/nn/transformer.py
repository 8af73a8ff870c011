"""A causal transformer over tokens (Vaswani et al. 2017, arXiv:1706.03762; over pixels Chen et al. 2020, "ImageGPT").

p(x) = prod_i p(x_i | x_1 ... x_{i-1}): the logits of place i are computed from the tokens before it only. While it
writes, the keys and values of past places are kept, so that the next token costs one place and not a whole pass
(key/value cache).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEEP = 4  # width of the hidden layer of a block, in widths of the stream


@dataclass
class Cache:
    """What a transformer remembers while it writes: the tokens so far, and keys and values of every layer."""

    tokens: Tensor  # (B, L), of which the first ``place`` are known
    context: Tensor | float  # (B, 1, width), added to every place
    keys: list[Tensor]  # (B, heads, L, width / heads) a layer
    values: list[Tensor]
    place: int = 0
    heard: int = field(default=0)  # places whose keys and values are known

    def rows(self, chosen: Tensor) -> Cache:
        """The memory of the rows with those indices (N,), each as often as it is named."""
        context = self.context[chosen] if isinstance(self.context, Tensor) else self.context
        keys, values = [k[chosen] for k in self.keys], [v[chosen] for v in self.values]
        return Cache(self.tokens[chosen], context, keys, values, self.place, self.heard)


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

    def _added(self, x: Tensor, mixed: Tensor) -> Tensor:
        drop = self.dropout if self.training else 0.0
        x = x + F.dropout(self.out(mixed.transpose(1, 2).flatten(2)), drop, drop > 0)
        return x + F.dropout(self.narrow(F.gelu(self.widen(self.norm2(x)))), drop, drop > 0)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, width) to the same."""
        q, k, v = self._parts(x)
        return self._added(x, F.scaled_dot_product_attention(q, k, v, is_causal=True))

    def after(self, x: Tensor, keys: Tensor, values: Tensor, first: int) -> Tensor:
        """The same for the places from ``first`` on alone, (B, N, width); theirs are written into keys and values."""
        q, k, v = self._parts(x)
        last = first + x.shape[1]
        keys[:, :, first:last], values[:, :, first:last] = k, v
        mask = None
        if x.shape[1] > 1:
            mask = torch.ones(x.shape[1], last, dtype=torch.bool, device=x.device).tril(first)
        mixed = F.scaled_dot_product_attention(q, keys[:, :, :last], values[:, :, :last], attn_mask=mask)
        return self._added(x, mixed)


class CausalTransformer(nn.Module):
    """Tokens (B, L) int64 in [0, vocabulary) to logits (B, L, vocabulary) of each token given those before it.

    ``width`` is a multiple of ``heads``; ``context`` is the size of a vector that conditions every place, 0 for none.
    ``behind`` says which earlier tokens each place sees directly, by how far back they are: for a picture W pixels
    wide that is read row by row, (1, W) are the left and the upper neighbour. It always sees all others by attention.
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
        self.vocabulary, self.length, self.behind = vocabulary, length, tuple(behind)
        self.embed = nn.Embedding(vocabulary + 1, width)  # the last one stands before the beginning
        self.gather = nn.Linear(len(self.behind) * width, width)
        self.position = nn.Parameter(0.02 * torch.randn(length, width))
        self.context = nn.Linear(context, width) if context else None
        self.blocks = nn.ModuleList([CausalBlock(width, heads, dropout) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, vocabulary)
        nn.init.normal_(self.embed.weight, std=0.5)
        nn.init.zeros_(self.leave.weight)

    def _entered(self, tokens: Tensor, first: int, last: int, context: Tensor | float) -> Tensor:
        """The stream (B, last - first, width) of the places from ``first``; reads tokens before ``last - 1`` only."""
        before = F.pad(tokens[:, : last - 1], (max(self.behind), 0), value=self.vocabulary)
        origin = max(self.behind)
        seen = torch.stack([before[:, origin + first - d : origin + last - d] for d in self.behind], -1)
        return self.gather(self.embed(seen).flatten(2)) + self.position[first:last] + context

    def _conditioned(self, context: Tensor | None) -> Tensor | float:
        return 0.0 if self.context is None or context is None else self.context(context)[:, None]

    def _left(self, x: Tensor) -> Tensor:
        return self.leave(self.norm(x))

    def forward(self, tokens: Tensor, context: Tensor | None = None) -> Tensor:
        """Logits (B, L, vocabulary) for tokens (B, L), L up to ``length``; ``context`` is (B, C) or None."""
        x = self._entered(tokens, 0, tokens.shape[1], self._conditioned(context))
        for block in self.blocks:
            x = block(x)
        return self._left(x)

    def start(self, n: int, context: Tensor | None = None, tokens: Tensor | None = None) -> Cache:
        """A memory for writing ``n`` rows, empty or after the first ``tokens`` (n, P), P below ``length``."""
        weight = self.position
        heads = self.blocks[0].heads if len(self.blocks) else 1  # type: ignore[union-attr]
        shape = (n, int(heads), self.length, weight.shape[1] // int(heads))  # type: ignore[arg-type]
        keys = [weight.new_zeros(shape) for _ in self.blocks]
        values = [weight.new_zeros(shape) for _ in self.blocks]
        blank = torch.zeros(n, self.length, dtype=torch.int64, device=weight.device)
        cache = Cache(blank, self._conditioned(context), keys, values)
        if tokens is not None and tokens.shape[1]:
            cache.place = tokens.shape[1]
            blank[:, : cache.place] = tokens
            self._heard(cache, cache.place)
        return cache

    def step(self, cache: Cache, token: Tensor | None = None) -> Tensor:
        """Logits (B, vocabulary) of the next place once ``token`` (B,) was written, None at the start.

        The same numbers as ``forward`` gives for that place, at the cost of one place.
        """
        if token is not None:
            cache.tokens[:, cache.place] = token
            cache.place += 1
        return self._left(self._heard(cache, cache.place + 1)[:, -1])

    def _heard(self, cache: Cache, last: int) -> Tensor:
        """Puts the places up to ``last`` into the memory and gives the stream of those that were new."""
        first = cache.heard
        x = self._entered(cache.tokens, first, last, cache.context)
        for block, keys, values in zip(self.blocks, cache.keys, cache.values, strict=True):
            x = block.after(x, keys, values, first)  # type: ignore[operator]
        cache.heard = last
        return x
