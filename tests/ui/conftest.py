"""For all tests of the window: what a test leaves is gone before the next, and nothing is styled again in vain."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _widgets_go():
    yield
    if "PySide6.QtWidgets" not in sys.modules:
        return
    from PySide6.QtCore import QCoreApplication, QEvent

    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
