"""Tapes: every frame of a sampling, what is drawn of each, and what remembers them within a cap of memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from genplay.contract.requests import Trajectory
from genplay.contract.results import Frame

if TYPE_CHECKING:
    import numpy as np

CAP = 256 << 20  # bytes of all tapes together
KEPT = ("x_t", "x_0", "eps", "z_t", "z_0", "entropy")  # what of a frame's extras is remembered
BITS_RANGE = 6.0  # bits of entropy a place that are drawn as the brightest colour
NOISE_RANGE = 2.5  # predicted noise beyond so many standard deviations is drawn as the ends of the scale


@dataclass(frozen=True, eq=False)
class Shot:
    """One frame with what is drawn of it, made once when it arrives: uint8 (N, H, W, C) or points (N, 2) by name."""

    frame: Frame
    drawn: dict[str, np.ndarray]

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return sum({id(a): a.nbytes for a in (*self.frame.extras.values(), *self.drawn.values())}.values())


@dataclass(frozen=True, eq=False)
class Fresh:
    """What a branch with fresh noise begins from: the prediction ``x_0`` (N, ...) of a frame, noised anew."""

    x_0: np.ndarray
    alpha: float
    sigma: float

    def state(self, seed: int) -> np.ndarray:
        """x_t = alpha x_0 + sigma eps, float32 (N, ...), eps drawn by the seed."""
        import numpy as np

        eps = np.random.default_rng(seed).standard_normal(self.x_0.shape, np.float32)
        return np.asarray(self.alpha * self.x_0 + self.sigma * eps, np.float32)


@dataclass(eq=False)
class Take:
    """One sampling of a tape: the question, its frames so far, and the weights that made them."""

    question: Trajectory
    shots: list[Shot] = field(default_factory=list)
    step: int = 0
    digest: str = ""
    complete: bool = False
    every: int = 1  # one of so many frames is kept
    begun: float = field(default_factory=perf_counter)
    final: np.ndarray | None = None  # the samples (N, ...) as drawn, kept when the frames are let go

    @property
    def bytes(self) -> int:
        """Memory of its frames."""
        return len(self.shots) * self.shots[0].bytes if self.shots else 0

    def add(self, frame: Frame) -> None:
        """The next frame."""
        if self.shots and frame.index <= self.shots[-1].frame.index:
            return
        if frame.index % self.every and frame.index != frame.count:
            return
        self.shots.append(shot_of(frame))
        self.final = self.shots[-1].drawn["x_t"]

    def finish(self, frames: Sequence[Frame]) -> None:
        """The whole tape has come: take in what is missing of it."""
        if frames and (not self.shots or self.shots[-1].frame.index != frames[-1].index):
            known = {shot.frame.index for shot in self.shots}
            self.shots += [shot_of(f) for f in frames if f.index not in known]
            self.shots.sort(key=lambda shot: shot.frame.index)
        if self.shots:
            self.final = self.shots[-1].drawn["x_t"]
        self.complete = True

    def thin(self) -> None:
        """Let go of every other frame, but never of the first and the last."""
        self.every *= 2
        last = len(self.shots) - 1
        self.shots = [s for i, s in enumerate(self.shots) if i in (0, last) or s.frame.index % self.every == 0]

    def forget(self) -> None:
        """Let go of all frames; the final samples stay."""
        self.shots = []
        self.complete = False


@dataclass(eq=False)
class Tape:
    """A branch: what is asked for it, the take on show and, while it is sampled anew, the take that will replace it.

    ``parent`` is the tape it forked from at its frame ``fork`` (-1 for a root); ``title`` says how it was started, ""
    for pure noise or a branch.
    """

    id: int
    wanted: Trajectory
    title: str = ""
    parent: int = -1
    fork: int = -1
    fresh: Fresh | None = None  # its noise at the fork is drawn anew by the seed
    take: Take | None = None
    coming: Take | None = None
    awaited: Take | None = None  # the one of these two whose frames are still to come
    refused: Trajectory | None = None  # what could not be sampled, or was given up
    shown: float = 0.0  # when it was last on show

    @property
    def slot(self) -> str:
        """The slot of its question."""
        return f"tape{self.id}"

    @property
    def shots(self) -> list[Shot]:
        """The frames on show."""
        return self.take.shots if self.take else []

    @property
    def final(self) -> np.ndarray | None:
        """Its samples, or the last state so far, as drawn."""
        return self.take.final if self.take else None

    @property
    def bytes(self) -> int:
        """Memory of its frames."""
        return sum(take.bytes for take in (self.take, self.coming) if take)

    @property
    def under_way(self) -> bool:
        """Whether it is being sampled."""
        return self.awaited is not None

    def fresh_for(self, wanted: Trajectory) -> bool:
        """Whether its frames, or those that are coming, are the answer to a question."""
        made = self.coming or self.take
        fresh = made is not None and (made.complete or made is self.awaited)
        return fresh and same_question(made.question, wanted)  # type: ignore[union-attr]

    def leave_off(self) -> None:
        """Its question is no longer under way."""
        self.coming = self.awaited = None

    def refuses(self, wanted: Trajectory) -> bool:
        """Whether the question has failed before, or was given up."""
        return self.refused is not None and same_question(self.refused, wanted)


def same_question(a: Trajectory, b: Trajectory) -> bool:
    """Whether two questions have the same answer."""
    plain = a.n, a.condition, a.config, a.start, a.seed
    if plain != (b.n, b.condition, b.config, b.start, b.seed):
        return False
    return all(_same(x, y) for x, y in ((a.state, b.state), (a.source, b.source), (a.mask, b.mask)))


def _same(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    import numpy as np

    return a is b or (a is not None and b is not None and np.array_equal(a, b))


def shot_of(frame: Frame) -> Shot:
    """A frame with what is drawn of it."""
    extras = {name: value for name, value in frame.extras.items() if name in KEPT}
    kept = Frame(frame.index, frame.count, frame.t, frame.x, extras, frame.facts)
    drawn = {"x_t": frame.x}
    if frame.x.dtype.kind == "u":
        drawn |= {
            name: as_pixels(extras[name], span) for name, span in (("x_0", 1.0), ("eps", NOISE_RANGE)) if name in extras
        }
        if "entropy" in extras:
            drawn["entropy"] = as_heat(extras["entropy"])
    else:
        drawn |= {name: extras[name] for name in ("x_0", "eps") if name in extras}
    return Shot(kept, drawn)


def as_pixels(x: np.ndarray, span: float = 1.0) -> np.ndarray:
    """Numbers in [-span, span] as bytes uint8 of the same shape; beyond they are clipped."""
    import numpy as np

    return np.clip(np.rint((x / span + 1) * 127.5), 0, 255).astype(np.uint8)


def as_heat(bits: np.ndarray) -> np.ndarray:
    """Entropies (N, H, W) as colours uint8 (N, H, W, 3): dark where the model is sure, bright where it is not."""
    from genplay.ui.views.heatmap import colours

    return colours(bits, 0.0, BITS_RANGE)


def nearest(shots: Sequence[Shot], t: float) -> int:
    """The frame whose time is nearest to ``t`` (the later one of equals)."""
    return min(range(len(shots)), key=lambda i: (abs(shots[i].frame.t - t), -i)) if shots else -1


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Root mean square between two sets of samples as drawn, data in [-1, 1]; NaN where they cannot be compared.

    Of texts the share of characters that differ.
    """
    import numpy as np

    if a.shape != b.shape:
        return float("nan")
    if a.dtype.kind == "i":
        return float((a != b).sum() / max(1, ((a > 0) | (b > 0)).sum()))
    scale = 127.5 if a.dtype == np.uint8 else 1.0
    return float(np.sqrt(np.mean(np.square((a.astype(np.float32) - b.astype(np.float32)) / scale))))


def keep_within(tapes: Iterable[Tape], on_show: Tape | None, cap: int = CAP) -> list[Tape]:
    """Let go of frames, those longest out of sight first and never the tape on show, until all take at most ``cap``.

    A tape on show that is too large by itself loses every other frame. Returns the tapes that lost all.
    """
    all_ = sorted(tapes, key=lambda tape: tape.shown)
    lost: list[Tape] = []
    for tape in all_:
        if sum(t.bytes for t in all_) <= cap:
            return lost
        if tape is not on_show and tape.take is not None and tape.take.shots:
            tape.take.forget()
            lost.append(tape)
    if on_show is not None:
        for take in (on_show.take, on_show.coming):
            while take is not None and take.bytes > cap and len(take.shots) > 3:
                take.thin()
    return lost
