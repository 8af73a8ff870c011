"""A picture fitted into the room there is: what an export will look like."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels


class Preview(QWidget):
    """An image, fitted: pixel art by whole factors where it is grown."""

    def __init__(self) -> None:
        super().__init__()
        self.image: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 240)
        self.setAccessibleName("Preview")

    def sizeHint(self) -> QSize:
        return QSize(360, 320)

    def show_image(self, image: QImage | None) -> None:
        """Show another image, None for nothing to see."""
        self.image = image
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("card"))
        if self.image is None:
            theme.draw_icon(painter, QRectF(self.rect()).adjusted(80, 80, -80, -80), "data", theme.colour("disabled"))
            return
        size, ratio = self.image.size(), self.devicePixelRatioF()
        room = QSize(self.width() - 24, self.height() - 24)
        if size.width() <= room.width() and size.height() <= room.height():
            at = pixels.centred(self.width() - 24, self.height() - 24, size.width(), size.height(), ratio)
            at.translate(12, 12)
        else:
            fitted = size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (self.width() - fitted.width()) // 2, (self.height() - fitted.height()) // 2
            at = QRectF(left, top, fitted.width(), fitted.height())
        pixels.draw(painter, at, self.image)
