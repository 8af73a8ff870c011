"""How an adversarial training goes, measured at fixed steps: modes, quality and the discriminator's accuracy as curves.

The steps do not depend on the speed, so that a run and its twin have values to be compared. What is measured is a copy
of the averaged weights with noise of its own: training never notices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from genplay.contract.capability import Capability
from genplay.contract.results import Notice
from genplay.contract.spec import Kind
from genplay.core.training import Replica

if TYPE_CHECKING:
    from genplay.engine.run import Run

EVERY, EVERY_LATE, LATE = 50, 100, 2000  # steps; beyond ``LATE`` the second
EVERY_PICTURES = 200
POINTS, PICTURES = 512, 256  # samples that are looked at


def is_measured(step: int, kind: Kind) -> bool:
    """Whether a step is one at which adversarial models are measured."""
    if kind is Kind.IMAGE:
        return step % EVERY_PICTURES == 0
    return step % (EVERY if step <= LATE else EVERY_LATE) == 0


class Watch:
    """Measures one run, and raises the alarm. ``terms`` are the latest values."""

    def __init__(self, terms: dict[str, float] | None = None) -> None:
        self.terms = dict(terms or {})
        self._replica: Replica | None = None
        self._made_for: Any = None
        self._notices: tuple[Notice, ...] | None = None  # None: to be found

    def look(self, run: Run) -> None:
        """Measure the run and log it, if it is adversarial and its step is one for that."""
        assert run.trainer is not None and run.spec is not None
        if run.step == 0 or not _plays(run) or not is_measured(run.step, run.spec.kind):
            return
        self.terms = self._measure(run)
        if self.terms:
            run.curves.add(run.step, self.terms)
        self._notices = None

    def notices(self, run: Run) -> tuple[Notice, ...]:
        """Alarms about the curves so far, found anew only when something was measured."""
        if self._notices is None:
            self._notices = _alarms(run) if _plays(run) else ()
        return self._notices

    @torch.no_grad()
    def _measure(self, run: Run) -> dict[str, float]:
        from genplay.metrics.modes import mode_terms

        model = self._copy(run).model
        generator = torch.Generator(model.device).manual_seed(run.seed)
        n = PICTURES if run.dataset.spec.kind is Kind.IMAGE else POINTS
        return mode_terms(model, run.dataset, generator, n)

    def _copy(self, run: Run) -> Replica:
        """The averaged weights in a model that is made once for the settings of the run."""
        wanted = (run.config, run.device)
        if self._replica is None or self._made_for != wanted:
            self._replica, self._made_for = run.replica(), wanted
        else:
            self._replica.load(run.snapshot())
        return self._replica


def _plays(run: Run) -> bool:
    """Whether it draws from nothing: what translates pictures has the modes of those it is given."""
    can = run.trainer.model.capabilities if run.trainer is not None else frozenset()
    return Capability.CRITIC in can and Capability.TRANSLATE not in can


def _alarms(run: Run) -> tuple[Notice, ...]:
    from genplay.metrics.alarm import alarms

    assert run.spec is not None
    kind = run.spec.kind
    remedies = tuple(r.name for r in run.family.remedies if not r.kinds or kind in r.kinds)
    return alarms(run.curves.arrays(), remedies)
