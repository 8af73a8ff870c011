"""A small classifier of all attributes of a picture at once: its features and its answers judge generated pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genplay.contract.spec import Attribute
from genplay.core.dataset import Dataset, to_float


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
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = AttributeNetwork(data.spec.shape, data.spec.attributes, width, features)
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 2e-3 * (1 - step / steps)
        rows = torch.randint(len(data.train), (128,), generator=generator)
        logits = network(to_float(data.train[rows]))
        loss = torch.stack([F.cross_entropy(one, data.train_labels[rows, i]) for i, one in enumerate(logits)]).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval().requires_grad_(False)


def agreement(network: AttributeNetwork, a: Tensor, b: Tensor) -> Tensor:
    """Share of pairs of pictures (a_i, b_i) whose attribute the network answers alike, (A,)."""
    return (network.answers(a) == network.answers(b)).double().mean(0)
