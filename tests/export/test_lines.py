"""Texts as a text file."""

from __future__ import annotations

import numpy as np
import pytest

from genplay.contract.errors import BadInput
from genplay.export.options import checked
from genplay.export.output import encode_with

TOKENS = np.array([[1, 2, 0], [0, 0, 0], [2, 3, 1]])


def lines(x, vocabulary=("", "a", "é")):
    return encode_with("", x, checked({"format": "txt", "vocabulary": vocabulary}))


def test_a_line_is_a_text_in_utf_8():
    assert lines(TOKENS).decode() == "aé\n\né▒a\n"


@pytest.mark.parametrize("x", [np.zeros((1, 2), np.float32), np.zeros((1, 2, 2, 1), np.uint8), np.zeros((0, 3), int)])
def test_other_data_is_refused(x):
    with pytest.raises(BadInput):
        lines(x)


def test_text_goes_with_txt_alone_and_is_drawn_with_its_vocabulary_only():
    for options in ({"format": "png", "what": "text"}, {"format": "txt", "what": "grid"}):
        with pytest.raises(BadInput, match="txt holds texts"):
            checked(options)
    with pytest.raises(BadInput, match="with their vocabulary only"):
        encode_with("", TOKENS, checked({"format": "png"}))


def test_the_vocabulary_is_no_choice_that_a_recipe_keeps():
    assert "vocabulary" not in checked({"format": "txt", "vocabulary": ("", "a")}).plain()
