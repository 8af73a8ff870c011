"""Paths through latent space: straight lines, arcs, and keyframes strung together. numpy only, no model."""

from __future__ import annotations

import numpy as np

from genplay.contract.errors import BadInput

MODES = ("lerp", "slerp")
_PARALLEL = 1e-7  # below this sine of the angle an arc cannot be told from a line


def lerp(a: np.ndarray, b: np.ndarray, s: float) -> np.ndarray:
    """The point at ``s`` in [0, 1] of the line from ``a`` to ``b``; exactly ``a`` at 0 and ``b`` at 1.

    >>> lerp(np.array([0.0, 2.0]), np.array([4.0, 2.0]), 0.25).tolist()
    [1.0, 2.0]
    """
    return a * (1 - s) + b * s


def slerp(a: np.ndarray, b: np.ndarray, s: float) -> np.ndarray:
    """The point at ``s`` in [0, 1] of the arc from ``a`` to ``b`` about the origin (Shoemake 1985).

    sin((1 - s) w) / sin w * a/|a| + sin(s w) / sin w * b/|b|, w the angle between them, scaled to a length that goes
    linearly from |a| to |b|: between codes of equal length the length stays the same, as that of Gaussian codes should.
    Opposite codes are joined by a half circle through a fixed direction at right angles to them. Where there is no
    arc, because one code is zero, both point the same way or there is but one dimension, it is the line.

    >>> slerp(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.5).round(4).tolist()
    [0.7071, 0.7071]
    """
    length_a, length_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if s in (0, 1) or len(a) == 1 or length_a == 0 or length_b == 0:
        return lerp(a, b, s)
    u, v = a / length_a, b / length_b
    cosine = float(u @ v)
    across = v - cosine * u
    sine = float(np.linalg.norm(across))
    angle = s * np.arctan2(sine, cosine)
    if sine < _PARALLEL:
        if cosine > 0:
            return lerp(a, b, s)
        across, sine = _perpendicular(u), 1.0
    return (np.cos(angle) * u + np.sin(angle) * across / sine) * (length_a * (1 - s) + length_b * s)


def _perpendicular(u: np.ndarray) -> np.ndarray:
    """A fixed unit vector at right angles to the unit vector ``u`` of two or more dimensions."""
    axis = np.zeros_like(u)
    axis[int(np.abs(u).argmin())] = 1
    across = axis - (axis @ u) * u
    return across / np.linalg.norm(across)


def along(keyframes: np.ndarray, frames: int, mode: str = "slerp", closed: bool = False) -> np.ndarray:
    """``frames`` codes (F, D) on the path through ``keyframes`` (K, D), the same time for each piece of it.

    An open path ends on the last keyframe. A closed one returns towards the first and stops one frame short of it, so
    that it loops without a stutter. Raises ``BadInput``.

    >>> along(np.array([[0.0], [2.0]]), 3, "lerp").ravel().tolist()
    [0.0, 1.0, 2.0]
    >>> along(np.array([[0.0], [2.0]]), 4, "lerp", closed=True).ravel().tolist()
    [0.0, 1.0, 2.0, 1.0]
    """
    if mode not in MODES:
        raise BadInput(f"A path goes by {' or '.join(MODES)}, not {mode!r:.40}.")
    blend = lerp if mode == "lerp" else slerp
    points = np.asarray(keyframes, dtype=np.float64)
    if closed:
        points = np.concatenate([points, points[:1]])
    pieces = len(points) - 1
    times = np.linspace(0, pieces, frames, endpoint=not closed)
    starts = np.minimum(times.astype(int), max(0, pieces - 1))
    path = [blend(points[i], points[min(i + 1, pieces)], t - i) for i, t in zip(starts, times)]
    return np.stack(path).astype(np.float32)
