"""Finding families, data sources and probes by walking their packages: adding one is adding a file."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TypeVar

T = TypeVar("T")


def discover(package: str, base: type[T]) -> dict[str, type[T]]:
    """Concrete subclasses of ``base`` defined in the modules of ``package``, by their ``name``, in order of ``order``.

    A class takes part when it sets its own ``name``. Two classes of one name are an error of the programmer.
    """
    found: dict[str, type[T]] = {}
    root = importlib.import_module(package)
    for info in pkgutil.iter_modules(root.__path__, f"{package}."):
        module = importlib.import_module(info.name)
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if issubclass(cls, base) and cls.__module__ == module.__name__ and "name" in vars(cls):
                name = cls.__dict__["name"]
                if name in found:
                    raise RuntimeError(f"{found[name]} and {cls} are both called {name!r}")
                found[name] = cls
    return dict(sorted(found.items(), key=lambda item: (getattr(item[1], "order", 100), item[0])))
