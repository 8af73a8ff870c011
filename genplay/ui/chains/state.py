"""What the Chain lab shows of one run, as one immutable record: undo, recipes and memory all store this."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from genplay.contract.catalogue import FamilyInfo
from genplay.contract.requests import WalkChains
from genplay.contract.results import RunState
from genplay.contract.spec import DataSpec, Kind
from genplay.ui.sampling import wish as wishes
from genplay.ui.sampling.wish import Wish
from genplay.ui.unfold import stored_painting
from genplay.ui.views.painting import Painting

CHAINS = {Kind.POINTS: (1, 256, 32), Kind.IMAGE: (1, 64, 16)}  # least, most, at first
PLACED, PICTURE = "placed", "picture"  # where chains start that start where the user wants
BEGINS = ("noise", "data", "negatives", PLACED, PICTURE)
LAYERS = ("levels", "trails", "data", "negatives")
SPEEDS = (2.0, 10.0, 30.0, 100.0, 400.0)  # steps a second
QUANTITIES = {Kind.POINTS: ("energy", "x", "y"), Kind.IMAGE: ("energy", "brightness")}
TITLE = 80  # letters of what a picture is


@dataclass(frozen=True)
class ChainState:
    """How chains walk (``wish``: how many, the seed, the sampler's knobs, the condition), and from where (``begin``).

    Of points ``placed`` ones may be the start; of pictures a ``painting``, whose mask (all of it where there is none)
    is mixed with a share ``noise`` of noise and made anew; the rest is kept while ``clamp`` holds. ``drop`` is the
    share of the steps that the figures leave out.
    """

    wish: Wish = field(default_factory=lambda: Wish(count=CHAINS[Kind.POINTS][2]))
    begin: str = "noise"
    placed: tuple[tuple[float, float], ...] = ()
    painting: Painting | None = None
    title: str = ""
    noise: float = 0.4
    clamp: bool = True
    quantity: str = "energy"
    drop: float = 0.2
    hidden: tuple[str, ...] = ()
    speed: float = 30.0
    focus: int = 0

    def shows(self, layer: str) -> bool:
        """Whether a layer is on show."""
        return layer not in self.hidden

    def toggled(self, layer: str) -> tuple[str, ...]:
        """What is hidden once a layer is shown or hidden, in the order of ``LAYERS``."""
        return tuple(name for name in LAYERS if (name in self.hidden) != (name == layer))

    @property
    def temperature(self) -> float:
        """What the energy is divided by."""
        return float(self.wish.config.get("temperature", 1.0))

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        names = ("begin", "title", "noise", "clamp", "quantity", "drop", "speed", "focus")
        own: dict[str, Any] = {name: getattr(self, name) for name in names}
        own |= {"placed": [list(point) for point in self.placed], "hidden": list(self.hidden)}
        if self.painting is not None:
            own |= stored_painting.to_plain(self.painting, self.painting.picture)
        return {**self.wish.to_plain(), **own}

    @classmethod
    def from_plain(cls, plain: object, run: RunState, family: FamilyInfo | None, start: ChainState) -> ChainState:
        """The reverse of ``to_plain`` for a run; what is missing, damaged or does not fit stays as in ``start``."""
        if not isinstance(plain, dict):
            return start
        least, most, _ = CHAINS[run.spec.kind]
        wish = wishes.from_plain(plain, run, family, start.wish)
        found = None if run.spec.kind is Kind.POINTS else stored_painting.from_plain(plain, shape_of(run.spec))
        hidden, placed, title, clamp = (plain.get(name) for name in ("hidden", "placed", "title", "clamp"))
        return cls(
            replace(wish, count=min(max(wish.count, least), most)),
            _among(plain.get("begin"), begins_of(run.spec), start.begin),
            points(stored_painting.points_of(placed)) if isinstance(placed, list | tuple) else start.placed,
            start.painting if found is None else found[0],
            title[:TITLE] if isinstance(title, str) else start.title,
            _number(plain.get("noise"), 0.0, 1.0, start.noise),
            clamp if isinstance(clamp, bool) else start.clamp,
            _among(plain.get("quantity"), QUANTITIES[run.spec.kind], start.quantity),
            _number(plain.get("drop"), 0.0, 0.9, start.drop),
            tuple(n for n in LAYERS if n in hidden) if isinstance(hidden, list | tuple) else start.hidden,
            _among(plain.get("speed"), SPEEDS, start.speed),
            round(_number(plain.get("focus"), 0, most - 1, start.focus)),
        )

    def taking(self, question: WalkChains, run: RunState, family: FamilyInfo | None) -> ChainState:
        """The state with what a recipe's question says of it."""
        plain = {"seed": question.seed, "count": question.n, "condition": question.condition, "config": question.config}
        return ChainState.from_plain(plain, run, family, self)


def first(run: RunState) -> ChainState:
    """What a run is shown with at first."""
    speed = 30.0 if run.spec.kind is Kind.POINTS else 10.0
    return ChainState(Wish(0, CHAINS[run.spec.kind][2]), speed=speed)


def begins_of(spec: DataSpec) -> tuple[str, ...]:
    """Where chains of this kind of data can start."""
    other = PICTURE if spec.kind is Kind.POINTS else PLACED
    return tuple(name for name in BEGINS if name != other)


def shape_of(spec: DataSpec) -> tuple[int, int, int]:
    """Height, width and channels of pictures."""
    channels, height, width = spec.shape
    return height, width, channels


def points(x: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Rows (N, 2) as pairs that can be compared."""
    return tuple((round(float(a), 4), round(float(b), 4)) for a, b in x[: stored_painting.MOST_POINTS])


def _number(value: object, low: float, high: float, otherwise: float) -> float:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    return value if fits else otherwise  # type: ignore[return-value]


def _among(value: Any, known: tuple[Any, ...], otherwise: Any) -> Any:
    """``value`` if it is one of these."""
    return value if isinstance(value, str | float | int) and value in known else otherwise
