"""What the stage shows while something is under way: a thin bar with a Cancel, and a calm page."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from genplay.ui import mosaic, theme
from genplay.ui.giving_row import FoldingButton

NO_RUN = "Open a model from the library, or make a new run with +."


class Progress(QWidget):
    """A thin bar over the top of the view, and a button that cancels, which stands elsewhere: it must cover nothing."""

    cancelled = Signal()

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self.host = host
        self.share = -1.0
        self._phase = 0
        self.button = FoldingButton(theme.icon("cancel"), "Cancel")
        self.button.setToolTip("Give up this question (Esc)")
        self.button.clicked.connect(self.cancelled)
        self.button.hide()
        self.setAccessibleName("progress")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        host.installEventFilter(self)
        self.hide()

    def showEvent(self, event: object) -> None:
        """The button comes along."""
        self.button.show()

    def hideEvent(self, event: object) -> None:
        """The button goes too."""
        self.button.hide()

    def show_share(self, share: float) -> None:
        """Show a share in [0, 1], or that it is not known (negative)."""
        self.share = share
        self._phase += 1
        if self.isHidden():
            self.show()
            self._place()
            self.raise_()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as wide as the view."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        self.setGeometry(0, 0, self.host.width(), 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The bar: filled by share, or a piece that wanders."""
        painter = QPainter(self)
        painter.fillRect(QRectF(0, 0, self.width(), 2), theme.colour("line"))
        if self.share >= 0:
            painter.fillRect(QRectF(0, 0, self.width() * min(self.share, 1), 2), theme.colour("accent"))
        else:
            place = (self._phase % 20) / 20
            painter.fillRect(QRectF(self.width() * place, 0, self.width() * 0.15, 2), theme.colour("accent"))


class Waiting(QWidget):
    """A calm page: the preview of what is being opened, and a dim line of what is going on or what to do."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = NO_RUN
        self._preview = QPixmap()

    def show_text(self, text: str, preview: bytes | None = None, family: str = "") -> None:
        """Say something; ``preview`` is a PNG to show, b"" for none, None to keep what is there.

        A cloud of points has the colour of the model's ``family``.
        """
        self.text = text
        if preview is not None:
            self._preview = QPixmap()
            if preview:
                self._preview = QPixmap.fromImage(mosaic.tinted(preview, theme.family_colour(family)))
        self.setAccessibleName(text)
        self.update()

    def show_picture(self, text: str, picture: QPixmap) -> None:
        """Show a picture and a line below it."""
        self._preview = picture
        self.show_text(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The preview at the largest whole factor, and the line below it."""
        painter = QPainter(self)
        room = QRectF(self.rect()).adjusted(0, 0, 0, -48)
        bottom = room.center().y()
        if not self._preview.isNull():
            side = max(self._preview.width(), self._preview.height())
            factor = max(1, int(min(room.width(), room.height(), 480) // side))
            size = QSize(self._preview.width() * factor, self._preview.height() * factor)
            left, top = (room.width() - size.width()) / 2, (room.height() - size.height()) / 2
            painter.drawPixmap(round(left), round(top), size.width(), size.height(), self._preview)
            bottom = top + size.height()
        painter.setPen(theme.colour("dim"))
        line = QRectF(0, bottom + 16, self.width(), 24)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, self.text)
