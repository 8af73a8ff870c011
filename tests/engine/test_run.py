"""A run by itself: what it promises about its weights, its files and its device."""

import numpy as np
import pytest
import torch

from genplay.contract.errors import BadInput
from genplay.engine.curves import Curves
from genplay.engine.held_out import held_out_terms
from genplay.engine.run import Run
from genplay.engine.training_job import Outside, train

SMALL = {"config": {"width": 8, "latent_size": 2}, "training": {"batch_size": 16}}
CPU, ELSEWHERE = torch.device("cpu"), torch.device("cpu:0")  # another one by name
ALONE = Outside(*[lambda *_: None] * 5, autosave_seconds=1e9)


def make(**facts):
    return Run.create("r", "r", "vae", "ring", **{"seed": 3, **SMALL, **facts})


def steps(run, n):
    for _ in range(n):
        run.log(run.trainer.advance())
    return run


@pytest.mark.parametrize("seed", [-1, 1 << 63])
def test_a_seed_that_no_card_may_carry_is_refused(seed):
    with pytest.raises(BadInput, match="seed"):
        make(seed=seed)


def test_weights_trained_on_are_no_longer_those_of_the_file(tmp_path):
    """Also when the file was written in the middle of the training."""
    run = make()
    job = train(run, ALONE)
    next(job)
    assert run.save(tmp_path / "x.safetensors") == run.digest != ""
    next(job)
    assert run.digest == ""
    job.close()


def test_a_checkpoint_that_cannot_be_written_leaves_the_run_as_it_was(tmp_path):
    run = make()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises((FileExistsError, NotADirectoryError)):
        run.save(tmp_path / "file" / "x.safetensors")
    assert (run.path, run.digest) == ("", "")


def test_live_changes_count_as_unsaved():
    run = make()
    run.saved_step = run.step
    run.set_live({"beta": 4.0})
    assert run.saved_step != run.step


def test_restarts_and_fresh_forks_show_nothing_of_the_past():
    run = steps(make(), 5)
    twin = run.fork("t", "t", fresh=True)
    assert twin.record().vectors == {}
    assert twin.rate == 0
    run.restart()
    assert run.record().vectors == {}


def test_a_move_keeps_the_weights():
    run = steps(make(), 5)
    before = run.snapshot().values["model"]
    run.move(ELSEWHERE)
    assert run.step == 5
    assert torch.equal(run.snapshot().values["model"], before)
    steps(run, 1)


def test_a_move_that_fails_changes_nothing(monkeypatch):
    run = steps(make(), 5)
    before, trainer = run.snapshot().values["model"], run.trainer
    monkeypatch.setattr("genplay.engine.run.new_model", lambda *_: (_ for _ in ()).throw(RuntimeError("out of memory")))
    with pytest.raises(RuntimeError):
        run.move(ELSEWHERE)
    assert run.trainer is trainer
    assert run.device == CPU
    assert torch.equal(run.snapshot().values["model"], before)


def test_a_run_saved_on_another_kind_of_device_wakes():
    """Random streams differ from device to device: the state of a foreign one is not taken over."""
    run = steps(make(), 5)
    tensors, plain = run.state()
    assert plain["device"] == "cpu"
    tensors["generator"] = torch.zeros(16, dtype=torch.uint8)  # the size of a CUDA generator's
    again = make()
    again.trainer = None
    again.wake_from((tensors, {**plain, "device": "cuda"}), run.curves)
    assert again.step == 5
    assert torch.equal(again.snapshot().values["model"], run.snapshot().values["model"])
    steps(again, 1)


@pytest.mark.parametrize("spoilt", [{"live": 3}, {"live": {"beta": "much"}}, {"seconds": "long"}, {"position": None}])
def test_a_run_whose_state_is_damaged_stays_asleep(spoilt):
    run = steps(make(), 5)
    tensors, plain = run.state()
    again = make()
    again.trainer = None
    with pytest.raises(BadInput):
        again.wake_from((tensors, {**plain, **spoilt}), run.curves)
    assert not again.awake


def test_held_out_examples_go_where_the_model_is(monkeypatch):
    class Elsewhere:
        """A model on a device that holds no numbers."""

        held_out, device = ("loss",), torch.device("meta")

        def objectives(self, batch, generator):
            assert batch.x.device == batch.labels.device == self.device
            return iter(())

    data, original = make().dataset, torch.Generator
    monkeypatch.setattr(torch, "Generator", lambda device: original())
    assert list(held_out_terms(Elsewhere(), data, 0, 0)) == [None] * 16


def test_steps_on_a_hostile_card_are_refused():
    for step in (-1, 2**70, 1.5e300):
        with pytest.raises(BadInput):
            Curves().take_thinned({"loss": [[step, 1.0]]})
    curves = Curves()
    curves.take_thinned({"loss": [[3, 1.0]]})
    np.testing.assert_array_equal(curves.steps, [3])
