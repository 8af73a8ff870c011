"""Dragging a picture out of the window: a file manager or another program receives it as a PNG with its recipe."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag, QPixmap
from PySide6.QtWidgets import QWidget

from genplay.contract.recipe import Recipe
from genplay.ui.panel import Exhibit
from genplay.ui.views import pixels

SIDE = 256  # pixels to which a small picture is grown
PREVIEW = 96


def drag_out(source: QWidget, exhibit: Exhibit, recipe: Recipe, mime: QMimeData | None = None) -> None:
    """Start a drag with a PNG of ``exhibit`` in a temporary file; ``mime`` may carry more than the file."""
    path = temporary_png(exhibit, recipe)
    data = mime or QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    drag = QDrag(source)
    drag.setMimeData(data)
    if exhibit.x.ndim == 4:
        picture = pixels.to_qimage(exhibit.x[exhibit.index])
        preview = picture.scaled(PREVIEW, PREVIEW, Qt.AspectRatioMode.KeepAspectRatio)
        drag.setPixmap(QPixmap.fromImage(preview))
    drag.exec(Qt.DropAction.CopyAction)


def temporary_png(exhibit: Exhibit, recipe: Recipe) -> Path:
    """A PNG of ``exhibit`` at a good size, in a folder that goes when the program ends."""
    from genplay.export import encode

    side = exhibit.x.shape[1] if exhibit.x.ndim == 4 else SIDE
    grid = exhibit.kind != "picture"
    options = {"format": "png", "what": "grid" if grid else "picture", "scale": max(1, SIDE // side) if not grid else 2}
    if grid:
        options["columns"] = exhibit.columns
    else:
        options["index"] = exhibit.index
    name = re.sub(r"[^\w-]+", "-", exhibit.title).strip("-").lower()[:60] or "picture"
    path = _folder() / f"{name}.png"
    path.write_bytes(encode(exhibit.x, recipe, options))
    return path


@lru_cache(maxsize=1)
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="genplay-drag-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
