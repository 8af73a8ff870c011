"""What the Latent panel shows of one run, as one immutable record: undo, recipes and memory all store this."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

VIEWS = ("plane", "tiles", "matrix", "codes", "levels")
STRIPS = ("path", "arithmetic", "reconstruction")
MODES = ("slerp", "lerp")
FRAMES = (2, 600)
RANGE = 4.0  # of a slider: a standard normal is beyond it once in 16,000 draws
LIMIT = 50.0  # of any coordinate
MAX_KEYFRAMES = 26  # they are called A to Z
AXIS = re.compile(r"(z|pc)(\d{1,4})\Z")


@dataclass(frozen=True, eq=False)
class LatentState:
    """One code ``z`` (D,), how the plane around it is seen, and the path, wells and condition beside it.

    ``seed`` is the seed that drew ``z`` (None once it has been moved). ``axes`` name the plane's directions: "z3" for a
    dimension, "pc0" for a principal direction, "" for the panel's own choice. ``wells`` are A, B and C of the
    arithmetic A − B + C.
    """

    z: np.ndarray
    seed: int | None = None
    axes: tuple[str, str] = ("", "")
    colour: str = ""
    view: str = "plane"
    strip: str = "path"
    keyframes: tuple[np.ndarray, ...] = ()
    mode: str = "slerp"
    frames: int = 60
    closed: bool = False
    wells: tuple[np.ndarray | None, ...] = (None, None, None)
    condition: tuple[int, ...] = ()

    @classmethod
    def start(cls, size: int) -> LatentState:
        """The middle of a latent space of ``size`` dimensions."""
        return cls(np.zeros(size, np.float32))

    @property
    def size(self) -> int:
        """Dimensions of the code."""
        return len(self.z)

    def moved(self, z: np.ndarray, seed: int | None = None) -> LatentState:
        """The same view at another code."""
        return replace(self, z=np.clip(np.asarray(z, np.float32), -LIMIT, LIMIT), seed=seed)

    def with_dimension(self, index: int, value: float) -> LatentState:
        """Dimension ``index`` of the code set to ``value``."""
        z = self.z.copy()
        z[index] = value
        return self.moved(z)

    def along(self, direction: np.ndarray, value: float) -> LatentState:
        """The code shifted along a unit direction until its coordinate there is ``value``."""
        return self.moved(self.z + (value - float(self.z @ direction)) * direction)

    def random(self, seed: int) -> LatentState:
        """A code drawn from the standard normal by ``seed`` alone."""
        return self.moved(np.random.default_rng(seed).standard_normal(self.size, np.float32), seed)

    def with_keyframe(self) -> LatentState:
        """The code appended to the path."""
        if len(self.keyframes) >= MAX_KEYFRAMES:
            return self
        return replace(self, keyframes=(*self.keyframes, self.z))

    def without_keyframe(self, index: int) -> LatentState:
        """The path without one of its keyframes."""
        return replace(self, keyframes=self.keyframes[:index] + self.keyframes[index + 1 :])

    def keyframe_moved(self, start: int, to: int) -> LatentState:
        """The keyframe at ``start`` taken out and put at ``to``."""
        keyframes = list(self.keyframes)
        keyframes.insert(to, keyframes.pop(start))
        return replace(self, keyframes=tuple(keyframes))

    def with_well(self, index: int, z: np.ndarray | None) -> LatentState:
        """Well A, B or C (0, 1, 2) filled or emptied."""
        wells = list(self.wells)
        wells[index] = z
        return replace(self, wells=tuple(wells))

    def arithmetic(self) -> np.ndarray | None:
        """A − B + C, or None until all three are there."""
        a, b, c = self.wells
        return None if a is None or b is None or c is None else a - b + c

    def same(self, other: LatentState) -> bool:
        """Whether both show the same."""
        return self.to_plain() == other.to_plain()

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "z": _listed(self.z),
            "seed": self.seed,
            "axes": list(self.axes),
            "colour": self.colour,
            "view": self.view,
            "strip": self.strip,
            "keyframes": [_listed(k) for k in self.keyframes],
            "mode": self.mode,
            "frames": self.frames,
            "closed": self.closed,
            "wells": [None if w is None else _listed(w) for w in self.wells],
            "condition": list(self.condition),
        }

    @classmethod
    def from_plain(cls, plain: object, size: int, start: LatentState | None = None) -> LatentState:
        """The reverse of ``to_plain`` for a space of ``size`` dimensions.

        Whatever is missing or damaged stays as it is in ``start``, by default the middle of the space.
        """
        start = start or cls.start(size)
        if not isinstance(plain, dict):
            return start
        readers: dict[str, Callable[[Any], Any]] = {
            "z": lambda v: code_of_plain(v, size),
            "seed": lambda v: v if _is_int(v) and 0 <= v < 1 << 63 else None,
            "axes": lambda v: _axes(v, size),
            "colour": lambda v: v if isinstance(v, str) and len(v) < 200 else None,
            "view": lambda v: v if v in VIEWS else None,
            "strip": lambda v: v if v in STRIPS else None,
            "keyframes": lambda v: _codes(v, size),
            "mode": lambda v: v if v in MODES else None,
            "frames": lambda v: v if _is_int(v) and FRAMES[0] <= v <= FRAMES[1] else None,
            "closed": lambda v: v if isinstance(v, bool) else None,
            "wells": lambda v: (
                tuple(code_of_plain(w, size) for w in v) if isinstance(v, list) and len(v) == 3 else None
            ),
            "condition": lambda v: tuple(v) if isinstance(v, list | tuple) and all(map(_is_int, v)) else None,
        }
        read = {name: reader(plain.get(name)) for name, reader in readers.items()}
        state = replace(start, **{name: value for name, value in read.items() if value is not None})
        drawn = state.seed is not None and np.array_equal(state.random(state.seed).z, state.z)
        return state if drawn else replace(state, seed=None)


def _listed(z: np.ndarray) -> list[float]:
    return [float(v) for v in z]


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e6  # refuses nan and inf


def code_of_plain(value: object, size: int) -> np.ndarray | None:
    """A code from a list of ``size`` numbers, or None where it is anything else."""
    if not isinstance(value, list | tuple) or len(value) != size or not all(map(_is_number, value)):
        return None
    return np.clip(np.asarray(value, np.float32), -LIMIT, LIMIT)


def _codes(value: object, size: int) -> tuple[np.ndarray, ...] | None:
    if not isinstance(value, list | tuple):
        return None
    codes = (code_of_plain(v, size) for v in value[:MAX_KEYFRAMES])
    return tuple(code for code in codes if code is not None)


def _wells(value: object, size: int) -> tuple[np.ndarray | None, ...] | None:
    return tuple(code_of_plain(w, size) for w in value) if isinstance(value, list) and len(value) == 3 else None


def _axes(value: object, size: int) -> tuple[str, str] | None:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    return (value[0], value[1]) if all(v == "" or axis_of(v, size) is not None for v in value) else None


def axis_of(name: object, size: int) -> tuple[str, int] | None:
    """("z" or "pc", index) of an axis name, or None where the space has no such axis."""
    match = AXIS.match(name) if isinstance(name, str) else None
    return (match[1], int(match[2])) if match and int(match[2]) < size else None
