"""Painted distributions: points as the ink says, an exact density, blobs as classes, and files from anybody."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import genplay.data as data
from genplay.contract import drawn
from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset
from genplay.data.drawn import Cells, blobs_of
from genplay.metrics.modes import modes_of

SIDE = drawn.SIDE
AXIS = (np.arange(SIDE) + 0.5) * 2 / SIDE - 1


def blob(x: float, y: float, size: float = 0.06) -> np.ndarray:
    """A Gaussian blob of ink; row 0 is the top."""
    across, down = (np.exp(-0.5 * ((AXIS - c) / size) ** 2) for c in (x, -y))
    return np.where(np.outer(down, across) > 1e-3, np.outer(down, across), 0).astype(np.float32)


def painted(folder: Path, density: np.ndarray, name: str = "my ring") -> dict[str, object]:
    path = folder / "x.npz"
    drawn.save(path, density, name)
    return {"file": str(path)}


def load(folder: Path, density: np.ndarray) -> Dataset:
    return data.load("drawn", painted(folder, density))


def three() -> np.ndarray:
    return blob(0.5, 0.5) + 0.5 * blob(-0.5, 0.5) + blob(0.0, -0.6)


# ---- the file ---------------------------------------------------------------------------------------------------


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    density = np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    drawn.save(tmp_path / "deep" / "er" / "a.npz", density, "Ärger\n☃")
    found, name = drawn.read(tmp_path / "deep" / "er" / "a.npz")
    np.testing.assert_array_equal(found, density)
    assert found.dtype == np.float32
    assert name == "Ärger ☃"
    np.testing.assert_array_equal(drawn.load(str(tmp_path / "deep" / "er" / "a.npz")), density)
    assert [p.name for p in (tmp_path / "deep" / "er").iterdir()] == ["a.npz"]


def test_drawings_live_in_the_users_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GENPLAY_HOME", str(tmp_path))
    assert drawn.folder() == tmp_path / "drawn"


@pytest.mark.parametrize(
    ("density", "said"),
    [
        (np.zeros((SIDE, SIDE)), "Nothing is drawn"),
        (np.ones((SIDE, SIDE + 1)), "128 x 128"),
        (np.full((SIDE, SIDE), "a"), "128 x 128"),
        (np.full((SIDE, SIDE), math.nan), "no densities"),
        (np.full((SIDE, SIDE), -1.0), "no densities"),
        (np.full((SIDE, SIDE), 1e30), "no densities"),
    ],
)
def test_what_is_no_drawing_is_not_saved(tmp_path: Path, density: np.ndarray, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        drawn.save(tmp_path / "a.npz", density, "x")
    assert not list(tmp_path.iterdir())


def packed(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def array(value: np.ndarray, pickled: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, value, allow_pickle=pickled)
    return buffer.getvalue()


GOOD, NAME = array(np.ones((SIDE, SIDE), np.float32)), array(np.zeros(3, np.uint8))
HUGE = GOOD[:128].replace(b"128, 128", b"128, 999999999".ljust(8))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 no zip",
        packed(density=GOOD),
        packed(density=GOOD[:-1], name=NAME),
        packed(density=GOOD + b"x", name=NAME),
        packed(density=HUGE, name=NAME),
        packed(density=array(np.ones((SIDE, SIDE))), name=NAME),
        packed(density=array(np.ones((SIDE, SIDE), np.float32).T.copy("F")), name=NAME),
        packed(density=array(np.array([[{}]], object), pickled=True), name=NAME),
        packed(density=GOOD, name=array(np.array(["a"], object), pickled=True)),
        packed(density=GOOD, name=array(np.zeros((2, 2), np.uint8))),
        packed(density=bytes(50_000_000), name=NAME),  # 50 kB that unpack to 50 MB
        packed(density=array(np.full((SIDE, SIDE), np.inf, np.float32)), name=NAME),
        packed(density=array(np.zeros((SIDE, SIDE), np.float32)), name=NAME),
        bytes(drawn.MOST_BYTES + 1),
    ],
)
def test_odd_files_are_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.npz"
    path.write_bytes(content)
    for read in (lambda: drawn.load(path), lambda: data.load("drawn", {"file": str(path)})):
        with pytest.raises(BadInput) as refused:
            read()
        assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


def test_every_cut_and_flip_of_a_file_is_refused_or_read(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    drawn.save(path, three(), "x")
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            damaged[at] = rng.integers(256)
        path.write_bytes(bytes(damaged[: rng.integers(1, len(whole) + 1)]) if rng.random() < 0.3 else bytes(damaged))
        try:
            density = drawn.load(path)
        except BadInput:
            continue
        assert density.shape == (SIDE, SIDE)


def test_missing_files_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"Paint and save"):
        data.load("drawn")
    with pytest.raises(BadInput, match=r"There is no drawing gone\.npz\."):
        data.load("drawn", {"file": str(tmp_path / "gone.npz")})
    with pytest.raises(BadInput, match=r"cannot be read"):
        data.load("drawn", {"file": str(tmp_path)})
    with pytest.raises(BadInput, match=r"cannot be read"):
        data.load("drawn", {"file": "a\0b"})


# ---- the points -------------------------------------------------------------------------------------------------


def test_a_drawing_is_a_set_of_points(tmp_path: Path) -> None:
    loaded = load(tmp_path, three())
    assert (loaded.spec.kind, loaded.spec.shape, loaded.title) == (Kind.POINTS, (2,), "my ring")
    assert (len(loaded.train), len(loaded.heldout)) == (20_000, 4_000)
    assert loaded.train.dtype == torch.float32
    assert loaded.train.abs().max() <= 1
    again = data.source("drawn").load(data.source("drawn").Options(str(tmp_path / "x.npz")))
    assert torch.equal(again.train, loaded.train)
    train = {row.tobytes() for row in loaded.train.numpy()}
    assert not train & {row.tobytes() for row in loaded.heldout.numpy()}


def test_a_changed_drawing_is_read_again(tmp_path: Path) -> None:
    first = load(tmp_path, three())
    assert load(tmp_path, three()) is first
    assert load(tmp_path, blob(0.0, 0.0)) is not first


def test_row_0_is_the_top_and_column_0_the_left(tmp_path: Path) -> None:
    density = np.zeros((SIDE, SIDE), np.float32)
    density[0, -1] = 1
    loaded = load(tmp_path, density)
    assert loaded.train.min() > 1 - 2 / SIDE
    density[0, -1], density[-1, 0] = 0, 1
    loaded = load(tmp_path, density)
    assert loaded.train.max() < -1 + 2 / SIDE


def test_the_density_integrates_to_one_and_its_points_agree(tmp_path: Path) -> None:
    density = three() * np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    loaded = load(tmp_path, density)
    line = (torch.arange(-192, 192, dtype=torch.float64) + 0.5) / SIDE  # twice a cell, over [-1.5, 1.5]
    p = loaded.log_density(torch.cartesian_prod(line, line)).exp()
    assert float(p.sum()) / SIDE**2 == pytest.approx(1, abs=1e-9)

    at = loaded.log_density(loaded.train)
    assert at.isfinite().all()
    mass = density.astype(np.float64) / density.sum(dtype=np.float64)
    inked = mass[mass > 0]
    entropy = -(inked * np.log(inked * SIDE**2 / 4)).sum()
    assert float(-at.mean()) == pytest.approx(entropy, abs=4 * float(at.std()) / math.sqrt(20_000))

    x, y = loaded.train.double().numpy().T
    counts = np.histogram2d(-y, x, bins=16, range=[[-1, 1], [-1, 1]])[0]
    expected = mass.reshape(16, 8, 16, 8).sum((1, 3)) * 20_000
    common = expected >= 10
    statistic = ((counts - expected)[common] ** 2 / expected[common]).sum()
    assert statistic < common.sum() + 4 * math.sqrt(2 * common.sum())


def test_the_edges_of_ink_are_sharp() -> None:
    density = np.zeros((4, 4))
    density[1, 2] = 3
    nats = Cells.of(density)(
        torch.tensor([[0.01, 0.49], [0.49, 0.01], [-0.01, 0.2], [0.2, -0.01], [9.0, 9.0], [math.nan, 0.0]])
    )
    assert nats.tolist() == [pytest.approx(math.log(4))] * 2 + [-math.inf] * 4


# ---- blobs ------------------------------------------------------------------------------------------------------


def test_separate_blobs_are_classes_and_modes(tmp_path: Path) -> None:
    loaded = load(tmp_path, three())
    (attribute,) = loaded.spec.attributes
    assert (attribute.name, attribute.values) == ("blob", ("0", "1", "2"))
    share = torch.bincount(loaded.train_labels[:, 0]) / 20_000
    assert sorted(share.tolist()) == pytest.approx([0.2, 0.4, 0.4], abs=0.02)
    low = loaded.train[loaded.train_labels[:, 0] == 2]
    assert low[:, 1].max() < 0 < loaded.train[loaded.train_labels[:, 0] != 2][:, 1].min()
    modes = modes_of(loaded)
    assert modes is not None
    centres = modes.centres
    assert centres is not None
    assert centres[2].tolist() == pytest.approx([0, -0.6], abs=0.01)


def test_a_bent_stroke_is_one_blob_and_no_set_of_modes(tmp_path: Path) -> None:
    ring = np.abs(np.hypot(*np.meshgrid(AXIS, AXIS)) - 0.7) < 0.05
    loaded = load(tmp_path, ring.astype(np.float32))
    assert loaded.spec.attributes[0].values == ("0",)
    assert modes_of(loaded) is None


def test_specks_and_faint_ink_belong_to_the_nearest_blob(tmp_path: Path) -> None:
    density = blob(-0.5, 0.0) + blob(0.5, 0.0)
    density[2, SIDE - 3] = 0.5  # a speck at the upper right
    density = np.maximum(density, 0.01)  # and a veil over all
    blobs = blobs_of(density)
    assert set(np.unique(blobs)) == {0, 1}
    assert blobs[2, SIDE - 3] == blobs[SIDE // 2, -1] != blobs[SIDE // 2, 0]
    labels = load(tmp_path, density).train_labels
    assert labels.min() == 0 and labels.max() == 1


def test_touching_by_a_corner_is_touching() -> None:
    density = np.zeros((SIDE, SIDE), np.float32)
    density[4, 4] = density[5, 5] = density[9, 9] = 1
    blobs = blobs_of(density)
    assert blobs[4, 4] == blobs[5, 5] != blobs[9, 9]


def test_there_are_at_most_32_blobs_and_at_least_one() -> None:
    density = np.zeros((SIDE, SIDE), np.float32)
    density[1::16, 1::16] = 1  # 64 of equal mass
    assert set(np.unique(blobs_of(density))) == set(range(32))
    density[1::4, 1::4] = 1  # 1024 specks, each too small
    assert set(np.unique(blobs_of(density))) == {0}
