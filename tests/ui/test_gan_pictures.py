"""GANs on pictures: scores, sorting, what the discriminator looks at, and asking no more often than needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from genplay.contract import fake_judge
from genplay.contract import requests as rq
from genplay.contract.capability import Capability
from genplay.contract.fake_engine import FakeEngine
from genplay.ui.bridge import Bridge
from genplay.ui.gan import pictures_part
from genplay.ui.gan.pictures_detail import verdict
from genplay.ui.gan.pictures_part import EMPTY, NO_JUDGE, PicturesPart
from genplay.ui.latent.encode_part import FIND, NO_CODE, STOP, EncodePart
from genplay.ui.panels.latent import LatentPanel
from genplay.ui.views import pixels
from genplay.ui.views.score_histogram import ScoreHistogram
from genplay.ui.views.scored_grid import blended


class Rig:
    def __init__(self, bot: QtBot) -> None:
        self.engine = FakeEngine()
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.engine.submit(rq.CreateRun("g", "Faces · GAN", "gan", "faces16"))
        self.bridge.drain()
        self.part = PicturesPart(self.bridge)
        bot.addWidget(self.part)
        self.part.resize(848, 470)
        self.part.show()
        self.part.set_run(self.bridge.runs["g"])
        self.part.activate(True)

    def drain(self, times: int = 3) -> None:
        for _ in range(times):
            self.bridge.drain()
            QApplication.processEvents()

    def train(self, step: int) -> None:
        run = replace(self.bridge.runs["g"], step=step)
        self.engine.runs["g"] = self.bridge.runs["g"] = run
        self.part.set_run(run)

    def asked(self) -> list[rq.JudgePictures]:
        asks = [a.question for a in self.engine.submitted if isinstance(a, rq.Ask)]
        return [question for question in asks if isinstance(question, rq.JudgePictures)]


@pytest.fixture
def rig(qtbot: QtBot) -> Rig:
    rig = Rig(qtbot)
    rig.drain()
    return rig


def test_both_grids_run_from_most_real_to_most_generated_with_the_right_picture_over_each_score(rig: Rig) -> None:
    judged = rig.part.judged
    assert judged is not None and len(rig.part.fake) == len(rig.part.real) == pictures_part.PICTURES
    for grid, x, score in ((rig.part.fake, judged.x, judged.score), (rig.part.real, judged.real, judged.score_real)):
        order = np.argsort(-score)
        assert grid.images is not None and np.array_equal(grid.images, x[order][grid.ranks])
        told = [float(text.replace("−", "-")) for text in grid._captions]
        assert told == sorted(told, reverse=True)
        assert told == pytest.approx(score[order][grid.ranks].round(2).tolist(), abs=0.006)


def test_a_small_grid_still_shows_the_best_and_the_worst(rig: Rig) -> None:
    rig.part.resize(508, 320)
    rig.drain()
    ranks = rig.part.fake.ranks
    assert 2 <= len(ranks) < pictures_part.PICTURES
    assert ranks[0] == 0 and ranks[-1] == pictures_part.PICTURES - 1
    last = rig.part.fake.cell_rect(len(ranks) - 1)
    assert rig.part.fake.rect().contains(last.toAlignedRect())


def test_scores_are_asked_for_anew_with_new_weights_and_not_while_a_moment_has_not_passed(rig: Rig) -> None:
    assert len(rig.asked()) == 1
    for step in range(1, 20):
        rig.train(step)
        rig.drain(1)
    assert len(rig.asked()) == 1, "within a quarter of a second nothing more is asked"
    rig.part._later.timeout.emit()
    rig.drain()
    assert len(rig.asked()) == 2 and rig.part.answer is not None and rig.part.answer.step == 19
    rig.part._later.stop()
    rig.part.set_run(rig.bridge.runs["g"])
    assert len(rig.asked()) == 2, "what is known is not asked again"


def test_at_most_some_four_questions_a_second(rig: Rig, qtbot: QtBot) -> None:
    assert pictures_part.AGAIN_MS >= 200
    rig.train(1)
    rig.train(2)
    qtbot.waitUntil(lambda: len(rig.asked()) == 2, timeout=3000)  # the timer asks for the newest by itself
    rig.drain()
    assert rig.part.answer is not None and rig.part.answer.step == 2


def test_nothing_is_asked_behind_another_tab(rig: Rig) -> None:
    rig.part.activate(False)
    rig.train(700)
    rig.part._later.timeout.emit()
    assert len(rig.asked()) == 1
    rig.part.activate(True)
    rig.drain()
    assert len(rig.asked()) == 2 and rig.part.answer is not None and rig.part.answer.step == 700


def test_the_switch_lays_what_d_looks_at_over_both_grids(rig: Rig) -> None:
    plain = [grid.images for grid in (rig.part.fake, rig.part.real)]
    rig.part.saliency.click()
    rig.drain()
    assert rig.asked()[-1].saliency
    for before, grid in zip(plain, (rig.part.fake, rig.part.real)):
        assert before is not None and grid.images is not None and not np.array_equal(before, grid.images)
    exhibit = rig.part.exhibit()
    assert exhibit is not None and rig.part.judged is not None
    assert np.array_equal(exhibit.x, rig.part.judged.x), "what is exported are the pictures, not the map"


def test_pointing_enlarges_and_a_click_keeps(rig: Rig) -> None:
    fake, real, detail = rig.part.fake, rig.part.real, rig.part.detail
    assert detail.looked is not None and (detail.looked.real, detail.looked.rank) == (False, 0)
    real.hovered.emit(5)
    assert detail.looked.real and detail.looked.rank == 5 and detail.picture.image is not None
    assert rig.part.histogram.marked == pytest.approx(detail.looked.score)
    QTest.mouseClick(fake, Qt.MouseButton.LeftButton, pos=fake.cell_rect(3).center().toPoint())
    real.hovered.emit(5)
    real.hovered.emit(-1)
    assert (detail.looked.real, detail.looked.rank) == (False, 3)
    exhibit = rig.part.exhibit()
    assert exhibit is not None and exhibit.kind == "picture" and fake.images is not None
    assert np.array_equal(exhibit.x[exhibit.index], fake.images[3])
    QTest.mouseClick(real, Qt.MouseButton.LeftButton, pos=real.cell_rect(1).center().toPoint())
    assert fake.selected == -1 and detail.looked.real


def test_the_words_say_who_is_right() -> None:
    assert verdict(False, True).endswith("fooled") and verdict(True, True).endswith("right")
    assert verdict(True, False).endswith("wrong") and verdict(False, False).endswith("right")


def test_other_pictures_come_with_another_seed(rig: Rig) -> None:
    before = rig.part.fake.images
    rig.part.dice.click()
    rig.part._later.timeout.emit()
    rig.drain()
    assert rig.asked()[-1].seed != rig.asked()[0].seed
    assert before is not None and not np.array_equal(before, rig.part.fake.images)


def test_what_cannot_be_judged_says_so(rig: Rig) -> None:
    rig.part.set_run(rig.bridge.runs["faces"])
    assert rig.part._empty.text == NO_JUDGE and rig.part._empty.isVisible()
    rig.part.set_run(None)
    assert rig.part._empty.text == EMPTY and rig.part.exhibit() is None
    rig.part.set_run(rig.bridge.runs["g"])
    rig.drain()
    assert rig.part.body.isVisible()


def test_a_failure_is_passed_on_and_told(qtbot: QtBot) -> None:
    rig = Rig(qtbot)
    failures: list[object] = []
    rig.part.failed.connect(failures.append)
    rig.engine.runs.pop("g")
    rig.drain()
    assert len(failures) == 1 and rig.part._empty.text == "This run no longer exists."


def test_no_bar_of_the_histogram_lies_on_both_sides_of_the_threshold(qtbot: QtBot) -> None:
    plot = ScoreHistogram()
    qtbot.addWidget(plot)
    plot.resize(420, 132)
    dice = np.random.default_rng(0)
    real, fake = dice.normal(1, 1, 200), dice.normal(0, 1, 150)
    plot.set_scores(real, fake, 0.5)
    edges, n_real, n_fake = plot.counts()
    assert n_real.sum() == 200 and n_fake.sum() == 150
    assert np.abs(edges - 0.5).min() < 1e-9
    above = edges[:-1] >= 0.5 - 1e-9
    assert n_real[above].sum() == (real >= 0.5).sum() and n_fake[above].sum() == (fake >= 0.5).sum()
    chart = plot.chart()
    assert plot.described(chart.x_of(0.5) + 1).startswith("+0.50 to ")
    assert "real" in plot.told() and plot.described(QPointF(2, 0).x()) == ""


def test_equal_scores_and_scores_that_are_not_finite_do_not_break_the_histogram(qtbot: QtBot) -> None:
    plot = ScoreHistogram()
    qtbot.addWidget(plot)
    plot.show()
    for scores in (np.zeros(4), np.full(3, 1e9), np.array([np.nan, 1.0]), np.zeros(0)):
        plot.set_scores(scores, scores, 0.0)
        plot.grab()


def test_what_is_looked_at_is_coloured_and_the_rest_stays_recognisable() -> None:
    x = np.full((1, 2, 2, 3), 200, np.uint8)
    map_ = np.zeros((1, 2, 2, 3), np.uint8)
    map_[..., 1] = 255
    saliency = np.array([[[0.0, 0.0], [0.0, 1.0]]])
    mixed = blended(x, saliency, map_)[0].astype(int)
    assert mixed[0, 0].min() > 120 and mixed[1, 1, 1] - mixed[1, 1, 0] > 150


# ---- the search for the code of a picture, in the Latent panel


class Latent:
    """The Latent panel on a GAN without an encoder, ``invertible`` or not."""

    def __init__(self, bot: QtBot, invertible: bool = True) -> None:
        self.engine = FakeEngine(first_run=False)
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.engine.submit(rq.CreateRun("g", "Faces · GAN", "gan", "faces16"))
        self.bridge.drain()
        run = self.engine.runs["g"]
        more = {Capability.INVERT} if invertible else set()
        self.run = self.engine.runs["g"] = replace(run, step=900, capabilities=run.capabilities | more)
        self.undo = QUndoStack()
        self.panel = LatentPanel(self.bridge, self.undo)
        bot.addWidget(self.panel)
        self.panel.resize(848, 560)
        self.panel.show()
        self.panel.set_run(self.run)
        self.panel.activate()
        self.drain()

    def drain(self, times: int = 4) -> None:
        for _ in range(times):
            self.bridge.drain()
            QApplication.processEvents()

    @property
    def part(self) -> EncodePart:
        return self.panel.bottom.encode

    @property
    def z(self) -> np.ndarray:
        return self.panel.session.state.z

    def asked(self) -> list[rq.Invert]:
        asks = [a.question for a in self.engine.submitted if isinstance(a, rq.Ask)]
        return [question for question in asks if isinstance(question, rq.Invert)]


PICTURE = np.full((16, 16, 3), 90, np.uint8)


@pytest.fixture
def latent(qtbot: QtBot) -> Latent:
    return Latent(qtbot)


def test_a_picture_is_searched_for_and_its_last_code_is_the_encoded_one(latent: Latent) -> None:
    assert not latent.part.find_button.isHidden() and not latent.part.find_button.isEnabled()
    latent.part.encode(PICTURE)
    assert latent.part.find_button.isEnabled() and not latent.asked(), "nothing is searched for before it is asked for"
    before = latent.z.copy()
    latent.part.find_button.click()
    assert latent.part.find_button.text() == STOP
    latent.drain(fake_judge.SEARCH + 4)
    assert np.array_equal(latent.asked()[0].x, PICTURE)
    assert len(latent.part.search) == len(latent.part.frames) == fake_judge.SEARCH + 1
    assert np.allclose(latent.z, latent.part.frames[-1].extras["z"][0]) and not np.allclose(latent.z, before)
    assert latent.part.find_button.text() == FIND
    shown = latent.part.search.strip._x
    assert shown is not None and np.array_equal(shown[-1], latent.part.frames[-1].x[0])
    curve = latent.part.search.chart.values
    assert (np.diff(curve) < 0).all() and len(curve) == len(latent.part.frames)
    latent.undo.undo()
    assert np.allclose(latent.z, before)


def test_scrubbing_the_search_goes_through_its_codes_as_one_step_of_undo(latent: Latent) -> None:
    latent.part.encode(PICTURE)
    latent.part.find_button.click()
    latent.drain(fake_judge.SEARCH + 4)
    steps, strip = latent.undo.count(), latent.part.search.strip
    strip.pressed.emit()
    for step in (8, 5, 2):
        strip._scrub(step)
        assert np.allclose(latent.z, latent.part.frames[step].extras["z"][0])
        assert latent.part.search.chart.marked == step
    strip.released.emit()
    assert latent.undo.count() == steps + 1 and "step 2 " in latent.part.about.text()
    latent.undo.undo()
    assert np.allclose(latent.z, latent.part.frames[-1].extras["z"][0])


def test_a_search_can_be_stopped_and_stays_at_what_was_found(latent: Latent) -> None:
    latent.part.encode(PICTURE)
    latent.part.find_button.click()
    latent.drain(4)
    found = len(latent.part.frames)
    assert 0 < found <= fake_judge.SEARCH
    latent.part.find_button.click()
    latent.drain(fake_judge.SEARCH + 4)
    assert len(latent.part.frames) == found and not latent.part.searching
    assert np.allclose(latent.z, latent.part.frames[-1].extras["z"][0])


def test_a_picture_can_be_pasted_and_one_search_ends_with_another_picture(latent: Latent, qtbot: QtBot) -> None:
    latent.part.encode(PICTURE)
    latent.part.find_button.click()
    latent.drain(3)
    QApplication.clipboard().setImage(pixels.to_qimage(np.full((16, 16, 3), 200, np.uint8)))
    latent.part.paste_picture()
    assert not latent.part.searching and not latent.part.frames
    assert latent.part.target is not None and (latent.part.target == 200).all()
    latent.drain(fake_judge.SEARCH + 4)
    assert not latent.part.frames, "what the old search still finds is not shown"


def test_without_a_search_the_part_says_why_there_is_no_code(qtbot: QtBot) -> None:
    latent = Latent(qtbot, invertible=False)
    assert latent.part.note.text() == NO_CODE and latent.part.find_button.isHidden()
    told: list[str] = []
    latent.part.refused.connect(told.append)
    QApplication.clipboard().setImage(pixels.to_qimage(PICTURE))
    latent.part.paste_picture()
    assert len(told) == 1 and latent.part.target is None


def test_another_run_forgets_the_search(latent: Latent) -> None:
    latent.part.encode(PICTURE)
    latent.part.find_button.click()
    latent.drain(4)
    latent.panel.set_run(replace(latent.run, run_id="other"))
    assert latent.part.target is None and not latent.part.frames and not latent.part.searching
