"""The examples in docstrings of the core and the probes do what they show."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import genplay.core
import genplay.probes

MODULES = [
    info.name
    for package in (genplay.core, genplay.probes)
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [t for name in MODULES for t in finder.find(importlib.import_module(name)) if t.examples]
    assert len(tests) >= 8
