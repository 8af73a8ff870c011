"""The convolutional networks."""

from __future__ import annotations

import torch

from genplay.nn.conv import ConvDecoder, ConvEncoder, halvings
from genplay.nn.mlp import mlp


def test_pictures_are_halved_until_odd_or_four() -> None:
    assert [halvings(n, n) for n in (8, 16, 28, 32, 64, 5)] == [1, 2, 2, 3, 4, 0]
    assert halvings(16, 10) == 1


def test_encoder_and_decoder_are_mirror_images() -> None:
    x = torch.randn(3, 2, 12, 8)
    encoder, decoder = ConvEncoder((2, 12, 8), 7, 4), ConvDecoder(7, (2, 12, 8), 4)
    code = encoder(x)
    assert code.shape == (3, 7) and decoder(code).shape == x.shape


def test_every_pixel_depends_on_the_code_and_the_code_on_every_pixel() -> None:
    x = torch.randn(1, 1, 16, 16, requires_grad=True)
    ConvEncoder((1, 16, 16), 3, 4)(x).sum().backward()
    assert x.grad is not None and (x.grad != 0).all()
    decoder = ConvDecoder(3, (1, 16, 16), 4)
    jacobian = torch.autograd.functional.jacobian(decoder, torch.randn(1, 3))
    assert (jacobian.abs().sum(-1) != 0).all()


def test_mlp_ends_in_a_linear_layer() -> None:
    net = mlp([3, 5, 2])
    assert [type(layer).__name__ for layer in net] == ["Linear", "SiLU", "Linear"]
    assert net(torch.zeros(4, 3)).shape == (4, 2)
