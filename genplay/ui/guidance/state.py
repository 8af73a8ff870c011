"""What the Guidance panel shows of one run, as one immutable record: undo, recipes and memory all store this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from genplay.contract.catalogue import FamilyInfo
from genplay.contract.errors import BadInput
from genplay.contract.requests import DrawSamples, Guide, MeasureGuidance, Question, SweepGuidance, Trajectory
from genplay.contract.results import RunState
from genplay.contract.sampling import attribute_weights, negative_labels, negative_text, weights_text
from genplay.contract.spec import DataSpec, Kind
from genplay.ui.sampling import wish as wishes
from genplay.ui.sampling.wish import Wish

PARTS = ("scales", "microscope", "curve", "cost")
COUNTS = {Kind.IMAGE: 16, Kind.POINTS: 1000}
SCALE = 3.0  # what a run is guided by at first: enough to be seen
MOST = 15.0  # of a scale
MIDDLE = -1  # as a step: half way
MEASURED = (64, 4096, 256)  # samples at each scale: least, most, usual
MAX_STEP = 1000


@dataclass(frozen=True)
class GuidanceState:
    """What is sampled (``wish``), and which part stands beside it.

    ``across`` is what the grid of scales has for columns: "seed", "steps" or an attribute. ``step`` and ``sample`` are
    what the microscope looks at, ``noise`` whether it shows predicted noise instead of pictures, ``measured`` how many
    samples each scale is measured with.
    """

    wish: Wish = field(default_factory=Wish)
    part: str = PARTS[0]
    across: str = "seed"
    step: int = MIDDLE
    sample: int = 0
    noise: bool = False
    measured: int = MEASURED[2]

    @property
    def scale(self) -> float:
        """The guidance scale w."""
        return float(self.wish.config.get("guidance", 1.0))

    def setting(self, name: str, otherwise: Any = "") -> Any:
        """A knob of the sampler as it is set."""
        return self.wish.config.get(name, otherwise)

    def asking(self, **values: Any) -> GuidanceState:
        """The same view with fields of the wish changed: seed, condition, config."""
        return replace(self, wish=replace(self.wish, **values))

    def with_settings(self, **values: Any) -> GuidanceState:
        """The same with knobs of the sampler changed; a text that is empty is left out."""
        config = {name: value for name, value in {**self.wish.config, **values}.items() if value != ""}
        return self.asking(config=config)

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        own = {name: getattr(self, name) for name in ("part", "across", "step", "sample", "noise", "measured")}
        return {**self.wish.to_plain(), **own}

    @classmethod
    def from_plain(
        cls, plain: object, run: RunState, family: FamilyInfo | None, start: GuidanceState | None = None
    ) -> GuidanceState:
        """The reverse of ``to_plain`` for a run; what is missing, damaged or does not fit stays as in ``start``."""
        start = start or first(run)
        if not isinstance(plain, dict):
            return start
        readers: dict[str, Callable[[Any], Any]] = {
            "part": lambda v: v if v in PARTS else None,
            "across": lambda v: v if v in columns(run.spec) else None,
            "step": lambda v: v if _whole(v, MIDDLE, MAX_STEP) else None,
            "sample": lambda v: v if _whole(v, 0, COUNTS[Kind.POINTS]) else None,
            "noise": lambda v: v if isinstance(v, bool) else None,
            "measured": lambda v: v if _whole(v, *MEASURED[:2]) else None,
        }
        read = {name: reader(plain.get(name)) for name, reader in readers.items()}
        kept = {name: value for name, value in read.items() if value is not None}
        asked = {name: value for name, value in plain.items() if name != "count"}
        wish = wishes.from_plain(asked, run, family, start.wish)
        return replace(start, wish=replace(wish, config=_sound(dict(wish.config), run.spec)), **kept)


def first(run: RunState, seed: int = 0) -> GuidanceState:
    """What a run is asked at first: one value of the first attribute, so that there is something to be guided to."""
    wish = Wish(seed, COUNTS.get(run.spec.kind, 16), first_condition(run.spec), {"guidance": SCALE})
    return GuidanceState(wish)


def first_condition(spec: DataSpec) -> tuple[int, ...]:
    """The first attribute at the value two thirds down its list, the others unspecified."""
    if not spec.attributes:
        return ()
    return (2 * len(spec.attributes[0].values) // 3, *spec.any_labels[1:])


def columns(spec: DataSpec) -> tuple[str, ...]:
    """What the grid of scales may have for columns."""
    if spec.kind is not Kind.IMAGE:
        return ("seed",)
    return ("seed", "steps", *(attribute.name for attribute in spec.attributes))


def asked_for(condition: tuple[int, ...], spec: DataSpec) -> dict[int, int]:
    """Label by column of the attributes that are specified."""
    return {i: v for i, (v, a) in enumerate(zip(condition, spec.attributes)) if v < a.any}


def with_weights(state: GuidanceState, spec: DataSpec, on: bool) -> GuidanceState:
    """A weight of its own for each attribute asked for, at first the common scale, or one scale for all."""
    if not on:
        return state.with_settings(weights="")
    known = attribute_weights(state.setting("weights"), spec)
    weights = {i: known.get(i, state.scale) for i in asked_for(state.wish.condition, spec)}
    return state.with_settings(weights=weights_text(weights, spec))


def with_condition(state: GuidanceState, condition: tuple[int, ...], spec: DataSpec) -> GuidanceState:
    """Another condition; separate weights follow what is asked for."""
    asked = state.asking(condition=condition)
    return with_weights(asked, spec, True) if state.setting("weights") else asked


def with_question(state: GuidanceState, question: Question | None, run: RunState, family: FamilyInfo | None) -> Any:
    """``state`` with what a recipe's question says over it, as far as it fits."""
    parts = {SweepGuidance: "scales", Trajectory: "microscope", MeasureGuidance: "cost"}
    if not isinstance(question, Guide | DrawSamples | SweepGuidance | Trajectory | MeasureGuidance):
        return state
    plain: dict[str, Any] = {"seed": question.seed, "condition": question.condition, "config": question.config}
    if type(question) in parts:
        plain["part"] = parts[type(question)]
    if isinstance(question, SweepGuidance):
        plain["across"] = question.across
        plain["config"] = {"guidance": state.scale, **question.config}
    return GuidanceState.from_plain(plain, run, family, state)


def _sound(config: dict[str, Any], spec: DataSpec) -> dict[str, Any]:
    """The settings without texts that this data cannot follow."""
    readers: dict[str, Callable[[str], str]] = {
        "negative": lambda text: negative_text(negative_labels(text, spec), spec),
        "weights": lambda text: weights_text(attribute_weights(text, spec), spec),
    }
    for name, reader in readers.items():
        try:
            config[name] = reader(str(config.get(name, "")))
        except BadInput:
            config[name] = ""
    return {name: value for name, value in config.items() if value != ""}


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
