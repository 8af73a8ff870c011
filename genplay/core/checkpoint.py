"""Checkpoints and saved states: tensors in the safetensors format with plain JSON in the header. No pickle anywhere.

A checkpoint holds the weights of one model and its :class:`~genplay.contract.card.Card`; the same weights and card give
the same bytes. Reading treats the file as hostile: sizes first, then the card, then the architecture that the card
describes is laid out without memory and compared with the file, and only then is anything of that size allocated.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_bytes
from safetensors.torch import save as save_bytes
from torch import Tensor

from genplay.contract import atomic, knob
from genplay.contract.card import MAX_FILE, Card, card_of, digest_of, split
from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec, Kind
from genplay.core.model import Model
from genplay.core.training import TrainingConfig, new_model

CARD_KEY = "genplay"
STATE_KEY = "genplay_state"
MAX_NUMBERS = 1 << 20  # in one data point

_DTYPES = {
    torch.float32: "F32",
    torch.float64: "F64",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


@dataclass(frozen=True)
class Opened:
    """A checkpoint that was read: the model in evaluation mode, its card, and the digest of the file."""

    model: Model
    card: Card
    digest: str


def save(path: str | os.PathLike[str], model: Model, card: Card) -> str:
    """Write ``model``'s weights (of a Replica: the averaged ones) and ``card``; returns the digest of the file.

    Raises ``OSError`` when the file cannot be written and ``BadInput`` when a weight is not finite.
    """
    data = to_bytes(model, card)
    atomic.write(path, data)
    return digest_of(data)


def to_bytes(model: Model, card: Card) -> bytes:
    """The checkpoint file as bytes; equal weights and cards give equal bytes."""
    tensors = _stored(model.state_dict())
    _check_finite(tensors)
    return save_bytes(tensors, {CARD_KEY: card.to_json()})


def load(
    path: str | os.PathLike[str], families: Mapping[str, type[Model]], device: torch.device | str = "cpu"
) -> Opened:
    """Read a checkpoint. Raises ``BadInput`` naming the file and what is wrong with it."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_FILE:
            raise BadInput("it is larger than 2 GiB")
        return from_bytes(path.read_bytes(), families, device)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror or error}.") from None
    except BadInput as error:
        raise BadInput(f"{path.name} cannot be opened: {str(error).rstrip('.')}.") from None


def from_bytes(data: bytes, families: Mapping[str, type[Model]], device: torch.device | str = "cpu") -> Opened:
    """The checkpoint in ``data``; raises ``BadInput`` saying what is wrong, as the end of a sentence."""
    header, _ = split(data)
    card = card_of(header)
    family, config = architecture(card, families)
    _check_layout(header, _layout(family, config, card.spec))
    tensors = _tensors(data)
    _check_finite(tensors)
    model = new_model(family, config, card.spec, device=device)
    model.load_state_dict(tensors)
    return Opened(model.eval(), card, digest_of(data))


def architecture(card: Card, families: Mapping[str, type[Model]]) -> tuple[type[Model], Any]:
    """The family that a card names and its validated configuration; raises ``BadInput``."""
    if card.family not in families:
        raise BadInput(f"its family {card.family[:40]!r} is unknown to this version")
    family = families[card.family]
    _check_spec(card.spec)
    if card.spec.kind not in family.kinds:
        raise BadInput(f"the family {card.family} does not model {card.spec.kind}")
    knob.build(TrainingConfig, card.training)
    return family, knob.build(family.Config, card.config)


def pack(tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> bytes:
    """Tensors and plain JSON values as one block of bytes, such as the state of a run.

    >>> unpack(pack({"a": torch.ones(2)}, {"step": 3}))
    ({'a': tensor([1., 1.])}, {'step': 3})
    """
    text = json.dumps(plain, sort_keys=True, allow_nan=False)
    return save_bytes(_stored(tensors), {STATE_KEY: text})


def unpack(data: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The reverse of ``pack``; raises ``BadInput`` when the block is damaged or holds values that are not finite."""
    try:
        header, _ = split(data)
        plain = _plain(header)
        tensors = _tensors(data)
        _check_finite(tensors)
    except BadInput as error:
        raise BadInput(f"The saved state is damaged: {str(error).rstrip('.')}.") from None
    return tensors, plain


def _stored(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies in memory of their own and in logical order, whatever views and layouts the originals have."""
    return {n: t.detach().cpu().clone(memory_format=torch.contiguous_format) for n, t in tensors.items()}


def _plain(header: dict[str, Any]) -> dict[str, Any]:
    metadata = header.get("__metadata__")
    text = metadata.get(STATE_KEY) if isinstance(metadata, dict) else None
    try:
        plain = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict):
        raise BadInput("its plain part is not a JSON table")
    return plain


def _tensors(data: bytes) -> dict[str, Tensor]:
    try:
        return load_bytes(data)
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError, OverflowError):
        raise BadInput("its tensors are damaged") from None


def _check_finite(tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise BadInput(f"the tensor {name[:80]!r} holds values that are not finite")


def _check_spec(spec: DataSpec) -> None:
    channels = spec.shape[0] if spec.kind is Kind.IMAGE else 1
    rank = 3 if spec.kind is Kind.IMAGE else 1
    if len(spec.shape) != rank or channels not in (1, 3) or spec.size > MAX_NUMBERS:
        raise BadInput(f"its data cannot be {spec.kind} of shape {spec.shape}")


def _layout(family: type[Model], config: Any, spec: DataSpec) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of every tensor of the model, found on the meta device, which takes no memory."""
    try:
        with torch.device("meta"):
            state = family(config, spec).state_dict()
    except (ValueError, TypeError, RuntimeError, IndexError, KeyError, ZeroDivisionError, AssertionError) as error:
        reason = str(error) if isinstance(error, BadInput) else "its settings do not describe a network"
        raise BadInput(reason) from None
    return {name: (_DTYPES[t.dtype], tuple(t.shape)) for name, t in state.items()}


def _check_layout(header: dict[str, Any], wanted: dict[str, tuple[str, tuple[int, ...]]]) -> None:
    names = header.keys() - {"__metadata__"}
    for name in sorted(wanted.keys() ^ names):
        raise BadInput(f"the tensor {name[:80]!r} is {'missing' if name in wanted else 'not part of its network'}")
    for name, (dtype, shape) in wanted.items():
        entry = header[name]
        found = (entry.get("dtype"), entry.get("shape")) if isinstance(entry, dict) else None
        if found != (dtype, list(shape)):
            raise BadInput(f"the tensor {name[:80]!r} is not {dtype} of shape {list(shape)}")
