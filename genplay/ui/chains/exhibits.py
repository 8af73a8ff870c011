"""What of a walk can be copied and exported: the states on show, an animation, all its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from genplay.ui.chains.session import ChainSession
from genplay.ui.chains.walker import Walker
from genplay.ui.panel import Exhibit


def animation(session: ChainSession, walker: Walker) -> Exhibit | None:
    """The leg of the walk that is on show, step by step; of a long one evenly chosen steps."""
    from genplay.export.answers import steps_shown

    found = _leg(session, walker)
    if found is None:
        return None
    leg, arrays, name = found
    x = arrays["frames"]
    shown = x[steps_shown(len(x))]
    across = max(1, round(x.shape[1] ** 0.5))
    seconds = len(x) / len(shown) / session.state.speed
    title = f"{name} walking"
    return Exhibit(title, "animation", shown, leg.question, leg.step, leg.digest, across, seconds, arrays)


def now(session: ChainSession, walker: Walker, index: int = -1) -> Exhibit | None:
    """The states on show: all of them, or the picture of one chain."""
    found = _leg(session, walker)
    if found is None:
        return None
    leg, arrays, name = found
    step = walker.position - leg.first
    x = arrays["frames"][step]
    one = 0 <= index < len(x)
    return Exhibit(
        f"{name} step {walker.position}" + (f" chain {index + 1}" if one else ""),
        "picture" if one else "grid",
        x,
        leg.question,
        leg.step,
        leg.digest,
        max(1, round(len(x) ** 0.5)),
        arrays=arrays,
        index=max(index, 0),
        of_tape={"of": "x", "frame": step},
    )


def drawn(session: ChainSession, walker: Walker, picture: np.ndarray) -> Exhibit | None:
    """The landscape with the chains on it as a picture uint8 (H, W, 3), with the numbers of the walk."""
    found = _leg(session, walker)
    if found is None:
        return None
    leg, arrays, name = found
    title = f"{name} step {walker.position}"
    return Exhibit(
        title, "picture", picture[None], leg.question, leg.step, leg.digest, 1, arrays=arrays, by_window=True
    )


def _leg(session: ChainSession, walker: Walker) -> tuple[Any, dict[str, np.ndarray], str] | None:
    """The leg on show once it is complete, with its numbers under their names in the answer."""
    made = walker.recording
    if not made.length or session.run is None:
        return None
    leg, end = made.leg_at(walker.position)
    if end - leg.first != leg.question.steps + 1:
        return None  # still under way, or cut short: no script would make the same
    rows = slice(leg.first, end)
    arrays = {
        "frames": made.x[rows],
        "energy": made.energy[rows],
        "accepted": made.accepted[rows],
        "step_size": made.step_size[rows],
    }
    return leg, arrays, f"{session.run.name} chains"
