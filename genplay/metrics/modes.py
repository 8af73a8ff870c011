"""Which modes of the data samples cover, how evenly, and how well: what mode collapse is seen by.

The counts are those of Srivastava et al. 2017 (VEEGAN, arXiv:1705.07761) and Lin et al. 2018 (PacGAN,
arXiv:1712.04086): modes covered, the share of high-quality samples, and the reverse KL between the shares of the modes.
``results.Modes`` says when a mode is covered.
"""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset, to_float
from genplay.core.model import Model
from genplay.metrics import shipped
from genplay.metrics.distance import mean_distance
from genplay.metrics.judge import Judge, principal_components, seen_by
from genplay.metrics.neighbourhood import inside, neighbourhood, radii

COMPACT = 0.25  # most that a mode may spread, in distances to the nearest other one
REACH = 3.0  # standard deviations from a centre within which a point is of its mode
HELD = 0.01  # share of the samples that covers a mode of points
QUARTER = 0.25  # share of the data's share that covers a mode
PICTURES = 1000  # real ones whose classes are looked at
NEIGHBOURS = 5
FEWEST = 4 * NEIGHBOURS  # rows without which there is no neighbourhood to speak of
ROWS = 512  # scored at once
QUICK, NEAR = 512, 256  # real rows, and those whose neighbourhoods are looked at, while a model trains

COVERED, IN_ALL = "modes covered", "modes of the data"
QUALITY, DIVERGENCE = "high-quality share", "KL to the data's modes"
PRECISION, RECALL, DISTANCE = "precision", "recall", "pairwise distance"
RIGHT_REAL, RIGHT_FAKE = "D accuracy real", "D accuracy fake"


@dataclass(frozen=True)
class ModeSet:
    """The K modes of a data set: names and the data's shares ``ideal`` (K,), float64.

    Of points, ``centres`` (K, 2) and ``sigma`` (K,), the standard deviation along an axis; of pictures, ``column`` of
    the labels that name their classes. ``group`` is the attribute.
    """

    names: tuple[str, ...]
    ideal: Tensor
    group: str
    column: int
    centres: Tensor | None = None
    sigma: Tensor | None = None


@dataclass(frozen=True)
class Yardstick:
    """What samples are held against: modes, real ``rows`` (R, *shape) in [-1, 1], and features (N, F) of the first.

    ``reach`` is the distance of each feature to its 5th neighbour, ``pixel_reach`` that of the pictures themselves;
    None for too few rows, or for points.
    """

    judge: Judge
    modes: ModeSet | None
    rows: Tensor
    features: Tensor
    reach: Tensor | None  # (N,)
    pixel_reach: Tensor | None  # (N,)
    distance: float  # the mean one between features


# ---- the modes of the data --------------------------------------------------------------------------------------


def judge_at_once(data: Dataset) -> Judge:
    """Who looks at this data without any training: see ``metrics.judge``."""
    if data.spec.kind is not Kind.IMAGE:
        return Judge(lambda x: x.flatten(1).float().cpu())
    network = shipped.attribute_network(data.name, data.spec)
    return Judge(principal_components(data.train)) if network is None else seen_by(network)


def modes_of(data: Dataset, attribute: str = "", judge: Judge | None = None) -> ModeSet | None:
    """The modes of labelled data by one ``attribute``, "" meaning the one with most values; None where it has none.

    A mode of points is what has one label, if such points lie compactly: their standard deviation along an axis is less
    than a quarter of the distance to the nearest other centre. A mode of pictures is a class that ``judge`` can tell.
    Raises ``BadInput`` for an unknown attribute.
    """
    column = _column(data, attribute)
    if column is None or not len(data.train):
        return None
    if data.spec.kind is Kind.POINTS:
        return _of_points(data, column)
    judge = judge or judge_at_once(data)
    return None if judge.answers is None else _of_pictures(data, column, judge)


def _column(data: Dataset, attribute: str) -> int | None:
    """The column of an attribute with at least two values."""
    names = [a.name for a in data.spec.attributes]
    if attribute and attribute not in names:
        raise BadInput(f"There is no attribute {attribute!r:.60}; known: {', '.join(names) or 'none'}.")
    sizes = [len(a.values) for a in data.spec.attributes]
    column = names.index(attribute) if attribute else sizes.index(max(sizes)) if sizes else None
    return column if column is not None and sizes[column] > 1 else None


def _of_points(data: Dataset, column: int) -> ModeSet | None:
    attribute = data.spec.attributes[column]
    labels, x = data.train_labels[:, column].cpu(), data.train.double().cpu()
    counts = torch.bincount(labels, minlength=attribute.any)[: attribute.any].double()
    if bool((counts < 2).any()):
        return None
    groups = [x[labels == value] for value in range(attribute.any)]
    centres = torch.stack([group.mean(0) for group in groups])
    sigma = torch.stack([group.var(0).mean().sqrt() for group in groups])
    if not bool((sigma < COMPACT * _nearest(centres)).all()):
        return None
    return ModeSet(attribute.values, counts / counts.sum(), attribute.name, column, centres, sigma)


def _nearest(centres: Tensor) -> Tensor:
    """The distance of each centre (K, 2) to the nearest other one, (K,)."""
    return torch.cdist(centres, centres).fill_diagonal_(math.inf).min(1).values


def _of_pictures(data: Dataset, column: int, judge: Judge) -> ModeSet:
    """Classes with the shares in which real pictures are seen; one never seen counts as half a picture."""
    attribute = data.spec.attributes[column]
    seen = _classes(real_rows(data, PICTURES), judge, column, attribute.any).clamp(min=0.5)
    return ModeSet(attribute.values, seen / seen.sum(), attribute.name, column)


def _classes(x: Tensor, judge: Judge, column: int, count: int) -> Tensor:
    """How many pictures (N, C, H, W) are seen as each class, (count,) float64."""
    assert judge.answers is not None
    return torch.bincount(judge.answers(x.clamp(-1, 1))[:, column].cpu(), minlength=count).double()


def real_rows(data: Dataset, n: int) -> Tensor:
    """At most ``n`` training rows in [-1, 1], drawn once and for all: every k-th one would follow any pattern in them.

    The fewer are the first of the more.
    """
    order = torch.randperm(len(data.train), generator=Generator().manual_seed(0))
    return to_float(data.train[order[:n].to(data.train.device)])


# ---- measuring samples ------------------------------------------------------------------------------------------


def yardstick(data: Dataset, n: int, near: int, attribute: str = "", judge: Judge | None = None) -> Yardstick:
    """What samples of ``data`` are held against: ``n`` real rows, of ``near`` of them the neighbourhoods."""
    judge = judge or judge_at_once(data)
    rows = real_rows(data, n).cpu()  # as features are, wherever models and samples may be
    features = judge.features(rows[:near]).double()
    enough, pictures = len(features) >= FEWEST, data.spec.kind is Kind.IMAGE
    reach = radii(features, NEIGHBOURS) if enough else None
    pixel_reach = radii(rows[:near].flatten(1).double(), NEIGHBOURS) if enough and pictures else None
    distance = mean_distance(features)[0]
    return Yardstick(judge, modes_of(data, attribute, judge), rows, features, reach, pixel_reach, distance)


@torch.no_grad()
def measure(x: Tensor, against: Yardstick, model: Model | None = None) -> results.Modes:
    """How samples ``x`` (N, *shape) compare with the data; ``model`` tells what its discriminator makes of both.

    Precision, recall and distance are of as many samples as there are real features. What cannot be told is NaN:
    precision and recall of fewer than 20 rows, the KL where no point is near any mode.
    """
    share, quality = shares(x, against)
    modes = against.modes
    ideal = np.zeros(0) if modes is None else modes.ideal.numpy()
    precision, recall, distance = _spread(x, against)
    real, fake = accuracies(model, against.rows, x)
    return results.Modes(
        names=() if modes is None else modes.names,
        share=share,
        ideal=ideal,
        covered=covered(share, ideal, modes is not None and modes.centres is not None),
        high_quality=quality,
        kl=divergence(share, ideal),
        precision=precision,
        recall=recall,
        distance=distance,
        n=len(x),
        centres=None if modes is None or modes.centres is None else modes.centres.numpy(),
        radius=None if modes is None or modes.sigma is None else REACH * modes.sigma.numpy(),
        accuracy_real=real,
        accuracy_fake=fake,
        group="" if modes is None else modes.group,
    )


def shares(x: Tensor, against: Yardstick) -> tuple[np.ndarray, float]:
    """The share of samples in each mode (K,), and in any mode of points; the latter NaN for pictures.

    A point is of the mode whose centre is nearest if that is within 3 sigma, of none otherwise.
    """
    modes = against.modes
    if modes is None:
        return np.zeros(0), math.nan
    if modes.centres is None or modes.sigma is None:
        counts = _classes(x, against.judge, modes.column, len(modes.names))
        return counts.div(len(x)).numpy(), math.nan
    distance, nearest = torch.cdist(x.double().cpu(), modes.centres).min(1)
    near = nearest[distance <= REACH * modes.sigma[nearest]]
    return torch.bincount(near, minlength=len(modes.names)).double().div(len(x)).numpy(), len(near) / len(x)


def covered(share: np.ndarray, ideal: np.ndarray, points: bool) -> np.ndarray:
    """Which modes are covered: a quarter of the data's share is enough, and of points 1 % of the samples too."""
    return share >= np.minimum(QUARTER * ideal, HELD if points else math.inf)


def divergence(share: np.ndarray, ideal: np.ndarray) -> float:
    """KL(q || p) = sum_k q_k log(q_k / p_k) in nats, q being ``share`` over its sum; NaN where that is zero."""
    if not share.sum() > 0:
        return math.nan
    q = share / share.sum()
    held = q > 0
    return float(max(0.0, (q[held] * np.log(q[held] / ideal[held])).sum()))


def _spread(x: Tensor, against: Yardstick) -> tuple[float, float, float]:
    """Precision and recall (Kynkäänniemi et al. 2019), and the mean pairwise distance over that of the data.

    A picture counts as precise where it is in the ball of a real one among the features of the judge, and in one among
    the pixels too. Features alone do not do: to a network that has only seen faces noise looks like some face or other
    (0.99 of uniform noise, 1.00 of a collapsed GAN's mush are in a ball of faces16), in whichever ball, so neither
    density (0.3, 1.2) nor leaving out the largest balls tells them.
    """
    n = max(FEWEST, len(against.features))
    x = (x[:n].clamp(-1, 1) if x.dim() == 4 else x[:n]).cpu()
    features = against.judge.features(x).double()
    distance = mean_distance(features)[0] / against.distance if against.distance > 0 else math.nan
    if against.reach is None or len(features) < FEWEST:
        return math.nan, math.nan, distance
    found = neighbourhood(against.features, features, NEIGHBOURS, against.reach)
    if against.pixel_reach is None:
        return found.precision, found.recall, distance
    real = against.rows[: len(against.features)].flatten(1)
    among = inside(against.features, features, against.reach) & inside(real, x.flatten(1), against.pixel_reach)
    return float(among.double().mean()), found.recall, distance


def accuracies(model: Any, real: Tensor, fake: Tensor) -> tuple[float, float]:
    """The shares of real rows that the discriminator calls real, and of samples that it calls generated."""
    if model is None or Capability.CRITIC not in model.capabilities:
        return math.nan, math.nan
    called_real = [
        torch.cat([model.critic(part, None) > model.threshold for part in x.to(model.device).split(ROWS)])
        for x in (real, fake)
    ]
    share_real, share_fake = (float(called.double().mean()) for called in called_real)
    return share_real, 1 - share_fake


# ---- while a model trains ---------------------------------------------------------------------------------------

_known: dict[
    tuple[int, int, int], tuple[weakref.ref[Dataset], Yardstick]
] = {}  # by the identity of the data, and sizes


def known(data: Dataset, n: int = QUICK, near: int = NEAR, judge: Judge | None = None) -> Yardstick:
    """The yardstick of a data set by its attribute with most values, made once and forgotten with the data."""
    key = (id(data), n, near)
    found = _known.get(key)
    if found is None or found[0]() is not data:
        made = yardstick(data, n, near, judge=judge)
        found = _known[key] = (weakref.ref(data, lambda _: _known.pop(key, None)), made)
    return found[1]


@torch.no_grad()
def mode_terms(model: Model, data: Dataset, generator: Generator, n: int = QUICK) -> dict[str, float]:
    """What ``n`` samples of an adversarial model tell, as curves; empty for a model without a discriminator.

    Precision, recall and distance are of 256 samples. Curves that cannot be told, such as those of modes for data
    without any, are left out. The model is asked as it is: give it in ``eval`` mode.
    """
    if Capability.CRITIC not in model.capabilities:
        return {}
    x = model.sample(n, model.SampleConfig(), generator)
    against = known(data)
    precision, recall, distance = _spread(x, against)
    real, fake = accuracies(model, against.rows[:n], x)
    terms = _of_modes(x, against)
    terms |= {PRECISION: precision, RECALL: recall, DISTANCE: distance, RIGHT_REAL: real, RIGHT_FAKE: fake}
    return {name: value for name, value in terms.items() if math.isfinite(value)}


def _of_modes(x: Tensor, against: Yardstick) -> dict[str, float]:
    if against.modes is None:
        return {}
    share, quality = shares(x, against)
    ideal = against.modes.ideal.numpy()
    points = against.modes.centres is not None
    return {
        COVERED: float(covered(share, ideal, points).sum()),
        IN_ALL: float(len(ideal)),
        QUALITY: quality,
        DIVERGENCE: divergence(share, ideal),
    }
