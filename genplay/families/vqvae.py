"""VQ-VAEs: pictures as a few numbers out of a codebook (van den Oord et al. 2017, arXiv:1711.00937).

An encoder says a vector z_e at each of h x w places; the nearest of K vectors e_k takes its place, and a decoder draws
from those. A picture is then h x w whole numbers, its codes. Training minimises, a number of the picture,

    -log p(x | e) + beta |z_e - sg(e)|^2

with sg a constant for the gradient: the first term reaches the encoder straight through the choice of e, the second
(commitment) keeps z_e near the vector that stands for it, and the vectors themselves are running means of the z_e that
chose them (``genplay.nn.codebook``). Each z_e is scaled to a mean square of 1 (cf. Yu et al. 2022, arXiv:2110.04627),
so that distances keep their meaning while the encoder learns.

p(x | e) is a logistic distribution around the decoder's output, with one learnt scale, gathered in the 256 levels that
a pixel can have (Salimans et al. 2017, arXiv:1701.05517): a probability of 8-bit pixels. It is given as a density of
data in [-1, 1], where a level is 2/255 wide; bits per dimension are then a true code length.

The codes follow no simple law. This model only counts how often each code occurs at each place, and draws the places
independently: pieces that do not fit. ``vq_prior`` learns what goes with what.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from genplay.contract import knob as knobs
from genplay.contract.catalogue import Plot, Preset
from genplay.contract.knob import knob
from genplay.contract.results import Notice
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.first_stage import settings, settled, take_over
from genplay.core.gaussian import frozen
from genplay.core.model import Code, Frame, Model, Objective
from genplay.nn.codebook import Codebook, GridDecoder, GridEncoder, perplexity, straight_through
from genplay.nn.embeddings import AttributeEmbedding, drop_labels
from genplay.nn.sampling import drawn, sharpened

if TYPE_CHECKING:
    from genplay.core.checkpoint import Opened

LEVEL = 2 / 255  # between neighbouring values of an 8-bit pixel in [-1, 1]
LOG_SCALE_RANGE = (-6.0, 1.0)
PLACES_DECAY = 0.99
UNNAMED = {"codes": 32, "width": 8, "blocks": 1, "halvings": 2}  # settings of a VQ-VAE that is only laid out
SMOOTHING = 1e-6  # of the counts of codes at a place, so that no code is impossible
IDLE_STEP = 500
QUICK = {"learning_rate": 4e-3, "batch_size": 32, "ema": 0.995}


@dataclass(frozen=True)
class VQVAEConfig:
    """What a VQ-VAE is."""

    codes: int = knob(256, "codes", "vectors in the codebook", low=2, high=4096, scale="log")
    code_size: int = knob(4, "code size", "numbers in a vector of the codebook", low=2, high=64)
    halvings: int = knob(
        1, "halvings", "how often the picture is halved: a code stands for 2 x 2 pixels, 4 x 4, and so on",
        low=0, high=4,
    )  # fmt: skip
    commitment: float = knob(
        0.25, "commitment", "how strongly the encoder is held to the vectors it chose", low=0.0, high=10.0, live=True
    )
    codebook_decay: float = knob(
        0.99, "codebook decay", "how slowly the vectors follow what the encoder says", low=0.0, high=0.9999, live=True
    )
    revive: float = knob(
        0.02, "revive below", "a vector used less than this part of an equal share is dead and starts anew; 0: never",
        low=0.0, high=1.0, live=True,
    )  # fmt: skip
    width: int = knob(48, "width", "channels of the convolutions at the top", low=4, high=256, scale="log")
    blocks: int = knob(2, "blocks", "residual blocks on each side", low=0, high=8)
    conditional: bool = knob(
        False, "conditional", "give the attributes to the decoder, so that codes need not carry them"
    )


@dataclass(frozen=True)
class VQVAESampling:
    """How a VQ-VAE is sampled."""

    temperature: float = knob(
        1.0, "temperature", "below 1 likelier codes, at 0 the likeliest of each place; above 1 rarer ones",
        low=0.0, high=2.0,
    )  # fmt: skip


class VQVAE(Model):
    """Turns a picture into a small map of numbers out of a codebook, and back."""

    name = "vqvae"
    title = "VQ-VAE"
    summary = (
        "Rebuilds pictures from a small map of codes. Its own samples mix codes that do not fit together: a prior over "
        "the codes (VQ-VAE with prior) is what draws well."
    )
    colour = "#8FBC5A"
    order = 12
    kinds = (Kind.IMAGE,)
    Config: ClassVar[type[Any]] = VQVAEConfig
    SampleConfig: ClassVar[type[Any]] = VQVAESampling
    density_kind = "bound"
    held_out = ("reconstruction", "elbo")
    plots = (
        Plot("reconstruction", ("reconstruction", "held-out reconstruction"), "nats"),
        Plot("commitment", ("commitment",)),
        Plot("perplexity of the codes", ("perplexity",), "codes"),
        Plot("codes in use", ("codes in use",), "share"),
        Plot("ELBO", ("elbo", "held-out elbo"), "nats"),
        Plot("gradient norm", ("gradient norm",)),
    )
    presets = (
        Preset(
            "pictures", "Pictures", "A code for each 2 x 2 pixels: sharp reconstructions of small pictures.",
            {}, QUICK,
        ),
        Preset(
            "coarse", "Coarse map", "A code for each 4 x 4 pixels: a map so small that each code is a piece to swap.",
            {"halvings": 2, "codes": 512, "code_size": 8}, QUICK,
        ),
        Preset(
            "few", "Few codes", "Only 16 codes, as a palette of little tiles.",
            {"codes": 16}, QUICK,
        ),
    )  # fmt: skip

    def __init__(self, config: VQVAEConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        _, height, breadth = spec.shape
        self.halvings = fitting_halvings(config.halvings, height, breadth)
        self.grid = (height >> self.halvings, breadth >> self.halvings)
        self.conditional = config.conditional and bool(spec.attributes)
        settings = (config.width, self.halvings, config.blocks)
        self.encoder = GridEncoder(spec.shape, config.code_size, *settings)
        self.decoder = GridDecoder(config.code_size, spec.shape, *settings)
        self.codebook = Codebook(config.codes, config.code_size)
        self.log_scale = nn.Parameter(torch.full((1,), -1.0))
        if self.conditional:
            self.embedding = AttributeEmbedding(spec.attributes, self.decoder.inner)
        self.register_buffer("places", torch.full((math.prod(self.grid), config.codes), 1 / config.codes))
        self.places: Tensor

    @property
    def latent_size(self) -> int:
        return self.config.code_size * math.prod(self.grid)

    @property
    def likes_bf16(self) -> bool:
        return True

    # ---- codes ------------------------------------------------------------------------------------------------

    def codes(self, x: Tensor) -> Tensor:
        """The codes of pictures (B, C, H, W): (B, h, w) int64 in [0, K)."""
        return self.codebook.nearest(self._said(x))

    def decode_codes(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures (B, C, H, W) of codes (B, h, w)."""
        return self._drawn(self.codebook(codes), labels)

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Code:
        """What the encoder says before it is quantised, place by place: (B, h w c), without a variance."""
        return Code(self._said(x).flatten(1), None)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures of vectors (B, h w c), each place quantised to the nearest one of the codebook."""
        return self.decode_codes(self.quantised(z), labels)

    def quantised(self, z: Tensor) -> Tensor:
        """The codes (B, h, w) of vectors (B, h w c)."""
        return self.codebook.nearest(z.view(len(z), *self.grid, -1))

    def vectors(self, codes: Tensor) -> Tensor:
        """The vectors (B, h w c) of codes (B, h, w), which ``quantised`` turns back."""
        return self.codebook(codes).flatten(1)

    def _said(self, x: Tensor) -> Tensor:
        """z_e (B, h, w, c) of mean square 1."""
        z = self.encoder(x).float().permute(0, 2, 3, 1)
        return z * (z.square().mean(-1, keepdim=True) + 1e-6).rsqrt()

    def _drawn(self, vectors: Tensor, labels: Tensor | None) -> Tensor:
        """Pictures of vectors (B, h, w, c)."""
        context = self.embedding(self.labels(labels, len(vectors))) if self.conditional else None
        return self.decoder(vectors.permute(0, 3, 1, 2), context).float()

    # ---- likelihood -------------------------------------------------------------------------------------------

    def log_likelihood(self, x: Tensor, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """log p(x | codes) of 8-bit pixels as a density of data in [-1, 1], (B,) nats."""
        return self._fit(x, self.decode_codes(codes, labels))

    def _fit(self, x: Tensor, output: Tensor) -> Tensor:
        log_scale = self.log_scale.float().clamp(*LOG_SCALE_RANGE)
        return log_logistic(x, output, log_scale).flatten(1).sum(1) - self.spec.size * math.log(LEVEL)

    def log_codes(self, codes: Tensor) -> Tensor:
        """log probability of codes (B, h, w), each place by itself, (B,) nats."""
        share = self._shares().log()
        flat = codes.flatten(1)
        return share.expand(len(flat), -1, -1).gather(2, flat[:, :, None]).sum((1, 2))

    def _shares(self) -> Tensor:
        """How often each code is at each place, (h w, K)."""
        share = self.places + SMOOTHING
        return share / share.sum(1, keepdim=True)

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None) -> Tensor:
        """log p(codes) + log p(x | codes) <= log p(x), (B,) nats, with the codes that the encoder chose."""
        codes = self.codes(x)
        return self.log_codes(codes) + self.log_likelihood(x, codes, labels)

    # ---- training and sampling --------------------------------------------------------------------------------

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """(-log p(x | e) / numbers in x) + beta |z_e - sg(e)|^2, means over the batch; the codebook follows z_e."""
        labels = drop_labels(batch.labels, self.spec.any_labels, generator) if self.conditional else None
        z = self._said(batch.x)
        codes = self.codebook.nearest(z)
        vectors = self.codebook(codes)
        fit = self._fit(batch.x, self._drawn(straight_through(z, vectors), labels)).mean()
        commitment = F.mse_loss(z, vectors)
        if self.training:
            self._learn_codes(z, codes, generator)
        terms: dict[str, Tensor | float] = {
            "reconstruction": -fit.detach(),
            "elbo": fit.detach() + self.log_codes(codes).mean(),
            "commitment": commitment.detach(),
            "scale": self.log_scale.detach().exp().squeeze(),
        }
        yield Objective(-fit / self.spec.size + self.config.commitment * commitment, terms=terms | self._usage())

    @torch.no_grad()
    def _learn_codes(self, z: Tensor, codes: Tensor, generator: Generator) -> None:
        config = self.config
        self.codebook.update(z.flatten(0, 2), codes.flatten(), config.codebook_decay, config.revive, generator)
        now = F.one_hot(codes.flatten(1), config.codes).float().mean(0)
        self.places.lerp_(now, 1 - PLACES_DECAY)

    def _usage(self) -> dict[str, Tensor | float]:
        """Over the last hundred batches or so."""
        share = self.places.mean(0)
        fair = 1 / len(share)
        used = (share > 0.01 * fair).float().mean()
        return {"perplexity": perplexity(share), "codes in use": used, "code usage": share.clone()}

    def sample_steps(
        self, n: int, config: VQVAESampling, generator: Generator, labels: Tensor | None = None
    ) -> Iterator[Frame]:
        """One frame: a code for each place, drawn by how often it occurs there, whatever its neighbours are."""
        share = sharpened(self._shares().log(), config.temperature)
        flat = drawn(share.expand(n, -1, -1), generator)
        codes = flat.reshape(n, *self.grid)
        yield Frame(self.decode_codes(codes, labels), 0.0, {"z": self.vectors(codes), "codes": codes})

    def notices(self, terms: dict[str, float], vectors: dict[str, Any], step: int) -> tuple[Notice, ...]:
        """Codes that lie idle."""
        used = terms.get("codes in use", 1.0)
        if step < IDLE_STEP or used >= 0.5:
            return ()
        text = (
            f"Only {used:.0%} of {self.config.codes} codes are in use: the others are nearest to nothing. Revival of "
            "dead codes or a smaller codebook helps."
        )
        return (Notice("warn", "Codes are idle", text, ("revive", "codes", "commitment")),)


class OverCodes(Model):
    """Base of families that learn what a VQ-VAE's codes are like. The VQ-VAE is part of them and stays as it is.

    Their config names it in ``autoencoder``, with its settings in ``autoencoder_knobs``.
    """

    whole: ClassVar[str]  # what such a model is, in words
    vqvae: Any
    grid: tuple[int, ...]  # rows and columns of a map of codes

    def __init__(self, config: Any, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.stage: VQVAEConfig = knobs.build(VQVAEConfig, settings(config.autoencoder_knobs, UNNAMED))
        self.vqvae = frozen(VQVAE(self.stage, spec)).eval()
        self.grid = self.vqvae.grid

    @classmethod
    def settle(cls, values: dict[str, Any], open_file: Callable[[str], Opened]) -> dict[str, Any]:
        """Take the VQ-VAE's settings from its card. Raises ``BadInput``."""
        return settled(values, open_file, VQVAE, cls.whole)

    def begin(self, open_file: Callable[[str], Opened]) -> None:
        """Take over the VQ-VAE's weights. Raises ``BadInput``."""
        take_over(self.vqvae, open_file(self.config.autoencoder), self.spec)

    def constants(self) -> set[str]:
        """The VQ-VAE."""
        return {n for n, _ in self.named_buffers() if n.startswith("vqvae.")}

    @property
    def latent_size(self) -> int:
        return int(self.vqvae.latent_size)

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Code:
        """What the encoder says of each place, (B, h w c)."""
        return self.vqvae.encode(x)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures of vectors (B, h w c), each place quantised."""
        return self.vqvae.decode(z)

    def codes(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The codes (B, h, w) of pictures, in full precision, as all that comes after depends on them."""
        with torch.autocast(x.device.type, enabled=False):
            return self.vqvae.codes(x)

    def decode_codes(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures of codes (B, h, w)."""
        return self.vqvae.decode_codes(codes)

    @property
    def codebook(self) -> Any:
        """The vectors that codes stand for."""
        return self.vqvae.codebook


def log_logistic(x: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """log probability of the level of each 8-bit pixel ``x`` in [-1, 1] under a logistic distribution, in nats.

    sigma((x + d - mean) / s) - sigma((x - d - mean) / s) with half a level d = 1 / 255; the lowest and the highest
    level take the tails, so that all 256 sum to 1. Computed as sigma(a) sigma(-b) (1 - exp(b - a)), whose log loses
    nothing.
    """
    inverse = (-log_scale).exp()
    above, below = (x + LEVEL / 2 - mean) * inverse, (x - LEVEL / 2 - mean) * inverse
    inner = torch.log(-torch.expm1(-LEVEL * inverse))
    lowest, highest = x < -1 + LEVEL / 2, x > 1 - LEVEL / 2
    between = F.logsigmoid(above) + F.logsigmoid(-below) + inner
    return torch.where(lowest, F.logsigmoid(above), torch.where(highest, F.logsigmoid(-below), between))


def fitting_halvings(wanted: int, height: int, breadth: int) -> int:
    """``wanted``, or as often as both edges can be halved."""
    count = 0
    while count < wanted and (height >> count) % 2 == (breadth >> count) % 2 == 0:
        count += 1
    return count
