"""Dragging a picture out of the window: a file manager or another program receives it as a PNG with its recipe."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag, QPixmap
from PySide6.QtWidgets import QWidget

from genplay.contract.recipe import Recipe
from genplay.ui.copying import encoded
from genplay.ui.files import plain_name
from genplay.ui.panel import Exhibit
from genplay.ui.views import pixels

PREVIEW = 96


def drag_out(source: QWidget, exhibit: Exhibit, recipe: Recipe, mime: QMimeData | None = None) -> None:
    """Start a drag with a PNG of ``exhibit`` in a temporary file; ``mime`` may carry more than the file."""
    path = temporary_png(exhibit, recipe)
    data = mime or QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    drag = QDrag(source)
    drag.setMimeData(data)
    drawn = exhibit.pictures
    if drawn.ndim == 4:
        picture = pixels.to_qimage(drawn[exhibit.index])
        preview = picture.scaled(PREVIEW, PREVIEW, Qt.AspectRatioMode.KeepAspectRatio)
        drag.setPixmap(QPixmap.fromImage(preview))
    drag.exec(Qt.DropAction.CopyAction)


def temporary_png(exhibit: Exhibit, recipe: Recipe) -> Path:
    """A PNG of ``exhibit`` at a good size, in a folder that goes when the program ends."""
    path = _folder() / f"{plain_name(exhibit.title)}.png"
    path.write_bytes(encoded(exhibit, recipe))
    return path


@lru_cache(maxsize=1)
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="genplay-drag-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
