"""Carry a training over into a network of another shape, so that it computes the same at first where that can be.

Parameters are matched by name. One of the same shape is copied. One that has grown, in the same number of dimensions,
takes the old values into its leading corner; what the old outputs take from new inputs is zero, and new outputs begin
fresh, as they could never learn if they and what listens to them were both zero (Net2Net, Chen et al. 2016,
arXiv:1511.05641). All others begin fresh. Averages and the moments of the optimiser go the same ways; where there was
none before, a moment is zero. Buffers are copied where their shape is the same.

Nothing else knows of the new shape: a spectral norm changes with new outputs, and inputs that were not added at the end
meet the weights of others.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from genplay.core.training import Player, Trainer

State = tuple[dict[str, Tensor], dict[str, Any]]  # of Trainer.state()


def carried(state: State, source: Trainer, target: Trainer) -> State:
    """A state that ``target``, untrained, can restore, made of one of ``source``; random streams and data go on."""
    tensors, plain = state
    carrier = _Carrier(tensors, source, target)
    new = {"generator": tensors["generator"]}
    for group, player in target.players.items():
        new |= carrier.weights(group, player)
        new |= carrier.moments(group, player)
    new |= {f"buffer.{n}": _buffer(tensors.get(f"buffer.{n}"), b) for n, b in target.model.named_buffers()}
    counts = {key: {g: plain[key].get(g, 0) for g in target.players} for key in ("players", "averaged")}
    return new, {**plain, **counts}


class _Carrier:
    """What the parameters of ``target`` are among the flat tensors of a state of ``source``."""

    def __init__(self, tensors: dict[str, Tensor], source: Trainer, target: Trainer) -> None:
        self.tensors = tensors
        self.old, self.new = _owners(source), _owners(target)

    def weights(self, group: str, player: Player) -> dict[str, Tensor]:
        """Values and averages of a group."""
        fresh = {"values": player.flat.values, "average": player.average}
        return {f"{kind}.{group}": self._overlaid(flat, group, f"{kind}.{{}}") for kind, flat in fresh.items()}

    def moments(self, group: str, player: Player) -> dict[str, Tensor]:
        """The optimiser's state of a group; empty where its namesake had none."""
        prefix = f"optimiser.{group}."
        held = {key.removeprefix(prefix): value for key, value in self.tensors.items() if key.startswith(prefix)}
        zeros = torch.zeros_like(player.flat.values)
        return {
            prefix + key: self._overlaid(zeros, group, f"optimiser.{{}}.{key}") if value.dim() else value
            for key, value in held.items()
        }

    def _overlaid(self, background: Tensor, group: str, key: str) -> Tensor:
        """A copy of a flat tensor of a group with what is carried over laid on it; ``key`` takes the old group."""
        flat = background.detach().clone()
        for name, (owner, parameter) in self.new.items():
            old_group, old_parameter = self.old.get(name, ("", parameter))
            old = self.tensors.get(key.format(old_group))
            if owner == group and old is not None:
                _lay(_view(old, old_parameter), _view(flat, parameter))
        return flat


def _owners(trainer: Trainer) -> dict[str, tuple[str, Tensor]]:
    """The group of each parameter, and the parameter, by name."""
    names = {id(p): name for name, p in trainer.model.named_parameters()}
    return {names[id(p)]: (g, p.detach()) for g, player in trainer.players.items() for p in player.flat.parameters}


def _view(flat: Tensor, parameter: Tensor) -> Tensor:
    """The part of ``flat`` at which ``parameter`` lies in the flat tensor of its group, in its shape and layout."""
    return flat.as_strided(parameter.shape, parameter.stride(), flat.storage_offset() + parameter.storage_offset())


def _lay(old: Tensor, new: Tensor) -> None:
    """Copy ``old`` into the leading corner of ``new``, if it is the same or has grown."""
    if old.dim() != new.dim() or any(a > b for a, b in zip(old.shape, new.shape)):
        return
    if old.dim() > 1:
        new[: len(old)] = 0
    new[tuple(slice(size) for size in old.shape)] = old


def _buffer(old: Tensor | None, fresh: Tensor) -> Tensor:
    return fresh.clone() if old is None or old.shape != fresh.shape else old
