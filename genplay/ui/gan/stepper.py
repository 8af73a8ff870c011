"""The stages of slow motion in a row, the present one lit and filled as far as it has come."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme

GAP, BAR = 6, 3


class Stepper(QWidget):
    """Names side by side; :meth:`set_stage` says which is on and how much of it is done."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self.names = names
        self.stage, self.share = next(iter(names)), 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Stages of a training step")

    def sizeHint(self) -> QSize:
        return QSize(420, 30)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 30)

    def set_stage(self, stage: str, share: float) -> None:
        """Light a stage."""
        if stage != self.stage:
            self.setAccessibleDescription(self.names[stage])
        if (stage, share) != (self.stage, self.share):
            self.stage, self.share = stage, share
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A cell a stage."""
        painter = QPainter(self)
        wide = (self.width() - GAP * (len(self.names) - 1)) / len(self.names)
        for place, (stage, name) in enumerate(self.names.items()):
            here = stage == self.stage
            cell = QRectF(place * (wide + GAP), 0, wide, self.height())
            painter.setFont(theme.font(12, QFont.Weight.DemiBold if here else QFont.Weight.Normal))
            painter.setPen(theme.colour("text" if here else "dim"))
            text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(wide))
            painter.drawText(cell.adjusted(0, 0, 0, -BAR - 2), Qt.AlignmentFlag.AlignCenter, text)
            line = QRectF(cell.left(), cell.bottom() - BAR, wide, BAR)
            painter.fillRect(line, theme.colour("line"))
            if here:
                painter.fillRect(QRectF(line.topLeft(), line.size() * 1.0), theme.colour("selected"))
                line.setWidth(wide * self.share)
                painter.fillRect(line, theme.colour("accent"))
