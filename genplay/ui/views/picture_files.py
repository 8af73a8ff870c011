"""Pictures from elsewhere: files and the clipboard, brought to the size and channels of a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QSize, Qt, QUrl
from PySide6.QtGui import QImage, QImageReader

from genplay.contract.errors import BadInput
from genplay.ui.views import pixels

MAX_PIXELS = 64_000_000
FILTER = "Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.gif *.ppm *.pgm)"


def picture_of(mime: QMimeData | None) -> QImage:
    """The picture that was pasted or dropped, itself or as a file; raises ``BadInput`` where there is none."""
    files = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()] if mime is not None else []
    if files:
        return read_picture(Path(files[0]))
    if mime is not None and mime.hasImage():
        image = mime.imageData()
        return image if isinstance(image, QImage) else QImage(image)
    raise BadInput("There is no picture on the clipboard.")


def read_picture(path: Path) -> QImage:
    """A picture file; raises ``BadInput`` naming it and what is wrong."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid() and size.width() * size.height() > MAX_PIXELS:
        raise BadInput(f"{path.name} is larger than {MAX_PIXELS // 1_000_000} million pixels.")
    image = reader.read()
    if image.isNull():
        raise BadInput(f"{path.name} cannot be read as a picture.")
    return image


def fitted(image: QImage, height: int, width: int, channels: int) -> np.ndarray:
    """The middle of ``image`` in the model's proportions and size: uint8 (height, width, channels)."""
    if image.isNull():
        raise BadInput("There is no picture on the clipboard.")
    part = image.size()
    inside = QSize(width, height).scaled(part, Qt.AspectRatioMode.KeepAspectRatio)
    left, top = (part.width() - inside.width()) // 2, (part.height() - inside.height()) // 2
    cut = image.copy(left, top, max(1, inside.width()), max(1, inside.height()))
    small = cut.scaled(width, height, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    x = pixels.to_pixels(small)
    if channels == 3:
        return x
    return (x @ np.array([0.299, 0.587, 0.114])).round().astype(np.uint8)[..., None]


def is_foreign(urls: Sequence[QUrl]) -> bool:
    """Whether one picture file is dropped that is not an export of genplay: those restore what they show."""
    from genplay.export import read_recipe

    if len(urls) != 1 or not urls[0].isLocalFile():
        return False
    path = urls[0].toLocalFile()
    if not path.lower().endswith((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".ppm", ".pgm")):
        return False
    try:
        read_recipe(path)
    except BadInput:
        return True
    return False
