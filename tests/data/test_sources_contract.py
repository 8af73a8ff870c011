"""What every data source that can be loaded promises; a new source is tested by existing."""

from __future__ import annotations

import json
import sys
import textwrap
import time

import numpy as np
import pytest
import torch

import genplay.data as data
from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.paths import shipped
from genplay.contract.spec import Kind
from genplay.core.dataset import DataSource, to_float

READY = [name for name, source in data.sources().items() if source.ready()]
PROCEDURAL = [name for name in READY if data.sources()[name].group == "procedural"]
BUNDLED = [name for name in READY if data.sources()[name].group == "bundled"]
STORED = {Kind.IMAGE: torch.uint8, Kind.POINTS: torch.float32, Kind.TOKENS: torch.int64}


def corners(source: type[DataSource]) -> list[dict[str, object]]:
    """Options with every numeric knob at its lowest, and at its highest."""
    knobs = knob.knobs(source.Options)
    return [{k.name: k.check(getattr(k, end)) for k in knobs} for end in ("low", "high")] if knobs else []


def test_all_the_sets_of_the_issue_are_found() -> None:
    assert next(iter(data.sources())) == "faces16"
    assert set(BUNDLED) == {"faces16", "fashion28", "glyphs28", "emoji32", "digits8", "names"}
    shapes = {"ring", "grid", "moons", "checkerboard", "spirals", "swiss_roll", "pinwheel", "rings"}
    assert set(PROCEDURAL) == shapes
    assert {"folder", "text_file", "mnist", "fashion_full"} <= set(data.sources())


@pytest.mark.parametrize("name", data.sources())
def test_says_what_it_is(name: str) -> None:
    source = data.sources()[name]
    assert source.title and source.summary.endswith(".") and source.licence
    assert source.group in ("bundled", "procedural", "yours", "download")
    knob.build(source.Options, {k.name: k.default for k in knob.knobs(source.Options)})


@pytest.mark.parametrize("name", READY)
def test_loads_what_its_spec_says(name: str) -> None:
    source, loaded = data.sources()[name], data.load(name)
    assert loaded.spec == source.spec
    assert (loaded.name, loaded.title, loaded.licence) == (source.name, source.title, source.licence)
    for x, labels in ((loaded.train, loaded.train_labels), (loaded.heldout, loaded.heldout_labels)):
        assert len(x) >= 100 and x.is_contiguous()
        assert x.dtype == STORED[loaded.spec.kind]
        assert labels.dtype == torch.int64
        floats = to_float(x[:500])
        assert (
            floats.abs().max()
            <= {Kind.IMAGE: 1, Kind.POINTS: 1.5, Kind.TOKENS: len(source.spec.vocabulary)}[source.spec.kind]
        )
        for column, attribute in enumerate(loaded.spec.attributes):
            assert set(labels[:, column].tolist()) <= set(range(len(attribute.values)))


@pytest.mark.parametrize("name", READY)
def test_every_attribute_value_occurs_in_training(name: str) -> None:
    loaded = data.load(name)
    for column, attribute in enumerate(loaded.spec.attributes):
        assert loaded.train_labels[:, column].unique().tolist() == list(range(len(attribute.values)))


@pytest.mark.parametrize("name", READY)
def test_the_same_options_give_the_same_rows(name: str) -> None:
    source = data.sources()[name]
    first, second = source.load(source.Options()), source.load(source.Options())
    for part in ("train", "train_labels", "heldout", "heldout_labels"):
        assert torch.equal(getattr(first, part), getattr(second, part))


@pytest.mark.parametrize("name", [*PROCEDURAL, "faces16", "names"])
def test_no_row_is_in_both_parts(name: str) -> None:
    loaded = data.load(name)
    train = {row.tobytes() for row in loaded.train.flatten(1).numpy()}
    assert not train & {row.tobytes() for row in loaded.heldout.flatten(1).numpy()}


@pytest.mark.parametrize("name", PROCEDURAL)
def test_procedural_sets_have_their_size_at_every_corner(name: str) -> None:
    for options in ({}, *corners(data.sources()[name])):
        loaded = data.load(name, options)
        assert (len(loaded.train), len(loaded.heldout)) == (20_000, 4_000)
        assert max(loaded.train.abs().max(), loaded.heldout.abs().max()) <= 1.5
        assert loaded.log_density is not None


def test_the_spec_follows_the_options() -> None:
    assert len(data.load("ring", {"k": 3}).spec.attributes[0].values) == 3
    assert len(data.load("grid", {"side": 2}).spec.attributes[0].values) == 4


@pytest.mark.parametrize("name", [name for name in BUNDLED if data.source(name).spec.kind is Kind.IMAGE])
def test_bundled_specs_equal_what_the_files_hold(name: str) -> None:
    spec, loaded = data.sources()[name].spec, data.load(name)
    assert spec is not None
    with np.load(shipped("assets") / "data" / f"{name}.npz", allow_pickle=False) as file:
        n, height, width, channels = file["images"].shape
        assert spec.shape == (channels, height, width)
        held = json.loads(str(file["attributes"]))
        assert [(a.name, list(a.values)) for a in spec.attributes] == list(held.items())
        assert (len(loaded.train), len(loaded.heldout)) == (int(file["train"]), n - int(file["train"]))
        assert np.array_equal(loaded.heldout[-1].permute(1, 2, 0).numpy(), file["images"][-1])
        assert np.array_equal(loaded.train_labels[7].numpy(), file["labels"][7])


def test_every_asset_has_a_licence() -> None:
    text = (shipped("assets") / "LICENCES.md").read_text(encoding="utf-8")
    for path in (shipped("assets") / "data").iterdir():
        assert f"`{path.name}`" in text


def test_faces_load_in_a_moment() -> None:
    source = data.source("faces16")
    times = []
    for _ in range(5):
        start = time.perf_counter()
        source.load(source.Options())
        times.append(time.perf_counter() - start)
    assert min(times) < 0.3


def test_loads_are_shared() -> None:
    assert data.load("digits8") is data.load("digits8", {})
    assert data.load("ring", {"k": 5}) is not data.load("ring", {"k": 6})


def test_unknown_names_and_options_are_refused_in_one_sentence() -> None:
    with pytest.raises(BadInput, match=r"no data set 'face'; known: faces16, "):
        data.load("face")
    with pytest.raises(BadInput, match=r"no setting 'modes'; known: k, radius, sigma"):
        data.load("ring", {"modes": 3})
    with pytest.raises(BadInput, match="k must be between 1 and 32"):
        data.load("ring", {"k": 99})


def test_a_missing_or_damaged_bundle_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    from genplay.data import bundled

    monkeypatch.setattr(bundled, "shipped", lambda _: tmp_path)
    source = data.source("digits8")
    (tmp_path / "data").mkdir()
    good = (shipped("assets") / "data" / "digits8.npz").read_bytes()
    for content in (None, b"", b"PK\x03\x04 no zip", good[:20_000], good[:3000] + b"x" * 50 + good[3050:]):
        if content is not None:
            (tmp_path / "data" / "digits8.npz").write_bytes(content)
        with pytest.raises(BadInput, match="digits8 is missing or damaged"):
            source.load(source.Options())


def test_a_new_source_is_one_new_file(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "dropped_in.py").write_text(
        textwrap.dedent(
            """
            import torch
            from genplay.contract.spec import DataSpec, Kind
            from genplay.core.dataset import Dataset, DataSource

            class Square(DataSource):
                name, title, group, licence = "square", "Square", "procedural", "free"
                spec = DataSpec(Kind.POINTS, (2,))

                @classmethod
                def load(cls, options):
                    x, none = torch.rand(10, 2), torch.zeros(10, 0, dtype=torch.int64)
                    return Dataset(cls.name, cls.title, cls.licence, cls.spec, x, none, x, none)
            """
        )
    )
    monkeypatch.setattr(data, "__path__", [*data.__path__, str(tmp_path)])
    data.sources.cache_clear()
    try:
        assert list(data.sources())[-1] == "square"
        assert data.load("square").train.shape == (10, 2)
    finally:
        data.sources.cache_clear()
        sys.modules.pop("genplay.data.dropped_in", None)
    monkeypatch.undo()
    assert "square" not in data.sources()
