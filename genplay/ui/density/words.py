"""What the Density panel says: what kind of density it is, how good it is, and why there is none."""

from __future__ import annotations

import math

from genplay.contract.capability import Capability
from genplay.contract.results import Density, Likelihoods, RunState
from genplay.ui.views.readout import Row

NONE = "–"
KINDS = {
    "exact": "exact",
    "bound": "a lower bound",
    "unnormalised": "unnormalised",
    "energy": "minus the energy",
    "score": "size of the score",
    "none": "none",
}
TITLES = {
    "exact": "log p(x)",
    "bound": "bound on log p(x)",
    "unnormalised": "log p(x) + constant",
    "energy": "−E(x)",
    "score": "‖∇ log p(x)‖",
    "none": "no density",
}
MEANS = {
    "exact": "The model gives log p(x) itself.",
    "flow": "Exact but for the solver: the probability-flow ODE takes each point to noise, gathering the divergence.",
    "bound": "The model gives a lower bound on log p(x), here with {k} importance samples; log p(x) is higher.",
    "unnormalised": "The model gives log p(x) up to a constant. Likelihood and KL are normalised over the window.",
    "energy": "exp(−E) is the density up to a constant. Likelihood and KL are normalised over the window.",
    "score": "The model gives the gradient of log p(x) alone, so its size is drawn, and there is no likelihood.",
}
OF_GAN = (
    "A GAN has no likelihood: its generator turns noise into samples and cannot say how probable a given one is. "
    "Its discriminator tells real from generated, against this generator; that is no density."
)
OF_LATENT = (
    "This model has no likelihood: its flow gives the density of codes, and a decoder makes pictures of them that has "
    "no density of its own."
)
OF_ANY = "This model draws samples, and gives no likelihood: nothing in it says how probable a given example is."
SETS = {
    "held-out": "Pictures of the data that the model never saw",
    "training": "Pictures that it learnt from: clearly fewer bits here mean that it learnt them by heart",
    "inverted": "Held-out pictures with every colour value v as 255 − v",
    "constant": "One random colour a picture",
    "noise": "Every colour value at random",
}
CLOSE, FAIR = 0.05, 0.3  # nats of KL
GOOD_INTEGRAL = 0.02


def why_none(run: RunState) -> str:
    """Why a model has no density."""
    if Capability.CRITIC in run.capabilities:
        return OF_GAN
    return OF_LATENT if Capability.DENOISE in run.capabilities else OF_ANY


def meaning(found: Density, run: RunState) -> str:
    """What kind of density it is, in a sentence."""
    flow = found.kind == "exact" and Capability.DENOISE in run.capabilities
    return MEANS.get("flow" if flow else found.kind, "").format(k=found.importance_samples)


def of_pictures(found: Likelihoods, run: RunState) -> str:
    """What kind of likelihood that of pictures is."""
    flow = found.kind == "exact" and Capability.DENOISE in run.capabilities
    told = {
        "exact": "Exact log-likelihood.",
        "flow": "Log-likelihood by the probability-flow ODE, its divergence estimated without bias.",
        "bound": f"A bound, {found.importance_samples} importance samples: the true number of bits is lower.",
        "unnormalised": "Of an unnormalised density: it compares examples, not models.",
    }
    per = "character, the end of a text counting as one" if run.spec.vocabulary else "dimension"
    return told["flow" if flow else found.kind] + f" Bits per {per}; all are asked without labels."


def rows(found: Density | None, run: RunState | None) -> list[Row]:
    """The density in figures."""
    if found is None or run is None:
        return [Row(name, (NONE,)) for name in ("density", "integral", "NLL", "truth's own NLL", "KL to the model")]
    measured = [Row("density", (KINDS[found.kind],), help=meaning(found, run) or why_none(run))]
    measured += [_integral(found)] if found.kind != "score" else []
    n = f"{len(found.x):,} held-out points"
    more = " and the integral over the window" if found.kind in ("energy", "unnormalised") else ""
    measured.append(Row("NLL", (amount(found.nll, found.nll_error),), help=f"−log p, the mean over {n}{more}"))
    measured.append(Row("truth's own NLL", (amount(found.entropy),), help=f"What no model can beat, on the same {n}"))
    token = "" if math.isnan(found.kl) else "good" if found.kl < CLOSE else "warn" if found.kl < FAIR else "bad"
    of_bound = "; of a bound: at most this" if found.kind == "bound" else ""
    text = f"KL(truth || model): nats lost by taking the model for the truth{of_bound}"
    measured.append(Row("KL to the model", (amount(found.kl, found.kl_error),), (token,), text))
    return measured


def _integral(found: Density) -> Row:
    value, window = found.integral, f"over [−{found.extent:g}, {found.extent:g}]²"
    if math.isnan(value):
        return Row("integral", (NONE,), help=f"The integral of the density {window}")
    if found.kind in ("energy", "unnormalised"):
        return Row("log Z", (f"{math.log(max(value, 1e-300)):.3f}",), help=f"log of the integral of exp {window}")
    token = "" if found.kind == "bound" else "good" if abs(value - 1) < GOOD_INTEGRAL else "warn"
    ought = "at most 1, up to noise, of a bound" if found.kind == "bound" else "1, as for every density"
    return Row("integral", (f"{value:.3f}",), (token,), f"The integral of the density {window}: it should be {ought}")


def amount(value: float, error: float = math.nan) -> str:
    """Nats with their standard error.

    >>> amount(-0.9274, 0.0381), amount(float("nan"))
    ('−0.927 ± 0.038 nats', '–')
    """
    if math.isnan(value):
        return NONE
    spread = "" if math.isnan(error) else f" ± {error:.3f}"
    return f"{value:.3f}{spread} nats".replace("-", "−")
