"""What looks at examples in place of a person: features in which near means alike, and answers about attributes.

For pictures with labels it is an attribute network, the shipped one of the data set or else one trained on the spot;
for pictures without labels the first principal components of the pixels, which see layout and colour but no meaning;
for points their coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset, to_float
from genplay.metrics import shipped
from genplay.metrics.attribute_network import AttributeNetwork, train_steps

STEPS, WIDTH, FEATURES = 400, 16, 64  # of a network trained on the spot
COMPONENTS, PICTURES = 64, 1000
REMEMBERED = 2

_trained: list[tuple[Tensor, AttributeNetwork]] = []  # the data that each one learnt, and the network


@dataclass(frozen=True)
class Judge:
    """``features`` maps examples (N, *shape) in [-1, 1] to (N, F). Only an attribute network has ``answers``."""

    features: Callable[[Tensor], Tensor]
    answers: Callable[[Tensor], Tensor] | None = None


def judge_of(data: Dataset) -> Generator[float, None, Judge]:
    """The judge of a data set; where it has to be trained first, on the way the share that is done.

    Raises ``BadInput`` for a damaged file.
    """
    if data.spec.kind is not Kind.IMAGE:
        return Judge(lambda x: x.flatten(1).float().cpu())
    if not data.spec.attributes or not len(data.train):
        return Judge(principal_components(data.train))
    network = shipped.attribute_network(data.name, data.spec)
    if network is None:
        network = yield from trained(data)
    return seen_by(network)


def seen_by(network: AttributeNetwork) -> Judge:
    """The judge that an attribute network is."""
    device = next(network.parameters()).device
    return Judge(
        lambda x: network.features(x.float().to(device)).cpu(), lambda x: network.answers(x.float().to(device)).cpu()
    )


def trained(data: Dataset) -> Generator[float, None, AttributeNetwork]:
    """A network for this data, remembered for the next time."""
    for learnt, network in _trained:
        if learnt is data.train:
            return network
    for i, network in enumerate(train_steps(data, STEPS, 0, WIDTH, FEATURES)):
        yield (i + 1) / STEPS
    _trained.append((data.train, network))
    del _trained[:-REMEMBERED]
    return network


def principal_components(rows: Tensor) -> Callable[[Tensor], Tensor]:
    """Projects examples on the strongest directions of (at most 1,000 of) ``rows``, float32.

    The directions are X' u / |X' u| for the eigenvectors u of X X', X being the centred rows: there are fewer rows than
    pixels as a rule.
    """
    x = to_float(rows[:: max(1, len(rows) // PICTURES)]).flatten(1).double().cpu()
    centre = x.mean(0)
    centred = x - centre
    values, vectors = torch.linalg.eigh(centred @ centred.T)
    strongest = vectors[:, values > 1e-9 * values[-1].clamp(min=1e-12)][:, -COMPONENTS:]
    directions = centred.T @ strongest
    directions = (directions / directions.norm(dim=0).clamp(min=1e-12)).float()
    return lambda examples: (examples.flatten(1).float().cpu() - centre.float()) @ directions
