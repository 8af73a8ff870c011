"""For all tests of the window: what a test leaves is gone before the next, and nothing is styled again in vain."""

import sys

import pytest


def _top() -> dict[int, object]:
    """Address and wrapper of all widgets without a parent."""
    if "PySide6.QtWidgets" not in sys.modules:
        return {}
    from PySide6.QtWidgets import QApplication
    from shiboken6 import getCppPointer

    if QApplication.instance() is None:
        return {}
    return {getCppPointer(widget)[0]: widget for widget in QApplication.topLevelWidgets() if widget.parent() is None}


@pytest.fixture(autouse=True)
def _widgets_go():
    before = set(_top())
    yield
    left = {address: widget for address, widget in _top().items() if address not in before}
    if left:
        from PySide6.QtCore import QCoreApplication, QEvent

        for widget in left.values():
            widget.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
