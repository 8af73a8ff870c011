"""Finding plug-ins by walking packages, and the base that probes share."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest
import torch
from toys import POINTS, ToyFlow, ToyGAN

from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.requests import Question
from genplay.core.model import Model, NoConfig
from genplay.core.probe import Partial, Probe, ask, codes, conditions, seeded, streams, within
from genplay.core.registry import discover
from genplay.core.training import new_model


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of plug-ins: write files into it, then discover."""
    folder = tmp_path / "plugins_for_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("class Base:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [n for n in sys.modules if n.startswith("plugins_for_a_test")]:
        del sys.modules[name]


def found(package):
    importlib.invalidate_caches()
    return discover("plugins_for_a_test", importlib.import_module("plugins_for_a_test").Base)


def test_a_new_file_is_found_and_order_decides(package):
    assert found(package) == {}
    head = "from plugins_for_a_test import Base\n"
    (package / "one.py").write_text(head + "class One(Base):\n    name = 'one'\nclass Hidden(Base):\n    pass\n")
    (package / "two.py").write_text(
        "from plugins_for_a_test.one import One\n"
        "class Two(One):\n    name = 'two'\n    order = 5\n"
        "class Heir(Two):\n    pass\n"
    )
    assert list(found(package)) == ["two", "one"]


def test_two_of_one_name_are_an_error(package):
    for file in ("a", "b"):
        (package / f"{file}.py").write_text(
            "from plugins_for_a_test import Base\nclass Twin(Base):\n    name = 'twin'\n"
        )
    with pytest.raises(RuntimeError, match="both called 'twin'"):
        found(package)


def test_capabilities_follow_the_methods_of_the_class():
    assert Model.offers == {Capability.SAMPLE}
    assert ToyGAN.offers == {Capability.SAMPLE, Capability.CRITIC, Capability.DECODE}
    assert ToyFlow.offers == {Capability.SAMPLE, Capability.ENCODE, Capability.DECODE, Capability.LOG_DENSITY}


def test_a_probe_is_called_after_its_question():
    class Whisper(Question):
        pass

    class Ear(Probe):
        question = Whisper

        def run(self, model, data, question, generator):
            yield Partial(torch.rand(2, generator=generator).tolist())

    del Question.known["Whisper"]
    assert Ear.name == "Whisper"
    model = new_model(ToyFlow, NoConfig(), POINTS)
    first, again = (list(ask(Ear, model, None, Whisper(seed=3))) for _ in range(2))
    assert first == again
    assert first[0].progress is None


def test_streams_are_independent_of_how_many_are_taken():
    def numbers(count):
        return [torch.rand(4, generator=g).tolist() for g, _ in zip(streams(seeded(1)), range(count))]

    assert numbers(5)[:2] == numbers(2)
    assert len({tuple(row) for row in numbers(5)}) == 5


def test_codes_are_taken_in_any_layout():
    z = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    assert codes(z, 3).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert codes(z[:, ::-1], 3).tolist() == [[2, 1, 0], [5, 4, 3]]


@pytest.mark.parametrize("condition", [(0,), (0, 0, 0), (True, 0), (0.5, 0), (2, 4), (0, -1)])
def test_conditions_that_do_not_fit_are_refused(condition):
    with pytest.raises(BadInput, match="condition"):
        conditions(condition, POINTS, 3)


def test_conditions_may_leave_an_attribute_open():
    assert conditions((2, 3), POINTS, 2).tolist() == [[2, 3], [2, 3]]
    assert conditions((), POINTS, 2) is None


@pytest.mark.parametrize("value", [0, 11, True, 2.0, "3", None])
def test_numbers_out_of_bounds_are_refused(value):
    with pytest.raises(BadInput, match="The count must be a whole number from 1 to 10"):
        within("The count", value, 1, 10)
