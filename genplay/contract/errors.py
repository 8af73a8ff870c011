"""The one exception whose message is written for the user."""

from __future__ import annotations


class BadInput(ValueError):
    """Something the user gave cannot be used. ``str(error)`` is one clear sentence, shown as it stands."""
