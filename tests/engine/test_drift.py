"""Sample drift: the distance between film frames of the same seeds."""

import numpy as np
import pytest

from genplay.engine.drift import sample_drift

DARK, GREY = np.zeros((9, 4, 4, 3), np.uint8), np.full((9, 4, 4, 3), 51, np.uint8)


def test_pictures_are_measured_in_the_range_from_minus_1_to_1():
    assert sample_drift([(0, DARK)], 5, GREY) == {"sample drift": pytest.approx(51 / 127.5)}
    assert sample_drift([(0, GREY)], 5, DARK) == {"sample drift": pytest.approx(51 / 127.5)}, "bytes do not wrap"


def test_points_are_measured_as_they_are():
    before = np.zeros((2, 2), np.float32)
    after = np.array([[3, 0], [0, 4]], np.float32)
    assert sample_drift([(0, before)], 5, after) == {"sample drift": pytest.approx(2.5)}


def test_the_frame_before_counts_not_one_of_the_same_step():
    film = [(0, GREY), (4, DARK), (5, GREY)]
    assert sample_drift(film, 5, DARK) == {"sample drift": 0.0}


@pytest.mark.parametrize("film", [[], [(5, DARK)], [(0, DARK[:4])]])
def test_nothing_is_said_without_a_frame_to_compare_with(film):
    assert sample_drift(film, 5, DARK) == {}


def test_tokens_have_no_distance():
    tokens = np.zeros((3, 8), np.int64)
    assert sample_drift([(0, tokens)], 5, tokens) == {}
