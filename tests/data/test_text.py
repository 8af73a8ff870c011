"""Texts as data: the bundled names, and text files of all sorts, good and bad."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

import genplay.data as data
from genplay.contract.errors import BadInput
from genplay.contract.spec import OTHER, VEIL
from genplay.core.dataset import Dataset
from genplay.data import text


def load(path: Path, **options: object) -> Dataset:
    return data.load("text_file", {"path": str(path), **options})


def parts(loaded: Dataset) -> tuple[list[str], list[str]]:
    return loaded.spec.text(loaded.train.numpy()), loaded.spec.text(loaded.heldout.numpy())


def all_of(loaded: Dataset) -> list[str]:
    return sorted([text for part in parts(loaded) for text in part])


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.fixture
def words(tmp_path: Path) -> Path:
    return write(tmp_path / "words.txt", "".join(f"word {i}\n" for i in range(100)))


# ---- the bundled names -------------------------------------------------------------------------------------------


def test_names_are_distinct_short_and_labelled_by_what_they_are():
    loaded = data.load("names")
    train, heldout = parts(loaded)
    assert len(set(train + heldout)) == len(train) + len(heldout) == 25_143
    assert len(heldout) == 2514
    assert {len(t) for t in train} == set(range(3, 16))  # so that every text has its end, the longest too
    kinds = loaded.spec.attributes[0].values
    known = dict(zip(train + heldout, torch.cat([loaded.train_labels, loaded.heldout_labels])[:, 0].tolist()))
    for name, kind in (("Mary", "woman"), ("James", "man"), ("Washington", "surname"), ("water", "word")):
        assert kinds[known[name]] == kind
    assert all(t.islower() == (kinds[known[t]] == "word") for t in train)


def test_a_damaged_list_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(text, "shipped", lambda _: tmp_path)
    (tmp_path / "data").mkdir()
    source = data.source("names")
    for content in (
        None,
        b"Mary\n",
        b"Mary\tqueen\n",
        b"M\xc3\xa4ry\twoman\n",
        b"Mary1\twoman\n",
        b"M" * 20 + b"\tman\n",
    ):
        if content is not None:
            write(tmp_path / "data" / "names.tsv", content)
        with pytest.raises(BadInput, match="names is missing or damaged"):
            source.load(source.Options())


# ---- lines -------------------------------------------------------------------------------------------------------


def test_lines_are_texts_and_a_tenth_is_held_out(words: Path):
    loaded = load(words, length=8)
    train, heldout = parts(loaded)
    assert (len(train), len(heldout)) == (90, 10)
    assert sorted(train + heldout) == sorted(f"word {i}" for i in range(100))
    assert loaded.spec.shape == (8,)
    assert set(loaded.spec.vocabulary[1:]) == set("word 0123456789")
    assert loaded.title == "words.txt"


def test_the_split_does_not_depend_on_the_order_of_lines_or_on_more_of_them(words: Path, tmp_path: Path):
    before = parts(load(words))
    lines = words.read_text().splitlines()
    assert parts(load(write(tmp_path / "turned.txt", "\n".join(lines[::-1])))) == before
    more = parts(load(write(tmp_path / "more.txt", "\n".join([*lines, *(f"more {i}" for i in range(3))]))))
    assert len(set(before[1]) - set(more[1])) <= 1


def test_a_line_that_stands_twice_is_never_in_both_parts(tmp_path: Path):
    train, heldout = parts(load(write(tmp_path / "twice.txt", "".join(f"word {i % 20}\n" for i in range(60)))))
    assert len(train) + len(heldout) == 60
    assert not set(train) & set(heldout)
    assert len(set(heldout)) == 2


def test_white_space_and_control_characters_are_tidied(tmp_path: Path):
    train, heldout = parts(load(write(tmp_path / "a.txt", "  a \t b\r\n\n\x07c\x1b d \n")))
    assert sorted(train + heldout) == ["a b", "c d"]


def test_lines_that_are_too_long_are_told_and_left_out(tmp_path: Path):
    loaded = load(write(tmp_path / "a.txt", "one\ntwo\nfar too long\n"), length=5)
    assert all_of(loaded) == ["one", "two"]
    assert loaded.skipped == ("1 lines are longer than 5 characters",)


def test_too_many_lines_are_picked_evenly(words: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text, "MAX_TEXTS", 10)
    loaded = load(words, length=9)
    assert all_of(loaded) == sorted(f"word {i}" for i in range(0, 100, 10))
    assert loaded.skipped == ("100 texts: 10 of them, picked evenly, were read",)


def test_capitals_become_small_where_asked(tmp_path: Path):
    path = write(tmp_path / "a.txt", "Ärger\nOHM\n")
    assert all_of(load(path, lowercase=True)) == ["ohm", "ärger"]
    assert all_of(load(path)) == ["OHM", "Ärger"]


def test_rare_characters_beyond_the_vocabulary_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text, "MAX_CHARACTERS", 4)
    loaded = load(write(tmp_path / "a.txt", "aaa\naab\nbbc\ncdé\n"), length=4)
    assert loaded.spec.vocabulary == ("", "a", "b", "c", OTHER)
    assert f"c{OTHER}{OTHER}" in all_of(loaded)


def test_what_shows_a_mask_is_no_character_of_a_text(tmp_path: Path):
    loaded = load(write(tmp_path / "a.txt", f"a{VEIL}\nbb\n"), length=4)
    assert VEIL not in loaded.spec.vocabulary
    assert f"a{OTHER}" in all_of(loaded)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_say_what_they_are(tmp_path: Path, encoding: str):
    loaded = load(write(tmp_path / "a.txt", "größe\nстол\n".encode(encoding)))
    assert all_of(loaded) == ["größe", "стол"]


# ---- running text ------------------------------------------------------------------------------------------------


def test_running_text_is_cut_into_windows_and_its_end_is_held_out(tmp_path: Path):
    book = " ".join(f"{i:03}" for i in range(250))  # 999 characters, no window twice
    train, heldout = parts(load(write(tmp_path / "book.txt", book.replace(" ", "\n")), pieces="windows", length=20))
    assert all(len(t) == 20 for t in train + heldout)
    assert heldout == [book[900 + i : 920 + i] for i in range(0, 80, 20)]
    assert train[:2] == [book[:20], book[10:30]]
    assert all(t in book[:900] for t in train)


def test_held_out_windows_that_repeat_the_training_are_left_out(tmp_path: Path):
    with pytest.raises(BadInput, match="two different texts: windows of 8 characters"):
        load(write(tmp_path / "a.txt", "abcd" * 100), pieces="windows", length=8)


def test_a_short_book_still_has_a_held_out_window(tmp_path: Path):
    train, heldout = parts(load(write(tmp_path / "a.txt", "abcdefghijklmnop"), pieces="windows", length=8))
    assert (train, heldout) == (["abcdefgh"], ["ijklmnop"])


# ---- what is no text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "a.txt is empty"),
        (b" \n\t\n", "a.txt is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.txt is not a text file"),
        ("one\nzwölf\n".encode("latin-1"), "a.txt is not UTF-8 text: line 2 holds other bytes"),
        (b"\xff\xfea\0b", "a.txt is not UTF-16 text"),
        (b"only one\n", "two different texts: lines of 1 to 32 characters"),
        (b"same\nsame\n", "two different texts"),
    ],
)
def test_a_file_that_cannot_be_learnt_is_refused_in_one_sentence(tmp_path: Path, content: bytes, says: str):
    with pytest.raises(BadInput, match=says) as caught:
        load(write(tmp_path / "a.txt", content))
    assert "\n" not in str(caught.value)


def test_no_file_a_folder_and_a_huge_file_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(BadInput, match="Choose a text file first"):
        data.load("text_file", {})
    with pytest.raises(BadInput, match=r"no file nothing\.txt"):
        load(tmp_path / "nothing.txt")
    with pytest.raises(BadInput, match="is not a file"):
        load(tmp_path)
    with pytest.raises(BadInput, match="cannot be read"):
        data.load("text_file", {"path": "a\0b"})
    monkeypatch.setattr(text, "MAX_BYTES", 1 << 20)
    with pytest.raises(BadInput, match="larger than 1 MiB"):
        load(write(tmp_path / "a.txt", b"a\n" * (1 << 20)))


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="is not a file"):
        load(tmp_path / "pipe")


def test_a_file_that_was_changed_is_read_again(words: Path):
    assert load(words) is load(words)
    write(words, "new\nlines\n")
    assert all_of(load(words)) == ["lines", "new"]
