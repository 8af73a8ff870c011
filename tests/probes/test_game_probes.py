"""Questions about adversarial games: to the toy GAN, whose answers can be worked out, and left as they found it."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest
import torch
from toys import IMAGES, POINTS, ToyFlow, ToyGAN, toy_data

from genplay.contract import results
from genplay.contract.errors import BadInput
from genplay.contract.requests import DrawSamples, Invert, JudgePictures, LookAtGame, MeasureModes
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Dataset
from genplay.core.model import Frame
from genplay.core.probe import ask
from genplay.core.training import Replica, new_model
from genplay.metrics import judge as judging
from genplay.probes import all as probes
from genplay.probes import game, modes


class Bowl(ToyGAN):
    """The critic's score is -|x|^2, and points are the first two numbers of their code."""

    name = "bowl"
    threshold = 0.5

    def critic(self, x, labels=None):
        return -x.flatten(1).square().sum(1)

    def decode(self, z, labels=None):
        return z[:, :2]


def model_of(family=ToyGAN, spec=POINTS):
    return Replica(new_model(family, family.Config(), spec, 1)).model


def answers(question, model, data=None):
    data = toy_data(model.spec) if data is None else data
    return [a for a in ask(probes()[type(question).__name__], model, data, question) if a.value is not None]


def last(question, model, data=None):
    return answers(question, model, data)[-1].value


# ---- the game ---------------------------------------------------------------------------------------------------


def test_a_game_is_what_the_model_says():
    found = last(LookAtGame(n=70, side=5, extent=2.0, seed=3), model_of(Bowl))
    assert found.x.shape == found.real.shape == found.gradient.shape == (70, 2)
    np.testing.assert_array_equal(found.x, found.z[:, :2])
    np.testing.assert_allclose(found.score_x, -np.square(found.x).sum(1), rtol=1e-5)
    np.testing.assert_allclose(found.score_real, -np.square(found.real).sum(1), rtol=1e-5)
    np.testing.assert_allclose(found.gradient, -2 * found.x, rtol=1e-5)
    assert found.threshold == 0.5
    assert found.ghost is None
    train = {row.tobytes() for row in toy_data().train.numpy()}
    assert all(row.tobytes() in train for row in found.real)
    for array in (found.x, found.field, found.lines, found.gradient):
        assert array.dtype == np.float32 and array.flags.c_contiguous


def test_the_field_has_its_corners_at_the_extent_and_row_0_on_top():
    class Slope(Bowl):
        name = "slope"

        def critic(self, x, labels=None):
            return x[:, 0] + 10 * x[:, 1]

    field = last(LookAtGame(n=1, side=3, extent=2.0), model_of(Slope)).field
    np.testing.assert_allclose(field, [[18, 20, 22], [-2, 0, 2], [-22, -20, -18]])


def test_the_points_are_the_samples_of_the_seed():
    model = model_of()
    found = last(LookAtGame(n=600, seed=5), model)
    drawn = last(DrawSamples(n=600, seed=5), model)
    np.testing.assert_array_equal(found.x, drawn.x)
    np.testing.assert_array_equal(found.z, drawn.z)
    np.testing.assert_array_equal(last(LookAtGame(n=50, seed=5), model).x, drawn.x[:50])


def test_the_latent_grid_is_straight_where_the_generator_is():
    lines = last(LookAtGame(n=1, lines=5), model_of(Bowl)).lines
    assert lines.shape == (2, 5, 61, 2)
    at = np.linspace(-2.5, 2.5, 5)
    np.testing.assert_allclose(lines[0, :, :, 1], np.repeat(at[:, None], 61, 1), atol=1e-6)
    np.testing.assert_allclose(lines[1, :, :, 0], np.repeat(at[:, None], 61, 1), atol=1e-6)
    np.testing.assert_allclose(lines[0, 2, :, 0], np.linspace(-2.5, 2.5, 61), atol=1e-6)
    assert last(LookAtGame(n=1, lines=0), model_of(Bowl)).lines.shape == (2, 0, 61, 2)


def test_a_ghost_is_the_discriminator_after_more_steps_of_its_own():
    model, data = model_of(), toy_data()
    before = copy.deepcopy(model.state_dict())
    found = last(LookAtGame(n=20, side=9, unroll=30), model, data)
    assert found.ghost.shape == (9, 9)
    assert np.abs(found.ghost - found.field).max() > 1e-3
    assert all(torch.equal(v, before[n]) for n, v in model.state_dict().items())
    assert not any(p.requires_grad for p in model.parameters())
    steps = [copy.deepcopy(m.state_dict()) for m in game.further(model, data, 3, torch.Generator().manual_seed(0))]
    assert len(steps) == 3
    for name, value in before.items():
        moved = [not torch.equal(step[name], value) for step in steps]
        assert moved == [name.startswith("judge")] * 3
    more = last(LookAtGame(n=20, side=9, unroll=1), model, data)
    assert np.abs(more.ghost - found.ghost).max() > 1e-3


def test_a_ghost_tells_real_from_generated_better():
    model, data = model_of(), toy_data()

    def apart(critic):
        with torch.no_grad():
            fake = model.decode(torch.randn(500, 3, generator=torch.Generator().manual_seed(0)))
            return float(critic.critic(data.train).mean() - critic.critic(fake).mean())

    *_, ahead = game.further(model, data, 100, torch.Generator().manual_seed(0))
    assert apart(ahead) > apart(model) + 0.03
    assert torch.is_grad_enabled()
    with torch.no_grad():
        next(iter(game.further(model, data, 2, torch.Generator())))
        assert not torch.is_grad_enabled()


def test_a_model_clips_its_weights_after_every_step():
    class Clipped(ToyGAN):
        name = "clipped"

        def objectives(self, batch, generator):
            for objective in super().objectives(batch, generator):
                yield objective
                for p in self.judge.parameters():
                    p.data.clamp_(-0.01, 0.01)

    for ahead in game.further(model_of(Clipped), toy_data(), 3, torch.Generator()):
        assert max(float(p.detach().abs().max()) for p in ahead.judge.parameters()) <= 0.0101


def test_a_discriminator_that_waits_has_no_ghost():
    class Waiting(ToyGAN):
        name = "waiting"

        def objectives(self, batch, generator):
            return (o for o in super().objectives(batch, generator) if o.group == "generator")

    assert last(LookAtGame(n=5, unroll=4), model_of(Waiting)).ghost is None


def test_the_same_question_has_the_same_answer_and_touches_no_global_state():
    question = LookAtGame(n=30, side=6, unroll=2, seed=8)
    one = last(question, model_of())
    torch.rand(5)
    two = last(question, model_of())
    for f in dataclasses.fields(results.Game):
        np.testing.assert_array_equal(getattr(one, f.name), getattr(two, f.name))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (LookAtGame(n=0), "number of points"),
        (LookAtGame(side=1), "side of the field"),
        (LookAtGame(side=10**6), "side of the field"),
        (LookAtGame(lines=-1), "number of lines"),
        (LookAtGame(unroll=10**6), "steps ahead"),
        (LookAtGame(extent=float("nan")), "reach"),
    ],
)
def test_questions_that_make_no_sense_are_refused(question, said):
    with pytest.raises(BadInput, match=said):
        last(question, model_of())


def test_games_need_two_players_on_points():
    with pytest.raises(BadInput, match="no discriminator"):
        last(LookAtGame(), model_of(ToyFlow))
    with pytest.raises(BadInput, match="cannot be asked about pictures"):
        last(LookAtGame(), model_of(ToyGAN, IMAGES))


# ---- pictures ---------------------------------------------------------------------------------------------------


class Corner(ToyGAN):
    """The critic looks at the upper left pixel, twice as hard as at the next one."""

    name = "corner"

    def critic(self, x, labels=None):
        return 2 * x[:, 0, 0, 0] - x[:, 0, 0, 1]


def test_pictures_are_judged_as_they_are():
    model = model_of(Corner, IMAGES)
    found = last(JudgePictures(n=70, seed=2, saliency=True), model)
    np.testing.assert_array_equal(found.x, last(DrawSamples(n=70, seed=2), model).x)
    level = found.real.astype(float)[:, 0, :2, 0] / 127.5 - 1
    np.testing.assert_allclose(found.score_real, 2 * level[:, 0] - level[:, 1], atol=1e-5)
    assert found.score.shape == (70,)
    assert found.saliency.shape == found.saliency_real.shape == (70, 16, 16)
    wanted = np.zeros((16, 16))
    wanted[0, :2] = 1, 0.5
    np.testing.assert_allclose(found.saliency, np.broadcast_to(wanted, (70, 16, 16)))
    plain = last(JudgePictures(n=70, seed=2), model)
    assert plain.saliency is None and plain.saliency_real is None
    np.testing.assert_allclose(plain.score, found.score, rtol=1e-5)


def test_real_pictures_are_of_the_condition():
    asked = []

    class Listening(Corner):
        name = "listening"

        def critic(self, x, labels=None):
            asked.append(labels)
            return super().critic(x)

    found = last(JudgePictures(n=150, condition=(1, 3)), model_of(Listening, IMAGES))
    data = toy_data(IMAGES)
    assert len(found.real) == int((data.train_labels[:, 0] == 1).sum()) < 150
    assert all(bool((labels == torch.tensor([1, 3])).all()) for labels in asked)
    assert found.real[:, :, -1].mean() > found.real[:, :, 0].mean()  # the right side is brighter


def test_a_critic_blind_to_all_pixels_has_no_saliency():
    class Blind(Corner):
        name = "blind"

        def critic(self, x, labels=None):
            return 0 * x.flatten(1).sum(1)

    found = last(JudgePictures(n=3, saliency=True), model_of(Blind, IMAGES))
    assert not found.saliency.any()


def test_pictures_need_a_discriminator_and_a_sensible_number():
    with pytest.raises(BadInput, match="no discriminator"):
        last(JudgePictures(), model_of(ToyFlow, IMAGES))
    with pytest.raises(BadInput, match="number of pictures"):
        last(JudgePictures(n=0), model_of(ToyGAN, IMAGES))


# ---- modes ------------------------------------------------------------------------------------------------------


def test_modes_are_refined_from_samples_twice_as_many_each_time():
    data = toy_data(dataclasses.replace(POINTS, attributes=POINTS.attributes))
    found = answers(MeasureModes(n=2000, seed=1), model_of(), data)
    counts = [a.value.n for a in found]
    assert counts == [512, 1024, 2000]
    assert [a.progress for a in found] == [0.256, 0.512, 1.0]
    value = found[-1].value
    assert 0 <= value.accuracy_real <= 1 and 0 <= value.accuracy_fake <= 1
    assert 0 <= value.precision <= 1


def test_every_kind_of_model_can_be_measured():
    found = last(MeasureModes(n=300), model_of(ToyFlow))
    assert np.isnan(found.accuracy_real)
    assert found.n == 300


def test_pictures_without_a_judge_at_hand_get_one_first(monkeypatch):
    monkeypatch.setattr(judging, "STEPS", 5)
    monkeypatch.setattr(judging, "_trained", [])
    steps = list(ask(modes.MeasureModes, model_of(ToyGAN, IMAGES), toy_data(IMAGES), MeasureModes(n=40)))
    progress = [a.progress for a in steps if a.progress is not None]
    assert progress[:5] == pytest.approx([0.04, 0.08, 0.12, 0.16, 0.2])
    assert progress == sorted(progress)
    found = steps[-1].value
    assert (found.group, found.names) == ("tone", ("dark", "grey", "light"))
    assert found.share.sum() == pytest.approx(1)


def test_the_attribute_can_be_named(monkeypatch):
    monkeypatch.setattr(judging, "STEPS", 2)
    args = model_of(ToyGAN, IMAGES), toy_data(IMAGES), 30
    *_, found = modes.measured(*args, torch.Generator(), "side")
    assert found.value.names == ("left", "right")
    with pytest.raises(BadInput, match="no attribute 'hat'"):
        list(modes.measured(*args, torch.Generator(), "hat"))


def test_measuring_needs_a_sensible_number():
    with pytest.raises(BadInput, match="number of samples"):
        last(MeasureModes(n=0), model_of())


# ---- inversion --------------------------------------------------------------------------------------------------


class Inverting(ToyFlow):
    """Goes half of the way to the code in each step."""

    name = "inverting"

    def invert(self, x, labels, generator):
        goal = self.encode(x).mu
        z = torch.zeros_like(goal)
        for step in range(5):
            made = self.decode(z)
            yield Frame(made, 1 - step / 4, {"z": z}, {"distance": float((made - x).square().mean().sqrt())})
            z = z.lerp(goal, 0.5)


@pytest.mark.parametrize("spec", [POINTS, IMAGES], ids=["points", "image"])
def test_an_inversion_is_watched_step_by_step(spec):
    x = np.array([0.4, -0.3], np.float32) if spec.kind is Kind.POINTS else np.full((20, 30, 3), 90, np.uint8)
    found = answers(Invert(x), model_of(Inverting, spec))
    *frames, tape = found
    assert all(a.kept for a in frames) and not tape.kept
    assert [a.progress for a in frames] == [0, 0.25, 0.5, 0.75, 1]
    assert isinstance(tape.value, results.Tape)
    assert [f.index for f in tape.value.frames] == [0, 1, 2, 3, 4]
    assert {f.count for f in tape.value.frames} == {4}
    assert tape.value.frames[0].extras["z"].shape == (1, spec.size)
    distances = [f.facts["distance"] for f in tape.value.frames]
    assert distances == sorted(distances, reverse=True)
    assert tape.value.frames[0].x.dtype == (np.uint8 if spec.kind is Kind.IMAGE else np.float32)


def test_inversion_needs_a_model_that_can():
    with pytest.raises(BadInput, match="cannot be found by optimisation"):
        last(Invert(np.zeros(2, np.float32)), model_of(ToyGAN))
    with pytest.raises(BadInput, match="takes an array of shape"):
        last(Invert(np.zeros(3, np.float32)), model_of(Inverting))


def test_data_without_labels_is_measured_too():
    spec = DataSpec(Kind.POINTS, (2,))
    x, none = torch.randn(200, 2), torch.zeros(200, 0, dtype=torch.int64)
    data = Dataset("bare", "Bare", "", spec, x, none, x, none)
    found = last(MeasureModes(n=100), model_of(ToyGAN, spec), data)
    assert found.names == () and np.isnan(found.kl) and np.isfinite(found.precision)
