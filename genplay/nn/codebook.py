"""A codebook and the networks on either side of it, for VQ-VAEs (van den Oord et al. 2017, arXiv:1711.00937).

The code of a place is the number of the vector nearest to what the encoder says there. Vectors follow the encoder as
the running means of what was assigned to them (appendix A.1 there), so no gradient reaches them; one that is hardly
ever nearest is dead and starts anew at what the encoder said of some place (random restarts: Dhariwal et al. 2020,
arXiv:2005.00341).
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

GROUPS = 8
FORGOTTEN = 1e-20  # a running count too small to divide by


class Codebook(nn.Module):
    """``size`` vectors of ``width`` numbers. Everything is in buffers: ``update`` alone changes it.

    ``counts`` (K,) are running numbers of assignments an update, and ``sums`` (K, C) those of what was assigned;
    ``vectors`` (K, C) are their quotients. A fresh book is all dead: its first update fills it with what is coded then.
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.randn(size, width))
        self.register_buffer("counts", torch.zeros(size))
        self.register_buffer("sums", torch.zeros(size, width))
        self.vectors: Tensor
        self.counts: Tensor
        self.sums: Tensor

    def nearest(self, z: Tensor) -> Tensor:
        """The numbers (...) int64 of the vectors nearest to ``z`` (..., C), Euclidean, in full precision."""
        with torch.autocast(z.device.type, enabled=False):
            z = z.detach().float()
            lengths = self.vectors.square().sum(1)
            return (lengths - 2 * z @ self.vectors.T).argmin(-1)

    def forward(self, codes: Tensor) -> Tensor:
        """The vectors (..., C) of codes (...)."""
        return self.vectors[codes]

    @torch.no_grad()
    def update(self, z: Tensor, codes: Tensor, decay: float, revive: float, generator: Generator) -> None:
        """Let the vectors follow ``z`` (N, C), which has the codes (N,).

            counts <- decay counts + (1 - decay) n_k,  sums <- decay sums + (1 - decay) sum of z with code k

        and vectors = sums / counts. Those with fewer than ``revive`` times an equal share N / K of the assignments
        become random rows of ``z``, and have until their count has decayed to prove themselves.
        """
        z = z.detach().float()
        size, fair = len(self.vectors), len(z) / len(self.vectors)
        fresh = not self.counts.any()
        now = torch.zeros_like(self.counts).index_add_(0, codes, torch.ones_like(z[:, 0]))
        self.counts.lerp_(now, 1 - decay)
        self.sums.lerp_(torch.zeros_like(self.sums).index_add_(0, codes, z), 1 - decay)
        dead = torch.ones_like(now, dtype=torch.bool) if fresh else self.counts < revive * fair
        if dead.any():
            rows = _spread(size, len(z), z.device) if fresh else _random(size, len(z), generator).to(z.device)
            self.counts.masked_fill_(dead, fair)
            self.sums.copy_(torch.where(dead[:, None], fair * z[rows], self.sums))
        means = self.sums / self.counts[:, None]
        self.vectors.copy_(torch.where(self.counts[:, None] > FORGOTTEN, means, self.vectors))


def _spread(n: int, size: int, device: torch.device) -> Tensor:
    """``n`` row numbers below ``size``, as far apart as they can be."""
    return torch.arange(n, device=device) * size // n


def _random(n: int, size: int, generator: Generator) -> Tensor:
    return torch.randint(size, (n,), generator=generator, device=generator.device)


def straight_through(z: Tensor, quantised: Tensor) -> Tensor:
    """``quantised`` with the gradient of ``z``: as if the encoder had said it (Bengio et al. 2013, arXiv:1308.3432)."""
    return z + (quantised - z).detach()


def perplexity(share: Tensor) -> Tensor:
    """exp of the entropy of shares (..., K) that sum to 1: how many codes, equally used, would be as varied.

    >>> perplexity(torch.tensor([0.25, 0.25, 0.25, 0.25, 0.0])).item()
    4.0
    """
    return torch.special.entr(share).sum(-1).exp()


class ResidualConv(nn.Module):
    """x + conv(silu(conv(silu(norm(x))))) on (B, C, h, w)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        norm = nn.GroupNorm(GROUPS if width % GROUPS == 0 else 1, width)
        last = nn.Conv2d(width, width, 1)
        nn.init.zeros_(last.weight)
        self.layers = nn.Sequential(norm, nn.SiLU(), nn.Conv2d(width, width, 3, padding=1), nn.SiLU(), last)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class GridEncoder(nn.Module):
    """Pictures (B, C, H, W) to a vector at each place, (B, out, H >> halvings, W >> halvings)."""

    def __init__(self, shape: tuple[int, ...], out: int, width: int, halvings: int, blocks: int) -> None:
        super().__init__()
        channels, height, breadth = shape
        stem = [nn.PixelUnshuffle(2)] if halvings else []
        layers: list[nn.Module] = [*stem, nn.Conv2d(channels * (4 if halvings else 1), width, 3, padding=1)]
        for _ in range(halvings - 1):
            layers += [nn.SiLU(), nn.Conv2d(width, 2 * width, 4, stride=2, padding=1)]
            width *= 2
        self.down = nn.Sequential(*layers)
        self.where = nn.Parameter(torch.zeros(width, height >> halvings, breadth >> halvings))
        self.layers = nn.Sequential(*[ResidualConv(width) for _ in range(blocks)], nn.SiLU(), nn.Conv2d(width, out, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(self.down(x.contiguous(memory_format=torch.channels_last)) + self.where)


class GridDecoder(nn.Module):
    """The mirror image of :class:`GridEncoder`. ``context`` (B, inner) is added at every place, inner its width."""

    def __init__(self, inputs: int, shape: tuple[int, ...], width: int, halvings: int, blocks: int) -> None:
        super().__init__()
        channels, height, breadth = shape
        self.inner = width << max(0, halvings - 1)
        self.enter = nn.Conv2d(inputs, self.inner, 3, padding=1)
        self.where = nn.Parameter(torch.zeros(self.inner, height >> halvings, breadth >> halvings))
        layers: list[nn.Module] = [ResidualConv(self.inner) for _ in range(blocks)]
        for level in reversed(range(halvings - 1)):
            layers += [nn.SiLU(), nn.Conv2d(width << (level + 1), 4 * (width << level), 3, padding=1)]
            layers += [nn.PixelShuffle(2)]
        layers += [nn.SiLU(), nn.Conv2d(width, channels * (4 if halvings else 1), 3, padding=1)]
        self.layers = nn.Sequential(*layers, *([nn.PixelShuffle(2)] if halvings else []))

    def forward(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        h = self.enter(z.contiguous(memory_format=torch.channels_last)) + self.where
        return self.layers(h if context is None else h + context[:, :, None, None])
