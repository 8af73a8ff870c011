"""What a view shows while there is nothing to see: what to do next."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from genplay.ui import theme

ICON = 40


class EmptyState(QWidget):
    """An icon, a sentence saying what to do next, and perhaps the button that does it (``pressed``)."""

    pressed = Signal()

    def __init__(self, icon: str, text: str, button: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name = icon
        self._icon = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._text = QLabel(text, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._text.setProperty("role", "dim")
        self.button = QPushButton(button)
        self.button.setVisible(bool(button))
        self.button.clicked.connect(lambda: self.pressed.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(12)
        layout.addStretch(1)
        layout.addWidget(self._icon)
        layout.addWidget(self._text)  # unaligned: only so is a wrapped line given its height
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        theme.signals().changed.connect(self._tint)
        self._tint()

    @property
    def text(self) -> str:
        """The sentence on show."""
        return self._text.text()

    def set_text(self, text: str, icon: str = "") -> None:
        """Say something else, perhaps with another icon."""
        self._text.setText(text)
        if icon and icon != self._icon_name:
            self._icon_name = icon
            self._tint()

    def _tint(self) -> None:
        self._icon.setPixmap(theme.icon(self._icon_name, "dim").pixmap(QSize(ICON, ICON), self.devicePixelRatioF()))
