"""A noise schedule over time: how much of a picture is left at each t, with a line at one time that can be dragged."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.contract.results import Schedule
from genplay.ui import theme
from genplay.ui.views.axes import TICK_ROOM, Axis, Chart, spanning

HEAD, LEFT, GAP = 20, 36, 16
ROOMY, TIGHT = 130, 96  # pixels of a plot in which a title fits beside the value, and in which only one of them does
STEP = 0.01  # of t, an arrow key or a notch of the wheel
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Down: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 1}
STEPS |= {Qt.Key.Key_PageDown: -10, Qt.Key.Key_PageUp: 10, Qt.Key.Key_Home: -1000, Qt.Key.Key_End: 1000}
SHOWN_SNR = 12.0  # nats: the ends of a schedule are infinite, and would flatten what lies between


class SchedulePlot(QWidget):
    """The share of signal and the log signal-to-noise ratio over t in [0, 1] side by side, with one common cursor.

    The mouse, the wheel and the arrow keys move the cursor: ``pressed``, ``moved`` with t, ``released``.
    """

    pressed = Signal()
    moved = Signal(float)
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.t = 0.5
        self.schedule: Schedule | None = None
        self._held = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 84)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.setAccessibleName("Noise schedule")
        self.setAccessibleDescription("Arrow keys move the time")
        self.setToolTip("Drag to choose the time t · arrows step")

    def sizeHint(self) -> QSize:
        return QSize(420, 140)

    def set_schedule(self, schedule: Schedule | None) -> None:
        """Show another schedule, None for an empty frame."""
        self.schedule = schedule
        self.update()

    def set_time(self, t: float) -> None:
        """Put the cursor at a time, without a signal."""
        self.t = min(max(t, 0.0), 1.0)
        self.update()

    def signal_at(self, t: float) -> float:
        """The share of signal at a time, 0 to 1."""
        assert self.schedule is not None
        return float(np.interp(t, self.schedule.t, self.schedule.alpha_bar))

    def log_snr_at(self, t: float) -> float:
        """The log signal-to-noise ratio at a time, nats; infinite where there is no noise or no signal."""
        assert self.schedule is not None
        known, t = self.schedule.log_snr, min(max(t, 0.0), 1.0)
        after = int(np.searchsorted(self.schedule.t, t))
        nearest = float(known[min(after, len(known) - 1)])
        with np.errstate(invalid="ignore"):
            between = float(np.interp(t, self.schedule.t, known))
        return between if np.isfinite(between) else nearest

    # ---- painting

    def charts(self) -> tuple[Chart, Chart]:
        """The two plots, in the widget's coordinates."""
        width = (self.width() - GAP) / 2 - LEFT - 8
        frames = [
            QRectF(LEFT + i * (width + LEFT + 8 + GAP), HEAD, width, self.height() - HEAD - TICK_ROOM - 2)
            for i in (0, 1)
        ]
        t = Axis(0.0, 1.0)
        return Chart(frames[0], t, Axis(0.0, 1.0)), Chart(frames[1], t, self._snr_axis())

    def _snr_axis(self) -> Axis:
        if self.schedule is None:
            return Axis(-SHOWN_SNR, SHOWN_SNR)
        seen = np.clip(np.nan_to_num(self.schedule.log_snr, posinf=SHOWN_SNR, neginf=-SHOWN_SNR), -SHOWN_SNR, SHOWN_SNR)
        return spanning(float(seen.min()), float(seen.max()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        signal, ratio = self.charts()
        known = self.schedule
        for chart, title in ((signal, "share of signal ᾱ"), (ratio, "log-SNR, nats")):
            title = title if chart.frame.width() >= ROOMY else title.removeprefix("share of ").removesuffix(", nats")
            chart.draw_grid(painter)
            painter.setPen(theme.colour("dim"))
            painter.setFont(theme.font(11))
            painter.drawText(QRectF(chart.frame.left(), 0, chart.frame.width(), HEAD - 4), _TITLE, title)
        if known is not None:
            self._draw(painter, signal, known.alpha_bar, self.signal_at(self.t), f"{self.signal_at(self.t):.3f}")
            snr = self.log_snr_at(self.t)
            text = f"{snr:+.2f}".replace("-", "−") if np.isfinite(snr) else ("∞" if snr > 0 else "−∞")
            self._draw(painter, ratio, known.log_snr, snr, text)

    def _draw(self, painter: QPainter, chart: Chart, y: np.ndarray, here: float, text: str) -> None:
        """The curve, the cursor's line with a dot where they meet, and the value there."""
        assert self.schedule is not None
        shown = np.clip(np.nan_to_num(y, posinf=1e9, neginf=-1e9), chart.y.low, chart.y.high)
        painter.setPen(QPen(theme.colour("accent"), 2))
        painter.drawPolyline(QPolygonF([chart.at(float(a), float(b)) for a, b in zip(self.schedule.t, shown)]))
        x = chart.x_of(self.t)
        painter.setPen(QPen(theme.colour("text"), 1))
        painter.drawLine(QPointF(x, chart.frame.top()), QPointF(x, chart.frame.bottom()))
        painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "dim"), 1.2))
        painter.setBrush(theme.colour("handle"))
        painter.drawEllipse(chart.at(self.t, min(max(here, chart.y.low), chart.y.high)), 5, 5)
        if chart.frame.width() < TIGHT:
            return
        painter.setPen(theme.colour("text"))
        painter.setFont(theme.font(12, QFont.Weight.DemiBold))
        painter.drawText(QRectF(chart.frame.left(), 0, chart.frame.width(), HEAD - 4), _VALUE, text)

    # ---- mouse and keys

    def _time_at(self, x: float) -> float:
        """The time under a place of either plot."""
        signal, ratio = self.charts()
        chart = signal if x < (signal.frame.right() + ratio.frame.left()) / 2 else ratio
        return chart.x.value((x - chart.frame.left()) / chart.frame.width())

    def _move(self, t: float) -> None:
        self.set_time(t)
        self.moved.emit(self.t)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.schedule is not None:
            self._held = True
            self.pressed.emit()
            self._move(self._time_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._move(self._time_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._held and event.button() == Qt.MouseButton.LeftButton:
            self._held = False
            self.released.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._step(STEP * event.angleDelta().y() / 120)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(Qt.Key(event.key()))
        if step is None or self.schedule is None:
            super().keyPressEvent(event)
        else:
            self._step(STEP * step)

    def _step(self, by: float) -> None:
        if self.schedule is not None:
            self.pressed.emit()
            self._move(self.t + by)
            self.released.emit()


_TITLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_VALUE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
