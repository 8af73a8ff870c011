"""How models with Gaussian paths are sampled: one declaration for families, command line and window.

Three settings are short texts, so that they fit on a command line and into recipes: the curve of guidance over time
("0:0 0.3:1 0.7:1 1:0.2", pairs of time and factor), the negative condition ("glasses=dark hat=none") and the weights of
single attributes ("hair_color:2 glasses:0.5").
"""

from __future__ import annotations

import itertools
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind

SAMPLERS: dict[str, str] = {
    "ddpm": "DDPM (ancestral)",
    "ddim": "DDIM",
    "euler": "Euler",
    "heun": "Heun",
    "euler-ancestral": "Euler ancestral",
    "dpm++2m": "DPM-Solver++ 2M",
    "dpm++2m-sde": "DPM-Solver++ 2M SDE",
    "euler-maruyama": "Euler–Maruyama",
    "predictor-corrector": "Predictor–corrector",
    "rk45": "RK45 (adaptive)",
    "langevin": "Annealed Langevin",
}
"""Name and title of every sampler."""

STOCHASTIC = frozenset({"ddpm", "euler-ancestral", "dpm++2m-sde", "euler-maruyama", "predictor-corrector", "langevin"})
"""Samplers that always add noise on their way. (DDIM does when eta is above 0.)"""

EVALUATIONS: dict[str, int] = {"heun": 2}
"""Network evaluations a step where it is not one; correctors add theirs, RK45 takes what it needs."""

MAX_PAIRS = 64


@dataclass(frozen=True)
class GaussianSampling:
    """How a model with a Gaussian path x_t = alpha x_0 + sigma eps is sampled."""

    sampler: str = knob(
        "dpm++2m", "sampler", "how the way from noise to data is stepped",
        choices=tuple(SAMPLERS), titles=tuple(SAMPLERS.values()),
    )  # fmt: skip
    steps: int = knob(20, "steps", "steps from noise to data", low=1, high=1000, scale="log")
    spacing: str = knob(
        "auto", "spacing", "where the steps lie in time: evenly, closer towards the data, or by noise level (Karras)",
        choices=("auto", "uniform", "quadratic", "karras"), titles=("Automatic", "Uniform", "Quadratic", "Karras"),
    )  # fmt: skip
    eta: float = knob(
        0.0, "eta", "share of fresh noise a step, 0: none, 1: as much as DDPM",
        low=0.0, high=1.0, shown_if=("sampler", ("ddim",)),
    )  # fmt: skip
    guidance: float = knob(
        1.0, "guidance", "scale w of classifier-free guidance: 0 ignores the condition, 1 follows it, more exaggerates",
        low=0.0, high=15.0,
    )  # fmt: skip
    rescale: float = knob(
        0.0, "rescale", "how far the spread of the guided prediction is pulled back to that of the conditional one",
        low=0.0, high=1.0,
    )  # fmt: skip
    threshold: float = knob(
        0.0, "threshold", "dynamic thresholding: quantile of the predicted pixels that is scaled back to 1; 0 is off",
        low=0.0, high=1.0, kinds=(Kind.IMAGE,),
    )  # fmt: skip
    guide_from: float = knob(
        1.0, "guide from", "time at which guidance sets in (1 is noise); outside its interval the scale is 1",
        low=0.0, high=1.0,
    )  # fmt: skip
    guide_to: float = knob(0.0, "guide to", "time at which guidance ends (0 is data)", low=0.0, high=1.0)
    curve: str = knob(
        "", "curve", "guidance over time: pairs time:factor, the scale being 1 + factor (w - 1)", control="curve"
    )
    negative: str = knob("", "negative", "condition to be led away from, attribute=value ...", control="condition")
    weights: str = knob(
        "", "weights", "guidance of each attribute by itself, attribute:scale ..., in place of the common scale",
        control="weights",
    )  # fmt: skip
    clip: bool = knob(True, "clip", "keep predicted pixels within [-1, 1] at every step", kinds=(Kind.IMAGE,))
    corrections: int = knob(
        1, "corrections", "Langevin steps after each step of the predictor",
        low=1, high=20, shown_if=("sampler", ("predictor-corrector",)),
    )  # fmt: skip
    inner: int = knob(
        5, "inner steps", "Langevin steps at each noise level", low=1, high=100, shown_if=("sampler", ("langevin",))
    )
    step_size: float = knob(
        0.1, "step size", "of a Langevin step, in units of the variance of the noise at that level",
        low=0.001, high=1.0, scale="log", shown_if=("sampler", ("predictor-corrector", "langevin")),
    )  # fmt: skip
    tolerance: float = knob(
        1e-3, "tolerance", "error that the adaptive solver allows itself a step",
        low=1e-6, high=1e-1, scale="log", shown_if=("sampler", ("rk45",)),
    )  # fmt: skip
    resample: int = knob(
        4, "resampling", "inpainting: how often each step is gone back and repeated, to make both parts agree",
        low=1, high=20, control="inpaint",
    )  # fmt: skip


def curve_points(text: str) -> tuple[tuple[float, float], ...]:
    """The points (time, factor) of a curve, by time; () for "". Raises ``BadInput``.

    >>> curve_points("1:0.2 0:0 0.3:1")
    ((0.0, 0.0), (0.3, 1.0), (1.0, 0.2))
    """
    points = sorted((_number(t, "curve"), _number(f, "curve")) for t, f in _pairs(text, ":", "curve"))
    if any(not 0 <= t <= 1 or not 0 <= f <= 10 for t, f in points):
        raise BadInput("The guidance curve takes times from 0 to 1 and factors from 0 to 10.")
    return tuple(points)


def curve_text(points: Sequence[tuple[float, float]]) -> str:
    """The reverse of ``curve_points``.

    >>> curve_text(((0.0, 0.0), (0.25, 1.0)))
    '0:0 0.25:1'
    """
    return " ".join(f"{t:.4g}:{factor:.4g}" for t, factor in sorted(points))


def curve_at(points: Sequence[tuple[float, float]], t: float) -> float:
    """The factor at a time: straight lines between the points, level beyond the first and last; 1 without points."""
    if not points:
        return 1.0
    if t <= points[0][0]:
        return points[0][1]
    for (t0, f0), (t1, f1) in itertools.pairwise(points):
        if t <= t1:
            return f1 if t1 == t0 else f0 + (f1 - f0) * (t - t0) / (t1 - t0)
    return points[-1][1]


def negative_labels(text: str, spec: DataSpec) -> tuple[int, ...]:
    """The labels of a negative condition, () for ""; raises ``BadInput`` naming what is unknown."""
    wanted = dict(_pairs(text, "=", "negative condition"))
    return spec.labels(wanted) if wanted else ()


def negative_text(labels: Sequence[int], spec: DataSpec) -> str:
    """The reverse of ``negative_labels``.

    >>> from genplay.contract.spec import Attribute
    >>> hats = Attribute("hat", ("no", "fur cap"))
    >>> negative_text((1, 3), DataSpec(Kind.POINTS, (2,), (hats, Attribute("eyes", ("a", "b", "c")))))
    "'hat=fur cap'"
    """
    chosen = [(a, label) for a, label in zip(spec.attributes, labels) if label < a.any]
    return " ".join(shlex.quote(f"{a.name}={a.values[label]}") for a, label in chosen)


def attribute_weights(text: str, spec: DataSpec) -> dict[int, float]:
    """Scale by column of the attributes that have one of their own; raises ``BadInput``."""
    names = [attribute.name for attribute in spec.attributes]
    found: dict[int, float] = {}
    for name, value in _pairs(text, ":", "weights"):
        if name not in names:
            raise BadInput(f"There is no attribute {name!r:.60} to weigh; known: {', '.join(names) or 'none'}.")
        scale = _number(value, "weights")
        if not -15 <= scale <= 15:
            raise BadInput(f"The weight of {name} must be between -15 and 15, not {scale:g}.")
        found[names.index(name)] = scale
    return found


def weights_text(weights: Mapping[int, float], spec: DataSpec) -> str:
    """The reverse of ``attribute_weights``."""
    return " ".join(shlex.quote(f"{spec.attributes[i].name}:{w:.4g}") for i, w in sorted(weights.items()))


def _pairs(text: str, sign: str, what: str) -> list[tuple[str, str]]:
    """Words "a<sign>b", each quoted as in a shell where it holds a space."""
    try:
        words = shlex.split(text)
    except ValueError:
        raise BadInput(f"The {what} has a quotation mark too few.") from None
    if len(words) > MAX_PAIRS:
        raise BadInput(f"The {what} has more than {MAX_PAIRS} parts.")
    pairs = []
    for word in words:
        name, found, value = word.partition(sign)
        if not found or not name or not value:
            raise BadInput(f"The {what} takes pairs such as a{sign}b, not {word!r:.60}.")
        pairs.append((name, value))
    return pairs


def _number(text: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadInput(f"The {what} takes numbers, not {text!r:.40}.")
    return number
