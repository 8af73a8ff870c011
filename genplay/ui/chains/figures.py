"""A few figures side by side, each over its name; hovering says what it means."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views.readout import Row

HEIGHT, LEAST = 40, 56  # pixels: of all, and of one figure


class Figures(QWidget):
    """Draws rows of a readout as columns; where there is no room for all, the last ones are drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[Row, ...] = ()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show other figures."""
        if tuple(rows) != self.rows:
            self.rows = tuple(rows)
            self.setAccessibleDescription("; ".join(f"{row.name}: {row.values[0]}" for row in rows))
            self.update()

    def text(self, name: str) -> str:
        """The figure of that name."""
        return next((row.values[0] for row in self.rows if row.name == name), "")

    def sizeHint(self) -> QSize:
        return QSize(300, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(LEAST * 3, HEIGHT)

    def shown(self) -> tuple[Row, ...]:
        """The figures that there is room for."""
        return self.rows[-max(1, self.width() // LEAST) :]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = self.shown()
        for place, row in enumerate(shown):
            width = self.width() / len(shown)
            area = QRectF(place * width, 0, width - 6, HEIGHT)
            token = row.tokens[0] if row.tokens else ""
            painter.setFont(theme.font(14, QFont.Weight.DemiBold))
            painter.setPen(theme.colour(token or "text"))
            painter.drawText(area.adjusted(0, 2, 0, 0), _TOP, row.values[0])
            painter.setFont(theme.font(11))
            painter.setPen(theme.colour("dim"))
            name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, int(area.width()))
            painter.drawText(area.adjusted(0, 0, 0, -2), _BOTTOM, name)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Have the figure under the pointer say what it means."""
        shown = self.shown()
        index = int(event.position().x() * len(shown) / max(1, self.width()))
        self.setToolTip(f"{shown[index].name}: {shown[index].help}" if 0 <= index < len(shown) else "")


_TOP = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
_BOTTOM = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
