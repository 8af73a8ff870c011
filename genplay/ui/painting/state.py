"""What the Painting panel shows of one run, as one immutable record: undo, recipes and memory all store this."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from genplay.contract.catalogue import FamilyInfo
from genplay.contract.results import RunState
from genplay.contract.spec import DataSpec
from genplay.ui.painting.canvas import MODES
from genplay.ui.sampling import wish as wishes
from genplay.ui.sampling.wish import Wish
from genplay.ui.unfold import stored_painting
from genplay.ui.views.painting import Painting

WAYS = (1, 16, 8)  # variants of a completion: least, most, at first


@dataclass(frozen=True)
class PaintState:
    """A picture and what of it is not drawn (``painting``, its mask), the ``place`` whose distribution is shown in
    the order of reading, and how to draw what is missing (``wish``; its count are the variants).

    ``mode`` is what the mouse does, ``heat`` whether surprise is shown, ``title`` what the picture is.
    """

    wish: Wish = field(default_factory=lambda: Wish(count=WAYS[2]))
    painting: Painting | None = None
    place: int = 0
    mode: str = MODES[0]
    heat: bool = False
    title: str = ""

    @property
    def temperature(self) -> float:
        """Below 1 what is likely becomes more so."""
        return float(self.wish.config.get("temperature", 1.0))

    @property
    def top_k(self) -> int:
        """How many of the likeliest values may be drawn; 0 for all."""
        return int(self.wish.config.get("top_k", 0))

    @property
    def top_p(self) -> float:
        """The share of the probability that the values that may be drawn hold."""
        return float(self.wish.config.get("top_p", 1.0))

    def asking(self, **values: Any) -> PaintState:
        """The same picture with fields of the wish changed: seed, count, condition, config."""
        return replace(self, wish=replace(self.wish, **values))

    def with_settings(self, **values: Any) -> PaintState:
        """The same with knobs of the sampler changed."""
        return self.asking(config={**self.wish.config, **values})

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        own: dict[str, Any] = {name: getattr(self, name) for name in ("place", "mode", "heat", "title")}
        if self.painting is not None:
            own |= stored_painting.to_plain(self.painting, self.painting.picture)
        return {**self.wish.to_plain(), **own}

    @classmethod
    def from_plain(cls, plain: object, run: RunState, family: FamilyInfo | None, start: PaintState) -> PaintState:
        """The reverse of ``to_plain`` for a run; what is missing, damaged or does not fit stays as in ``start``."""
        if not isinstance(plain, dict):
            return start
        _, height, width = run.spec.shape
        place, mode, heat, title = (plain.get(name) for name in ("place", "mode", "heat", "title"))
        found = stored_painting.from_plain(plain, shape_of(run.spec))
        wish = wishes.from_plain(plain, run, family, start.wish)
        count = min(max(wish.count, WAYS[0]), WAYS[1])
        whole = isinstance(place, int) and not isinstance(place, bool) and 0 <= place < height * width
        return cls(
            replace(wish, count=count),
            start.painting if found is None else found[0],
            place if whole and isinstance(place, int) else start.place,
            mode if isinstance(mode, str) and mode in MODES else start.mode,
            heat if isinstance(heat, bool) else start.heat,
            title[:200] if isinstance(title, str) else start.title,
        )


def first(run: RunState, seed: int = 0) -> PaintState:
    """What a run is shown with at first: nothing drawn yet, looking at the middle of the picture."""
    _, height, width = run.spec.shape
    return PaintState(Wish(seed, WAYS[2]), blank(run.spec), (height // 2) * width + width // 2)


def shape_of(spec: DataSpec) -> tuple[int, int, int]:
    """Height, width and channels of pictures."""
    channels, height, width = spec.shape
    return height, width, channels


def blank(spec: DataSpec) -> Painting:
    """A picture of which nothing is drawn yet."""
    height, width, channels = shape_of(spec)
    return Painting(np.zeros((height, width, channels), np.uint8), np.ones((height, width), np.uint8))


def after(shape: tuple[int, int], place: int) -> np.ndarray:
    """The places bool (H, W) that come after one in the order of reading.

    >>> after((2, 2), 1).tolist()
    [[False, False], [True, True]]
    """
    return (np.arange(shape[0] * shape[1]) > place).reshape(shape)
