"""The table of likelihoods: what its rows of files say, and how it is laid out."""

import importlib.util
import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from toys import COLOUR, IMAGES, toy_data

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "likelihoods.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("likelihood_table", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("spec", [IMAGES, COLOUR], ids=["grey", "colour"])
def test_files_hold_the_pictures_without_loss(script, spec):
    picture = toy_data(spec).heldout[0].permute(1, 2, 0).numpy()
    for options in script.FORMATS.values():
        read = np.asarray(Image.open(io.BytesIO(script.encoded(picture, options))).convert("RGB"))
        np.testing.assert_array_equal(read, np.broadcast_to(picture, read.shape))


def test_bits_of_files_are_their_bytes(script):
    data = toy_data(COLOUR)
    each, whole = script.of_format(data, "PNG", script.FORMATS["PNG"], n=9)
    sizes = [
        8 * len(script.encoded(x.permute(1, 2, 0).numpy(), script.FORMATS["PNG"])) / COLOUR.size
        for x in data.heldout[:9]
    ]
    assert each[2:4] == (9, pytest.approx(np.mean(sizes)))
    assert whole[2] == 9
    assert whole[3] < each[3], "one header for all"
    assert math.isnan(whole[4])


def test_the_table_names_n_and_error(script):
    told = script.table(
        "Toy", toy_data(IMAGES), [("`a` (VAE)", "bound", 1200, 3.14159, 0.01), ("b", "file", 3, 1.0, math.nan)]
    )
    assert "## Toy, 16 x 16 x 1" in told
    assert "| `a` (VAE) | bound | 1,200 | 3.142 ± 0.010 |" in told
    assert "| b | file | 3 | 1.000 |" in told


def test_what_ships_is_listed(script):
    names = {path.stem for path in script.shipped("faces16")}
    assert {"vae-faces16", "flow-faces16", "diffusion-faces16"} <= names
    assert not any(name.startswith(("gan", "latent-diffusion")) for name in names)
