"""Each benchmark runs, measures what it says and writes JSON; whether targets are met, a quiet machine must tell."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from figures import Report, quantile, spread

FOLDER = Path(__file__).parent.parent / "benchmarks"
QUICK_DRAGS = ("--only", "latent", "--events", "9", "--rounds", "1", "--seconds", "0.3")


def run(script: str, *options: str) -> dict[str, Any]:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(FOLDER / script), *options, "--json", "-"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert all(math.isfinite(check["value"]) for check in found["checks"])
    return found


@pytest.fixture(scope="module")
def quick_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trained(tmp_path_factory.mktemp("benchmarks"), "vae", {"width": 8, "latent_size": 4})


@pytest.fixture(scope="module")
def quick_diffusion(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trained(tmp_path_factory.mktemp("benchmarks"), "diffusion", {"width": 8})


def trained(folder: Path, family: str, config: dict[str, Any]) -> str:
    """The checkpoint of a model that has seen three batches."""
    from genplay.engine import headless
    from genplay.engine.run import Run

    run = Run.create("quick", "Quick", family, "faces16", config=config)
    for _ in headless.train(run, 3, None):
        pass
    path = folder / "quick.safetensors"
    run.save(path)
    return str(path)


@pytest.mark.slow
def test_texts_are_measured_against_compressors_and_ngrams(tmp_path: Path) -> None:
    from genplay.engine import headless
    from genplay.engine.run import Run

    names = (FOLDER.parent / "assets" / "data" / "names.tsv").read_text().splitlines()[::10]
    (tmp_path / "words.txt").write_text("\n".join(line.split("\t")[0] for line in names))
    options = {"path": str(tmp_path / "words.txt"), "length": 16}
    words = Run.create(
        "quick", "Quick", "autoregressive", "text_file", data_options=options, config={"width": 16, "depth": 1}
    )
    for _ in headless.train(words, 3, None):
        pass
    words.save(tmp_path / "quick.safetensors")
    found = run("text.py", str(tmp_path / "quick.safetensors"), "-n", "200", "--samples", "70")
    bits = found["results"]["words.txt"]
    assert bits["5-gram"] < bits["bzip2"] < bits["gzip"] < bits["autoregressive"] < 5.8
    assert bits["autoregressive: samples"]["new"] > 0.9
    assert [(check["value"], check["target"]) for check in found["checks"]] == [
        (bits["autoregressive"], bits[other]) for other in ("gzip", "bzip2", "5-gram")
    ]


def test_training_is_compared_with_a_bare_loop() -> None:
    found = run("train.py", "--rounds", "1", "--seconds", "0.2", "--only", "points", "--no-window", "--no-peers")
    rates, ratios = found["results"]["points"]["rates"], found["results"]["points"]["ratios"]
    assert ratios["headless"] == pytest.approx(rates["headless"] / rates["bare"])
    assert [check["target"] for check in found["checks"]] == [0.98]


@pytest.mark.slow
def test_samplers_are_compared_with_bare_calls_of_their_network() -> None:
    options = ("--rounds", "1", "--passes", "2", "--batch", "2", "--steps", "3", "--no-peers")
    found = run("sampling.py", *options)
    assert set(found["results"]["cost"]) == {"euler", "ddim", "dpm++2m", "heun"}
    assert all(math.isfinite(ms) for cost in found["results"]["cost"].values() for ms in cost.values())
    assert found["results"]["pictures"]["rates"]["ours"] > 0
    assert [check["target"] for check in found["checks"]] == [0.05, 0.05, 0.15]


@pytest.mark.slow
def test_sampling_from_memory_is_compared_with_whole_passes() -> None:
    found = run("autoregressive.py", "--rounds", "1", "--batch", "2", "--places", "2", "--only", "transformer")
    assert found["results"]["transformer"]["same"] == 1
    assert [check["target"] for check in found["checks"]] == [10, 1]


@pytest.mark.slow
def test_splines_of_both_kinds_are_timed() -> None:
    found = run("flows.py", "--rounds", "1", "--turns", "1", "--layers", "1", "--no-peers")["results"]
    for what in ("training", "sampling"):
        assert set(found[what]["rates"]) == {"coupling", "autoregressive"}
        assert all(rate > 0 for rate in found[what]["rates"].values())


@pytest.mark.slow
def test_pictures_are_compared_with_those_of_diffusers() -> None:
    pytest.importorskip("diffusers")
    found = run("sampling.py", "--rounds", "1", "--passes", "2", "--batch", "2", "--steps", "4")
    rates, ratios = found["results"]["pictures"]["rates"], found["results"]["pictures"]["ratios"]
    assert set(rates) == {"ours", *ratios} == {"ours", "pipeline", "smallest"}
    assert [check["target"] for check in found["checks"]][3:] == [1.0, 2.0]


@pytest.mark.slow
def test_splines_are_compared_with_those_of_zuko() -> None:
    pytest.importorskip("zuko")
    found = run("flows.py", "--rounds", "1", "--turns", "1")
    assert set(found["results"]["sampling"]["against zuko"]) == {"coupling", "autoregressive"}
    assert [check["target"] for check in found["checks"]] == [1.5, 2.5]


@pytest.mark.slow
def test_training_is_compared_with_another_diffusion_library() -> None:
    pytest.importorskip("ema_pytorch")
    found = run("train.py", "--rounds", "1", "--seconds", "0.5", "--only", "diffusion")
    rates = found["results"]["diffusion"]["rates"]
    assert found["checks"][0]["value"] == pytest.approx(rates["headless"] / rates["denoising"])


def test_the_bare_loop_minimises_what_the_family_minimises() -> None:
    import torch
    import train

    from genplay.core.dataset import Batch

    model, data = train._model(train.POINTS)
    x = data[:4096]
    torch.manual_seed(0)
    ours = next(model.objectives(Batch(x, torch.zeros(len(x), 0, dtype=torch.int64), 1), torch.default_generator)).loss
    torch.manual_seed(0)
    assert train._loss(model, x).item() == pytest.approx(ours.item(), rel=1e-5)


@pytest.mark.slow
def test_training_in_the_window_is_compared_with_a_bare_loop() -> None:
    found = run("train.py", "--rounds", "1", "--seconds", "0.5", "--no-peers")
    assert (
        {"window", "headless"} == set(found["results"]["image"]["ratios"]) == set(found["results"]["points"]["ratios"])
    )
    assert len(found["checks"]) == 4


@pytest.mark.slow
def test_starts_are_compared_with_a_bare_window(quick_checkpoint: str) -> None:
    found = run("startup.py", "--rounds", "1", "--checkpoint", quick_checkpoint)
    seconds = found["results"]["genplay_seconds"]
    assert found["results"]["bare_seconds"] > 0 and 0 < seconds["painted"] < seconds["picture"] < seconds["dragged"]
    assert found["results"]["widgets"] > 20
    assert not {"torch", "pyqtgraph"} & set(found["results"]["heavy_at_first_paint"])


@pytest.mark.slow
def test_drags_are_timed_idle_and_beside_training(quick_checkpoint: str) -> None:
    options = (
        "--only",
        "latent",
        "--events",
        "9",
        "--rounds",
        "1",
        "--seconds",
        "0.3",
        "--imports",
        "0",
        "--checkpoint",
        quick_checkpoint,
    )
    found = run("drag.py", *options)
    for state in ("idle", "training"):
        assert all(found["results"][state][where]["n"] >= 8 for where in ("plane", "slider", "picture"))
    assert found["results"]["late"]["n"] > 10
    assert len(found["checks"]) == 4


@pytest.mark.slow
def test_a_start_tells_how_late_the_event_loop_got(quick_checkpoint: str) -> None:
    options = (
        "--only",
        "latent",
        "--events",
        "9",
        "--rounds",
        "1",
        "--seconds",
        "0.3",
        "--imports",
        "1",
        "--checkpoint",
        quick_checkpoint,
    )
    found = run("drag.py", *options)
    assert found["results"]["import"]["median_of_max"] == found["results"]["import"]["starts"][0]["max"] > 0


@pytest.mark.slow
def test_tapes_are_scrubbed_and_guidance_is_dragged(quick_diffusion: str) -> None:
    options = ("--only", "unfold", "guidance", "--events", "40", "--moves", "3", "--hold", "0.5")
    found = run("drag.py", *options, "--diffusion", quick_diffusion)
    assert {way: latencies["n"] >= 4 for way, latencies in found["results"]["unfold"].items()} == dict.fromkeys(
        ("scrub", "buttons", "keys", "branch"), True
    )
    guidance = found["results"]["guidance"]
    assert guidance["single"]["n"] == 3
    assert guidance["drag"]["in_the_end"] == 1 and guidance["drag"]["gap_ms"]["max"] > 0
    assert [check["unit"] for check in found["checks"]] == [" ms"] * 6 + [""]


@pytest.mark.slow
def test_the_shipped_translators_do_what_they_are_for() -> None:
    found = run("translation.py", "--n", "300")
    assert all(check["met"] for check in found["checks"]), found["checks"]
    assert found["results"].keys() == {"pix2pix-faces16", "cycle-gan-faces16"}


def test_quantiles_lie_between_neighbours() -> None:
    assert quantile([0.0, 1.0], 0.25) == 0.25
    assert quantile([3.0], 0.99) == 3.0
    assert spread([4.0, 1.0, 3.0, 2.0, 5.0]) == {"n": 5, "p50": 3.0, "p90": 4.6, "p99": pytest.approx(4.96), "max": 5.0}


def test_a_report_tells_what_is_missed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("sample", {"rate": 1.5})
    report.at_most("lateness", 7.0, 6.0, " ms")
    report.at_least("throughput", 1.0, 1.0, "x")
    report.finish(str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    assert [check["met"] for check in found["checks"]] == [False, True]
    assert found["results"] == {"rate": 1.5}
    assert capsys.readouterr().out.splitlines()[0] == "MISSED lateness: 7 ms (target at most 6 ms)"
