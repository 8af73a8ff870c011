"""What every family must do, asked of each one in the registry and of the toys. A new family is tested by existing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from toys import COLOUR, IMAGES, POINTS, TEXT, TOYS, toy_data

from genplay.contract import knob, requests, results
from genplay.contract.capability import Capability
from genplay.contract.card import Card
from genplay.contract.catalogue import Plot, Preset
from genplay.contract.errors import BadInput
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core import checkpoint
from genplay.core.gaussian import GaussianModel
from genplay.core.model import Frame, Model
from genplay.core.probe import Probe, ask
from genplay.core.registry import discover
from genplay.core.training import Diverged, Replica, Trainer, TrainingConfig, new_model
from genplay.data import load
from genplay.engine.drift import NAME as DRIFT
from genplay.engine.held_out import held_out_terms
from genplay.metrics import judge
from genplay.metrics.modes import DIVERGENCE, mode_terms
from genplay.probes import duel

FAMILIES = discover("genplay.families", Model)
PROBES = discover("genplay.probes", Probe)
EVERY = {**FAMILIES, **{toy.name: toy for toy in TOYS}}
SPECS = {"points": POINTS, "grey": IMAGES, "colour": COLOUR, "text": TEXT}
SETTINGS = TrainingConfig(batch_size=16, warmup=2)


def cases():
    for name, family in EVERY.items():
        for label, spec in SPECS.items():
            if spec.kind in family.kinds:
                yield pytest.param(family, spec, id=f"{name}-{label}")


def cases_once(alike=()):
    """The same, with colours among the slow: what is asked does not depend on how many channels there are.

    Nor on which of several ``alike`` families it is asked of, that a common base answers for.
    """
    for case in cases():
        family, spec = case.values
        again = (spec is COLOUR and family.name in FAMILIES) or family.name in alike
        marks = [pytest.mark.slow] if again else []
        yield pytest.param(family, spec, id=case.id, marks=marks)


each = pytest.mark.parametrize(("family", "spec"), list(cases()))
each_once = pytest.mark.parametrize(("family", "spec"), list(cases_once()))
each_family = pytest.mark.parametrize("family", list(EVERY.values()), ids=list(EVERY))


def config_of(family, **config):
    """The default settings with these changes; of a model with a Gaussian path a small network, for the time's sake."""
    known = {k.name for k in knob.knobs(family.Config)}
    small = {"width": 8, "blocks": 1} if issubclass(family, GaussianModel) else {}
    small |= {"width": 16, "depth": 1, "colours": 64} if family.completes else {}
    small |= {"chain_steps": 2, "buffer": 64} if Capability.CHAIN in family.offers else {}
    small |= {"width": 8} if Capability.TRANSLATE in family.offers else {}
    return knob.build(family.Config, {n: v for n, v in small.items() if n in known} | config)


def sampling_of(model):
    """How a model is sampled: as by default, in few steps."""
    known = {k.name for k in knob.knobs(model.SampleConfig)}
    return knob.build(model.SampleConfig, {"steps": 6} if "steps" in known else {})


def trainer_of(family, spec, seed=3, settings=SETTINGS, **config):
    model = new_model(family, config_of(family, **config), spec, seed)
    return Trainer(model, toy_data(spec), settings, seed)


def sample(model, n=5, seed=1, labels=None):
    frames = model.sample_steps(n, sampling_of(model), torch.Generator().manual_seed(seed), labels)
    with torch.no_grad():
        return list(frames)


def weights(trainer):
    """Trained and averaged weights, moments and buffers, and how many steps each player took."""
    tensors, plain = trainer.state()
    return {name: t for name, t in tensors.items() if name != "generator"}, plain["players"]


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# ---- what a family says of itself ------------------------------------------------------------------------------


@pytest.mark.parametrize("family", list(FAMILIES.values()), ids=list(FAMILIES))
def test_the_window_can_introduce_it(family):
    assert family.title
    assert len(family.summary) > 20
    assert family.colour.startswith("#")
    assert len(family.colour) == 7
    assert family.kinds
    assert family.plots
    assert all(isinstance(p, Plot) and p.series for p in family.plots)
    assert all(isinstance(p, Preset) and p.title and p.help for p in family.presets)
    assert len({p.name for p in family.presets}) == len(family.presets)


def test_families_are_told_apart_by_their_colours():
    colours = [family.colour.lower() for family in FAMILIES.values()]
    assert len(set(colours)) == len(colours)


@each_family
def test_knobs_are_sound(family):
    for config in (family.Config, family.SampleConfig):
        declared = knob.knobs(config)
        assert len(declared) == len(dataclasses.fields(config)), "a field of a config that is no knob"
        assert config.__doc__
        for k in declared:
            assert k.check(k.default) == k.default
            assert k.label
            assert len(k.help) > 5
            assert k.low is None or k.high is None or k.low < k.high
            assert k.scale == "linear" or (k.low is not None and k.low > 0)
            if isinstance(k.default, int | float) and not isinstance(k.default, bool):
                assert k.low is not None, f"{k.name} has no bounds, so a file could ask for any amount of memory"
                assert k.high is not None, f"{k.name} has no bounds, so a file could ask for any amount of memory"
            if k.shown_if:
                other, values = k.shown_if
                by_name = {o.name: o for o in declared}
                assert all(by_name[other].check(value) == value for value in values)


def presets():
    for name, family in FAMILIES.items():
        for preset in family.presets:
            for kind in preset.kinds or family.kinds:
                yield pytest.param(family, preset, kind, id=f"{name}-{preset.name}-{kind}")


@pytest.mark.parametrize(("family", "preset", "kind"), list(presets()))
def test_each_preset_trains_samples_and_is_saved(family, preset, kind):
    spec = {Kind.POINTS: POINTS, Kind.IMAGE: IMAGES, Kind.TOKENS: TEXT}[kind]
    settings = dataclasses.replace(knob.build(TrainingConfig, preset.training), batch_size=8)
    trainer = trainer_of(family, spec, settings=settings, **preset.config)
    assert trainer.advance().number == 1
    replica = Replica(new_model(family, trainer.model.config, spec))
    replica.load(trainer.snapshot())
    card = card_for(family, spec, config=knob.values(trainer.model.config), training=knob.values(settings))
    opened = checkpoint.from_bytes(checkpoint.to_bytes(replica.model, card), FAMILIES)
    labels = torch.tensor([[0, 2]] * 5)
    assert torch.equal(sample(opened.model, labels=labels)[-1].x, sample(replica.model, labels=labels)[-1].x)


@each_family
def test_capabilities_are_the_methods_it_has(family):
    spec = SPECS["points"] if Kind.POINTS in family.kinds else IMAGES
    model = new_model(family, config_of(family), spec)
    assert model.capabilities <= family.offers
    for capability in Capability:
        assert (capability in family.offers) == callable(getattr(family, capability.value, None))
    assert Capability.SAMPLE in model.capabilities
    assert (Capability.DECODE in model.capabilities) == (model.latent_size > 0)
    if Capability.LOG_DENSITY in model.capabilities:
        assert model.density_kind in ("exact", "bound", "unnormalised")


@pytest.mark.parametrize("family", [f for f in EVERY.values() if Kind.IMAGE in f.kinds], ids=lambda f: f.name)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
def test_common_picture_sizes_work(family, shape):
    spec = DataSpec(Kind.IMAGE, shape)
    trainer = Trainer(new_model(family, config_of(family), spec), unlabelled(spec), SETTINGS)
    trainer.advance()
    assert sample(trainer.model.eval(), 2)[-1].x.shape == (2, *shape)


def unlabelled(spec):
    from genplay.core.dataset import Dataset

    rows = (torch.rand(40, *spec.shape, generator=torch.Generator().manual_seed(0)) * 255).byte()
    none = torch.zeros(20, 0, dtype=torch.int64)
    return Dataset("bare", "Bare", "none", spec, rows[:20], none, rows[20:], none)


# ---- training --------------------------------------------------------------------------------------------------


@each
def test_each_objective_steps_its_group_alone_and_at_once(family, spec):
    trainer = trainer_of(family, spec)
    seen = []
    told = trainer.model.objectives

    def watched(batch, generator):
        before = {n: p.flat.values.clone() for n, p in trainer.players.items()}
        for objective in told(batch, generator):
            yield objective
            after = {n: p.flat.values.clone() for n, p in trainer.players.items()}
            seen.append((objective.group, {n for n in after if not torch.equal(after[n], before[n])}))
            before = after

    trainer.model.objectives = watched
    trainer.advance()
    assert seen
    assert all(changed == {group} for group, changed in seen)
    assert {group for group, _ in seen} == set(trainer.players)


@each
def test_logged_terms_are_finite_numbers(family, spec):
    step = trainer_of(family, spec).advance()
    assert any(name.startswith("loss") for name in step.terms)
    assert all(np.isfinite(v) for v in step.terms.values())
    assert all(v.dim() == 1 and not torch.isinf(v).any() for v in step.vectors.values())  # NaN: not seen yet


def returned(steps):
    """What a generator returns at its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def measured(family):
    """What the engine measures of an adversarial model beside the losses."""
    if Capability.CRITIC not in family.offers or Kind.POINTS not in family.kinds:
        return set()
    ring = load("ring", {})
    model = new_model(family, family.Config(), ring.spec).eval()
    with torch.no_grad():
        found = mode_terms(model, ring, torch.Generator().manual_seed(0), 64)
    return {*found, DIVERGENCE}  # which there is not before a sample is near a mode


@pytest.mark.parametrize("family", list(FAMILIES.values()), ids=list(FAMILIES))
def test_every_plot_has_something_to_show(family):
    names = {DRIFT}  # which the engine logs
    built_on = [{k.name: "another"} for k in knob.knobs(family.Config) if k.control == "model"]
    cured = [remedy.config for remedy in family.remedies]  # which may log more
    for spec in SPECS.values():
        if spec.kind in family.kinds:
            for config in (*cured, {}, *built_on):
                trainer = trainer_of(family, spec, **config)
                names |= set(trainer.advance().terms)
            found = returned(held_out_terms(trainer.model.eval(), trainer.data, 1, seed=0))
            assert set(found) == {f"held-out {name}" for name in trainer.model.held_out}
            assert all(np.isfinite(v) for v in found.values())
            names |= set(found)
    names |= measured(family)
    for plot in family.plots:
        for series in plot.series:
            found = any(n.startswith(series[:-1]) for n in names) if series.endswith("*") else series in names
            assert found, f"nothing logs {series}"


@each_once
def test_a_poisoned_batch_stops_training_and_spoils_nothing(family, spec):
    trainer = trainer_of(family, spec)
    trainer.advance()
    before = weights(trainer)
    healthy = trainer.batches.next

    def poisoned(step=0, count=1):
        batch = healthy(step, count)
        return dataclasses.replace(batch, x=batch.x * float("nan"))

    trainer.batches.next = poisoned
    with pytest.raises(Diverged, match="step 2"):
        trainer.advance()
    after = weights(trainer)
    assert same(before[0], after[0])
    assert before[1] == after[1]
    trainer.batches.next = healthy
    assert all(np.isfinite(v) for v in trainer.advance().terms.values())


# ---- resuming --------------------------------------------------------------------------------------------------


def resumed(family, spec, spoil=lambda tensors, plain, fresh: None):
    """Weights after 6 steps, of which the last 3 were made by another trainer from the first one's saved state."""
    first = trainer_of(family, spec)
    for _ in range(3):
        first.advance()
    tensors, plain = checkpoint.unpack(checkpoint.pack(*first.state()))
    second = trainer_of(family, spec, seed=3)
    spoil(tensors, plain, second.state())
    second.restore(tensors, plain)
    for _ in range(3):
        second.advance()
    return weights(second)[0]


def uninterrupted(family, spec):
    trainer = trainer_of(family, spec)
    for _ in range(6):
        trainer.advance()
    return weights(trainer)[0]


@each_once
def test_resuming_is_bit_exact(family, spec):
    assert same(resumed(family, spec), uninterrupted(family, spec))


def drop_optimiser(tensors, plain, fresh):
    for name in [n for n in tensors if n.startswith("optimiser.")]:
        del tensors[name]


def drop_average(tensors, plain, fresh):
    tensors |= {n: t for n, t in fresh[0].items() if n.startswith("average.")}


def drop_random_state(tensors, plain, fresh):
    tensors["generator"] = fresh[0]["generator"]


def drop_data_order(tensors, plain, fresh):
    plain["position"] = fresh[1]["position"]


@pytest.mark.parametrize("drop", [drop_optimiser, drop_average, drop_random_state, drop_data_order])
@each_once
def test_resuming_needs_the_whole_state(family, spec, drop):
    if drop is drop_random_state and not draws_noise(family, spec):
        drop = drop_data_order  # training without noise does not depend on the random state
    assert not same(resumed(family, spec, drop), uninterrupted(family, spec))


def draws_noise(family, spec):
    trainer = trainer_of(family, spec)
    before = trainer.generator.get_state()
    trainer.advance()
    return not torch.equal(before, trainer.generator.get_state())


@each
def test_a_state_of_other_settings_is_refused(family, spec):
    other = POINTS if spec is not POINTS else IMAGES
    if other.kind not in family.kinds:
        other = COLOUR if spec is not COLOUR else IMAGES
    trainer = trainer_of(family, spec)
    state = trainer_of(family, other).state()
    with pytest.raises(BadInput, match="does not fit"):
        trainer.restore(*state)


# ---- sampling --------------------------------------------------------------------------------------------------


@each
def test_samples_have_the_right_shape_and_time_runs_to_zero(family, spec):
    frames = sample(trainer_of(family, spec).model.eval())
    assert all(isinstance(f, Frame) and f.x.shape == (5, *spec.shape) for f in frames)
    assert all(torch.isfinite(f.x.float()).all() for f in frames)
    assert all(len(v) == 5 for f in frames for v in f.extras.values())
    times = [f.t for f in frames]
    assert times == sorted(times, reverse=True)
    assert times[-1] == 0
    assert times[0] <= 1


@each
def test_sampling_is_decided_by_the_generator_alone(family, spec):
    model = trainer_of(family, spec).model.eval()
    first = sample(model)[-1].x
    torch.manual_seed(99)
    torch.rand(7)
    assert torch.equal(sample(model)[-1].x, first)
    assert not torch.equal(sample(model, seed=2)[-1].x, first)


@each
def test_sampling_and_training_leave_the_global_random_state_alone(family, spec):
    trainer = trainer_of(family, spec)
    before = torch.get_rng_state()
    trainer.advance()
    sample(trainer.model.eval())
    assert torch.equal(torch.get_rng_state(), before)


@each
def test_labels_may_be_given_left_open_or_absent(family, spec):
    model = trainer_of(family, spec).model.eval()
    for labels in (None, torch.tensor([[0, 1]] * 5), torch.tensor([spec.any_labels] * 5)):
        assert sample(model, labels=labels)[-1].x.shape == (5, *spec.shape)


@each
def test_codes_make_their_samples_again(family, spec):
    model = trainer_of(family, spec).model.eval()
    last = sample(model)[-1]
    if "z" in last.extras and Capability.DECODE in model.capabilities:
        with torch.no_grad():
            torch.testing.assert_close(model.decode(last.extras["z"], None), last.x)
    else:
        assert model.latent_size == 0, "a model with codes must put them into its frames"


@each
def test_encode_and_decode_have_the_right_shapes(family, spec):
    model = trainer_of(family, spec).model.eval()
    x = torch.rand(4, *spec.shape) * 2 - 1
    if Capability.DECODE in model.capabilities:
        assert model.decode(torch.zeros(4, model.latent_size), None).shape == x.shape
    if Capability.ENCODE in model.capabilities:
        mu, logvar = model.encode(x, None)
        assert mu.shape == (4, model.latent_size)
        assert logvar is None or logvar.shape == mu.shape
    if Capability.LOG_DENSITY in model.capabilities:
        density = model.log_density(x, None, torch.Generator().manual_seed(0))
        assert density.shape == (4,)
        assert torch.isfinite(density).all()


# ---- live knobs ------------------------------------------------------------------------------------------------


@each_family
def test_live_knobs_change_and_others_do_not(family):
    trainer = trainer_of(family, POINTS if Kind.POINTS in family.kinds else IMAGES)
    for k in knob.knobs(family.Config):
        value = k.choices[-1] if k.choices else not k.default if isinstance(k.default, bool) else k.low
        if k.live:
            trainer.set_live({k.name: value})
            assert getattr(trainer.model.config, k.name) == value
        else:
            with pytest.raises(BadInput, match="cannot be changed"):
                trainer.set_live({k.name: value})
    trainer.set_live({"learning_rate": 1e-4})
    assert trainer.config.learning_rate == 1e-4
    with pytest.raises(BadInput, match="learning_rate"):
        trainer.set_live({"learning_rate": -1.0})
    trainer.advance()


# ---- frozen copies and files -----------------------------------------------------------------------------------


def trained_replica(family, spec):
    trainer = trainer_of(family, spec)
    for _ in range(3):
        trainer.advance()
    replica = Replica(new_model(family, config_of(family), spec, seed=8))
    replica.load(trainer.snapshot())
    return trainer, replica


@each_once
def test_a_replica_shows_the_averaged_weights_and_keeps_them(family, spec):
    trainer, replica = trained_replica(family, spec)
    for name, parameters in replica.model.parameter_groups().items():
        average = trainer.players[name].average
        start = 0
        for p in parameters:
            piece = average[start : start + p.numel()]
            logical = piece.view(p.shape[0], *p.shape[2:], p.shape[1]).permute(0, 3, 1, 2) if p.dim() == 4 else piece
            assert torch.equal(p, logical.reshape(p.shape))
            start += p.numel()
    before = sample(replica.model)[-1].x
    snapshot = trainer.snapshot()
    copies = {name: t.clone() for name, t in (snapshot.values | snapshot.buffers).items()}
    trainer.advance()
    assert torch.equal(sample(replica.model)[-1].x, before)
    assert same(snapshot.values | snapshot.buffers, copies), "a snapshot is never written again"
    assert replica.step == 3


@each_once
def test_looking_does_not_change_training(family, spec):
    quiet, watched = trainer_of(family, spec), trainer_of(family, spec)
    replica = Replica(new_model(family, config_of(family), spec))
    for _ in range(4):
        quiet.advance()
        watched.advance()
        replica.load(watched.snapshot())
        sample(replica.model)
    assert same(weights(quiet)[0], weights(watched)[0])


def card_for(family, spec, **changes):
    card = Card(family.name, "test", spec, knob.values(config_of(family)), knob.values(SETTINGS), "toy")
    return dataclasses.replace(card, **changes)


@each_once
def test_a_checkpoint_brings_the_same_samples_back(family, spec, tmp_path):
    _, replica = trained_replica(family, spec)
    path = tmp_path / "model.safetensors"
    card = card_for(family, spec, step=3)
    digest = checkpoint.save(path, replica.model, card)
    opened = checkpoint.load(path, EVERY)
    assert opened.card == card
    assert opened.digest == digest
    for ours, theirs in zip(sample(replica.model), sample(opened.model), strict=True):
        assert torch.equal(ours.x, theirs.x)
    assert checkpoint.to_bytes(opened.model, card) == path.read_bytes()


# ---- probes ----------------------------------------------------------------------------------------------------


def questions(model, spec):
    x = np.full((20, 30, 3), 90, np.uint8) if spec.kind is Kind.IMAGE else np.array([0.3, -0.2], np.float32)
    x = spec.tokens(["abac"])[0] if spec.kind is Kind.TOKENS else x
    z = np.linspace(-1, 1, 3 * model.latent_size).reshape(3, -1).astype(np.float32)
    own = np.full(spec.shape[1:] + spec.shape[:1], 90, np.uint8) if spec.kind is Kind.IMAGE else x
    return {
        "DrawSamples": (requests.DrawSamples(n=11, condition=(0, 1) if model.takes_labels else ()), results.Samples),
        "Trajectory": (requests.Trajectory(n=2), results.Tape),
        "FindNearest": (requests.FindNearest(own, k=4), results.Neighbours),
        "Decode": (requests.Decode(z), results.Decoded),
        "Encode": (requests.Encode(x, spread=3), results.Encoded),
        "MapLatent": (requests.MapLatent(n=30), results.LatentMap),
        "DecodePath": (requests.DecodePath(z, frames=7), results.Decoded),
        "Traverse": (requests.Traverse(z[0], values=(-1.0, 1.0)), results.Decoded),
        "EstimateLikelihood": (requests.EstimateLikelihood(n=4, importance_samples=4), results.Likelihood),
        "LookAtDensity": (requests.LookAtDensity(side=8, arrows=3, n=5, importance_samples=2), results.Density),
        "CompareLikelihoods": (requests.CompareLikelihoods(n=4, importance_samples=2), results.Likelihoods),
        "MapLikelihood": (requests.MapLikelihood(own, importance_samples=2), results.LikelihoodMap),
        "LookAtGame": (requests.LookAtGame(n=20, side=5, lines=3, unroll=1), results.Game),
        "JudgePictures": (requests.JudgePictures(n=6, saliency=True), results.Judged),
        "Translate": (requests.Translate(n=5, strength=0.5), results.Translated),
        "MeasureModes": (requests.MeasureModes(n=60), results.Modes),
        "Invert": (requests.Invert(x), results.Tape),
        "NextProbs": (requests.NextProbs(own, 37 if spec.kind is Kind.IMAGE else 2), results.NextProbs),
        "CheckNovelty": (requests.CheckNovelty(own[None]), results.Novelty),
        "LookAtCodebook": (requests.LookAtCodebook(n=20), results.Codebook),
        "RedrawLevels": (requests.RedrawLevels(z[0], columns=2, n=3), results.Levels),
        "LookAtFilters": (requests.LookAtFilters(n=6), results.Filters),
        **of_noise(own, spec),
    }


def of_noise(own, spec):
    """The questions to models with a Gaussian path."""
    quick = {"steps": 3}
    fight = requests.Duel(({"sampler": "ddim", "steps": 3}, {"sampler": "ddpm", "steps": 3}), n=2)
    asked = {"condition": (0, 1), "config": {**quick, "guidance": 2.0}}
    return {
        "WalkNoise": (requests.WalkNoise(frames=5, config=quick), results.Samples),
        "Duel": (fight, results.Duel),
        "Corrupt": (requests.Corrupt(own[None]), results.Corrupted),
        "DescribeSchedule": (requests.DescribeSchedule(points=11), results.Schedule),
        "FieldAt": (requests.FieldAt(side=3, pixels=8), results.Field),
        "Guide": (requests.Guide(n=3, preview=2, **asked), results.Samples),
        "SweepGuidance": (requests.SweepGuidance((0.0, 2.0), columns=2, **asked), results.Sweep),
        "MeasureGuidance": (requests.MeasureGuidance((0.0, 2.0), n=24, **asked), results.GuidanceCost),
        "BoundByTime": (requests.BoundByTime(n=4, bins=4, steps=20), results.BoundByTime),
    }


OF_GUIDANCE = {"Guide", "SweepGuidance", "MeasureGuidance"}  # which discrete noise has too
OF_NOISE = of_noise(np.zeros(2, np.float32), POINTS).keys() - OF_GUIDANCE
MAY_BE_OPEN = {"MeasureGuidance", "MeasureModes"}  # NaN where there is nothing to measure


def last(answers):
    found = list(answers)
    assert found
    assert all(p.progress is None or 0 <= p.progress <= 1 for p in found)
    return found[-1].value


def arrays(value):
    """Every array in a record, however deep."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from arrays(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from arrays(item)
    elif dataclasses.is_dataclass(value):
        for f in dataclasses.fields(value):
            yield from arrays(getattr(value, f.name))


@pytest.mark.parametrize(("family", "spec"), list(cases_once(("score", "flow_matching", "latent_diffusion"))))
def test_every_probe_whose_needs_are_met_answers_the_same_twice(family, spec, monkeypatch):
    monkeypatch.setattr(judge, "STEPS", 3)
    monkeypatch.setattr(duel, "FINE_STEPS", 10)
    model = trained_replica(family, spec)[1].model
    data = toy_data(spec)
    asked = 0
    for name, (question, kind) in questions(model, spec).items():
        probe = PROBES[name]
        reason = refusal(probe, model, spec)
        if reason:
            with pytest.raises(BadInput, match=reason):
                next(ask(probe, model, data, question))
            continue
        answer = last(ask(probe, model, data, question))
        torch.rand(3)
        again = last(ask(probe, model, data, question))
        assert isinstance(answer, kind)
        for a, b in zip(arrays(told(answer)), arrays(told(again)), strict=True):
            np.testing.assert_array_equal(a, b)
            assert name in MAY_BE_OPEN or not np.issubdtype(a.dtype, np.floating) or np.isfinite(a).all()
        asked += 1
    assert asked >= 3


def refusal(probe, model, spec):
    """Why a probe cannot ask a model, "" where it can."""
    if not probe.needs <= model.capabilities:
        return "cannot answer that"
    if spec.kind not in probe.kinds:
        return "cannot be asked about"
    if probe.name in OF_NOISE and not isinstance(model, GaussianModel):
        return "no noise schedule"
    return ""


def told(answer):
    """An answer without what a clock says."""
    return dataclasses.replace(answer, seconds=np.zeros(0)) if isinstance(answer, results.Duel) else answer


def test_every_question_has_a_probe():
    assert PROBES.keys() == requests.Question.known.keys()


def test_attributes_need_not_exist():
    spec = DataSpec(Kind.POINTS, (2,), (Attribute("one", ("only",)),))
    for family in EVERY.values():
        if Kind.POINTS in family.kinds:
            model = new_model(family, config_of(family), spec).eval()
            assert sample(model, labels=torch.zeros(5, 1, dtype=torch.int64))[-1].x.shape == (5, 2)
