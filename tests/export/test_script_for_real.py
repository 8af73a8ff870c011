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
