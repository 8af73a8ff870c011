"""Energy-based models: what each objective learns, what chains keep, and the densities that a minute gives."""

from __future__ import annotations

import itertools
import time

import pytest
import torch
from torch import Generator, Tensor
from toys import IMAGES, POINTS, toy_data

from genplay import data
from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.core.dataset import Batch, Dataset
from genplay.core.model import Frame, Model, Start
from genplay.core.training import Replica, Trainer, TrainingConfig, new_model
from genplay.families.energy import BOWL, SPREAD, EnergyModel, EnergySampling
from genplay.metrics.modes import measure, yardstick
from genplay.probes.density import middles

SMALL = {"width": 8, "depth": 1, "buffer": 32, "chain_steps": 3}
PICTURES = {"objective": "denoising", "width": 8, "depth": 1}


def seeded(seed: int = 1) -> Generator:
    return Generator().manual_seed(seed)


def model_of(spec=POINTS, seed: int = 0, **config) -> EnergyModel:
    model = new_model(EnergyModel, knob.build(EnergyModel.Config, {**SMALL, **config}), spec, seed)
    assert isinstance(model, EnergyModel)
    return model


def batch_of(spec=POINTS, n: int = 16) -> Batch:
    toy = toy_data(spec)
    x = toy.train[:n].float() / 127.5 - 1 if toy.train.dtype == torch.uint8 else toy.train[:n]
    return Batch(x, toy.train_labels[:n], 0)


def silent(model: EnergyModel) -> EnergyModel:
    """The model with a network that says 0 everywhere."""
    model.net.forward = lambda x, t, labels: x.flatten(1).sum(1) * 0  # type: ignore[method-assign]
    return model


def terms(model: EnergyModel, batch: Batch, seed: int = 1) -> dict[str, float]:
    (objective,) = model.objectives(batch, seeded(seed))
    return {name: float(value) for name, value in objective.terms.items()} | {"loss": objective.loss.item()}


def frames(model: EnergyModel, n: int, start: Start | None = None, labels=None, **config) -> list[Frame]:
    settings = knob.build(EnergySampling, {"steps": 6, **config})
    with torch.no_grad():
        return list(model.sample_steps(n, settings, seeded(), labels, start))


# ---- the energy -----------------------------------------------------------------------------------------------------


def test_without_a_network_the_energy_is_a_bowl() -> None:
    x = torch.randn(5, 2, generator=seeded())
    assert torch.allclose(silent(model_of()).energy(x), x.square().sum(1) / (2 * BOWL**2))
    noisy = silent(model_of(objective="denoising", sigma_min=0.1, sigma_max=10.0))
    assert torch.allclose(noisy.energy_at(x, 0.5), x.square().sum(1) / (2 * (1 + SPREAD**2)))


@pytest.mark.parametrize("objective", ["persistent", "denoising"])
def test_the_score_is_the_slope_of_the_density(objective: str) -> None:
    model, x = model_of(objective=objective).double(), torch.randn(4, 2, generator=seeded(), dtype=torch.float64)
    step = 1e-5
    for i in range(2):
        aside = torch.zeros(2, dtype=torch.float64)
        aside[i] = step
        rise = (model.log_density(x + aside) - model.log_density(x - aside)) / (2 * step)
        assert torch.allclose(model.score(x)[:, i], rise, atol=1e-2 if objective == "denoising" else 1e-3)


def test_spectral_norm_bounds_the_slope() -> None:
    free, held = model_of(width=16, depth=3), model_of(width=16, depth=3, spectral_norm=True)
    for model in (free, held):
        with torch.no_grad():
            for p in model.parameters():
                p.mul_(8.0)
        model.train()
        for _ in range(30):
            model.energy(torch.zeros(1, 2))
        model.eval()
    x = torch.randn(200, 2, generator=seeded())
    steepest = [float((m.score(x) + x / BOWL**2).norm(dim=1).max()) for m in (free, held)]
    assert steepest[1] < 13 * 1.1 < steepest[0]  # coordinates come in with sines: |J| <= sqrt(1 + 1 + 4 + 16 + 64)


# ---- objectives -----------------------------------------------------------------------------------------------------


def test_persistent_chains_are_what_data_is_held_against() -> None:
    model, batch = model_of(scale=3.0).train(), batch_of()
    before = model.chains.clone()
    told = terms(model, batch)
    assert told["loss"] == pytest.approx(told["energy gap"] / 3.0, rel=1e-4, abs=1e-6)
    assert told["energy of data"] == pytest.approx(model.energy(batch.x).mean().item(), rel=1e-5)
    moved = (model.chains != before).any(1)
    assert int(moved.sum()) == len(batch.x), "as many chains walk as there is data, and are kept"
    assert told["energy of chains"] == pytest.approx(model.energy(model.chains[moved]).mean().item(), rel=1e-5)


def test_short_chains_begin_at_the_data() -> None:
    model = model_of(objective="contrastive divergence", step_size=1e-4, adapt=False).train()
    assert abs(terms(model, batch_of())["energy gap"]) < 1e-3
    far = model_of(objective="contrastive divergence", step_size=0.5, adapt=False, method="langevin").train()
    assert abs(terms(far, batch_of())["energy gap"]) > 1e-3
    assert not hasattr(model, "chains")


def test_the_penalty_is_of_both_squares() -> None:
    plain, fined = (terms(model_of(regularisation=r, scale=2.0).train(), batch_of()) for r in (0.0, 0.5))
    model = model_of(scale=2.0).train()
    batch = batch_of()
    terms(model, batch)
    assert fined["loss"] > plain["loss"]
    squares = (fined["loss"] - plain["loss"]) / 0.5
    least = (plain["energy of data"] ** 2 + plain["energy of chains"] ** 2) / 4
    assert squares >= least * 0.999, "a mean of squares is at least the square of the mean"


def test_all_chains_can_be_born_again() -> None:
    model = model_of(rebirth=1.0, jumps=0, step_size=1e-4, adapt=False).train()
    model.chains.fill_(1.4)
    terms(model, batch_of(n=32))
    assert float(model.chains.std()) > 0.5
    still = model_of(rebirth=0.0, jumps=0, step_size=1e-4, adapt=False).train()
    still.chains.fill_(1.4)
    terms(still, batch_of(n=32))
    assert float((still.chains - 1.4).abs().max()) < 0.01


def test_jumps_find_the_other_mode_and_keep_the_density() -> None:
    """Two wells of shares 0.2 and 0.8, too far apart for any step: chains begin in the small one, and one far out."""
    model = model_of(jumps=50)
    centres, shares = torch.tensor([[-0.8, 0.0], [0.8, 0.0]]), torch.tensor([0.2, 0.8])

    def energy(x: Tensor, labels: Tensor | None = None) -> Tensor:
        return -(shares.log() - (x[:, None] - centres).square().sum(2) / 0.08).logsumexp(1)

    model.energy = energy  # type: ignore[method-assign]
    x, generator = torch.zeros(3000, 2) + centres[0], seeded()
    x[0] = 5.0
    for _ in range(4):
        x, took = model._jumped(x, None, generator)
    assert float((x[:, 0] > 0).float().mean()) == pytest.approx(0.8, abs=0.03)
    assert 0 < float(took) < 0.2
    spread = (x - centres[(x[:, 0] > 0).long()]).var(0)
    assert torch.allclose(spread, torch.tensor([0.04, 0.04]), atol=0.006)


def test_the_step_length_follows_the_acceptance() -> None:
    model = model_of(step_size=5.0).train()
    before = float(model.h)
    told = terms(model, batch_of())
    assert told["acceptance"] < 0.5
    assert float(model.h) < before
    fixed = model_of(step_size=5.0, adapt=False).train()
    terms(fixed, batch_of())
    assert float(fixed.h) == 5.0


@pytest.mark.parametrize("noises", ["one", "many"])
def test_denoising_has_its_least_loss_at_the_true_energy(noises: str) -> None:
    """Data N(0, SPREAD^2): the network has nothing to add, the weighted loss is 1 at every level and its slope 0."""
    model = model_of(objective="denoising", noises=noises, sigma_min=0.1, width=16).train()
    with torch.no_grad():
        model.net.leave.weight.zero_()
    batch = Batch(SPREAD * torch.randn(40_000, 2, generator=seeded(3)), torch.zeros(40_000, 2, dtype=torch.int64), 0)
    (objective,) = model.objectives(batch, seeded())
    objective.loss.backward()
    assert objective.loss.item() == pytest.approx(1.0, abs=0.03)
    at_best = float(model.net.leave.weight.grad.norm())
    with torch.no_grad():
        model.net.leave.weight.add_(0.3)
    model.zero_grad()
    (objective,) = model.objectives(batch, seeded())
    objective.loss.backward()
    assert float(model.net.leave.weight.grad.norm()) > 10 * at_best


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(BadInput, match="for pictures"):
        model_of(network="conv")
    with pytest.raises(BadInput, match="U-Net"):
        model_of(IMAGES, network="conv", objective="denoising")
    with pytest.raises(BadInput, match="below the largest"):
        model_of(objective="denoising", sigma_min=1.0, sigma_max=0.5)
    with pytest.raises(BadInput, match="keeps no chains"):
        model_of(objective="denoising").negatives(3)


def test_a_run_whose_chains_part_from_the_data_is_told() -> None:
    model = model_of(scale=2.0)
    assert not model.notices({"energy gap": -1500.0}, {}, 1000)
    (notice,) = model.notices({"energy gap": -2500.0}, {}, 1000)
    assert notice.level == "warn"
    assert set(notice.knobs) <= {k.name for c in (EnergyModel.Config, TrainingConfig) for k in knob.knobs(c)}
    assert not model.notices({"energy gap": -2500.0}, {}, 10)


# ---- labels ---------------------------------------------------------------------------------------------------------


def test_reborn_chains_take_labels_of_the_data() -> None:
    model, batch = model_of(conditional=True, rebirth=1.0).train(), batch_of(n=32)
    model.chain_labels.fill_(0)
    terms(model, Batch(batch.x, torch.ones_like(batch.labels), 0))
    drawn = {tuple(row) for row in model.chain_labels.tolist()}
    assert drawn <= {(a, b) for a in (1, 2) for b in (1, 3)}, "those of the data, or any"
    assert (1, 1) in drawn


def test_sampling_goes_on_from_chains_of_the_wanted_labels() -> None:
    model = model_of(conditional=True)
    model.chain_labels[:] = torch.tensor([0, 0])
    model.chain_labels[:4] = torch.tensor([1, 2])
    model.chains[:4] = 1.25
    first = frames(model, 6, labels=torch.tensor([[1, 2]]).expand(6, -1))[0]
    assert torch.equal(first.x, torch.full((6, 2), 1.25))


# ---- sampling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["langevin", "mala"])
@pytest.mark.parametrize(("spec", "config"), [(POINTS, {}), (POINTS, {"objective": "denoising"}), (IMAGES, PICTURES)])
def test_the_first_samples_do_not_depend_on_how_many_there_are(spec, config, method: str) -> None:
    model = model_of(spec, **config)
    few, many = (frames(model, n, Start(rows=8), method=method)[-1].x for n in (3, 8))
    assert torch.allclose(few, many[:3])


def test_chains_are_told_as_they_walk() -> None:
    model = model_of()
    config = knob.build(EnergySampling, {"steps": 5, "method": "mala", "step_size": 3.0})
    x = torch.randn(40, 2, generator=seeded())
    walked = list(model.chain_steps(x, config, seeded()))
    assert [f.t for f in walked] == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2, 0.0])
    assert torch.equal(walked[0].x, x)
    for before, after in itertools.pairwise(walked):
        assert torch.equal(after.extras["accepted"], (after.x != before.x).any(1))
        assert torch.allclose(after.extras["energy"], model.energy(after.x))
        assert after.facts["step size"] == pytest.approx(3 * float(model.h))


def test_a_chain_can_find_its_own_step_length() -> None:
    config = knob.build(EnergySampling, {"steps": 30, "method": "mala", "adapt": True, "warmup": 20, "step_size": 20.0})
    lengths = [f.facts["step size"] for f in model_of().chain_steps(torch.zeros(20, 2), config, seeded())]
    assert len(set(lengths[1:21])) > 10
    assert len(set(lengths[21:])) == 1


@pytest.mark.parametrize("config", [PICTURES, {"objective": "persistent"}])
@pytest.mark.parametrize("method", ["langevin", "mala"])
def test_what_is_kept_of_a_picture_stays(config, method: str) -> None:
    model, x = model_of(IMAGES, **config), batch_of(IMAGES).x[:1]
    mask = torch.zeros(IMAGES.shape, dtype=torch.bool)
    mask[:, 4:12, 4:12] = True
    last = frames(model, 3, Start(x=x, clean=True, mask=mask), method=method)[-1].x
    assert torch.equal(last[:, ~mask], x.expand(3, -1, -1, -1)[:, ~mask])
    assert float((last - x)[:, mask].abs().mean()) > 0.01
    settings = knob.build(EnergySampling, {"steps": 4, "method": method, "climb": 0.5})
    with torch.no_grad():
        states = [f.x for f in model.chain_steps(x, settings, seeded(), None, mask)]
    assert torch.equal(states[-1][:, ~mask], x[:, ~mask])


def test_chains_and_their_step_length_are_part_of_the_state() -> None:
    names = {n for n, _ in model_of(conditional=True).named_buffers()}
    assert {"chains", "chain_labels", "h"} <= names


# ---- what a minute gives --------------------------------------------------------------------------------------------


def variation(model: Model, dataset: Dataset, side: int = 200, extent: float = 1.5) -> float:
    """Half the integral of |p - q| over a square that holds the data, both normalised there."""
    grid = middles(side, extent).flatten(0, 1)
    assert dataset.log_density is not None
    with torch.no_grad():
        ours = model.log_density(grid.float()).double()  # type: ignore[operator]
    p, q = (v.softmax(0) for v in (ours, dataset.log_density(grid)))
    return float((p - q).abs().sum()) / 2


def trained(name: str, seconds: float) -> tuple[EnergyModel, Dataset]:
    preset = next(p for p in EnergyModel.presets if p.name == "points")
    dataset = data.load(name)
    config = knob.build(EnergyModel.Config, preset.config)
    trainer = Trainer(
        new_model(EnergyModel, config, dataset.spec), dataset, knob.build(TrainingConfig, preset.training)
    )
    begin = time.process_time()
    trainer.progress = lambda: min(1.0, (time.process_time() - begin) / seconds)
    while time.process_time() - begin < seconds:
        trainer.advance()
    replica = Replica(new_model(EnergyModel, config, dataset.spec))
    replica.load(trainer.snapshot())
    assert isinstance(replica.model, EnergyModel)
    return replica.model, dataset


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ring", "moons"])
def test_a_minute_gives_the_density(name: str) -> None:
    model, dataset = trained(name, 60)
    assert variation(model, dataset) < 0.15
    if name == "ring":
        found = measure(model.sample(2000, generator=seeded()), yardstick(dataset, 2000, 500))
        assert found.covered.all()
        assert found.high_quality > 0.9
