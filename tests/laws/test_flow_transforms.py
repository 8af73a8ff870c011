"""Every transform of a flow is undone by its inverse, and its log-determinant is that of its Jacobian."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from genplay.nn.flows.autoregressive import Autoregressive
from genplay.nn.flows.coupling import Coupling
from genplay.nn.flows.elementwise import Affine
from genplay.nn.flows.glow import Centre, Glow, InvertibleMix, PictureCoupling
from genplay.nn.flows.spline import AffineSpline, RationalQuadratic
from genplay.nn.flows.transform import ActNorm, Chain, Transform

ROWS, CONDITION = 6, 3
VECTOR, ODD, PICTURE = (4,), (5,), (2, 4, 4)
TRANSFORMS = {
    "actnorm": (VECTOR, lambda: ActNorm(4)),
    "actnorm of pictures": (PICTURE, lambda: ActNorm(2)),
    "affine coupling": (VECTOR, lambda: Coupling(4, 16, Affine(), condition=CONDITION)),
    "affine coupling, odd": (ODD, lambda: Coupling(5, 16, Affine(), even=True, condition=CONDITION)),
    "spline coupling": (VECTOR, lambda: Coupling(4, 16, RationalQuadratic(5), condition=CONDITION)),
    "spline coupling of two": ((2,), lambda: Coupling(2, 16, RationalQuadratic(8), even=True, condition=CONDITION)),
    "affine autoregressive": (VECTOR, lambda: Autoregressive(4, 16, Affine(), condition=CONDITION)),
    "spline autoregressive": (ODD, lambda: Autoregressive(5, 16, RationalQuadratic(5), True, CONDITION)),
    "autoregressive of one": ((1,), lambda: Autoregressive(1, 8, Affine(), condition=CONDITION)),
    "invertible 1x1": ((5, 3, 2), lambda: InvertibleMix(5)),
    "dense picture coupling": (PICTURE, lambda: PictureCoupling(PICTURE, 8, Affine(2.0), True, CONDITION)),
    "conv picture coupling": ((3, 4, 2), lambda: PictureCoupling((3, 4, 2), 8, Affine(2.0), False, CONDITION)),
    "spline picture coupling": (PICTURE, lambda: PictureCoupling(PICTURE, 8, AffineSpline(4), True, CONDITION)),
    "centre": (PICTURE, lambda: Centre(PICTURE, CONDITION)),
    "glow": (PICTURE, lambda: Glow(PICTURE, 2, 2, 8, True, CONDITION)),
    "glow with splines": (PICTURE, lambda: Glow(PICTURE, 2, 2, 8, True, CONDITION, bins=4)),
    "glow of one level": ((1, 6, 6), lambda: Glow((1, 6, 6), 3, 1, 8, False, CONDITION)),
    "chain": ((3,), lambda: Chain([ActNorm(3), Coupling(3, 8, Affine(), condition=CONDITION)])),
}
PRECISIONS = {torch.float32: 1e-5, torch.float64: 1e-9}
each = pytest.mark.parametrize("name", list(TRANSFORMS))
each_type = pytest.mark.parametrize("dtype", list(PRECISIONS), ids=["float32", "float64"])


def made(name: str, dtype: torch.dtype) -> tuple[Transform, torch.Tensor, torch.Tensor]:
    """A transform away from the identity where it begins, with data and a condition."""
    torch.manual_seed(1)
    shape, build = TRANSFORMS[name]
    transform = build().eval()
    with torch.no_grad():
        for parameter in transform.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    x, condition = torch.randn(ROWS, *shape), torch.randn(ROWS, CONDITION)
    return transform.to(dtype), x.to(dtype), condition.to(dtype)


@each
@each_type
def test_the_inverse_undoes_it(name: str, dtype: torch.dtype) -> None:
    transform, x, condition = made(name, dtype)
    with torch.no_grad():
        y, ladj = transform(x, condition)
        again, back = transform.inverse(y, condition)
    assert y.shape == x.shape and ladj.shape == (ROWS,)
    torch.testing.assert_close(again, x, rtol=0, atol=PRECISIONS[dtype])
    torch.testing.assert_close(back, -ladj, rtol=PRECISIONS[dtype], atol=PRECISIONS[dtype])


@each
@each_type
def test_the_log_determinant_is_that_of_the_jacobian(name: str, dtype: torch.dtype) -> None:
    transform, x, condition = made(name, dtype)
    for row in range(2):
        given = condition[row : row + 1]
        jacobian = torch.autograd.functional.jacobian(lambda v, c=given: transform(v[None], c)[0].flatten(), x[row])
        _, expected = torch.linalg.slogdet(jacobian.view(x[0].numel(), -1).double())
        _, ladj = transform(x[row : row + 1], given)
        torch.testing.assert_close(ladj[0].double(), expected, rtol=PRECISIONS[dtype], atol=PRECISIONS[dtype])


@each
def test_the_way_back_part_by_part_ends_at_the_inverse(name: str) -> None:
    transform, x, condition = made(name, torch.float64)
    states = list(transform.backwards(x, condition))
    assert len(states) == transform.depth
    assert all(state.shape == x.shape and ladj.shape == (ROWS,) for state, ladj in states)
    end, ladj = transform.inverse(x, condition)
    torch.testing.assert_close(states[-1], (end, ladj))


@pytest.mark.parametrize("backward", [False, True])
def test_an_autoregressive_layer_looks_at_earlier_numbers_alone(backward: bool) -> None:
    torch.manual_seed(0)
    layer = Autoregressive(5, 16, RationalQuadratic(4), backward).double()
    nn.init.normal_(layer.last.weight)
    jacobian = torch.autograd.functional.jacobian(lambda v: layer(v[None])[0][0], torch.randn(5, dtype=torch.float64))
    forbidden = jacobian.tril(-1) if backward else jacobian.triu(1)
    assert (forbidden == 0).all() and (jacobian.diagonal() > 0).all()
    assert (jacobian - forbidden - jacobian.diagonal().diag()).abs().max() > 0


@pytest.mark.parametrize("bins", [2, 5])
def test_the_gradient_of_the_spline_is_right(bins: int) -> None:
    torch.manual_seed(0)
    spline = RationalQuadratic(bins, 2.0)
    x = (1.5 * torch.randn(6, 1, dtype=torch.float64)).requires_grad_()
    raw = torch.randn(spline.parameters, 6, 1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(spline.forward, (x, raw))
    assert torch.autograd.gradcheck(spline.inverse, (x, raw))


def test_a_spline_rises_smoothly_through_its_box_and_is_straight_outside() -> None:
    torch.manual_seed(0)
    spline, grid = RationalQuadratic(6, 2.0), torch.linspace(-3, 3, 4001, dtype=torch.float64)[:, None]
    raw = torch.randn(spline.parameters, 1, 1, dtype=torch.float64).expand(-1, len(grid), -1)
    y, ladj = spline.forward(grid, raw)
    assert (y.diff(dim=0) > 0).all()
    torch.testing.assert_close(y[grid.abs() >= 2], grid[grid.abs() >= 2])
    numeric = (y[2:] - y[:-2]) / (grid[2:] - grid[:-2])
    torch.testing.assert_close(ladj.exp()[1:-1], numeric, rtol=0.1, atol=0.01)


def test_zeros_mean_the_identity() -> None:
    x = torch.randn(5, 4)
    for map in (Affine(), RationalQuadratic()):
        y, ladj = map.forward(x, torch.zeros(map.parameters, 5, 4))
        torch.testing.assert_close(y, x)
        torch.testing.assert_close(ladj, torch.zeros_like(x), atol=1e-6, rtol=0)
