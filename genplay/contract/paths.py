"""Where shipped and user files are: the same for an editable checkout and an installed wheel."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(folder: str) -> Path:
    """The shipped folder ``assets`` or ``checkpoints``: inside the wheel, or beside the package in a checkout."""
    inside = _PACKAGE / folder
    return inside if inside.is_dir() else _PACKAGE.parent / folder


def user_data() -> Path:
    """The user's runs and downloads; ``GENPLAY_HOME`` overrides it."""
    from platformdirs import user_data_path

    home = os.environ.get("GENPLAY_HOME")
    return Path(home) if home else user_data_path("genplay", appauthor=False)


def user_config() -> Path:
    """The user's settings; ``GENPLAY_HOME`` overrides it."""
    from platformdirs import user_config_path

    home = os.environ.get("GENPLAY_HOME")
    return Path(home) if home else user_config_path("genplay", appauthor=False)
