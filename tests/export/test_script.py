"""Scripts: short, harmless, and the same bytes again."""

from __future__ import annotations

import ast
import builtins
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genplay import export
from genplay.contract import requests
from genplay.contract.errors import BadInput
from genplay.contract.recipe import Recipe
from genplay.contract.requests import Decode, DecodePath, DrawSamples, Encode, FindNearest, Question, Traverse

X = np.random.default_rng(0).integers(0, 256, (3, 8, 6, 3), dtype=np.uint8)
RNG = np.random.default_rng(5)
QUESTIONS = [
    DrawSamples(n=64, seed=3),
    DrawSamples(n=1, condition=(1, 0), config={"temperature": 0.1, "mode": "a'b\"\\"}),
    Decode(z=RNG.normal(size=(3, 16)).astype(np.float32) * np.float32(1e-9)),
    Decode(z=np.array([[0.1, -0.0, 3.4028235e38, 1e-45]], np.float32), condition=(2,)),
    DecodePath(keyframes=RNG.normal(size=(2, 4)).astype(np.float32), mode="lerp", closed=True),
    Traverse(z=RNG.normal(size=8).astype(np.float32), values=(-3, -2, -1, 0, 1, 2, 3)),
    Traverse(z=np.zeros(2, np.float32), dims=(1,), values=(0.1 + 0.2,)),
    Encode(x=RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)),
    FindNearest(x=np.array([0.25, -1 / 3], np.float32), k=3),
]


def recipe(question: Question, **changes: Any) -> Recipe:
    made = Recipe(
        digest="0123456789abcdef",
        family="vae",
        run="faces",
        step=9,
        question=question,
        export={"format": "png", "what": "grid", "scale": 2, "columns": 2},
        view={"tab": "latent", "cursor": [0.1, -2.5], "name": "é'\n\"\u202e"},
        checkpoint="vae-faces16.safetensors",
        made_with="genplay 0.1",
    )
    return replace(made, **changes)


class PlayedApi(types.ModuleType):
    """Stands in for ``genplay.api``: remembers what the script did and builds the same recipe."""

    def __init__(self, original: Recipe) -> None:
        super().__init__("genplay.api")
        self.original = original
        self.bytes = b""
        for name, kind in Question.known.items():
            setattr(self, name, kind)

    def load(self, path: str, digest: str = "") -> str:
        assert (path, digest) == (self.original.checkpoint, self.original.digest)
        return "model"

    def ask(self, model: str, question: Question) -> np.ndarray:
        assert model == "model"
        self.question = question
        return X

    def save(
        self, model: str, question: Question, answer: np.ndarray, path: str, export: dict, view: dict | None = None
    ) -> None:
        self.path = path
        made = replace(self.original, question=question, export={}, view=view or {})
        self.bytes = encode(answer, made, export)


encode = export.encode


def play(script: str, original: Recipe, monkeypatch: pytest.MonkeyPatch) -> PlayedApi:
    import genplay

    api = PlayedApi(original)
    monkeypatch.setitem(sys.modules, "genplay.api", api)
    monkeypatch.setattr(genplay, "api", api, raising=False)
    getattr(builtins, "exec")(compile(script, "script", "exec"), {})  # noqa: B009 - the script is what is tested
    return api


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: type(q).__name__)
def test_script_makes_the_same_bytes(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    original = recipe(question)
    wanted = encode(X, original, original.export)
    script = export.python_script(original, "a 'b'.png")
    api = play(script, original, monkeypatch)
    assert api.bytes == wanted
    assert api.path == "a 'b'.png"


def test_script_made_from_an_exported_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for question in QUESTIONS:
        original = recipe(question)
        path = export.write(X, tmp_path / f"{id(question)}.png", original, original.export)
        script = export.python_script(export.read_recipe(path), "b.png")
        assert play(script, original, monkeypatch).bytes == path.read_bytes()


def test_script_reads_well() -> None:
    script = export.python_script(recipe(DrawSamples(n=64, seed=3), view={}), "samples.png")
    assert (
        script
        == """\
import genplay.api as genplay

model = genplay.load("vae-faces16.safetensors", digest="0123456789abcdef")
question = genplay.DrawSamples(seed=3)
answer = genplay.ask(model, question)
genplay.save(
    model,
    question,
    answer,
    "samples.png",
    export={"format": "png", "what": "grid", "scale": 2, "columns": 2},
)
"""
    )


def test_arrays_are_laid_out_in_rows() -> None:
    keyframes = np.array([[0.1, -2.5], [1 / 3, 4]], np.float32)
    script = export.python_script(recipe(DecodePath(keyframes=keyframes, frames=12)), "path.gif")
    assert script.startswith("import numpy as np\n\nimport genplay.api as genplay\n")
    assert (
        """\
question = genplay.DecodePath(
    keyframes=np.array([
        [0.1, -2.5],
        [0.33333334, 4.0],
    ], dtype=np.float32),
    frames=12,
    seed=0,
)
"""
        in script
    )


ALLOWED = {"genplay.load", "genplay.ask", "genplay.save", "np.array", "np.frombuffer", "base64.b64decode"}


def calls(script: str) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Call)}


HOSTILE = ["'); import os; os.abort() #", "\n__import__('os').abort()", "{0}", '"""', "\\", "\r", "\u2028"]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_recipe_becomes_code(text: str) -> None:
    question = DrawSamples(config={text: text, "nested": {"a": [text]}})
    made = recipe(question, checkpoint=text, digest=text, view={text: [text, {text: None}]})
    read = Recipe.from_json(made.to_json())
    script = export.python_script(read, text)
    assert {c for c in calls(script) if not c.startswith("genplay.")} <= ALLOWED
    assert calls(script) <= ALLOWED | {f"genplay.{name}" for name in Question.known}
    assert len(ast.parse(script).body) == 5


def test_a_run_in_progress_has_no_script() -> None:
    with pytest.raises(BadInput, match="checkpoint first"):
        export.python_script(recipe(DrawSamples(), digest=""), "a.png")


def test_export_options_that_cannot_be_have_no_script() -> None:
    with pytest.raises(BadInput, match="scale"):
        export.python_script(recipe(DrawSamples(), export={"scale": -1}), "a.png")


def test_every_question_of_the_contract_can_be_written() -> None:
    for name in ("DrawSamples", "Trajectory", "MapLatent", "EstimateLikelihood"):
        script = export.python_script(recipe(getattr(requests, name)(seed=4)), "a.png")
        assert f"genplay.{name}(seed=4)" in script
