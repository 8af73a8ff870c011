"""Opening what the user gives: a checkpoint, or an exported file whose recipe restores what made it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from genplay.contract.errors import BadInput
from genplay.contract.requests import OpenCheckpoint

if TYPE_CHECKING:
    from genplay.contract.recipe import Recipe
    from genplay.contract.results import RunState
    from genplay.ui.window import MainWindow

TEXTS = (".txt", ".md", ".text")
PICTURES = (".png", ".apng", ".gif", ".webp", ".npz")


class Opener:
    """Opens files as runs, and brings the window to the state of a recipe once its run is ready."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.paths: dict[str, str] = {}  # run id -> file, for what is being opened or open
        self._recipes: dict[str, Recipe] = {}  # run id -> recipe to restore once the run is ready

    def open_path(self, path: str) -> None:
        """Open a checkpoint or an exported file; says in a message what is wrong with anything else."""
        kind = Path(path).suffix.lower()
        try:
            if kind == ".safetensors":
                self.open_checkpoint(path)
            elif kind in PICTURES:
                self._open_export(path)
            elif kind in TEXTS:
                self._open_text(path)
            else:
                raise BadInput(f"{Path(path).name} is neither a checkpoint nor an export of genplay nor a text.")
        except BadInput as error:
            self.window.tell(str(error), "bad")

    def open_checkpoint(self, path: str) -> str:
        """The id of the run that a checkpoint file is open as, opened if it was not; raises ``BadInput``."""
        from genplay.contract import card as cards

        run_id = self._open_as(path)
        if run_id is None:
            card = cards.read(path)
            run_id = os.urandom(6).hex()
            self.paths[run_id] = str(Path(path).resolve())
            self.window.expect(run_id, card)
            self.window.bridge.send(OpenCheckpoint(run_id, path))
        self.window.remember_file(path)
        self.window.select(run_id)
        return run_id

    def _open_as(self, path: str) -> str | None:
        """The run of an untouched checkpoint file, if it is open."""
        wanted = str(Path(path).resolve())
        for run_id, opened in self.paths.items():
            run = self.window.bridge.runs.get(run_id)
            if opened == wanted and (run is None or run.digest or run.status == "loading"):
                return run_id
        for run in self.window.bridge.runs.values():
            if run.path and run.digest and str(Path(run.path).resolve()) == wanted:
                return run.run_id
        return None

    def forget(self, run_id: str) -> None:
        """A run is gone, or could not be opened."""
        self.paths.pop(run_id, None)
        self._recipes.pop(run_id, None)

    def _open_text(self, path: str) -> None:
        """A text file becomes the data of a new run."""
        self.window.commands.learn_text(path)
        self.window.settings["last_folder"] = str(Path(path).parent)

    # ---- recipes

    def _open_export(self, path: str) -> None:
        from genplay.export.embed import read_recipe

        recipe = read_recipe(path)
        run_id = self._run_of(recipe)
        if run_id is None:
            name = recipe.checkpoint or recipe.run
            raise BadInput(
                f"{Path(path).name} was made by {name} ({recipe.family}), which is not here: "
                "open that checkpoint, then drop this file again."
            )
        self._recipes[run_id] = recipe
        self.window.remember_file(path)
        self.window.select(run_id)
        self.restore_pending()

    def _run_of(self, recipe: Recipe) -> str | None:
        """The run whose weights a recipe names, opened if its file is known."""
        for run in self.window.bridge.runs.values():
            if recipe.digest and run.digest == recipe.digest:
                return run.run_id
        for path in self._candidates(recipe) if recipe.digest else ():
            if _has_digest(path, recipe.digest):
                return self.open_checkpoint(str(path))
        return self._same_name(recipe)

    def _same_name(self, recipe: Recipe) -> str | None:
        """A run in progress has no digest: take the one of the same name, saying so when it has trained on."""
        for run in self.window.bridge.runs.values():
            if not recipe.digest and (run.name, run.family) == (recipe.run, recipe.family):
                if run.step != recipe.step:
                    self.window.tell(
                        f"{run.name} has trained on from step {recipe.step:,} to {run.step:,} since, "
                        "so the picture may differ.",
                        "warn",
                    )
                return run.run_id
        return None

    def _candidates(self, recipe: Recipe) -> Iterator[Path]:
        """Files that may be the checkpoint of a recipe, likeliest first."""
        known = [item.path for item in self.window.library if item.card]
        known += [Path(p) for p in self.window.settings["recent"] if p.endswith(".safetensors")]
        known += [Path(run.path) for run in self.window.bridge.runs.values() if run.path]
        seen: set[Path] = set()
        for path in sorted(known, key=lambda p: p.name != recipe.checkpoint):
            if path not in seen and path.is_file():
                seen.add(path)
                yield path

    def restore_pending(self) -> None:
        """Restore the recipe of the selected run, if one waits and both the run and its tab are ready."""
        run = self.window.run()
        if run is None or run.run_id not in self._recipes or not _is_ready(run):
            return
        recipe = self._recipes[run.run_id]
        name = recipe.view.get("panel")
        panel = self.window.stage.panel(name) if isinstance(name, str) else self.window.stage.current()
        if panel is None:
            if not self.window.panels_pending:
                del self._recipes[run.run_id]
                self.window.tell(f"This version has no tab {name!r:.40} to show the picture in.", "warn")
            return
        del self._recipes[run.run_id]
        if self.window.stage.choose(panel.name):
            panel.restore(dict(recipe.view), recipe.question)
        else:
            self.window.tell(panel.closed_because(run), "warn")


def _is_ready(run: RunState) -> bool:
    return run.status != "loading" and bool(run.capabilities)  # one that failed still has its last good weights


def _has_digest(path: Path, digest: str) -> bool:
    from genplay.contract import card as cards

    try:
        return path.stat().st_size <= cards.MAX_FILE and cards.digest(path) == digest
    except OSError:
        return False
