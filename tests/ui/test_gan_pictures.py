"""GANs on pictures: scores, sorting, what the discriminator looks at, and asking no more often than needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from genplay.contract import requests as rq
from genplay.contract.fake_engine import FakeEngine
from genplay.ui.bridge import Bridge
from genplay.ui.gan import pictures_part
from genplay.ui.gan.pictures_detail import verdict
from genplay.ui.gan.pictures_part import EMPTY, NO_JUDGE, PicturesPart
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
