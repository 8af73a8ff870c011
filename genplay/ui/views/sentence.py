"""A sentence some of whose words are buttons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views.word_button import WordButton

LINE, PADDING = 21, 4


class Sentence(QWidget):
    """Words that wrap like text; ``toggled`` says which button of them was clicked.

    ``pieces`` are plain texts and, as ``(name, words)``, buttons. A text that follows a button begins with its own
    space, or with none before a full stop.
    """

    toggled = Signal(str)

    def __init__(
        self,
        pieces: Sequence[str | tuple[str, str]],
        tints: Mapping[str, Callable[[], QColor]],
        dim_from: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.dim_from = dim_from  # the word from which on the plain text is dim
        self.buttons: dict[str, WordButton] = {}
        self._parts: list[str | WordButton] = []
        for piece in pieces:
            self._parts += self._words(piece) if isinstance(piece, str) else [self._button(*piece, tints)]
        self._placed: list[tuple[QPointF, str]] = []
        self._widths: list[float] = []
        self._heights: dict[int, int] = {}
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def _button(self, name: str, words: str, tints: Mapping[str, Callable[[], QColor]]) -> WordButton:
        button = self.buttons[name] = WordButton(words, tints[name], self)
        button.clicked.connect(lambda: self.toggled.emit(name))
        return button

    @staticmethod
    def _words(text: str) -> list[str | WordButton]:
        """Single words, each with the space before it."""
        words = text.split(" ")
        return [words[0], *(f" {word}" for word in words[1:])] if words[0] else [f" {word}" for word in words[1:]]

    def set_on(self, name: str, on: bool) -> None:
        """Show whether what a button stands for is on."""
        self.buttons[name].setChecked(on)

    def set_words(self, name: str, words: str) -> None:
        """Other words on a button."""
        if self.buttons[name].text() != words:
            self.buttons[name].setText(words)
            self._widths, self._heights = [], {}
            self._place(self.width())
            self.update()

    # ---- layout

    def heightForWidth(self, width: int) -> int:
        if width not in self._heights:
            self._heights[width] = self._lines(width, place=False) * LINE + PADDING
        return self._heights[width]

    def sizeHint(self) -> QSize:
        return QSize(600, self.heightForWidth(max(self.width(), 300)))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, LINE + PADDING)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place(self.width())

    def _place(self, width: int) -> None:
        self._placed = []
        self._lines(width, place=True)

    def _measure(self) -> list[float]:
        """How wide each part is."""
        metrics = QFontMetricsF(theme.font(13))
        return [
            p.sizeHint().width() if isinstance(p, WordButton) else metrics.horizontalAdvance(p) for p in self._parts
        ]

    def _lines(self, width: int, place: bool) -> int:
        """How many lines the words take; perhaps put them there."""
        self._widths = self._widths or self._measure()
        x, line, space = 0.0, 0, QFontMetricsF(theme.font(13)).horizontalAdvance(" ")
        for part, wide in zip(self._parts, self._widths):
            button = isinstance(part, WordButton)
            x += space if button and x else 0.0
            if x + wide > width and x:
                x, line = 0.0, line + 1
            bare = 0.0 if button or x or not str(part).startswith(" ") else space  # no line begins with a space
            if place:
                self._put(part if not bare else str(part).lstrip(), x, line)
            x += wide - bare
        return line + 1

    def _put(self, part: str | WordButton, x: float, line: int) -> None:
        if isinstance(part, WordButton):
            size = part.sizeHint()
            part.setGeometry(round(x), line * LINE + (LINE - size.height()) // 2 + 2, size.width(), size.height())
        else:
            self._placed.append((QPointF(x, line * LINE), part))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The plain words."""
        painter = QPainter(self)
        painter.setFont(theme.font(13))
        painter.setPen(theme.colour("text"))
        for place, word in self._placed:
            if self.dim_from and word.strip() == self.dim_from:
                painter.setPen(theme.colour("dim"))
            area = QRectF(place.x(), place.y() + 2, 400, LINE)
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, word)
