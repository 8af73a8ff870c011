"""The share of samples in each mode, beside the share that the data has."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme

HEAD, FOOT, SIDE = 22, 20, 32  # room for title, names and scale


class ShareBars(QWidget):
    """A bar a mode, green where it is covered and red where it is missed, and a dashed line at its ideal height."""

    def __init__(self, title: str = "share of samples by mode", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.share: tuple[float, ...] = ()
        self.ideal: tuple[float, ...] = ()
        self.covered: tuple[bool, ...] = ()
        self.names: tuple[str, ...] = ()
        self._hover = -1
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)

    def sizeHint(self) -> QSize:
        return QSize(240, 126)

    def minimumSizeHint(self) -> QSize:
        return QSize(90, 126)

    def set_shares(
        self, names: Sequence[str], share: Sequence[float], ideal: Sequence[float], covered: Sequence[bool]
    ) -> None:
        """Show shares in [0, 1], all of the same length; none for nothing."""
        self.names, self.share, self.ideal = tuple(names), tuple(map(float, share)), tuple(map(float, ideal))
        self.covered = tuple(map(bool, covered))
        told = (f"{name} {100 * value:.0f} %" for name, value in zip(self.names, self.share))
        self.setAccessibleDescription(", ".join(told))
        self.update()

    # ---- geometry

    def _top(self) -> float:
        """The share at the top of the scale: a round number."""
        most = min(1.0, max((*self.share, *(1.3 * i for i in self.ideal), 0.05)))
        return next(top for top in (0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if most <= top)

    def _frame(self) -> QRectF:
        return QRectF(SIDE, HEAD, self.width() - SIDE - 6, self.height() - HEAD - FOOT)

    def bar_rect(self, index: int) -> QRectF:
        """Where a bar is."""
        frame, step = self._frame(), self._frame().width() / len(self.share)
        high = max(1.0, frame.height() * min(1.0, self.share[index] / self._top()))
        thick = max(1.0, min(0.78 * step, 26.0))
        return QRectF(frame.left() + step * (index + 0.5) - thick / 2, frame.bottom() - high, thick, high)

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("card"))
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        painter.setFont(theme.font(11))
        painter.setPen(theme.colour("text" if self._hover >= 0 else "dim"))
        painter.drawText(QRectF(0, 3, self.width(), 18), Qt.AlignmentFlag.AlignCenter, self._headline())
        if self.share:
            self._draw_scale(painter)
            self._draw_bars(painter)
            self._draw_ideal(painter)

    def _headline(self) -> str:
        if not 0 <= self._hover < len(self.share):
            return self.title
        index = self._hover
        return f"{self.names[index]}: {100 * self.share[index]:.1f} % of {100 * self.ideal[index]:.1f} %"

    def _draw_scale(self, painter: QPainter) -> None:
        frame, top = self._frame(), self._top()
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for share in (0.0, 0.5, 1.0):
            y = round(frame.bottom() - share * frame.height()) + 0.5
            painter.setPen(QPen(theme.colour("line"), 1))
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            painter.setPen(theme.colour("dim"))
            painter.drawText(QRectF(0, y - 8, frame.left() - 5, 16), flags, f"{share * top:.2g}")

    def _draw_bars(self, painter: QPainter) -> None:
        every = self._every()
        for index, covered in enumerate(self.covered):
            place = self.bar_rect(index)
            painter.fillRect(place, theme.colour("good" if covered else "bad"))
            painter.setPen(theme.colour("text" if index == self._hover else "dim"))
            if index % every == 0:
                below = QRectF(place.center().x() - 30, self._frame().bottom() + 2, 60, 16)
                painter.drawText(below, Qt.AlignmentFlag.AlignCenter, self.names[index])

    def _every(self) -> int:
        """Every how many bars a name fits."""
        metrics = QFontMetricsF(theme.font(11))
        widest = max(metrics.horizontalAdvance(name) for name in self.names) + 4
        return max(1, -(-int(widest * len(self.names)) // max(1, int(self._frame().width()))))

    def _draw_ideal(self, painter: QPainter) -> None:
        frame = self._frame()
        step = frame.width() / len(self.ideal)
        painter.setPen(QPen(theme.colour("text"), 1, Qt.PenStyle.DashLine))
        if len(set(self.ideal)) == 1:
            y = round(frame.bottom() - frame.height() * self.ideal[0] / self._top()) + 0.5
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            return
        for index, ideal in enumerate(self.ideal):
            y = round(frame.bottom() - frame.height() * ideal / self._top()) + 0.5
            left = frame.left() + step * index
            painter.drawLine(QPointF(left, y), QPointF(left + step, y))

    # ---- the pointer

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        frame = self._frame()
        along = (event.position().x() - frame.left()) / max(frame.width(), 1) * len(self.share)
        self._point_at(int(along) if 0 <= along < len(self.share) else -1)

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(-1)

    def _point_at(self, index: int) -> None:
        if index != self._hover:
            self._hover = index
            self.update()
