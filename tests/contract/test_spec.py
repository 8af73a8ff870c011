"""Texts and tokens: what a vocabulary can spell comes back, and what cannot be one is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genplay.contract.errors import BadInput
from genplay.contract.spec import OTHER, VEIL, Attribute, DataSpec, Kind
from genplay.core.dataset import Dataset

TEXT = DataSpec(Kind.TOKENS, (5,), (Attribute("case", ("low", "high")),), ("", *"abc d"))


def test_texts_come_back_from_their_tokens():
    texts = ["", "a", "c d a", "dd", "abcab"]
    tokens = TEXT.tokens(texts)
    assert tokens.shape == (5, 5)
    assert tokens.dtype == np.int64
    assert tokens[1].tolist() == [1, 0, 0, 0, 0]
    assert TEXT.text(tokens) == texts


def test_what_comes_after_the_end_is_not_read():
    assert TEXT.text(np.array([[1, 0, 2, 3, 1]])) == ["a"]


def test_places_not_written_are_veiled_and_a_veil_is_read_back():
    assert TEXT.text(np.array([[6, 1, 6, 6, 6]])) == [f"{VEIL}a{VEIL * 3}"]
    assert TEXT.tokens([f"a{VEIL}"]).tolist() == [[1, 6, 0, 0, 0]]


def test_an_unknown_character_is_the_other_one_where_there_is_one():
    with pytest.raises(BadInput, match="no character 'é'"):
        TEXT.tokens(["aé"])
    open_spec = DataSpec(Kind.TOKENS, (5,), (), ("", "a", OTHER))
    assert open_spec.tokens(["aé"]).tolist() == [[1, 2, 0, 0, 0]]


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(BadInput, match="at most 5 characters, not 6"):
        TEXT.tokens(["abcabc"])


def test_a_description_is_saved_and_read():
    assert DataSpec.from_plain(TEXT.to_plain()) == TEXT
    points = DataSpec(Kind.POINTS, (2,))
    assert "vocabulary" not in points.to_plain()  # so that files of before read and write the same
    assert DataSpec.from_plain(points.to_plain()) == points


@pytest.mark.parametrize(
    "vocabulary",
    [
        [],
        [""],
        ["a", "b"],
        ["", "a", "a"],
        ["", "ab"],
        ["", ""],
        ["", VEIL],
        ["", "\ud800"],
        ["", 7],
        "abc",
        None,
        ["", *map(chr, range(33, 33 + 4096))],
    ],
)
def test_an_impossible_vocabulary_is_refused(vocabulary):
    with pytest.raises(BadInput):
        DataSpec.from_plain(TEXT.to_plain() | {"vocabulary": vocabulary})


def test_texts_are_one_row_of_places_and_only_they_have_a_vocabulary():
    with pytest.raises(BadInput):
        DataSpec.from_plain(TEXT.to_plain() | {"shape": [2, 3]})
    with pytest.raises(BadInput):
        DataSpec.from_plain(DataSpec(Kind.POINTS, (2,)).to_plain() | {"vocabulary": ["", "a"]})


@pytest.mark.parametrize("row", [[1, 0, 2, 0, 0], [1, 6, 0, 0, 0], [-1, 0, 0, 0, 0]])
def test_a_data_set_of_rows_that_are_no_texts_is_refused(row):
    labels = torch.zeros(1, 1, dtype=torch.int64)
    good, bad = torch.tensor([[1, 2, 0, 0, 0]]), torch.tensor([row])
    Dataset("texts", "Texts", "none", TEXT, good, labels, good, labels)
    with pytest.raises(AssertionError, match="not texts"):
        Dataset("texts", "Texts", "none", TEXT, good, labels, bad, labels)
