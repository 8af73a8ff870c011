"""What the Unfold panel shows of models whose noise is discrete: entropy, and masked parts to be made anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from unfold_rig import Rig

from genplay.contract.capability import Capability
from genplay.contract.results import Frame
from genplay.ui.unfold import words
from genplay.ui.unfold.start_part import StartPart
from genplay.ui.unfold.tape import BITS_RANGE, shot_of
from genplay.ui.views.painting import Painting


@pytest.fixture
def rig(qtbot: QtBot) -> Rig:
    return Rig(qtbot)


def frame(t: float = 0.5, bits: float = 2.0) -> Frame:
    entropy = np.full((2, 4, 4), bits, np.float32)
    entropy[:, 0] = 0
    x = np.zeros((2, 4, 4, 3), np.uint8)
    return Frame(1, 2, t, x, {"entropy": entropy, "x_0": np.zeros((2, 4, 4, 3), np.float32)})


def test_entropy_is_drawn_dark_where_the_model_is_sure() -> None:
    drawn = shot_of(frame()).drawn["entropy"]
    assert drawn.shape == (2, 4, 4, 3)
    assert drawn.dtype == np.uint8
    most = shot_of(frame(bits=BITS_RANGE)).drawn["entropy"][0, 1, 0]
    assert drawn[0, 0, 0].sum() < drawn[0, 1, 0].sum() < most.sum()


def test_the_entropy_of_texts_is_no_picture() -> None:
    text = Frame(1, 2, 0.5, np.zeros((2, 6), np.int64), {"entropy": np.ones((2, 6), np.float32)})
    assert "entropy" not in shot_of(text).drawn


def test_the_caption_tells_the_mean_until_all_is_drawn() -> None:
    assert words.entropy_caption(frame()).startswith("mean 1.50 bits")
    assert words.entropy_caption(frame(0.0, 0.0)) == "all is drawn"


def start_part(rig: Rig) -> StartPart:
    return rig.panel.below._made("start")


def discrete(rig: Rig) -> None:
    """The run of faces, as one that keeps a part of a picture but does not denoise."""
    run = rig.bridge.runs["faces_d"]
    lost = {Capability.DENOISE, Capability.CORRUPT, Capability.SCORE}
    rig.panel.set_run(replace(run, capabilities=frozenset(run.capabilities) - lost, completes=True))
    rig.panel.activate()
    rig.drain(3)


def test_a_picture_is_completed_once_a_part_is_masked(rig: Rig) -> None:
    discrete(rig)
    part = start_part(rig)
    assert part.completes_only
    assert part.closed_because() == ""
    picture = np.full((16, 16, 3), 90, np.uint8)
    part.canvas.set_painting(Painting.of(picture))
    part._show_words()
    assert part.question() is None
    assert not part.button.isEnabled()
    mask = np.zeros((16, 16), np.uint8)
    mask[:8] = 1
    part.canvas.set_painting(replace(Painting.of(picture), mask=mask))
    part._show_words()
    asked = part.question()
    assert part.button.isEnabled()
    assert asked.start == 1.0
    assert asked.state is None
    assert (asked.mask == mask).all()
    assert "resample" not in asked.config


def test_of_a_model_that_denoises_the_whole_picture_may_be_noised(rig: Rig) -> None:
    rig.select("faces_d")
    assert not start_part(rig).completes_only
