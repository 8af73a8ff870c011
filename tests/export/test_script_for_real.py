"""The whole circle: save from a model, read the recipe, run its script, compare the bytes."""

from __future__ import annotations

import builtins
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genplay import export
from genplay.contract import knob
from genplay.contract.card import Card
from genplay.contract.spec import DataSpec, Kind

KEYS = np.random.default_rng(0).normal(size=(2, 2)).astype(np.float32)


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    from genplay import families
    from genplay.core import checkpoint
    from genplay.core.training import new_model

    family = families.named("vae")
    spec, config = DataSpec(Kind.IMAGE, (3, 16, 16)), replace(family.Config(), latent_size=2, network="mlp")
    card = Card("vae", "little", spec, knob.values(config), {}, "faces16")
    checkpoint.save(tmp_path / "little.safetensors", new_model(family, config, spec), card)
    return tmp_path / "little.safetensors"


@pytest.fixture
def flow_file(tmp_path: Path) -> Path:
    from genplay import families
    from genplay.core import checkpoint
    from genplay.core.training import new_model

    family = families.named("flow_matching")
    spec, config = DataSpec(Kind.IMAGE, (1, 16, 16)), replace(family.Config(), width=8)
    card = Card("flow_matching", "little", spec, knob.values(config), {}, "faces16")
    checkpoint.save(tmp_path / "little.safetensors", new_model(family, config, spec), card)
    return tmp_path / "little.safetensors"


FEW = np.random.default_rng(1).normal(size=(3, 16, 16, 1)).astype(np.float32)
MANY = np.random.default_rng(2).normal(size=(20, 16, 16, 1)).astype(np.float32)
PICTURE, MASK = np.full((1, 16, 16, 1), 90, np.uint8), np.eye(16, dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "facts", "options"),
    [
        ("x.gif", {"n": 3, "seed": 3}, {"what": "animation", "of": "x_0"}),
        ("branch.png", {"n": 3, "state": FEW, "start": 0.6}, {"what": "grid", "steps": 3, "spacing": 1}),
        ("branches.npz", {"n": 20, "state": MANY, "start": 0.4}, {"what": "arrays"}),
        ("edit.png", {"n": 2, "source": PICTURE, "start": 0.7}, {"what": "grid", "frame": 2, "of": "eps"}),
        ("paint.webp", {"n": 2, "source": PICTURE, "mask": MASK, "start": 0.9}, {"what": "picture", "index": 1}),
        ("some.npz", {"n": 2}, {"what": "arrays", "names": ["t", "x_0"]}),
    ],
)
def test_scripts_of_trajectories_make_the_same_file(
    name: str,
    facts: dict[str, Any],
    options: dict[str, Any],
    flow_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from genplay import api

    model = api.load(flow_file)
    asked = api.Trajectory(**facts, config={"steps": 4})
    path = api.save(model, asked, api.ask(model, asked), tmp_path / name, options)
    script = export.python_script(export.read_recipe(path), f"again-{name}")
    monkeypatch.chdir(tmp_path)
    getattr(builtins, "exec")(compile(script, "script", "exec"), {})  # noqa: B009 - the script is what is tested
    assert (tmp_path / f"again-{name}").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("name", "question", "options"),
    [
        ("grid.png", ("DrawSamples", {"n": 5, "seed": 3}), {"what": "grid", "scale": 2, "spacing": 1}),
        ("one.webp", ("DrawSamples", {"n": 5, "seed": 4}), {"what": "picture", "index": 3}),
        ("path.gif", ("DecodePath", {"keyframes": KEYS, "frames": 6}), {"what": "animation", "fps": 12.5}),
        ("path.apng", ("DecodePath", {"keyframes": KEYS, "frames": 6, "mode": "lerp"}), {"what": "animation"}),
        ("codes.npz", ("Decode", {"z": KEYS}), {"what": "arrays"}),
    ],
)
def test_script_makes_the_same_file(
    name: str,
    question: tuple[str, dict[str, Any]],
    options: dict[str, Any],
    model_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from genplay import api

    model = api.load(model_file)
    asked = getattr(api, question[0])(**question[1])
    path = api.save(model, asked, api.ask(model, asked), tmp_path / name, options, view={"tab": "samples"})
    script = export.python_script(export.read_recipe(path), f"again-{name}")
    monkeypatch.chdir(tmp_path)
    getattr(builtins, "exec")(compile(script, "script", "exec"), {})  # noqa: B009 - the script is what is tested
    assert (tmp_path / f"again-{name}").read_bytes() == path.read_bytes()
