"""The denoising networks: shapes at odd sizes, what conditions them, and that they start by saying nothing."""

from __future__ import annotations

import pytest
import torch

from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.nn.denoisers import VectorNet
from genplay.nn.time import Conditioner, TimeFeatures
from genplay.nn.unet import Attention, UNet

ATTRIBUTES = (Attribute("side", ("left", "right")), Attribute("tone", ("dark", "grey", "light")))


def spec(*shape):
    return DataSpec(Kind.IMAGE, shape, ATTRIBUTES)


def woken(network):
    """The network with its zero-initialised layers filled, so that what goes in can be seen in what comes out."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in network.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=generator))
    return network.eval()


@pytest.mark.parametrize("side", [8, 14, 16, 28, 30, 15])
@pytest.mark.parametrize(("levels", "stem"), [(1, 2), (2, 2), (3, 1), (3, 2)])
def test_any_small_picture_goes_through(side, levels, stem):
    network = woken(UNet(spec(3, side, side), [8, 16, 16][:levels], 1, stem=stem))
    x = torch.randn(2, 3, side, side)
    assert network(x, torch.rand(2), torch.zeros(2, 2, dtype=torch.int64)).shape == x.shape


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_every_feature_of_the_way_down_is_used_on_the_way_up(blocks):
    network = woken(UNet(spec(1, 16, 16), [8, 16], blocks, attention=True))
    network(torch.randn(2, 1, 16, 16), torch.rand(2), torch.zeros(2, 2, dtype=torch.int64)).square().sum().backward()
    unused = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert [n for n in unused if "attributes" not in n] == []


def test_time_and_every_label_change_what_is_said():
    network = woken(UNet(spec(3, 16, 16), [8, 16], 1))
    x, labels = torch.randn(1, 3, 16, 16), torch.tensor([[0, 1]])
    said = network(x, torch.tensor([0.3]), labels)
    assert not torch.allclose(said, network(x, torch.tensor([0.31]), labels), atol=1e-5)
    for other in ([1, 1], [2, 1], [0, 3]):
        assert not torch.allclose(said, network(x, torch.tensor([0.3]), torch.tensor([other])), atol=1e-5)


def test_rows_do_not_see_each_other():
    network = woken(UNet(spec(3, 16, 16), [8, 16], 1, attention=True))
    x, t, labels = torch.randn(3, 3, 16, 16), torch.rand(3), torch.randint(0, 2, (3, 2))
    together = network(x, t, labels)
    for i in range(3):
        torch.testing.assert_close(together[i : i + 1], network(x[i : i + 1], t[i : i + 1], labels[i : i + 1]))


def test_a_fresh_network_predicts_zero():
    x, t = torch.randn(2, 3, 16, 16), torch.rand(2)
    assert not UNet(spec(3, 16, 16), [8, 16], 1)(x, t).any()
    points = DataSpec(Kind.POINTS, (2,))
    assert not VectorNet(2, points, 16, 2)(torch.randn(4, 2), torch.rand(4)).any()


def test_more_channels_may_come_in_than_go_out():
    network = woken(UNet(spec(3, 16, 16), [8], 1, inputs=6))
    assert network(torch.randn(2, 6, 16, 16), torch.rand(2)).shape == (2, 3, 16, 16)
    vectors = woken(VectorNet(2, DataSpec(Kind.POINTS, (2,)), 16, 1, inputs=4))
    assert vectors(torch.randn(5, 4), torch.rand(5)).shape == (5, 2)


def test_attention_lets_far_places_see_each_other():
    attention = woken(Attention(32))
    x = torch.randn(1, 32, 4, 4)
    other = x.clone()
    other[0, :, 3, 3] += 1
    assert not torch.allclose(attention(x)[0, :, 0, 0], attention(other)[0, :, 0, 0], atol=1e-6)


def test_time_features_tell_near_times_apart():
    features = TimeFeatures(32)(torch.linspace(0, 1, 1001))
    gaps = torch.cdist(features, features) + 10 * torch.eye(1001)
    assert gaps.min() > 0.1


def test_a_conditioner_without_attributes_takes_no_labels():
    conditioner = Conditioner(DataSpec(Kind.POINTS, (2,)), 8, conditional=True)
    assert conditioner.attributes is None
    assert conditioner(torch.rand(3), None).shape == (3, 8)
