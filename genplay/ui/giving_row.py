"""Rows that fit a narrow window: what matters least gives way first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import cast

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QIcon, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLayout,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from genplay.ui.views.elided import ElidedLabel

FOLDED, ARROW = 36, 16  # widths: of a button without its text, of the arrow of a menu
LEFT = 4  # pixels before an icon that stands alone, as in the theme: its glyph is at the left of its square
LEAST = 120  # an elided line is worth showing from this width on


class FoldingButton(QPushButton):
    """A button of icon and text that can be folded to its icon. The text stays its accessible name."""

    folded = False

    def fold(self, folded: bool) -> None:
        """Show the icon alone, or the text with it."""
        if folded != self.folded:
            self.folded = folded
            self.updateGeometry()
            self.update()

    def width_when(self, folded: bool) -> int:
        """Pixels that it wants."""
        return FOLDED + (ARROW if self.menu() else 0) if folded else super().sizeHint().width()

    def sizeHint(self) -> QSize:
        return QSize(self.width_when(self.folded), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.folded:
            super().paintEvent(event)
            return
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text, option.icon = "", QIcon()  # type: ignore[attr-defined]
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        place = QRect(LEFT, 0, self.width() - LEFT - (ARROW if self.menu() else 0), self.height())
        mode = QIcon.Mode.Normal if self.isEnabled() else QIcon.Mode.Disabled
        self.icon().paint(painter, _centred(place, self.iconSize()), Qt.AlignmentFlag.AlignCenter, mode)


def _centred(place: QRect, size: QSize) -> QRect:
    left, top = (place.width() - size.width()) // 2, (place.height() - size.height()) // 2
    return QRect(place.left() + left, place.top() + top, size.width(), size.height())


class GivingRow(QWidget):
    """A row in which groups of widgets give way, one after the other, until the rest fits.

    ``groups`` is asked which, first the one that goes first: folding buttons are folded, whatever else is hidden.
    ``reserved`` widgets have their room even while they are hidden, so that nothing moves when they come.
    """

    def __init__(self, groups: Callable[[], Sequence[Collection[QWidget]]], spacing: int) -> None:
        super().__init__()
        self.groups = groups
        self.reserved: list[QWidget] = []
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(spacing)

    def fit(self) -> None:
        """Have as many groups give way as it takes."""
        groups = self.groups()
        given: set[QWidget] = set()
        for group in groups:
            if self._width(given) <= self.width():
                break
            given |= set(group)
        for widget in {widget for group in groups for widget in group}:
            _give(widget, widget in given)

    def _width(self, given: set[QWidget]) -> int:
        """Pixels that the row needs when these have given way."""
        able = {widget for group in self.groups() for widget in group}
        return _width_of(self.row, given, able | set(self.reserved))

    def sizeHint(self) -> QSize:
        return QSize(self._width(set()), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        given = {widget for group in self.groups() for widget in group}
        return QSize(self._width(given), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.fit()

    def event(self, event: QEvent) -> bool:
        """Something in the row has become wider or narrower, or came or went."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return done


def _give(widget: QWidget, gives: bool) -> None:
    if isinstance(widget, FoldingButton):
        widget.fold(gives)
    elif widget.isHidden() != gives:
        widget.setVisible(not gives)


def _width_of(row: QLayout, given: set[QWidget], known: set[QWidget]) -> int:
    """Of a row of widgets, some of which may be rows; ``known`` ones are there unless they have given way."""
    widths = [
        _width(widget, given, known)
        for widget in _widgets(row)
        if (isinstance(widget, FoldingButton) or widget not in given) and (widget in known or not widget.isHidden())
    ]
    return sum(widths) + row.spacing() * max(0, len(widths) - 1)


def _width(widget: QWidget, given: set[QWidget], known: set[QWidget]) -> int:
    inner = cast("QLayout | None", widget.layout())
    if isinstance(widget, FoldingButton):
        return widget.width_when(widget in given)
    if isinstance(widget, ElidedLabel):
        return min(LEAST, widget.sizeHint().width())
    return _width_of(inner, given, known) if inner is not None else widget.sizeHint().width()


def _widgets(row: QLayout) -> Iterator[QWidget]:
    for place in range(row.count()):
        item = row.itemAt(place)
        widget = cast("QWidget | None", item.widget()) if item is not None else None
        if widget is not None:
            yield widget
