"""The command line, in process where that is honest and as a program where it matters."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from genplay.cli import main

QUICK = ["--set", "width=8", "latent_size=4", "batch_size=32", "--quiet"]


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A checkpoint trained for a few steps."""
    out = tmp_path_factory.mktemp("cli") / "digits.safetensors"
    assert main(["train", "vae", "--data", "digits8", *QUICK, "--steps", "30", "--seed", "5", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    out = tmp_path_factory.mktemp("cli") / "ring.safetensors"
    options = ["--data-set", "k=5", "--steps", "20", "--out", str(out)]
    assert main(["train", "vae", "--data", "ring", *QUICK, *options]) == 0
    return out


def failing(capsys, *words):
    """The one line that bad input gets, without the program's name."""
    capsys.readouterr()
    assert main([str(w) for w in words]) == 2
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("genplay: ")
    assert "Traceback" not in captured.err
    return lines[0].removeprefix("genplay: ")


def test_the_same_seed_gives_the_same_file(digits, tmp_path):
    again = tmp_path / "again.safetensors"
    assert main(["train", "vae", "--data", "digits8", *QUICK, "--steps", "30", "--seed", "5", "--out", str(again)]) == 0
    from safetensors.numpy import load

    first, second = (load(p.read_bytes()) for p in (digits, again))
    assert all(np.array_equal(first[n], second[n]) for n in first)


def test_samples_as_arrays(digits, tmp_path):
    out = tmp_path / "x.npz"
    assert main(["sample", str(digits), "-n", "70", "--seed", "2", "--out", str(out)]) == 0
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["images"].shape == (70, 8, 8, 1)
        assert arrays["images"].dtype == np.uint8
        first = arrays["images"]
    fewer = tmp_path / "y.npz"
    assert main(["sample", str(digits), "-n", "9", "--seed", "2", "--out", str(fewer)]) == 0
    with np.load(fewer, allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["images"], first[:9])


def test_samples_as_pictures(digits, tmp_path):
    grid = tmp_path / "x.png"
    assert main(["sample", str(digits), "-n", "6", "--scale", "3", "--columns", "3", "--out", str(grid)]) == 0
    with Image.open(grid) as image:
        assert image.size == (72, 48)
        assert "genplay" in image.info
    for ending in ("gif", "webp", "apng"):
        assert main(["sample", str(digits), "-n", "4", "--out", str(tmp_path / f"x.{ending}")]) == 0
        with Image.open(tmp_path / f"x.{ending}") as image:
            image.load()


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A checkpoint of a model that can be told what to draw."""
    out = tmp_path_factory.mktemp("cli") / "told.safetensors"
    words = ["train", "vae", "--data", "digits8", "--set", "conditional=true", *QUICK[1:], "--steps", "5"]
    assert main([*words, "--out", str(out)]) == 0
    return out


def drawn(checkpoint, out, *words):
    assert main(["sample", str(checkpoint), *words, "--out", str(out)]) == 0
    with np.load(out, allow_pickle=False) as arrays:
        return {n: arrays[n] for n in arrays.files}


def test_conditions_drawn_from_the_data(told, tmp_path, capsys):
    """Labels as often as in the data, the noise of a plain question, and the first samples whatever the number."""
    from genplay import data

    many = drawn(told, tmp_path / "a.npz", "-n", "300", "--condition", "from-data", "--seed", "4")
    assert many["images"].shape == (300, 8, 8, 1)
    assert many["labels"].shape == (300, 1)
    share = np.bincount(many["labels"][:, 0], minlength=10) / 300
    real = np.bincount(data.load("digits8").train_labels[:, 0], minlength=10) / 1500
    assert np.abs(share - real).max() < 0.08
    few = drawn(told, tmp_path / "b.npz", "-n", "5", "--condition", "from-data", "--seed", "4")
    assert all(np.array_equal(few[n], many[n][:5]) for n in ("images", "labels"))
    assert json.loads(str(many["recipe"]))["condition"] == "from-data"
    row = 3
    digit = f"digit={many['labels'][row, 0]}"
    plain = drawn(told, tmp_path / "c.npz", "-n", "5", "--condition", digit, "--seed", "4")
    np.testing.assert_array_equal(plain["images"][row], many["images"][row])
    assert (plain["labels"] == many["labels"][row]).all()
    words = ["sample", told, "-n", "4", "--condition", "from-data"]
    assert main([*map(str, words), "--scale", "2", "--out", str(tmp_path / "d.png")]) == 0
    with Image.open(tmp_path / "d.png") as image:
        assert image.size == (32, 32)
    assert "--out" in failing(capsys, *words, "--out", tmp_path / "x.gif")
    assert "no other" in failing(capsys, *words, "digit=3", "--out", tmp_path / "x.npz")


def test_conditions_from_the_data_need_a_model_that_takes_them(digits, tmp_path, capsys):
    words = ["sample", digits, "--condition", "from-data", "--out", tmp_path / "x.npz"]
    assert "without labels" in failing(capsys, *words)


def test_a_picture_to_begin_with_is_checked_before_the_sampling(digits, ring, tmp_path, capsys):
    picture = tmp_path / "p.png"
    Image.new("RGB", (64, 48), "red").save(picture)
    out = ["--out", tmp_path / "x.gif"]
    assert "start-time" in failing(capsys, "sample", digits, "--start", picture, "--start-time", "2", *out)
    assert "nowhere.png" in failing(capsys, "sample", digits, "--start", "nowhere.png", *out)
    assert "points" in failing(capsys, "sample", ring, "--start", picture, *out)
    picture.write_bytes(b"no picture")
    assert "p.png" in failing(capsys, "sample", digits, "--start", picture, *out)


def test_points(ring, tmp_path):
    out = tmp_path / "x.npz"
    assert main(["sample", str(ring), "-n", "11", "--out", str(out)]) == 0
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["points"].shape == (11, 2)
        assert arrays["points"].dtype == np.float32


def test_reconstruct_keeps_the_order_of_the_held_out_part(digits, tmp_path):
    from genplay import data

    out = tmp_path / "r.npz"
    assert main(["reconstruct", str(digits), "--data", "digits8", "--out", str(out)]) == 0
    with np.load(out, allow_pickle=False) as arrays:
        held_out = data.load("digits8").heldout.permute(0, 2, 3, 1).numpy()
        np.testing.assert_array_equal(arrays["images"], held_out)
        assert arrays["reconstructions"].shape == held_out.shape
        assert arrays["reconstructions"].dtype == np.uint8


def test_the_recipe_on_the_card_trains_the_same_weights(digits, tmp_path, capsys):
    capsys.readouterr()
    assert main(["info", str(digits), "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["step"] == 30
    assert card["preview"]
    words = card["recipe"].split()
    again = tmp_path / "again.safetensors"
    assert main([*words[1:], "--out", str(again), "--quiet"]) == 0
    from safetensors.numpy import load

    first, second = (load(p.read_bytes()) for p in (digits, again))
    assert all(np.array_equal(first[n], second[n]) for n in first)


def test_lists(capsys):
    for what, known in (("families", "vae"), ("data", "faces16"), ("checkpoints", "")):
        capsys.readouterr()
        assert main(["list", what]) == 0
        assert known in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["train", "nonsense", "--data", "ring", "--out", "x.safetensors"], "nonsense"),
        (["train", "vae", "--data", "nonsense", "--out", "x.safetensors"], "nonsense"),
        (["train", "vae", "--data", "ring", "--set", "beta=much", "--out", "x.safetensors"], "beta"),
        (["train", "vae", "--data", "ring", "--set", "colour=red", "--out", "x.safetensors"], "colour"),
        (["train", "vae", "--data", "ring", "--set", "beta", "--out", "x.safetensors"], "beta"),
        (["train", "vae", "--data", "ring", "--preset", "nonsense", "--out", "x.safetensors"], "nonsense"),
        (["train", "vae", "--data", "ring", "--steps", "0", "--out", "x.safetensors"], "--steps"),
        (["train", "vae", "--data", "ring", "--steps", "many", "--out", "x.safetensors"], "--steps"),
        (["train", "vae", "--data", "ring", "--out", "x.zip"], "--out"),
        (["train", "vae", "--data", "ring", "--out", "no/such/folder/x.safetensors"], "folder"),
        (["train", "vae", "--data", "ring", "--data-set", "k=1000000", "--out", "x.safetensors"], "k"),
        (["train", "vae", "--data", "ring", "--device", "quantum", "--out", "x.safetensors"], "quantum"),
        (["train", "vae", "--out", "x.safetensors"], "--data"),
        (["sample", "nowhere", "--out", "x.png"], "nowhere"),
        (["info", "nowhere"], "nowhere"),
        (["list", "nonsense"], "nonsense"),
        (["shot", "samples", "--size", "tiny", "--out", "x.png"], "--size"),
        (["nonsense"], "nonsense"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_bad_input_is_one_line(capsys, tmp_path, monkeypatch, words, named):
    monkeypatch.chdir(tmp_path)
    assert named in failing(capsys, *words)
    assert not list(tmp_path.iterdir())


def test_bad_samplers_and_conditions(digits, tmp_path, capsys):
    out = tmp_path / "x.npz"
    assert "without labels" in failing(capsys, "sample", digits, "--condition", "digit=3", "--out", out)
    assert "guidance" in failing(capsys, "sample", digits, "--guidance", "3", "--out", out)
    assert "colour" in failing(capsys, "sample", digits, "--condition", "colour=red", "--out", out)
    assert "42" in failing(capsys, "sample", digits, "--condition", "digit=42", "--out", out)
    assert "-n" in failing(capsys, "sample", digits, "-n", "0", "--out", out)
    assert "seed" in failing(capsys, "sample", digits, "--seed", "-1", "--out", out)
    assert "shape" in failing(capsys, "reconstruct", digits, "--data", "faces16", "--out", out)
    assert not out.exists()


def test_no_file_is_overwritten_unasked(digits, tmp_path, capsys):
    out = tmp_path / "x.npz"
    out.write_bytes(b"precious")
    assert "--overwrite" in failing(capsys, "sample", digits, "-n", "2", "--out", out)
    assert out.read_bytes() == b"precious"
    assert main(["sample", str(digits), "-n", "2", "--out", str(out), "--overwrite"]) == 0
    assert out.read_bytes() != b"precious"


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint at all", b"\xff" * 64])
def test_a_damaged_checkpoint_is_one_line(tmp_path, capsys, damage):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(damage)
    for command in (["sample", path, "--out", tmp_path / "x.png"], ["info", path]):
        assert "bad.safetensors" in failing(capsys, *command)


def test_as_a_program(tmp_path):
    """``python -m genplay`` works from any directory and does not import what a command does not need."""
    env = {**os.environ, "GENPLAY_HOME": str(tmp_path)}
    words = [sys.executable, "-X", "importtime", "-m", "genplay", "--version"]
    done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("genplay ")
    assert "torch" not in done.stderr
    assert "PySide6" not in done.stderr
    words = [sys.executable, "-m", "genplay", "sample", "nowhere", "--out", "x.png"]
    done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_a_seed_that_no_card_may_carry_is_refused_before_training(tmp_path, capsys):
    out = tmp_path / "x.safetensors"
    words = ["train", "vae", "--data", "ring", "--steps", "2", "--seed", "-1", "--out", out]
    assert "seed" in failing(capsys, *words)
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_refused_before_training(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "x.safetensors"
    folder.mkdir()
    assert "folder" in failing(capsys, "train", "vae", "--data", "ring", "--out", folder, "--overwrite")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert "permission" in failing(capsys, "train", "vae", "--data", "ring", "--out", tmp_path / "y.safetensors")


def test_settings_may_be_given_one_by_one():
    from genplay.cli import COMMANDS

    base = {"train": ["vae", "--data", "d"], "sample": ["c"], "reconstruct": ["c", "--data", "d"]}
    options = {"train": ("--set", "--data-set"), "sample": ("--set", "--condition"), "reconstruct": ("--data-set",)}
    for name, flags in options.items():
        for flag in flags:
            words = [*base[name], "--out", "o", flag, "a=1", flag, "b=2", "c=3"]
            chosen = COMMANDS[name](name).parse_args(words)
            assert getattr(chosen, flag.strip("-").replace("-", "_")) == ["a=1", "b=2", "c=3"]


def test_what_nobody_reads_is_no_failure():
    read, write = os.pipe()
    os.close(read)
    plain = {n: v for n, v in os.environ.items() if n != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "genplay", "list", "families"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, env=plain, timeout=120)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_ctrl_c_keeps_what_was_trained(tmp_path):
    import signal

    out = tmp_path / "x.safetensors"
    words = ["train", "vae", "--data", "ring", *QUICK[:-1], "--seconds", "600", "--out", str(out)]
    child = subprocess.Popen(
        [sys.executable, "-m", "genplay", *words], stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    said = b""
    while b"steps/s" not in said:
        said += child.stderr.read(1)
    child.send_signal(signal.SIGINT)
    rest = child.stderr.read()
    assert child.wait(60) == 0
    child.stderr.close()
    assert b"Stopped at step" in rest
    assert b"Traceback" not in rest
    assert main(["info", str(out)]) == 0
