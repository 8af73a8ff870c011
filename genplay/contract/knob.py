"""Knobs: one declaration from which come the form, the command line, validation and documentation.

A configuration is a frozen dataclass whose fields are made by :func:`knob`::

    @dataclass(frozen=True)
    class Config:
        beta: float = knob(1.0, "beta", "weight of the KL term", low=0.0, high=20.0, live=True)
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind

T = TypeVar("T")
Value = bool | int | float | str


@dataclass(frozen=True)
class Knob:
    """One adjustable value: its name, range, unit, help and whether it may change while training."""

    name: str
    default: Value
    label: str
    help: str
    low: float | None = None
    high: float | None = None
    scale: str = "linear"  # or "log"
    unit: str = ""
    choices: tuple[str, ...] = ()
    live: bool = False
    kinds: tuple[Kind, ...] = ()  # kinds of data it applies to; empty = all
    shown_if: tuple[str, tuple[Value, ...]] | None = None  # another knob and the values at which this one matters
    titles: tuple[str, ...] = ()  # what the window calls the choices; empty: by their names
    control: str = ""  # a control of its own that draws this knob ("curve", "condition", "model" ...), not a form's row
    families: tuple[str, ...] = ()  # of a "model" control: the families that the model it names may belong to
    refused: tuple[str, ...] = ()  # of a "model" control: settings that must not be on in the model it names
    example: str = ""  # of a text: what stands dimly in its field while that is empty
    required: bool = False  # of a "model" control: whether one must be named

    def check(self, value: object) -> Value:
        """``value`` in this knob's type and range; raises ``BadInput`` naming the knob and what it takes."""
        if self.choices:
            if value not in self.choices:
                raise BadInput(f"{self.name} must be one of {', '.join(self.choices)}, not {value!r:.60}.")
            return str(value)
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise BadInput(f"{self.name} must be true or false, not {value!r:.60}.")
            return value
        if isinstance(self.default, str):
            if not isinstance(value, str) or len(value) > 4096:
                raise BadInput(f"{self.name} must be text, not {value!r:.60}.")
            return value
        return self._check_number(value)

    def _check_number(self, value: object) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
            raise BadInput(f"{self.name} must be a number, not {value!r:.60}.")
        if isinstance(self.default, int):
            if value != int(value):
                raise BadInput(f"{self.name} must be a whole number, not {value!r:.60}.")
            value = int(value)
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise BadInput(f"{self.name} must be between {self.low:g} and {self.high:g}, not {value:g}.")
        return value if isinstance(self.default, int) else float(value)

    def parse(self, text: str) -> Value:
        """A value typed by the user, checked."""
        if isinstance(self.default, bool):
            known = {
                "true": True,
                "yes": True,
                "on": True,
                "1": True,
                "false": False,
                "no": False,
                "off": False,
                "0": False,
            }
            if text.lower() not in known:
                raise BadInput(f"{self.name} must be true or false, not {text!r:.60}.")
            return known[text.lower()]
        if isinstance(self.default, str):
            return self.check(text)
        try:
            return self.check(int(text) if isinstance(self.default, int) else float(text))
        except (ValueError, OverflowError) as error:
            if isinstance(error, BadInput):
                raise
            raise BadInput(f"{self.name} must be a number, not {text!r:.80}.") from None


def knob(default: Any, label: str, help: str, **facts: Any) -> Any:
    """A dataclass field that carries its :class:`Knob`; ``facts`` are the other fields of ``Knob``."""
    return dataclasses.field(default=default, metadata={"knob": {"label": label, "help": help, **facts}})


def knobs(config_class: type) -> tuple[Knob, ...]:
    """The knobs of a configuration class, in order of declaration."""
    return tuple(
        Knob(name=field.name, default=cast(Value, field.default), **field.metadata["knob"])
        for field in dataclasses.fields(config_class)
        if "knob" in field.metadata
    )


def build(config_class: type[T], values: Mapping[str, object]) -> T:
    """A configuration from plain values, every one checked; missing ones keep their default."""
    known = {k.name: k for k in knobs(config_class)}
    for name in values:
        if name not in known:
            raise BadInput(f"There is no setting {name!r:.60}; known: {', '.join(known) or 'none'}.")
    return config_class(**{name: known[name].check(value) for name, value in values.items()})


def parse(config_class: type[T], texts: Mapping[str, str]) -> T:
    """A configuration from ``name=text`` pairs as typed on a command line."""
    known = {k.name: k for k in knobs(config_class)}
    for name in texts:
        if name not in known:
            raise BadInput(f"There is no setting {name!r:.60}; known: {', '.join(known) or 'none'}.")
    return config_class(**{name: known[name].parse(text) for name, text in texts.items()})


def values(config: Any) -> dict[str, Value]:
    """The knob values of a configuration as a plain dict."""
    return {k.name: getattr(config, k.name) for k in knobs(type(config))}


def changed(config: T, new: Mapping[str, object]) -> T:
    """``config`` with ``new`` values, checked; used for knobs that change while training."""
    return build(type(config), {**values(config), **new})
