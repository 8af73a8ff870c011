"""One declaration of a knob gives validation, parsing and the live change."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from genplay.contract import knob
from genplay.contract.errors import BadInput


@dataclass(frozen=True)
class Config:
    beta: float = knob.knob(1.0, "beta", "weight of the KL term", low=0.0, high=20.0, live=True)
    size: int = knob.knob(16, "size", "numbers in a code", low=2, high=64)
    network: str = knob.knob("conv", "network", "kind of network", choices=("conv", "mlp"))
    path: str = knob.knob("", "folder", "a folder")
    clip: bool = knob.knob(True, "clip", "clip gradients")
    plain: int = 3


KNOBS = {k.name: k for k in knob.knobs(Config)}


def test_knobs_come_in_order_of_declaration_and_only_from_knob_fields():
    assert list(KNOBS) == ["beta", "size", "network", "path", "clip"]
    assert KNOBS["beta"].live
    assert not KNOBS["size"].live


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beta", -0.1),
        ("beta", 20.5),
        ("beta", math.nan),
        ("beta", math.inf),
        ("beta", "1"),
        ("beta", True),
        ("size", 2.5),
        ("size", 65),
        ("size", 1),
        ("size", None),
        ("network", "unet"),
        ("network", ["conv"]),
        ("path", 5),
        ("path", "x" * 5000),
        ("clip", 1),
        ("clip", "true"),
    ],
)
def test_what_a_knob_does_not_take_is_named_in_one_sentence(name, value):
    with pytest.raises(BadInput, match=rf"^{name} must be .*\.$") as caught:
        KNOBS[name].check(value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("beta", 2, 2.0), ("beta", 0.0, 0.0), ("size", 8.0, 8), ("network", "mlp", "mlp"), ("clip", False, False)],
)
def test_what_a_knob_takes_comes_in_its_own_type(name, value, expected):
    got = KNOBS[name].check(value)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [("beta", "2.5", 2.5), ("size", "8", 8), ("clip", "Off", False), ("clip", "yes", True), ("network", "mlp", "mlp")],
)
def test_typed_text_is_parsed(name, text, expected):
    assert KNOBS[name].parse(text) == expected


@pytest.mark.parametrize(("name", "text"), [("beta", "much"), ("size", "2.5"), ("clip", "maybe"), ("size", "9" * 5000)])
def test_typed_nonsense_is_refused(name, text):
    with pytest.raises(BadInput, match=name):
        KNOBS[name].parse(text)


def test_a_configuration_is_built_from_plain_values_every_one_checked():
    config = knob.build(Config, {"beta": 4, "network": "mlp"})
    assert (config.beta, config.network, config.size) == (4.0, "mlp", 16)
    with pytest.raises(BadInput, match="no setting 'gamma'"):
        knob.build(Config, {"gamma": 1})
    with pytest.raises(BadInput, match="size"):
        knob.build(Config, {"size": 1000})


def test_changed_keeps_the_rest():
    config = knob.changed(knob.parse(Config, {"size": "32"}), {"beta": 0.5})
    assert (config.size, config.beta) == (32, 0.5)
    assert knob.values(config) == {"beta": 0.5, "size": 32, "network": "conv", "path": "", "clip": True}
