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


@pytest.fixture(autouse=True)
def _bells_are_closed(monkeypatch):
    """A bell that is left in a cycle of garbage may be collected by whichever thread runs then, such as the one that
    imports pyqtgraph; Qt goes on listening to a notifier that dies in another thread than its own, and crashes.
    """
    from genplay.ui.doorbell import Doorbell

    made, begin = [], Doorbell.__init__

    def remembered(bell, *words):
        begin(bell, *words)
        made.append(bell)

    monkeypatch.setattr(Doorbell, "__init__", remembered)
    yield
    from shiboken6 import isValid

    for bell in made:
        if isValid(bell):
            bell.close()
