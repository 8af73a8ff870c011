"""For all tests: nothing touches the user's files."""

import pytest


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GENPLAY_HOME", str(tmp_path_factory.mktemp("home")))
