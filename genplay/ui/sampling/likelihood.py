"""How probable held-out data is to the model: asked for with a button, refined while it is worked out."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import EstimateLikelihood
from genplay.contract.results import Answer, Likelihood, RunState
from genplay.contract.spec import Kind

IDLE, BUSY = "Estimate on held-out data", "Stop"
SAYS = {
    "exact": "exact log-likelihood",
    "bound": "bound on the log-likelihood",
    "unnormalised": "unnormalised log-density: it compares examples, not models",
    "flow": "log-likelihood, estimated by the probability-flow ODE",
}
TIP = "The mean over 256 examples that the model never saw. For a VAE: the importance-weighted bound with 64 samples."


class LikelihoodBox(QWidget):
    """A button and what came of it. ``ask(question, answered)`` puts the question, ``cancel()`` gives it up."""

    def __init__(
        self, ask: Callable[[EstimateLikelihood, Callable[[Answer], None]], object], cancel: Callable[[], None]
    ) -> None:
        super().__init__()
        self._ask, self._cancel = ask, cancel
        self._run: RunState | None = None
        self._running = False
        heading = QLabel("LIKELIHOOD")
        heading.setProperty("role", "section")
        self.button = QPushButton(IDLE)
        self.button.setToolTip(TIP)
        self.button.clicked.connect(self._clicked)
        self.text = QLabel()
        self.text.setProperty("role", "dim")
        self.text.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(6)
        for widget in (heading, self.button, self.text):
            column.addWidget(widget)
        self.text.hide()

    def set_run(self, run: RunState | None) -> None:
        """Another run, or news of it: an estimate is of the weights that it names."""
        if run is None or self._run is None or run.run_id != self._run.run_id:
            self.stop()
            self.text.hide()
        self._run = run
        self.setVisible(run is not None and Capability.LOG_DENSITY in run.capabilities)

    def stop(self) -> None:
        """Give up the estimate that is under way; what is known so far stays."""
        if self._running:
            self._running = False
            self._cancel()
            self.button.setText(IDLE)

    def failed(self) -> None:
        """The question could not be answered."""
        self._running = False
        self.button.setText(IDLE)

    def _clicked(self) -> None:
        if self._running:
            self.stop()
        elif self._run is not None:
            self._running = True
            self.button.setText(BUSY)
            self._ask(EstimateLikelihood(), self._answered)

    def _answered(self, answer: Answer) -> None:
        if self._run is None:
            return
        self.text.setText(told(answer.value, self._run, answer.step))
        self.text.show()
        if answer.last:
            self._running = False
            self.button.setText(IDLE)


def told(found: Likelihood, run: RunState, step: int) -> str:
    """An estimate in words. For pictures the divergence of a flow is too costly to be exact."""
    pictures = run.spec.kind is Kind.IMAGE
    flow = pictures and found.kind == "exact" and Capability.DENOISE in run.capabilities
    lines = [f"{found.nats:,.2f} ± {found.error:,.2f} nats: {SAYS['flow' if flow else found.kind]}"]
    if found.importance_samples > 1:
        lines[0] += f", {found.importance_samples} importance samples"
    if found.elbo is not None and found.importance_samples > 1:
        lines.append(f"{found.elbo:,.2f} nats: the ELBO, one sample")
    if pictures:
        lines.append(f"{found.bits_per_dim:.3f} bits per dimension")
    if run.spec.vocabulary:
        lines.append(f"{found.bits_per_dim:.3f} bits per character, the end counting as one")
    lines.append(f"{found.n:,} held-out examples · step {step:,}")
    return "\n".join(lines)
