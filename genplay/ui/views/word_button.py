"""A bold word in a sentence that can be clicked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from genplay.ui import theme


class WordButton(QAbstractButton):
    """Words in their colour; struck out and dim while they are off. Enter or Space clicks them."""

    def __init__(self, text: str, tint: Callable[[], QColor], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tint = tint
        self.setText(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def face(self) -> QFont:
        """The font of the words."""
        return theme.font(13, QFont.Weight.DemiBold)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self.face())
        return QSize(round(metrics.horizontalAdvance(self.text()) + 0.5), round(metrics.height()) + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The words, a line under them when pointed at, a frame when they have the focus."""
        painter = QPainter(self)
        face = self.face()
        face.setStrikeOut(not self.isChecked())
        painter.setFont(face)
        tint = self.tint() if self.isChecked() else theme.colour("dim")
        painter.setPen(tint)
        painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        elif self.underMouse():
            painter.drawLine(QPointF(0, self.height() - 1.5), QPointF(self.width(), self.height() - 1.5))
