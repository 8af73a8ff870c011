"""The attribute networks that come with genplay, one for each labelled picture set, under ``checkpoints/attributes``.

A file is the block of bytes that ``core.checkpoint.pack`` makes: the weights, and a JSON table with the name of the
data, the network's ``width`` and ``features``, and its ``accuracy`` on held-out pictures by attribute.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genplay.contract import atomic, paths
from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec, Kind
from genplay.core.checkpoint import pack, unpack
from genplay.metrics.attribute_network import AttributeNetwork

MAX_BYTES = 8 << 20
MAX_WIDTH = 256


def folder() -> Path:
    """Where the files are."""
    return paths.shipped("checkpoints") / "attributes"


def attribute_network(data: str, spec: DataSpec, where: Path | None = None) -> AttributeNetwork | None:
    """The shipped network of a data set, None where there is none or the data is not what it learnt.

    Raises ``BadInput`` for a damaged file.
    """
    path = (where or folder()) / f"{data}.safetensors"
    if spec.kind is not Kind.IMAGE or not data.isidentifier() or not path.is_file():
        return None
    return _read(path, spec)


@lru_cache(maxsize=4)
def _read(path: Path, spec: DataSpec) -> AttributeNetwork | None:
    tensors, plain = unpack(_bytes(path))
    if plain.get("data") != path.stem or plain.get("spec") != spec.to_plain():
        return None
    width, features = (_size(plain, name, path) for name in ("width", "features"))
    with torch.device("meta"):
        wanted = AttributeNetwork(spec.shape, spec.attributes, width, features).state_dict()
    if {n: (t.shape, t.dtype) for n, t in wanted.items()} != {n: (t.shape, t.dtype) for n, t in tensors.items()}:
        raise BadInput(f"{path.name} does not hold the weights of an attribute network.")
    return _network(spec, width, features, tensors)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"{path.name} is too large for an attribute network.")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror or error}.") from None


def _size(plain: dict[str, Any], name: str, path: Path) -> int:
    value = plain.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_WIDTH:
        raise BadInput(f"{path.name} does not say how large its network is.")
    return value


def _network(spec: DataSpec, width: int, features: int, tensors: dict[str, Tensor]) -> AttributeNetwork:
    with torch.random.fork_rng(devices=[]):
        network = AttributeNetwork(spec.shape, spec.attributes, width, features)
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def save(
    path: Path, network: AttributeNetwork, data: str, spec: DataSpec, features: int, accuracy: dict[str, float]
) -> None:
    """Write a network of ``data``; ``accuracy`` is by attribute. Raises ``OSError``."""
    width = network.body[0].out_channels
    plain = {"data": data, "spec": spec.to_plain(), "width": width, "features": features, "accuracy": accuracy}
    atomic.write(path, pack(network.state_dict(), plain))
