"""The bound by timestep, on a Gaussian whose network is known exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from gaussian_toys import IMAGES, POINTS, Diffusion, FlowMatching, Score, shaken
from toys import toy_data

from genplay.contract.errors import BadInput
from genplay.contract.requests import BoundByTime, EstimateLikelihood
from genplay.core.dataset import Dataset
from genplay.core.probe import ask
from genplay.probes import bound, likelihood

SPREAD = 0.4


def exactly(model):
    """The model with the network of data N(0, 0.4^2 I): x_0 = alpha 0.4^2 / (alpha^2 0.4^2 + sigma^2) x_t."""

    def estimate(x, t, labels=None):
        alpha, sigma = (v.double().view(-1, *[1] * (x.dim() - 1)) for v in model._at(t))
        total = alpha**2 * SPREAD**2 + sigma**2
        return (alpha * SPREAD**2 / total * x).to(x.dtype), (sigma / total * x).to(x.dtype)

    model.estimate = estimate
    return model


def gaussian_data(n=4000):
    x = SPREAD * torch.randn(n, 2, generator=torch.Generator().manual_seed(1))
    labels = torch.zeros(n, 2, dtype=torch.int64)
    return Dataset("gauss", "Gauss", "", POINTS, x, labels, x, labels)


def bounds(model, data, **facts):
    answers = list(ask(bound.BoundByTime, model, data, BoundByTime(**facts)))
    progress = [a.progress for a in answers]
    assert progress == sorted(progress)
    assert progress[-1] == 1
    return [a.value for a in answers]


MODELS = {
    "cosine": lambda: shaken(),
    "chain": lambda: shaken(timesteps=400, schedule="linear"),
    "flow": lambda: shaken(FlowMatching),
    "ve": lambda: shaken(Score),
    "vp": lambda: shaken(Score, sde="vp"),
}


def in_closed_form(model, data):
    """Prior, terms and reconstruction of the chain for data of variance 0.4^2, bits a dimension."""
    t = bound.times(model.schedule, 1000)
    alpha, sigma = model.schedule.alpha(t), model.schedule.sigma(t)
    variance = float(data.heldout.square().mean())
    left = sigma**2 / (alpha**2 * SPREAD**2 + sigma**2)  # of what is known of x_0: its error is (left x)^2 + ...
    error = left**2 * variance + ((1 - left) / alpha.clamp(min=1e-9)) ** 2 * sigma**2
    error[alpha == 0] = variance
    snr = (alpha / sigma) ** 2
    terms = float(((snr[:-1] - snr[1:]) / 2 * error[1:]).sum())
    spread = float(sigma[0] / alpha[0])
    first = float(error[0]) / (2 * spread**2) + math.log(spread) + 0.5 * math.log(2 * math.pi)
    return [v / math.log(2) for v in (float(snr[-1]) * variance / 2, terms, first)]


@pytest.mark.parametrize("name", list(MODELS))
def test_the_bound_is_the_one_in_closed_form(name):
    model, data = exactly(MODELS[name]()), gaussian_data()
    found = bounds(model, data, n=4000, steps=1000)[-1]
    prior, terms, first = in_closed_form(model, data)
    error = math.sqrt((found.error**2).sum())
    assert error < 0.1
    assert found.total == pytest.approx(found.prior + found.bits.sum() + found.reconstruction)
    assert found.prior == pytest.approx(prior, rel=1e-3, abs=1e-6)
    assert found.bits.sum() == pytest.approx(terms, abs=3 * error)
    assert found.reconstruction == pytest.approx(first, abs=0.1)
    assert (found.bits >= 0).all()


@pytest.mark.parametrize("name", [name for name in MODELS if name != "chain"])
def test_in_continuous_time_the_total_is_just_above_the_true_code_length(name):
    data = gaussian_data()
    exact = float((data.heldout.square().sum(1) / (2 * SPREAD**2)).mean()) + math.log(2 * math.pi * SPREAD**2)
    exact /= 2 * math.log(2)
    found = bounds(exactly(MODELS[name]()), data, n=4000, steps=1000)[-1]
    assert exact - 0.05 < found.total < exact + 0.25


def test_it_is_refined_with_each_piece_and_bins_cover_all_times():
    found = bounds(shaken(Diffusion, IMAGES), toy_data(IMAGES), n=8, bins=20, steps=50)
    assert [f.n for f in found] == sorted({f.n for f in found})
    assert found[-1].n == 8
    np.testing.assert_allclose(found[-1].t, (np.arange(20) + 0.5) / 20)
    assert all(len(f.bits) == len(f.error) == 20 for f in found)


def test_every_step_of_the_chain_is_in_one_bin():
    for schedule, steps in ((shaken().schedule, 37), (shaken(timesteps=11, schedule="linear").schedule, 0)):
        chain = bound.Chain(schedule, steps, 7)
        together = torch.cat(chain.members).sort().values
        assert together.tolist() == list(range(1, len(chain.times)))
        assert chain.times[-1] == 1
        for b, members in enumerate(chain.members):
            middle = chain.times[members]
            assert ((middle > b / 7 - 1e-9) & (middle <= (b + 1) / 7 + 1e-9)).all()


def test_a_chain_of_one_step_has_only_prior_and_reconstruction():
    model = exactly(shaken(timesteps=1, schedule="cosine"))
    found = bounds(model, gaussian_data(50), n=50, bins=4)[-1]
    assert found.bits.tolist() == [0, 0, 0, 0]


def test_draws_within_a_bin_are_stratified():
    places = bound.stratified_places(40, 3, torch.Generator().manual_seed(0))
    for column in places.T:
        assert sorted((column * 40).long().tolist()) == list(range(40))


@pytest.mark.parametrize(
    ("question", "match"),
    [
        (BoundByTime(n=0), "number of examples"),
        (BoundByTime(bins=0), "number of bins"),
        (BoundByTime(steps=1), "number of steps"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(question, match):
    with pytest.raises(BadInput, match=match):
        list(ask(bound.BoundByTime, shaken(), toy_data(), question))


def test_likelihood_along_the_flow_is_that_of_the_gaussian():
    data = gaussian_data(64)
    answers = list(ask(likelihood.EstimateLikelihood, exactly(shaken(FlowMatching)), data, EstimateLikelihood(n=64)))
    exact = -(data.heldout.square().sum(1) / (2 * SPREAD**2)).mean() - math.log(2 * math.pi * SPREAD**2)
    assert answers[-1].value.nats == pytest.approx(float(exact), abs=0.02)
    assert answers[-1].value.kind == "exact"


def test_pictures_go_along_the_flow_in_small_pieces():
    model = shaken(FlowMatching, IMAGES)
    sizes = []
    model.log_density = lambda x, labels, stream: sizes.append(len(x)) or torch.zeros(len(x))
    list(ask(likelihood.EstimateLikelihood, model, toy_data(IMAGES), EstimateLikelihood(n=10)))
    assert sizes == [4, 4, 2]
