"""Procedural 2-D sets: 20,000 training and 4,000 held-out points from a fixed seed, each with its log density."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from zlib import crc32

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract.knob import knob
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import Dataset, DataSource
from genplay.data.densities import Checkerboard, Curve, NoisyRings, Pinwheel, equal_mixture, noisy_curves

TRAIN, HELDOUT = 20_000, 4_000

LogDensity = Callable[[Tensor], Tensor]


class Toy(DataSource):
    """Base of the sets below. ``spec`` on the class is that of the default options; ``load`` gives the true one."""

    group = "procedural"
    licence = "Generated: free of any rights"
    spec: ClassVar[DataSpec]

    @classmethod
    def attribute(cls, options: Any) -> Attribute:
        """Names of the components that a point can come from."""
        raise TypeError(f"{cls.__name__} defines no attribute")

    @classmethod
    def draw(cls, options: Any, component: Tensor, generator: Generator) -> Tensor:
        """Points (n, 2) float64 of components (n,)."""
        raise TypeError(f"{cls.__name__} defines no draw")

    @classmethod
    def density(cls, options: Any) -> LogDensity:
        """The log density in closed form."""
        raise TypeError(f"{cls.__name__} defines no density")

    @classmethod
    def load(cls, options: Any) -> Dataset:
        """Both parts of the set; the same options give the same points."""
        generator = torch.Generator().manual_seed(crc32(cls.name.encode()))
        attribute = cls.attribute(options)
        component = torch.randint(len(attribute.values), (TRAIN + HELDOUT,), generator=generator)
        points = cls.draw(options, component, generator).float()
        return Dataset(
            cls.name,
            cls.title,
            cls.licence,
            _points(attribute),
            train=points[:TRAIN],
            train_labels=component[:TRAIN, None],
            heldout=points[TRAIN:],
            heldout_labels=component[TRAIN:, None],
            log_density=cls.density(options),
        )


def _points(attribute: Attribute) -> DataSpec:
    return DataSpec(Kind.POINTS, (2,), (attribute,))


def _numbered(name: str, count: int) -> Attribute:
    return Attribute(name, tuple(str(i) for i in range(count)))


def _noise(n: int, sigma: float, generator: Generator) -> Tensor:
    return torch.randn(n, 2, generator=generator, dtype=torch.float64) * sigma


def _uniform(n: int, generator: Generator) -> Tensor:
    return torch.rand(n, generator=generator, dtype=torch.float64)


def _polar(radius: Tensor | float, angle: Tensor) -> Tensor:
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


def _sigma(default: float, low: float = 0.01) -> Any:
    return knob(default, "noise", "standard deviation of the Gaussian noise", low=low, high=0.1, scale="log")


class Ring(Toy):
    """``k`` equal Gaussians around a circle: does a model find every mode?"""

    name, title, order = "ring", "Ring of Gaussians", 20
    summary = "Equal Gaussians around a circle. A model that drops modes is seen at once."

    @dataclass(frozen=True)
    class Options:
        """Number, distance and width of the Gaussians."""

        k: int = knob(8, "Gaussians", "number of Gaussians", low=1, high=32)
        radius: float = knob(0.8, "radius", "distance of their centres from the origin", low=0.2, high=1.0)
        sigma: float = _sigma(0.05)

    spec = _points(_numbered("mode", 8))

    @classmethod
    def attribute(cls, options: Options) -> Attribute:
        """One value a Gaussian, counter-clockwise from the right."""
        return _numbered("mode", options.k)

    @classmethod
    def centres(cls, options: Options) -> Tensor:
        """Centres (k, 2)."""
        return _polar(options.radius, torch.arange(options.k, dtype=torch.float64) * (2 * math.pi / options.k))

    @classmethod
    def draw(cls, options: Options, component: Tensor, generator: Generator) -> Tensor:
        """A centre plus noise."""
        return cls.centres(options)[component] + _noise(len(component), options.sigma, generator)

    @classmethod
    def density(cls, options: Options) -> LogDensity:
        """A mixture of equal Gaussians."""
        return equal_mixture(cls.centres(options), options.sigma)


class Grid(Toy):
    """``side`` x ``side`` equal Gaussians on a square grid."""

    name, title, order = "grid", "Grid of Gaussians", 21
    summary = "Equal Gaussians on a square grid: many modes to cover."

    @dataclass(frozen=True)
    class Options:
        """Size of the grid and width of the Gaussians."""

        side: int = knob(5, "side", "Gaussians along a side of the grid", low=1, high=9)
        sigma: float = _sigma(0.04)

    spec = _points(_numbered("mode", 25))

    @classmethod
    def attribute(cls, options: Options) -> Attribute:
        """One value a Gaussian, row by row from the lower left."""
        return _numbered("mode", options.side**2)

    @classmethod
    def centres(cls, options: Options) -> Tensor:
        """Centres (side^2, 2) on [-0.9, 0.9]^2."""
        if options.side == 1:
            return torch.zeros(1, 2, dtype=torch.float64)
        line = torch.linspace(-0.9, 0.9, options.side, dtype=torch.float64)
        return torch.cartesian_prod(line, line).flip(1)

    @classmethod
    def draw(cls, options: Options, component: Tensor, generator: Generator) -> Tensor:
        """A centre plus noise."""
        return cls.centres(options)[component] + _noise(len(component), options.sigma, generator)

    @classmethod
    def density(cls, options: Options) -> LogDensity:
        """A mixture of equal Gaussians."""
        return equal_mixture(cls.centres(options), options.sigma)


class Moons(Toy):
    """Two interleaved half circles with noise."""

    name, title, order = "moons", "Two moons", 22
    summary = "Two interleaved half circles: curved, touching nowhere, a first test of every flow."

    @dataclass(frozen=True)
    class Options:
        """How far apart and how noisy the moons are."""

        gap: float = knob(0.0, "gap", "extra distance between the moons", low=-0.2, high=0.4)
        sigma: float = _sigma(0.05, low=0.02)

    spec = _points(Attribute("moon", ("upper", "lower")))
    radius: ClassVar[float] = 0.65

    @classmethod
    def attribute(cls, options: Options) -> Attribute:
        """Which of the two half circles."""
        return Attribute("moon", ("upper", "lower"))

    @classmethod
    def centre(cls, options: Options) -> tuple[float, float]:
        """Centre of the upper moon; the lower one is the upper one turned by half a turn about the origin."""
        return -cls.radius / 2, -cls.radius / 4 + options.gap / 2

    @classmethod
    def draw(cls, options: Options, component: Tensor, generator: Generator) -> Tensor:
        """A uniform point of a half circle plus noise."""
        arc = _polar(cls.radius, math.pi * _uniform(len(component), generator))
        upper = arc + torch.tensor(cls.centre(options), dtype=torch.float64)
        return torch.where(component[:, None] == 0, upper, -upper) + _noise(len(upper), options.sigma, generator)

    @classmethod
    def density(cls, options: Options) -> LogDensity:
        """Two arcs convolved with the noise."""
        centre = np.array(cls.centre(options))

        def arc(sign: float) -> Curve:
            return Curve(
                lambda s: sign * (centre + cls.radius * np.stack([np.cos(s), np.sin(s)], 1)),
                lambda s: np.full_like(s, 1 / math.pi),
                0.0,
                math.pi,
            )

        return noisy_curves([arc(1.0), arc(-1.0)], options.sigma)


class Board(Toy):
    """Uniform over every other cell of a board."""

    name, title, order = "checkerboard", "Checkerboard", 23
    summary = "Every other cell of a board, evenly filled: sharp edges, which smooth models blur."

    @dataclass(frozen=True)
    class Options:
        """Size of the board."""

        n: int = knob(4, "cells", "cells along a side of the board", low=2, high=10)

    spec = _points(_numbered("cell", 8))

    @classmethod
    def attribute(cls, options: Options) -> Attribute:
        """One value a filled cell, column by column from the lower left."""
        return _numbered("cell", (options.n**2 + 1) // 2)

    @classmethod
    def draw(cls, options: Options, component: Tensor, generator: Generator) -> Tensor:
        """A uniform point of a filled cell."""
        cells = torch.cartesian_prod(torch.arange(options.n), torch.arange(options.n))
        filled = cells[cells.sum(1) % 2 == 0]
        inside = torch.rand(len(component), 2, generator=generator, dtype=torch.float64)
        return (filled[component] + inside) * (2 / options.n) - 1

    @classmethod
    def density(cls, options: Options) -> LogDensity:
        """Constant on the filled cells."""
        return Checkerboard(options.n)


class Spirals(Toy):
    """Arms of an Archimedean spiral with noise, evenly filled by area rather than by angle."""

    name, title, order = "spirals", "Spirals", 24
    summary = "Interleaved spiral arms: long, thin and curved."

    @dataclass(frozen=True)
    class Options:
        """Number, length and width of the arms."""

        arms: int = knob(2, "arms", "number of spiral arms", low=1, high=4)
        turns: float = knob(1.5, "turns", "turns that an arm makes", low=0.5, high=3.0)
        sigma: float = _sigma(0.03, low=0.02)

    spec = _points(_numbered("arm", 2))
    radius: ClassVar[float] = 0.95

    @classmethod
    def attribute(cls, options: Options) -> Attribute:
        """One value an arm."""
        return _numbered("arm", options.arms)

    @classmethod
    def draw(cls, options: Options, component: Tensor, generator: Generator) -> Tensor:
        """Share s of the arm with density 2 s, at radius proportional to s, plus noise."""
        share = _uniform(len(component), generator).sqrt()
        angle = 2 * math.pi * (options.turns * share + component.double() / options.arms)
        return _polar(cls.radius * share, angle) + _noise(len(share), options.sigma, generator)

    @classmethod
    def density(cls, options: Options) -> LogDensity:
        """The arms convolved with the noise."""

        def arm(k: int) -> Curve:
            def at(s: np.ndarray) -> np.ndarray:
                angle = 2 * math.pi * (options.turns * s + k / options.arms)
                return cls.radius * s[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)

            return Curve(at, lambda s: 2 * s, 0.0, 1.0)

        return noisy_curves([arm(k) for k in range(options.arms)], options.sigma)


class SwissRoll(Toy):
    """One spiral from a quarter of the way out, uniform in its angle: the cross-section of the swiss roll."""

    name, title, order = "swiss_roll", "Swiss roll", 25
    summary = "One rolled-up sheet seen from its end: denser inside than outside."

    @dataclass(frozen=True)
    class Options:
        """Length and width of the roll."""

        turns: float = knob(1.5, "turns", "turns that the roll makes", low=0.5, high=3.0)
        sigma: float = _sigma(0.03, low=0.02)

    spec = _points(Attribute("part", ("inner", "middle", "outer")))
    radius: ClassVar[float] = 0.95

    @classmethod
    def attribute(cls, options: Options) -> Attribute:
        """Which third of the roll."""
        return Attribute("part", ("inner", "middle", "outer"))

    @classmethod
    def draw(cls, options: Options, component: Tensor, generator: Generator) -> Tensor:
        """Share s of the roll, uniform within its third, at radius (1/3 + 2/3 s) of the outermost, plus noise."""
        share = (component + _uniform(len(component), generator)) / 3
        path = _polar(cls.radius * (1 + 2 * share) / 3, 2 * math.pi * options.turns * share)
        return path + _noise(len(share), options.sigma, generator)

    @classmethod
    def density(cls, options: Options) -> LogDensity:
        """The roll convolved with the noise."""

        def at(s: np.ndarray) -> np.ndarray:
            angle = 2 * math.pi * options.turns * s
            return cls.radius * ((1 + 2 * s) / 3)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)

        return noisy_curves([Curve(at, np.ones_like, 0.0, 1.0)], options.sigma)


class Wheel(Toy):
    """Gaussian arms, swirled: after the pinwheel of Johnson et al. (2016), with an area-preserving swirl."""

    name, title, order = "pinwheel", "Pinwheel", 26
    summary = "Swirled Gaussian arms that taper inwards."

    @dataclass(frozen=True)
    class Options:
        """Number, shape and swirl of the arms."""

        arms: int = knob(5, "arms", "number of arms", low=1, high=10)
        radial: float = knob(0.14, "length", "standard deviation along an arm", low=0.05, high=0.16)
        tangential: float = knob(0.05, "width", "standard deviation across an arm", low=0.01, high=0.1)
        swirl: float = knob(2.5, "swirl", "turn of an arm from the centre to the rim", low=0.0, high=6.0, unit="rad")

    spec = _points(_numbered("arm", 5))

    @classmethod
    def attribute(cls, options: Options) -> Attribute:
        """One value an arm."""
        return _numbered("arm", options.arms)

    @classmethod
    def density(cls, options: Options) -> Pinwheel:
        """The mixture of swirled Gaussians."""
        return Pinwheel(options.arms, 0.55, options.radial, options.tangential, options.swirl)

    @classmethod
    def draw(cls, options: Options, component: Tensor, generator: Generator) -> Tensor:
        """A Gaussian point, turned to its arm."""
        wheel = cls.density(options)
        widths = torch.tensor([options.radial, options.tangential], dtype=torch.float64)
        straight = _noise(len(component), 1.0, generator) * widths
        straight[:, 0] += wheel.radius
        return wheel.turn(straight, component.double())


class Rings(Toy):
    """Two circles about one centre, with noise."""

    name, title, order = "rings", "Two rings", 27
    summary = "Two circles about one centre: a hole that a model must not fill."

    @dataclass(frozen=True)
    class Options:
        """Radii and width of the rings."""

        inner: float = knob(0.4, "inner radius", "radius of the inner ring", low=0.1, high=0.9)
        outer: float = knob(0.9, "outer radius", "radius of the outer ring", low=0.1, high=1.0)
        sigma: float = _sigma(0.04)

    spec = _points(Attribute("ring", ("inner", "outer")))

    @classmethod
    def attribute(cls, options: Options) -> Attribute:
        """Which ring."""
        return Attribute("ring", ("inner", "outer"))

    @classmethod
    def draw(cls, options: Options, component: Tensor, generator: Generator) -> Tensor:
        """A uniform point of a circle plus noise."""
        radius = torch.tensor([options.inner, options.outer], dtype=torch.float64)[component]
        angle = 2 * math.pi * _uniform(len(component), generator)
        return _polar(radius, angle) + _noise(len(component), options.sigma, generator)

    @classmethod
    def density(cls, options: Options) -> LogDensity:
        """The mean of two Rice densities."""
        return NoisyRings((options.inner, options.outer), options.sigma)
