"""Distributions of one place of an autoregressive model, given a vector of features that stands for all before it.

A head turns data into ``values`` (B, L, K), K parts a place, embeds them for the network to read, gives the
log-probability of a place in nats, and draws one. The parts of a place are drawn in order, each given those before it
(red, green, blue), so that any number of colours is joint: p(v | h) = prod_k p(v_k | h, v_1 ... v_{k-1}).

Pixels are 8-bit values 0 to 255 and all probabilities are of these: where a head tells fewer levels apart, the 8-bit
values of a level share its probability evenly. The places of a text hold one token each.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from genplay.nn.sampling import drawn, even, sharpened

STRAY = 1e-6  # of the probability is left to all colours alike, so that none outside a palette is impossible
NARROWEST = -7.0  # log of the least scale of a logistic


def _full(x: Tensor) -> Tensor:
    """At least single precision, also where a network computes in half of it."""
    return x.float() if x.element_size() < 4 else x


class Head(nn.Module):
    """Base of heads over pixels: ``parts`` values a place, each one of ``vocabulary``."""

    names: tuple[str, ...]  # of the parts

    def __init__(self, channels: int, parts: int, vocabulary: int) -> None:
        super().__init__()
        self.channels, self.parts, self.vocabulary = channels, parts, vocabulary
        self.names = ("colour",) if parts == 1 < channels else ("grey",) if parts == 1 else ("red", "green", "blue")

    def learn(self, colours: Tensor) -> None:
        """Look at colours (B, L, C) of the data, 0 to 255 int64, before training on them."""

    def values(self, colours: Tensor) -> Tensor:
        """Colours (..., C), 0 to 255 int64, as values (..., parts)."""
        raise TypeError(f"{type(self).__name__} defines no values")

    def colours(self, values: Tensor) -> Tensor:
        """The reverse of ``values``; several colours may share a value, and one of them comes back."""
        raise TypeError(f"{type(self).__name__} defines no colours")

    def embed(self, values: Tensor) -> Tensor:
        """Values (..., parts) as a network reads them, (..., width)."""
        raise TypeError(f"{type(self).__name__} defines no embed")

    def logits(self, features: Tensor, before: Tensor) -> Tensor:
        """Logits (..., V) of the next part, given the parts (..., k) before it; V is at most ``vocabulary``."""
        raise TypeError(f"{type(self).__name__} defines no logits")

    def swatches(self) -> Tensor:
        """What each value of a part looks like, (V, C) 0 to 255; V may be below ``vocabulary``."""
        raise TypeError(f"{type(self).__name__} defines no swatches")

    def log_prob(self, features: Tensor, values: Tensor) -> Tensor:
        """Log-probability (...,) of values (..., parts), nats."""
        total = features.new_zeros(features.shape[:-1])
        for k in range(self.parts):
            logits = _full(self.logits(features, values[..., :k])).log_softmax(-1)
            total = total + logits.gather(-1, values[..., k : k + 1])[..., 0]
        return total

    def log_colour(self, features: Tensor, colours: Tensor) -> Tensor:
        """Log-probability (...,) of 8-bit colours (..., C), nats."""
        raise TypeError(f"{type(self).__name__} defines no log_colour")

    def draw(
        self,
        features: Tensor,
        generator: Generator,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        rows: int = 0,
        without: int | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Values (B, parts), and the entropy (B,) in bits of what they were drawn from, for features (B, width).

        Random numbers are drawn for ``rows`` rows where that is more than B. The value ``without`` is not drawn.
        """
        values = torch.empty(*features.shape[:-1], 0, dtype=torch.int64, device=features.device)
        entropy = features.new_zeros(features.shape[:-1])
        for _ in range(self.parts):
            logits = _full(self.logits(features, values))
            if without is not None:
                logits = logits.index_fill(-1, torch.tensor([without], device=logits.device), -math.inf)
            probs = sharpened(logits, temperature, top_k, top_p)
            entropy = entropy + torch.special.entr(probs).sum(-1) / math.log(2)
            values = torch.cat([values, drawn(probs, generator, rows)[..., None]], -1)
        return values, entropy


# ---- whole colours -------------------------------------------------------------------------------------------------


class Palette(Head):
    """One of up to ``size`` colours, which are collected from the data in the order in which they are met.

    A grey picture's palette holds all 256 values from the start. The model is (1 - r) p(colour) + r / 256^C with
    r = 1e-6: exact for any picture, and within r of p(colour) for one whose colours are all in the palette. A colour
    outside is read as its nearest neighbour. What is drawn leaves r out.
    """

    def __init__(self, channels: int, width: int, size: int) -> None:
        super().__init__(channels, 1, min(size, 256) if channels == 1 else size)
        known = 256 if channels == 1 and size >= 256 else 2
        start = torch.linspace(0, 255, known).long()[:, None].expand(known, channels)
        self.register_buffer("palette", F.pad(start, (0, 0, 0, self.vocabulary - known)))
        self.register_buffer("known", torch.tensor([known]))
        self.palette: Tensor
        self.known: Tensor
        self.table = nn.Parameter(0.3 * torch.randn(self.vocabulary, width))
        self.tint = nn.Linear(channels, width)
        self.leave = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(self.vocabulary))

    def learn(self, colours: Tensor) -> None:
        known = int(self.known)
        if known == self.vocabulary:
            return
        keys, exact = _keys(colours), None
        found, counts = keys.flatten().unique(return_counts=True)
        exact = torch.isin(found, _keys(self.palette[:known]))
        new = found[~exact][counts[~exact].argsort(descending=True, stable=True)][: self.vocabulary - known]
        shifts = 8 * torch.arange(self.channels - 1, -1, -1, device=new.device)
        self.palette[known : known + len(new)] = new[:, None] >> shifts & 255
        self.known += len(new)

    def values(self, colours: Tensor) -> Tensor:
        return self._found(colours)[0][..., None]

    def _found(self, colours: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest entry of the palette for each colour, (...,), and whether it is that colour."""
        palette = self.palette[: int(self.known)]
        unique, back = _keys(colours).unique(return_inverse=True)
        shifts = 8 * torch.arange(self.channels - 1, -1, -1, device=unique.device)
        wanted = (unique[:, None] >> shifts & 255).float()
        near = [torch.cdist(part, palette.float()).min(1) for part in wanted.split(1024)]
        distance, entry = torch.cat([n.values for n in near]), torch.cat([n.indices for n in near])
        return entry[back], (distance < 0.5)[back]

    def colours(self, values: Tensor) -> Tensor:
        return self.palette[values[..., 0]]

    def swatches(self) -> Tensor:
        return self.palette[: int(self.known)]

    def _vectors(self) -> Tensor:
        return self.table + self.tint(self.palette.to(self.table.dtype) / 127.5 - 1)

    def embed(self, values: Tensor) -> Tensor:
        return F.embedding(values[..., 0], self._vectors())

    def logits(self, features: Tensor, before: Tensor) -> Tensor:
        known = int(self.known)
        scale = features.shape[-1] ** -0.5
        return F.linear(self.leave(features) * scale, self._vectors()[:known], self.bias[:known])

    def log_prob(self, features: Tensor, values: Tensor) -> Tensor:
        logits = _full(self.logits(features, values[..., :0]))
        return -F.cross_entropy(logits.flatten(0, -2), values.flatten(), reduction="none").view(values.shape[:-1])

    def log_colour(self, features: Tensor, colours: Tensor) -> Tensor:
        entry, exact = self._found(colours)
        inside = self.log_prob(features, entry[..., None]) + math.log1p(-STRAY)
        stray = torch.full_like(inside, math.log(STRAY) - self.channels * math.log(256))
        return torch.where(exact, torch.logaddexp(inside, stray), stray)


def _keys(colours: Tensor) -> Tensor:
    """Colours (..., C) as one number each."""
    total = colours[..., 0]
    for channel in range(1, colours.shape[-1]):
        total = (total << 8) + colours[..., channel]
    return total


# ---- characters ----------------------------------------------------------------------------------------------------


class Characters(Head):
    """One token of a text's vocabulary, by a softmax. "Colours" (..., 1) are the tokens themselves."""

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__(0, 1, vocabulary)
        self.names = ("character",)
        self.table = nn.Embedding(vocabulary, width)
        self.leave = nn.Linear(width, vocabulary)
        nn.init.normal_(self.table.weight, std=0.5)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def values(self, colours: Tensor) -> Tensor:
        return colours

    def colours(self, values: Tensor) -> Tensor:
        return values

    def swatches(self) -> Tensor:
        """As many as there are tokens, of no colour: (V, 0)."""
        return torch.zeros(self.vocabulary, 0, dtype=torch.int64)

    def embed(self, values: Tensor) -> Tensor:
        return self.table(values[..., 0])

    def logits(self, features: Tensor, before: Tensor) -> Tensor:
        return self.leave(features)

    def log_colour(self, features: Tensor, colours: Tensor) -> Tensor:
        return self.log_prob(features, colours)


# ---- levels of each channel ----------------------------------------------------------------------------------------


class Levelled(Head):
    """Base of heads that give each channel one of ``levels`` evenly wide steps of brightness."""

    def __init__(self, channels: int, levels: int, width: int) -> None:
        super().__init__(channels, channels, levels)
        self.levels = levels
        self.tables = nn.ModuleList([nn.Embedding(levels, width) for _ in range(channels)])
        self.tint = nn.Linear(channels, width)
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.2)  # type: ignore[arg-type]
        counts = (torch.arange(256) * levels // 256).bincount(minlength=levels)
        self.register_buffer("log_counts", counts.float().log(), persistent=False)
        self.log_counts: Tensor

    def values(self, colours: Tensor) -> Tensor:
        return colours * self.levels // 256

    def colours(self, values: Tensor) -> Tensor:
        first, after = -(values * -256 // self.levels), -((values + 1) * -256 // self.levels)  # rounded up
        even = (values * 255 + (self.levels - 1) // 2) // (self.levels - 1)
        return even.clamp(first, after - 1)

    def swatches(self) -> Tensor:
        return self.colours(torch.arange(self.levels, device=self.log_counts.device)[:, None]).expand(-1, self.channels)

    def _scaled(self, values: Tensor) -> Tensor:
        return values.to(self.tint.weight.dtype) * (2 / (self.levels - 1)) - 1

    def embed(self, values: Tensor) -> Tensor:
        vectors = [table(values[..., c]) for c, table in enumerate(self.tables)]
        return torch.stack(vectors).sum(0) + self.tint(self._scaled(values))

    def log_colour(self, features: Tensor, colours: Tensor) -> Tensor:
        values = self.values(colours)
        return self.log_prob(features, values) - self.log_counts[values].sum(-1)


class Categorical(Levelled):
    """A softmax over the levels of each channel, given the channels before it."""

    def __init__(self, channels: int, levels: int, width: int) -> None:
        super().__init__(channels, levels, width)
        self.told = nn.ModuleList([nn.Embedding(levels, width) for _ in range(channels - 1)])
        self.hidden = nn.ModuleList([nn.Linear(width, width) for _ in range(channels)])
        self.leave = nn.ModuleList([nn.Linear(width, levels) for _ in range(channels)])
        for layer in self.leave:
            nn.init.zeros_(layer.weight)  # type: ignore[arg-type]

    def logits(self, features: Tensor, before: Tensor) -> Tensor:
        k = before.shape[-1]
        for c in range(k):
            features = features + self.told[c](before[..., c])
        return self.leave[k](F.silu(self.hidden[k](features)))


class DiscretisedMixture(Levelled):
    """A mixture of logistics cut into levels (PixelCNN++: Salimans et al. 2017, arXiv:1701.05517).

    p(v) = sum_j w_j prod_c P_j(v_c | v_1 ... v_{c-1}), P_j(v) = s((v + d - m) / s_j) - s((v - d - m) / s_j) with the
    logistic function s, half a level d, and the outermost levels open to the outside. The mean of a channel moves
    linearly with the channels before it.
    """

    def __init__(self, channels: int, levels: int, width: int, components: int) -> None:
        super().__init__(channels, levels, width)
        self.components, self.pairs = components, channels * (channels - 1) // 2
        self.leave = nn.Linear(width, components * (1 + 2 * channels + self.pairs))
        with torch.no_grad():
            self.leave.weight.mul_(0.3)
            spread = torch.linspace(-0.9, 0.9, components).repeat(channels)
            self.leave.bias[components : components * (1 + channels)] = spread
            self.leave.bias[components * (1 + channels) : components * (1 + 2 * channels)] = -2.0

    def _mixture(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Log-weights (..., J), means and log-scales (..., C, J), slopes (..., pairs, J)."""
        sizes = [1, self.channels, self.channels, self.pairs]
        parts = _full(self.leave(features)).unflatten(-1, (-1, self.components)).split(sizes, -2)
        return parts[0][..., 0, :].log_softmax(-1), parts[1], parts[2].clamp(min=NARROWEST), parts[3].tanh()

    def _mean(self, means: Tensor, slopes: Tensor, c: int, scaled: Tensor) -> Tensor:
        """Of channel ``c``, (..., J), given the channels before it, scaled (..., c)."""
        first = c * (c - 1) // 2
        return means[..., c, :] + (slopes[..., first : first + c, :] * scaled[..., :c, None]).sum(-2)

    def _log_level(self, value: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
        """Log-probability of levels under logistics, all of them broadcast, by
        s(a) - s(b) = s(a) s(-b) (1 - exp(b - a))."""
        half, inverse = 1 / (self.levels - 1), (-log_scale).exp()
        centre = self._scaled(value) - mean
        above, below = F.logsigmoid((centre + half) * inverse), F.logsigmoid((half - centre) * inverse)
        inside = torch.log(-torch.expm1(-2 * half * inverse))
        lowest, highest = value == 0, value == self.levels - 1
        middle = above + below + inside
        return torch.where(lowest, above, torch.where(highest, below, middle))

    def log_prob(self, features: Tensor, values: Tensor) -> Tensor:
        total, means, log_scales, slopes = self._mixture(features)
        scaled = self._scaled(values)
        for c in range(self.channels):
            mean = self._mean(means, slopes, c, scaled)
            total = total + self._log_level(values[..., c, None], mean, log_scales[..., c, :])
        return total.logsumexp(-1)

    def logits(self, features: Tensor, before: Tensor) -> Tensor:
        weights, means, log_scales, slopes = self._mixture(features)
        scaled, k = self._scaled(before), before.shape[-1]
        for c in range(k):  # which components the channels so far speak for
            mean = self._mean(means, slopes, c, scaled)
            weights = weights + self._log_level(before[..., c, None], mean, log_scales[..., c, :])
        mean, levels = self._mean(means, slopes, k, scaled), torch.arange(self.levels, device=features.device)
        each = self._log_level(levels[:, None], mean[..., None, :], log_scales[..., k, None, :])  # (..., V, J)
        return (weights.log_softmax(-1)[..., None, :] + each).logsumexp(-1)


# ---- numbers -------------------------------------------------------------------------------------------------------


class NumberMixture(nn.Module):
    """A mixture of logistics over a real number, p(v) = sum_j w_j s'((v - m_j) / s_j) / s_j; for points.

    Its values are the numbers themselves, (B, L, 1).
    """

    FREQUENCIES = 6

    def __init__(self, width: int, components: int) -> None:
        super().__init__()
        self.components = components
        self.enter = nn.Linear(1 + 2 * self.FREQUENCIES, width)
        self.leave = nn.Linear(width, 3 * components)
        with torch.no_grad():
            self.leave.bias[components : 2 * components] = torch.linspace(-1.2, 1.2, components)
            self.leave.bias[2 * components :] = -1.5

    def embed(self, values: Tensor) -> Tensor:
        """Numbers (..., 1) and sines and cosines of them, (..., width)."""
        angles = values * 2.0 ** torch.arange(self.FREQUENCIES, device=values.device)
        return self.enter(torch.cat([values, angles.sin(), angles.cos()], -1))

    def _mixture(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        weights, means, log_scales = _full(self.leave(F.silu(features))).chunk(3, -1)
        return weights, means, log_scales.clamp(NARROWEST, 3.0)

    def log_prob(self, features: Tensor, values: Tensor) -> Tensor:
        """Log density (...,) of numbers (..., 1), nats."""
        weights, means, log_scales = self._mixture(features)
        u = (values - means) * (-log_scales).exp()
        return (weights.log_softmax(-1) + F.logsigmoid(u) + F.logsigmoid(-u) - log_scales).logsumexp(-1)

    def draw(
        self,
        features: Tensor,
        generator: Generator,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        rows: int = 0,
    ) -> tuple[Tensor, Tensor]:
        """Numbers (B, 1), and the entropy (B,) in bits of the choice of a component, which is what ``temperature``,
        ``top_k`` and ``top_p`` sharpen; ``temperature`` narrows the components too."""
        weights, means, log_scales = self._mixture(features)
        probs = sharpened(weights, temperature, top_k, top_p)
        chosen = drawn(probs, generator, rows)[..., None]
        u = even(chosen.shape, generator, rows).to(means)
        u = u.clamp(1e-6, 1 - 1e-6)
        scale = log_scales.gather(-1, chosen).exp() * temperature
        entropy = torch.special.entr(probs).sum(-1) / math.log(2)
        return means.gather(-1, chosen) + scale * (u.log() - (-u).log1p()), entropy
