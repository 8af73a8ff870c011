"""What the Writing panel shows of one run, as one immutable record: undo, recipes and memory all store this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from genplay.contract.catalogue import FamilyInfo
from genplay.contract.errors import BadInput
from genplay.contract.requests import NextProbs, Question, Trajectory
from genplay.contract.results import RunState
from genplay.contract.spec import OTHER, VEIL, DataSpec
from genplay.ui.sampling import wish as wishes
from genplay.ui.sampling.wish import Wish

WAYS = (1, 64, 12)  # of writing what is open: least, most, at first
OPEN = "_"  # how an open place is typed


@dataclass(frozen=True)
class WritingState:
    """A ``text`` in which ``VEIL`` stands at open places, and whether more may follow its ``end``.

    ``place`` is the character that is looked at; ``wish`` says how what is open is written, its count in how many ways.
    """

    wish: Wish = field(default_factory=lambda: Wish(count=WAYS[2]))
    text: str = ""
    open_end: bool = True
    place: int = 0

    @property
    def open(self) -> bool:
        """Whether there is anything to write."""
        return self.open_end or VEIL in self.text

    def asking(self, **values: Any) -> WritingState:
        """The same text with fields of the wish changed: seed, count, condition, config."""
        return replace(self, wish=replace(self.wish, **values))

    def written(self, text: str) -> WritingState:
        """A whole text, with the same place looked at where it has one."""
        return replace(self, text=text, open_end=False, place=min(self.place, len(text)))

    def with_character(self, character: str, length: int) -> WritingState:
        """The character at the place replaced, or added at the end; then the next one is looked at."""
        here = min(self.place, len(self.text))
        if here >= length:
            return self
        text = self.text[:here] + character + self.text[here + 1 :]
        return replace(self, text=text, place=min(here + 1, length - 1))

    def erased(self) -> WritingState:
        """The character at the place open; at the end, the one before it."""
        here = min(self.place, len(self.text) - 1)
        if here < 0:
            return self
        return replace(self, text=self.text[:here] + VEIL + self.text[here + 1 :], place=here)

    def cut(self, character: str | None = None) -> WritingState:
        """All after the place open, which is given ``character`` before, "" being the end of the text."""
        if character == "":
            return replace(self, text=self.text[: self.place], open_end=False)
        kept = self.text[: self.place + 1] if character is None else self.text[: self.place] + character
        return replace(self, text=kept, open_end=True)

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**self.wish.to_plain(), "text": self.text, "open_end": self.open_end, "place": self.place}

    @classmethod
    def from_plain(cls, plain: object, run: RunState, family: FamilyInfo | None, start: WritingState) -> WritingState:
        """The reverse of ``to_plain`` for a run; what is missing, damaged or does not fit stays as in ``start``."""
        if not isinstance(plain, dict):
            return start
        wish = wishes.from_plain(plain, run, family, start.wish)
        text, open_end, place = (plain.get(name) for name in ("text", "open_end", "place"))
        if not isinstance(text, str) or fitted(text, run.spec) != text:
            text = start.text
        whole = isinstance(place, int) and not isinstance(place, bool) and 0 <= place <= len(text)
        return cls(
            replace(wish, count=min(max(wish.count, WAYS[0]), WAYS[1])),
            text,
            open_end if isinstance(open_end, bool) else start.open_end,
            place if whole and isinstance(place, int) else min(start.place, len(text)),
        )


def fitted(typed: str, spec: DataSpec) -> str:
    """What is typed as a text of the vocabulary: ``OPEN`` makes an open place, what is not known is left out."""
    known = {*spec.vocabulary[1:], VEIL}
    other = OTHER if OTHER in known else ""
    signs = (VEIL if c == OPEN and OPEN not in known else c for c in typed)
    return "".join(c if c in known else other for c in signs)[: spec.size]


def tokens(text: str, spec: DataSpec) -> np.ndarray:
    """A text as int64 (L,), open places as the token after the last."""
    return spec.tokens([text])[0]


def completion(state: WritingState, spec: DataSpec) -> Trajectory:
    """What is open written in as many ways as the state says."""
    given, wish = tokens(state.text, spec), state.wish
    mask = given == len(spec.vocabulary)
    if state.open_end:
        mask = mask | (np.arange(spec.size) >= len(state.text))
    source = np.where(mask, 0, given)[None]
    config = dict(wish.config)
    return Trajectory(wish.count, wish.condition, config, source=source, mask=mask.astype(np.uint8), seed=wish.seed)


def look(state: WritingState, spec: DataSpec) -> NextProbs | None:
    """What the character at the place is drawn from; None where an open place stands before it."""
    place = min(state.place, spec.size - 1)
    before = state.text[:place]
    if VEIL in before or len(before) < place:
        return None
    known = state.text.split(VEIL)[0]
    return NextProbs(tokens(known, spec), place, state.wish.condition)


def with_question(
    state: WritingState, question: Question | None, run: RunState, family: FamilyInfo | None
) -> WritingState:
    """``state`` with what a recipe's question says over it, as far as it fits."""
    if not isinstance(question, Trajectory):
        return state
    plain: dict[str, Any] = {"seed": question.seed, "condition": question.condition, "count": question.n}
    state = WritingState.from_plain({**plain, "config": question.config}, run, family, state)
    found = _given(question, run.spec)
    return state if found is None else replace(state, text=found[0], open_end=found[1])


def _given(question: Trajectory, spec: DataSpec) -> tuple[str, bool] | None:
    """The text and whether its end is open, of a question that completes one."""
    source, mask = question.source, question.mask
    if source is None or mask is None or source.shape != (1, spec.size) or mask.shape != (spec.size,):
        return None
    if not (source.dtype == np.int64 and ((source >= 0) & (source < len(spec.vocabulary))).all()):
        return None
    row = np.where(mask > 0, len(spec.vocabulary), source[0])
    try:
        text = spec.text(row[None])[0]
    except BadInput:
        return None
    open_end = len(text) == spec.size and text.endswith(VEIL)
    return (text.rstrip(VEIL) if open_end else text), open_end


def best(texts: Sequence[str]) -> int:
    """Which of several ways is taken at first: the first that is not empty."""
    return next((i for i, text in enumerate(texts) if text), 0)
