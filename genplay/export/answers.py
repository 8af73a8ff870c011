"""What of an answer goes into a file: the data that pictures are drawn from, and named arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from genplay.contract.errors import BadInput
from genplay.contract.results import Corrupted, Duel, Encoded, Frame, Tape, Walk

MOST_STEPS = 240  # of a walk that an animation shows
SPANS = {"x_0": 1.0, "eps": 2.5}  # numbers at the ends of the scale on which what a model predicts is drawn


def drawable(answer: Any, what: str = "grid", options: Mapping[str, Any] | None = None) -> np.ndarray:
    """The ``x`` for ``genplay.export.encode``: pictures, points or tokens of any answer that has such.

    A tape gives all its frames (F, N, ...) for an animation, a contact sheet where the export ``options`` name a number
    of ``steps``, and else one ``frame``; a walk likewise, of a long one evenly chosen steps for the animation; a duel
    its reference and then its contenders; an encoding its reconstruction. Raises ``BadInput``.
    """
    if isinstance(answer, Tape) and answer.frames:
        return _of_tape(answer, what, options or {})
    if isinstance(answer, Walk):
        return _of_walk(answer, what, options or {})
    if isinstance(answer, Duel):
        return np.concatenate([answer.reference, *answer.x])
    if isinstance(answer, Corrupted) and what != "animation":
        return answer.x.reshape(-1, *answer.x.shape[2:])
    x = answer.reconstruction if isinstance(answer, Encoded) else getattr(answer, "x", None)
    if not isinstance(x, np.ndarray):
        raise BadInput("This answer holds nothing that could be drawn.")
    return x


def named_arrays(answer: Any, names: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """Every array of an answer by name, or those that ``names`` lists; its data is called ``images`` or the like.

    A tape gives ``frames`` (F, N, ...), their times ``t`` (F,), and all that is known of each frame, an array (F, ...)
    a name, NaN where a frame lacks it. Raises ``BadInput`` where there is no array of that name, or none at all.
    """
    arrays = _arrays_of_tape(answer) if isinstance(answer, Tape) and answer.frames else _arrays_of(answer)
    if isinstance(answer, Walk):
        arrays = {"frames": answer.x} | {n: v for n, v in arrays.items() if n not in ("state", data_name(answer.x))}
    for name in names:
        if name not in arrays:
            raise BadInput(f"This answer holds no array {name!r:.60}; it has {', '.join(arrays)}.")
    return {name: arrays[name] for name in names} if names else arrays


def data_name(x: np.ndarray) -> str:
    """What an npz file calls data of this type."""
    return {"u": "images", "f": "points"}.get(x.dtype.kind, "tokens")


def evenly(count: int, steps: int) -> list[int]:
    """At most ``steps`` of ``count`` frames, evenly chosen, the first and the last among them.

    >>> evenly(21, 5), evenly(3, 8)
    ([0, 5, 10, 15, 20], [0, 1, 2])
    """
    return np.unique(np.linspace(0, count - 1, min(steps, count)).round().astype(int)).tolist()


def steps_shown(count: int) -> list[int]:
    """Which of ``count`` states of a walk an animation shows."""
    return evenly(count, MOST_STEPS)


def shown(frame: Frame, of: str = "x") -> np.ndarray:
    """What a frame shows: its state ``x``, or a prediction, pictures as bytes. Raises ``BadInput`` if it has none."""
    if of == "x":
        return frame.x
    if of not in frame.extras or of not in SPANS:
        raise BadInput(f"These frames have no {of!r:.60} to show.")
    values = frame.extras[of]
    if frame.x.dtype != np.uint8:
        return values
    return np.clip(np.rint((values / SPANS[of] + 1) * 127.5), 0, 255).astype(np.uint8)


def _of_tape(tape: Tape, what: str, options: Mapping[str, Any]) -> np.ndarray:
    of, steps, frame = options.get("of", "x"), options.get("steps", 0), options.get("frame", -1)
    if what in ("animation", "arrays"):
        return np.stack([shown(f, of) for f in tape.frames])
    if steps:
        return _sheet([shown(tape.frames[i], of) for i in evenly(len(tape.frames), steps)])
    if not -1 <= frame < len(tape.frames):
        raise BadInput(f"There is no frame {frame}; the last one is {len(tape.frames) - 1}.")
    return shown(tape.frames[frame], of)


def _of_walk(walk: Walk, what: str, options: Mapping[str, Any]) -> np.ndarray:
    if what in ("animation", "arrays"):
        return walk.x[steps_shown(len(walk.x))]
    frame = options.get("frame", -1)
    if not -1 <= frame < len(walk.x):
        raise BadInput(f"There is no step {frame}; the last one is {len(walk.x) - 1}.")
    return walk.x[frame]


def _sheet(chosen: list[np.ndarray]) -> np.ndarray:
    """Pictures (N, H, W, C) of some steps as a row a sample and a column a step, (N * steps, H, W, C)."""
    if chosen[0].dtype != np.uint8:
        raise BadInput("A contact sheet shows pictures; save points as an animation.")
    return np.stack(chosen, axis=1).reshape(-1, *chosen[0].shape[1:])


def _arrays_of_tape(tape: Tape) -> dict[str, np.ndarray]:
    arrays = {"frames": np.stack([f.x for f in tape.frames]), "t": np.array([f.t for f in tape.frames])}
    for name in sorted({name for f in tape.frames for name in f.extras}):
        known = [f.extras.get(name) for f in tape.frames]
        like = next(value for value in known if value is not None)
        arrays[name] = np.stack([np.full_like(like, np.nan) if value is None else value for value in known])
    for name in sorted({name for f in tape.frames for name in f.facts} - set(arrays)):
        arrays[name] = np.array([f.facts.get(name, np.nan) for f in tape.frames])
    return arrays


def _arrays_of(answer: Any) -> dict[str, np.ndarray]:
    held = {f.name: getattr(answer, f.name) for f in fields(answer)}
    arrays = {name: value for name, value in held.items() if isinstance(value, np.ndarray)}
    if not arrays:
        raise BadInput("This answer holds no arrays.")
    if "x" in arrays:
        arrays = {data_name(arrays["x"]): arrays.pop("x")} | arrays
    return arrays
