"""Models that build on others: where these are found, and when their weights are taken over."""

from dataclasses import dataclass

import pytest
import torch
import toys
from torch import nn

from genplay import families
from genplay.contract import knob as knobs
from genplay.contract.card import digest
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.requests import Control, CreateRun, DrawSamples, ForkRun
from genplay.core import checkpoint
from genplay.core.model import Frame, Model, Objective
from genplay.core.probe import ask
from genplay.engine.run import Run
from genplay.engine.stages import Stages
from genplay.probes import all as all_probes


@dataclass(frozen=True)
class PupilConfig:
    """A pupil names its teacher; what the teacher is like is filled in."""

    teacher: str = knob("", "teacher", "the flow to learn from", control="model")
    born: int = knob(0, "born", "seed of the teacher's run", low=0, high=1000, control="settled")


class Pupil(Model):
    """Keeps a toy flow's weights as constants, and begins with its shift."""

    name, title, Config = "pupil", "pupil", PupilConfig
    begun = 0

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.shift = nn.Parameter(torch.zeros(spec.size))
        self.register_buffer("below", torch.zeros(spec.size, spec.size))

    @classmethod
    def settle(cls, values, open_file):
        teacher = open_file(values["teacher"])
        if not isinstance(teacher.model, toys.ToyFlow):
            raise BadInput("The teacher must be a toy flow.")
        return values | {"born": teacher.card.seed}

    def begin(self, open_file):
        teacher = open_file(self.config.teacher).model
        self.below.copy_(teacher.below)
        self.shift.copy_(teacher.shift)
        Pupil.begun += 1

    def constants(self):
        return {"below"}

    def objectives(self, batch, generator):
        yield Objective((batch.x - self.shift).square().mean())

    def sample_steps(self, n, config, generator, labels=None):
        yield Frame(torch.randn(n, self.spec.size, generator=generator) @ self.below.T + self.shift)


@pytest.fixture(autouse=True)
def known(toy_families, monkeypatch):
    both = toy_families | {"pupil": Pupil}
    monkeypatch.setattr(families, "all", lambda: both)
    monkeypatch.setattr(Pupil, "begun", 0)


def teacher(seed=7, steps=5):
    run = Run.create("t", "teacher", "toy_flow", "ring", training={"batch_size": 16, "warmup": 0}, seed=seed)
    for _ in range(steps):
        run.log(run.trainer.advance())
    return run


def pupil(stages, name, **facts):
    return Run.create("p", "pupil", "pupil", "ring", config={"teacher": name}, stages=stages, **facts)


def test_a_run_is_set_down_by_content_and_found_by_name_and_path(tmp_path):
    stages, run = Stages(tmp_path / "stages"), teacher()
    name = stages.keep(run)
    path = tmp_path / "stages" / name
    assert path.name == f"{digest(path)}.safetensors"
    for given in (name, path.stem, str(path)):
        assert torch.equal(stages.open(given).model.below, run.replica().model.below)
    when = path.stat().st_mtime_ns
    assert stages.keep(run) == name
    assert path.stat().st_mtime_ns == when
    run.log(run.trainer.advance())
    assert stages.keep(run) != name


def test_a_shipped_checkpoint_goes_by_its_name(tmp_path):
    stages = Stages(tmp_path)
    shipped = stages.open("vae-ring8")
    assert shipped.card.family == "vae"
    from genplay.contract import paths

    run = Run.from_checkpoint("s", str(paths.shipped("checkpoints") / "vae-ring8.safetensors"), torch.device("cpu"))
    assert stages.keep(run) == "vae-ring8"
    run.log(run.trainer.advance())
    assert stages.keep(run) != "vae-ring8"


@pytest.mark.parametrize(("name", "said"), [("nowhere.safetensors", "nowhere"), ("", "Choose the model")])
def test_what_cannot_be_built_on_is_one_sentence(tmp_path, name, said):
    with pytest.raises(BadInput, match=said):
        pupil(Stages(tmp_path), name)


def test_the_family_may_refuse_what_it_cannot_build_on(tmp_path):
    with pytest.raises(BadInput, match="toy flow"):
        pupil(Stages(tmp_path), "vae-ring8")


def test_weights_are_taken_over_once_and_then_are_the_runs_own(tmp_path):
    stages, old = Stages(tmp_path / "stages"), teacher()
    run = pupil(stages, stages.keep(old))
    assert run.config.born == 7
    assert torch.equal(run.trainer.model.below, old.replica().model.below)
    assert torch.equal(run.snapshot().values["model"], old.replica().model.shift), "the average begins there, too"
    for _ in range(3):
        run.log(run.trainer.advance())
    assert Pupil.begun == 1
    path = tmp_path / "pupil.safetensors"
    run.save(path)
    state = run.state()
    for file in (tmp_path / "stages").iterdir():
        file.unlink()
    again = Run.from_checkpoint("again", str(path), torch.device("cpu"), stages)
    woken = Run.from_card("woken", run.card(), torch.device("cpu"), stages)
    woken.wake_from(state, run.curves)
    twin = run.fork("twin", "twin", fresh=False)
    run.move(torch.device("cpu:0"))
    for other in (again, woken, twin, run):
        assert torch.equal(other.replica().model.below, old.replica().model.below)
    assert Pupil.begun == 1


def test_a_training_from_scratch_takes_them_over_again_or_leaves_the_run_as_it_is(tmp_path):
    stages, old = Stages(tmp_path), teacher()
    run = pupil(stages, stages.keep(old))
    run.log(run.trainer.advance())
    fresh = run.fork("fresh", "fresh", fresh=True)
    assert torch.equal(fresh.trainer.model.shift, old.replica().model.shift)
    run.restart()
    assert (Pupil.begun, run.step) == (3, 0)
    run.log(run.trainer.advance())
    for file in tmp_path.iterdir():
        file.unlink()
    before = run.trainer
    with pytest.raises(BadInput, match="to build on"):
        run.restart()
    assert run.trainer is before
    assert run.step == 1


def test_the_recipe_names_the_model_and_not_what_follows_from_it(tmp_path):
    stages = Stages(tmp_path)
    run = pupil(stages, stages.keep(teacher()))
    assert f"teacher={run.config.teacher}" in run.command()
    assert "born" not in run.command()
    assert run.card().config["born"] == 7


def test_the_engine_sets_a_run_down_when_another_builds_on_it(watch, tmp_path):
    watch.engine.submit(CreateRun("t", "teacher", "toy_flow", "ring", training={"batch_size": 16}, seed=5))
    watch.engine.submit(Control("t", "step"))
    watch.until(lambda w: "t" in w.runs and (w.runs["t"].step, w.runs["t"].status) == (1, "paused"))
    watch.engine.submit(CreateRun("p", "pupil", "pupil", "ring", config={"teacher": "run:t"}))
    watch.until(lambda w: "p" in w.runs)
    name = watch.runs["p"].config["teacher"]
    kept = checkpoint.load(tmp_path / "stages" / name, families.all())
    assert kept.card.step == 1
    assert watch.runs["p"].config["born"] == 5
    watch.engine.submit(ForkRun("p", "q", "again", fresh=True))
    watch.until(lambda w: "q" in w.runs)
    assert not watch.failures
    watch.engine.submit(CreateRun("x", "pupil", "pupil", "ring", config={"teacher": "run:gone"}))
    watch.until(lambda w: w.failures)
    assert watch.failures[0].run_id == "x"
    assert "x" not in watch.runs


def test_the_engine_finds_it_again_after_a_restart_of_the_program(start, tmp_path):
    watch = start()
    watch.engine.submit(CreateRun("t", "teacher", "toy_flow", "ring", training={"batch_size": 16}))
    watch.engine.submit(CreateRun("p", "pupil", "pupil", "ring", config={"teacher": "run:t"}))
    watch.until(lambda w: "p" in w.runs)
    assert watch.engine.close(20)
    again = start()
    again.until(lambda w: "p" in w.runs)
    again.engine.submit(Control("p", "step"))
    again.until(lambda w: w.runs["p"].step == 1)
    again.engine.submit(Control("p", "restart"))
    again.until(lambda w: w.runs["p"].step == 0)
    assert not again.failures


def test_a_probe_sees_what_was_taken_over(tmp_path):
    stages = Stages(tmp_path)
    run = pupil(stages, stages.keep(teacher()))
    answers = list(ask(all_probes()["DrawSamples"], run.replica().model, None, DrawSamples(n=200, seed=1)))
    expected = run.trainer.model.below @ run.trainer.model.below.T
    covariance = torch.from_numpy(answers[-1].value.x).T.cov()
    torch.testing.assert_close(covariance, expected, atol=0.3 * float(expected.abs().max()), rtol=0)


def test_the_settings_are_checked_before_the_family_completes_them(tmp_path):
    with pytest.raises(BadInput, match="no setting"):
        Run.create("p", "p", "pupil", "ring", config={"nonsense": 1}, stages=Stages(tmp_path))
    assert [k.control for k in knobs.knobs(PupilConfig)] == ["model", "settled"]
