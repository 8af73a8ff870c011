"""Curves as CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from genplay.contract.errors import BadInput
from genplay.export import table


def test_union_of_steps_with_gaps_left_empty() -> None:
    text = table.text({"loss": [(1, 0.5), (3, 0.25)], 'odd, "name"': [(2, 1.0), (3, float("nan"))]})
    assert text == 'step,loss,"odd, ""name"""\r\n1,0.5,\r\n2,,1.0\r\n3,0.25,\r\n'


def test_numbers_read_back_as_they_were() -> None:
    values = np.random.default_rng(0).normal(size=50)
    single = values.astype(np.float32)
    steps = np.arange(50, dtype=np.int64)
    rows = list(csv.reader(io.StringIO(table.text({"a": zip(steps, values), "b": zip(steps, single)}))))
    assert rows[0] == ["step", "a", "b"]
    np.testing.assert_array_equal([float(row[1]) for row in rows[1:]], values)
    np.testing.assert_array_equal(np.array([row[2] for row in rows[1:]], np.float32), single)
    assert [row[0] for row in rows[1:]] == [str(i) for i in range(50)]
    assert max(len(row[2]) for row in rows[1:]) < 16


def test_no_curves_make_a_table_of_steps_alone() -> None:
    assert table.text({}) == "step\r\n"


def test_file_is_utf8_and_never_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    assert table.write({"Fréchet": [[0, 1.5]]}, path) == path
    assert path.read_bytes().decode("utf-8") == "step,Fréchet\r\n0,1.5\r\n"
    with pytest.raises(BadInput, match=r"curves\.csv already exists"):
        table.write({}, path)
    table.write({}, path, overwrite=True)
    assert path.read_bytes() == b"step\r\n"
