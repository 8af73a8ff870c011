"""Checkpoint files: what is written comes back, and what was damaged or made to harm is refused in a sentence."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import random
import struct

import pytest
import torch
from torch import nn
from toys import IMAGES, POINTS, ToyDiffusion, ToyGAN

from genplay.contract import card as cards
from genplay.contract import knob
from genplay.contract.card import Card
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob as declare
from genplay.contract.spec import DataSpec, Kind
from genplay.core import checkpoint
from genplay.core.model import Frame, Model, NoConfig
from genplay.core.training import Replica, Trainer, TrainingConfig, new_model


@dataclasses.dataclass(frozen=True)
class WideConfig:
    """A configuration that can ask for a lot."""

    width: int = declare(4, "width", "hidden units", low=1, high=1 << 40)
    mode: str = declare("plain", "mode", "what to build", choices=("plain", "odd"))


class Conv(Model):
    """A family with convolutions, a buffer and a constructor that can refuse."""

    name, title, Config, kinds = "conv", "conv", WideConfig, (Kind.IMAGE,)

    def __init__(self, config, spec):
        super().__init__(config, spec)
        if config.mode == "odd":
            raise BadInput("The odd mode is for odd pictures.")
        self.first = nn.Conv2d(spec.shape[0], config.width, 3, padding=1)
        self.norm = nn.BatchNorm2d(config.width)
        self.second = nn.Conv2d(config.width, spec.shape[0], 3, padding=1)

    def sample_steps(self, n, config, generator, labels=None):
        yield Frame(self.second(self.norm(self.first(torch.randn(n, *self.spec.shape, generator=generator)))))


FAMILIES = {"conv": Conv, "toy_gan": ToyGAN, "toy_diffusion": ToyDiffusion}
CARD = Card("conv", "a name", IMAGES, {"width": 4}, {"batch_size": 8}, "toy", step=7)


@pytest.fixture
def data():
    return checkpoint.to_bytes(new_model(Conv, WideConfig(), IMAGES, seed=1), CARD)


def rebuilt(data, change):
    """The file with its header changed by ``change(header)``."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def with_card(data, **changes):
    def change(header):
        plain = json.loads(header["__metadata__"]["genplay"]) | changes
        header["__metadata__"]["genplay"] = json.dumps(plain)

    return rebuilt(data, change)


def refused(data, match):
    with pytest.raises(BadInput, match=match) as caught:
        checkpoint.from_bytes(data, FAMILIES)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


# ---- round trip ------------------------------------------------------------------------------------------------


def test_it_comes_back_bit_by_bit(data, tmp_path):
    path = tmp_path / "deep" / "a.safetensors"
    model = new_model(Conv, WideConfig(), IMAGES, seed=1).eval()
    digest = checkpoint.save(path, model, CARD)
    opened = checkpoint.load(path, FAMILIES)
    assert path.read_bytes() == data
    assert (opened.card, opened.digest) == (CARD, digest)
    assert digest == cards.digest(path)
    assert not opened.model.training
    assert torch.equal(opened.model.sample(3), model.sample(3))
    assert [p.name for p in path.parent.iterdir()] == ["a.safetensors"]


def test_flat_channels_last_views_are_stored_in_logical_order():
    model = new_model(Conv, WideConfig(), IMAGES, seed=1)
    plain = {n: t.clone() for n, t in model.state_dict().items()}
    replica = Replica(model)
    assert not replica.model.first.weight.is_contiguous() or replica.model.first.weight.shape[1] == 1
    opened = checkpoint.from_bytes(checkpoint.to_bytes(replica.model, CARD), FAMILIES)
    assert all(torch.equal(t, plain[n]) for n, t in opened.model.state_dict().items())


def test_the_card_can_be_read_without_the_weights(data, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(data)
    assert cards.read(path) == CARD


def test_opening_leaves_the_global_random_state_alone(data):
    before = torch.get_rng_state()
    checkpoint.from_bytes(data, FAMILIES)
    assert torch.equal(torch.get_rng_state(), before)


# ---- refusals --------------------------------------------------------------------------------------------------


def test_the_message_names_the_file(data, tmp_path):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(data[:100])
    with pytest.raises(BadInput, match=r"^broken\.safetensors cannot be opened: .*[a-z]\.$"):
        checkpoint.load(path, FAMILIES)
    with pytest.raises(BadInput, match=r"^absent\.safetensors cannot be read: No such file"):
        checkpoint.load(tmp_path / "absent.safetensors", FAMILIES)
    with pytest.raises(BadInput, match="cannot be read"):
        checkpoint.load(tmp_path, FAMILIES)


def test_an_oversized_file_is_not_even_read(tmp_path):
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.truncate(3 << 30)  # sparse
    with pytest.raises(BadInput, match="larger than 2 GiB"):
        checkpoint.load(path, FAMILIES)


def test_unknown_families_and_settings_are_refused(data):
    refused(with_card(data, family="elsewhere"), "family 'elsewhere' is unknown")
    refused(with_card(data, config={"depth": 3}), "no setting 'depth'")
    refused(with_card(data, config={"width": "4"}), "width must be a number")
    refused(with_card(data, config={"mode": "odd"}), "odd mode is for odd pictures")
    refused(with_card(data, training={"batch_size": 0}), "batch_size must be between")
    refused(with_card(data, spec=DataSpec(Kind.POINTS, (2,)).to_plain()), "does not model points")
    refused(with_card(data, spec={"kind": "image", "shape": [5, 16, 16], "attributes": []}), "shape")


def test_a_config_that_asks_for_terabytes_is_refused_without_allocating_them(data):
    refused(with_card(data, config={"width": 1 << 36}), "is not F32 of shape")


def test_a_picture_of_absurd_size_is_refused(data):
    refused(with_card(data, spec={"kind": "image", "shape": [3, 4096, 4096], "attributes": []}), "shape")


def test_missing_extra_or_misshapen_tensors_are_refused(data):
    state = new_model(Conv, WideConfig(), IMAGES, seed=1).state_dict()

    def stored(tensors):
        from safetensors.torch import save

        return save({n: t.clone() for n, t in tensors.items()}, {"genplay": CARD.to_json()})

    refused(stored({n: t for n, t in state.items() if n != "first.bias"}), "'first.bias' is missing")
    refused(stored({**state, "extra": torch.zeros(2)}), "'extra' is not part of its network")
    refused(stored({**state, "first.bias": torch.zeros(5)}), r"'first.bias' is not F32 of shape \[4\]")
    refused(stored({**state, "first.bias": torch.zeros(4).double()}), "'first.bias' is not F32")
    refused(stored({**state, "first.bias": torch.tensor([0, 1, float("nan"), 2])}), "'first.bias' holds values")
    refused(stored({**state, "norm.running_var": torch.full((4,), float("inf"))}), "'norm.running_var' holds values")


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    model = new_model(Conv, WideConfig(), IMAGES)
    nn.init.constant_(model.first.bias, float("nan"))
    with pytest.raises(BadInput, match="not finite"):
        checkpoint.save(tmp_path / "a.safetensors", model, CARD)
    assert not list(tmp_path.iterdir())


def test_offsets_that_lie_are_refused(data):
    def shifted(header):
        header["first.bias"]["data_offsets"] = [0, 1 << 40]

    def overlapping(header):
        header["first.bias"]["data_offsets"] = header["second.bias"]["data_offsets"]

    for bad in (rebuilt(data, shifted), rebuilt(data, overlapping), data[:-1], data + b"x"):
        refused(bad, "tensor")


@pytest.mark.parametrize("seed", range(4))
def test_random_damage_is_refused_or_harmless(data, seed):
    chance = random.Random(seed)
    for _ in range(60):
        damaged = bytearray(data)
        kind = chance.choice(("flip", "cut", "insert", "header"))
        at = chance.randrange(len(data) if kind != "header" else 600)
        if kind == "cut":
            damaged = damaged[:at]
        elif kind == "insert":
            damaged[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 9)))
        else:
            damaged[at] = chance.randrange(256)
        with contextlib.suppress(BadInput):
            opened = checkpoint.from_bytes(bytes(damaged), FAMILIES)
            assert all(torch.isfinite(t.float()).all() for t in opened.model.state_dict().values())


# ---- resume state ----------------------------------------------------------------------------------------------


def test_a_state_comes_back_with_its_types():
    tensors = {
        "a": torch.arange(6.0).view(2, 3).T,
        "bytes": torch.tensor([1, 255], dtype=torch.uint8),
        "scalar": torch.tensor(3.0),
        "flags": torch.tensor([True, False]),
        "none": torch.zeros(0, 3),
    }
    plain = {"step": 3, "position": {"epoch": 1, "cursor": 2}, "text": "ä"}
    found, values = checkpoint.unpack(checkpoint.pack(tensors, plain))
    assert values == plain
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[n], t) and found[n].dtype == t.dtype for n, t in tensors.items())
    assert checkpoint.pack(tensors, plain) == checkpoint.pack(dict(reversed(tensors.items())), plain)


def test_views_of_one_buffer_can_be_packed():
    flat = torch.arange(10.0)
    found, _ = checkpoint.unpack(checkpoint.pack({"a": flat[:4], "b": flat[2:]}, {}))
    assert torch.equal(found["b"], flat[2:])


def test_damaged_states_are_refused_in_a_sentence():
    whole = checkpoint.pack({"a": torch.ones(5)}, {"step": 1})
    for bad in (b"", b"x" * 40, whole[:-3], whole[:30], checkpoint.pack({"a": torch.tensor([float("inf")])}, {})):
        with pytest.raises(BadInput, match=r"^The saved state is damaged: .*[a-z]\.$"):
            checkpoint.unpack(bad)

    def no_plain(header):
        del header["__metadata__"]

    def list_plain(header):
        header["__metadata__"]["genplay_state"] = "[" * 100_000

    for change in (no_plain, list_plain):
        with pytest.raises(BadInput, match="plain part"):
            checkpoint.unpack(rebuilt(whole, change))


def test_a_checkpoint_is_no_state_and_a_state_no_checkpoint(data):
    with pytest.raises(BadInput):
        checkpoint.unpack(data)
    refused(checkpoint.pack({"a": torch.ones(1)}, {}), "no genplay card")


def test_training_continues_from_a_checkpoint():
    from toys import toy_data

    model = new_model(ToyDiffusion, NoConfig(), POINTS)
    card = Card("toy_diffusion", "n", POINTS, {}, knob.values(TrainingConfig()), "toy")
    opened = checkpoint.from_bytes(checkpoint.to_bytes(model, card), FAMILIES)
    trainer = Trainer(opened.model, toy_data(), TrainingConfig(batch_size=16, warmup=0))
    before = trainer.players["model"].flat.values.clone()
    trainer.advance()
    assert not torch.equal(before, trainer.players["model"].flat.values)
