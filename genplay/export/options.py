"""How an answer becomes a file: the choices of the export dialog, checked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from genplay.contract.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

FORMATS = ("png", "gif", "apng", "webp", "npz", "txt")
WHATS = ("picture", "grid", "animation", "arrays", "text")
ANIMATED = ("gif", "apng", "webp")
MAX_PIXELS = 100_000_000  # of one picture
MAX_ANIMATION_PIXELS = 256_000_000  # of all frames together

_LIMITS = {"scale": (1, 64), "spacing": (0, 256), "columns": (0, 10_000), "index": (0, 1_000_000), "fps": (0.1, 100.0)}
_LIMITS |= {"frame": (-1, 1_000_000), "steps": (0, 1000)}
DRAWN = ("x", "x_0", "eps")  # what of a frame can be drawn


@dataclass(frozen=True)
class Options:
    """Checked options.

    ``what`` is ``picture`` (the one at ``index``), ``grid`` (all of them, in rows of ``columns``, 0 for about a
    square), ``animation`` (``fps`` frames a second), ``arrays``, or ``text``, one a line. ``scale`` is the whole factor
    by which pixels grow, ``spacing`` the pixels between the cells of a grid, after scaling, filled with ``background``.
    ``arrays`` are what an npz file holds; none means the data itself. ``vocabulary`` says what tokens spell.

    Of a sampler's frames, ``of`` says what is drawn (the state "x", or a prediction, "x_0" or "eps"), ``frame`` which
    one is (-1: the last), and ``steps`` how many a contact sheet shows instead, in a column each (0: no sheet).
    ``names`` are the arrays that an npz file holds of an answer; none means all.
    """

    format: str = "png"
    what: str = "grid"
    scale: int = 1
    spacing: int = 0
    columns: int = 0
    fps: float = 20.0
    background: str = "#ffffff"
    index: int = 0
    of: str = "x"
    frame: int = -1
    steps: int = 0
    names: tuple[str, ...] = ()
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    vocabulary: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As the recipe in the file keeps them: everything but the arrays and the vocabulary."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("arrays", "vocabulary")}
        return values | {"names": list(self.names)}

    @property
    def colour(self) -> tuple[int, int, int]:
        """The background as red, green, blue."""
        red, green, blue = bytes.fromhex(self.background[1:])
        return red, green, blue


def checked(options: Mapping[str, Any]) -> Options:
    """``options`` with defaults for what is missing. Raises ``BadInput`` naming the option that cannot be."""
    known = {f.name for f in fields(Options)}
    unknown = sorted(str(name) for name in options if name not in known)
    if unknown:
        raise BadInput(f"There is no export option {unknown[0]!r:.60}; known: {', '.join(sorted(known))}.")
    values = dict(options)
    format, what = values.get("format", "png"), values.get("what")
    if format not in FORMATS:
        raise BadInput(f"The export format must be one of {', '.join(FORMATS)}, not {format!r:.60}.")
    if what is None:
        values["what"] = what = {"npz": "arrays", "txt": "text", "apng": "animation"}.get(format, "grid")
    if what not in WHATS:
        raise BadInput(f"What to export must be one of {', '.join(WHATS)}, not {what!r:.60}.")
    for name in _LIMITS:
        if name in values:
            values[name] = _number(name, values[name])
    if values.get("of", "x") not in DRAWN:
        raise BadInput(f"What to draw of a frame must be one of {', '.join(DRAWN)}, not {values['of']!r:.60}.")
    values["names"] = _names(values.get("names", ()))
    _check_background(values.get("background", "#ffffff"))
    _check_match(format, what)
    return Options(**values)


def _number(name: str, value: object) -> int | float:
    low, high = _LIMITS[name]
    whole = name != "fps"
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadInput(f"The export option {name} must be between {low:g} and {high:g}, not {value!r:.60}.")
    if whole and (math.isnan(value) or value != int(value)):
        raise BadInput(f"The export option {name} must be a whole number, not {value!r:.60}.")
    return int(value) if whole else float(value)


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise BadInput(f"The names of the arrays must be a list of texts, not {value!r:.60}.")
    return tuple(value)


def _check_background(colour: object) -> None:
    if not isinstance(colour, str) or not re.fullmatch("#[0-9a-fA-F]{6}", colour):
        raise BadInput(f"The background must be a colour such as #1d212a, not {colour!r:.60}.")


def _check_match(format: str, what: str) -> None:
    if (format == "txt") != (what == "text"):
        raise BadInput(
            f"{what.capitalize()} cannot be saved as {format}; txt holds texts, one a line, and nothing else."
        )
    if (format == "npz") != (what == "arrays"):
        raise BadInput(
            f"{what.capitalize()} cannot be saved as {format}; arrays go with npz, and pictures with the rest."
        )
    if what == "animation" and format not in ANIMATED:
        raise BadInput(f"An animation cannot be saved as {format}; choose {', '.join(ANIMATED)}.")
    if what != "animation" and format == "apng":
        raise BadInput("Only an animation can be saved as apng; choose png for a picture that does not move.")
