"""What the engine sends back. Arrays follow the conventions of ``requests``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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


@dataclass(frozen=True)
class Samples:
    """Samples ``x`` with the latent codes ``z`` (N, D) that made them, where there are such."""

    x: np.ndarray
    z: np.ndarray | None
    labels: np.ndarray | None  # (N, A) as conditioned


@dataclass(frozen=True)
class Frame:
    """State of a sampler: step ``index`` of ``count`` (0 when unknown), time ``t`` in [0, 1], and what else it has."""

    index: int
    count: int
    t: float
    x: np.ndarray
    extras: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Tape:
    """All frames of one sampling."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class Neighbours:
    """Nearest training examples, their row numbers and root-mean-square distances (data in [-1, 1])."""

    x: np.ndarray
    index: np.ndarray
    distance: np.ndarray


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


@dataclass(frozen=True)
class Likelihood:
    """Mean log-likelihood of held-out data with its standard error."""

    kind: str  # "exact", "bound", "unnormalised"
    nats: float
    error: float
    bits_per_dim: float
    n: int
    elbo: float | None = None  # the one-sample bound beside the importance-weighted one
    importance_samples: int = 1


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
    latent_size: int = 0
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


@dataclass(frozen=True)
class Notice:
    """A plain-language observation about a run, with the knobs that help."""

    level: str  # "good", "warn", "bad"
    title: str
    text: str
    knobs: tuple[str, ...] = ()


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
