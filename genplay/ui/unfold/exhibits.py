"""What of a tape can be copied and exported: the picture on show, an animation, a contact sheet, all its arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from genplay.ui.panel import Exhibit
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.tape import Shot, Take

SHEET = 12  # steps of a contact sheet at most
OF = {"x_t": "x", "x_0": "x_0", "eps": "eps", "entropy": "entropy"}  # what exports call them
WHAT = {"x_t": "noisy samples", "x_0": "predictions", "eps": "predicted noise", "entropy": "entropy"}


def animation(session: UnfoldSession, name: str = "x_t") -> Exhibit | None:
    """All frames, every one with all samples."""
    take = _take(session)
    shots = [shot for shot in take.shots if name in shot.drawn] if take else []
    if take is None or not shots:
        return None
    x = np.stack([shot.drawn[name] for shot in shots])
    title = f"{_run(session)} unfolding" if name == "x_t" else f"{_run(session)} {WHAT[name]} unfolding"
    return _exhibit(session, take, title, "animation", x, _across(x.shape[1]), {"of": OF[name]})


def contact_sheet(session: UnfoldSession, name: str = "x_t") -> Exhibit | None:
    """A row a sample, a column a step, evenly chosen; pictures only."""
    from genplay.export.answers import evenly

    take = _take(session)
    if take is None or not take.shots or not session.pictures or name not in take.shots[0].drawn:
        return None
    chosen = evenly(len(take.shots), SHEET)
    x = np.stack([take.shots[i].drawn[name] for i in chosen], axis=1)
    flat = np.ascontiguousarray(x.reshape(-1, *x.shape[2:]))
    of_tape = {"of": OF[name], "steps": SHEET}
    return _exhibit(session, take, f"{_run(session)} steps", "grid", flat, len(chosen), of_tape)


def current(session: UnfoldSession, name: str) -> Exhibit | None:
    """The samples at the frame on show, in the view ``name``."""
    take, shot = _take(session), session.shot
    if take is None or shot is None or name not in shot.drawn:
        return None
    title = f"{_run(session)} at t {shot.frame.t:.2f}"
    of_tape = {"of": OF[name], "frame": shot.frame.index}
    return _exhibit(session, take, title, "grid", shot.drawn[name], _across(len(shot.drawn[name])), of_tape)


def sample(session: UnfoldSession, name: str) -> Exhibit | None:
    """The sample in focus at the frame on show, as one of all."""
    found = current(session, name)
    if found is None or not (session.pictures or session.texts):
        return found
    index = min(session.state.focus, len(found.x) - 1)
    return Exhibit(**{**vars(found), "kind": "picture", "index": index, "title": f"{found.title} sample {index + 1}"})


def arrays(shots: list[Shot]) -> dict[str, Any]:
    """By name: ``frames`` (F, N, ...) as drawn, ``t`` (F,), and ``x_0`` and ``eps`` (F, N, ...) as numbers."""
    found: dict[str, Any] = {
        "frames": np.stack([shot.drawn["x_t"] for shot in shots]),
        "t": np.array([shot.frame.t for shot in shots]),
    }
    for name in ("x_0", "eps"):
        if all(name in shot.frame.extras for shot in shots):
            found[name] = np.stack([shot.frame.extras[name] for shot in shots])
    return found


def _exhibit(
    session: UnfoldSession, take: Take, title: str, kind: str, x: np.ndarray, columns: int, of_tape: dict[str, Any]
) -> Exhibit:
    return Exhibit(
        title,
        kind,
        x,
        take.question,
        take.step,
        take.digest,
        columns,
        seconds_per_frame=1 / session.state.speed,
        arrays=arrays(take.shots),
        of_tape=of_tape,
        vocabulary=session.run.spec.vocabulary if session.run else (),
    )


def _take(session: UnfoldSession) -> Take | None:
    return session.tape.take if session.tape else None


def _run(session: UnfoldSession) -> str:
    return session.run.name if session.run else ""


def _across(n: int) -> int:
    return max(1, round(n**0.5))
