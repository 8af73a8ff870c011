"""The Python interface, as scripts use it."""

import numpy as np
import pytest

import genplay.api as genplay
from genplay.cli import main
from genplay.contract.errors import BadInput


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    out = tmp_path_factory.mktemp("api") / "digits.safetensors"
    settings = ["--set", "width=8", "latent_size=4", "--steps", "10", "--quiet"]
    assert main(["train", "vae", "--data", "digits8", *settings, "--out", str(out)]) == 0
    return out


def test_ask_and_save(checkpoint, tmp_path):
    model = genplay.load(checkpoint)
    question = genplay.DrawSamples(n=5, seed=3)
    answer = genplay.ask(model, question)
    assert answer.x.shape == (5, 8, 8, 1)
    again = genplay.ask(model, genplay.Decode(answer.z))
    np.testing.assert_array_equal(again.x, answer.x)
    path = genplay.save(model, question, answer, tmp_path / "x.png", {"what": "grid", "scale": 2})
    assert path.read_bytes()[1:4] == b"PNG"
    with pytest.raises(BadInput, match="exists"):
        genplay.save(model, question, answer, tmp_path / "x.png", {"what": "grid", "scale": 2})


def test_questions_that_need_the_data(checkpoint):
    model = genplay.load(checkpoint)
    latent = genplay.ask(model, genplay.MapLatent(n=40))
    assert latent.codes.shape == (40, 4)
    near = genplay.ask(model, genplay.FindNearest(latent.x[0], k=3))
    assert list(near.distance) == sorted(near.distance)


def test_the_digest_is_checked(checkpoint):
    assert genplay.load(checkpoint, digest=genplay.load(checkpoint).digest)
    with pytest.raises(BadInput, match="digest"):
        genplay.load(checkpoint, digest="0" * 16)
    with pytest.raises(BadInput, match="nowhere"):
        genplay.load("nowhere.safetensors")
