"""Training a player at a time: phases, what the window sees in between, and that nothing becomes different by it."""

import time

import numpy as np
import pytest
import torch
from toys import ToyGAN

from genplay.contract.requests import (
    Ask,
    Control,
    CreateRun,
    DeleteRun,
    DrawSamples,
    ForkRun,
    RestoreRun,
    Rewind,
    SaveRun,
    SetDevice,
)
from genplay.core.model import Objective
from genplay.engine.run import Run

EXACT = {"batch_size": 16, "ema": 0.9}


@pytest.fixture(autouse=True)
def _known(toy_families):
    pass


def make(family="toy_gan", **training):
    return Run.create("r", "r", family, "ring", training=EXACT | training, seed=5)


def tensors(run):
    return run.state()[0]


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(t, b[n]) for n, t in a.items())


def unbroken(n, **training):
    run = make(**training)
    for _ in range(n):
        run.advance()
    return run


def test_a_step_in_parts_is_the_same_step_and_is_logged_once():
    run, phases = make(), []
    for _ in range(9):
        run.substep()
        phases.append((run.step, run.phase))
    step = ["critic", "critic", ""]
    assert phases == [(at, phase) for n in range(3) for at, phase in zip((n, n, n + 1), step)]
    other = unbroken(3)
    assert same(tensors(run), tensors(other))
    assert list(run.curves.steps) == [1, 2, 3]
    assert run.curves.series == other.curves.series


@pytest.mark.parametrize("parts", [1, 2])
def test_whatever_needs_whole_steps_finishes_one_first(parts, tmp_path):
    def begun():
        run = unbroken(4)
        for _ in range(parts):
            run.substep()
        assert run.phase == "critic"
        return run

    whole = tensors(unbroken(5))
    saved, forked, moved = begun(), begun(), begun()
    saved.save(tmp_path / "x.safetensors")
    twin = forked.fork("t", "t", False)
    moved.move(torch.device("cpu:0"))
    for run in (saved, forked, twin, moved):
        assert (run.step, run.phase) == (5, "")
    for run in (saved, forked, twin):
        assert same(tensors(run), whole)
    assert same(
        {n: t for n, t in tensors(moved).items() if n != "generator"},
        {n: t for n, t in whole.items() if n != "generator"},
    )
    saved, again = begun(), unbroken(7)
    for _ in range(3):
        saved.advance()
    assert same(tensors(saved), tensors(again)), "the first step is what is left of the one that was begun"


def test_rewinding_and_restarting_in_the_middle_are_exact():
    run = make()
    run.remember()
    run.advance()
    run.substep()
    run.rewind(0)
    assert (run.step, run.phase) == (0, "")
    for _ in range(4):
        run.advance()
    assert same(tensors(run), tensors(unbroken(4)))
    run.substep()
    run.restart()
    assert (run.step, run.phase) == (0, "")
    run.advance()
    assert same(tensors(run), tensors(unbroken(1)))


def test_without_averaging_what_is_shown_follows_each_player_at_once():
    run = make(ema=0.0)
    before = run.snapshot().values
    run.substep()
    after = run.snapshot().values
    assert torch.equal(after["critic"], run.trainer.players["critic"].flat.values)
    assert not torch.equal(after["critic"], before["critic"])
    assert torch.equal(after["generator"], before["generator"])
    run.finish_step()
    assert torch.equal(run.trainer.players["critic"].average, run.trainer.players["critic"].flat.values)
    averaged = make(ema=0.9)
    before = averaged.snapshot().values["critic"]
    averaged.substep()
    assert torch.equal(averaged.snapshot().values["critic"], before)


def test_of_one_player_the_part_is_the_whole():
    run = make("toy_diffusion")
    run.substep()
    assert (run.step, run.phase) == (1, "")


def test_a_step_that_fails_is_over(monkeypatch):
    def objectives(self, batch, generator):
        yield Objective(next(self.judge.parameters()).sum(), "critic")
        raise RuntimeError("out of luck")

    run = make()
    run.substep()
    monkeypatch.setattr(ToyGAN, "objectives", objectives)
    run.finish_step()
    with pytest.raises(RuntimeError):
        run.substep()
    assert run.phase == ""
    monkeypatch.undo()


# ---- through the engine ----------------------------------------------------------------------------------------------


@pytest.fixture
def begun(watch):
    """A run that has been played and stands in the middle of a step."""
    watch.engine.submit(CreateRun("r", "r", "toy_gan", "ring", training=EXACT | {"ema": 0.0}, seed=5))
    watch.engine.submit(Control("r", Control.PLAY))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].step >= 5)
    watch.engine.submit(Control("r", Control.SUBSTEP))
    watch.until(lambda w: w.runs["r"].phase == "critic")
    return watch


def draw(watch, job):
    return watch.ask(Ask(job, f"s{job}", "r", DrawSamples(n=16))).value.x


def test_a_running_training_pauses_and_goes_on_in_parts(begun):
    state = begun.runs["r"]
    assert state.status == "paused"
    first = draw(begun, 1)
    for expected in (("critic", state.step), ("", state.step + 1), ("critic", state.step + 1)):
        begun.engine.submit(Control("r", Control.SUBSTEP))
        begun.until(lambda w, expected=expected: (w.runs["r"].phase, w.runs["r"].step) == expected)
        if not expected[0]:
            assert not np.array_equal(draw(begun, 2), first), "the weights of the generator are published"
    assert not begun.failures


def test_the_weights_are_published_after_each_part(begun, monkeypatch):
    shelf = begun.engine._workshop.shelf
    before = shelf.get("r").snapshot.values
    begun.engine.submit(Control("r", Control.SUBSTEP))
    begun.until(lambda w: shelf.get("r").snapshot.values is not before)
    after = shelf.get("r").snapshot.values
    assert begun.runs["r"].phase == "critic"
    assert not torch.equal(after["critic"], before["critic"])
    assert torch.equal(after["generator"], before["generator"])


@pytest.mark.parametrize(
    "request_",
    [
        Control("r", Control.STEP),
        ForkRun("r", "twin", "twin"),
        SaveRun("r", ""),
        SetDevice("cpu"),
        Control("r", Control.STOP),
    ],
    ids=lambda r: getattr(r, "action", type(r).__name__),
)
def test_commands_finish_the_step(begun, request_, tmp_path):
    step = begun.runs["r"].step
    if isinstance(request_, SaveRun):
        request_ = SaveRun("r", str(tmp_path / "x.safetensors"))
    begun.engine.submit(request_)
    if isinstance(request_, SetDevice):
        begun.engine.submit(ForkRun("r", "twin", "twin"))
    begun.until(lambda w: (w.runs["r"].phase, w.runs["r"].step) == ("", step + 1))
    begun.until(lambda w: w.runs["r"].status == "paused")
    if isinstance(request_, ForkRun):
        begun.until(lambda w: "twin" in w.runs)
        assert (begun.runs["twin"].step, begun.runs["twin"].phase) == (step + 1, "")
    assert not begun.failures


def test_playing_on_finishes_the_step(begun):
    step = begun.runs["r"].step
    begun.engine.submit(Control("r", Control.PLAY))
    begun.until(lambda w: w.runs["r"].step > step + 5)
    assert begun.runs["r"].phase == ""


def test_a_deleted_run_comes_back_with_whole_steps(begun):
    step = begun.runs["r"].step
    begun.engine.submit(DeleteRun("r"))
    begun.until(lambda w: "r" in w.removed)
    begun.engine.submit(RestoreRun("r"))
    begun.until(lambda w: (w.runs["r"].phase, w.runs["r"].step) == ("", step + 1))


def test_a_manual_step_can_be_taken_back(begun):
    step = begun.runs["r"].step
    assert step in begun.runs["r"].snapshots
    begun.engine.submit(Rewind("r", step))
    begun.until(lambda w: (w.runs["r"].phase, w.runs["r"].step) == ("", step))


def test_closing_in_the_middle_of_a_step_loses_nothing(begun, start, tmp_path):
    """The step before it is on disk already; after a live change the step is finished and saved."""
    step = begun.runs["r"].step
    assert begun.engine.close(20)
    again = start(tmp_path).until(lambda w: "r" in w.runs)
    assert (again.runs["r"].step, again.runs["r"].phase) == (step, "")
    again.engine.submit(Control("r", Control.STEP))
    again.until(lambda w: w.runs["r"].step == step + 1)
    assert not again.failures


def test_a_part_that_fails_fails_the_run(begun, monkeypatch):
    def broken(self, batch, generator):
        yield Objective(next(self.judge.parameters()).sum() * float("nan"), "critic")

    begun.engine.submit(Control("r", Control.STEP))
    begun.until(lambda w: w.runs["r"].phase == "" and w.runs["r"].status == "paused")
    time.sleep(0.05)
    monkeypatch.setattr(ToyGAN, "objectives", broken)
    begun.engine.submit(Control("r", Control.SUBSTEP))
    begun.settled("r", "failed")
    assert "gradient of the critic" in begun.failures[0].message
