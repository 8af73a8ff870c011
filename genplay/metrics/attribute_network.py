"""A small classifier of all attributes of a picture at once: its features and its answers judge generated pictures."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genplay.contract.spec import Attribute
from genplay.core.dataset import Dataset, to_float

BATCH = 128
RATE = 2e-3


class AttributeNetwork(nn.Module):
    """Pictures (B, C, H, W) in [-1, 1] to features (B, ``features``) and, from them, logits of every attribute."""

    def __init__(self, shape: tuple[int, ...], attributes: tuple[Attribute, ...], width: int, features: int) -> None:
        super().__init__()
        channels, height, breadth = shape
        self.sizes = [len(attribute.values) for attribute in attributes]
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.ReLU(), nn.Flatten(),
            nn.Linear(2 * width * (height // 4) * (breadth // 4), features), nn.ReLU(),
        )  # fmt: skip
        self.heads = nn.Linear(features, sum(self.sizes))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Logits (B, values) of each attribute."""
        return self.heads(self.body(x)).split(self.sizes, 1)

    @torch.no_grad()
    def features(self, x: Tensor, batch: int = 500) -> Tensor:
        """Features (N, F) of pictures."""
        return torch.cat([self.body(part) for part in x.split(batch)])

    @torch.no_grad()
    def answers(self, x: Tensor, batch: int = 500) -> Tensor:
        """The most likely value of every attribute, (N, A)."""
        return torch.cat([torch.stack([logits.argmax(1) for logits in self(part)], 1) for part in x.split(batch)])


def train(data: Dataset, steps: int = 3000, seed: int = 0, width: int = 32, features: int = 64) -> AttributeNetwork:
    """A network trained on the train part of ``data`` by the summed cross-entropy of its attributes."""
    *_, network = train_steps(data, steps, seed, width, features)
    return network


def train_steps(
    data: Dataset, steps: int, seed: int = 0, width: int = 32, features: int = 64
) -> Iterator[AttributeNetwork]:
    """The same, a step at a time: the network as it is after each one. Gradients are taken whatever the caller's mode.

    Labels that are not specified teach nothing.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = AttributeNetwork(data.spec.shape, data.spec.attributes, width, features).to(data.train.device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-2)
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = RATE * (1 - step / steps)
        rows = torch.randint(len(data.train), (BATCH,), generator=generator).to(data.train.device)
        with torch.enable_grad():
            _advance(network, optimiser, to_float(data.train[rows]), data.train_labels[rows])
        if step + 1 == steps:
            network.eval().requires_grad_(False)
        yield network


def _advance(network: AttributeNetwork, optimiser: torch.optim.Optimizer, x: Tensor, labels: Tensor) -> None:
    losses = [
        F.cross_entropy(logits, labels[:, i], ignore_index=network.sizes[i])
        for i, logits in enumerate(network(x))
        if bool((labels[:, i] != network.sizes[i]).any())
    ]
    if losses:
        optimiser.zero_grad()
        torch.stack(losses).sum().backward()
        optimiser.step()


def agreement(network: AttributeNetwork, a: Tensor, b: Tensor) -> Tensor:
    """Share of pairs of pictures (a_i, b_i) whose attribute the network answers alike, (A,)."""
    return (network.answers(a) == network.answers(b)).double().mean(0)


def accuracy(network: AttributeNetwork, x: Tensor, labels: Tensor) -> dict[int, float]:
    """Share of pictures (N, C, H, W) whose label (N, A) the network answers, by attribute column.

    Labels that are not specified are left out, and attributes of which none is.
    """
    answers = network.answers(x)
    known = labels < torch.tensor(network.sizes, device=labels.device)
    right = (answers == labels) & known
    return {i: float(right[:, i].sum() / known[:, i].sum()) for i in range(len(network.sizes)) if known[:, i].any()}
