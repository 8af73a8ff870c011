"""The part of the fake engine that answers for models with a Gaussian path x_t = alpha x_0 + sigma eps.

The schedule is the cosine one. A picture's code is read off the part of its noise that is not mirror symmetric: the
made-up faces are symmetric, so the code stays the same all the way from noise to face, as a deterministic sampler of a
real model would have it, and a branch with the same settings ends where its parent does. Samplers that add noise mix
in a code drawn from the seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.capability import Capability
from genplay.contract.catalogue import FamilyInfo, Plot, Preset
from genplay.contract.errors import BadInput
from genplay.contract.fake_engine import LATENT, TRAINING_KNOBS, decode
from genplay.contract.knob import Knob, knobs
from genplay.contract.sampling import EVALUATIONS, SAMPLERS, STOCHASTIC, GaussianSampling, curve_at, curve_points
from genplay.contract.spec import DataSpec, Kind

CAPABILITIES = frozenset(
    {
        Capability.SAMPLE,
        Capability.DENOISE,
        Capability.CORRUPT,
        Capability.SCORE,
        Capability.GUIDE,
        Capability.LOG_DENSITY,
    }
)
FAMILIES = ("diffusion", "latent_diffusion")
RK45_STEPS = 24
LOSS_BY_TIME = tuple(f"loss t {i / 10:.1f} to {(i + 1) / 10:.1f}" for i in range(10))

FAMILY_KNOBS = (
    Knob("schedule", "cosine", "schedule", "how noise grows with time", choices=("cosine", "linear")),
    Knob("prediction", "v", "prediction", "what the network predicts", choices=("eps", "x_0", "v")),
    Knob("conditional", True, "conditional", "learn to follow attributes"),
)


def families() -> tuple[FamilyInfo, ...]:
    """A diffusion model, and one in the latent space of another model."""
    both = (Kind.POINTS, Kind.IMAGE)
    plots = (
        Plot("denoising loss", ("loss",)),
        Plot("loss by time", ("loss t *",)),
        Plot("gradient", ("gradient norm",)),
    )
    presets = (Preset("quick", "Quick", "learns in a minute", {"schedule": "cosine"}, {"rate": 2e-3}),)
    diffusion = FamilyInfo(
        "diffusion",
        "Diffusion",
        "Learns to take noise away, step by step.",
        "#CC79A7",
        both,
        FAMILY_KNOBS,
        TRAINING_KNOBS,
        knobs(GaussianSampling),
        presets,
        plots,
        CAPABILITIES,
    )
    latent = replace(diffusion, name="latent_diffusion", title="Latent diffusion", summary="Denoises codes of a VAE.")
    return diffusion, latent


def config() -> dict[str, Any]:
    """What a run of such a family is configured with."""
    return {knob.name: knob.default for knob in FAMILY_KNOBS}


def terms(step: int) -> dict[str, float]:
    """The curves of a run at a training step."""
    falling = float(np.exp(-step / 800))
    by_time = {name: 0.05 + (0.2 + 0.8 * falling) * np.exp(-0.5 * i) for i, name in enumerate(LOSS_BY_TIME)}
    return {
        "loss": 0.12 + 0.9 * falling,
        "gradient norm": 0.4 + 2 * falling,
        **{k: float(v) for k, v in by_time.items()},
    }


def answers(question: rq.Question) -> Any:
    """The function that answers a question for a run of these families, None where the others' will do."""
    return globals().get(f"_answer_{type(question).__name__}")


# ---- the path and the model --------------------------------------------------------------------------------------


def alpha(t: Any) -> Any:
    """Factor of the data at time t."""
    return np.cos(np.pi / 2 * np.clip(t, 0.0, 0.9999))


def sigma(t: Any) -> Any:
    """Standard deviation of the noise at time t."""
    return np.sin(np.pi / 2 * np.clip(t, 1e-4, 1.0))


def log_snr(t: Any) -> Any:
    """log(alpha^2 / sigma^2), nats."""
    return 2 * (np.log(alpha(t)) - np.log(sigma(t)))


def shape_of(spec: DataSpec) -> tuple[int, ...]:
    """A data point as results hold it: (H, W, C) or (2,)."""
    return (2,) if spec.kind == Kind.POINTS else (*spec.shape[1:], spec.shape[0])


def noise(spec: DataSpec, seed: int, n: int) -> np.ndarray:
    """float32 (n, *shape) drawn by the seed alone; the first rows do not depend on n."""
    rows = [np.random.default_rng([seed, i]).standard_normal(shape_of(spec), dtype=np.float32) for i in range(n)]
    return np.stack(rows)


def shown(x: np.ndarray, spec: DataSpec) -> np.ndarray:
    """A state as results hold data: uint8 pictures, or points."""
    if spec.kind == Kind.POINTS:
        return x.astype(np.float32)
    return np.ascontiguousarray(np.clip(np.rint((x + 1) * 127.5), 0, 255).astype(np.uint8))


def as_state(x: np.ndarray, spec: DataSpec) -> np.ndarray:
    """Data as float32 (N, *shape) in [-1, 1]; a picture of another size is fitted by taking every so many pixels."""
    x = np.asarray(x)
    if spec.kind == Kind.POINTS:
        return x.astype(np.float32).reshape(-1, 2)
    x = x[None] if x.ndim == 3 else x
    height, width, channels = shape_of(spec)
    rows, columns = np.arange(height) * x.shape[1] // height, np.arange(width) * x.shape[2] // width
    x = x[:, rows][:, :, columns].astype(np.float32) / 127.5 - 1
    return x.mean(axis=-1, keepdims=True) if channels == 1 else x[..., :3].repeat(3 // min(x.shape[-1], 3), axis=-1)


def code_of(state: np.ndarray, t: float, spec: DataSpec) -> np.ndarray:
    """The code (N, D) that a state leads to."""
    if spec.kind == Kind.POINTS:
        return state / float(sigma(t)) if t > 0.5 else state / max(float(np.abs(state).mean()), 1e-6)
    odd = (state - state[:, :, ::-1]) / (2**0.5 * float(sigma(t)))
    flat = odd.reshape(len(state), -1)
    matrix = np.random.default_rng(0).standard_normal((flat.shape[1], LATENT)).astype(np.float32)
    code = flat @ matrix / flat.shape[1] ** 0.5
    return np.asarray(code, np.float32)


def finals(run: rs.RunState, code: np.ndarray, condition: tuple[int, ...], guidance: float) -> np.ndarray:
    """Where the samples end, float32 in [-1, 1]: stronger guidance, stronger colours."""
    x = as_state(decode(run, code, condition), run.spec)
    if run.spec.kind == Kind.POINTS or not condition:
        return x
    return np.clip(x * (0.9 + 0.1 * guidance), -1, 1)


def stochastic(settings: dict[str, Any]) -> bool:
    """Whether a sampler adds noise on its way."""
    return settings["sampler"] in STOCHASTIC or (settings["sampler"] == "ddim" and settings["eta"] > 0)


def settings_of(given: dict[str, Any]) -> dict[str, Any]:
    """All settings of the sampler, checked; raises ``BadInput``."""
    known = {k.name: k for k in knobs(GaussianSampling)}
    unknown = set(given) - set(known)
    if unknown:
        raise BadInput(f"There is no setting {min(unknown)!r:.60}.")
    return {name: knob.check(given.get(name, knob.default)) for name, knob in known.items()}


def start_of(run: rs.RunState, q: rq.Trajectory) -> np.ndarray:
    """The state (N, ...) that a trajectory begins with."""
    if q.state is not None and q.state.shape[1:] == shape_of(run.spec):  # made-up codes lead back to no picture
        return np.asarray(q.state, np.float32)
    eps = noise(run.spec, q.seed, q.n)
    if q.source is None:
        return eps
    source = np.broadcast_to(as_state(q.source, run.spec), eps.shape)
    start = 1.0 if q.mask is not None else q.start
    return np.asarray(alpha(start) * source + sigma(start) * eps, np.float32)


def ends(run: rs.RunState, q: rq.Trajectory, state: np.ndarray, settings: dict[str, Any]) -> np.ndarray:
    """The samples (N, ...) that a trajectory ends with."""
    code = code_of(state, q.start, run.spec)
    if stochastic(settings):
        drawn = np.random.default_rng([q.seed, 77]).standard_normal(code.shape).astype(np.float32)
        share = 0.6 * q.start
        code = (1 - share**2) ** 0.5 * code + share * drawn
    x = finals(run, code, q.condition, settings["guidance"])
    wobble = (
        0.3
        / settings["steps"]
        * np.random.default_rng(list(SAMPLERS).index(settings["sampler"])).standard_normal(x.shape[1:])
    )
    x = x + np.asarray(wobble, np.float32) * (run.spec.kind == Kind.IMAGE)
    if q.source is None:
        return x
    source = np.broadcast_to(as_state(q.source, run.spec), x.shape)
    if q.mask is not None:
        return np.where(np.asarray(q.mask)[None, :, :, None] > 0, x, source)
    return np.asarray((1 - q.start) * source + q.start * x, np.float32)


# ---- frames ------------------------------------------------------------------------------------------------------


def times_of(settings: dict[str, Any], start: float) -> np.ndarray:
    """The times (steps + 1,) from ``start`` to 0."""
    steps = RK45_STEPS if settings["sampler"] == "rk45" else settings["steps"]
    share = np.linspace(1, 0, steps + 1)
    power = {"quadratic": 2.0, "karras": 1.5}.get(settings["spacing"], 1.0)
    return start * share**power


def frames_of(run: rs.RunState, q: rq.Trajectory) -> Iterator[rs.Frame]:
    """A frame a step."""
    settings = settings_of(q.config)
    state = start_of(run, q)
    start = 1.0 if q.mask is not None else q.start
    last = ends(run, q, state, settings)
    eps = (state - alpha(start) * last) / sigma(start)
    mean = last.mean(axis=0, keepdims=True)
    times = times_of(settings, start)
    count = 0 if settings["sampler"] == "rk45" else len(times) - 1
    for index, t in enumerate(times):
        yield _frame(run, q, settings, index, count, float(t), last, eps, mean)


def _frame(
    run: rs.RunState,
    q: rq.Trajectory,
    settings: dict[str, Any],
    index: int,
    count: int,
    t: float,
    last: np.ndarray,
    eps: np.ndarray,
    mean: np.ndarray,
) -> rs.Frame:
    done = t <= 0
    x_t = last if done else np.asarray(alpha(t) * last + sigma(t) * eps, np.float32)
    x_0 = last if done else np.asarray(mean + (last - mean) * (1 - t) ** 0.5, np.float32)
    seen = eps if done else np.asarray((x_t - alpha(t) * x_0) / sigma(t), np.float32)
    extras = {"x_t": x_t, "x_0": x_0, "eps": seen}
    guided = bool(q.condition) and settings["guidance"] != 1.0
    facts = {"alpha": float(alpha(t)), "sigma": float(sigma(t)), "log_snr": float(log_snr(t))}
    facts["nfe"] = float(index * EVALUATIONS.get(settings["sampler"], 1) * (2 if guided else 1))
    if guided:
        extras |= _guidance(run, seen, t)
        factor = curve_at(curve_points(settings["curve"]), t)
        facts |= {"guidance": 1 + factor * (settings["guidance"] - 1), "cosine": 0.99 - 0.3 * float(np.sin(np.pi * t))}
    if run.family == "latent_diffusion":
        z = code_of(eps, 1.0, run.spec)
        extras |= {"z_t": np.asarray(alpha(t) * z + sigma(t) * z[:, ::-1], np.float32), "z_0": z}
        del extras["eps"]  # it is noise of the code, which is no picture
    return rs.Frame(index, count, t, shown(x_t, run.spec), extras, facts)


def _guidance(run: rs.RunState, eps: np.ndarray, t: float) -> dict[str, np.ndarray]:
    shift = 0.2 * np.asarray(np.sin(np.pi * t) * noise(run.spec, 5, 1), np.float32)
    conditional, unconditional = eps - shift, eps - 2 * shift
    return {"conditional": conditional, "unconditional": unconditional, "difference": conditional - unconditional}


def samples(
    run: rs.RunState,
    seed: int,
    n: int,
    condition: tuple[int, ...],
    config: dict[str, Any],
    state: np.ndarray | None = None,
) -> np.ndarray:
    """Final samples (n, ...) as shown."""
    question = rq.Trajectory(n, condition, config, state=state, seed=seed)
    return shown(ends(run, question, start_of(run, question), settings_of(config)), run.spec)


# ---- answers -----------------------------------------------------------------------------------------------------


def _answer_DrawSamples(run: rs.RunState, q: rq.DrawSamples) -> Iterator[Any]:
    labels = np.tile(np.asarray(q.condition or run.spec.any_labels, np.int64), (q.n, 1))
    yield rs.Samples(samples(run, q.seed, q.n, q.condition, q.config), None, labels)


def _answer_Trajectory(run: rs.RunState, q: rq.Trajectory) -> Iterator[Any]:
    frames = tuple(frames_of(run, q))
    yield from frames
    yield rs.Tape(frames)


def _answer_WalkNoise(run: rs.RunState, q: rq.WalkNoise) -> Iterator[Any]:
    keys = [noise(run.spec, seed, 1)[0] for seed in (*q.seeds, *(q.seeds[:1] if q.closed else ()))]
    place = np.linspace(0, len(keys) - 1, q.frames)
    for every in (4, 1):
        low = np.minimum((place // every * every if every > 1 else place).astype(int), max(len(keys) - 2, 0))
        share = place - low
        mixed = [_between(keys, i, s, q.mode) for i, s in zip(low, share, strict=True)]
        x = samples(run, q.seed, q.frames, q.condition, q.config, np.stack(mixed))
        yield rs.Samples(x, None, None)


def _between(keys: list[np.ndarray], low: int, share: float, mode: str) -> np.ndarray:
    a, b = keys[low], keys[min(low + 1, len(keys) - 1)]
    if mode == "lerp":
        return np.asarray((1 - share) * a + share * b, np.float32)
    angle = np.pi / 2 * share
    return np.asarray(np.cos(angle) * a + np.sin(angle) * b, np.float32)


def _answer_Duel(run: rs.RunState, q: rq.Duel) -> Iterator[Any]:
    reference = samples(run, q.seed, q.n, q.condition, {**q.config, "sampler": "heun", "steps": 200, "eta": 0.0})
    scale = 127.5 if reference.dtype == np.uint8 else 1.0
    finals_, nfe, noisy = [], [], []
    for contender in q.contenders:
        settings = settings_of({**q.config, **contender})
        finals_.append(samples(run, q.seed, q.n, q.condition, {**q.config, **contender}))
        steps = RK45_STEPS * 6 if settings["sampler"] == "rk45" else settings["steps"]
        nfe.append(steps * EVALUATIONS.get(settings["sampler"], 1))
        noisy.append(stochastic(settings))
        x = np.stack(finals_)
        away = (x.astype(np.float32) - reference) / scale
        distance = np.sqrt((away.reshape(len(x), -1) ** 2).mean(axis=1))
        seconds = np.asarray(nfe, np.float64) * 0.004
        yield rs.Duel(x, reference, np.asarray(nfe), distance, seconds, 400, np.asarray(noisy))


def _answer_Corrupt(run: rs.RunState, q: rq.Corrupt) -> Iterator[Any]:
    x = as_state(q.x, run.spec)
    eps = noise(run.spec, q.seed, len(x))
    t = np.asarray(q.times, np.float64)
    noised = np.stack([shown(alpha(s) * x + sigma(s) * eps, run.spec) for s in t])
    yield rs.Corrupted(noised, t, alpha(t), sigma(t), log_snr(t))


def _answer_DescribeSchedule(run: rs.RunState, q: rq.DescribeSchedule) -> Iterator[Any]:
    t = np.linspace(0, 1, q.points)
    yield rs.Schedule("cosine", t, alpha(t), sigma(t), alpha(t) ** 2, log_snr(t))


def _answer_FieldAt(run: rs.RunState, q: rq.FieldAt) -> Iterator[Any]:
    axis = np.linspace(-q.extent, q.extent, q.side)
    at = np.stack(np.meshgrid(axis, axis[::-1]), axis=-1).astype(np.float32)
    fine = np.linspace(-q.extent, q.extent, q.pixels)
    pixels = np.stack(np.meshgrid(fine, fine[::-1]), axis=-1)
    score, _ = _mixture(at, q.t)
    _, log_density = _mixture(pixels, q.t)
    velocity = np.pi / 2 * (np.tan(np.pi / 2 * min(q.t, 0.98)) * at + np.tan(np.pi / 2 * min(q.t, 0.98)) * score)
    yield rs.Field(q.t, q.extent, at, np.asarray(score, np.float32), np.asarray(velocity, np.float32), log_density)


def _mixture(x: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray]:
    """Score (..., 2) and log-density (...) of the ring of eight spots, noised to time t."""
    angle = np.arange(8) * np.pi / 4
    centres = alpha(t) * 0.7 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    variance = float((alpha(t) * 0.06) ** 2 + sigma(t) ** 2)
    away = x[..., None, :] - centres
    exponent = -(away**2).sum(axis=-1) / (2 * variance)
    top = exponent.max(axis=-1, keepdims=True)
    weight = np.exp(exponent - top)
    log_density = np.log(weight.mean(axis=-1)) + top[..., 0] - np.log(2 * np.pi * variance)
    weight /= weight.sum(axis=-1, keepdims=True)
    return -(weight[..., None] * away).sum(axis=-2) / variance, log_density.astype(np.float32)


def _answer_Guide(run: rs.RunState, q: rq.Guide) -> Iterator[Any]:
    steps = int(q.config.get("steps", 20))
    if q.preview < steps:
        yield rs.Samples(samples(run, q.seed, q.n, q.condition, {**q.config, "steps": q.preview}), None, None)
    yield rs.Samples(samples(run, q.seed, q.n, q.condition, q.config), None, None)


def _answer_SweepGuidance(run: rs.RunState, q: rq.SweepGuidance) -> Iterator[Any]:
    for steps in (4, None):
        rows = [_sweep_row(run, q, scale, steps) for scale in q.scales]
        yield rs.Sweep(np.concatenate(rows), q.scales, _sweep_names(run, q))


def _sweep_row(run: rs.RunState, q: rq.SweepGuidance, scale: float, steps: int | None) -> np.ndarray:
    settings = {**q.config, "guidance": scale} | ({"steps": steps} if steps else {})
    if q.across == "seed":
        return samples(run, q.seed, q.columns, q.condition, settings)
    if q.across == "steps":
        cells = [samples(run, q.seed, 1, q.condition, {**settings, "steps": n}) for n in q.values]
        return np.concatenate(cells)
    place = [a.name for a in run.spec.attributes].index(q.across)
    base = list(q.condition or run.spec.any_labels)
    conditions = [(*base[:place], label, *base[place + 1 :]) for label in q.values]
    return np.concatenate([samples(run, q.seed, 1, condition, settings) for condition in conditions])


def _sweep_names(run: rs.RunState, q: rq.SweepGuidance) -> tuple[str, ...]:
    if q.across == "seed":
        return tuple(f"sample {i + 1}" for i in range(q.columns))
    if q.across == "steps":
        return tuple(f"{n} steps" for n in q.values)
    attribute = next((a for a in run.spec.attributes if a.name == q.across), None)
    if attribute is None:
        raise BadInput(f"There is no attribute {q.across!r:.60}.")
    return tuple("any" if label == attribute.any else attribute.values[label] for label in q.values)


def _answer_MeasureGuidance(run: rs.RunState, q: rq.MeasureGuidance) -> Iterator[Any]:
    scale = np.asarray(q.scales)
    for n in (q.n // 4, q.n // 2, q.n):
        error = np.full(len(scale), 0.4 / max(n, 1) ** 0.5)
        match = 1 - 0.4 * np.exp(-scale) if q.condition else np.full(len(scale), np.nan)
        columns = (
            match,
            np.exp(-0.08 * scale),
            0.03 + 0.02 * scale,
            0.7 + 0.25 * np.tanh(scale / 4),
            np.exp(-scale / 5),
        )
        match, variety, saturation, precision, recall = (np.stack([c, error], axis=1) for c in columns)
        done = (n,) * len(scale)
        real = {"match": 0.97, "saturation": 0.08, "precision": 0.9, "recall": 0.9}
        yield rs.GuidanceCost(q.scales, done, match, variety, saturation, precision, recall, real)


def _answer_BoundByTime(run: rs.RunState, q: rq.BoundByTime) -> Iterator[Any]:
    t = (np.arange(q.bins) + 0.5) / q.bins
    bits = 0.6 * np.exp(-5 * t)
    for n in (q.n // 4, q.n // 2, q.n):
        yield rs.BoundByTime(t, bits, 0.3 * bits / max(n, 1) ** 0.5, 0.002, 0.4, 0.402 + float(bits.sum()), n)
