"""An engine over a temporary folder that knows the toy families too, closed again after each test."""

from types import SimpleNamespace

import pytest
import toys
from watcher import Watcher

from genplay import families
from genplay.engine.facade import ThreadedEngine


@pytest.fixture
def toy_families(monkeypatch):
    known = families.all() | {f.name: f for f in (toys.ToyGAN, toys.ToyDiffusion, toys.ToyFlow)}
    monkeypatch.setattr(families, "all", lambda: known)
    return known


@pytest.fixture
def start(tmp_path, toy_families):
    """Start an engine: ``start(root=..., lanes=...)``."""
    engines = []

    def begin(root=tmp_path, **options):
        engine = ThreadedEngine(root, device="cpu", **options)
        engine.start()
        engines.append(engine)
        return Watcher(engine)

    yield begin
    for engine in engines:
        assert engine.close(20)


@pytest.fixture
def watch(start):
    return start()


@pytest.fixture
def quick():
    """Settings under which a step takes well under a millisecond."""
    return SimpleNamespace(
        points={
            "family": "vae",
            "data": "ring",
            "config": {"width": 8, "latent_size": 2},
            "training": {"batch_size": 16},
        },
    )
