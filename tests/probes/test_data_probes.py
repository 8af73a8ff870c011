"""Questions about data: neighbours, likelihood of what was held out, previews and downloads."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from toys import COLOUR, IMAGES, POINTS, ToyDiffusion, ToyFlow, toy_data

from genplay.contract.errors import BadInput
from genplay.contract.requests import DownloadData, EstimateLikelihood, FindNearest, PreviewData
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import to_float, to_plain
from genplay.core.model import NoConfig
from genplay.core.probe import ask
from genplay.core.training import new_model
from genplay.probes import data_download, data_preview, likelihood, nearest


def answers(probe, model, data, question):
    return [a.value for a in ask(probe, model, data, question)]


# ---- neighbours ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [POINTS, IMAGES, COLOUR], ids=["points", "grey", "colour"])
def test_neighbours_are_those_of_an_exhaustive_search(spec, monkeypatch):
    monkeypatch.setattr(nearest, "_NUMBERS_AT_ONCE", 37 * spec.size)
    data = toy_data(spec)
    model = new_model(ToyFlow, NoConfig(), spec)
    x = to_plain(to_float(data.heldout[:1]), spec)[0]
    found = answers(nearest.FindNearest, model, data, FindNearest(x, k=6))
    distance = (to_float(data.train) - to_float(data.heldout[:1])).flatten(1).double().square().mean(1).sqrt().numpy()
    order = np.argsort(distance, kind="stable")[:6]
    assert len(found) == math.ceil(150 / 37)
    np.testing.assert_allclose(found[-1].distance, distance[order], rtol=1e-5)
    np.testing.assert_array_equal(found[-1].index, order)
    np.testing.assert_array_equal(found[-1].x, to_plain(to_float(data.train[torch.from_numpy(order)]), spec))


def test_a_training_example_is_its_own_nearest_and_twins_keep_their_order():
    data = toy_data(IMAGES)
    doubled = dataclasses.replace(
        data, train=torch.cat([data.train, data.train]), train_labels=torch.cat([data.train_labels] * 2)
    )
    x = to_plain(to_float(data.train[5:6]), IMAGES)[0]
    found = answers(nearest.FindNearest, new_model(ToyFlow, NoConfig(), IMAGES), doubled, FindNearest(x, k=2))[-1]
    assert found.index.tolist() == [5, 155]
    assert found.distance.tolist() == [0, 0]


def test_no_more_neighbours_than_examples():
    data = toy_data(train=5)
    x = np.zeros(2, np.float32)
    found = answers(nearest.FindNearest, new_model(ToyFlow, NoConfig(), POINTS), data, FindNearest(x, k=50))[-1]
    assert sorted(found.index.tolist()) == [0, 1, 2, 3, 4]
    with pytest.raises(BadInput, match="number of neighbours"):
        answers(nearest.FindNearest, new_model(ToyFlow, NoConfig(), POINTS), data, FindNearest(x, k=0))


# ---- likelihood ------------------------------------------------------------------------------------------------


def test_an_exact_likelihood_is_the_mean_of_all_held_out_examples():
    data, model = toy_data(heldout=500), new_model(ToyFlow, NoConfig(), POINTS)
    found = answers(likelihood.EstimateLikelihood, model, data, EstimateLikelihood(n=500))
    with torch.no_grad():
        exact = model.log_density(data.heldout).double()
    last = found[-1]
    assert [a.n for a in found] == sorted(a.n for a in found)
    assert len(found) > 1
    assert (last.kind, last.n, last.importance_samples, last.elbo) == ("exact", 500, 1, None)
    assert last.nats == pytest.approx(exact.mean().item(), rel=1e-6)
    assert last.error == pytest.approx(exact.std().item() / math.sqrt(500), rel=1e-6)
    assert last.bits_per_dim == pytest.approx(-last.nats / (2 * math.log(2)))


class Bounded(ToyFlow):
    """A flow whose density is known up to noise, which more importance samples average out."""

    name, density_kind = "bounded", "bound"

    def log_density(self, x, labels=None, generator=None):
        return super().log_density(x) - torch.rand(len(x), generator=generator)

    def importance_bound(self, x, labels, k, generator):
        return super().log_density(x) - torch.rand(len(x), k, generator=generator).amin(1)


def test_a_bound_is_sharper_with_more_importance_samples_and_never_above_the_truth():
    data, model = toy_data(heldout=200), new_model(Bounded, NoConfig(), POINTS)
    with torch.no_grad():
        truth = ToyFlow.log_density(model, data.heldout).double().mean().item()
    one, four, many = (
        answers(likelihood.EstimateLikelihood, model, data, EstimateLikelihood(n=200, importance_samples=k))[-1]
        for k in (1, 4, 64)
    )
    assert one.nats < four.nats < many.nats < truth
    assert one.elbo == one.nats
    assert many.elbo == pytest.approx(one.nats, abs=0.1)
    assert (many.kind, many.importance_samples) == ("bound", 64)


def test_earlier_pieces_do_not_depend_on_how_many_examples_follow():
    data, model = toy_data(heldout=300), new_model(Bounded, NoConfig(), POINTS)
    some, more = (
        answers(likelihood.EstimateLikelihood, model, data, EstimateLikelihood(n=n, importance_samples=16))
        for n in (64, 100)
    )
    assert len(some) == 8
    assert more[: len(some)] == some


def test_without_a_likelihood_it_says_so():
    with pytest.raises(BadInput, match="it gives no likelihood"):
        answers(
            likelihood.EstimateLikelihood,
            new_model(ToyDiffusion, ToyDiffusion.Config(), POINTS),
            toy_data(),
            EstimateLikelihood(),
        )


# ---- previews --------------------------------------------------------------------------------------------------


def serve(monkeypatch, data):
    def steps(name, options):
        yield 1, 2
        return data

    monkeypatch.setattr(data_preview, "load_steps", steps)


def test_a_preview_shows_examples_with_labels_and_counts(monkeypatch):
    data = dataclasses.replace(toy_data(IMAGES), skipped=("a.png: not a picture",))
    serve(monkeypatch, data)
    *reading, found = answers(data_preview.PreviewData, None, None, PreviewData("toy", n=40))
    assert [(r.done, r.total) for r in reading] == [(1, 2)]
    assert found.x.shape == (40, 16, 16, 1)
    assert found.labels.shape == (40, 2)
    assert (found.train, found.heldout, found.spec) == (150, 50, IMAGES)
    assert found.skipped == ("a.png: not a picture",)
    assert [len(c) for c in found.counts] == [2, 3]
    assert all(sum(c) == 150 for c in found.counts)
    assert found.counts[0][1] == (data.train_labels[:, 0] == 1).sum()
    table = {x.tobytes(): tuple(y) for x, y in zip(to_plain(to_float(data.train), IMAGES), data.train_labels.tolist())}
    assert all(table[x.tobytes()] == tuple(y) for x, y in zip(found.x, found.labels.tolist()))


def test_labels_that_are_left_open_are_not_counted(monkeypatch):
    data = toy_data()
    labels = data.train_labels.clone()
    labels[:10, 0] = 2
    serve(monkeypatch, dataclasses.replace(data, train_labels=labels))
    *_, found = answers(data_preview.PreviewData, None, None, PreviewData("toy"))
    assert [sum(c) for c in found.counts] == [140, 150]


def test_the_density_grid_integrates_and_has_y_going_up(monkeypatch):
    data = toy_data()
    serve(
        monkeypatch, dataclasses.replace(data, log_density=lambda p: torch.log(((p[:, 1] > 0) & (p[:, 0] < 0)) + 1e-9))
    )
    *_, found = answers(data_preview.PreviewData, None, None, PreviewData("toy"))
    grid = np.exp(found.log_density_grid)
    side = len(grid)
    assert grid.mean() * 4 == pytest.approx(1, rel=1e-3)
    assert grid[-1, 0] == pytest.approx(1, rel=1e-3)
    assert grid[0, 0] == grid[-1, -1] < 1e-6
    assert grid.shape == (side, side)
    serve(monkeypatch, toy_data(density=False))
    *_, found = answers(data_preview.PreviewData, None, None, PreviewData("toy"))
    assert found.log_density_grid is None


def test_real_sources_can_be_previewed_by_name():
    *_, found = answers(data_preview.PreviewData, None, None, PreviewData("ring", n=300))
    assert found.x.shape == (300, 2)
    with pytest.raises(BadInput, match="no data set 'nowhere'"):
        answers(data_preview.PreviewData, None, None, PreviewData("nowhere"))


# ---- downloads -------------------------------------------------------------------------------------------------


def test_a_download_reports_bytes_and_closing_it_cancels(monkeypatch):
    closed = []

    class Source:
        @classmethod
        def fetch(cls):
            try:
                yield 0, 0
                yield 50, 200
                yield 200, 200
            finally:
                closed.append(True)

    monkeypatch.setattr(data_download, "source", lambda name: Source)
    found = list(ask(data_download.DownloadData, None, None, DownloadData("toy")))
    assert [(a.value.received, a.value.total, a.progress) for a in found] == [
        (0, 0, None),
        (50, 200, 0.25),
        (200, 200, 1),
    ]
    half = ask(data_download.DownloadData, None, None, DownloadData("toy"))
    next(half)
    closed.clear()
    half.close()
    assert closed == [True]


def test_only_what_has_a_download_is_downloaded():
    with pytest.raises(BadInput, match="not one to download"):
        answers(data_download.DownloadData, None, None, DownloadData("ring"))


def test_specs_without_attributes_have_no_counts(monkeypatch):
    spec = DataSpec(Kind.POINTS, (2,))
    none = torch.zeros(150, 0, dtype=torch.int64)
    serve(monkeypatch, dataclasses.replace(toy_data(), spec=spec, train_labels=none, heldout_labels=none[:50]))
    *_, found = answers(data_preview.PreviewData, None, None, PreviewData("toy"))
    assert found.counts == ()
    assert found.labels.shape == (64, 0)
