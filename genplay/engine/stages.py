"""Models that new models build on: found by name or path, and runs that are set down in files for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genplay import families
from genplay.contract import atomic, knob, paths
from genplay.contract.card import digest, digest_of
from genplay.contract.errors import BadInput
from genplay.core import checkpoint
from genplay.core.model import Model

if TYPE_CHECKING:
    from genplay.engine.run import Run

RUN = "run:"  # before the id of a run, in place of a checkpoint's name
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Stages:
    """Checkpoints to build on: shipped ones, files of the user, and those set down in ``folder``."""

    folder: Path

    def open(self, name: str) -> checkpoint.Opened:
        """A checkpoint by path, or by name with or without the ending; raises ``BadInput``."""
        if not name:
            raise BadInput("Choose the model that this one builds on first.")
        for path in _candidates(name, self.folder):
            if path.is_file():
                return checkpoint.load(path, families.all())
        raise BadInput(f"There is no checkpoint {name!r:.200} to build on.")

    def keep(self, run: Run) -> str:
        """Set a run's averaged weights down in a file named by its content; returns the name. Raises ``OSError``.

        A shipped checkpoint that has not been trained on is named as it is.
        """
        shipped = paths.shipped("checkpoints") / Path(run.path).name
        if run.digest and shipped.is_file() and digest(shipped) == run.digest:
            return shipped.stem
        data = checkpoint.to_bytes(run.replica().model, run.card())
        path = self.folder / f"{digest_of(data)}{SUFFIX}"
        if not path.is_file():
            atomic.write(path, data)
        return path.name

    def named(self, family: type[Model], values: Mapping[str, Any], run: Callable[[str], Run]) -> dict[str, Any]:
        """``values`` with every run that a knob names, "run:ID", replaced by a file's name; raises ``BadInput``."""
        models = {k.name for k in knob.knobs(family.Config) if k.control == "model"}
        chosen = {n: v for n, v in values.items() if n in models and isinstance(v, str) and v.startswith(RUN)}
        return {**values, **{n: self.keep(run(v.removeprefix(RUN))) for n, v in chosen.items()}}


def usual() -> Stages:
    """Those of the user's data folder."""
    return Stages(paths.user_data() / "stages")


def _candidates(name: str, folder: Path) -> list[Path]:
    places = (paths.shipped("checkpoints"), folder)
    return [Path(name), *(place / file for place in places for file in (name, f"{name}{SUFFIX}"))]
