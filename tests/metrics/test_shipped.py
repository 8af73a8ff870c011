"""The attribute networks that ship: what they are, that they judge well, and that a damaged file is refused."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from genplay import data as sources
from genplay.contract import card
from genplay.contract.errors import BadInput
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.checkpoint import pack, unpack
from genplay.core.dataset import to_float
from genplay.metrics import shipped
from genplay.metrics.attribute_network import AttributeNetwork, accuracy

LABELLED = ("digits8", "emoji32", "faces16", "fashion28", "glyphs28")
SPEC = DataSpec(Kind.IMAGE, (1, 8, 8), (Attribute("one", ("a", "b")),))


@pytest.fixture
def written(tmp_path):
    network = AttributeNetwork(SPEC.shape, SPEC.attributes, 4, 8)
    shipped.save(tmp_path / "toy.safetensors", network, "toy", SPEC, 8, {"one": 0.9})
    return tmp_path, network


@pytest.mark.parametrize("name", LABELLED)
def test_every_labelled_picture_set_has_one_below_a_megabyte(name):
    path = shipped.folder() / f"{name}.safetensors"
    data = sources.load(name)
    network = shipped.attribute_network(name, data.spec)
    assert network is not None
    assert path.stat().st_size < 1 << 20
    told = unpack(path.read_bytes())[1]["accuracy"]
    x, labels = to_float(data.heldout[:600]), data.heldout_labels[:600]
    for column, share in accuracy(network, x, labels).items():
        attribute = data.spec.attributes[column]
        assert share == pytest.approx(told[attribute.name], abs=0.06)
        assert share > 3 / len(attribute.values) or share > 0.8, attribute.name


def test_what_is_written_is_read(written):
    folder, network = written
    found = shipped.attribute_network("toy", SPEC, folder)
    x = torch.rand(5, 1, 8, 8)
    assert torch.equal(found.features(x), network.eval().features(x))
    assert not found.training
    assert not any(p.requires_grad for p in found.parameters())


def test_other_data_has_none(written):
    folder, _ = written
    assert shipped.attribute_network("other", SPEC, folder) is None
    assert shipped.attribute_network("../toy", SPEC, folder) is None
    renamed = dataclasses.replace(SPEC, attributes=(Attribute("one", ("a", "c")),))
    assert shipped.attribute_network("toy", renamed, folder) is None
    assert shipped.attribute_network("toy", DataSpec(Kind.POINTS, (2,), SPEC.attributes), folder) is None


def spoilt(plain=None, drop=None, cut=0, shape=None, value=None):
    def change(data):
        tensors, said = unpack(data)
        said |= plain or {}
        if drop:
            del tensors[drop]
        if shape:
            tensors["heads.bias"] = torch.zeros(shape)
        if value is not None:
            tensors["heads.bias"][0] = value
        packed = pack(tensors, said)
        return packed[: len(packed) - cut]

    return change


DAMAGED = [
    (spoilt(cut=9), "damaged"),
    (spoilt(drop="heads.bias"), "does not hold the weights"),
    (spoilt(shape=(3,)), "does not hold the weights"),
    (spoilt(value=float("nan")), "damaged"),
    (spoilt(plain={"width": 5}), "does not hold the weights"),
    (spoilt(plain={"width": 10**9}), "how large"),
    (spoilt(plain={"features": "many"}), "how large"),
    (spoilt(plain={"features": True}), "how large"),
]


@pytest.mark.parametrize(("spoil", "match"), DAMAGED)
def test_a_damaged_file_is_refused(written, spoil, match):
    path = written[0] / "toy.safetensors"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(BadInput, match=match):
        shipped.attribute_network("toy", SPEC, written[0])


def test_a_huge_file_is_not_read(written, monkeypatch):
    monkeypatch.setattr(shipped, "MAX_BYTES", 100)
    with pytest.raises(BadInput, match="too large"):
        shipped.attribute_network("toy", SPEC, written[0])


def test_it_is_not_taken_for_a_checkpoint():
    from genplay.ui import library

    assert all(item.path.parent.name != "attributes" for item in library.read())
    with pytest.raises(BadInput):
        card.read(shipped.folder() / "digits8.safetensors")
