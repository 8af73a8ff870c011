"""How probable a model finds pictures of all sorts, and which parts of a picture its bits go to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

import genplay.data as data_sets
from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Dataset, to_float, to_plain
from genplay.core.fitting import fit
from genplay.core.gaussian import GaussianModel
from genplay.core.probe import BREATH, Partial, Probe, streams, within
from genplay.metrics.likelihood import bits_per_dimension, size_of
from genplay.probes.bound import Chain, dequantised, stratified_places
from genplay.probes.latent_map import chosen
from genplay.probes.likelihood import MAX_IMPORTANCE, at_once

MAX_PICTURES = 2000  # of each set
MOST_BITS = 1e4  # a dimension; what is less probable counts as just that
NAMES = ("held-out", "training", "another set", "inverted", "constant", "noise")
TEXTS = ("held-out", "training", "shuffled", "random")
OTHERS = ("fashion28", "faces16", "glyphs28")  # of which the first that is not the model's own is the other set
STEPS, BINS, ROUNDS = 1000, 8, 16  # of the variational bound
PARTS = (4, 8)  # patches a side, coarse and fine
TOGETHER = 16  # patches in one piece of work


class CompareLikelihoods(Probe):
    """Bits per dimension, or per character, of data a model has seen, could have seen, and should find odd.

    That the odd ones can be the more probable is a known trait of likelihoods (Nalisnick et al. 2019,
    arXiv:1810.09136).
    """

    question = requests.CompareLikelihoods
    needs = frozenset({Capability.LOG_DENSITY})
    kinds = (Kind.IMAGE, Kind.TOKENS)
    needs_data = True

    def run(
        self, model: Any, data: Dataset, question: requests.CompareLikelihoods, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Likelihoods`` of the pictures done so far. Raises ``BadInput``."""
        n = within("The number of examples", question.n, 1, MAX_PICTURES)
        k = samples(model, within("The number of importance samples", question.importance_samples, 1, MAX_IMPORTANCE))
        texts = model.spec.kind is Kind.TOKENS
        names, x = sets_of_texts(data, n, generator) if texts else sets(data, n, question.other, generator)
        shown = to_plain(x.flatten(0, 1), model.spec)
        bits = np.full(x.shape[:2], np.nan, np.float32)
        size = at_once(model, k)
        work = [(s, i) for i in range(0, x.shape[1], size) for s in range(len(x))]
        for done, ((s, i), stream) in enumerate(zip(work, streams(generator)), 1):
            nats = None
            for nats in log_densities(model, to_float(x[s, i : i + size]).to(model.device), k, stream):
                yield BREATH
            bits[s, i : i + size] = in_bits(nats, model.spec, x[s, i : i + size])
            yield Partial(results.Likelihoods(model.density_kind, names, shown, bits.copy(), k), done / len(work))


def samples(model: Any, k: int) -> int:
    """How many importance samples a model can make use of."""
    return k if model.density_kind == "bound" and hasattr(model, "importance_bound") else 1


def log_densities(model: Any, x: Tensor, k: int, generator: Generator) -> Iterator[Tensor | None]:
    """None whenever work can be stopped, and log p(x) (B,) in nats last."""
    if isinstance(model, GaussianModel):
        yield from model.log_density_steps(x, None, generator)
    elif k > 1:
        yield model.importance_bound(x, None, k, generator)
    else:
        yield model.log_density(x, None, generator)


def in_bits(nats: Tensor | None, spec: DataSpec, x: Tensor) -> np.ndarray:
    """Bits per dimension (B,), or per character, of log densities (B,) of examples x (B, *shape)."""
    assert nats is not None
    rows = zip(nats.double().cpu().tolist(), x.split(1), strict=True)
    bits = np.array([bits_per_dimension(value, spec, size_of(row, spec)) for value, row in rows])
    return np.nan_to_num(bits, nan=MOST_BITS, posinf=MOST_BITS).clip(-MOST_BITS, MOST_BITS).astype(np.float32)


def other_set(name: str, data: Dataset) -> str:
    """The data set to compare with."""
    return name or next(other for other in OTHERS if other != data.name)


def sets_of_texts(data: Dataset, n: int, generator: Generator) -> tuple[tuple[str, ...], Tensor]:
    """Names of sets of texts, and their tokens (4, N, L): some have their characters out of order, or any at all."""
    n = min(n, len(data.heldout), len(data.train))
    held = _rows(data.heldout, n, generator)
    real = held > 0
    keys = torch.rand(held.shape, generator=generator, device=generator.device).cpu()
    shuffled = held.gather(1, (keys + (~real).float()).argsort(1))  # characters at random, ends last
    count = len(data.spec.vocabulary)
    drawn = torch.randint(1, count, held.shape, generator=generator, device=generator.device).cpu()
    return TEXTS, torch.stack([held, _rows(data.train, n, generator), shuffled, drawn * real])


def sets(data: Dataset, n: int, wanted: str, generator: Generator) -> tuple[tuple[str, ...], Tensor]:
    """Names of all sets, of which one is the title of the other set, and their pictures uint8 (6, N, C, H, W)."""
    other = other_set(wanted, data)
    foreign = data_sets.load(other)
    if foreign.spec.kind is not Kind.IMAGE:
        raise BadInput(f"The data set {other!r} holds no pictures.")
    n = min(n, len(data.heldout), len(data.train), len(foreign.heldout))
    held = _rows(data.heldout, n, generator)
    fitted = [fit(picture, data.spec) for picture in to_plain(_rows(foreign.heldout, n, generator), foreign.spec)]
    alien = torch.cat(fitted).add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    noise = _bytes((n, *data.spec.shape), generator)
    constant = _bytes((n, data.spec.shape[0], 1, 1), generator).expand(n, *data.spec.shape)
    names = tuple(foreign.title if name == NAMES[2] else name for name in NAMES)
    return names, torch.stack([held, _rows(data.train, n, generator), alien, 255 - held, constant, noise])


def _rows(x: Tensor, n: int, generator: Generator) -> Tensor:
    return x[chosen(len(x), n, generator).to(x.device)].cpu()


def _bytes(shape: tuple[int, ...], generator: Generator) -> Tensor:
    return torch.randint(0, 256, shape, generator=generator, device=generator.device).cpu().to(torch.uint8)


class MapLikelihood(Probe):
    """Where in a picture the bits are; see ``results.LikelihoodMap`` for what they are of.

    By the terms of log p(x) where a model has a term a pixel; where all that it has is a pixel's probability given all
    others, by that; of models that denoise by the terms of the variational bound (see ``BoundByTime``), each being a
    square of the pixel's own; of others by how log p(x) changes when a patch is blurred.
    """

    question = requests.MapLikelihood
    needs = frozenset({Capability.LOG_DENSITY})
    kinds = (Kind.IMAGE,)

    def run(
        self, model: Any, data: Dataset | None, question: requests.MapLikelihood, generator: Generator
    ) -> Iterator[Partial]:
        """``results.LikelihoodMap``, finer each time. Raises ``BadInput``."""
        k = samples(model, within("The number of importance samples", question.importance_samples, 1, MAX_IMPORTANCE))
        x = fit(question.x, model.spec, model.device)
        if hasattr(model, "log_density_by_place"):
            bound = {"generator": generator} if model.density_kind == "bound" else {}
            bits = by_dimension(model.log_density_by_place(x, None, **bound)[0] / model.spec.shape[0])
            yield Partial(_map(x, bits, "bound" if bound else "pixels", float(bits.mean()), model.spec), 1.0)
        elif isinstance(model, GaussianModel):
            yield from by_bound(model, x, generator)
        elif hasattr(model, "log_conditionals"):
            bits = -model.log_conditionals(x)[0].double().mean(0).cpu() / math.log(2)
            yield Partial(_map(x, bits, "others", float(bits.mean()), model.spec), 1.0)
        else:
            yield from by_patches(model, x, k, generator)


def by_dimension(nats: Tensor) -> Tensor:
    """Nats a dimension as bits, in the unit of 8-bit levels."""
    return (-nats.double().cpu() / math.log(2) + math.log2(127.5)).nan_to_num(MOST_BITS, MOST_BITS, -MOST_BITS)


def _map(x: Tensor, bits: Tensor, method: str, total: float, spec: DataSpec) -> results.LikelihoodMap:
    return results.LikelihoodMap(to_plain(x, spec), bits.float().contiguous().numpy(), method, total)


def by_bound(model: GaussianModel, x: Tensor, generator: Generator) -> Iterator[Partial]:
    """The variational bound by pixel, sharper with each round of draws."""
    chain = Chain(model.schedule, STEPS, BINS)
    places = stratified_places(ROUNDS, BINS, generator)
    total: Tensor | None = None
    for i, stream in zip(range(ROUNDS), streams(generator)):
        terms = bound_by_pixel(model, chain, dequantised(x, model.spec, stream), places[i : i + 1], stream)
        total = terms if total is None else total + terms
        bits = by_dimension(-total / (i + 1))
        yield Partial(_map(x, bits, "bound", float(bits.mean()), model.spec), (i + 1) / ROUNDS)


def bound_by_pixel(model: GaussianModel, chain: Chain, x: Tensor, places: Tensor, generator: Generator) -> Tensor:
    """One draw of the terms of the bound on -log p(x) of a picture (1, C, H, W): nats a dimension (H, W), float64.

    Of steps from t to s (SNR(s) - SNR(t)) / 2 (x_0 - x_0(x_t))^2; at the data -log N(x; x_0(x_t), (sigma / alpha)^2);
    at noise (alpha(1) x)^2 / (2 sigma(1)^2): the terms of ``GaussianModel.bound_terms`` before they are summed.
    """
    steps, factors = chain.drawn(places)
    later = torch.cat([chain.times[steps[0]], chain.times[:1]])
    before = torch.cat([chain.times[(steps[0] - 1).clamp(min=0)], torch.zeros(1, dtype=torch.float64)])
    rows = x.expand(len(later), *x.shape[1:])
    x_t = model.corrupt(rows, later.to(x.device, torch.float32), generator)
    square = (rows - model.denoise(x_t, later.to(x.device, torch.float32), None)).square().double().cpu()
    alpha, sigma = model.schedule.alpha(later), model.schedule.sigma(later)
    ratios = model.schedule.log_snr(before.clamp(min=1e-9)).exp() - (alpha / sigma) ** 2
    weights = (ratios[:-1] / 2 * factors[0]).view(-1, 1, 1, 1)
    spread = float(sigma[-1] / alpha[-1])
    first = square[-1] / (2 * spread**2) + math.log(spread) + 0.5 * math.log(2 * math.pi)
    one = torch.ones((), dtype=torch.float64)
    prior = (float(model.schedule.alpha(one) / model.schedule.sigma(one)) * x[0].double().cpu()).square() / 2
    nats: Tensor = (weights * square[:-1]).sum(0) + first + prior
    return nats.mean(0)


def by_patches(model: Any, x: Tensor, k: int, generator: Generator) -> Iterator[Partial]:
    """What a patch costs more than the same patch blurred, a dimension; first of large patches, then of small ones."""
    seeds = streams(generator)
    whole = _nats(model, x, k, next(seeds))[0]
    total, soft = bits_per_dimension(whole, model.spec), blurred(x)
    height, width = x.shape[2:]
    sizes = sorted({(max(1, height // part), max(1, width // part)) for part in PARTS}, reverse=True)
    jobs = [(h, w, top, left) for h, w in sizes for top in range(0, height, h) for left in range(0, width, w)]
    bits = torch.zeros(height, width, dtype=torch.float64)
    for start in range(0, len(jobs), TOGETHER):
        areas = [(slice(top, top + h), slice(left, left + w)) for h, w, top, left in jobs[start : start + TOGETHER]]
        changed = x.repeat(len(areas), 1, 1, 1)
        for row, area in zip(changed, areas):
            row[:, *area] = soft[0, :, *area]
        for area, nats in zip(areas, _nats(model, changed, k, next(seeds))):
            cost = (nats - whole) / (math.log(2) * x[0, :, *area].numel())
            bits[area] = max(-MOST_BITS, min(MOST_BITS, cost))
        yield Partial(_map(x, bits, "patches", total, model.spec), min(1.0, (start + TOGETHER) / len(jobs)))


def _nats(model: Any, x: Tensor, k: int, generator: Generator) -> list[float]:
    *_, found = log_densities(model, x, k, generator)
    assert found is not None
    return found.double().cpu().nan_to_num(-1e6, -1e6, -1e6).tolist()


def blurred(x: Tensor) -> Tensor:
    """Pictures (B, C, H, W) averaged over a fifth of their side, reflected at the edges."""
    reach = max(1, x.shape[-1] // 10)
    padded = F.pad(x, (reach, reach, reach, reach), mode="reflect")
    return F.avg_pool2d(padded, 2 * reach + 1, stride=1)
