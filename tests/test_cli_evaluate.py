"""``genplay evaluate``: the numbers that are printed and written, and one line for bad input."""

import json
import re

import pytest

from genplay.cli import COMMANDS, main


def failing(capsys, *words):
    capsys.readouterr()
    assert main([str(w) for w in words]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("genplay: ") and lines[0].endswith(".")
    return lines[0]


def printed(capsys, *words):
    capsys.readouterr()
    assert main(["evaluate", *map(str, words)]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    """A model that has barely begun to learn five modes."""
    out = tmp_path_factory.mktemp("evaluate") / "ring.safetensors"
    words = ["train", "vae", "--data", "ring", "--data-set", "k=5", "--set", "width=8", "latent_size=4", "--quiet"]
    assert main([*words, "--steps", "20", "--out", str(out)]) == 0
    return out


def test_a_good_model_is_told_by_its_numbers(capsys, tmp_path):
    out = tmp_path / "m.json"
    lines = printed(capsys, "diffusion-ring8", "--modes", "-n", "600", "--seed", "3", "--json", out)
    assert lines[:3] == [
        "data                    Ring of Gaussians (ring)",
        "samples                 600  seed 3",
        "modes covered           8 of 8 (mode)",
    ]
    assert sum(bool(re.fullmatch(r"  \d +[\d.]+% of samples, +[\d.]+% of the data", line)) for line in lines) == 8
    told = json.loads(out.read_text())
    assert told["n"] == 600 and len(told["digest"]) > 10
    found = told["modes"]
    assert found["covered"] == 8
    assert found["kl"] < 0.05 and found["high_quality"] > 0.9
    assert f"high-quality share      {found['high_quality']:.2%}  within 3 sigma of a mode" in lines
    assert f"precision               {found['precision']:.4f}" in lines
    assert found["accuracy_real"] is None
    assert not any("accuracy" in line for line in lines)
    assert sum(mode["share"] for mode in found["modes"].values()) == pytest.approx(found["high_quality"])


def test_missed_modes_are_marked(capsys, ring):
    lines = printed(capsys, ring, "-n", "200")
    covered = int(re.search(r"modes covered +(\d) of 5", "\n".join(lines))[1])
    assert sum(line.endswith("missed") for line in lines) == 5 - covered


def test_the_modes_of_pictures_are_those_of_an_attribute(capsys):
    lines = printed(capsys, "vae-faces16", "-n", "60", "--attribute", "glasses")
    assert any(re.fullmatch(r"modes covered +\d of 3 \(glasses\)", line) for line in lines)
    assert not any("high-quality" in line for line in lines)


def test_data_without_modes_says_so(capsys, tmp_path):
    lines = printed(capsys, "flow-moons", "-n", "100")
    assert any("none that can be told apart" in line for line in lines)
    assert any(line.startswith("recall") for line in lines)


def test_the_likelihood_of_points_is_in_nats_and_compared_with_the_truth(capsys, ring, tmp_path):
    out = tmp_path / "l.json"
    lines = printed(capsys, ring, "--likelihood", "-n", "80", "--importance-samples", "8", "--json", out)
    told = json.loads(out.read_text())
    found = told["likelihood"]
    assert (told["n"], found["n"], found["importance_samples"], found["kind"]) == (80, 80, 8, "bound")
    assert found["kl"] == pytest.approx(found["nll"] - found["entropy"], abs=1e-6)
    assert found["kl"] > 0.5, "it has barely begun"
    assert "likelihood               a lower bound on log p, 8 importance samples" in lines
    assert f"KL(truth || model)       {found['kl']:.4f} ± {found['kl_error']:.4f} nats" in lines
    assert not any(line.startswith("samples") for line in lines)


def test_the_likelihood_of_pictures_is_in_bits_as_the_window_has_it(capsys, tmp_path):
    import genplay.api as genplay

    out = tmp_path / "l.json"
    lines = printed(capsys, "vae-faces16", "--likelihood", "-n", "12", "--importance-samples", "4", "--json", out)
    found = json.loads(out.read_text())["likelihood"]
    asked = genplay.ask(genplay.load("vae-faces16"), genplay.EstimateLikelihood(12, 4))
    assert found["bits_per_dim"] == pytest.approx(asked.bits_per_dim, rel=1e-6)
    assert f"bits per dimension  {found['bits_per_dim']:.4f} ± {found['bits_error']:.4f}" in lines


def test_both_measures_at_once(capsys, ring):
    lines = printed(capsys, ring, "--modes", "--likelihood", "-n", "60")
    assert any(line.startswith("modes covered") for line in lines)
    assert any(line.startswith("KL(truth || model)") for line in lines)


def test_a_gan_has_no_likelihood(capsys):
    told = failing(capsys, "evaluate", "gan-ring8", "--likelihood")
    assert told == "genplay: This GAN cannot be measured so: it gives no likelihood."


def test_bad_input_is_one_line(capsys, ring, tmp_path):
    assert "-n" in failing(capsys, "evaluate", ring, "-n", "0")
    assert "number of samples" in failing(capsys, "evaluate", ring, "-n", "100000000")
    assert "seed" in failing(capsys, "evaluate", ring, "--seed", "-1")
    assert "--importance-samples" in failing(capsys, "evaluate", ring, "--likelihood", "--importance-samples", "0")
    assert "'hat'" in failing(capsys, "evaluate", ring, "--attribute", "hat")
    assert "nowhere" in failing(capsys, "evaluate", "nowhere")
    assert "--json must end in .json" in failing(capsys, "evaluate", ring, "--json", tmp_path / "x.txt")
    assert "for --json" in failing(capsys, "evaluate", ring, "--json", tmp_path / "no" / "x.json")
    (tmp_path / "x.json").write_text("{}")
    assert "--overwrite" in failing(capsys, "evaluate", ring, "--json", tmp_path / "x.json")
    assert (tmp_path / "x.json").read_text() == "{}"
    assert "Unrecognized" in failing(capsys, "evaluate", ring, "--likelihoods")


def test_it_is_among_the_commands(capsys):
    assert "evaluate" in COMMANDS
    with pytest.raises(SystemExit):
        main(["evaluate", "--help"])
    assert "--modes" in capsys.readouterr().out
