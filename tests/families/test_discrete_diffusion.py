"""Discrete diffusion on pictures, texts and codes: what is drawn, in which order, what is kept, and what it costs."""

import dataclasses
import itertools
import math

import pytest
import torch
from toys import COLOUR, IMAGES, toy_data

from genplay.contract import knob, requests
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Dataset, to_float, to_plain
from genplay.core.model import Start
from genplay.core.probe import ask
from genplay.core.training import Trainer, TrainingConfig, new_model
from genplay.families.code_diffusion import CodeDiffusion
from genplay.families.discrete_diffusion import CHECKS, TRANSITIONS, DiscreteDiffusion, DiscreteSampling, chessboard
from genplay.nn.heads import STRAY
from genplay.probes.likelihoods import MapLikelihood
from genplay.probes.samples import Trajectory

SMALL = {"width": 16, "depth": 1, "colours": 64}
SETTINGS = TrainingConfig(batch_size=16, warmup=2)
WORDS = DataSpec(Kind.TOKENS, (6,), vocabulary=("", "a", "b", "c"))


def made(spec=COLOUR, family=DiscreteDiffusion, **config):
    known = {k.name for k in knob.knobs(family.Config)}
    small = {name: value for name, value in SMALL.items() if name in known}
    return new_model(family, knob.build(family.Config, small | config), spec, 0).eval()


def trained(steps=3, spec=COLOUR, **config):
    trainer = Trainer(made(spec, **config), toy_data(spec), SETTINGS)
    for _ in range(steps):
        trainer.advance()
    return trainer.model.eval()


@torch.no_grad()
def frames(model, n=3, seed=0, labels=None, start=None, scales=None, **settings):
    config = DiscreteSampling(**{"steps": 5, **settings})
    return list(model.sample_steps(n, config, torch.Generator().manual_seed(seed), labels, start, scales))


def hidden_in(frame):
    """Places that show the chessboard, (B, H, W)."""
    return (frame.x == chessboard(frame.x.shape[2:], 1, frame.x)).all(1)


def texts(n=400):
    """Words of which the first half is the second half again."""
    half = torch.randint(1, 4, (n, 3), generator=torch.Generator().manual_seed(0))
    rows, none = torch.cat([half, half], 1), torch.zeros(n, 0, dtype=torch.int64)
    return Dataset("words", "Words", "none", WORDS, rows[20:], none[20:], rows[:20], none[:20])


# ---- sampling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["ancestral", "random", "confidence"])
def test_masks_fall_away_and_what_has_come_to_light_stays(order):
    found = frames(trained(), order=order)
    assert hidden_in(found[0]).all()
    assert not hidden_in(found[-1]).any()
    for before, after in itertools.pairwise(found):
        assert (hidden_in(after) <= hidden_in(before)).all()
        shown = ~hidden_in(before)[:, None].expand_as(before.x)
        assert torch.equal(before.x[shown], after.x[shown])


@pytest.mark.parametrize("order", ["random", "confidence"])
def test_an_equal_number_of_places_comes_to_light_in_each_step(order):
    counts = [int(hidden_in(frame)[0].sum()) for frame in frames(trained(), order=order, steps=4)]
    assert counts == [256, 192, 128, 64, 0]


def test_confidence_without_chance_shows_the_surest_places_first():
    first, second, *_ = frames(trained(8), order="confidence", choice=0.0, steps=4)
    came = hidden_in(first) & ~hidden_in(second)
    bits = first.extras["entropy"]
    assert bits[came].mean() < bits[~came].mean()


def test_hidden_pixels_cannot_be_taken_for_data():
    colours = trained().head.swatches().float() / 127.5 - 1
    for grey in CHECKS:
        assert (colours - grey).abs().sum(1).min() > 0.01


def test_entropy_is_that_of_the_prediction_and_ends_at_nothing():
    model = trained()
    found = frames(model)
    most = math.log2(model.known_values)
    assert all(frame.extras["entropy"].shape == (3, 16, 16) for frame in found)
    assert 0 < found[0].extras["entropy"].mean() <= most + 1e-4
    assert (found[2].extras["entropy"][~hidden_in(found[2])] == 0).all()
    assert (found[-1].extras["entropy"] == 0).all()


def test_what_is_foreseen_is_the_sample_where_it_is_drawn():
    found = frames(trained())
    shown = ~hidden_in(found[3])[:, None].expand_as(found[3].x)
    assert torch.equal(found[3].extras["x_0"][shown], found[3].x[shown])
    assert torch.equal(found[-1].extras["x_0"], found[-1].x)


@pytest.mark.parametrize("transition", TRANSITIONS)
def test_few_samples_are_the_first_of_many(transition):
    model = trained(transition=transition)
    labels = torch.tensor([[0, 1]]).expand(4, -1)
    few = frames(model, 2, labels=labels[:2], start=Start(rows=4), guidance=2.0)[-1].x
    many = frames(model, 4, labels=labels, start=Start(rows=4), guidance=2.0)[-1].x
    torch.testing.assert_close(few, many[:2])


def test_samples_are_colours_of_the_palette():
    model = trained()
    palette = {tuple(colour) for colour in model.head.swatches().tolist()}
    drawn = to_plain(frames(model)[-1].x, COLOUR).reshape(-1, 3)
    assert {tuple(int(v) for v in colour) for colour in drawn} <= palette


def test_cold_samples_do_not_depend_on_the_values_drawn():
    model = trained(8)
    cold = frames(model, temperature=0.0, order="confidence", choice=0.0)
    assert torch.equal(cold[-1].x, frames(model, seed=1, temperature=0.0, order="confidence", choice=0.0)[-1].x)


# ---- keeping a part ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transition", TRANSITIONS)
def test_a_kept_part_stays_as_it_is_in_all_frames(transition):
    model, data = trained(transition=transition), toy_data(COLOUR)
    x = to_float(data.heldout[:1])
    mask = torch.zeros(COLOUR.shape, dtype=torch.bool)
    mask[:, 4:12, 4:12] = True
    found = frames(model, start=Start(x=x, clean=True, mask=mask))
    assert all(torch.equal(frame.x[:, ~mask], x.expand(3, -1, -1, -1)[:, ~mask]) for frame in found)
    assert not torch.equal(found[-1].x[0, mask], found[-1].x[1, mask])


def test_a_tape_begins_with_a_masked_picture():
    model = trained()
    picture = to_plain(to_float(toy_data(COLOUR).heldout[:1]), COLOUR)
    mask = torch.zeros(16, 16, dtype=torch.uint8).numpy()
    mask[:8] = 1
    question = requests.Trajectory(n=2, config={"steps": 4}, source=picture, mask=mask)
    *_, tape = (p.value for p in ask(Trajectory, model, toy_data(COLOUR), question))
    assert len(tape.frames) == 5
    assert (tape.frames[-1].x[:, 8:] == picture[:, 8:]).all()


# ---- guidance ------------------------------------------------------------------------------------------------------


def look(model, t=0.5, labels=((0, 1), (1, 2)), scales=None, **settings):
    x = model.transition.noise(torch.rand(2, 256, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    config = DiscreteSampling(**settings)
    with torch.no_grad():
        return model.guided(torch.tensor(labels), config, 2, scales)(x, t)


def taught():
    """A model for which labels matter."""
    model = trained()
    with torch.no_grad():
        for p in model.network.parameters():
            p.add_(0.05 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1)))
    return model


def test_guidance_goes_from_the_unconditional_to_beyond_the_conditional_prediction():
    model = taught()
    none, once, thrice = (look(model, guidance=w).r.log() for w in (0.0, 1.0, 3.0))
    assert not torch.allclose(none, once, atol=1e-3)
    wanted = (none + 3 * (once - none)).log_softmax(-1)
    torch.testing.assert_close(thrice, wanted, atol=0.05, rtol=0.02)  # half precision where it is faster


def test_each_row_may_have_a_scale_of_its_own():
    model = taught()
    both = look(model, scales=torch.tensor([0.0, 3.0])).r
    torch.testing.assert_close(both[0], look(model, guidance=0.0).r[0], atol=0.02, rtol=0.05)
    torch.testing.assert_close(both[1], look(model, guidance=3.0).r[1], atol=0.02, rtol=0.05)


def test_outside_its_interval_guidance_is_one():
    model = taught()
    assert torch.equal(look(model, t=0.8, guidance=4.0, guide_from=0.5).r, look(model, t=0.8).r)
    assert look(model, t=0.3, guidance=4.0, guide_from=0.5).facts["guidance"] == 4.0


def test_without_labels_there_is_no_guidance():
    model = made(DataSpec(Kind.IMAGE, (1, 16, 16)))
    assert Capability.GUIDE not in model.capabilities
    assert Capability.GUIDE in made().capabilities
    with pytest.raises(BadInput, match="without labels"):
        frames(made(conditional=False), labels=torch.zeros(3, 2, dtype=torch.int64), guidance=2.0)


# ---- likelihood ----------------------------------------------------------------------------------------------------


def test_a_model_that_knows_nothing_pays_for_each_pixel_the_size_of_its_palette():
    model = trained(1, schedule="linear")
    with torch.no_grad():
        model.head.leave.weight.zero_()
        model.head.leave.bias.zero_()
        model.head.bias.zero_()
        seen = to_float(toy_data(COLOUR).train[:8])
        inside = (model.head.colours(model.head.values(model._colours(seen))) == model._colours(seen)).all(-1)
        found = model.log_density_by_place(seen, None, torch.Generator().manual_seed(0))
    assert 0 < inside.double().mean() < 1
    stray = (~inside).double().mean() * (math.log(STRAY) - 3 * math.log(256))
    wanted = 3 * math.log(127.5) - math.log(model.known_values) + float(stray)
    assert float(found.mean()) == pytest.approx(wanted, abs=0.25)


def test_the_bound_does_not_hang_on_the_number_of_examples_asked_at_once():
    model = trained()
    x = to_float(toy_data(COLOUR).heldout[:2])
    with torch.no_grad():
        found = [model.log_density(x, None, torch.Generator().manual_seed(s)).mean() for s in range(4)]
    assert torch.stack(found).std() < 0.05 * torch.stack(found).abs().mean()


def test_a_map_of_bits_is_by_pixel():
    model = trained()
    question = requests.MapLikelihood(to_plain(to_float(toy_data(COLOUR).heldout[:1]), COLOUR)[0])
    *_, found = (p.value for p in ask(MapLikelihood, model, toy_data(COLOUR), question))
    assert found.bits.shape == (16, 16)
    assert found.method == "bound"
    assert found.total == pytest.approx(float(found.bits.mean()), abs=1e-4)


# ---- training ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["hybrid", "cross-entropy"])
@pytest.mark.parametrize("transition", TRANSITIONS)
def test_it_learns_what_halves_belong_together(transition, objective):
    model = made(WORDS, transition=transition, objective=objective, width=32)
    trainer = Trainer(model, texts(), TrainingConfig(batch_size=64, learning_rate=1e-2, warmup=5))
    first = float(trainer.advance().terms["bits per character"])
    for _ in range(60):
        last = float(trainer.advance().terms["bits per character"])
    assert last < 0.85 * first


@pytest.mark.slow
def test_texts_are_written_as_they_were_seen():
    model = made(WORDS, width=32, depth=2)
    trainer = Trainer(model, texts(), TrainingConfig(batch_size=64, learning_rate=3e-3, warmup=20))
    for _ in range(400):
        trainer.advance()
    found = frames(trainer.model.eval(), 200, steps=12, order="random")
    assert (found[0].x == len(WORDS.vocabulary)).all(), "behind the mask at first"
    rows = found[-1].x
    assert (rows[:, :3] == rows[:, 3:]).all(1).double().mean() > 0.8


def test_a_grey_scale_is_an_ordered_set_of_values():
    transition = made(IMAGES, transition="neighbours", colours=256).transition
    assert transition.values == 256
    row = transition.row(torch.tensor([[100]]), torch.tensor([0.97]))[0, 0]
    assert row[101] > row[110] > row[200] > 0


def test_the_noise_grows_with_the_palette():
    model = made(transition="uniform")
    before = model.transition.states
    trainer = Trainer(model, toy_data(COLOUR), SETTINGS)
    trainer.advance()
    assert trainer.model.transition.states == int(trainer.model.head.known) > before


# ---- codes ---------------------------------------------------------------------------------------------------------


def test_codes_come_to_light_and_their_pictures_with_them():
    found = frames(made(family=CodeDiffusion), steps=4, order="random")
    assert hidden_in(found[0]).all()
    assert not hidden_in(found[-1]).any()
    assert found[-1].extras["codes"].shape == (3, 4, 4)
    assert found[0].extras["entropy"].shape == (3, 16, 16)


def test_a_part_is_kept_as_pixels_and_as_the_codes_that_it_covers():
    model = made(family=CodeDiffusion)
    mask = torch.zeros(COLOUR.shape, dtype=torch.bool)
    mask[:, :5] = True  # one row of codes and a quarter of the next
    assert model.untouched(mask).view(4, 4).all(1).tolist() == [False, False, True, True]
    x = to_float(toy_data(COLOUR).heldout[:1])
    found = frames(model, start=Start(x=x, clean=True, mask=mask))[-1].x
    assert torch.equal(found[:, :, 5:], x.expand(3, -1, -1, -1)[:, :, 5:])


def test_a_prior_over_codes_needs_a_vqvae():
    with pytest.raises(BadInput, match="needs a VQ-VAE"):
        CodeDiffusion.settle({}, lambda name: None)


def test_its_knobs_are_those_of_pixels_where_they_mean_the_same():
    own = {k.name: k.default for k in knob.knobs(CodeDiffusion.Config)}
    pixels = {f.name: f.default for f in dataclasses.fields(DiscreteDiffusion.Config)}
    for name in ("transition", "schedule", "timesteps", "objective", "auxiliary", "conditional"):
        assert own[name] == pixels[name]
