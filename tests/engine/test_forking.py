"""Runs forked from a snapshot, with other settings: what goes on exactly, what changes, and what is said of it."""

import shlex
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import toys

from genplay import families
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.requests import Control, CreateRun, ForkRun
from genplay.engine.forking import NOTE
from genplay.engine.run import Run
from genplay.engine.training_job import Outside, train

ALONE = Outside(*[lambda *_: None] * 5, autosave_seconds=1e9)
TRAINING = {"batch_size": 16, "ema": 0.9}


@dataclass(frozen=True)
class WideConfig:
    """A critic with further inputs, and a live knob that leaves its mark on the weights."""

    critic_steps: int = knob(1, "critic steps", "critic updates", low=1, high=5)
    extra: int = knob(0, "extra", "further inputs of the critic", low=0, high=4)
    sharp: float = knob(1.0, "sharpness", "factor of the critic's scores", low=0.1, high=9.0, live=True)


class WideGAN(toys.ToyGAN):
    """A toy GAN whose critic may have further inputs, all ones."""

    name, title, Config = "wide_gan", "wide GAN", WideConfig

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.judge = toys.net(spec.size + config.extra, 16, 1)
        self.register_buffer("marks", torch.zeros(1))

    def set_live(self, values):
        super().set_live(values)
        self.marks.fill_(self.config.sharp)

    def critic(self, x, labels=None):
        ones = torch.ones(len(x), self.config.extra)
        return self.config.sharp * self.judge(torch.cat([x.flatten(1), ones], 1))[:, 0]


@pytest.fixture(autouse=True)
def _known(toy_families, monkeypatch):
    both = toy_families | {"wide_gan": WideGAN}
    monkeypatch.setattr(families, "all", lambda: both)


def make(n=0, family="wide_gan", **facts):
    run = Run.create("r", "r", family, "ring", **{"training": TRAINING, "seed": 5, **facts})
    return steps(run, n)


def steps(run, n):
    job = train(run, ALONE)
    for _ in range(n):
        next(job)
    job.close()
    return run


def same(a, b):
    (tensors, plain), (others, more) = a.state(), b.state()
    del plain["seconds"], more["seconds"]
    return (
        plain == more and tensors.keys() == others.keys() and all(torch.equal(tensors[n], others[n]) for n in tensors)
    )


def some_step(run):
    return next(step for step in run.history.steps if step > 10)


@pytest.mark.parametrize("family", ["wide_gan", "toy_gan"])
def test_a_fork_from_a_snapshot_goes_on_exactly(family):
    run = make(60, family)
    step = some_step(run)
    twin = run.fork("t", "t", False, step)
    assert twin.step == step < 60
    assert twin.config == run.config
    assert same(steps(twin, 60 - step), run)
    assert twin.command() == run.command()


def test_a_fork_has_the_knobs_curves_and_film_of_its_step():
    run = make(40)
    run.add_film(5, np.zeros((2, 2), np.float32)), run.add_film(39, np.zeros((2, 2), np.float32))
    run.set_live({"learning_rate": 0.01, "sharp": 2.0})
    steps(run, 30)
    twin = run.fork("t", "t", False, some_step(run))
    assert (twin.training.learning_rate, twin.trainer.config.learning_rate) == (2e-3, 2e-3)
    assert twin.config.sharp == twin.trainer.model.config.sharp == 1.0
    assert [step for step, _ in twin.film] == [5]
    assert max(twin.curves.steps) == twin.step
    assert list(twin.curves.steps) == list(run.curves.steps)[: twin.step]
    assert twin.curves.block("t").reset
    now = run.fork("n", "n", False)
    assert (now.training.learning_rate, now.config.sharp) == (0.01, 2.0)
    assert len(now.film) == 2
    assert same(now, run)


def test_structure_may_change_and_the_critic_says_the_same_at_first():
    run = make(50)
    twin = run.fork("t", "t", False, config={"extra": 3})
    x = torch.randn(20, 2)
    assert twin.trainer.model.judge[0].in_features == 5
    with torch.no_grad():
        torch.testing.assert_close(twin.trainer.model.critic(x), run.trainer.model.critic(x))
    assert twin.step == 50
    assert torch.equal(twin.trainer.generator.get_state(), run.trainer.generator.get_state())
    steps(twin, 5)
    assert not torch.equal(twin.trainer.model.judge[0].weight[:, 2:], torch.zeros(16, 3))


def test_live_and_training_knobs_may_change():
    run = make(50)
    step = some_step(run)
    twin = run.fork("t", "t", False, step, {"sharp": 3.0}, {"learning_rate": 0.01, "batch_size": 8})
    assert twin.config.sharp == twin.trainer.model.config.sharp == 3.0
    assert twin.trainer.model.marks == 3.0, "as if set by hand after the weights had come"
    assert twin.trainer.config.learning_rate == 0.01
    assert twin.trainer.batches.batch_size == 8
    assert torch.equal(twin.trainer.players["critic"].flat.values, run.history.at(step).tensors["values.critic"])
    steps(twin, 3)


def test_an_untrained_fork_takes_the_changes_too():
    run = make(20)
    twin = run.fork("t", "t", True, config={"extra": 2, "sharp": 2.0}, training={"ema": 0.5})
    other = Run.create(
        "o", "o", "wide_gan", "ring", config={"extra": 2, "sharp": 2.0}, training=TRAINING | {"ema": 0.5}, seed=5
    )
    assert same(twin, other)
    assert twin.command() == other.command()


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"step": 4321}, r"^There is no snapshot of step 4,321 to go back to\.$"),
        ({"config": {"extra": 99}}, "extra must be between"),
        ({"config": {"learning_rate": 0.1}}, "no setting 'learning_rate'"),
        ({"training": {"batch_size": 0}}, "batch_size must be"),
    ],
)
def test_what_cannot_be_is_said(facts, said):
    with pytest.raises(BadInput, match=said):
        make(12).fork("t", "t", False, **facts)


def test_the_present_step_needs_no_snapshot():
    run = make(15, "toy_diffusion")
    assert same(run.fork("t", "t", False, 15), run)


# ---- what it says of itself ------------------------------------------------------------------------------------------


def test_a_command_says_where_it_is_not_the_whole_truth(tmp_path):
    run = make(20)
    twin = steps(run.fork("t", "t", False, config={"extra": 2}, training={"learning_rate": 0.01}), 5)
    command, _, told = twin.command().partition(NOTE)
    assert "extra=2" in command and "--steps 25" in command
    assert told == "a fork at step 20 changed extra to 2, learning_rate to 0.01"
    assert shlex.split(twin.command(), comments=True) == shlex.split(command), "it can be pasted as it is"
    again = steps(twin.fork("u", "u", False, config={"sharp": 2.0}), 1)
    assert again.command().endswith(told + "; a fork at step 25 changed sharp to 2.0")
    again.save(tmp_path / "x.safetensors")
    opened = Run.from_checkpoint("o", str(tmp_path / "x.safetensors"), torch.device("cpu"))
    assert opened.command() == again.command()
    woken = Run.from_card("w", again.card(), torch.device("cpu"))
    woken.wake_from(again.state(), again.curves)
    assert woken.command() == again.command()
    opened.restart()
    assert NOTE not in opened.command()


def test_a_command_that_is_the_whole_truth_says_nothing_more():
    run = make(20)
    assert NOTE not in run.fork("t", "t", False).command()
    assert NOTE not in run.fork("t", "t", False, config={"extra": 0}).command(), "nothing changed"
    start = run.fork("t", "t", False, 0, training={"batch_size": 8})
    other = Run.create("o", "o", "wide_gan", "ring", training=TRAINING | {"batch_size": 8}, seed=5)
    assert NOTE not in start.command()
    assert same(steps(start, 6), steps(other, 6)), "at step 0 nothing has been trained"


# ---- through the engine ----------------------------------------------------------------------------------------------


def test_the_window_forks_from_a_snapshot_with_a_remedy(watch):
    watch.engine.submit(CreateRun("r", "r", "wide_gan", "ring", training=TRAINING, seed=5))
    watch.engine.submit(Control("r", Control.PLAY))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].step > 40 and w.runs["r"].snapshots)
    watch.engine.submit(Control("r", Control.PAUSE))
    watch.settled("r")
    step = next(s for s in watch.runs["r"].snapshots if s > 5)
    watch.engine.submit(ForkRun("r", "t", "twin", step=step, config={"extra": 2}, training={"learning_rate": 0.01}))
    watch.until(lambda w: "t" in w.runs)
    twin = watch.runs["t"]
    assert (twin.step, twin.status, twin.config["extra"], twin.training["learning_rate"]) == (step, "paused", 2, 0.01)
    blocks = [b for b in watch.curves if b.run_id == "t"]
    assert blocks[0].reset and blocks[0].steps.max() == step
    assert {f.step for f in watch.films if f.run_id == "t"} <= set(range(step + 1))
    watch.engine.submit(Control("t", Control.STEP))
    watch.until(lambda w: w.runs["t"].step == step + 1)
    watch.engine.submit(ForkRun("r", "u", "no", step=10**6))
    watch.until(lambda w: w.failures)
    assert (watch.failures[0].run_id, watch.failures[0].message[:26]) == ("u", "There is no snapshot of st")
    assert "u" not in watch.runs


@pytest.mark.parametrize("name", ["packing", "minibatch discrimination", "r1", "two time-scales"])
def test_remedies_of_gans_change_nothing_that_was_learnt(name):
    run = make(60, "gan", config={"width": 4})
    remedy = next(r for r in run.family.remedies if r.name == name)
    twin = run.fork("t", "t", False, config=remedy.config, training=remedy.training)
    x, z = torch.randn(32, 2), torch.randn(32, run.trainer.model.latent_size)
    old, new = run.trainer.model.eval(), twin.trainer.model.eval()
    with torch.no_grad():
        torch.testing.assert_close(new.critic(x), old.critic(x), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(new.decode(z), old.decode(z))
    new.train()
    steps(twin, 3)
