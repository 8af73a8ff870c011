"""Measures of ``genplay evaluate`` beside the modes: the likelihood of held-out data, and how new texts are."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import torch

from genplay.api import Opened
from genplay.contract.capability import LACKS, Capability
from genplay.contract.errors import BadInput
from genplay.contract.requests import DrawSamples, EstimateLikelihood
from genplay.contract.spec import Kind
from genplay.core.gaussian import GaussianModel
from genplay.core.probe import ask, seeded, streams, within
from genplay.metrics.memory import shares
from genplay.probes.density import Quantity, mean_and_error
from genplay.probes.latent_map import chosen
from genplay.probes.likelihood import MAX_EXAMPLES, MAX_IMPORTANCE
from genplay.probes.likelihood import EstimateLikelihood as Estimate
from genplay.probes.samples import DrawSamples as DrawSamplesProbe

Rows = list[tuple[str, str]]
KINDS = {
    "exact": "exact",
    "bound": "a lower bound on log p",
    "unnormalised": "of an unnormalised density: it compares examples, not models",
    "flow": "by the probability-flow ODE",
    "estimated": "by the probability-flow ODE, an unbiased estimate",
}


def likelihood(opened: Opened, n: int, importance_samples: int, seed: int) -> tuple[Rows, dict[str, Any]]:
    """Rows to print and plain facts about the likelihood of ``n`` held-out examples. Raises ``BadInput``.

    Of pictures it is given their labels where the model takes any; of points it is that of all labels together, so
    that it can be compared with the density of the data, and so is that of texts, for compressors know no labels.
    """
    if Capability.LOG_DENSITY not in opened.model.capabilities:
        raise BadInput(f"This {opened.model.title} cannot be measured so: {LACKS[Capability.LOG_DENSITY]}.")
    of_kind = of_points if opened.model.spec.kind is Kind.POINTS else of_examples
    return of_kind(opened, n, importance_samples, seed)


def kind_of(model: Any) -> str:
    """Which of ``KINDS`` a model's likelihood is."""
    if isinstance(model, GaussianModel) and model.density_kind == "exact":
        return "flow" if model.spec.kind is Kind.POINTS else "estimated"
    return str(model.density_kind)


def of_examples(opened: Opened, n: int, importance_samples: int, seed: int) -> tuple[Rows, dict[str, Any]]:
    """Bits per dimension of pictures, or per character of texts, with the standard error of the mean."""
    question = EstimateLikelihood(n, importance_samples, seed=seed)
    found = None
    for part in ask(Estimate, opened.model, opened.data, question):
        if part.value is not None:
            found = part.value
            _progress(part.progress or 0.0, found.n)
    _progress(1.0, 0)
    assert found is not None
    texts = opened.model.spec.kind is Kind.TOKENS
    size = -found.nats / (found.bits_per_dim * math.log(2)) if texts else opened.model.spec.size
    error = found.error / (size * math.log(2))
    rows = _head(opened, found.n, found.importance_samples)
    rows.append((f"bits per {'character' if texts else 'dimension'}", f"{found.bits_per_dim:.4f} ± {error:.4f}"))
    rows.append(("log-likelihood", f"{found.nats:,.3f} ± {found.error:.3f} nats"))
    facts = {"kind": found.kind, "n": found.n, "importance_samples": found.importance_samples}
    return rows, facts | _plain(
        bits_per_dim=found.bits_per_dim, bits_error=error, nats=found.nats, nats_error=found.error
    )


def novelty(opened: Opened, n: int, seed: int) -> tuple[Rows, dict[str, Any]]:
    """How many of ``n`` samples of a model of texts are in its data, and how many are distinct. Raises ``BadInput``."""
    if opened.model.spec.kind is not Kind.TOKENS:
        raise BadInput(f"This {opened.model.title} makes {opened.model.spec.kind.plural}, and --novelty is of texts.")
    drawn = None
    for part in ask(DrawSamplesProbe, opened.model, opened.data, DrawSamples(n=n, seed=seed)):
        drawn = part.value
        _progress(part.progress or 0.0, n)
    _progress(1.0, 0)
    assert drawn is not None
    found = shares(torch.from_numpy(drawn.x), opened.data)
    return [(name, f"{share:.2%}") for name, share in found.items()], dict(found)


def of_points(opened: Opened, n: int, importance_samples: int, seed: int) -> tuple[Rows, dict[str, Any]]:
    """NLL of points and KL(data || model), in nats."""
    n = within("-n", n, 1, MAX_EXAMPLES)
    k = within("--importance-samples", importance_samples, 1, MAX_IMPORTANCE)
    data, quantity, generator = opened.data, Quantity(opened.model, k), seeded(seed, opened.model.device)
    x = data.heldout[chosen(len(data.heldout), n, generator).to(data.heldout.device)].float()
    held = _result(lambda: quantity.at(x, streams(generator)))
    nll, nll_error = mean_and_error(-held)
    rows = _head(opened, len(x), quantity.samples)
    rows.append(("negative log-likelihood", f"{nll:.4f} ± {nll_error:.4f} nats"))
    facts = _plain(nll=nll, nll_error=nll_error)
    if data.log_density is not None:
        known = data.log_density(x.double().cpu())
        kept = known.isfinite()
        (entropy, _), (kl, kl_error) = mean_and_error(-known[kept]), mean_and_error((known - held)[kept])
        rows.append(("that of the truth", f"{entropy:.4f} nats"))
        rows.append(("KL(truth || model)", f"{kl:.4f} ± {kl_error:.4f} nats"))
        facts |= _plain(entropy=entropy, kl=kl, kl_error=kl_error)
    return rows, {"kind": quantity.kind, "n": len(x), "importance_samples": quantity.samples} | facts


@torch.no_grad()
def _result(make: Callable[[], Any]) -> Any:
    """What a generator returns at its end."""
    steps = make()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _head(opened: Opened, n: int, k: int) -> Rows:
    samples = f", {k} importance samples" if k > 1 else ""
    return [("likelihood", KINDS[kind_of(opened.model)] + samples), ("held-out examples", f"{n:,}")]


def _plain(**values: float) -> dict[str, float | None]:
    """Numbers as JSON has them: None for one that is not finite."""
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _progress(share: float, n: int) -> None:
    """A line that is rewritten, for who watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{f'{n:,} examples, {share:.0%}' if share < 1 else ''}", end="", file=sys.stderr, flush=True)
