"""Autoregressive models: the palette, what is refused, labels, completing through the probes, and learning."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from toys import COLOUR, IMAGES, POINTS, toy_data

from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.requests import DrawSamples, EstimateLikelihood, NextProbs, Trajectory
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import to_float
from genplay.core.probe import ask
from genplay.core.training import Trainer, TrainingConfig, new_model
from genplay.families.autoregressive import Autoregressive
from genplay.nn.heads import Categorical, Palette
from genplay.probes.likelihood import EstimateLikelihood as LikelihoodProbe
from genplay.probes.next_probs import NextProbs as NextProbsProbe
from genplay.probes.samples import DrawSamples as SamplesProbe
from genplay.probes.samples import Trajectory as TrajectoryProbe


def model_of(spec=COLOUR, seed=0, **config):
    settings = knob.build(Autoregressive.Config, {"width": 16, "depth": 1, **config})
    return new_model(Autoregressive, settings, spec, seed).eval()


def flat_data(colours, n=60, side=4):
    """Pictures of two colours out of some: the left half one, the right half another."""
    generator = torch.Generator().manual_seed(0)
    pick = torch.randint(len(colours), (n, 2), generator=generator)
    x = torch.tensor(colours, dtype=torch.uint8)[pick].repeat_interleave(side // 2, 1)  # (n, side, 3)
    return x.permute(0, 2, 1)[:, :, None].expand(n, 3, side, side).contiguous()


# ---- the palette ---------------------------------------------------------------------------------------------------


def test_a_palette_takes_each_colour_once_the_frequent_ones_first_and_not_more_than_fit():
    head = Palette(3, 8, 4)
    colours = torch.tensor([[10, 20, 30]] * 3 + [[1, 1, 1]] + [[0, 0, 0]] + [[200, 0, 7]] * 2)
    head.learn(colours[None])
    assert head.swatches().tolist() == [[0, 0, 0], [255, 255, 255], [10, 20, 30], [200, 0, 7]]
    head.learn(colours[None])
    assert int(head.known) == 4


def test_a_colour_of_the_palette_comes_back_and_another_as_its_nearest():
    head = Palette(3, 8, 16)
    colours = torch.randint(0, 256, (5, 9, 3))
    head.learn(colours[:1])
    assert torch.equal(head.colours(head.values(colours[:1])), colours[:1])
    near = head.colours(head.values(colours[:1].clamp(1, 254) + 1))
    assert (near - colours[:1]).abs().max() <= 2


def test_a_colour_outside_the_palette_is_unlikely_but_not_impossible():
    head = Palette(3, 8, 16)
    features = torch.zeros(1, 2, 8)
    inside, outside = head.log_colour(features, torch.tensor([[[0, 0, 0], [1, 2, 3]]]))[0]
    assert inside > -1
    assert outside.item() == pytest.approx(math.log(1e-6) - 3 * math.log(256), rel=1e-4)


def test_a_grey_picture_has_all_its_values_in_the_palette_from_the_start():
    model = model_of(IMAGES)
    x = to_float(torch.arange(256).byte().view(1, 1, 16, 16))
    assert torch.equal(model.head.colours(model.head.values(model.seen(x))), model.seen(x))


@pytest.mark.parametrize("levels", [2, 5, 8, 100, 256])
def test_levels_come_back_and_are_evenly_spread(levels):
    head = Categorical(3, levels, 8)
    values = torch.arange(levels)[:, None].expand(levels, 3)
    assert torch.equal(head.values(head.colours(values)), values)
    assert head.colours(values)[[0, -1], 0].tolist() == [0, 255]


# ---- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["pixelcnn", "transformer"])
def test_points_take_the_dense_network_only(network):
    with pytest.raises(BadInput, match="two places"):
        model_of(POINTS, network=network)


def test_a_transformer_needs_a_width_that_its_heads_divide():
    with pytest.raises(BadInput, match="multiple of 32"):
        model_of(width=80)


@pytest.mark.parametrize(
    ("question", "match"),
    [
        (NextProbs(np.zeros((16, 16, 3), np.uint8), 256), "position"),
        (NextProbs(np.zeros((16, 16, 3), np.uint8), -1), "position"),
        (NextProbs(np.zeros((8, 16, 3), np.uint8), 0), "picture must be"),
        (NextProbs(np.zeros((16, 16, 3), np.float32), 0), "picture must be"),
        (NextProbs(np.zeros((16, 16, 3), np.uint8), 0, (9, 9)), "condition"),
    ],
)
def test_questions_about_no_pixel_are_refused(question, match):
    with pytest.raises(BadInput, match=match):
        next(ask(NextProbsProbe, model_of(), None, question))


@pytest.mark.parametrize(
    "facts",
    [{"source": np.zeros((1, 16, 16, 3), np.uint8)}, {"mask": np.ones((16, 16), np.uint8)}, {"start": 0.5}],
)
def test_a_trajectory_starts_from_a_picture_with_a_mask_or_from_nothing(facts):
    with pytest.raises(BadInput, match="completes a picture"):
        next(ask(TrajectoryProbe, model_of(), None, Trajectory(**facts)))


# ---- probes --------------------------------------------------------------------------------------------------------


def test_probabilities_and_surprise_are_those_of_the_likelihood():
    model = model_of(head="categorical", levels=256)
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    found = [next(ask(NextProbsProbe, model, None, NextProbs(picture, place))).value for place in (0, 100, 255)]
    for place, answer in zip((0, 100, 255), found, strict=True):
        assert answer.probs.shape == (3, 256)
        assert answer.names == ("red", "green", "blue")
        np.testing.assert_allclose(answer.probs.sum(1), 1, atol=1e-5)
        assert answer.drawn.tolist() == picture.reshape(-1, 3)[place].tolist()
        told = -np.log2(answer.probs[np.arange(3), answer.drawn]).sum()
        assert told == pytest.approx(answer.surprise.flat[place], abs=1e-3)


def test_probabilities_do_not_depend_on_what_comes_after():
    model, place = model_of(), 90
    picture = np.zeros((16, 16, 3), np.uint8)
    later = picture.copy()
    later.reshape(-1, 3)[place:] = 255
    one, two = (next(ask(NextProbsProbe, model, None, NextProbs(p, place))).value for p in (picture, later))
    np.testing.assert_allclose(one.probs, two.probs, atol=1e-6)


def test_a_picture_is_completed_in_several_ways_where_the_mask_says():
    model = model_of(head="categorical", levels=256)
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    mask = np.zeros((16, 16), np.uint8)
    mask[5:9, 4:] = 1
    question = Trajectory(3, source=picture[None], mask=mask, config={"frames": "pixels"}, seed=2)
    tape = list(ask(TrajectoryProbe, model, None, question))[-1].value
    made = tape.frames[-1].x
    assert (made[:, mask == 0] == picture[mask == 0]).all()
    assert (made[0] != made[1]).any()
    assert tape.frames[-1].t == 0
    assert len(tape.frames) == 1 + 16 * 3 + 12 - 1  # from the first pixel that is missing to the last
    nothing = Trajectory(1, source=picture[None], mask=np.zeros((16, 16), np.uint8))
    assert (list(ask(TrajectoryProbe, model, None, nothing))[-1].value.frames[-1].x[0] == picture).all()


def test_the_first_samples_do_not_depend_on_how_many_are_asked_for():
    model = model_of(DataSpec(Kind.IMAGE, (3, 4, 4)))
    many = list(ask(SamplesProbe, model, None, DrawSamples(n=19)))[-1].value.x
    few = list(ask(SamplesProbe, model, None, DrawSamples(n=5)))[-1].value.x
    np.testing.assert_array_equal(many[:5], few)


def test_bits_per_dimension_are_the_code_length_of_8_bit_pixels():
    """An untrained model that finds all 256 levels alike needs 8 bits for each channel of a pixel."""
    model = model_of(head="categorical", levels=256)
    for layer in model.head.leave:
        torch.nn.init.zeros_(layer.bias)
    answer = list(ask(LikelihoodProbe, model, toy_data(COLOUR), EstimateLikelihood(n=4)))[-1].value
    assert answer.kind == "exact"
    assert answer.bits_per_dim == pytest.approx(8, abs=1e-4)


@pytest.mark.parametrize("levels", [2, 7, 64])
def test_fewer_levels_say_nothing_of_the_values_within_one(levels):
    model = model_of(head="categorical", levels=levels)
    for layer in model.head.leave:
        torch.nn.init.zeros_(layer.bias)
    x = to_float(torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(1, 3, 16, 16))
    bits = -(model.log_density_by_place(x) / math.log(2) / 3 - math.log2(127.5))[0].flatten()
    counts = (torch.arange(256) * levels // 256).bincount()
    expected = math.log2(levels) + counts.float().log2().repeat_interleave(counts)
    torch.testing.assert_close(bits, expected, atol=1e-3, rtol=0)


# ---- learning ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["made", "pixelcnn", "transformer"])
def test_it_learns_what_pictures_there_are(network):
    from genplay.core.dataset import Dataset

    colours = [[250, 10, 10], [10, 240, 10], [20, 20, 200]]
    x, none = flat_data(colours), torch.zeros(60, 0, dtype=torch.int64)
    data = Dataset("flat", "Flat", "none", DataSpec(Kind.IMAGE, (3, 4, 4)), x, none, x, none)
    model = model_of(data.spec, network=network, depth=2).train()
    trainer = Trainer(model, data, TrainingConfig(learning_rate=1e-2, batch_size=30, ema=0.0, warmup=5))
    for _ in range(150):
        step = trainer.advance()
    bits = 48 * step.terms["bits per dimension"]
    assert bits < 2 * math.log2(3) + 0.6  # a picture is two free choices out of three
    model.eval()
    with torch.no_grad():
        made = model.sample(30, generator=torch.Generator().manual_seed(0))
    known = {tuple(row.flatten().tolist()) for row in to_float(x).mul(1000).round()}
    right = sum(tuple(row.flatten().tolist()) in known for row in made.mul(1000).round())
    assert right >= 24


def test_labels_are_heard():
    data = toy_data(POINTS)
    model = model_of(POINTS, width=32, components=8, depth=2).train()
    trainer = Trainer(model, data, TrainingConfig(learning_rate=5e-3, batch_size=100, ema=0.0, warmup=5))
    for _ in range(200):
        trainer.advance()
    model.eval()
    with torch.no_grad():
        left, right = (model.sample(200, labels=torch.tensor([[side, 3]] * 200))[:, 0].median() for side in (0, 1))
    assert left < -0.2
    assert right > 0.2
