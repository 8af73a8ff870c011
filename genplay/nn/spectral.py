"""Spectral normalisation (Miyato et al. 2018, arXiv:1802.05957): layers whose largest singular value can be held at 1.

A layer divides its weight by an estimate of its largest singular value sigma = u' W v, where u and v come from a power
iteration that goes on by one step with each pass in training. ``normal`` switches it on and off at any time.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FIRST_ITERATIONS = 20  # when it is switched on in a trained network


class _Spectral(nn.Module):
    """What the linear and the convolutional layer share: the power iteration on ``weight`` as a matrix (out, rest)."""

    weight: Any
    u: Tensor
    normal: bool

    def _begin(self) -> None:
        self.normal = False
        self.register_buffer("u", F.normalize(torch.randn(self.weight.shape[0]), dim=0))

    @torch.no_grad()
    def iterate(self, times: int = 1) -> Tensor:
        """``times`` steps of the power iteration; returns v (rest,). Only in training is ``u`` kept."""
        matrix, u = self.weight.flatten(1), self.u
        for _ in range(times):
            v = F.normalize(matrix.T @ u, dim=0)
            u = F.normalize(matrix @ v, dim=0)
        if self.training:
            self.u.copy_(u)
        return v

    def normalised(self) -> Tensor:
        """The weight, divided by its largest singular value if ``normal``."""
        if not self.normal:
            return self.weight
        v = self.iterate()
        return self.weight / (self.u.clone() @ (self.weight.flatten(1) @ v))


class SpectralLinear(nn.Linear, _Spectral):
    """A linear layer with a switch for spectral normalisation."""

    def __init__(self, inputs: int, outputs: int, **facts: Any) -> None:
        super().__init__(inputs, outputs, **facts)
        self._begin()

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.normalised(), self.bias)


class SpectralConv(nn.Conv2d, _Spectral):
    """A convolution with a switch for spectral normalisation (of its weight as a matrix, as Miyato et al. do)."""

    def __init__(self, inputs: int, outputs: int, size: int, **facts: Any) -> None:
        super().__init__(inputs, outputs, size, **facts)
        self._begin()

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.normalised(), self.bias)


def normalise(network: nn.Module, on: bool) -> None:
    """Switch spectral normalisation of all layers; one that is switched on gets a good estimate first."""
    for layer in network.modules():
        if isinstance(layer, _Spectral) and layer.normal != on:
            layer.normal = on
            if on:
                was, layer.training = layer.training, True
                layer.iterate(FIRST_ITERATIONS)
                layer.training = was
