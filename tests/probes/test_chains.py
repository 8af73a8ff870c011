"""Chains walked by the engine: where they start, what comes back, what is refused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from toys import IMAGES, POINTS, ToyGAN, toy_data

from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.requests import MeasureChains, WalkChains
from genplay.contract.results import Mixing, Walk
from genplay.core.model import Frame, Model, NoConfig, Objective
from genplay.core.probe import ask
from genplay.probes import all as probes


@dataclass(frozen=True)
class Steps:
    """How the toy walks."""

    steps: int = knob(20, "steps", "how many", low=1, high=50)
    step_size: float = knob(0.3, "step size", "how long", low=0.01, high=2.0)
    temperature: float = knob(1.0, "temperature", "how warm", low=0.0, high=4.0)


class Bowl(Model):
    """E(x) = |x - 1/2|^2 / 2 of whatever shape, walked by plain Langevin steps."""

    name, title, Config, SampleConfig = "bowl", "bowl", NoConfig, Steps

    def __init__(self, config: Any, spec: Any) -> None:
        super().__init__(config, spec)
        self.middle = torch.nn.Parameter(torch.tensor(0.5))

    def objectives(self, batch: Any, generator: Any) -> Any:
        yield Objective(self.energy(batch.x).mean())

    def sample_steps(self, n: int, config: Steps, generator: torch.Generator, labels: Any = None) -> Any:
        yield from self.chain_steps(torch.randn(n, *self.spec.shape, generator=generator), config, generator)

    def energy(self, x: torch.Tensor, labels: Any = None) -> torch.Tensor:
        return (x - self.middle).square().flatten(1).sum(1) / 2

    def negatives(self, n: int) -> torch.Tensor:
        return torch.full((n, *self.spec.shape), 0.25)

    def chain_steps(
        self, x: torch.Tensor, config: Steps, generator: torch.Generator, labels: Any = None, mask: Any = None
    ) -> Any:
        h = config.step_size
        taken = torch.ones(len(x), dtype=torch.bool)
        yield Frame(x, 1.0, {"energy": self.energy(x), "accepted": taken}, {"step size": h})
        for i in range(config.steps):
            z = torch.randn(x.shape, generator=generator)
            ahead = x - h * h / 2 * (x - self.middle) + h * math.sqrt(config.temperature) * z
            x = ahead if mask is None else torch.where(mask, ahead, x)
            t = 1 - (i + 1) / config.steps
            yield Frame(x, t, {"energy": self.energy(x), "accepted": taken}, {"step size": h})


def answers(question: Any, model: Model | None = None) -> list[Any]:
    data = toy_data(model.spec) if model is not None else None
    return [p.value for p in ask(probes()[type(question).__name__], model, data, question) if p.value is not None]


@pytest.fixture
def bowl() -> Bowl:
    return Bowl(NoConfig(), POINTS)


def test_pieces_in_order_make_the_whole(bowl: Bowl) -> None:
    *pieces, whole = answers(WalkChains(n=5, steps=400, seed=3), bowl)
    assert isinstance(whole, Walk)
    assert [p.first for p in pieces] == np.cumsum([0, *(len(p.x) for p in pieces)])[:-1].tolist()
    for name in ("x", "energy", "accepted", "step_size"):
        np.testing.assert_array_equal(np.concatenate([getattr(p, name) for p in pieces]), getattr(whole, name))
    assert whole.x.shape == (401, 5, 2)
    assert whole.accepted.all()
    np.testing.assert_allclose(whole.step_size, 0.3)
    np.testing.assert_array_equal(whole.state, whole.x[-1])
    np.testing.assert_allclose(whole.energy[7], np.square(whole.x[7] - 0.5).sum(1) / 2, rtol=1e-5)


def test_chains_settle_into_the_density_of_the_energy(bowl: Bowl) -> None:
    whole = answers(WalkChains(n=400, steps=150, config={"temperature": 0.25, "step_size": 0.3}), bowl)[-1]
    settled = whole.x[60:].reshape(-1, 2)
    np.testing.assert_allclose(settled.mean(0), 0.5, atol=0.03)
    np.testing.assert_allclose(settled.var(0), 0.25 / (1 - 0.3**2 / 4), rtol=0.06)


def test_more_steps_than_the_knob_allows_and_none_at_all(bowl: Bowl) -> None:
    assert len(answers(WalkChains(n=2, steps=90), bowl)[-1].x) == 91
    whole = answers(WalkChains(n=2, steps=0, begin="negatives"), bowl)[-1]
    np.testing.assert_array_equal(whole.x, np.full((1, 2, 2), 0.25))


def test_where_they_begin(bowl: Bowl) -> None:
    noise = answers(WalkChains(n=300, steps=0), bowl)[-1].x[0]
    assert 1.1 < np.abs(noise).max() <= 1.2
    data = answers(WalkChains(n=80, steps=0, begin="data"), bowl)[-1].x[0]
    held = toy_data(POINTS).heldout.numpy()
    assert all((np.abs(held - row).max(1) < 1e-6).any() for row in data)
    given = np.array([[0.1, -0.7]], np.float32)
    found = answers(WalkChains(n=3, steps=1, begin="given", start=given), bowl)[-1].x[0]
    np.testing.assert_array_equal(found, np.repeat(given, 3, 0))


def test_going_on_from_the_last_state(bowl: Bowl) -> None:
    whole = answers(WalkChains(n=4, steps=30, seed=1), bowl)[-1]
    after = answers(WalkChains(n=4, steps=3, begin="given", start=whole.state, seed=2), bowl)[-1]
    np.testing.assert_array_equal(after.x[0], whole.x[-1])


def test_pictures_are_walked_and_what_the_mask_leaves_out_stays() -> None:
    model = Bowl(NoConfig(), IMAGES)
    picture = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 1), dtype=np.uint8)
    mask = np.zeros((16, 16), np.uint8)
    mask[8:] = 1
    whole = answers(WalkChains(n=3, steps=5, begin="given", start=picture, mask=mask), model)[-1]
    assert whole.x.shape == (6, 3, 16, 16, 1)
    assert whole.x.dtype == np.uint8
    assert whole.state.shape == (3, 16, 16, 1)
    np.testing.assert_array_equal(whole.x[:, :, :8], np.broadcast_to(picture[:, :8], (6, 3, 8, 16, 1)))
    assert (whole.x[-1, :, 8:] != whole.x[0, :, 8:]).mean() > 0.9


def test_the_seed_decides(bowl: Bowl) -> None:
    a, b, c = (answers(WalkChains(n=3, steps=9, seed=seed), bowl)[-1].x for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


WRONG = [
    (WalkChains(n=0), "number of chains"),
    (WalkChains(steps=-1), "number of steps"),
    (WalkChains(begin="nowhere"), "not at 'nowhere'"),
    (WalkChains(begin="given"), "something to start from"),
    (WalkChains(n=3, begin="given", start=np.zeros((2, 2), np.float32)), "3 rows"),
    (WalkChains(n=1, begin="given", start=np.full((1, 2), np.nan, np.float32)), "not finite"),
    (WalkChains(mask=np.zeros((16, 16), np.uint8)), "Only pictures"),
    (WalkChains(config={"step_size": -1.0}), "step_size"),
    (WalkChains(n=1024, steps=20_000, config={}), "more states than can be kept"),
]


@pytest.mark.parametrize(("question", "reason"), WRONG)
def test_what_is_refused(bowl: Bowl, question: WalkChains, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genplay.probes.chains.MAX_WALK", 1 << 20)
    with pytest.raises(BadInput, match=reason):
        answers(question, bowl)


def test_a_model_without_chains_or_negatives_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="not sampled by a Markov chain"):
        answers(WalkChains(), ToyGAN(ToyGAN.Config(), POINTS))
    monkeypatch.delattr(Bowl, "negatives")
    with pytest.raises(BadInput, match="keeps no samples"):
        answers(WalkChains(begin="negatives"), Bowl(NoConfig(), POINTS))


def test_mixing_is_measured() -> None:
    values = np.random.default_rng(0).standard_normal((4000, 3)).astype(np.float32)
    found = answers(MeasureChains(values))[-1]
    assert isinstance(found, Mixing)
    assert (found.steps, found.chains) == (4000, 3)
    assert found.tau == pytest.approx(1.0, abs=0.15)
    assert found.ess == pytest.approx(12_000, rel=0.15)
    for wrong, reason in ((np.zeros(3), "in rows"), (np.full((9, 1), np.inf), "not finite")):
        with pytest.raises(BadInput, match=reason):
            answers(MeasureChains(wrong))
