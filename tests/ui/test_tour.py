"""The whole program from end to end: the tour, in a process of its own, as ``make run`` starts it without a display."""

import subprocess
import sys

import pytest
from PIL import Image


@pytest.mark.timeout(280)
def test_the_tour_walks_through(tmp_path):
    words = [sys.executable, "-m", "genplay", "tour", "--out", str(tmp_path), "--theme", "dark"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=260, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "ERROR" not in done.stderr
    shots = sorted(tmp_path.glob("[0-9][0-9]-*-dark.png"))
    assert len(shots) >= 9
    for path in shots:
        with Image.open(path) as image:
            assert image.size == (1440, 900)
            assert len(image.convert("RGB").getcolors(1 << 24)) > 200, f"{path.name} is all but empty"


def shot(out, *more):
    words = [sys.executable, "-m", "genplay", "shot", "samples", "--run", "vae-faces16", "--size", "900x640", *more]
    return subprocess.run([*words, "--out", str(out)], capture_output=True, text=True, timeout=120, check=False)


def test_a_shot_presses_keys_first(tmp_path):
    assert shot(tmp_path / "light.png", "--theme", "dark", "--press", "Ctrl+T").returncode == 0
    assert Image.open(tmp_path / "light.png").convert("L").getpixel((3, 3)) > 200
    refused = shot(tmp_path / "none.png", "--press", "Blah")
    assert refused.returncode == 2
    assert refused.stderr.strip() == "genplay: There are no keys 'Blah'."
