"""A model inside of another one: what a family that is trained on the codes of another takes from a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec
from genplay.core.model import Model

if TYPE_CHECKING:
    from genplay.core.checkpoint import Opened


def settled(
    values: dict[str, Any], open_file: Callable[[str], Opened], stage: type[Model], whole: str
) -> dict[str, Any]:
    """The settings of a ``whole``, with those of the ``stage`` that its knob "autoencoder" names as its other knob.

    Raises ``BadInput`` where none is named, it is of another family, or it is conditional itself.
    """
    if not values.get("autoencoder"):
        raise BadInput(f"A {whole} needs a {stage.title}: name a checkpoint as its autoencoder.")
    card = open_file(values["autoencoder"]).card
    if card.family != stage.name:
        raise BadInput(f"The autoencoder of a {whole} must be a {stage.title}.")
    if card.config.get("conditional"):
        raise BadInput(
            f"The autoencoder must be a {stage.title} that is not conditional: the labels go to the {whole}."
        )
    return {**values, "autoencoder_knobs": json.dumps(card.config, sort_keys=True)}


def settings(text: str, unnamed: dict[str, Any]) -> dict[str, Any]:
    """The stage's settings in a card; ``unnamed`` ones for a model that is only laid out. Raises ``BadInput``."""
    if not text:
        return unnamed
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadInput("The settings of the autoencoder are damaged.")
    return found


@torch.no_grad()
def take_over(stage: nn.Module, opened: Opened, spec: DataSpec) -> None:
    """Copy the weights of an opened checkpoint into ``stage``. Raises ``BadInput`` where it has learnt other data."""
    if opened.model.spec != spec:
        raise BadInput("The autoencoder has learnt other data.")
    weights = opened.model.state_dict()
    for name, value in stage.state_dict().items():
        value.copy_(weights[name])
