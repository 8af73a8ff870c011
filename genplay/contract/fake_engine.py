"""An engine without torch, for tests of the window and for first drawings of it.

It answers every question of ``requests`` with small procedural pictures that depend smoothly on the latent code, and
"trains" by letting the pictures sharpen. All work is done inside ``drain``, one answer of each job a call, so a test
decides when anything happens.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from genplay.contract import card as cards
from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.capability import Capability
from genplay.contract.catalogue import Catalogue, DataInfo, FamilyInfo, Plot, Preset, ProbeInfo
from genplay.contract.errors import BadInput
from genplay.contract.knob import Knob
from genplay.contract.spec import Attribute, DataSpec, Kind

FACES = DataSpec(
    Kind.IMAGE,
    (3, 16, 16),
    (
        Attribute("hair colour", ("black", "brown", "red", "blond", "grey", "pink", "blue", "green")),
        Attribute("glasses", ("none", "clear", "dark")),
        Attribute("hat", ("no", "yes")),
    ),
)
RING = DataSpec(Kind.POINTS, (2,), (Attribute("mode", tuple(str(i) for i in range(8))),))
DIGITS = DataSpec(Kind.IMAGE, (1, 28, 28), (Attribute("digit", tuple(str(i) for i in range(10))),))

LATENT = 16
DARK_HAIR = [[38, 30, 34], [98, 60, 36], [190, 64, 38], [226, 188, 96]]
LIGHT_HAIR = [[150, 150, 158], [216, 96, 160], [64, 116, 200], [72, 150, 90]]
HAIR = np.array([*DARK_HAIR, *LIGHT_HAIR], dtype=np.float32)
GROUND = np.array([[208, 210, 250], [182, 227, 244], [255, 223, 191], [255, 213, 220], [192, 174, 222]], np.float32)
SHIRT = np.array([[90, 194, 224], [255, 112, 96], [124, 204, 150], [36, 62, 116]], np.float32)
SKIN = np.array([[255, 224, 196], [236, 190, 150], [194, 146, 96], [142, 92, 56]], np.float32)
VAE_CAPABILITIES = frozenset(
    {Capability.SAMPLE, Capability.ENCODE, Capability.DECODE, Capability.LOG_DENSITY},
)
GAN_CAPABILITIES = frozenset({Capability.SAMPLE, Capability.DECODE, Capability.CRITIC})
FILM_EVERY = 50


class FakeEngine:
    """Implements ``engine_api.Engine``. ``loading`` drains pass before the catalogue comes, as torch takes a while."""

    def __init__(self, loading: int = 0, steps_a_drain: int = 5, first_run: bool = True) -> None:
        self.submitted: list[object] = []
        self.closed = False
        self.runs: dict[str, rs.RunState] = {}
        self.trash: dict[str, rs.RunState] = {}
        self.jobs: dict[str, tuple[rq.Ask, Iterator[rs.Answer]]] = {}
        self._parts: dict[str, int] = {}  # of the training step that a run is in the middle of
        self._loading = loading
        self._steps = steps_a_drain
        self._queue: list[object] = []
        self._news: dict[str, list[Any]] = {}
        self._sent_catalogue = False
        if first_run:
            self._add(rs.RunState("faces", "Faces · VAE", "vae", "faces16", "Faces", FACES, "ready", step=12431))

    def submit(self, request: object) -> None:
        """Queue a request; it is served by the next ``drain``."""
        self.submitted.append(request)
        self._queue.append(request)

    def ring_with(self, ring: Callable[[], None] | None) -> None:
        """Answers are made while draining, so there is nobody to ring for."""

    def busy(self) -> bool:
        """Whether a question still waits for its last answer."""
        return bool(self.jobs) or any(isinstance(request, rq.Ask) for request in self._queue)

    def close(self, timeout: float = 10.0) -> bool:
        """Drop all work."""
        self.closed = True
        self.jobs.clear()
        return True

    def drain(self) -> rs.Update:
        """Serve what was submitted, train one slice, and report."""
        if self._loading > 0:
            self._loading -= 1
            return rs.Update(status=rs.EngineStatus("cpu", 1, 60.0, ready=False))
        queue, self._queue = self._queue, []
        for request in queue:
            self._serve(request)
        for run in list(self.runs.values()):
            if run.status == "training":
                self._advance(run, self._steps)
        answers = [answer for slot in list(self.jobs) if (answer := self._next(slot))]
        return self._report(answers)

    def _report(self, answers: list[rs.Answer]) -> rs.Update:
        news, self._news = self._news, {}
        first, self._sent_catalogue = not self._sent_catalogue, True
        latest = {run.run_id: run for run in news.get("runs", [])}
        return rs.Update(
            catalogue=catalogue() if first else None,
            status=rs.EngineStatus("cpu", 1, 412.0, ready=True) if first else None,
            runs=tuple(latest.values()),
            removed=tuple(news.get("removed", ())),
            curves=tuple(news.get("curves", ())),
            films=tuple(news.get("films", ())),
            answers=tuple(answers),
            failures=tuple(news.get("failures", ())),
            messages=tuple(news.get("messages", ())),
        )

    def _tell(self, what: str, news: object) -> None:
        self._news.setdefault(what, []).append(news)

    # ---- commands

    def _serve(self, request: object) -> None:
        if isinstance(request, rq.Ask):
            self.jobs[request.slot] = (request, self._answers(request))
        elif isinstance(request, rq.Cancel):
            self.jobs.pop(request.slot, None)
        else:
            serve = getattr(self, f"_on_{type(request).__name__}")
            serve(request)

    def _add(self, run: rs.RunState) -> None:
        from genplay.contract import fake_autoregressive, fake_chains, fake_diffusion, fake_gan, fake_text

        if run.spec.kind == Kind.TOKENS:
            self._introduce(fake_text.made(run))
            return
        if run.family in fake_diffusion.FAMILIES:
            self._add_diffusion(run)
            return
        if run.family in fake_autoregressive.FAMILIES:
            self._introduce(fake_autoregressive.made(run))
            return
        if run.family in fake_chains.FAMILIES:
            self._introduce(fake_chains.made(run))
            return
        family = run.family if run.family in ("vae", "gan") else "vae"
        knobs = {k.name: k.default for k in VAE_KNOBS if not k.kinds or run.spec.kind in k.kinds}
        knobs |= fake_gan.config() if fake_gan.plays(run) else {}
        training = {k.name: k.default for k in TRAINING_KNOBS}
        run = replace(
            run,
            config=knobs | run.config,
            training=training | run.training,
            capabilities=GAN_CAPABILITIES if family == "gan" else VAE_CAPABILITIES,
            latent_size=LATENT if run.spec.kind == Kind.IMAGE else 2,
            terms=_terms_of(run, run.step),
            vectors={"kl by dimension": kl_by_dimension()} if family == "vae" else {},
        )
        self._introduce(run)

    def _add_diffusion(self, run: rs.RunState) -> None:
        from genplay.contract import fake_diffusion

        training = {k.name: k.default for k in TRAINING_KNOBS} | run.training
        config = fake_diffusion.config() | run.config
        capabilities = fake_diffusion.CAPABILITIES
        if not run.spec.attributes or not config["conditional"]:
            capabilities = capabilities - {Capability.GUIDE}
        run = replace(run, config=config, training=training, capabilities=capabilities)
        self._introduce(replace(run, terms=_terms_of(run, run.step)))

    def _introduce(self, run: rs.RunState) -> None:
        self._put(run)
        self._film(run)
        steps = np.linspace(1, max(run.step, 2), 200).round()
        self._curve(run.run_id, steps)

    def _put(self, run: rs.RunState) -> None:
        self.runs[run.run_id] = run
        self._tell("runs", run)

    def _on_CreateRun(self, request: rq.CreateRun) -> None:
        source = catalogue().source(request.data)
        if source is None or source.spec is None:
            self._tell("failures", rs.Failure(f"There is no data set {request.data!r}.", run_id=request.run_id))
            return
        run = rs.RunState(
            request.run_id, request.name, request.family, request.data, source.title, source.spec, "paused"
        )
        self._add(replace(run, config=request.config, training=request.training, seed=request.seed))

    def _on_OpenCheckpoint(self, request: rq.OpenCheckpoint) -> None:
        try:
            card = cards.read(request.path)
        except BadInput as error:
            self._tell("failures", rs.Failure(str(error), run_id=request.run_id))
            return
        run = rs.RunState(
            request.run_id, card.name, card.family, card.data, card.data_title, card.spec, "ready", step=card.step
        )
        self._add(replace(run, path=request.path, digest=cards.digest(request.path)))

    def _on_Control(self, request: rq.Control) -> None:
        run = self.runs.get(request.run_id)
        if run is None:
            self._tell("failures", rs.Failure("This run no longer exists.", run_id=request.run_id))
        elif request.action == rq.Control.STEP:
            self._advance(run, 1)
        elif request.action == rq.Control.SUBSTEP:
            self._substep(run)
        elif request.action == rq.Control.RESTART:
            self._put(replace(run, step=0, epoch=0.0, terms=_terms_of(run, 0), digest=""))
            self._tell("films", rs.FilmFrame(run.run_id, 0, self._film_of(self.runs[run.run_id]), reset=True))
        else:
            playing = request.action == rq.Control.PLAY
            self._put(replace(run, status="training" if playing else "paused", rate=8420.0 if playing else 0.0))

    def _substep(self, run: rs.RunState) -> None:
        from genplay.contract import fake_gan

        done = self._parts.get(run.run_id, 0) if run.phase else 0
        after, whole = fake_gan.substep(run, done)
        self._parts[run.run_id] = done + 1
        self._put(after)
        if whole:
            self._advance(after, 1)

    def _on_Rewind(self, request: rq.Rewind) -> None:
        from genplay.contract import fake_gan

        self._put(fake_gan.rewound(self.runs[request.run_id], request.step))

    def _on_Pair(self, request: rq.Pair) -> None:
        for run_id, other in ((request.run_id, request.other_id), (request.other_id, request.run_id)):
            if run_id:
                self._free(self.runs[run_id].paired)
                self._put(replace(self.runs[run_id], paired=other if request.other_id else ""))

    def _free(self, run_id: str) -> None:
        if run_id in self.runs:
            self._put(replace(self.runs[run_id], paired=""))

    def _on_SetLive(self, request: rq.SetLive) -> None:
        run = self.runs[request.run_id]
        config = run.config | {k: v for k, v in request.values.items() if k in run.config}
        training = run.training | {k: v for k, v in request.values.items() if k in run.training}
        self._put(replace(run, config=config, training=training))

    def _on_ForkRun(self, request: rq.ForkRun) -> None:
        old = self.runs[request.run_id]
        step = 0 if request.fresh else old.step if request.step < 0 else request.step
        new = replace(old, run_id=request.new_id, name=request.name, step=step, status="paused")
        kept = tuple(s for s in old.snapshots if s <= step)
        new = replace(new, config=old.config | request.config, training=old.training | request.training)
        self._add(replace(new, notices=(), snapshots=kept, paired=""))

    def _on_RenameRun(self, request: rq.RenameRun) -> None:
        self._put(replace(self.runs[request.run_id], name=request.name))

    def _on_DeleteRun(self, request: rq.DeleteRun) -> None:
        self.trash[request.run_id] = self.runs.pop(request.run_id)
        self._tell("removed", request.run_id)

    def _on_RestoreRun(self, request: rq.RestoreRun) -> None:
        run = self.trash.pop(request.run_id)
        self._put(run)
        self._film(run)

    def _on_SaveRun(self, request: rq.SaveRun) -> None:
        run = self.runs[request.run_id]
        write_checkpoint(request.path, run.name, run.family, run.data, run.spec, run.step)
        self._put(replace(run, path=request.path))
        self._tell("messages", f"Saved {Path(request.path).name}.")

    def _on_SetDevice(self, request: rq.SetDevice) -> None:
        self._news["device"] = [request.device]

    # ---- training

    def _advance(self, run: rs.RunState, steps: int) -> None:
        from genplay.contract import fake_gan

        step = run.step + steps
        after = replace(run, step=step, epoch=step * 64 / 20000, terms=_terms_of(run, step), digest="")
        after = fake_gan.advanced(run, after) if fake_gan.plays(run) else after
        self._put(after)
        self._curve(run.run_id, np.arange(run.step + 1, step + 1))
        if step // FILM_EVERY > run.step // FILM_EVERY:
            self._film(after)

    def _curve(self, run_id: str, steps: np.ndarray) -> None:
        run = self.runs[run_id]
        names = tuple(_terms_of(run, 0))
        values = np.array([list(_terms_of(run, int(s)).values()) for s in steps], dtype=np.float32)
        self._tell("curves", rs.CurveBlock(run_id, names, np.asarray(steps), values))

    def _film(self, run: rs.RunState) -> None:
        self._tell("films", rs.FilmFrame(run.run_id, run.step, self._film_of(run)))

    def _film_of(self, run: rs.RunState) -> np.ndarray:
        from genplay.contract import fake_gan, fake_text

        if run.spec.kind == Kind.TOKENS:
            return fake_text.film(run)
        n = 9 if run.spec.kind == Kind.IMAGE else 400
        if fake_gan.plays(run):
            return fake_gan.generate(run, _normal(5, n, run.latent_size))
        return decode(run, _normal(5, n, run.latent_size))

    # ---- questions

    def _next(self, slot: str) -> rs.Answer | None:
        ask, answers = self.jobs[slot]
        try:
            answer = next(answers)
        except (BadInput, StopIteration) as error:
            self.jobs.pop(slot, None)
            if isinstance(error, BadInput):
                self._tell("failures", rs.Failure(str(error), slot, ask.run_id, ask.job))
            return None
        if answer.last:
            self.jobs.pop(slot, None)
        return answer

    def _answers(self, ask: rq.Ask) -> Iterator[rs.Answer]:
        run = self.runs.get(ask.run_id)
        if run is None and not isinstance(ask.question, rq.PreviewData | rq.DownloadData):
            raise BadInput("This run no longer exists.")
        answer = _answerer(run, ask.question)
        if answer is None:
            raise BadInput(f"This engine does not answer {type(ask.question).__name__}.")
        values = list(answer(run, ask.question))
        for index, value in enumerate(values):
            last = index == len(values) - 1
            step, digest = (run.step, run.digest) if run else (0, "")
            progress = (index + 1) / len(values) if len(values) > 1 else None
            kept = isinstance(value, rs.Frame) or (isinstance(value, rs.Walk) and not last)
            yield rs.Answer(ask.job, ask.slot, ask.run_id, step, value, progress, last, digest, kept)


def _answerer(run: rs.RunState | None, question: rq.Question) -> Callable[..., Iterator[Any]] | None:
    """What answers a question for a run of some family."""
    from genplay.contract import (
        fake_autoregressive,
        fake_chains,
        fake_density,
        fake_diffusion,
        fake_gan,
        fake_judge,
        fake_text,
    )

    if run is not None and run.spec.kind == Kind.TOKENS and fake_text.answers(question):
        return fake_text.answers(question)
    if run is not None and fake_chains.answers(question):
        return fake_chains.answers(question)
    if run is not None and fake_density.answers(question):
        return fake_density.answers(question)
    if run is not None and run.family in fake_autoregressive.FAMILIES and fake_autoregressive.answers(question):
        return fake_autoregressive.answers(question)
    if run is not None and fake_gan.plays(run):
        return fake_gan.answers(question) or globals().get(f"_answer_{type(question).__name__}")
    if run is not None and run.family in fake_diffusion.FAMILIES:
        return fake_diffusion.answers(question) or globals().get(f"_answer_{type(question).__name__}")
    return globals().get(f"_answer_{type(question).__name__}") or fake_judge.answers(question)


# ---- what the answers are made of ---------------------------------------------------------------------------------


def decode(run: rs.RunState, z: np.ndarray, condition: tuple[int, ...] = ()) -> np.ndarray:
    """Codes (N, D) as pictures uint8 (N, H, W, C) or points (N, 2), the sharper the longer the run was trained."""
    z = np.asarray(z, dtype=np.float32)
    if run.spec.kind == Kind.POINTS:
        return ring_points(z)
    channels, height, _ = run.spec.shape
    pictures = faces(z, condition if run.spec is FACES else ())
    blur = np.float32(np.exp(-(run.step + 1) / 150))
    pictures = pictures * (1 - blur) + pictures.mean(axis=(0, 1, 2)) * blur
    if channels == 1:
        pictures = 255 - pictures.mean(axis=-1, keepdims=True)
    if height != 16:
        index = np.arange(height) * 16 // height
        pictures = pictures[:, index][:, :, index]
    return np.ascontiguousarray(pictures.clip(0, 255).astype(np.uint8))


def faces(z: np.ndarray, condition: tuple[int, ...] = ()) -> np.ndarray:
    """Pixel faces (N, 16, 16, 3) float32 that vary smoothly with z (N, D)."""
    n = len(z)
    code = np.zeros((n, LATENT), np.float32)
    code[:, : min(LATENT, z.shape[1])] = z[:, :LATENT]
    y, x = (axis.astype(np.float32) for axis in np.mgrid[0:16, 0:16])
    x = np.abs(x - 7.5)
    hair = _blend(HAIR, code[:, 2]) if not condition or condition[0] >= 8 else np.repeat(HAIR[condition[:1]], n, 0)
    picture = np.repeat(_blend(GROUND, code[:, 0])[:, None, None], 256, axis=1).reshape(n, 16, 16, 3)

    def paint(mask: np.ndarray, tint: np.ndarray) -> None:
        weight = np.broadcast_to(mask.clip(0, 1), (n, 16, 16))[..., None]
        picture[:] = picture * (1 - weight) + tint.reshape(-1, 1, 1, 3) * weight

    def each(values: np.ndarray) -> np.ndarray:
        return values[:, None, None]

    skin, shirt = _blend(SKIN, code[:, 1]), _blend(SHIRT, code[:, 5])
    length = each(9 + 2.5 * code[:, 3])
    paint((6.4 + 0.3 * each(code[:, 7]) - x) * (y > 2) * (length - y).clip(0, 1), hair)
    paint((7 - x) * (y >= 13), shirt)
    paint((2.2 - x) * (y >= 11), skin * 0.86)
    paint((5.1 + 0.3 * each(code[:, 6]) - x) * (y >= 4) * (y <= 11), skin)
    paint((6 - x) * (y >= 7) * (y <= 8), skin)
    paint((5.6 - x) * (y >= 2) * (each(4.4 + 0.7 * code[:, 8]) - y), hair)
    paint((x >= 2) * (x < 4) * (y == 7), np.array([250.0, 250.0, 255.0], np.float32))
    paint((x >= 2) * (x < 3) * (y == 7), np.array([40.0, 50.0, 80.0], np.float32))
    paint((each(1.6 + 0.8 * code[:, 4]) - x + 0.5) * (y == 10), np.array([205.0, 92.0, 92.0], np.float32))
    dark = each(1 / (1 + np.exp(-3 * (code[:, 9] - 1)))) if not condition or condition[1] > 2 else condition[1] / 2
    paint(np.asarray(dark) * (x >= 1) * (x < 5) * (y >= 6) * (y <= 7), np.array([44.0, 52.0, 66.0], np.float32))
    hat = each(1 / (1 + np.exp(-3 * (code[:, 10] - 1)))) if not condition or condition[2] > 1 else condition[2]
    paint(np.asarray(hat) * ((x < 6) * (y == 3) + (x < 4) * (y <= 3)), np.array([88.0, 70.0, 150.0], np.float32))
    return picture


def ring_points(z: np.ndarray) -> np.ndarray:
    """Points (N, 2) near a ring of eight spots, from codes (N, D)."""
    angle = np.arctan2(z[:, 1], z[:, 0])
    snapped = np.round(angle / (np.pi / 4)) * (np.pi / 4)
    angle = snapped + 0.18 * (angle - snapped)
    radius = 0.7 + 0.05 * (np.hypot(z[:, 0], z[:, 1]) - 1.25)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype(np.float32)


def kl_by_dimension() -> np.ndarray:
    """Nats of each latent dimension (16,), some of them inactive."""
    kl = 3.1 * np.exp(-np.arange(LATENT) / 4.5)
    return np.where(np.arange(LATENT) < 12, kl, 0.01).astype(np.float32)


def _blend(colours: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Colours (N, 3) along a palette (K, 3) at normal deviates u (N,)."""
    place = (1 / (1 + np.exp(-1.6 * u))) * (len(colours) - 1)
    low = np.clip(np.floor(place).astype(int), 0, len(colours) - 2)
    share = np.clip((place - low - 0.35) / 0.3, 0, 1)[:, None]
    return colours[low] * (1 - share) + colours[low + 1] * share


def _normal(seed: int, n: int, d: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, max(d, 2)), dtype=np.float32)


def _labels(run: rs.RunState, n: int, condition: tuple[int, ...] = ()) -> np.ndarray:
    given = condition or run.spec.any_labels
    return np.tile(np.asarray(given, dtype=np.int64), (n, 1))


@lru_cache(maxsize=32)
def _data(spec: DataSpec, seed: int, n: int, step: int = 10**6) -> tuple[np.ndarray, np.ndarray]:
    """Pictures or points of a made-up data set, and their labels."""
    run = rs.RunState("", "", "vae", "", "", spec, "ready", step=step)
    generator = np.random.default_rng(seed)
    z = generator.standard_normal((n, LATENT), dtype=np.float32)
    labels = np.stack([generator.integers(0, len(a.values), n) for a in spec.attributes], axis=1)
    x, labels = decode(run, z), labels.astype(np.int64)
    for array in (x, labels):
        array.flags.writeable = False  # it is handed out again
    return x, labels


def _answer_DrawSamples(run: rs.RunState, q: rq.DrawSamples) -> Iterator[Any]:
    z = _normal(q.seed, q.n, run.latent_size) * np.float32(q.config.get("temperature", 1.0))
    yield rs.Samples(decode(run, z, q.condition), z, _labels(run, q.n, q.condition))


def _answer_Trajectory(run: rs.RunState, q: rq.Trajectory) -> Iterator[Any]:
    z = _normal(q.seed, q.n, run.latent_size)
    frames = [rs.Frame(i, 8, 1 - i / 8, decode(run, z * np.float32(i / 8), q.condition)) for i in range(9)]
    yield from frames
    yield rs.Tape(tuple(frames))


def _answer_FindNearest(run: rs.RunState, q: rq.FindNearest) -> Iterator[Any]:
    x, _ = _data(run.spec, 1, 256)
    gap = ((x.astype(np.float32) - np.asarray(q.x, np.float32)) ** 2).reshape(len(x), -1).mean(axis=1) ** 0.5
    index = np.argsort(gap)[: q.k]
    scale = 1.0 if run.spec.kind == Kind.POINTS else 127.5
    yield rs.Neighbours(x[index], index.astype(np.int64), gap[index] / scale)


def _answer_Decode(run: rs.RunState, q: rq.Decode) -> Iterator[Any]:
    if q.z.ndim != 2 or q.z.shape[1] != run.latent_size:
        raise BadInput(f"This model decodes codes of {run.latent_size} numbers.")
    yield rs.Decoded(decode(run, q.z, q.condition), q.z)


def _answer_Encode(run: rs.RunState, q: rq.Encode) -> Iterator[Any]:
    given = np.asarray(q.x, dtype=np.float32)
    mu = np.resize(np.sin(given.mean(axis=-1).ravel()[:: max(1, given.size // 64)] / 40), run.latent_size)
    mu = mu.astype(np.float32)
    sigma = np.linspace(0.2, 1.0, run.latent_size, dtype=np.float32)
    spread = mu + sigma * _normal(q.seed, q.spread, run.latent_size)[:, : run.latent_size]
    reconstruction = decode(run, mu[None], q.condition)
    if run.spec.kind == Kind.POINTS:
        error = np.linalg.norm(reconstruction - given, axis=-1)
        yield rs.Encoded(given[None], mu, sigma, reconstruction, error, decode(run, spread))
        return
    rows, columns = (np.arange(16) * side // 16 for side in given.shape[:2])
    seen = given[rows][:, columns] if run.spec.shape[1] == 16 else reconstruction[0].astype(np.float32)
    error = np.abs(seen - reconstruction[0]).mean(axis=-1) / 255
    x = np.ascontiguousarray(seen[None].astype(np.uint8))
    yield rs.Encoded(x, mu, sigma, reconstruction, error, decode(run, spread, q.condition))


def _answer_MapLatent(run: rs.RunState, q: rq.MapLatent) -> Iterator[Any]:
    x, labels = _data(run.spec, q.seed, q.n)
    d = run.latent_size
    codes = np.random.default_rng(q.seed).standard_normal((q.n, max(d, LATENT)), dtype=np.float32)[:, :d]
    codes = codes + 0.35 * (labels[:, :1] - labels[:, :1].mean()) * np.eye(1, d, dtype=np.float32)
    mean = codes.mean(axis=0)
    _, spread, components = np.linalg.svd(codes - mean, full_matrices=False)
    names = {f"{a.name}: {v}": (i, j) for i, a in enumerate(run.spec.attributes) for j, v in enumerate(a.values)}
    directions = {
        name: (codes[labels[:, i] == j].mean(axis=0) - mean).astype(np.float32)
        for name, (i, j) in names.items()
        if (labels[:, i] == j).any()
    }
    explained = (spread**2 / (spread**2).sum()).astype(np.float32)
    codes = codes.astype(np.float32)
    kl = kl_by_dimension()[:d]
    yield rs.LatentMap(codes, labels, x, kl, mean, components.astype(np.float32), explained, directions)


def _answer_DecodePath(run: rs.RunState, q: rq.DecodePath) -> Iterator[Any]:
    keys = np.asarray(q.keyframes, dtype=np.float32)
    keys = np.concatenate([keys, keys[:1]]) if q.closed else keys
    place = np.linspace(0, len(keys) - 1, q.frames)
    low = np.clip(place.astype(int), 0, max(len(keys) - 2, 0))
    share = (place - low).astype(np.float32)[:, None]
    z = keys[low] * (1 - share) + keys[np.minimum(low + 1, len(keys) - 1)] * share
    yield rs.Decoded(decode(run, z, q.condition), z)


def _answer_Traverse(run: rs.RunState, q: rq.Traverse) -> Iterator[Any]:
    dims = q.dims or tuple(range(run.latent_size))
    z = np.repeat(np.asarray(q.z, dtype=np.float32)[None], len(dims) * len(q.values), axis=0)
    for row, dim in enumerate(dims):
        z[row * len(q.values) : (row + 1) * len(q.values), dim] = q.values
    yield rs.Decoded(decode(run, z, q.condition), z)


def _answer_EstimateLikelihood(run: rs.RunState, q: rq.EstimateLikelihood) -> Iterator[Any]:
    for n in (q.n // 4, q.n // 2, q.n):
        nats = -41.8 + 2 / max(n, 1)
        bits = -nats / run.spec.size / 0.6931
        yield rs.Likelihood("bound", nats, 8 / max(n, 1) ** 0.5, bits, n, nats - 1.4, q.importance_samples)


def _answer_PreviewData(run: rs.RunState | None, q: rq.PreviewData) -> Iterator[Any]:
    from genplay.contract import fake_text

    source = catalogue().source(q.data)
    if source is not None and source in fake_text.sources():
        yield fake_text.preview(q, source)
        return
    if source is None or (source.spec is None and not q.options.get("path")):
        raise BadInput("Choose a folder of pictures first.")
    if source.name == "mnist":
        raise BadInput("MNIST has not been downloaded yet.")
    spec = source.spec or FACES
    x, labels = _data(spec, q.seed + 3, q.n)
    generator = np.random.default_rng(0)
    counts = tuple(tuple(int(c) for c in generator.integers(400, 4000, len(a.values))) for a in spec.attributes)
    grid = None
    if spec.kind == Kind.POINTS:
        axis = np.linspace(-1, 1, 48)
        grid = -((np.hypot(*np.meshgrid(axis, axis)) - 0.7) ** 2).astype(np.float32) * 20
    skipped = ("broken.png: it is not a picture",) if source.name == "folder" else ()
    yield rs.DataPreview(x, labels, spec, 20000, 4000, counts, skipped, grid)


def _answer_DownloadData(run: rs.RunState | None, q: rq.DownloadData) -> Iterator[Any]:
    source = catalogue().source(q.data)
    if source is None:
        raise BadInput(f"There is no data set {q.data!r}.")
    for part in range(1, 21):
        yield rs.Downloaded(source.download_bytes * part // 20, source.download_bytes)


def _terms_of(run: rs.RunState, step: int) -> dict[str, float]:
    from genplay.contract import fake_autoregressive, fake_chains, fake_diffusion, fake_gan, fake_text

    if run.spec.kind == Kind.TOKENS:
        return fake_text.terms(step)
    if fake_gan.plays(run):
        return fake_gan.terms(step)
    if run.family in fake_chains.FAMILIES:
        return fake_chains.terms(step)
    if run.family in fake_autoregressive.FAMILIES:
        return fake_autoregressive.terms(step)
    return fake_diffusion.terms(step) if run.family in fake_diffusion.FAMILIES else _terms(step)


def _terms(step: int) -> dict[str, float]:
    wobble = float(np.sin(step * 1.7) + np.sin(step * 0.31)) * 0.4
    reconstruction = 28.0 + 120 * float(np.exp(-step / 900)) + wobble
    kl = 12.0 * (1 - float(np.exp(-step / 600))) + 0.2 * wobble
    return {
        "elbo": -(reconstruction + kl),
        "reconstruction": reconstruction,
        "kl": kl,
        "active units": float(round(12 * (1 - float(np.exp(-step / 400))))),
        "gradient norm": 1.2 + 6 * float(np.exp(-step / 300)) + 0.1 * wobble,
    }


# ---- what it offers -----------------------------------------------------------------------------------------------

VAE_KNOBS = (
    Knob("latent", LATENT, "latent size", "numbers in a latent code", low=2, high=64),
    Knob("beta", 1.0, "β (KL weight)", "weight of the KL term", low=0.01, high=20.0, scale="log", live=True),
    Knob("free_bits", 0.0, "free bits", "KL below this costs nothing", low=0.0, high=2.0, unit="nats", live=True),
    Knob("warmup", "linear", "KL warm-up", "how the KL weight grows", choices=("none", "linear", "cyclical")),
    Knob(
        "warmup_steps",
        1000,
        "warm-up length",
        "steps until the full KL weight",
        low=0,
        high=20000,
        unit="steps",
        shown_if=("warmup", ("linear", "cyclical")),
    ),
    Knob("network", "conv", "network", "kind of network", choices=("conv", "mlp"), kinds=(Kind.IMAGE,)),
    Knob("learned_variance", True, "learn the variance", "one output variance for all pixels", live=False),
)
TRAINING_KNOBS = (
    Knob("rate", 1e-3, "learning rate", "step size of Adam", low=1e-5, high=1e-1, scale="log", live=True),
    Knob("batch", 64, "batch size", "examples a step", low=8, high=512, scale="log"),
    Knob("clip", True, "clip gradients", "to a norm of 1", live=True),
)
SAMPLE_KNOBS = (Knob("temperature", 1.0, "temperature", "scale of the latent noise", low=0.0, high=2.0),)


def catalogue() -> Catalogue:
    """Four families, four data sources and one probe a question."""
    from genplay.contract import fake_gan

    both = (Kind.POINTS, Kind.IMAGE)
    plots = (
        Plot("ELBO terms", ("elbo", "reconstruction", "kl"), "nats"),
        Plot("active units", ("active units",), "dimensions"),
        Plot("gradient norm", ("gradient norm",)),
    )
    presets = (
        Preset("balanced", "Balanced", "a good start", {"beta": 1.0}, {"rate": 1e-3}),
        Preset("sharp", "Sharper", "less KL weight, sharper pictures", {"beta": 0.3}, {"rate": 2e-3}),
    )
    summary = "Learns to encode pictures as codes and to decode codes as pictures."
    vae = FamilyInfo(
        "vae",
        "VAE",
        summary,
        "#56B4E9",
        both,
        VAE_KNOBS,
        TRAINING_KNOBS,
        SAMPLE_KNOBS,
        presets,
        plots,
        VAE_CAPABILITIES,
    )
    gan = replace(vae, name="gan", title="GAN", summary="Two networks in a contest.", colour="#E69F00")
    own = tuple(replace(knob, kinds=(Kind.POINTS,)) for knob in fake_gan.KNOBS)
    gan = replace(gan, capabilities=GAN_CAPABILITIES, knobs=(*VAE_KNOBS[:1], *own), presets=presets[:1])
    gan = replace(gan, remedies=fake_gan.REMEDIES, plots=(*plots[:2], *fake_gan.PLOTS))
    ring = (
        Knob("modes", 8, "modes", "how many Gaussians", low=2, high=16),
        Knob("width", 0.05, "width", "standard deviation of each", low=0.01, high=0.3),
    )
    folder = (
        Knob("path", "", "folder", "a folder of pictures"),
        Knob("size", "32", "size", "pixels a side", choices=("16", "28", "32", "64")),
    )
    data = (
        DataInfo("faces16", "Faces", "Pixel faces, 16 x 16, with nine attributes.", "bundled", "CC0 1.0", FACES),
        DataInfo("ring", "Ring of Gaussians", "Points around a circle.", "procedural", "", RING, ring),
        DataInfo("folder", "Image folder", "Your own pictures.", "yours", "yours", None, folder, ready=False),
        DataInfo(
            "mnist",
            "MNIST",
            "Handwritten digits.",
            "download",
            "CC BY-SA 3.0",
            DIGITS,
            ready=False,
            download_bytes=11_594_722,
        ),
    )
    probes = tuple(ProbeInfo(name, frozenset(), both) for name in rq.Question.known)
    from genplay.contract import fake_autoregressive, fake_chains, fake_diffusion, fake_text

    others = (fake_autoregressive.family(), fake_text.family(), fake_chains.family())
    families = (vae, gan, *fake_diffusion.families(), *others)
    return Catalogue(families, (*data, *fake_text.sources()), probes, ("auto", "cpu"))


# ---- checkpoint files without weights -----------------------------------------------------------------------------


def write_checkpoint(
    path: str | Path, name: str, family: str = "vae", data: str = "faces16", spec: DataSpec = FACES, step: int = 9000
) -> None:
    """Write a file whose header is that of a checkpoint, with a preview and one small tensor."""
    card = cards.Card(
        family, name, spec, {}, {}, data, step=step, preview=preview_png(spec), data_title=data, made_with="fake engine"
    )
    header = {
        "__metadata__": {"genplay": card.to_json()},
        "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
    }
    text = json.dumps(header).encode()
    Path(path).write_bytes(len(text).to_bytes(8, "little") + text + bytes(4))


def preview_png(spec: DataSpec) -> str:
    """Nine samples as a 3x3 PNG, base64."""
    from PIL import Image

    if spec.kind == Kind.POINTS:
        canvas = np.zeros((48, 48), np.uint8)
        columns, rows = ((ring_points(_normal(5, 400, 2)) * 0.5 + 0.5) * 47).astype(int).T
        canvas[rows, columns] = 255
        picture = canvas
    else:
        run = rs.RunState("", "", "vae", "", "", spec, "ready", step=9000)
        nine = decode(run, _normal(7, 9, LATENT))
        side = nine.shape[1]
        picture = nine.reshape(3, 3, side, side, -1).transpose(0, 2, 1, 3, 4).reshape(3 * side, 3 * side, -1).squeeze()
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
