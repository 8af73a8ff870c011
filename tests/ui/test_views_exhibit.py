from __future__ import annotations

import numpy as np
from pytestqt.qtbot import QtBot

from genplay.contract.recipe import Recipe
from genplay.contract.requests import DrawSamples
from genplay.ui.copying import encoded
from genplay.ui.drag_out import temporary_png
from genplay.ui.export_dialog import whats_of
from genplay.ui.panel import Exhibit


def test_the_picture_meant_is_the_one_that_is_copied_and_dragged_out(qtbot: QtBot) -> None:
    from genplay.export import read_recipe

    x = np.stack([np.full((8, 8, 3), 10 * i, np.uint8) for i in range(6)])
    exhibit = Exhibit("one of six", "picture", x, DrawSamples(6), 3, index=4)
    recipe = Recipe("", "vae", "run", 3, exhibit.question)
    path = temporary_png(exhibit, recipe)
    assert whats_of(exhibit)[0] == "picture"
    for data in (encoded(exhibit, recipe), path.read_bytes()):
        pixels = _pixels(data)
        assert (pixels == 40).all()
    stored = read_recipe(path)
    assert stored is not None
    assert stored.export["index"] == 4


def _pixels(png: bytes) -> np.ndarray:
    import io

    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
