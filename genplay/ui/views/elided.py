"""A line of text that gives way."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy

from genplay.ui import theme


class ElidedLabel(QLabel):
    """A dim line, cut with an ellipsis where there is no room; it asks for none.

    Another text is drawn and nothing else: a label's own text would have all around it laid out anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self._line = ""
        self.setProperty("role", "dim")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def text(self) -> str:
        """The whole line."""
        return self._line

    def setText(self, text: str) -> None:
        """Show another line."""
        if text != self._line:
            self._line = text
            self.setAccessibleName(text)
            self.update()

    def sizeHint(self) -> QSize:
        self.ensurePolished()
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._line), metrics.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def shown(self) -> str:
        """As much of the text as fits."""
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line."""
        painter = QPainter(self)
        painter.setPen(theme.colour("dim"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.shown())
