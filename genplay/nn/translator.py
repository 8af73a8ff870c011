"""What models that turn one picture into another by a contest have in common.

Such a model has no noise to begin from: to be sampled it needs pictures. It keeps a few of those it has been trained
on, a :class:`Bank`, in its checkpoint, and its samples are what it makes of them. Before its first step the bank is
empty, and it begins from noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn

from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import to_float
from genplay.core.model import Frame, Model, Objective, Pace
from genplay.nn.adversarial import discriminator_loss, normal_like, squared_slope

G, D = "generator", "discriminator"
BANK = 128  # pictures
UNSEEN = 0.5  # standard deviation of the noise that stands for a picture


class Bank(nn.Module):
    """The first pictures that were seen in training, uint8 (N, *shape): they stay the same from then on."""

    def __init__(self, shape: tuple[int, ...], size: int = BANK) -> None:
        super().__init__()
        self.register_buffer("rows", torch.zeros(size, *shape, dtype=torch.uint8))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))
        self.rows: Tensor
        self.filled: Tensor

    @torch.no_grad()
    def take_in(self, x: Tensor) -> None:
        """Keep of pictures (B, *shape) in [-1, 1] as many as there is room for."""
        begin = int(self.filled)
        x = x[: len(self.rows) - begin]
        self.rows[begin : begin + len(x)] = x.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
        self.filled += len(x)

    def draw(self, n: int, generator: Generator) -> Tensor:
        """``n`` of the pictures in [-1, 1], noise where there are none yet."""
        count = int(self.filled)
        if not count:
            return (UNSEEN * normal_like(self.rows[:1].float().expand(n, *self.rows.shape[1:]), generator)).clamp(-1, 1)
        chosen = torch.randint(count, (n,), generator=generator, device=generator.device)
        return to_float(self.rows[chosen.to(self.rows.device)])


class Translator(Model):
    """Base of the families that turn pictures into pictures: two players, and a bank for each way there is.

    A family sets ``generator`` and ``discriminator`` (modules, of one or more networks), and defines ``ways`` (names of
    what turns into what), ``translate(x, labels, generator, way)`` and ``judged(source, x, way)``. Its config has the
    knobs ``players``, ``loss``, ``r1``, ``lazy``, ``discriminator_rate`` and ``momentum``, all as in the GAN's.
    """

    kinds = (Kind.IMAGE,)
    headlines = ("L1", f"loss {G}")
    generator: nn.Module
    discriminator: nn.Module
    third: ClassVar[str] = "truth"  # what an output is compared with: the truth, or the way back
    _taken: Tensor | float = 0.0  # the penalty, logged between the steps at which it is taken

    def __init__(self, config: Any, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.banks = nn.ModuleList(Bank(spec.shape) for _ in self.ways)

    @property
    def ways(self) -> tuple[str, ...]:
        """What turns into what, in words such as "grey → colour"; banks and groups are in this order."""
        raise TypeError(f"{type(self).__name__} defines no ways")

    def translate(self, x: Tensor, labels: Tensor | None, generator: Generator, way: int = 0) -> Tensor:
        """Pictures (B, C, H, W) made of ``x``."""
        raise TypeError(f"{type(self).__name__} defines no translate")

    def judged(self, source: Tensor, x: Tensor, way: int = 0) -> Tensor:
        """Scores (B,) of ``x`` as what ``source`` turns into."""
        raise TypeError(f"{type(self).__name__} defines no judged")

    def group_of(self, x: Tensor, labels: Tensor) -> Tensor:
        """Which way each of some pictures (B, C, H, W) can go, (B,) int64; -1 for none."""
        return torch.zeros(len(x), dtype=torch.int64, device=x.device)

    def begun(self, x: Tensor, generator: Generator, strength: float = 1.0) -> Tensor:
        """What is translated, made of pictures of the data; see ``degrade`` of models that learn from pairs."""
        return x

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """The two players."""
        return {D: list(self.discriminator.parameters()), G: list(self.generator.parameters())}

    def pace(self, group: str) -> Pace:
        """AdamW with little momentum, and a rate of its own for D."""
        return Pace(self.config.discriminator_rate if group == D else 1.0, (self.config.momentum, 0.99))

    @property
    def likes_bf16(self) -> bool:
        return True

    @property
    def threshold(self) -> float:
        """The score half way between what D wants for real and for generated."""
        return 0.5 if self.config.loss == "least squares" else 0.0

    def sample_steps(self, n: int, config: Any, generator: Generator, labels: Tensor | None = None) -> Iterator[Frame]:
        """Two frames: pictures of the bank as they come in, and what is made of them.

        Both have in ``extras`` the "input" and the "original" it was made from.
        """
        way = self._way(config)
        original = self.banks[way].draw(n, generator)  # type: ignore[operator]
        source = self.begun(original, generator)
        beside = {"input": source, "original": original}
        yield Frame(source, 1.0, beside)
        yield Frame(self.translate(source, labels, generator, way), 0.0, beside)

    def _way(self, config: Any) -> int:
        return 0

    # ---- the game

    def contest(self, score: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, step: int) -> _Contest:
        """What a critic with patch scores (B, h, w) loses on real and on generated pictures, with R1 where it is due.

        The penalty is gamma / 2 |grad mean score|^2 at real pictures (Mescheder et al. 2018), taken lazily.
        """
        config = self.config
        real_score, fake_score = score(real).float(), score(fake).float()
        penalty = torch.zeros((), device=self.device)
        if config.r1 and self._penalised(step):
            with torch.autocast(self.device.type, enabled=False):
                slope = squared_slope(lambda x: score(x).float().flatten(1).mean(1), real)
            penalty = config.r1 / 2 * config.lazy * slope
        loss = discriminator_loss(config.loss, real_score, fake_score)
        return _Contest(loss, penalty, real_score.detach(), fake_score.detach())

    def _penalised(self, step: int) -> bool:
        """Whether R1 is taken in a step: every few, and not where the model is only looked at."""
        return bool(step % self.config.lazy == 0) and self.training and torch.is_grad_enabled()

    def critics_objective(self, contests: list[_Contest], step: int) -> Objective:
        """The loss of all critics, and what is logged of it: scores and accuracies are means over the critics."""
        loss = torch.stack([c.loss for c in contests]).mean()
        penalty = torch.stack([c.penalty for c in contests]).mean()
        if self._penalised(step):
            self._taken = penalty.detach() / self.config.lazy
        reals, fakes = ([getattr(c, side).flatten(1).mean(1) for c in contests] for side in ("real", "fake"))
        real, fake = torch.cat(reals), torch.cat(fakes)
        terms: dict[str, Tensor | float] = {
            f"loss {D}": loss.detach(),
            "penalty": self._taken,
            "D real": self._told(real),
            "D fake": self._told(fake),
            "D accuracy real": (real > self.threshold).float().mean(),
            "D accuracy fake": (fake <= self.threshold).float().mean(),
        }
        return Objective(loss + penalty, D, terms)

    def _told(self, score: Tensor) -> Tensor:
        """The mean score, as the probability of being real where it is a logit."""
        logit = self.config.loss in ("minimax", "non-saturating")
        return (score.sigmoid() if logit else score).mean()


class _Contest:
    """What one critic lost: loss, penalty, and its patch scores of real and of generated pictures."""

    def __init__(self, loss: Tensor, penalty: Tensor, real: Tensor, fake: Tensor) -> None:
        self.loss, self.penalty, self.real, self.fake = loss, penalty, real, fake
