"""Laws of vector quantisation: nearest vectors, running means, the straight-through gradient, and what sums to 1."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from genplay.contract import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core.training import new_model
from genplay.families.vq_prior import VQPrior
from genplay.families.vqvae import LEVEL, VQVAE, fitting_halvings, log_logistic
from genplay.nn.codebook import Codebook, perplexity, straight_through

TINY = DataSpec(Kind.IMAGE, (1, 4, 4))
STAGE = {"codes": 3, "code_size": 2, "halvings": 1, "width": 8, "blocks": 1}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def book(size=7, width=3, seed=1):
    made = Codebook(size, width)
    made.vectors.copy_(torch.randn(size, width, generator=generator(seed)))
    made.counts.fill_(10.0)
    made.sums.copy_(10 * made.vectors)
    return made


def test_codes_are_the_nearest_vectors():
    made, z = book(), torch.randn(5, 4, 4, 3, generator=generator())
    distances = (z[..., None, :] - made.vectors).square().sum(-1)
    assert torch.equal(made.nearest(z), distances.argmin(-1))
    assert torch.equal(made.nearest(made.vectors), torch.arange(7))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(made.nearest(z), distances.argmin(-1))


def test_vectors_are_running_means_of_what_chose_them():
    made, z = book(), torch.randn(60, 3, generator=generator())
    codes = made.nearest(z)
    counts, sums = made.counts.clone(), made.sums.clone()
    made.update(z, codes, 0.9, 0.0, generator())
    for k in range(7):
        own = z[codes == k]
        torch.testing.assert_close(made.counts[k], 0.9 * counts[k] + 0.1 * len(own))
        torch.testing.assert_close(made.sums[k], 0.9 * sums[k] + 0.1 * own.sum(0))
    torch.testing.assert_close(made.vectors, made.sums / made.counts[:, None])


def test_without_memory_an_update_is_a_step_of_k_means():
    made, z = book(), torch.randn(200, 3, generator=generator())
    codes = made.nearest(z)
    made.update(z, codes, 0.0, 0.0, generator())
    for k in codes.unique().tolist():
        torch.testing.assert_close(made.vectors[k], z[codes == k].mean(0))


def test_a_fresh_book_is_filled_from_the_data():
    made, z = Codebook(8, 3), torch.randn(50, 3, generator=generator())
    made.update(z, made.nearest(z), 0.99, 0.02, generator())
    torch.testing.assert_close(made.vectors, z[torch.arange(8) * 50 // 8])


def test_a_dead_vector_starts_anew_and_a_living_one_stays():
    made, z = book(), torch.randn(70, 3, generator=generator())
    made.counts[2] = 1e-3
    made.sums[2] = 1e-3 * made.vectors[2]
    made.update(z, torch.full((70,), 4), 0.999, 0.1, generator())
    assert (z == made.vectors[2]).all(1).any()
    assert made.counts[2] == 10  # an equal share of 70 assignments
    torch.testing.assert_close(made.vectors[0], book().vectors[0])


def test_without_revival_what_is_never_used_never_changes():
    made, z = book(), torch.randn(70, 3, generator=generator())
    for _ in range(300):
        made.update(z, torch.full((70,), 4), 0.5, 0.0, generator())
    torch.testing.assert_close(made.vectors[0], book().vectors[0])
    torch.testing.assert_close(made.vectors[4], z.mean(0))
    assert made.vectors.isfinite().all()


def test_the_gradient_goes_straight_through():
    z = torch.randn(4, 3, generator=generator(), requires_grad=True)
    q = torch.randn(4, 3, generator=generator(2), requires_grad=True)
    out = straight_through(z, q)
    torch.testing.assert_close(out, q)
    slope = torch.randn(4, 3, generator=generator(3))
    (out * slope).sum().backward()
    torch.testing.assert_close(z.grad, slope)
    assert q.grad is None


@pytest.mark.parametrize("used", [1, 3, 7])
def test_perplexity_counts_equally_used_codes(used):
    share = torch.cat([torch.full((used,), 1 / used), torch.zeros(5)])
    assert perplexity(share).item() == pytest.approx(used, rel=1e-5)


@pytest.mark.parametrize("scale", [0.003, 0.05, 1.0])
def test_the_probabilities_of_all_levels_sum_to_one(scale):
    levels = (torch.arange(256, dtype=torch.float64) * LEVEL - 1)[:, None]
    mean = torch.tensor([-1.2, -0.3, 0.0031, 0.999], dtype=torch.float64)
    log_scale = torch.tensor(math.log(scale), dtype=torch.float64)
    told = log_logistic(levels, mean, log_scale)
    torch.testing.assert_close(told.exp().sum(0), torch.ones(4, dtype=torch.float64))
    edges = torch.cat([levels - LEVEL / 2, levels[-1:] + LEVEL / 2])
    edges[0], edges[-1] = -math.inf, math.inf
    plain = ((edges - mean) / scale).sigmoid().diff(dim=0)
    torch.testing.assert_close(told.exp(), plain, atol=1e-12, rtol=1e-6)


def models():
    plain = new_model(VQVAE, knob.build(VQVAE.Config, STAGE), TINY, 0).eval()
    plain.places.copy_(torch.rand(plain.places.shape, generator=generator()))
    prior = new_model(VQPrior, knob.build(VQPrior.Config, {"width": 16, "depth": 2}), TINY, 0).eval()
    prior.transformer.leave.weight.data.normal_(generator=generator())
    return plain, prior


@pytest.mark.parametrize("which", [0, 1], ids=["vqvae", "prior"])
def test_the_probabilities_of_all_maps_of_codes_sum_to_one(which):
    model = models()[which]
    size, places = len(model.codebook.vectors), math.prod(model.grid)
    every = torch.tensor(list(itertools.product(range(size), repeat=places))).view(-1, *model.grid)
    with torch.no_grad():
        assert model.log_codes(every).double().exp().sum().item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("which", [0, 1], ids=["vqvae", "prior"])
def test_the_bound_is_that_of_the_codes_the_encoder_chose(which):
    model = models()[which]
    x = torch.rand(3, 1, 4, 4, generator=generator()).mul(255).round().mul(LEVEL).sub(1)
    with torch.no_grad():
        codes = model.codes(x)
        out = model.decode_codes(codes)
        scale = (model if which == 0 else model.vqvae).log_scale
        fit = log_logistic(x, out, scale).flatten(1).sum(1) - 16 * math.log(LEVEL)
        torch.testing.assert_close(model.log_density(x), model.log_codes(codes) + fit)


def test_pictures_are_halved_as_far_as_they_can_be():
    assert [fitting_halvings(n, 16, 16) for n in range(6)] == [0, 1, 2, 3, 4, 4]
    assert fitting_halvings(4, 28, 28) == 2
    assert fitting_halvings(2, 15, 16) == 0
