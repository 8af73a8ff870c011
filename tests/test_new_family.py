"""One file more is a family more: in the window's catalogue, on the command line, in the contract tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FAMILY = '''
"""Data is normal, with one mean and one deviation for each number: the least that can be learnt."""

from dataclasses import dataclass

import torch
from torch import nn

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.knob import knob
from genplay.core.model import Frame, Model, Objective


@dataclass(frozen=True)
class BlobConfig:
    """What a blob is."""

    start: float = knob(1.0, "start", "deviation at the start", low=0.1, high=10.0)


class Blob(Model):
    """A normal distribution."""

    name, title, colour = "dropped_blob", "Dropped blob", "#123456"
    summary = "One normal distribution: it finds the middle of the data and how far it spreads."
    Config = BlobConfig
    plots = (Plot("loss", ("loss",)),)
    presets = (Preset("plain", "Plain", "As it comes.", {}, {}),)

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.mu = nn.Parameter(torch.zeros(spec.shape))
        self.log_sigma = nn.Parameter(torch.full(spec.shape, config.start).log())

    def objectives(self, batch, generator):
        """-log p(x) over the numbers of x."""
        yield Objective(((batch.x - self.mu) / self.log_sigma.exp()).square().mean() / 2 + self.log_sigma.mean())

    def sample_steps(self, n, config, generator, labels=None):
        """The only frame."""
        noise = torch.randn(n, *self.spec.shape, generator=generator, device=generator.device).to(self.device)
        yield Frame(self.mu + self.log_sigma.exp() * noise)
'''
CATALOGUE = """
from genplay.engine.catalogue import build
(found,) = (f for f in build().families if f.name == "dropped_blob")
print(found.title, *(k.name for k in found.knobs), *(p.name for p in found.presets))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with its tests and one file more; what is big is linked."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("genplay", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("assets", "checkpoints", "benchmarks"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "genplay" / "families" / "dropped_blob.py").write_text(FAMILY.lstrip(), encoding="utf-8")
    return folder


def run(folder: Path, *words: str) -> str:
    """The output of python with these words, in the copy."""
    environment = os.environ | {"PYTHONPATH": str(folder), "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_command_line_lists_and_trains_it(copy: Path) -> None:
    assert "dropped_blob" in run(copy, "-m", "genplay", "list", "families")
    settings = ["--data", "ring", "--set", "start=2.0", "learning_rate=0.05", "--steps", "200", "--quiet"]
    run(copy, "-m", "genplay", "train", "dropped_blob", *settings, "--out", "blob.safetensors")
    assert "Dropped blob" in run(copy, "-m", "genplay", "info", "blob.safetensors")
    run(copy, "-m", "genplay", "sample", "blob.safetensors", "-n", "5", "--out", "five.npz")


def test_the_window_is_told_of_it(copy: Path) -> None:
    assert run(copy, "-c", CATALOGUE).split() == ["Dropped", "blob", "start", "plain"]


def test_the_contract_is_asked_of_it(copy: Path) -> None:
    words = ["-m", "pytest", "-p", "no:cacheprovider", "tests/contract/test_families.py", "-k", "dropped_blob"]
    last = run(copy, *words, "-p", "no:xdist").strip().splitlines()[-1]
    assert " passed" in last
    assert int(last.split(" passed")[0].split()[-1]) > 20
