"""Long work can be stopped between two answers, and says nothing there."""

from __future__ import annotations

import time

import numpy as np
import pytest
from toys import POINTS, toy_data

from genplay import data
from genplay.contract.requests import Ask, Cancel, CreateRun, DrawSamples, Guide
from genplay.core.samplers import STEPS
from genplay.data import toy2d

SMALL = {"width": 8, "blocks": 1}


@pytest.fixture(autouse=True)
def labelled(monkeypatch):
    """The ring has labels here."""
    found = toy_data(POINTS)
    monkeypatch.setattr(toy2d.Ring, "load", classmethod(lambda cls, options: found))
    data._shelf.cache_clear()
    yield
    data._shelf.cache_clear()


def test_guidance_answers_twice_or_more_and_never_with_nothing(watch):
    watch.engine.submit(CreateRun("r", "r", "diffusion", "ring", config=SMALL))
    config = {"steps": 9, "guidance": 2.0}
    question = Guide(5, 3, (1, 2), config, seed=4)
    final = watch.ask(Ask(1, "picture", "r", question))
    assert all(a.value is not None for a in watch.answers)
    expected = watch.ask(Ask(2, "samples", "r", DrawSamples(5, (1, 2), config, seed=4)))
    np.testing.assert_allclose(final.value.x, expected.value.x, atol=1e-4)
    assert not watch.failures


def test_a_preview_that_has_nothing_to_show_yet_can_be_cancelled(watch, monkeypatch):
    steps, plain = [], STEPS["ddim"]

    def slow(x, i, here):
        steps.append(i)
        time.sleep(0.03)
        return plain(x, i, here)

    watch.engine.submit(CreateRun("r", "r", "diffusion", "ring", config=SMALL))
    watch.until(lambda w: w.films)
    monkeypatch.setitem(STEPS, "ddim", slow)
    watch.engine.submit(
        Ask(1, "picture", "r", Guide(5, 100, (1, 2), {"sampler": "ddim", "steps": 200, "guidance": 2.0}))
    )
    watch.until(lambda w: steps)
    watch.engine.submit(Cancel("picture"))
    watch.until(lambda w: not w.engine.busy())
    assert len(steps) < 30
    assert not [a for a in watch.answers if a.job == 1]
