"""What the program remembers between starts: one JSON file, read as if it were hostile."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genplay.contract import paths
from genplay.contract.errors import BadInput

NAME = "settings.json"
MAX_BYTES = 1 << 20
MAX_RECENT = 12


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 4096


def _one_of(*values: str) -> Callable[[object], bool]:
    return lambda value: value in values


def _whole(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _sizes(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 8 and all(type(v) is int and 0 <= v < 1 << 15 for v in value)


def _texts(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 64 and all(_is_text(v) for v in value)


KNOWN: dict[str, tuple[Any, Callable[[object], bool]]] = {
    "theme": ("system", _one_of("system", "dark", "light")),
    "device": ("auto", _is_text),
    "threads": (0, _whole(0, 256)),  # 0: cores - 1
    "autosave_minutes": (2, _whole(1, 120)),
    "recent": ([], _texts),
    "window": ([], _sizes),  # x, y, width, height
    "maximised": (False, lambda value: isinstance(value, bool)),
    "columns": ([], _sizes),  # widths of runs, stage and inspector
    "rows": ([], _sizes),  # heights of the stage row and of the curves
    "curves": ({}, lambda value: isinstance(value, dict)),  # the dock's knobs
    "tab": ("", _is_text),
    "run": ("", _is_text),  # the selected one
    "panels": ({}, lambda value: isinstance(value, dict) and all(isinstance(v, dict) for v in value.values())),
    "last_folder": ("", _is_text),
    "launched": (False, lambda value: isinstance(value, bool)),
}
"""Each setting's default and what a value must be."""


class Settings:
    """The settings in memory; ``problem`` is a sentence about a file that had to be set aside, or ""."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or location()
        self.problem = ""
        self._values: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        value = self._values.get(name, KNOWN[name][0])
        return value.copy() if isinstance(value, list | dict) else value

    def __setitem__(self, name: str, value: Any) -> None:
        _default, fits = KNOWN[name]
        if not fits(value):
            raise BadInput(f"The setting {name} cannot be {value!r:.80}.")
        self._values[name] = value

    def remember_file(self, path: str) -> None:
        """Put a file at the head of the recent ones."""
        others = [p for p in self["recent"] if p != path]
        if _is_text(path):
            self["recent"] = [path, *others][:MAX_RECENT]

    def save(self) -> None:
        """Write the file; a failure is kept in ``problem``, since losing a window size must stop nothing."""
        from genplay.contract import atomic

        try:
            atomic.write(self.path, json.dumps(self._values, indent=1, sort_keys=True).encode())
        except OSError as error:
            self.problem = f"The settings could not be saved: {error.strerror or error}."

    def reset(self) -> None:
        """Back to the defaults, on disk too."""
        self._values = {}
        self.save()


def location() -> Path:
    """Where the settings are kept."""
    return paths.user_config() / NAME


def load(path: Path | None = None) -> Settings:
    """The settings on disk. A file that cannot be understood is renamed to settings.json.broken-<n> and reported.

    Values of a wrong type or range fall back to their default; unknown names are dropped.
    """
    settings = Settings(path)
    try:
        values = _parsed(settings.path)
    except FileNotFoundError:
        return settings
    except BadInput as error:
        aside = _set_aside(settings.path)
        settings.problem = f"The settings were {error} and have been set aside as {aside}."
        return settings
    settings._values = {name: values[name] for name in KNOWN if name in values and KNOWN[name][1](values[name])}
    return settings


def reset(path: Path | None = None) -> None:
    """Forget all settings (the start-up option --reset); the old file is kept as settings.json.broken-<n>."""
    target = path or location()
    if target.exists():
        _set_aside(target)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise BadInput("too large")
        values = json.loads(data.decode("utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise error if isinstance(error, BadInput) else BadInput("unreadable") from None
    if not isinstance(values, dict):
        raise BadInput("damaged")
    return values


def _set_aside(path: Path) -> str:
    number = 1
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError:
        return f"{path.name} (it could not be renamed)"
    return aside.name
