"""The name of a run with its colour, at the head of what is told about it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme

TINTS = ("#999999", "#009E73")  # of the run that went before, and of its fork


class Heading(QWidget):
    """A dot and a name, and at the right end a dim word."""

    def __init__(self) -> None:
        super().__init__()
        self.name, self.detail, self.tint = "", "", QColor(TINTS[0])
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(120, 22)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, 22)

    def show_run(self, name: str, tint: str, detail: str = "") -> None:
        """Another name, colour and detail."""
        if (name, tint, detail) != (self.name, self.tint.name(), self.detail):
            if name != self.name:
                self.setAccessibleName(name)
                self.setToolTip(name)
            self.name, self.detail, self.tint = name, detail, QColor(tint)
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dot, name, detail."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.tint)
        painter.drawEllipse(QPointF(5, self.height() / 2), 4.5, 4.5)
        painter.setFont(theme.font(12))
        wide = painter.fontMetrics().horizontalAdvance(self.detail) + 8 if self.detail else 0
        painter.setPen(theme.colour("dim"))
        area = QRectF(16, 0, self.width() - 16, self.height())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self.detail)
        painter.setFont(theme.font(13, QFont.Weight.DemiBold))
        painter.setPen(theme.colour("text"))
        room = int(area.width() - wide)
        name = painter.fontMetrics().elidedText(self.name, Qt.TextElideMode.ElideLeft, room)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
