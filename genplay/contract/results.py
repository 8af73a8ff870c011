"""What the engine sends back. Arrays follow the conventions of ``requests``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from genplay.contract.capability import Capability
from genplay.contract.catalogue import Catalogue
from genplay.contract.spec import DataSpec

if TYPE_CHECKING:
    import numpy as np

# ---- answers to questions -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """One (possibly coarse) answer. ``last`` marks the final one; ``progress`` is in [0, 1] when it is known."""

    job: int
    slot: str
    run_id: str
    step: int  # training step of the weights that made it
    value: Any  # one of the records below
    progress: float | None = None
    last: bool = True
    digest: str = ""  # checkpoint digest of the weights, "" for those of a run in progress
    kept: bool = False  # one of a series of which every answer is delivered, not only the newest


@dataclass(frozen=True)
class Samples:
    """Samples ``x`` with the latent codes ``z`` (N, D) that made them, where there are such."""

    x: np.ndarray
    z: np.ndarray | None
    labels: np.ndarray | None  # (N, A) as conditioned


@dataclass(frozen=True)
class Frame:
    """State of a sampler after ``index`` of ``count`` steps (0 when unknown), at time ``t`` in [0, 1], and what it has.

    ``extras`` are arrays with a row a sample, ``facts`` single numbers. Models that denoise give in ``extras``, each
    float32 in the shape of the data (N, H, W, C) or (N, 2), neither scaled nor clipped: ``x_t`` the state, ``x_0`` and
    ``eps`` the prediction there, and under guidance ``conditional``, ``unconditional`` and ``difference`` (predicted
    noise); in ``facts``: ``alpha``, ``sigma``, ``log_snr``, ``nfe`` (network evaluations so far, a guided one counting
    two), and under guidance ``guidance`` (the scale at this step) and ``cosine`` (between the two predictions).
    A model in a latent space gives there, float32 (N, D), ``z_t`` and ``z_0`` too.
    The last frame is the sample: its ``x_0`` is ``x_t``.
    """

    index: int
    count: int
    t: float
    x: np.ndarray
    extras: dict[str, np.ndarray] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Tape:
    """All frames of one sampling."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class Duel:
    """Finals of the contenders done so far, and how far each is from what the equation being solved really gives.

    ``distance`` is the root mean square over all samples to ``reference``, the finely solved probability-flow ODE from
    the same noise (data in [-1, 1]). Samplers that add noise on their way are not meant to end there.
    """

    x: np.ndarray  # (K, N, ...)
    reference: np.ndarray  # (N, ...)
    nfe: np.ndarray  # (K,) network evaluations
    distance: np.ndarray  # (K,)
    seconds: np.ndarray  # (K,)
    reference_nfe: int
    stochastic: np.ndarray  # (K,) bool: whether the sampler adds noise on its way


@dataclass(frozen=True)
class Corrupted:
    """Examples noised to several times: ``x`` (T, N, ...) as shown, with the schedule's values (T,) there."""

    x: np.ndarray
    t: np.ndarray
    alpha: np.ndarray
    sigma: np.ndarray
    log_snr: np.ndarray


@dataclass(frozen=True)
class Schedule:
    """A noise schedule x_t = alpha x_0 + sigma eps at times ``t``, all arrays (P,)."""

    title: str
    t: np.ndarray
    alpha: np.ndarray
    sigma: np.ndarray
    alpha_bar: np.ndarray  # alpha^2 / (alpha^2 + sigma^2): the share of signal, alpha^2 where variance is preserved
    log_snr: np.ndarray  # log(alpha^2 / sigma^2), nats


@dataclass(frozen=True)
class Field:
    """A model's vector fields at ``at`` (G, G, 2) and the data's density at time ``t``.

    ``velocity`` is dx/dt of the probability-flow ODE for t running towards data (the way samples move). ``log_density``
    (P, P), row 0 at the top, is of the training data noised to ``t``.
    """

    t: float
    extent: float
    at: np.ndarray
    score: np.ndarray
    velocity: np.ndarray
    log_density: np.ndarray


@dataclass(frozen=True)
class Sweep:
    """Samples ``x`` (R * C, ...), row-major: a row a guidance scale, a column a seed, number of steps or label."""

    x: np.ndarray
    scales: tuple[float, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class GuidanceCost:
    """Measures by guidance scale, each (S, 2): the value and its standard error. NaN where not measured yet.

    ``match`` is the share of samples in which an attribute network sees all that was asked for (NaN without a
    condition); ``variety`` the mean pairwise distance of features over that of real data of the same condition;
    ``saturation`` the share of colour values within 1/255 of their ends, ``precision`` and ``recall``
    are against real data of the same condition (Kynkäänniemi et al. 2019).
    """

    scales: tuple[float, ...]
    n: tuple[int, ...]  # samples done at each scale
    match: np.ndarray
    variety: np.ndarray
    saturation: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    real: dict[str, float] = field(default_factory=dict)  # the same measures of real data, where there are such


@dataclass(frozen=True)
class BoundByTime:
    """The variational bound on held-out data, bits a dimension: ``total`` = prior + sum(``bits``) + reconstruction."""

    t: np.ndarray  # (B,) middle of each bin
    bits: np.ndarray  # (B,) the denoising terms in the bin
    error: np.ndarray  # (B,) standard errors
    prior: float
    reconstruction: float
    total: float
    n: int


@dataclass(frozen=True)
class Game:
    """An adversarial game on points. Scores are what the discriminator says before any squashing, higher for real.

    Fields (S, S) have row 0 at the top and span [-extent, extent]^2. ``gradient`` is where the discriminator pushes
    each generated point: the gradient of its score there. ``lines`` are the images of straight lines of latent space.
    """

    x: np.ndarray  # (N, 2) generated
    real: np.ndarray  # (N, 2)
    z: np.ndarray  # (N, D) codes of the generated points
    field: np.ndarray  # (S, S) scores
    extent: float
    score_x: np.ndarray  # (N,)
    score_real: np.ndarray  # (N,)
    gradient: np.ndarray  # (N, 2)
    lines: np.ndarray  # (2, L, P, 2): both directions, L lines of P points; L = 0 without a grid
    threshold: float  # the score that parts real from generated: 0, or 1/2 for least squares
    ghost: np.ndarray | None = None  # (S, S) scores after further steps of the discriminator alone


@dataclass(frozen=True)
class Judged:
    """Pictures with the discriminator's scores. ``saliency`` (N, H, W) in [0, 1]: |gradient of the score| by pixel."""

    x: np.ndarray
    score: np.ndarray  # (N,)
    real: np.ndarray
    score_real: np.ndarray  # (N,)
    threshold: float
    saliency: np.ndarray | None = None
    saliency_real: np.ndarray | None = None


@dataclass(frozen=True)
class Translated:
    """Pictures, what they were turned into, and what that can be compared with, each with the discriminator's score.

    ``compared`` says what the latter is: "truth", the picture of which the source was made, whose score is of the same
    pair; or "round trip", the way back, judged by the critic of the group that it comes from. ``distance`` is the mean
    difference, as a share of the range of pixels: of the output to the truth, or of the round trip to the source.
    """

    source: np.ndarray  # (N, H, W, C) uint8, as are the next two
    x: np.ndarray
    third: np.ndarray
    score_source: np.ndarray  # (N,) of the source itself, as if it were the output
    score: np.ndarray
    score_third: np.ndarray
    score_real: np.ndarray  # (M,) of real pictures of what the sources turn into
    distance: np.ndarray  # (N,)
    threshold: float
    ways: tuple[str, ...]  # what the model can turn into what
    compared: str
    degrades: bool  # whether the strength of the question counts


@dataclass(frozen=True)
class Modes:
    """How samples spread over the modes of the data.

    A mode is covered when it holds at least a quarter of the share that real data has of it: of points within 3 sigma
    of its centre, where 1 % of the samples is enough too; of pictures as classes that an attribute network sees.
    """

    names: tuple[str, ...]  # K
    share: np.ndarray  # (K,) of the samples
    ideal: np.ndarray  # (K,) of the data
    covered: np.ndarray  # (K,) bool
    high_quality: float  # share of samples within 3 sigma of a mode; NaN for pictures
    kl: float  # KL(samples' modes || data's modes), nats
    precision: float
    recall: float
    distance: float  # mean pairwise distance of samples over that of real data
    n: int
    centres: np.ndarray | None = None  # (K, 2) of points
    radius: np.ndarray | None = None  # (K,) 3 sigma
    accuracy_real: float = float("nan")  # share of real data that the discriminator calls real
    accuracy_fake: float = float("nan")  # share of samples that it calls generated
    group: str = ""  # which attribute the modes of pictures are


@dataclass(frozen=True)
class Neighbours:
    """Nearest training examples, their row numbers and root-mean-square distances (data in [-1, 1])."""

    x: np.ndarray
    index: np.ndarray
    distance: np.ndarray


@dataclass(frozen=True)
class Novelty:
    """Where texts stand word for word: ``found`` (N,) is ``NEW``, ``TRAINED`` (in the training part) or ``HELD_OUT``.

    ``bits`` (N,) are per character, the end of a text counting as one; NaN from a model that gives no likelihood.
    """

    NEW: ClassVar = 0
    TRAINED: ClassVar = 1
    HELD_OUT: ClassVar = 2

    found: np.ndarray
    bits: np.ndarray
    kind: str = "exact"  # of the likelihood, as in ``Likelihood``


@dataclass(frozen=True)
class Decoded:
    """Decoded codes ``z`` (N, D) as pictures or points ``x``."""

    x: np.ndarray
    z: np.ndarray


@dataclass(frozen=True)
class Encoded:
    """One example ``x`` as the model saw it, its code, reconstruction, error map and posterior spread."""

    x: np.ndarray  # (1, ...)
    mu: np.ndarray  # (D,)
    sigma: np.ndarray | None  # (D,), None for a deterministic encoder
    reconstruction: np.ndarray  # (1, ...)
    error: np.ndarray  # (H, W) mean absolute error in [0, 1] a pixel; for points the (1,) distance
    spread: np.ndarray  # (S, ...) reconstructions of posterior draws


@dataclass(frozen=True)
class LatentMap:
    """Codes of held-out data and what was measured on them."""

    codes: np.ndarray  # (N, D) posterior means
    labels: np.ndarray  # (N, A)
    x: np.ndarray  # (N, ...) the examples themselves
    kl: np.ndarray  # (D,) nats; for encoders without a posterior, the variance of the codes
    mean: np.ndarray  # (D,)
    components: np.ndarray  # (D, D) principal directions, rows, strongest first
    explained: np.ndarray  # (D,) share of variance of each
    directions: dict[str, np.ndarray] = field(default_factory=dict)  # "glasses: dark" -> (D,) difference of class means
    certain: bool = False  # the encoder has no posterior, so ``kl`` holds variances


@dataclass(frozen=True)
class Codebook:
    """The codes of a model that quantises, which sit at h x w places of a picture, and their use by held-out data.

    A latent code ``z`` (h w c) has the vectors of all places one after another, row by row; the code of a place is the
    number of the nearest of ``vectors``. ``x`` is what a code is drawn as where data has it, on average; one that no
    data has is shown as it is drawn in a picture of that code alone.
    """

    vectors: np.ndarray  # (K, c)
    x: np.ndarray  # (K, H / h, W / w, C) uint8
    usage: np.ndarray  # (K,) share of all places
    where: np.ndarray  # (K, h, w) share of the examples that have the code there
    perplexity: float  # how many codes, equally used, would be as varied
    n: int


@dataclass(frozen=True)
class Levels:
    """Redraws of the levels of one code, L rows of pictures ``x`` (L * columns, ...) with their codes ``z``.

    ``change`` is how much of a picture a row changes, mean absolute difference over the whole range, and ``where`` the
    same by place.
    """

    x: np.ndarray
    z: np.ndarray  # (L * columns, D)
    sizes: tuple[int, ...]  # numbers in the code of each level, the most abstract first
    change: np.ndarray  # (L,) in [0, 1]
    where: np.ndarray  # (L, H, W) in [0, 1]


@dataclass(frozen=True)
class Likelihood:
    """Mean log-likelihood of held-out data with its standard error."""

    kind: str  # "exact", "bound", "unnormalised"
    nats: float
    error: float
    bits_per_dim: float  # of texts per character, the end of a text counting as one
    n: int
    elbo: float | None = None  # the one-sample bound beside the importance-weighted one
    importance_samples: int = 1


@dataclass(frozen=True)
class Layers:
    """A grid and a field of places in the plane of codes, as each of K layers leaves them; first before any layer.

    ``log_det`` is log |det dx/dz| from the codes on: where it is positive the plane has been stretched.
    """

    lines: np.ndarray  # (K + 1, 2, L, P, 2): lines along the first number of the code, then along the second
    at: np.ndarray  # (K + 1, S, S, 2) where the places are by now
    log_det: np.ndarray  # (K + 1, S, S)
    round_trip: float  # the largest difference between a code and what its data is encoded to


@dataclass(frozen=True)
class Density:
    """What a model of points makes of the plane. Fields (P, P) are at the middles of pixels, row 0 at the top.

    ``kind`` is "exact", "bound" or "unnormalised" for a log density in nats, "energy" for a field that is minus the
    energy, "score" for the magnitude of the score, "none" for a model that has none of these (its field is empty).
    ``integral`` is that of exp(field) over the window; where nothing normalises the field, ``nll`` and ``kl`` are of
    the field less log(integral). NaN stands for what is not known.
    """

    kind: str
    extent: float
    field: np.ndarray  # (P, P)
    truth: np.ndarray  # (P, P) log density of the data in nats, (0, 0) where it has no closed form
    at: np.ndarray  # (G, G, 2) places of the arrows
    score: np.ndarray  # (G, G, 2) the gradient of the field there; of a score model what it says
    x: np.ndarray  # (N, 2) held-out points
    integral: float
    nll: float  # mean of -log p(x) over the points, nats
    nll_error: float
    entropy: float  # the same of the data's own density: what no model can beat
    kl: float  # KL(data || model), nats
    kl_error: float
    importance_samples: int = 1


@dataclass(frozen=True)
class NextProbs:
    """What the K parts of a pixel are drawn from: its colour from a palette, or each channel in turn.

    Of a character there is one part, whose values are the tokens: ``swatches`` is then (V, 0), its name "character",
    and ``surprise`` (L,), 0 after the end of the text.

    The probabilities of a part are given the earlier parts as they are in the picture, without temperature and the
    like. ``swatches`` say what the V values look like; of a channel, in the channel's own column.
    """

    probs: np.ndarray  # (K, V) float32
    swatches: np.ndarray  # (V, C) uint8
    names: tuple[str, ...]  # ("colour",), ("grey",) or ("red", "green", "blue")
    drawn: np.ndarray  # (K,) the values that the picture has there; of a colour outside the palette the nearest
    surprise: np.ndarray | None  # (H, W) -log2 p of every 8-bit pixel of the picture, bits, if it was asked for


@dataclass(frozen=True)
class Likelihoods:
    """Bits per dimension of pictures of several sets, NaN where they are not worked out yet."""

    kind: str  # as in ``Likelihood``
    names: tuple[str, ...]  # S
    x: np.ndarray  # (S * N, H, W, C) uint8 or (S * N, L) int64, a set after the other
    bits: np.ndarray  # (S, N); of texts per character
    importance_samples: int = 1


@dataclass(frozen=True)
class LikelihoodMap:
    """Bits per dimension (H, W) of a picture by place.

    ``method`` says what they are: "pixels" the terms of log p(x), a pixel given those before it; "bound" the terms of a
    variational bound, which a pixel has for itself; "others" what a pixel costs given all others; "patches" how many
    bits a dimension a patch costs more than the same patch blurred, the rest of the picture being as it is.
    """

    x: np.ndarray  # (1, H, W, C) uint8 as the model saw it
    bits: np.ndarray  # (H, W)
    method: str
    total: float  # bits per dimension of the whole: the mean of the map, but for patches


@dataclass(frozen=True)
class Walk:
    """The states of Markov chains after each of T steps from number ``first`` on, number 0 being where they start.

    ``state`` are the last ones as numbers, neither scaled nor clipped: chains that start there go on.
    """

    first: int
    steps: int  # of the whole walk
    x: np.ndarray  # (T, N, ...) as shown
    energy: np.ndarray  # (T, N) nats
    accepted: np.ndarray  # (T, N) bool: whether the step was taken
    step_size: np.ndarray  # (T,) length of a step, NaN where there is no such
    state: np.ndarray  # float32 (N, H, W, C) or (N, 2)


@dataclass(frozen=True)
class Mixing:
    """How a number f behaves along ``chains`` chains of ``steps`` steps; NaN where that cannot be told."""

    rho: np.ndarray  # (T,) autocorrelation of f by lag
    tau: float  # integrated autocorrelation time: so many steps are worth one independent draw
    ess: float  # effective sample size: so many independent draws would tell as much about the mean of f
    rhat: float  # 1 where the chains agree with each other
    steps: int
    chains: int


@dataclass(frozen=True)
class Filters:
    """What each of K hidden units answers to, layer after layer, and how N held-out pictures excite them.

    ``energies`` are -log p(x) - log Z in nats of pictures of S sorts, NaN while they are not worked out and without
    rows for a model that has no energy. ``log_z`` is NaN where it is not known.
    """

    filters: np.ndarray  # (K, H, W) signed: positive where a bright pixel excites the unit
    layers: tuple[int, ...]  # how many of the units each layer has, the lowest first
    x: np.ndarray  # (N, H, W, C) uint8
    hidden: np.ndarray  # (N, K) in [0, 1]
    names: tuple[str, ...] = ()  # S
    energies: np.ndarray | None = None  # (S, N)
    log_z: float = float("nan")  # nats
    log_z_error: float = 0.0  # 0 where it is exact


@dataclass(frozen=True)
class DataPreview:
    """Some examples of a data set, and its attribute histogram over the training part."""

    x: np.ndarray
    labels: np.ndarray
    spec: DataSpec
    train: int
    heldout: int
    counts: tuple[tuple[int, ...], ...]  # a count a value, a row an attribute
    skipped: tuple[str, ...] = ()  # files that could not be read, with the reason
    log_density_grid: np.ndarray | None = None  # (G, G) over [-1, 1]^2 where the density has a closed form


@dataclass(frozen=True)
class Loading:
    """Files read so far of a data set that takes long to load."""

    done: int
    total: int


@dataclass(frozen=True)
class Downloaded:
    """Bytes so far of a download."""

    received: int
    total: int


# ---- state of runs --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunState:
    """Everything the window shows of a run, sent whenever it changes (at most some five times a second)."""

    run_id: str
    name: str
    family: str
    data: str
    data_title: str
    spec: DataSpec
    status: str  # "loading", "ready", "training", "paused", "failed"
    step: int = 0
    epoch: float = 0.0
    rate: float = 0.0  # examples a second
    seed: int = 0
    config: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    data_options: dict[str, Any] = field(default_factory=dict)
    capabilities: frozenset[Capability] = frozenset()
    completes: bool = False  # whether it can keep a part of given data and make the rest
    latent_size: int = 0
    takes_labels: bool = True  # whether it can be told what to draw, where its data has attributes
    terms: dict[str, float] = field(default_factory=dict)  # latest value of each curve
    vectors: dict[str, np.ndarray] = field(
        default_factory=dict
    )  # latest value of each vector term, e.g. "kl by dimension"
    notices: tuple[Notice, ...] = ()
    message: str = ""  # why it failed or stopped
    device: str = "cpu"
    digest: str = ""  # of the checkpoint it was opened from, while untouched
    path: str = ""  # file it was opened from or saved to
    card_name: str = ""  # what the run is called in that file
    snapshots: tuple[int, ...] = ()  # steps that ``Rewind`` and ``ForkRun`` can go back to
    phase: str = ""  # the player whose step came last, in the middle of a training step; "" between steps
    paired: str = ""  # the run it shares a clock with


@dataclass(frozen=True)
class Notice:
    """A plain-language observation about a run, with the knobs or the remedies of its family that help."""

    level: str  # "good", "warn", "bad"
    title: str
    text: str
    knobs: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()  # names among ``FamilyInfo.remedies``, the most helpful first
    since: int = -1  # the training step at which it began, where that is known


@dataclass(frozen=True)
class CurveBlock:
    """New curve points of a run: ``values`` (n, len(names)) float32 at ``steps`` (n,). NaN marks a missing value."""

    run_id: str
    names: tuple[str, ...]
    steps: np.ndarray
    values: np.ndarray
    reset: bool = False  # drop what was drawn for the run at and after the first step


@dataclass(frozen=True)
class FilmFrame:
    """The run's fixed-seed samples at a training step. ``reset`` drops all earlier frames.

    A frame with ``keep`` belongs to the filmstrip; the others only refresh the run's mosaic.
    """

    run_id: str
    step: int
    x: np.ndarray  # (9, ...) pictures, or (N, 2) points
    reset: bool = False
    keep: bool = True


@dataclass(frozen=True)
class Failure:
    """A job or command that failed: one sentence, and the slot or run it concerns."""

    message: str
    slot: str = ""
    run_id: str = ""
    job: int = 0


@dataclass(frozen=True)
class EngineStatus:
    """Where the work runs and what it takes."""

    device: str
    threads: int
    memory_mb: float
    ready: bool  # torch is loaded and the catalogue is sent


@dataclass(frozen=True)
class Update:
    """What happened since the last drain."""

    catalogue: Catalogue | None = None
    status: EngineStatus | None = None
    runs: tuple[RunState, ...] = ()
    removed: tuple[str, ...] = ()
    curves: tuple[CurveBlock, ...] = ()
    films: tuple[FilmFrame, ...] = ()
    answers: tuple[Answer, ...] = ()
    failures: tuple[Failure, ...] = ()
    messages: tuple[str, ...] = ()  # good news worth a toast: "Saved vae.safetensors."
