"""The GAN family: who is trained when, what its knobs do to the networks, codes of every kind, and finding them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from toys import COLOUR, IMAGES, POINTS, toy_data

from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec
from genplay.core.training import Trainer, TrainingConfig, new_model
from genplay.families.gan import GAN, GANConfig, GANSampling
from genplay.nn.adversarial import growth, signed

SMALL: dict[str, Any] = {"latent_size": 3, "width": 4, "depth": 2}
STYLE = {**SMALL, "network": "style"}


def gan(spec: DataSpec = POINTS, seed: int = 0, **config: Any) -> Any:
    return new_model(GAN, knob.build(GANConfig, {**SMALL, **config}), spec, seed)


def trainer(spec: DataSpec = POINTS, seed: int = 0, **config: Any) -> Trainer:
    training = knob.build(TrainingConfig, {"batch_size": 16, "warmup": 0, "ema": 0.0, "learning_rate": 1e-2})
    return Trainer(gan(spec, seed, **config), toy_data(spec), training, seed)


def seeded(number: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(number)


def weights(game: Trainer, group: str) -> Tensor:
    return game.players[group].flat.values.clone()


# ---- who is trained -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("players", "still"), [("discriminator", "generator"), ("generator", "discriminator")])
def test_one_player_trains_while_the_other_waits(players: str, still: str) -> None:
    game = trainer(players=players)
    before = {group: weights(game, group) for group in game.players}
    for _ in range(3):
        game.advance()
    assert torch.equal(weights(game, still), before[still])
    assert not torch.equal(weights(game, players), before[players])


def test_the_discriminator_steps_as_often_as_it_is_told_with_data_of_its_own() -> None:
    game = trainer(critic_steps=3)
    parts = [p for p in game.substeps() if isinstance(p, str)]
    assert parts == ["discriminator"] * 3  # the generator's step ends the whole one
    assert game.batches.cursor == 3 * game.batches.batch_size
    game.set_live({"critic_steps": 1})
    assert [p for p in game.substeps() if isinstance(p, str)] == ["discriminator"]


def test_each_player_has_a_pace_of_its_own() -> None:
    game = trainer(discriminator_rate=4.0, momentum=0.5)
    game.advance()
    rates = {n: p.optimiser.param_groups[0]["lr"] for n, p in game.players.items()}
    assert rates["discriminator"] == pytest.approx(4 * rates["generator"])
    assert game.players["generator"].optimiser.param_groups[0]["betas"] == (0.5, 0.99)


def test_clipped_weights_stay_within_their_bound() -> None:
    game = trainer(weight_clip=0.03)
    for _ in range(5):
        game.advance()
    assert float(weights(game, "discriminator").abs().max()) <= 0.03 + 1e-8
    assert float(weights(game, "generator").abs().max()) > 0.03


def test_every_remedy_changes_the_course_of_the_game() -> None:
    def after(**config: Any) -> Tensor:
        game = trainer(**config)
        for _ in range(3):
            game.advance()
        return weights(game, "generator")

    plain = after()
    remedies: dict[str, Any] = {
        "label_smoothing": 0.2, "instance_noise": 0.2, "gradient_penalty": 10.0, "r1": 10.0, "r2": 10.0,
        "spectral_norm": True, "mode_seeking": 1.0, "unrolled": 2, "weight_clip": 0.01, "discriminator_rate": 3.0,
    }  # fmt: skip
    for name, value in remedies.items():
        assert not torch.allclose(after(**{name: value}), plain, atol=1e-7), name
    assert torch.equal(after(), plain)


def test_lazy_penalties_are_taken_now_and_then_and_as_much_stronger() -> None:
    def loss(step: int, **config: Any) -> float:
        game = trainer(**config)
        batch = game.batches.next(step, 1)
        return float(next(game.model.objectives(batch, game.generator)).loss.detach())

    without, each = loss(0), loss(0, r1=50.0)
    assert loss(0, r1=50.0, lazy=4) - without == pytest.approx(4 * (each - without), rel=1e-3)
    assert loss(1, r1=50.0, lazy=4) == loss(1)
    assert loss(4, r1=50.0, lazy=4) > loss(4)


def test_the_loss_of_d_is_told_without_its_penalty_which_is_told_until_it_is_taken_again() -> None:
    without, lazy = trainer().advance().terms, trainer(r1=50.0, lazy=3)
    first = lazy.advance().terms
    assert "penalty" not in without
    assert first["loss discriminator"] == pytest.approx(without["loss discriminator"], rel=1e-6)
    once = trainer(r1=50.0).advance().terms
    assert first["penalty"] == pytest.approx(once["penalty"], rel=1e-5) and first["penalty"] > 0
    told = [lazy.advance().terms["penalty"] for _ in range(3)]
    assert told[:2] == [first["penalty"]] * 2 and told[2] != first["penalty"]


def test_a_remedy_can_be_switched_on_while_it_trains() -> None:
    game = trainer()
    game.advance()
    game.set_live({"spectral_norm": True, "r1": 1.0, "unrolled": 1})
    layers = [m for m in game.model.modules() if hasattr(m, "normal")]
    assert layers and all(m.normal for m in layers)
    game.advance()


# ---- what the networks are ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [IMAGES, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("network", ["mlp", "dcgan", "style"])
@pytest.mark.parametrize("growing", [0, 2])
def test_pictures_train_and_come_out_in_shape(spec: DataSpec, network: str, growing: int) -> None:
    config = {"network": network, "growing": growing, "minibatch_deviation": True, "packing": 2, "conditional": True}
    game = trainer(spec, **config)
    for _ in range(4):
        game.advance()
    model = game.model.eval()
    labels = toy_data(spec).heldout_labels[:5]
    with torch.no_grad():
        x = model.sample(5, None, seeded(), labels)
        assert x.shape == (5, *spec.shape)
        assert model.critic(x, labels).shape == (5,)


def test_points_take_dense_networks_only() -> None:
    with pytest.raises(BadInput, match="style networks are for pictures"):
        gan(network="style")


def test_a_packed_critic_scores_every_sample() -> None:
    model = gan(packing=3).eval()
    x = torch.randn(7, 2, generator=seeded())
    assert model.critic(x).shape == (7,)
    assert torch.allclose(model.critic(x)[:2], model.critic(x[:2]), atol=1e-6)


def test_labels_change_what_is_drawn_and_how_it_is_judged() -> None:
    model = gan(conditional=True).eval()
    z, one, other = torch.randn(4, 3, generator=seeded()), torch.tensor([[0, 0]] * 4), torch.tensor([[1, 2]] * 4)
    assert not torch.allclose(model.decode(z, one), model.decode(z, other))
    x = torch.randn(4, 2, generator=seeded(1))
    assert not torch.allclose(model.critic(x, one), model.critic(x, other))
    assert gan().takes_labels is False


def test_networks_grow_while_they_train() -> None:
    game = trainer(IMAGES, network="dcgan", growing=2)
    levels = []
    for _ in range(7):
        levels.append(game.model._level())
        game.advance()
    assert levels[0] == 0.0
    assert levels[-1] is None
    assert levels[:-1] == [growth(i / 2, 2) for i in range(6)]


# ---- codes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", ["z", "w", "w+"])
def test_the_code_of_a_sample_makes_it_again(codes: str) -> None:
    game = trainer(IMAGES, **{**STYLE, "codes": codes})
    game.advance()
    model = game.model.eval()
    with torch.no_grad():
        *_, frame = model.sample_steps(4, GANSampling(), seeded(2))
        z = frame.extras["z"]
        assert z.shape == (4, model.latent_size)
        assert torch.allclose(model.decode(z), frame.x, atol=1e-4)


def test_fine_styles_come_from_the_second_half_of_the_code() -> None:
    model = gan(IMAGES, **{**STYLE, "codes": "w+"}).eval()
    a, b = torch.randn(2, 1, model.latent_size, generator=seeded(3))
    half = model.latent_size // 2
    mixed = torch.cat([a[:, :half], b[:, half:]], 1)
    with torch.no_grad():
        one, mix = model.decode(a), model.decode(mixed)
    coarse = torch.nn.functional.avg_pool2d
    assert not torch.allclose(one, mix, atol=1e-5)
    assert (coarse(one, 8) - coarse(mix, 8)).abs().mean() < (one - mix).abs().mean() + 1e-6


def test_the_axes_of_w_are_its_principal_directions_strongest_first() -> None:
    game = trainer(IMAGES, **STYLE)
    game.advance()
    model = game.model
    assert torch.allclose(model.w_axes @ model.w_axes.T, torch.eye(len(model.w_axes)), atol=1e-4)
    assert bool((model.w_scale.diff() <= 1e-6).all())
    assert bool((signed(model.w_axes) == model.w_axes).all())


def test_without_room_to_move_all_samples_are_the_average_one() -> None:
    game = trainer(IMAGES, **STYLE)
    game.advance()
    model = game.model.eval()
    with torch.no_grad():
        *_, still = model.sample_steps(3, GANSampling(truncation=0.0), seeded(4))
        *_, free = model.sample_steps(3, GANSampling(truncation=1.0), seeded(4))
    assert torch.allclose(still.x[0], still.x[1], atol=1e-6)
    assert not torch.allclose(free.x[0], free.x[1], atol=1e-4)


@pytest.mark.parametrize("spec", [POINTS, IMAGES], ids=["points", "pictures"])
def test_the_code_of_a_drawn_sample_is_found(spec: DataSpec) -> None:
    model = gan(spec, seed=1).eval().requires_grad_(False)
    with torch.no_grad():
        for weight in model.generator.parameters():
            weight.mul_(2.0)  # so that codes make a difference before any training
        x = model.sample(2, None, seeded(5))
        frames = list(model.invert(x, None, seeded(6)))
    first, last = frames[0].facts["distance"], frames[-1].facts["distance"]
    assert last < 0.35 * first
    assert torch.allclose(model.decode(frames[-1].extras["z"]), frames[-1].x, atol=1e-5)
    assert next(f.t for f in frames) == 1.0 and frames[-1].t == 0.0


def test_only_styles_have_other_codes() -> None:
    game = trainer()
    game.set_live({"codes": "w"})
    assert game.model.latent_size == 3
