"""Laws of the coupling flow."""

from __future__ import annotations

import pytest
import torch

from genplay.nn.coupling import CouplingFlow


def scrambled(size: int, condition: int = 0) -> CouplingFlow:
    flow = CouplingFlow(size, 4, 16, condition).double()
    generator = torch.Generator().manual_seed(0)
    for p in flow.parameters():
        p.data = 0.5 * torch.randn(p.shape, generator=generator, dtype=torch.float64)
    return flow


@pytest.mark.parametrize("size", [2, 5, 24])
@pytest.mark.parametrize("condition", [0, 3])
def test_inverse_undoes_forward(size: int, condition: int) -> None:
    flow, x = scrambled(size, condition), torch.randn(6, size, dtype=torch.float64)
    given = torch.randn(6, condition, dtype=torch.float64) if condition else None
    y, _ = flow(x, given)
    torch.testing.assert_close(flow.inverse(y, given), x)
    assert (y - x).abs().max() > 0.1


@pytest.mark.parametrize("size", [2, 5])
def test_ladj_is_that_of_autograd(size: int) -> None:
    flow, x = scrambled(size), torch.randn(1, size, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda v: flow(v)[0], x)[0, :, 0]
    torch.testing.assert_close(flow(x)[1][0], torch.linalg.slogdet(jacobian).logabsdet)


def test_starts_as_a_permutation() -> None:
    x = torch.randn(4, 6)
    y, ladj = CouplingFlow(6, 4, 16)(x)
    torch.testing.assert_close(y.sort(1).values, x.sort(1).values)
    assert (ladj == 0).all()


def test_a_condition_changes_the_map() -> None:
    flow, x = scrambled(4, 2), torch.randn(3, 4, dtype=torch.float64)
    a, b = (flow(x, torch.full((3, 2), v, dtype=torch.float64))[0] for v in (0.0, 1.0))
    assert (a - b).abs().max() > 0.1
