"""What is said of an estimate of the likelihood."""

from __future__ import annotations

import pytest

from genplay.contract.capability import Capability
from genplay.contract.results import Likelihood, RunState
from genplay.contract.spec import DataSpec, Kind
from genplay.ui.sampling.likelihood import told

FOUND = Likelihood("exact", -12.5, 0.25, 3.125, 40)
PICTURES, POINTS = DataSpec(Kind.IMAGE, (1, 8, 8)), DataSpec(Kind.POINTS, (2,))


@pytest.mark.parametrize(
    ("spec", "capabilities", "says"),
    [
        (PICTURES, {Capability.DENOISE}, "estimated by the probability-flow ODE"),
        (PICTURES, set(), "exact log-likelihood"),
        (POINTS, {Capability.DENOISE}, "exact log-likelihood"),
    ],
)
def test_what_is_exact_is_called_so(spec, capabilities, says):
    run = RunState("r", "Run", "f", "d", "D", spec, "paused", capabilities=frozenset(capabilities))
    text = told(FOUND, run, 1200)
    assert says in text
    assert ("3.125 bits per dimension" in text) == (spec is PICTURES)
    assert "step 1,200" in text
