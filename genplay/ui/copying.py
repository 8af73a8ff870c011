"""The picture on show, on the clipboard: with its recipe for programs that keep PNG bytes."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication, QImage

from genplay.contract.recipe import Recipe
from genplay.ui.panel import Exhibit

LEAST_SIDE = 512  # small pictures are enlarged by a whole factor to at least half of this


def copy(exhibit: Exhibit, recipe: Recipe) -> None:
    """Put an exhibit on the clipboard. Raises ``BadInput`` when it cannot be drawn."""
    if exhibit.vocabulary:
        QGuiApplication.clipboard().setText(text_of(exhibit))
        return
    data = encoded(exhibit, recipe)
    image = QImage()
    image.loadFromData(data, "PNG")
    clipboard = QGuiApplication.clipboard()
    clipboard.setImage(image)  # not a QMimeData made here: Qt would destroy it after Python has ended
    clipboard.mimeData().setData("image/png", data)


def text_of(exhibit: Exhibit) -> str:
    """The texts of an exhibit, a line each; of a chosen one that alone."""
    texts = exhibit.texts
    return texts[exhibit.index] if exhibit.kind == "picture" else "\n".join(texts)


def encoded(exhibit: Exhibit, recipe: Recipe) -> bytes:
    """An exhibit as PNG bytes with its recipe; of an animation the first frame, with all its samples."""
    from genplay.export import encode

    drawn = exhibit.pictures
    moving = exhibit.kind == "animation" and drawn.ndim == 5
    what = "grid" if moving or exhibit.kind == "grid" or drawn.ndim == 2 else "picture"
    x = drawn[0] if moving else drawn
    options: dict[str, object] = {"format": "png", "what": what, **({"frame": 0} if moving else {}), **exhibit.of_tape}
    if drawn.ndim > 2:
        across = x.shape[-2] * (min(exhibit.columns, len(x)) if what == "grid" else 1)
        options |= {"scale": max(1, min(64, LEAST_SIDE // across)), "columns": exhibit.columns}
    if what == "picture" and exhibit.kind == "picture":
        options["index"] = exhibit.index
    return encode(x, recipe, options)
