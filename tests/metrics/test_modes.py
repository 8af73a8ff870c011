"""Which modes samples cover: against counts done by hand, and cheap enough to be watched while a model trains."""

from __future__ import annotations

import dataclasses
import gc
import math
import time

import numpy as np
import pytest
import torch
from toys import IMAGES, POINTS, ToyFlow, ToyGAN, toy_data

from genplay import data as sources
from genplay.contract.errors import BadInput
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import Dataset, to_float
from genplay.core.model import Frame
from genplay.core.training import new_model
from genplay.data.toy2d import Grid, Ring
from genplay.metrics import modes
from genplay.metrics.modes import covered, divergence, measure, mode_terms, modes_of, yardstick

NAMES = (
    "modes covered", "modes of the data", "high-quality share", "KL to the data's modes", "precision", "recall",
    "pairwise distance", "D accuracy real", "D accuracy fake",
)  # fmt: skip


class Given(ToyGAN):
    """A GAN whose samples are the rows it was given, and whose critic scores how far right they are."""

    name = "given"
    rows = torch.zeros(1, 2)

    def sample_steps(self, n, config, generator, labels=None):
        yield Frame(self.rows[:n])

    def critic(self, x, labels=None):
        assert not torch.is_grad_enabled()
        return x.flatten(1)[:, 0]


def giving(rows, spec=POINTS):
    model = new_model(Given, Given.Config(), spec, 0).eval()
    model.rows = rows
    return model


def terms_of(data, rows, n=512):
    return mode_terms(giving(rows, data.spec), data, torch.Generator(), n)


@pytest.mark.parametrize(("source", "sigma", "count"), [(Ring, 0.05, 8), (Grid, 0.04, 25)])
def test_mixtures_have_the_modes_they_were_made_with(source, sigma, count):
    found = modes_of(sources.load(source.name))
    assert found.names == tuple(str(i) for i in range(count))
    assert torch.allclose(found.centres, source.centres(source.Options()), atol=5 * sigma / math.sqrt(20_000 / count))
    assert torch.allclose(found.sigma, torch.full((count,), sigma, dtype=torch.float64), rtol=0.06)
    assert float(found.ideal.sum()) == pytest.approx(1)


def test_what_is_no_mixture_of_compact_parts_has_no_modes():
    for name, options in (("moons", {}), ("spirals", {}), ("rings", {}), ("ring", {"k": 32}), ("ring", {"k": 1})):
        assert modes_of(sources.load(name, options)) is None
    bare = torch.rand(50, 2)
    none = torch.zeros(50, 0, dtype=torch.int64)
    assert modes_of(Dataset("x", "X", "", DataSpec(Kind.POINTS, (2,)), bare, none, bare, none)) is None


def test_pictures_have_the_classes_of_an_attribute_as_a_network_sees_them():
    faces = sources.load("faces16")
    assert modes_of(faces).group == "hair_color"
    glasses = modes_of(faces, "glasses")
    assert glasses.names == ("none", "clear", "dark")
    real = torch.bincount(faces.train_labels[:, 3], minlength=3) / len(faces.train)
    assert torch.allclose(glasses.ideal, real.double(), atol=0.06)
    with pytest.raises(BadInput, match="no attribute 'hats'; known: hair_color"):
        modes_of(faces, "hats")
    assert modes_of(toy_data(IMAGES)) is None  # no network is at hand


def test_counts_by_hand():
    """Of 100 points: 60 on one mode, 30 on another, 1 on a third, none within 3 sigma of the rest; 9 are astray."""
    ring = sources.load("ring")
    centres = Ring.centres(Ring.Options()).float()
    rows = torch.cat([centres[0].expand(60, 2), centres[3].expand(30, 2), centres[5][None], torch.zeros(9, 2)])
    against = yardstick(ring, 500, 500)
    found = measure(rows + 0.02 * torch.randn(100, 2, generator=torch.Generator().manual_seed(0)), against)
    assert found.share.tolist() == [0.6, 0, 0, 0.3, 0, 0.01, 0, 0]
    assert found.covered.tolist() == [True, False, False, True, False, True, False, False]
    assert found.high_quality == pytest.approx(0.91)
    q = np.array([60, 30, 1]) / 91
    ideal = found.ideal[[0, 3, 5]]
    assert found.kl == pytest.approx((q * np.log(q / ideal)).sum())
    assert np.allclose(found.radius, 0.15, rtol=0.06)
    assert found.n == 100
    assert math.isnan(found.accuracy_real)


def test_the_data_itself_is_a_perfect_model():
    grid = sources.load("grid")
    against = yardstick(grid, 1000, 1000)
    found = measure(grid.heldout[:2000], against)
    assert found.covered.all()
    assert found.high_quality > 0.98
    assert found.kl < 0.02
    assert min(found.precision, found.recall) > 0.95
    assert found.distance == pytest.approx(1, abs=0.03)


def test_many_or_rare_modes_are_covered_by_a_quarter_of_their_share():
    ideal = np.array([0.004, 0.496, 0.5])
    assert covered(np.array([0.001, 0.01, 0.009]), ideal, True).tolist() == [True, True, False]
    assert covered(np.array([0.0009, 0.12, 0.13]), ideal, False).tolist() == [False, False, True]


def test_samples_nowhere_near_a_mode_have_no_divergence():
    assert math.isnan(divergence(np.zeros(3), np.ones(3) / 3))
    assert divergence(np.array([0.2, 0.2, 0.2]), np.ones(3) / 3) == pytest.approx(0)
    assert divergence(np.array([0.5, 0, 0]), np.ones(3) / 3) == pytest.approx(math.log(3))


def test_pictures_of_one_class_miss_the_others():
    digits = sources.load("digits8")
    threes = to_float(digits.train[digits.train_labels[:, 0] == 3])
    found = measure(threes, yardstick(digits, 500, 500))
    assert found.names == tuple("0123456789")
    assert found.covered.sum() == 1 and found.covered[3]
    assert found.kl == pytest.approx(math.log(10), abs=0.5)
    assert found.distance < 0.8
    assert math.isnan(found.high_quality)
    assert found.centres is None


def test_the_curves_of_a_collapsed_model():
    ring = sources.load("ring")
    lone = ring.train[ring.train_labels[:, 0] == 0]
    terms = terms_of(ring, lone)
    assert set(terms) == set(NAMES)
    assert (terms["modes covered"], terms["modes of the data"]) == (1, 8)
    assert terms["KL to the data's modes"] == pytest.approx(math.log(8), abs=0.05)
    assert terms["pairwise distance"] < 0.2
    assert terms["recall"] < 0.3 < 0.9 < terms["precision"]
    assert terms["D accuracy fake"] == 0  # all of them lie right of the middle, which this critic calls real
    assert terms["D accuracy real"] == pytest.approx(0.5, abs=0.08)


def test_the_threshold_is_the_models():
    ring = sources.load("ring")

    class Squares(Given):
        name = "squares"
        threshold = 0.5

    model = new_model(Squares, Given.Config(), ring.spec, 0)
    model.rows = torch.full((512, 2), 0.4)
    assert mode_terms(model, ring, torch.Generator())["D accuracy fake"] == 1


def test_curves_are_only_those_that_can_be_told():
    moons = sources.load("moons")
    terms = terms_of(moons, moons.heldout)
    assert set(terms) == set(NAMES[4:])
    nowhere = terms_of(sources.load("ring"), torch.full((512, 2), 5.0))
    assert nowhere["modes covered"] == 0
    assert "KL to the data's modes" not in nowhere
    assert set(terms_of(toy_data(IMAGES), to_float(toy_data(IMAGES).heldout))) == set(NAMES[4:])
    assert mode_terms(new_model(ToyFlow, ToyFlow.Config(), POINTS, 0), moons, torch.Generator()) == {}
    broken = terms_of(sources.load("ring"), torch.full((512, 2), math.nan))
    assert all(math.isfinite(v) for v in broken.values())


def test_the_same_generator_gives_the_same_curves():
    ring = sources.load("ring")
    model = new_model(ToyGAN, ToyGAN.Config(), ring.spec, 3).eval()
    one, two = (mode_terms(model, ring, torch.Generator().manual_seed(1)) for _ in range(2))
    assert one == two


def test_what_is_known_of_data_is_made_once_and_forgotten_with_it():
    data = toy_data(train=300)
    known = modes.known(data)
    assert modes.known(data) is known
    assert modes.known(toy_data(train=300)) is not known
    assert modes.known(data, 100, 50).rows.shape == (100, 2)
    key = id(data)
    assert sum(k[0] == key for k in modes._known) == 2
    del data
    gc.collect()
    assert not any(k[0] == key for k in modes._known)


def test_it_is_cheap_enough_to_be_watched():
    ring = sources.load("ring")
    model = giving(ring.heldout, ring.spec)
    mode_terms(model, ring, torch.Generator())
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    try:
        for _ in range(20):
            start = time.perf_counter()
            mode_terms(model, ring, torch.Generator())
            times.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    assert min(times) < 0.010  # 3 ms on a machine to itself


def test_a_named_attribute_with_one_value_is_no_set_of_modes():
    spec = DataSpec(Kind.POINTS, (2,), (Attribute("only", ("one",)),))
    x, labels = torch.rand(30, 2), torch.zeros(30, 1, dtype=torch.int64)
    assert modes_of(Dataset("x", "X", "", spec, x, labels, x, labels), "only") is None


def test_real_rows_follow_no_pattern_in_the_data():
    """Backgrounds of faces16 come in turns of five, so that every twentieth row would have one and the same."""
    data = toy_data(POINTS)
    turns = torch.arange(200.0) % 5
    labels = torch.zeros(200, len(data.spec.attributes), dtype=torch.int64)
    data = dataclasses.replace(data, train=torch.stack([turns, turns], 1), train_labels=labels)
    few, more = modes.real_rows(data, 20), modes.real_rows(data, 40)
    assert len(few[:, 0].unique()) == 5 and torch.equal(few, more[:20])


def test_what_is_no_picture_of_the_kind_is_not_precise_though_features_take_it_for_one():
    data = sources.load("faces16")
    held, seed = to_float(data.heldout[:256]), torch.Generator().manual_seed(0)
    mean = held.mean(0)
    against = yardstick(data, 256, 256)
    sets = {
        "real": held,
        "noise": torch.rand(held.shape, generator=seed) * 2 - 1,
        "shuffled": held.flatten(2)[:, :, torch.randperm(256, generator=seed)].view(held.shape),
        "one mush": (mean + 0.5 * torch.randn(mean.shape, generator=seed)).expand(held.shape),
    }
    precision = {name: measure(x, against).precision for name, x in sets.items()}
    assert precision["real"] > 0.9 and max(precision[name] for name in sets if name != "real") < 0.05, precision
    assert measure(held, against).recall > 0.9
