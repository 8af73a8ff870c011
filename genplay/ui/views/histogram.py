"""How often each value of each attribute occurs in a data set."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from genplay.contract.spec import Attribute
from genplay.ui import theme

ROW, LABEL, EDGE = 30, 96, 4


def spoken(name: str) -> str:
    """The name of an attribute as words."""
    return name.replace("_", " ")


class Histogram(QWidget):
    """A row an attribute: its name, and a bar a value, as high as its share of the attribute's commonest value."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._attributes: tuple[Attribute, ...] = ()
        self._counts: tuple[tuple[int, ...], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("attribute histogram")

    def set_counts(self, attributes: Sequence[Attribute], counts: Sequence[Sequence[int]]) -> None:
        """Counts a value, a row an attribute."""
        self._attributes = tuple(attributes)
        self._counts = tuple(tuple(row) for row in counts)
        told = "; ".join(f"{a.name}: {len(a.values)} values" for a in self._attributes)
        self.setAccessibleDescription(told or "no attributes")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A row each."""
        return QSize(320, max(1, len(self._counts)) * ROW)

    def bars(self, row: int) -> list[QRectF]:
        """The bars of an attribute, in widget coordinates."""
        counts = self._counts[row]
        top, room = row * ROW + EDGE, ROW - 2 * EDGE
        width = (self.width() - LABEL - 8) / max(len(counts), 1)
        gap = 2 if width > 6 else 0
        most = max(counts, default=0) or 1
        return [
            QRectF(LABEL + i * width, top + room * (1 - n / most), width - gap, max(1.0, room * n / most))
            for i, n in enumerate(counts)
        ]

    def described(self, position: QPoint) -> str:
        """What the bar at a position stands for, "" where there is none."""
        row = position.y() // ROW
        if not 0 <= row < len(self._counts) or position.x() < LABEL:
            return ""
        for bar, value, count in zip(self.bars(row), self._attributes[row].values, self._counts[row], strict=False):
            if bar.left() <= position.x() <= bar.right() + 2:
                share = 100 * count / max(sum(self._counts[row]), 1)
                return f"{spoken(self._attributes[row].name)}: {value} · {count:,} ({share:.0f} %)"
        return ""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names and bars."""
        painter = QPainter(self)
        painter.setFont(theme.font(12))
        for row, attribute in enumerate(self._attributes):
            painter.setPen(theme.colour("dim"))
            name = QFontMetrics(painter.font()).elidedText(
                spoken(attribute.name), Qt.TextElideMode.ElideRight, LABEL - 12
            )
            painter.drawText(QRectF(0, row * ROW, LABEL - 12, ROW), Qt.AlignmentFlag.AlignVCenter, name)
            for bar in self.bars(row):
                painter.fillRect(bar, theme.colour("accent"))

    def event(self, event: QEvent) -> bool:
        """Name the bar under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.described(event.pos()), self)
            return True
        return super().event(event)
