"""What the Unfold panel says of a frame and of a branch, in few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from genplay.contract.catalogue import FamilyInfo
from genplay.contract.requests import Trajectory
from genplay.contract.results import Frame
from genplay.contract.sampling import SAMPLERS
from genplay.contract.spec import DataSpec
from genplay.ui.unfold import tape as tapes
from genplay.ui.unfold.tape import Tape


def number(value: float) -> str:
    """A number with three significant digits and a true minus."""
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−")
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return text.replace("-", "−")


def state_caption(frame: Frame) -> str:
    """Where a frame is: its time, noise level and signal-to-noise ratio."""
    parts = [f"t = {frame.t:.2f}"]
    if "sigma" in frame.facts:
        parts.append(f"σ {frame.facts['sigma']:.2f}")
    if "log_snr" in frame.facts and frame.t > 0:
        parts.append(f"SNR {number(float(np.exp(frame.facts['log_snr'])))}")
    return " · ".join(parts)


def step_caption(frame: Frame, count: int) -> str:
    """How far the sampler has come, and what it has cost."""
    known = frame.count or count
    text = f"step {frame.index} of {known}" if known else f"step {frame.index}"
    if "nfe" in frame.facts:
        text += f" · {plural(int(frame.facts['nfe']), 'evaluation')}"
    return text


def layer_caption(frame: Frame, count: int, stretch: float, round_trip: float) -> str:
    """How many layers a frame of a flow has passed, and what they have done."""
    place = "codes, before any layer" if frame.index == 0 else f"layer {frame.index} of {frame.count or count}"
    return f"{place} · mean log |det| {number(stretch)} · round trip {number(round_trip)}"


def noise_caption(frame: Frame) -> str:
    """How long the predicted noise is (mean over the samples), and under guidance how the predictions agree."""
    if frame.t <= 0:
        return "the sample: no noise is left"
    eps = frame.extras["eps"]
    parts = [f"‖ε̂‖ {number(float(np.linalg.norm(eps.reshape(len(eps), -1), axis=1).mean()))}"]
    if "cosine" in frame.facts:
        parts.append(f"w {number(frame.facts.get('guidance', 1.0))}")
        parts.append(f"cos(cond, uncond) {frame.facts['cosine']:.2f}")
    return " · ".join(parts)


def entropy_caption(frame: Frame) -> str:
    """How unsure the model is of a place: the mean over all places of all samples."""
    bits = float(frame.extras["entropy"].mean())
    return "all is drawn" if frame.t <= 0 and bits == 0 else f"mean {bits:.2f} bits · bright: unsure"


def tape_title(tape: Tape, family: FamilyInfo | None) -> str:
    """What a branch is called: its start where it is a special one, its sampler and steps."""
    sampler = sampler_title(tape.wanted.config, family)
    return f"{tape.title} · {sampler}" if tape.title else sampler


def sampler_title(config: Mapping[str, Any], family: FamilyInfo | None) -> str:
    """The sampler with its steps; for families without one, the family's name."""
    knobs = {knob.name: knob for knob in family.sample_knobs} if family else {}
    if "sampler" not in knobs:
        return f"{family.title} samples" if family else "Samples"
    name = str(config.get("sampler", knobs["sampler"].default))
    title = SAMPLERS.get(name, name).partition(" (")[0]
    steps = config.get("steps", knobs["steps"].default) if "steps" in knobs else None
    return title if name == "rk45" or steps is None else f"{title} {steps}"


def tape_name(tape: Tape, parent: Tape | None, family: FamilyInfo | None, spec: DataSpec) -> str:
    """A branch's title and what tells it from others in the fewest words."""
    told = (
        seed_words(tape, parent) or condition_words(tape.wanted.condition, spec) or [f"from t {tape.wanted.start:.2f}"]
    )
    return f"{tape_title(tape, family)} · {told[0]}"


def tape_details(tape: Tape, parent: Tape | None, family: FamilyInfo | None, spec: DataSpec) -> str:
    """What else a branch is made of: guidance, condition, cost, and its distance to the branch it forked from."""
    asked = tape.wanted
    parts = [f"from t {asked.start:.2f}"] if parent is not None else []
    parts += seed_words(tape, parent) + guidance_words(asked, family) + condition_words(asked.condition, spec)
    shots = tape.shots
    if shots and "nfe" in shots[-1].frame.facts:
        parts.append(f"{int(shots[-1].frame.facts['nfe']):,} NFE")
    away = apart(tape, parent)
    if away is not None:
        parts.append(f"Δ {away:.3f}")
    return " · ".join(parts)


def seed_words(tape: Tape, parent: Tape | None) -> list[str]:
    """The seed, where it is not that of the branch it forked from."""
    if tape.fresh is not None:
        return [f"fresh noise {tape.wanted.seed}"]
    return [f"seed {tape.wanted.seed}"] if parent is None or tape.wanted.seed != parent.wanted.seed else []


def guidance_words(asked: Trajectory, family: FamilyInfo | None) -> list[str]:
    """The scale of guidance, where there is a condition to be guided by."""
    guided = family is not None and any(knob.name == "guidance" for knob in family.sample_knobs)
    return [f"w = {number(float(asked.config.get('guidance', 1.0)))}"] if guided and asked.condition else []


def condition_words(condition: tuple[int, ...], spec: DataSpec) -> list[str]:
    """The values that are asked for."""
    pairs = zip(spec.attributes, condition)
    return [f"{a.name.replace('_', ' ')} {a.values[label]}" for a, label in pairs if label < a.any]


def apart(a: Tape, b: Tape | None) -> float | None:
    """Distance of the finals of two branches, None where they cannot be compared (yet)."""
    if b is None or a.final is None or b.final is None or a.final.shape != b.final.shape:
        return None
    return tapes.distance(a.final, b.final)


def plural(n: int, what: str) -> str:
    """ "1 evaluation", "2 evaluations"."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
