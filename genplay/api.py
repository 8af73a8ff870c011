"""genplay from Python: open a checkpoint, ask it, save the answer. What "Copy as Python" writes.

>>> import genplay.api as genplay                                          # doctest: +SKIP
>>> model = genplay.load("vae-faces16.safetensors")                        # doctest: +SKIP
>>> question = genplay.DrawSamples(n=64, seed=3)                           # doctest: +SKIP
>>> answer = genplay.ask(model, question)                                  # doctest: +SKIP
>>> genplay.save(model, question, answer, "faces.png", {"what": "grid"})   # doctest: +SKIP
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from genplay import __version__, data, export, families, probes
from genplay.contract import paths
from genplay.contract.card import Card
from genplay.contract.card import digest as digest_of
from genplay.contract.errors import BadInput
from genplay.contract.recipe import Recipe
from genplay.contract.requests import (
    BoundByTime,
    CheckNovelty,
    CompareLikelihoods,
    Corrupt,
    Decode,
    DecodePath,
    DescribeSchedule,
    DrawSamples,
    Duel,
    Encode,
    EstimateLikelihood,
    FieldAt,
    FindNearest,
    Guide,
    Invert,
    JudgePictures,
    LookAtCodebook,
    LookAtDensity,
    LookAtFilters,
    LookAtGame,
    LookThroughLayers,
    MapLatent,
    MapLikelihood,
    MeasureChains,
    MeasureGuidance,
    MeasureModes,
    Question,
    RedrawLevels,
    SweepGuidance,
    Trajectory,
    Translate,
    Traverse,
    WalkChains,
    WalkNoise,
)
from genplay.contract.results import Tape
from genplay.core import checkpoint
from genplay.core.dataset import Dataset
from genplay.core.model import Model
from genplay.core.probe import ask as put
from genplay.core.training import Replica
from genplay.export.answers import evenly

__all__ = [
    "BoundByTime",
    "CheckNovelty",
    "CompareLikelihoods",
    "Corrupt",
    "Decode",
    "DecodePath",
    "DescribeSchedule",
    "DrawSamples",
    "Duel",
    "Encode",
    "EstimateLikelihood",
    "FieldAt",
    "FindNearest",
    "Guide",
    "Invert",
    "JudgePictures",
    "LookAtCodebook",
    "LookAtDensity",
    "LookAtFilters",
    "LookAtGame",
    "LookThroughLayers",
    "MapLatent",
    "MapLikelihood",
    "MeasureChains",
    "MeasureGuidance",
    "MeasureModes",
    "Opened",
    "RedrawLevels",
    "SweepGuidance",
    "Trajectory",
    "Translate",
    "Traverse",
    "WalkChains",
    "WalkNoise",
    "ask",
    "find",
    "load",
    "save",
]


@dataclass(frozen=True)
class Opened:
    """A checkpoint that can be asked."""

    model: Model
    card: Card
    digest: str
    file_name: str

    @cached_property
    def data(self) -> Dataset:
        """The data that the model learnt, loaded when a question needs it."""
        return data.load(self.card.data, self.card.data_options)


def find(name: str | os.PathLike[str], digest: str = "") -> Path:
    """The path of a checkpoint: as given, or among the shipped ones by file name, with or without the ending.

    Raises ``BadInput`` when there is none, or when the one found does not have the ``digest``.
    """
    given = Path(name)
    folder = paths.shipped("checkpoints")
    candidates = [p for p in (given, folder / given.name, folder / f"{given.name}.safetensors") if p.is_file()]
    if not candidates:
        raise BadInput(f"There is no checkpoint {given.name}.")
    matching = [p for p in candidates if not digest or digest_of(p) == digest]
    if not matching:
        raise BadInput(f"{given.name} is not the checkpoint that was used then: its digest is not {digest}.")
    return matching[0]


def load(name: str | os.PathLike[str], digest: str = "", device: str = "cpu") -> Opened:
    """Open a checkpoint; ``digest`` makes sure that it is the one meant. Raises ``BadInput``."""
    path = find(name, digest)
    opened = checkpoint.load(path, families.all(), device)
    Replica(opened.model)  # lays the weights out as the window does: that decides the last bit of every sum
    return Opened(opened.model, opened.card, opened.digest, path.name)


def ask(opened: Opened, question: Question) -> Any:
    """The final answer to a question, a record of ``genplay.contract.results``. Raises ``BadInput``."""
    probe = probes.all()[type(question).__name__]
    value = None
    for part in put(probe, opened.model, opened.data if probe.needs_data else None, question):
        value = part.value
    return value


def recipe(opened: Opened, question: Question, view: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe that goes into files made from a question's answer."""
    return Recipe(
        digest=opened.digest,
        family=opened.card.family,
        run=opened.card.name,
        step=opened.card.step,
        question=question,
        view=dict(view or {}),
        checkpoint=opened.file_name,
        made_with=f"genplay {__version__}",
    )


def save(
    opened: Opened,
    question: Question,
    answer: Any,
    path: str | os.PathLike[str],
    export: Mapping[str, Any],
    view: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write an answer as the export options say, with its recipe inside; returns the path.

    ``export`` holds options of ``genplay.export.options.Options``. Raises ``BadInput``, also when the file exists and
    ``overwrite`` is false.
    """
    return _save(opened, question, answer, path, dict(export), view, overwrite)


def _save(
    opened: Opened,
    question: Question,
    answer: Any,
    path: str | os.PathLike[str],
    options: dict[str, Any],
    view: Mapping[str, Any] | None,
    overwrite: bool,
) -> Path:
    what = options.get("what", {".npz": "arrays", ".txt": "text"}.get(Path(path).suffix, "grid"))
    if what == "arrays":
        options.setdefault("arrays", export.named_arrays(answer, options.get("names", ())))
    elif isinstance(answer, Tape) and options.get("steps") and not options.get("columns"):
        options["columns"] = len(evenly(len(answer.frames), options["steps"]))
    if opened.card.spec.vocabulary:
        options["vocabulary"] = opened.card.spec.vocabulary
    x = export.drawable(answer, what, options)
    return export.write(x, path, recipe(opened, question, view), options, overwrite)
