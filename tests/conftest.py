"""For all tests: nothing touches the user's files, and small networks are not slowed down by more threads than one."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything imports torch

import pytest


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GENPLAY_HOME", str(tmp_path_factory.mktemp("home")))


LONG = ("test_tour.py", "test_families.py", "test_shell_window.py", "test_copy_as_python.py")


def pytest_collection_modifyitems(items):
    """The longest files first, so that at the end no process waits for one of them."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))
