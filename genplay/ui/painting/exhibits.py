"""What of a completion can be copied and exported: its variants, one of them, or the picture alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from genplay.ui.painting.asking import whole
from genplay.ui.painting.completing import Completer
from genplay.ui.painting.session import PaintSession
from genplay.ui.panel import Exhibit


def variants_of(completer: Completer, name: str, index: int = -1) -> Exhibit | None:
    """All variants at the frame on show, or one of them."""
    question, answer = completer.question, completer.answer
    if not completer.complete or question is None or answer is None:
        return None
    frame = completer.frames[completer.position]
    arrays: dict[str, Any] = {
        "frames": np.stack([f.x for f in completer.frames]),
        "t": np.array([f.t for f in completer.frames]),
    }
    return Exhibit(
        f"{name} completed" if index < 0 else f"{name} completed {index + 1}",
        "grid" if index < 0 else "picture",
        frame.x,
        question,
        answer.step,
        answer.digest,
        len(frame.x),
        arrays=arrays,
        index=max(index, 0),
        of_tape={"of": "x", "frame": frame.index},
    )


def picture_of(session: PaintSession, name: str) -> Exhibit | None:
    """The picture as it is, which is a completion that has nothing to draw."""
    painting, run = session.state.painting, session.run
    if painting is None or run is None or not session.ready or painting.masked:
        return None
    question = whole(session.state, painting.picture)
    return Exhibit(f"{name} painted", "picture", painting.picture[None], question, run.step, run.digest, 1)
