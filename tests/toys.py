"""Toy models of the three shapes that families come in, and toy data, for tests of what all families share."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from genplay.contract.knob import knob
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import Dataset
from genplay.core.model import Code, Frame, Model, Objective

ATTRIBUTES = (Attribute("side", ("left", "right")), Attribute("tone", ("dark", "grey", "light")))
POINTS = DataSpec(Kind.POINTS, (2,), ATTRIBUTES)
IMAGES = DataSpec(Kind.IMAGE, (1, 16, 16), ATTRIBUTES)
COLOUR = DataSpec(Kind.IMAGE, (3, 16, 16), ATTRIBUTES)
TEXT = DataSpec(Kind.TOKENS, (6,), ATTRIBUTES, ("", *"abcxyz"))


def toy_data(spec=POINTS, train=150, heldout=50, density=True):
    """Data whose labels can be seen in it: which side is brighter (or left of 0), and how bright (or high) it is.

    Texts are of letters from the start or the end of the alphabet, and 2, 4 or 6 characters long.
    """
    generator = torch.Generator().manual_seed(7)
    labels = torch.stack([torch.randint(len(a.values), (train + heldout,), generator=generator) for a in ATTRIBUTES], 1)
    place = labels.float() * torch.tensor([1.0, 0.5]) - 0.5
    if spec.kind is Kind.POINTS:
        x = place + 0.1 * torch.randn(train + heldout, 2, generator=generator)
    elif spec.kind is Kind.TOKENS:
        letters = 1 + 3 * labels[:, :1] + torch.randint(3, (train + heldout, *spec.shape), generator=generator)
        x = letters * (torch.arange(spec.size) < 2 + 2 * labels[:, 1:])
    else:
        ramp = torch.linspace(-1, 1, spec.shape[2]) * torch.sign(place[:, :1])
        noise = 20 * torch.rand(train + heldout, *spec.shape, generator=generator)
        x = (100 + 60 * place[:, 1, None, None, None] + 40 * ramp[:, None, None, :] + noise).clamp(0, 255).byte()
    known = (lambda p: -p.square().sum(1) / 2 - math.log(2 * math.pi)) if density and spec.kind is Kind.POINTS else None
    cut = (x[:train], labels[:train], x[train:], labels[train:])
    return Dataset(f"toy {spec.kind}", "Toy", "none", spec, *cut, log_density=known)


def net(*sizes):
    """A small MLP."""
    layers = [m for a, b in itertools.pairwise(sizes) for m in (nn.Linear(a, b), nn.Tanh())]
    return nn.Sequential(*layers[:-1])


@dataclass(frozen=True)
class GANConfig:
    """What a toy GAN is."""

    critic_steps: int = knob(2, "critic steps", "critic updates before each one of the generator", low=1, high=5)


class ToyGAN(Model):
    """Two players: a critic that steps several times, then the generator, against the critic as it then is."""

    name, title, Config = "toy_gan", "toy GAN", GANConfig
    latent_size = 3

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.generator, self.judge = net(3, 16, spec.size), net(spec.size, 16, 1)

    def parameter_groups(self):
        return {"critic": list(self.judge.parameters()), "generator": list(self.generator.parameters())}

    def critic(self, x, labels=None):
        return self.judge(x.flatten(1))[:, 0]

    def decode(self, z, labels=None):
        return self.generator(z).reshape(-1, *self.spec.shape)

    def objectives(self, batch, generator):
        for _ in range(self.config.critic_steps):
            fake = self.decode(torch.randn(len(batch.x), 3, generator=generator)).detach()
            yield Objective(F.softplus(-self.critic(batch.x)).mean() + F.softplus(self.critic(fake)).mean(), "critic")
        fake = self.decode(torch.randn(len(batch.x), 3, generator=generator))
        yield Objective(F.softplus(-self.critic(fake)).mean(), "generator")

    def sample_steps(self, n, config, generator, labels=None):
        z = torch.randn(n, 3, generator=generator)
        yield Frame(self.decode(z, labels), 0.0, {"z": z})


@dataclass(frozen=True)
class StepsConfig:
    """How a toy diffusion samples."""

    steps: int = knob(6, "steps", "network evaluations", low=1, high=100)


class ToyDiffusion(Model):
    """Many frames: flow matching on straight lines x_t = (1 - t) x_0 + t eps, with a network that predicts x_0."""

    name, title, SampleConfig = "toy_diffusion", "toy diffusion", StepsConfig

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.net = net(spec.size + 1, 32, spec.size)
        self.register_buffer("seen", torch.zeros(1))

    def denoise(self, x_t, t, labels=None):
        return self.net(torch.cat([x_t.flatten(1), t[:, None]], 1)).view_as(x_t)

    def corrupt(self, x_0, t, generator):
        t = t.view(-1, *[1] * (x_0.dim() - 1))
        return (1 - t) * x_0 + t * torch.randn(x_0.shape, generator=generator)

    def objectives(self, batch, generator):
        t = torch.rand(len(batch.x), generator=generator)
        error = (self.denoise(self.corrupt(batch.x, t, generator), t) - batch.x).flatten(1).square().mean(1)
        self.seen += len(batch.x)
        yield Objective(
            error.mean(), terms={"error by time": torch.stack([error[t < 0.5].sum(), error[t >= 0.5].sum()])}
        )

    def sample_steps(self, n, config, generator, labels=None):
        x = torch.randn(n, *self.spec.shape, generator=generator)
        yield Frame(x, 1.0)
        for i in range(config.steps, 0, -1):
            x_0 = self.denoise(x, torch.full((n,), i / config.steps), labels)
            x = x + (x_0 - x) / i
            yield Frame(x, (i - 1) / config.steps, {"x0": x_0})


class ToyFlow(Model):
    """Exact likelihood: x = L z + b with z ~ N(0, I) and L lower triangular, so x ~ N(b, L L^T)."""

    name, title = "toy_flow", "toy flow"

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.below = nn.Parameter(0.1 * torch.randn(spec.size, spec.size))
        self.log_diagonal, self.shift = nn.Parameter(torch.zeros(spec.size)), nn.Parameter(torch.zeros(spec.size))

    @property
    def latent_size(self):
        return self.spec.size

    def factor(self):
        return self.below.tril(-1) + self.log_diagonal.exp().diag()

    def encode(self, x, labels=None):
        centred = (x.flatten(1) - self.shift).T
        return Code(torch.linalg.solve_triangular(self.factor(), centred, upper=False).T, None)

    def decode(self, z, labels=None):
        return (z @ self.factor().T + self.shift).reshape(-1, *self.spec.shape)

    def log_density(self, x, labels=None, generator=None):
        z = self.encode(x).mu
        return -0.5 * (z.square() + math.log(2 * math.pi)).sum(1) - self.log_diagonal.sum()

    def objectives(self, batch, generator):
        yield Objective(-self.log_density(batch.x).mean())

    def sample_steps(self, n, config, generator, labels=None):
        z = torch.randn(n, self.spec.size, generator=generator)
        yield Frame(z.reshape(-1, *self.spec.shape), 1.0, {"z": z})
        yield Frame(self.decode(z), 0.0, {"z": z})


TOYS = (ToyGAN, ToyDiffusion, ToyFlow)
