"""What is done with the tree of branches: fork, show, take away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from genplay.contract.requests import Trajectory
from genplay.ui.unfold import tape as tapes
from genplay.ui.unfold.state import LAST, UnfoldState
from genplay.ui.unfold.tape import Fresh, Tape

if TYPE_CHECKING:
    from genplay.ui.unfold.session import UnfoldSession


def can_fork(session: UnfoldSession) -> bool:
    """Whether the frame on show has a state that a branch can begin with, and noise left to take away."""
    frame = session.frame
    return session.gaussian and frame is not None and "x_t" in frame.extras and frame.t > 0


def fork(session: UnfoldSession, *, fresh: bool = False, **values: Any) -> None:
    """A new tape from the state on show; ``values`` are fields of the wish that differ: seed, condition, config.

    With ``fresh`` the noise in it is drawn anew: the prediction x_0 of the frame, noised to its time by the seed. Where
    the model denoises codes, state and prediction are those of the codes.
    """
    tape, frame = session.tape, session.frame
    if tape is None or frame is None or not can_fork(session):
        return
    wish = replace(session.state.wish, **values)
    x_t, x_0 = ("z_t", "z_0") if "z_t" in frame.extras else ("x_t", "x_0")
    noise = Fresh(frame.extras[x_0], frame.facts["alpha"], frame.facts["sigma"]) if fresh else None
    state = noise.state(wish.seed) if noise else np.ascontiguousarray(frame.extras[x_t], np.float32)
    question = Trajectory(len(state), wish.condition, dict(wish.config), frame.t, state, seed=wish.seed)
    put_on_show(session, Tape(session.next_id(), question, "", tape.id, frame.index, noise), "branch")


def put_on_show(session: UnfoldSession, tape: Tape, text: str) -> None:
    """Add a tape and show it as it comes."""
    state = asked_of(session.state, tape)
    session.do(replace(state, frame=LAST), text, tapes_=(*session.tapes, tape))


def asked_of(state: UnfoldState, tape: Tape) -> UnfoldState:
    """The state with a tape on show: the wish is what was asked for it."""
    asked = tape.take.question if tape.take and tape.coming is None else tape.wanted
    count = state.n if asked.state is not None else asked.n
    wish = {"seed": asked.seed, "condition": asked.condition, "config": dict(asked.config), "count": count}
    return replace(state.asking(**wish), tape=tape.id)


def show(session: UnfoldSession, id: int) -> None:
    """Bring a branch on show, at the time that is on show now; its settings become the wish."""
    tape, frame = session.find(id), session.frame
    if tape is None or tape is session.tape:
        return
    last = session.state.frame == LAST or frame is None or not tape.shots
    place = LAST if last or frame is None else tapes.nearest(tape.shots, frame.t)
    session.do(replace(asked_of(session.state, tape), frame=place), "show a branch")


def remove(session: UnfoldSession, id: int) -> None:
    """Take a branch and all that forked from it away; at least one tape stays."""
    gone = with_descendants(session.tapes, id)
    left = tuple(tape for tape in session.tapes if tape.id not in gone)
    if not left or not gone:
        return
    for tape in session.tapes:
        if tape.id in gone and tape.under_way:
            session.cancel(tape.slot)
            tape.leave_off()
    state = session.state
    if set(state.compared) & gone:
        state = replace(state, compared=())
    state = replace(state, kept=tuple(id for id in state.kept if id not in gone))
    if session.tape is not None and session.tape.id in gone:
        top = session.find(id)
        parent = session.find(top.parent) if top else None
        state = asked_of(state, parent if parent in left and parent is not None else left[0])
    session.do(state, "delete a branch", tapes_=left)


def keep(session: UnfoldSession, id: int, kept: bool) -> None:
    """Have a change of a knob leave a branch as it is, or no longer."""
    others = tuple(i for i in session.state.kept if i != id)
    text = "keep a tape" if kept else "let a tape change"
    session.do(replace(session.state, kept=(*others, id) if kept else others), text)


def with_descendants(all_: tuple[Tape, ...], id: int) -> set[int]:
    """The numbers of a tape and of all that forked from it, directly or not."""
    gone = {tape.id for tape in all_ if tape.id == id}
    for tape in sorted(all_, key=lambda tape: tape.id):
        if tape.parent in gone:
            gone.add(tape.id)
    return gone


def as_tree(all_: tuple[Tape, ...]) -> list[tuple[int, Tape]]:
    """The tapes with their depth, each followed by those that forked from it."""
    known = {tape.id for tape in all_}

    def below(parent: int, depth: int) -> list[tuple[int, Tape]]:
        rows = []
        for tape in all_:
            if tape.parent == parent or (parent == -1 and tape.parent not in known):
                rows += [(depth, tape), *below(tape.id, depth + 1)]
        return rows

    return below(-1, 0)
