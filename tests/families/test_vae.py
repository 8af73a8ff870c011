"""The VAE family: every likelihood and network trains, decodes and samples; conditions, knobs and notices."""

from __future__ import annotations

import pytest
import torch

from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import Batch, Dataset
from genplay.core.training import Trainer, TrainingConfig, new_model
from genplay.families.vae import VAE, VAEConfig, VAESampling, active_units, warmup

COLOURS = Attribute("colour", ("dark", "light"))
PICTURES = DataSpec(Kind.IMAGE, (1, 8, 8), (COLOURS,))
POINTS = DataSpec(Kind.POINTS, (2,), (Attribute("side", ("left", "right")),))


def pictures(n: int = 256) -> Dataset:
    """Flat pictures, dark or light, with a bright bar at a random height."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(2, (n, 1), generator=generator)
    x = (labels * 120).view(n, 1, 1, 1).expand(n, 1, 8, 8).to(torch.uint8).clone()
    x[torch.arange(n), 0, torch.randint(8, (n,), generator=generator)] = 255
    return Dataset("bars", "Bars", "", PICTURES, x, labels, x[:50], labels[:50])


def points(n: int = 512) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(2, (n, 1), generator=generator)
    x = 0.05 * torch.randn(n, 2, generator=generator) + (labels - 0.5)
    return Dataset("pair", "Pair", "", POINTS, x, labels, x[:50], labels[:50])


def make(spec: DataSpec = PICTURES, **values: object) -> VAE:
    model = new_model(VAE, knob.build(VAEConfig, {"latent_size": 4, "width": 8, **values}), spec)
    assert isinstance(model, VAE)
    return model


def trained(data: Dataset, steps: int, **values: object) -> tuple[VAE, dict[str, float]]:
    model = make(data.spec, **values)
    trainer = Trainer(model, data, TrainingConfig(batch_size=64, warmup=10))
    for _ in range(steps):
        terms = trainer.advance().terms
    return model.eval().requires_grad_(False), terms


@pytest.mark.parametrize("likelihood", ["gaussian", "learned gaussian", "bernoulli"])
@pytest.mark.parametrize(("network", "posterior"), [("mlp", "flow"), ("conv", "normal")])
def test_elbo_rises_on_pictures(likelihood: str, network: str, posterior: str) -> None:
    data = pictures()
    _, before = trained(data, 1, likelihood=likelihood, network=network, posterior=posterior)
    _, after = trained(data, 80, likelihood=likelihood, network=network, posterior=posterior)
    assert after["elbo"] > before["elbo"]
    assert after["elbo"] == pytest.approx(-after["reconstruction"] - after["kl"], rel=1e-4)


@pytest.mark.parametrize("posterior", ["normal", "flow"])
def test_points_are_reconstructed_and_sampled(posterior: str) -> None:
    data = points()
    model, terms = trained(data, 400, posterior=posterior, latent_size=2, sigma=0.05, kl_warmup="none")
    mean_error = (model.decode(model.encode(data.heldout).mu) - data.heldout).norm(dim=1).mean()
    assert mean_error < 0.1 and terms["active units"] >= 1
    samples = model.sample(400, generator=torch.Generator().manual_seed(1))
    assert (samples[:, 0] > 0).double().mean() == pytest.approx(0.5, abs=0.2)


def test_a_condition_decides_the_sample_and_any_leaves_it_open() -> None:
    model, _ = trained(pictures(), 300, conditional=True, sigma=0.1)
    means = []
    for value in (0, 1):
        labels = torch.full((64, 1), value)
        means.append(model.sample(64, generator=torch.Generator().manual_seed(0), labels=labels).mean(dim=(1, 2, 3)))
    assert (means[0] < means[1]).all()
    free = model.sample(200, generator=torch.Generator().manual_seed(0)).mean(dim=(1, 2, 3))
    middle = (means[0].mean() + means[1].mean()) / 2
    assert 20 < int((free > middle).sum()) < 180


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16), (1, 28, 28), (3, 32, 32), (3, 64, 64), (1, 5, 7)])
def test_conv_networks_fit_every_size(shape: tuple[int, ...]) -> None:
    model = make(DataSpec(Kind.IMAGE, shape), width=4)
    x = torch.zeros(2, *shape)
    assert model.decode(model.encode(x).mu).shape == x.shape


def test_samples_come_with_their_codes() -> None:
    model = make().eval()
    (frame,) = model.sample_steps(5, VAESampling(temperature=0.5), torch.Generator().manual_seed(0))
    assert torch.equal(model.decode(frame.extras["z"]), frame.x)
    wide = next(model.sample_steps(5, VAESampling(), torch.Generator().manual_seed(0)))
    torch.testing.assert_close(frame.extras["z"], 0.5 * wide.extras["z"])


def test_points_are_drawn_with_the_noise_of_the_likelihood() -> None:
    model = make(POINTS, sigma=0.3).eval().requires_grad_(False)
    bare, noisy = (
        model.sample(2000, VAESampling(noise=noise), torch.Generator().manual_seed(0)) for noise in (False, True)
    )
    assert (noisy - bare).std() == pytest.approx(0.3, rel=0.05)


def test_bernoulli_decodes_into_the_range_of_pixels() -> None:
    x = make(likelihood="bernoulli").decode(100 * torch.randn(20, 4))
    assert x.min() >= -1 and x.max() <= 1


@pytest.mark.parametrize("posterior", ["normal", "flow"])
def test_free_bits_put_a_floor_under_the_kl_of_the_loss_alone(posterior: str) -> None:
    batch = Batch(torch.zeros(8, 1, 8, 8), torch.zeros(8, 1, dtype=torch.int64))

    def losses(**values: object) -> tuple[float, float]:
        model = make(kl_warmup="none", posterior=posterior, **values)
        objective = next(model.objectives(batch, torch.Generator().manual_seed(0)))
        return objective.loss.item(), torch.as_tensor(objective.terms["elbo"]).item()

    (plain, elbo), (floored, same_elbo) = losses(), losses(free_bits=2.0)
    assert elbo == same_elbo and plain == pytest.approx(-elbo, rel=1e-5)
    assert floored > plain + 4  # four dimensions, each lifted to 2 nats


def test_beta_is_live_and_weights_the_kl() -> None:
    batch = Batch(torch.zeros(8, 1, 8, 8), torch.zeros(8, 1, dtype=torch.int64))
    model = make(kl_warmup="none")
    model.set_live({"beta": 3.0})
    objective = next(model.objectives(batch, torch.Generator().manual_seed(0)))
    expected = objective.terms["reconstruction"] + 3 * objective.terms["kl"]
    torch.testing.assert_close(objective.loss, expected)


def test_warmups_rise_to_one() -> None:
    assert [warmup("linear", 4, s) for s in (0, 2, 4, 9)] == [0, 0.5, 1, 1]
    assert [warmup("cyclical", 8, s) for s in (0, 2, 4, 7, 8, 10)] == [0, 0.5, 1, 1, 0, 0.5]
    assert warmup("none", 100, 0) == 1


def test_active_units_counts_dimensions_that_move() -> None:
    mu = torch.tensor([[1.0, 0.05, 3.0], [-1.0, -0.05, 3.0]])
    assert active_units(mu) == 1


@pytest.mark.parametrize("posterior", ["normal", "flow"])
def test_collapse_is_seen_and_explained(posterior: str) -> None:
    data = pictures()
    model, terms = trained(data, 320, posterior=posterior, beta=20.0, sigma=2.0, kl_warmup="none")
    (notice,) = model.notices(terms, {}, 320)
    assert terms["active units"] == 0 and {"beta", "free_bits", "kl_warmup"} <= set(notice.knobs)
    assert model.notices(terms, {}, 10) == ()
    assert model.notices({"active units": 4.0}, {}, 320) == ()


@pytest.mark.parametrize("values", [{"likelihood": "bernoulli"}, {"network": "conv"}])
def test_what_points_cannot_have_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="points need"):
        make(POINTS, **values)


def test_bf16_trains_to_about_the_same_elbo() -> None:
    data, elbos = pictures(), []
    for precision in ("fp32", "bf16"):
        trainer = Trainer(make(), data, TrainingConfig(precision=precision, warmup=10))
        elbos.append([trainer.advance().terms["elbo"] for _ in range(40)][-1])
    assert elbos[1] == pytest.approx(elbos[0], rel=0.1)


def test_presets_are_valid() -> None:
    for preset in VAE.presets:
        knob.build(VAEConfig, preset.config)
        knob.build(TrainingConfig, preset.training)
