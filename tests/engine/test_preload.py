from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from genplay.engine import preload

CODE = """
import sys
from genplay.engine.preload import load_libraries
print(load_libraries(), "torch" in sys.modules, "libtorch_cpu" in open("/proc/self/maps").read())
import torch
print(torch.nn.Conv2d(3, 4, 3)(torch.zeros(1, 3, 8, 8)).shape == (1, 4, 6, 6))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_libraries_are_there_before_torch_is_and_torch_works_on_them() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["True", "False", "True", "True"]


def test_without_torch_or_its_libraries_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not preload.load_libraries()
    empty = importlib.util.spec_from_loader("torch", None, is_package=True)
    assert empty is not None
    empty.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: empty)
    assert not preload.load_libraries()


def test_a_library_that_cannot_be_loaded_is_left_to_torch(tmp_path: Path) -> None:
    broken = tmp_path / "libtorch_cpu.so"
    broken.write_bytes(b"not a library")
    assert not preload._load(broken)
