"""Training whose length is known beforehand."""

import pytest
import torch

from genplay.engine import headless
from genplay.engine.run import Run


def cooling(cooldown=0.5, **facts):
    training = {"batch_size": 16, "warmup": 0, "learning_rate": 1e-3, "cooldown": cooldown}
    return Run.create("r", "r", "vae", "ring", config={"width": 8, "latent_size": 2}, training=training, **facts)


def rates(run, steps=None, seconds=None):
    group = run.trainer.players["model"].optimiser.param_groups[0]
    return [group["lr"] for _ in headless.train(run, steps, seconds)]


def test_the_cool_down_counts_steps_where_they_are_given_and_the_rest_of_a_training_that_goes_on():
    run = cooling()
    expected = pytest.approx([1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 7.5e-4, 5e-4, 2.5e-4])
    assert rates(run, steps=8) == expected
    assert rates(run, steps=8) == expected, "eight more"


def test_counted_in_steps_the_same_seed_gives_the_same_weights():
    a, b = cooling(seed=4), cooling(seed=4)
    rates(a, steps=6), rates(b, steps=6)
    assert torch.equal(a.snapshot().values["model"], b.snapshot().values["model"])


def test_counted_in_seconds_the_rate_is_down_when_time_is_over(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(headless, "now", lambda: next(clock) / 10)
    falling = rates(cooling(), seconds=10.0)
    assert falling[0] == 1e-3
    assert falling == sorted(falling, reverse=True)
    assert 0 <= falling[-1] < 1e-4


def test_without_a_cool_down_the_rate_stays():
    assert set(rates(cooling(cooldown=0.0), steps=4)) == {1e-3}
