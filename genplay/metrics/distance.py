"""How different examples are from each other."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def mean_distance(features: Tensor) -> tuple[float, float]:
    """The mean Euclidean distance between two different rows of features (N, F), and its standard error.

    The error is the jackknife's: how much the mean moves when one row is left out (Efron and Stein 1981). NaN where
    there are too few rows for either: two for the mean, three for the error.
    """
    n = len(features)
    if n < 2:
        return math.nan, math.nan
    each = torch.cdist(features.double(), features.double()).sum(1)  # of every row to all others
    mean = float(each.sum()) / (n * (n - 1))
    if n < 3:
        return mean, math.nan
    without = (each.sum() - 2 * each) / ((n - 1) * (n - 2))
    return mean, float(((without - without.mean()).square().sum() * (n - 1) / n).sqrt())
