"""What the code decodes to: a picture that can be dragged, or a point beside the data."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from genplay.contract.requests import Decode
from genplay.contract.results import Answer
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.state import LatentState
from genplay.ui.views.picture import Picture
from genplay.ui.views.scatter import Scatter

SPAN = 6.0  # units of the code that a drag across the whole picture moves


class TimedPicture(Picture):
    """A picture that tells how long after ``since`` (perf_counter, 0 for unknown) it has been painted.

    With Ctrl held, a drag takes the picture out of the window instead of moving the code.
    """

    painted = Signal(float)  # seconds

    def __init__(self) -> None:
        super().__init__(draggable=True)
        self.since = 0.0

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.since:
            since, self.since = self.since, 0.0
            self.painted.emit(perf_counter() - since)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.draggable = not event.modifiers() & Qt.KeyboardModifier.ControlModifier
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self.draggable = True


class TimedScatter(Scatter):
    """A scatter that tells its latency as a :class:`TimedPicture` does."""

    painted = Signal(float)  # seconds

    def __init__(self) -> None:
        super().__init__(ground="background")
        self.since = 0.0

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.since:
            since, self.since = self.since, 0.0
            self.painted.emit(perf_counter() - since)


class PicturePart(QWidget):
    """Asks for what the session's code decodes to, at once and newest first, and shows the answer."""

    drag_out = Signal()
    latency = Signal(float)  # seconds from the user's event to the paint of its answer

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.answer: Answer | None = None
        self.question: Decode | None = None
        self.picture = TimedPicture()
        self.picture.set_draggable(True)
        self.picture.setAccessibleName("Decoded picture")
        self.picture.setToolTip("Drag to move through the plane · Shift slows · Ctrl and drag takes the picture along")
        self.points = TimedScatter()
        self.points.setAccessibleName("Decoded point")
        self.points.show_position = False
        self._at = (0.0, 0.0)  # where the decoded point was last
        self._jumped = False
        self._layout = QStackedLayout(self)
        self._layout.addWidget(self.picture)
        self._layout.addWidget(self.points)
        self.picture.drag_started.connect(session.begin)
        self.picture.dragged.connect(self._dragged)
        self.picture.drag_finished.connect(lambda: session.commit("drag the picture"))
        self.picture.drag_out.connect(self.drag_out)
        self.picture.painted.connect(self.latency)
        self.points.painted.connect(self.latency)
        self.points.cursor_pressed.connect(self._grip)
        self.points.cursor_moved.connect(self._carried)
        self.points.cursor_released.connect(lambda x, y: self._let_go())
        session.changed.connect(self._changed)
        session.weights_changed.connect(lambda: self.ask(0.0))
        session.run_changed.connect(self._run_changed)
        session.map_changed.connect(self._show_data)
        session.shown_z.connect(self._shown_elsewhere)

    def ask(self, since: float) -> None:
        """Decode the session's code; ``since`` is when the user asked for it, 0 if nobody did."""
        question = Decode(self.session.state.z[None], self.session.condition)
        self.session.ask("picture", question, lambda answer: self._answered(answer, question, since))

    def _changed(self, before: LatentState) -> None:
        state = self.session.state
        if state.z is not before.z or state.condition != before.condition:
            self.ask(self.session.touched)

    def _answered(self, answer: Answer, question: Decode, since: float) -> None:
        self.answer, self.question = answer, question
        (self.picture if self.session.pictures else self.points).since = since
        self.show_decoded(answer.value.x[0])

    def show_decoded(self, x: np.ndarray) -> None:
        """Show one picture (H, W, C) or point (2,)."""
        if self.session.pictures:
            self.picture.set_image(x)
        else:
            self._at = (float(x[0]), float(x[1]))
            self.points.set_cursor(*self._at)

    def _shown_elsewhere(self, z: np.ndarray | None) -> None:
        if z is None and self.answer is not None:
            self.show_decoded(self.answer.value.x[0])

    def _dragged(self, dx: float, dy: float) -> None:
        plane, state = self.session.plane(), self.session.state
        x, y = plane.project(state.z)
        self.session.apply(state.moved(plane.moved(state.z, (x + SPAN * dx, y - SPAN * dy))))

    def _grip(self) -> None:
        self._jumped = True
        self.session.begin()

    def _carried(self, x: float, y: float) -> None:
        """The decoded point was dragged: the code moves, and the point follows once it is decoded."""
        step, self._at = (x - self._at[0], y - self._at[1]), (x, y)
        jumped, self._jumped = self._jumped, False
        if not jumped:  # a press beside the point only takes hold of it
            x0, y0, x1, y1 = self.points.window_extent()
            self._dragged(step[0] / (x1 - x0), -step[1] / (y1 - y0))

    def _let_go(self) -> None:
        self.session.commit("drag the point")
        if self.answer is not None:
            self.show_decoded(self.answer.value.x[0])

    def _run_changed(self) -> None:
        self.answer = self.question = None
        self.picture.set_image(None)
        self.points.clear()
        self._layout.setCurrentWidget(self.picture if self.session.pictures else self.points)
        self._show_data()
        if self.session.ready:
            self.ask(0.0)

    def _show_data(self) -> None:
        latent = self.session.map
        if self.session.pictures or latent is None:
            return
        self.points.set_layer("data", latent.x, colour="dim", size=4, opacity=0.5, title="held-out data")
        self.points.fit_points()
        if self.answer is not None:
            self.show_decoded(self.answer.value.x[0])
