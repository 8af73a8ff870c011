"""What the codes of a quantising model stand for, and how its data uses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset, to_float, to_plain
from genplay.core.probe import Partial, Probe, within
from genplay.nn.codebook import perplexity
from genplay.probes.latent_map import chosen

MAX_EXAMPLES = 10_000
_ROWS = 64


class LookAtCodebook(Probe):
    """Vectors, usage and pictures of all codes, measured on held-out examples."""

    question = requests.LookAtCodebook
    needs = frozenset({Capability.CODES})
    kinds = (Kind.IMAGE,)
    needs_data = True

    def run(
        self, model: Any, data: Dataset, question: requests.LookAtCodebook, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Codebook`` of the examples encoded so far."""
        n = within("The number of examples", question.n, 1, MAX_EXAMPLES)
        rows = chosen(len(data.heldout), n, generator).to(data.heldout.device)
        size = len(model.codebook.vectors)
        alone = _alone(model, size)
        counts = torch.zeros(size, *model.grid)
        drawn = torch.zeros_like(alone)
        done = 0
        for piece in rows.split(_ROWS):
            codes = model.codes(to_float(data.heldout[piece]).to(model.device))
            pieces = _cells(model.decode_codes(codes), model.grid)  # (B h w, C, ph, pw)
            flat = codes.flatten().cpu()
            counts += _counted(codes.cpu(), size)
            drawn.index_add_(0, flat, pieces.cpu())
            done += len(piece)
            yield Partial(_book(model, counts, drawn, alone, done), done / len(rows))


def _counted(codes: Tensor, size: int) -> Tensor:
    """How often each code is at each place: (K, h, w) of codes (B, h, w)."""
    count = torch.zeros(size, *codes.shape[1:])
    return count.scatter_add_(0, codes, torch.ones(codes.shape))


def _cells(x: Tensor, grid: tuple[int, int]) -> Tensor:
    """Pictures (B, C, H, W) cut into the pixels of each place: (B h w, C, H / h, W / w), row by row."""
    b, c, height, width = x.shape
    h, w = grid
    cut = x.reshape(b, c, h, height // h, w, width // w)
    return cut.permute(0, 2, 4, 1, 3, 5).reshape(b * h * w, c, height // h, width // w)


def _alone(model: Any, size: int) -> Tensor:
    """What each code is drawn as in the middle of a picture that has no other: (K, C, ph, pw)."""
    h, w = model.grid
    middle = (h // 2) * w + w // 2
    found = []
    for codes in torch.arange(size, device=model.device).split(_ROWS):
        x = model.decode_codes(codes[:, None, None].expand(-1, h, w))
        found.append(_cells(x, model.grid).unflatten(0, (len(codes), h * w))[:, middle].cpu())
    return torch.cat(found)


def _book(model: Any, counts: Tensor, drawn: Tensor, alone: Tensor, n: int) -> results.Codebook:
    total = counts.sum((1, 2))
    shown = torch.where(total[:, None, None, None] > 0, drawn / total.clamp(min=1)[:, None, None, None], alone)
    share = total / total.sum()
    return results.Codebook(
        vectors=model.codebook.vectors.float().cpu().numpy().copy(),
        x=to_plain(shown, model.spec),
        usage=share.numpy(),
        where=(counts / n).numpy(),
        perplexity=float(perplexity(share)),
        n=n,
    )
