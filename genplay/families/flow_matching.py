"""Flow matching on straight lines, rectified flow (Lipman et al. 2023, arXiv:2210.02747; Liu et al. 2023, 2209.03003).

Data and noise are joined by straight lines x_t = (1 - t) x_0 + t eps, and a network learns their mean velocity,

    E |F(x_t, t) - (eps - x_0)|^2;

following it from noise, dx/dt = F, leads to data. Times are even or logit-normal, which looks more at the middle
(Esser et al. 2024, arXiv:2403.03206). The lines cross, so the flow bends. *Reflow* is a second stage that trains on the
pairs (eps, x_0) which the first stage's flow joins: these hardly cross, so the paths become straight and a few steps
are enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor

from genplay.contract import knob as knobs
from genplay.contract.catalogue import Plot, Preset
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.gaussian import GaussianModel, finest, frozen, normal
from genplay.core.model import Objective
from genplay.core.schedules import Rectified
from genplay.families.diffusion import BEST, PLOTS, POINTS, QUICK, NetworkConfig
from genplay.nn.denoisers import denoiser

PAIR_USES = 4  # times at which each pair of the second stage is looked at in a training step


@dataclass(frozen=True)
class FlowMatchingConfig(NetworkConfig):
    """What a flow-matching model is."""

    times: str = knob(
        "logit-normal", "times", "which times training looks at: more of the middle (logit-normal), or all alike",
        choices=("logit-normal", "uniform"),
    )  # fmt: skip
    teacher: str = knob(
        "", "teacher", "a flow-matching model whose paths are to be straightened (reflow); empty: learn from the data",
        control="model", families=("flow_matching",), refused=("self_conditioning",),
    )  # fmt: skip
    teacher_steps: int = knob(
        8, "teacher steps", "Euler steps with which the teacher joins noise and data",
        low=1, high=100, control="reflow",
    )  # fmt: skip


class FlowMatching(GaussianModel):
    """Learns the velocity that carries noise to data along nearly straight lines."""

    name = "flow_matching"
    title = "Flow matching"
    summary = "Learns the straight way from noise to data: quickest to learn, and good with few steps."
    colour = "#B39DDB"
    order = 31
    Config: ClassVar[type[Any]] = FlowMatchingConfig
    plots = (*PLOTS, Plot("path straightness", ("bend",), "1 is straight"))
    held_out = ("denoising error",)
    prediction = "velocity"
    presets = (
        Preset("quick", "Quick", "Good faces after a minute on a CPU.", {"blocks": 1}, QUICK, kinds=(Kind.IMAGE,)),
        Preset(
            "better", "Better", "A wider network: a third of the speed, finer pictures after ten minutes.",
            {"width": 48}, {"learning_rate": 1.5e-3, "ema": 0.999, "clip": 1.0}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "best", "Best", "What ships: attention, a long average and a slow end. Give it half an hour or more.",
            {"attention": True}, BEST, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "points", "Points", "A dense network for two coordinates.",
            {"width": 64, "blocks": 1}, POINTS, kinds=(Kind.POINTS,),
        ),
    )  # fmt: skip

    def __init__(self, config: FlowMatchingConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.schedule = Rectified()
        self.network = denoiser(spec, config, self.conditional, self.recalls)
        if config.teacher:
            if self.recalls:
                raise BadInput("A straightened model has no self-conditioning; turn it off.")
            self.teacher = frozen(denoiser(spec, config, self.conditional, False))

    @property
    def straightened(self) -> bool:
        """Whether this is the second stage."""
        return bool(self.config.teacher)

    @classmethod
    def settle(cls, values: dict[str, Any], open_file: Callable[[str], Any]) -> dict[str, Any]:
        """The settings of a new run; the second stage takes the network's from its teacher. Raises ``BadInput``."""
        if not values.get("teacher"):
            return values
        card = open_file(values["teacher"]).card
        if card.family != cls.name:
            raise BadInput("Only a flow-matching model can be straightened.")
        if card.config.get("self_conditioning"):
            raise BadInput("A model with self-conditioning cannot be straightened.")
        own = {k.name for k in knobs.knobs(NetworkConfig)}
        return {**values, **{n: v for n, v in card.config.items() if n in own}}

    def begin(self, open_file: Callable[[str], Any]) -> None:
        """Take over the teacher's weights, as teacher and as a start. Raises ``BadInput``."""
        if not self.straightened:
            return
        teacher = open_file(self.config.teacher).model
        if teacher.spec != self.spec:
            raise BadInput("The teacher has learnt other data.")
        weights = teacher.network.state_dict()
        self.network.load_state_dict(weights)
        with torch.no_grad():
            for name, value in self.teacher.named_buffers():
                if name in weights:
                    value.copy_(weights[name])

    def constants(self) -> set[str]:
        """Buffers that training never changes."""
        return {n for n, _ in self.named_buffers() if n.startswith("teacher.")}

    def shaped(self, u: Tensor) -> Tensor:
        """Even numbers to times: 1 / (1 + exp(-z)) with z the normal quantile of u (logit-normal), or u itself."""
        if self.config.times == "uniform" or self.straightened:
            return u
        return torch.special.ndtri(u.clamp(1e-6, 1 - 1e-6)).sigmoid()

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """The mean square error of the velocity: over pairs of data and fresh noise, or those the teacher joins."""
        if not (self.straightened and self.training):
            yield from super().objectives(batch, generator)
            return
        n = max(1, len(batch.x) // PAIR_USES)
        labels = self.kept_labels(batch.labels[:n], generator)
        eps = normal((n, *self.shape), generator, batch.x.device)
        x_0, bend = self._joined(eps, labels)
        repeated = None if labels is None else labels.repeat(PAIR_USES, 1)
        wide = [PAIR_USES, *[1] * len(self.shape)]
        objective = self.denoising(x_0.repeat(wide), eps.repeat(wide), repeated, generator)
        yield Objective(objective.loss, terms={**objective.terms, "bend": bend})

    @torch.no_grad()
    def _joined(self, eps: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """Where the teacher's flow leads from ``eps``, and how long its paths are over their straight lines."""
        x, length = eps, eps.new_zeros(len(eps))
        steps = self.config.teacher_steps
        for i in range(steps):
            t = torch.full((len(x),), 1 - i / steps, device=x.device, dtype=finest(x.device))
            move = self._taught(x, t, labels) / steps
            x, length = x - move, length + move.flatten(1).norm(dim=1)
        straight = (x - eps).flatten(1).norm(dim=1)
        return x, (length / straight.clamp(min=1e-6)).mean()

    def _taught(self, x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        own, self.network = self.network, self.teacher
        try:
            return self.predict(x, t, labels).float()
        finally:
            self.network = own
