"""The order in which Tab visits widgets: as they are read, whenever they were made."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QWidget

ROW = 16  # pixels: siblings whose middles are nearer than that stand in one row


def focusable(within: QWidget) -> Iterator[QWidget]:
    """The visible widgets inside ``within`` that Tab may visit, row by row and from left to right."""
    for child in _in_rows([c for c in within.children() if isinstance(c, QWidget)]):
        if child.isWindow() or not child.isVisible():
            continue
        if child.isEnabled() and child.focusProxy() is None and _takes_tab(child):
            yield child
        yield from focusable(child)


def step(within: QWidget, now: QWidget | None, forward: bool) -> bool:
    """Give the focus to the widget after (or before) ``now``; whether there is one."""
    order = list(focusable(within))
    if not order:
        return False
    here = order.index(now) if now in order else (-1 if forward else 0)
    target = order[(here + (1 if forward else -1)) % len(order)]
    target.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
    return True


def _takes_tab(widget: QWidget) -> bool:
    """Of buttons that exclude each other Tab visits the chosen one, from which arrows lead to the others."""
    group = widget.group() if isinstance(widget, QAbstractButton) else None
    if group is not None and group.exclusive() and group.checkedButton() is not None:
        return group.checkedButton() is widget
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def _in_rows(widgets: list[QWidget]) -> list[QWidget]:
    rows: list[list[QWidget]] = []
    for widget in sorted(widgets, key=_middle):
        if rows and _middle(widget) - _middle(rows[-1][0]) < ROW:
            rows[-1].append(widget)
        else:
            rows.append([widget])
    return [widget for row in rows for widget in sorted(row, key=lambda w: w.x())]


def _middle(widget: QWidget) -> float:
    return widget.y() + widget.height() / 2
