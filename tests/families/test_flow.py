"""The flow family: every architecture trains, knows densities that integrate to 1, encodes and decodes exactly."""

from __future__ import annotations

import math
import time

import pytest
import torch

from genplay import data as sources
from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import Dataset
from genplay.core.training import Replica, Trainer, TrainingConfig, new_model
from genplay.families.flow import DENSE, LEVEL, Flow, FlowConfig, FlowSampling, log_normal

POINTS = DataSpec(Kind.POINTS, (2,), (Attribute("side", ("left", "right")),))
PICTURES = DataSpec(Kind.IMAGE, (1, 8, 8), (Attribute("colour", ("dark", "light")),))


def points(n: int = 1024) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(2, (n, 1), generator=generator)
    x = 0.2 * torch.randn(n, 2, generator=generator) + (labels - 0.5)
    return Dataset("pair", "Pair", "", POINTS, x, labels, x[:100], labels[:100])


def pictures(n: int = 256) -> Dataset:
    """Dark or light pictures with some grain."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(2, (n, 1), generator=generator)
    x = (60 + labels * 120).view(n, 1, 1, 1) + 20 * torch.rand(n, 1, 8, 8, generator=generator)
    x = x.to(torch.uint8)
    return Dataset("grain", "Grain", "", PICTURES, x, labels, x[:50], labels[:50])


def make(spec: DataSpec = POINTS, **values: object) -> Flow:
    model = new_model(Flow, knob.build(FlowConfig, {"layers": 4, "width": 16, "steps": 2, **values}), spec)
    assert isinstance(model, Flow)
    return model


def trained(data: Dataset, steps: int, **values: object) -> tuple[Flow, list[float]]:
    trainer = Trainer(make(data.spec, **values), data, TrainingConfig(batch_size=64, warmup=10, clip=1.0))
    curve = [trainer.advance().terms["nll"] for _ in range(steps)]
    model = make(data.spec, **values)
    Replica(model).load(trainer.snapshot())
    return model, curve


def mass(model: Flow, side: int = 401, reach: float = 4.0, labels: torch.Tensor | None = None) -> float:
    """The integral of the density over [-reach, reach]^2 by the midpoint rule."""
    axis = (torch.arange(side) + 0.5) * (2 * reach / side) - reach
    x = torch.cartesian_prod(axis, axis)
    given = None if labels is None else labels.expand(len(x), -1)
    return float(model.log_density(x, given).double().exp().sum()) * (2 * reach / side) ** 2


@pytest.mark.parametrize("architecture", DENSE)
@pytest.mark.parametrize("conditional", [False, True])
def test_densities_of_points_integrate_to_one(architecture: str, conditional: bool) -> None:
    model, curve = trained(points(), 60, architecture=architecture, conditional=conditional)
    assert sum(curve[-10:]) < sum(curve[:10])
    assert mass(model, labels=torch.zeros(1, 1, dtype=torch.int64) if conditional else None) == pytest.approx(
        1, abs=0.01
    )


@pytest.mark.parametrize(
    ("spec", "architecture"), [(POINTS, a) for a in DENSE] + [(PICTURES, "glow"), (PICTURES, "maf")]
)
def test_codes_and_data_are_two_names_of_one_thing(spec: DataSpec, architecture: str) -> None:
    data = points() if spec is POINTS else pictures()
    model, _ = trained(data, 30, architecture=architecture, conditional=True)
    labels = torch.tensor([[0], [1], [2], [0]])
    z = torch.randn(4, model.latent_size, generator=torch.Generator().manual_seed(0))
    x = model.decode(z, labels)
    assert x.shape == (4, *spec.shape)
    torch.testing.assert_close(model.encode(x, labels).mu, z, atol=1e-3, rtol=1e-3)
    assert model.encode(x, labels).logvar is None


def test_a_frame_a_layer_whose_log_determinant_gives_the_density() -> None:
    model, _ = trained(points(), 30)
    *_, before, last = frames = list(model.sample_steps(5, FlowSampling(), torch.Generator().manual_seed(0)))
    assert [f.t for f in frames] == pytest.approx([1 - i / 5 for i in range(6)])  # actnorm and four couplings
    assert (frames[0].x == frames[0].extras["z"]).all() and (frames[0].extras["ladj"] == 0).all()
    density = log_normal(last.extras["z"]) - last.extras["ladj"]
    torch.testing.assert_close(model.log_density(last.x), density, atol=1e-3, rtol=1e-3)
    assert last.facts["round-trip error"] < 1e-3 and not before.facts
    assert torch.equal(model.sample(5, generator=torch.Generator().manual_seed(0)), last.x)
    states = list(model.layers(last.extras["z"]))
    assert all(torch.equal(x, f.x) and torch.equal(ladj, f.extras["ladj"]) for (x, ladj), f in zip(states, frames))


def test_temperature_scales_the_codes() -> None:
    model = make().eval()
    wide, cool = (
        next(model.sample_steps(9, FlowSampling(temperature=t), torch.Generator().manual_seed(0))).extras["z"]
        for t in (1.0, 0.5)
    )
    torch.testing.assert_close(cool, 0.5 * wide)


def test_pictures_are_dequantised_over_one_level() -> None:
    """A flow that does nothing gives each pixel of grey the density of N(0, 1) about it, whatever the noise."""
    model = make(PICTURES).eval()
    x = torch.zeros(4, 1, 8, 8)
    first, again = (model.log_density(x, None, torch.Generator().manual_seed(s)) for s in (0, 1))
    assert not torch.equal(first, again)
    lowest = -32 * math.log(2 * math.pi) - 32 * (LEVEL / 2) ** 2
    for nats in (first, again):
        assert ((nats >= lowest - 1e-3) & (nats < -32 * math.log(2 * math.pi) + 1e-3)).all()


def test_bits_per_dimension_of_pictures_fall_and_the_condition_is_seen() -> None:
    model, curve = trained(pictures(), 150, conditional=True)
    assert sum(curve[-10:]) < sum(curve[:10]) - 100
    dark, light = (
        model.sample(40, generator=torch.Generator().manual_seed(0), labels=torch.full((40, 1), v)).mean()
        for v in (0, 1)
    )
    assert light - dark > 0.4


def test_noise_of_the_training_is_taken_away_from_samples() -> None:
    model, _ = trained(pictures(), 150, noise=0.2)
    *_, noisy, last = model.sample_steps(64, FlowSampling(), torch.Generator().manual_seed(0))

    def grain(x: torch.Tensor) -> float:
        return float((x - x.mean((2, 3), keepdim=True)).std())

    assert grain(last.x) < grain(noisy.x)
    assert last.t == 0 < noisy.t and not last.x.requires_grad
    assert torch.equal(model.sample(64, generator=torch.Generator().manual_seed(0)), last.x)


def test_what_glow_cannot_take_is_refused() -> None:
    with pytest.raises(BadInput, match="for pictures"):
        make(POINTS, architecture="glow")
    with pytest.raises(BadInput, match="sides are even"):
        make(DataSpec(Kind.IMAGE, (1, 7, 8)), architecture="glow")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ring", "moons", "checkerboard"])
def test_a_minute_on_one_core_brings_splines_near_the_truth(name: str) -> None:
    """Within 0.1 nats of the entropy after 60 seconds of processor time, by the preset for points."""
    data, (preset,) = sources.load(name), (p for p in Flow.presets if p.name == "points")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        config = knob.build(FlowConfig, preset.config)
        trainer = Trainer(new_model(Flow, config, data.spec), data, knob.build(TrainingConfig, preset.training))
        begun = time.process_time()
        trainer.progress = lambda: min(1.0, (time.process_time() - begun) / 60)
        while time.process_time() - begun < 60:
            trainer.advance()
    finally:
        torch.set_num_threads(threads)
    model = new_model(Flow, config, data.spec)
    Replica(model).load(trainer.snapshot())
    assert isinstance(model, Flow) and data.log_density is not None
    gap = data.log_density(data.heldout).mean() - model.log_density(data.heldout).double().mean()
    assert -0.03 < float(gap) < 0.1
    assert mass(model) == pytest.approx(1, abs=0.01)
