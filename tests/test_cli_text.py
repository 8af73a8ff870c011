"""Texts on the command line: trained, written to a file, asked for by kind, and measured."""

import json

import numpy as np
import pytest

from genplay import data
from genplay.cli import main


def failing(capsys, *words):
    capsys.readouterr()
    assert main([str(w) for w in words]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    """A model that has barely begun to learn names."""
    out = tmp_path_factory.mktemp("texts") / "writer.safetensors"
    words = ["train", "autoregressive", "--data", "names", "--set", "width=16", "depth=1", "--quiet", "--steps", "25"]
    assert main([*words, "--out", str(out)]) == 0
    return out


def test_samples_are_lines_of_a_text_file(writer, tmp_path):
    out = tmp_path / "names.txt"
    assert main(["sample", str(writer), "-n", "12", "--seed", "5", "--out", str(out)]) == 0
    lines = out.read_text().split("\n")
    assert len(lines) == 13 and lines[-1] == ""
    assert main(["sample", str(writer), "-n", "12", "--seed", "5", "--out", str(tmp_path / "n.npz")]) == 0
    with np.load(tmp_path / "n.npz") as file:
        assert data.load("names").spec.text(file["tokens"]) == lines[:-1]
        recipe = json.loads(str(file["recipe"]))
    assert recipe["question"]["seed"] == 5


def test_an_npz_of_texts_makes_itself_again(writer, tmp_path):
    from genplay.export import read_recipe

    out = tmp_path / "n.npz"
    assert main(["sample", str(writer), "-n", "4", "--seed", "5", "--condition", "kind=man", "--out", str(out)]) == 0
    recipe = read_recipe(out)
    assert recipe.question.condition == (1,)
    from genplay import api

    opened = api.load(str(writer))
    with np.load(out) as file:
        assert np.array_equal(api.ask(opened, recipe.question).x, file["tokens"])


def test_texts_can_be_asked_for_by_kind_or_as_the_data_has_them(writer, tmp_path):
    for condition in ("kind=word", "from-data"):
        out = tmp_path / f"{condition}.txt"
        assert main(["sample", str(writer), "-n", "5", "--condition", condition, "--out", str(out)]) == 0
        assert len(out.read_text().splitlines()) == 5


def test_texts_are_drawn_as_pictures_too(writer, tmp_path):
    from PIL import Image

    for name, frames in (("a.png", 1), ("a.gif", 16)):
        assert main(["sample", str(writer), "-n", "4", "--columns", "2", "--out", str(tmp_path / name)]) == 0
        with Image.open(tmp_path / name) as image:
            assert getattr(image, "n_frames", 1) == frames
            assert image.size == (2 * 172, 2 * 24)


def test_what_cannot_be_is_refused_before_it_is_drawn(writer, tmp_path, capsys):
    said = failing(capsys, "sample", "vae-ring8", "--out", tmp_path / "a.txt")
    assert said == "genplay: a.txt: this model makes points, and .txt holds texts."
    said = failing(capsys, "sample", writer, "--condition", "kind=city", "--out", tmp_path / "a.txt")
    assert "known: woman, man, surname, word" in said


def test_texts_are_measured_by_novelty_and_bits_per_character(writer, tmp_path, capsys):
    capsys.readouterr()
    out = tmp_path / "m.json"
    assert main(["evaluate", str(writer), "-n", "60", "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    found = json.loads(out.read_text())
    shares = found["novelty"]
    assert shares["in training"] + shares["in held-out"] + shares["new"] == pytest.approx(1)
    assert shares["new"] > 0.5
    bits = found["likelihood"]["bits_per_dim"]
    assert 3 < bits < 5.8
    assert f"bits per character  {bits:.4f} ± {found['likelihood']['bits_error']:.4f}" in printed
    assert "bits per dimension" not in printed


def test_measures_of_pictures_and_points_are_refused(writer, capsys):
    assert "no modes" in failing(capsys, "evaluate", writer, "--modes")
    assert "--novelty is of texts" in failing(capsys, "evaluate", "vae-ring8", "--novelty")


def test_a_text_file_is_learnt_too(tmp_path):
    path = tmp_path / "colours.txt"
    path.write_text("red\ngreen\nblue\nblack\nwhite\nbrown\npink\nteal\ncyan\nlime\n")
    out = tmp_path / "colours.safetensors"
    words = ["train", "autoregressive", "--data", "text_file", "--data-set", f"path={path}", "length=8", "--quiet"]
    assert main([*words, "--set", "width=16", "depth=1", "--steps", "3", "--out", str(out)]) == 0
    assert main(["sample", str(out), "-n", "3", "--out", str(tmp_path / "s.txt")]) == 0
    assert len((tmp_path / "s.txt").read_text().split("\n")) == 4
