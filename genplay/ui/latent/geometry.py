"""The geometry of the plane: projecting codes onto it, moving within it, and spreading tiles over it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genplay.contract.results import LatentMap
from genplay.ui.latent.state import axis_of


@dataclass(frozen=True, eq=False)
class Plane:
    """Directions ``u`` and ``v`` (D,) through latent space; a code has coordinates z·u − origin₀ and z·v − origin₁."""

    u: np.ndarray
    v: np.ndarray
    origin: tuple[float, float] = (0.0, 0.0)

    def project(self, codes: np.ndarray) -> np.ndarray:
        """Coordinates (N, 2) of codes (N, D)."""
        return np.stack([codes @ self.u - self.origin[0], codes @ self.v - self.origin[1]], axis=-1)

    def moved(self, z: np.ndarray, to: tuple[float, float]) -> np.ndarray:
        """``z`` moved within the plane to coordinates ``to``; what is perpendicular to the plane is kept."""
        return self.at(z, np.asarray([to], np.float32))[0]

    def at(self, z: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Codes (N, D) at coordinates ``points`` (N, 2) on the plane through ``z``."""
        shift = points - self.project(z[None])
        return (z + shift @ self._steps).astype(np.float32)

    @cached_property
    def _steps(self) -> np.ndarray:
        """What to add to a code (2, D) for a unit of each coordinate: the pseudo-inverse of the directions."""
        basis = np.stack([self.u, self.v])
        return np.linalg.pinv(basis @ basis.T) @ basis


def choices(size: int, latent: LatentMap | None, order: np.ndarray) -> list[tuple[str, str]]:
    """Axes to choose from as (name, label): dimensions by KL, then principal directions where data was encoded."""
    dims = [(f"z{i}", f"z{i}") for i in order[:size]]
    if latent is None:
        return dims
    shares = latent.explained
    return [(f"pc{i}", f"PC{i + 1} · {100 * shares[i]:.0f} %") for i in range(min(size, 8, len(shares)))] + dims


def resolved(axes: tuple[str, str], latent: LatentMap | None, order: np.ndarray) -> tuple[str, str]:
    """``axes``, with principal directions (else z by KL) where one is left open or cannot be shown."""
    size = len(order)
    own = ("pc0", "pc1") if latent is not None else (f"z{order[0]}", f"z{order[min(1, size - 1)]}")
    own = own if size > 1 else ("z0", "z0")
    found = [axis_of(name, size) for name in axes]
    usable = [a is not None and (a[0] == "z" or latent is not None) for a in found]
    return tuple(name if ok else default for name, ok, default in zip(axes, usable, own))  # type: ignore[return-value]


def plane(axes: tuple[str, str], size: int, latent: LatentMap | None) -> Plane:
    """The plane spanned by two named axes (as ``resolved`` gives them)."""
    (u, first), (v, second) = (_direction(name, size, latent) for name in axes)
    return Plane(u, v, (first, second))


def _direction(name: str, size: int, latent: LatentMap | None) -> tuple[np.ndarray, float]:
    axis = axis_of(name, size)
    assert axis is not None
    kind, index = axis
    if kind == "z" or latent is None:
        unit = np.zeros(size, np.float32)
        unit[index] = 1
        return unit, 0.0
    unit = latent.components[index].astype(np.float32)
    return unit, float(latent.mean @ unit)


def order_by_kl(kl: np.ndarray, before: np.ndarray | None = None, slack: float = 0.1) -> np.ndarray:
    """Dimensions, largest KL first.

    An order ``before`` is kept while no pair in it is wrong by more than ``slack`` nats, so that sliders do not swap
    places under the hand while a model trains.
    """
    if before is not None and len(before) == len(kl):
        ranked = kl[before]
        worst = np.max(np.maximum.accumulate(ranked[::-1])[::-1] - ranked, initial=0)
        if worst <= slack:
            return before
    return np.argsort(-kl, kind="stable")


def aligned(new: LatentMap, old: LatentMap | None) -> LatentMap:
    """``new`` with principal directions turned to point the way of ``old``'s, so that the plane is not mirrored."""
    if old is None or old.components.shape != new.components.shape:
        return new
    from dataclasses import replace

    signs = np.where(np.sum(old.components * new.components, axis=1) < 0, -1, 1)
    return replace(new, components=new.components * signs[:, None])


@dataclass(frozen=True)
class Tiling:
    """Tiles of ``factor`` times the picture's size, ``columns`` x ``rows``, centred on the plane's widget."""

    columns: int
    rows: int
    factor: int
    width: int  # of a tile in pixels
    height: int

    @classmethod
    def over(cls, width: int, height: int, picture: tuple[int, int], across: int = 13) -> Tiling:
        """About ``across`` tiles of a ``picture`` (H, W) over a widget of ``width`` x ``height`` pixels."""
        factor = max(1, round(width / across / picture[1]))
        tile_w, tile_h = picture[1] * factor, picture[0] * factor
        return cls(max(1, -(-width // tile_w)), max(1, -(-height // tile_h)), factor, tile_w, tile_h)

    def centres(self, width: int, height: int) -> np.ndarray:
        """Centres (rows * columns, 2) of the tiles in widget pixels, row by row."""
        left = (width - self.columns * self.width) / 2 + self.width / 2
        top = (height - self.rows * self.height) / 2 + self.height / 2
        xs = left + self.width * np.arange(self.columns)
        ys = top + self.height * np.arange(self.rows)
        return np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)


def mosaic(x: np.ndarray, columns: int) -> np.ndarray:
    """Pictures (N, H, W, C) side by side as one (rows * H, columns * W, C); N is a multiple of ``columns``."""
    n, h, w, c = x.shape
    grid = x.reshape(n // columns, columns, h, w, c).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(grid.reshape(n // columns * h, columns * w, c))
