from __future__ import annotations

import subprocess
import sys

import pytest

BEFORE_THE_FIRST_PAINT = "genplay.ui.views.picture, genplay.ui.views.image_grid, genplay.ui.views.scatter"


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        (BEFORE_THE_FIRST_PAINT, ("numpy", "pyqtgraph", "torch", "PIL")),
        ("genplay.ui.views.curves, genplay.ui.views.filmstrip", ("pyqtgraph", "torch", "PIL")),
        ("genplay.ui.panels.samples", ("pyqtgraph", "torch", "PIL")),
    ],
)
def test_views_import_nothing_heavy(modules: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {modules}; print(*[m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
