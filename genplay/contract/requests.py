"""What the window may ask of the engine: commands about runs, and questions to a model or a data set.

Every record is frozen and holds only plain values and numpy arrays. Pictures are uint8 ``(N, H, W, C)`` with C 1 or 3,
points float32 ``(N, 2)``, texts int64 tokens ``(N, L)``, latent codes float32 ``(N, D)``. ``condition`` is one label a
data attribute, ``()`` meaning that nothing is specified.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np

# ---- commands -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CreateRun:
    """Make a new run, untrained and paused. ``config`` and ``training`` hold knob values."""

    run_id: str
    name: str
    family: str
    data: str
    data_options: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True)
class OpenCheckpoint:
    """Load a checkpoint file as a run; Play trains it further."""

    run_id: str
    path: str


@dataclass(frozen=True)
class Control:
    """Drive the training of a run."""

    PLAY: ClassVar = "play"
    PAUSE: ClassVar = "pause"
    STEP: ClassVar = "step"
    RESTART: ClassVar = "restart"  # back to step 0 with the run's seed
    STOP: ClassVar = "stop"  # pause and release the optimiser; the weights stay
    SUBSTEP: ClassVar = "substep"  # pause, then step one player of several: see ``RunState.phase``

    run_id: str
    action: str


@dataclass(frozen=True)
class SetLive:
    """Change live knobs (of the family's config or of training) of a run while it trains."""

    run_id: str
    values: dict[str, Any]


@dataclass(frozen=True)
class ForkRun:
    """A new run with the whole state (weights, optimiser, random streams) of another; ``fresh`` keeps the settings.

    ``step`` names one of ``RunState.snapshots`` to begin at, -1 the present. ``config`` and ``training`` hold knobs
    that are to differ; weights are carried over as far as they fit, so that the networks compute the same at first.
    """

    run_id: str
    new_id: str
    name: str
    fresh: bool = False
    step: int = -1
    config: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rewind:
    """Put a run back to one of its ``RunState.snapshots``, exactly; it pauses, and what came after is dropped."""

    run_id: str
    step: int


@dataclass(frozen=True)
class Pair:
    """Train two runs on one clock: neither gets more than some steps ahead of the other. "" sets ``run_id`` free."""

    run_id: str
    other_id: str = ""


@dataclass(frozen=True)
class RenameRun:
    """Give a run another name."""

    run_id: str
    name: str


@dataclass(frozen=True)
class DeleteRun:
    """Move a run to the trash; ``RestoreRun`` brings it back until the program ends."""

    run_id: str


@dataclass(frozen=True)
class RestoreRun:
    """Bring back a deleted run."""

    run_id: str


@dataclass(frozen=True)
class SaveRun:
    """Write a run's checkpoint to ``path`` (the window has asked before overwriting)."""

    run_id: str
    path: str


@dataclass(frozen=True)
class SetDevice:
    """Move all work to a device: "auto", "cpu", "cuda", "mps" ..."""

    device: str


# ---- questions ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """Base of every question. ``seed`` alone decides all randomness in the answer."""

    known: ClassVar[dict[str, type[Question]]] = {}
    seed: int = field(default=0, kw_only=True)

    def __init_subclass__(cls) -> None:
        Question.known[cls.__name__] = cls


@dataclass(frozen=True)
class Ask:
    """Put ``question`` to a run's model. A newer Ask for the same ``slot`` replaces the older one."""

    job: int
    slot: str
    run_id: str  # "" for questions about data
    question: Question


@dataclass(frozen=True)
class Cancel:
    """Close the job of a slot within one step."""

    slot: str


@dataclass(frozen=True)
class DrawSamples(Question):
    """``n`` samples. Answer: ``results.Samples``."""

    n: int = 64
    condition: tuple[int, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)  # the family's SampleConfig


@dataclass(frozen=True)
class Trajectory(Question):
    """``n`` samples with every intermediate state. Answer: a ``results.Frame`` a step, then ``results.Tape``.

    It may begin elsewhere than at pure noise, for models that denoise: from ``state``, the ``x_t`` of a frame at time
    ``start`` (a branch); from clean ``source`` data noised to ``start`` (SDEdit); or, with a ``mask`` too, so that the
    source is kept where the mask is 0 and made anew where it is 1 (inpainting). One source serves all ``n`` samples.
    Models that draw a pixel at a time take a source with a mask too; kept pixels are heard by later ones only.
    """

    n: int = 4
    condition: tuple[int, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    start: float = 1.0
    state: np.ndarray | None = None  # float32 (N, H, W, C) or (N, 2), neither scaled nor clipped; of a latent model z_t
    source: np.ndarray | None = None  # uint8 (1 or N, H, W, C), float32 (1 or N, 2) or int64 (1 or N, L)
    mask: np.ndarray | None = None  # uint8 (H, W) or (L,), 0 or 1


@dataclass(frozen=True)
class FindNearest(Question):
    """The ``k`` training examples closest (Euclidean) to one data point. Answer: ``results.Neighbours``."""

    x: np.ndarray  # one picture (H, W, C) uint8 or one point (2,)
    k: int = 8


@dataclass(frozen=True)
class CheckNovelty(Question):
    """Which texts stand in the data word for word, and how probable they are. Answer: ``results.Novelty``."""

    x: np.ndarray  # int64 (N, L)
    condition: tuple[int, ...] = ()


@dataclass(frozen=True)
class Decode(Question):
    """Decode latent codes ``z`` (N, D). Answer: ``results.Decoded``. The path of every drag: kept lean."""

    z: np.ndarray
    condition: tuple[int, ...] = ()


@dataclass(frozen=True)
class Encode(Question):
    """Encode one picture or point. Answer: ``results.Encoded``."""

    x: np.ndarray  # (H, W, C) uint8 of any size (it is fitted to the model's) or (2,)
    condition: tuple[int, ...] = ()
    spread: int = 8  # reconstructions drawn from the posterior


@dataclass(frozen=True)
class MapLatent(Question):
    """Encode ``n`` held-out examples to draw the latent space. Answer: ``results.LatentMap``."""

    n: int = 1500


@dataclass(frozen=True)
class DecodePath(Question):
    """Decode a path through keyframes (K, D). Answer: ``results.Decoded`` with ``frames`` pictures."""

    keyframes: np.ndarray
    frames: int = 60
    mode: str = "slerp"  # or "lerp"
    closed: bool = False
    condition: tuple[int, ...] = ()


@dataclass(frozen=True)
class Traverse(Question):
    """Vary one dimension at a time around ``z`` (D,). Answer: ``results.Decoded``, row-major dims x values."""

    z: np.ndarray
    dims: tuple[int, ...] = ()
    values: tuple[float, ...] = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
    condition: tuple[int, ...] = ()


@dataclass(frozen=True)
class EstimateLikelihood(Question):
    """log p(x) of ``n`` held-out examples. Answer: ``results.Likelihood``, refined as examples are done."""

    n: int = 256
    importance_samples: int = 64  # for models that give a bound


@dataclass(frozen=True)
class LookThroughLayers(Question):
    """What the layers of a flow do to the plane of its codes. Answer: ``results.Layers``."""

    lines: int = 17  # of the grid, each way
    side: int = 45  # places of the field, each way
    reach: float = 2.5  # how far grid and field go, in standard deviations of the codes
    condition: tuple[int, ...] = ()


@dataclass(frozen=True)
class LookAtDensity(Question):
    """A model's density over [-extent, extent]^2, and how it compares with the data's. Answer: ``results.Density``.

    First on a quarter of ``side`` pixels a side, then on half of them, then on all. A model without a density answers
    with that of the data alone.
    """

    side: int = 96  # pixels of the field
    extent: float = 1.5
    arrows: int = 16  # a side
    n: int = 512  # held-out points on which likelihood and divergence are measured
    importance_samples: int = 16  # for models that give a bound


@dataclass(frozen=True)
class CompareLikelihoods(Question):
    """How probable a model finds pictures of several sets, ``n`` of each. Answer: ``results.Likelihoods``.

    The sets are held-out and training data, pictures of another data set (``other``, "" for one that differs), and
    held-out ones inverted, constant colours, and noise; of texts held-out ones with their characters shuffled, and
    random ones as long. Models that take labels are asked without.
    """

    n: int = 64
    other: str = ""
    importance_samples: int = 16  # for models that give a bound


@dataclass(frozen=True)
class MapLikelihood(Question):
    """Where in a picture the bits are. Answer: ``results.LikelihoodMap``, finer each time."""

    x: np.ndarray  # (H, W, C) uint8 of any size (it is fitted to the model's)
    importance_samples: int = 64  # for models that give a bound


@dataclass(frozen=True)
class WalkNoise(Question):
    """Samples along a path through noise: the first noise of each of ``seeds`` is a keyframe.

    Whatever noise the sampler adds on its way is the same for all frames. Answer: ``results.Samples`` of ``frames``
    pictures, coarse to fine. ``mode`` is "slerp" or "lerp".
    """

    seeds: tuple[int, ...] = (0, 1)
    frames: int = 24
    mode: str = "slerp"
    closed: bool = False
    condition: tuple[int, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Duel(Question):
    """Several samplers from identical noise. Each of ``contenders`` holds the settings that differ from ``config``.

    Answer: ``results.Duel``, one more contender an answer.
    """

    contenders: tuple[dict[str, Any], ...] = ()
    n: int = 4
    condition: tuple[int, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Corrupt(Question):
    """Noise examples ``x`` to every one of ``times``, the same noise at all. Answer: ``results.Corrupted``."""

    x: np.ndarray  # uint8 (N, H, W, C) of any size (it is fitted to the model's) or float32 (N, 2)
    times: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class DescribeSchedule(Question):
    """The noise schedule of a model at ``points`` times. Answer: ``results.Schedule``."""

    points: int = 201


@dataclass(frozen=True)
class FieldAt(Question):
    """What a model of points wants at time ``t`` on a grid over [-extent, extent]^2. Answer: ``results.Field``."""

    t: float = 0.5
    side: int = 20  # arrows a side
    pixels: int = 96  # of the density, a side
    extent: float = 1.5
    condition: tuple[int, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Guide(Question):
    """``n`` samples at the guidance in ``config``: first with ``preview`` steps, then with all.

    Answer: ``results.Samples`` twice (once where the preview has as many steps). Its noise is that of ``DrawSamples``.
    """

    n: int = 16
    preview: int = 8
    condition: tuple[int, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SweepGuidance(Question):
    """The same noise at several guidance scales, drawn in one batch. Answer: ``results.Sweep``, coarse to fine.

    ``across`` says what the columns are: "seed" (``columns`` samples of the seed), "steps" (``values`` are numbers of
    sampler steps) or the name of an attribute (``values`` are its labels).
    """

    scales: tuple[float, ...] = (0.0, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0)
    across: str = "seed"
    columns: int = 4
    values: tuple[int, ...] = ()
    condition: tuple[int, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasureGuidance(Question):
    """What guidance costs: match, variety, saturation, precision and recall of ``n`` samples at each scale.

    Answer: ``results.GuidanceCost``, sharper with each piece of work.
    """

    scales: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0)
    n: int = 256
    condition: tuple[int, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BoundByTime(Question):
    """Where a diffusion model's code length is spent: the variational bound by timestep on ``n`` held-out examples.

    Answer: ``results.BoundByTime``, refined as examples are done.
    """

    n: int = 64
    bins: int = 20
    steps: int = 1000  # of the discrete chain, for a model trained in continuous time


@dataclass(frozen=True)
class LookAtGame(Question):
    """The state of an adversarial game on points. Answer: ``results.Game``.

    ``unroll`` > 0 adds the discriminator as it is after so many further steps of its own against this generator.
    """

    n: int = 500  # generated points, and as many real ones
    side: int = 48  # of the discriminator's field
    extent: float = 1.4
    lines: int = 13  # of the warped latent grid, each way; 0 leaves it out
    unroll: int = 0


@dataclass(frozen=True)
class JudgePictures(Question):
    """The discriminator's scores of generated and real pictures. Answer: ``results.Judged``.

    The generated ones are those of ``DrawSamples`` with the same seed and condition.
    """

    n: int = 36
    condition: tuple[int, ...] = ()
    saliency: bool = False  # also what the discriminator looks at


@dataclass(frozen=True)
class Translate(Question):
    """Pictures turned into others: ``n`` held-out ones, or those given. Answer: ``results.Translated``.

    ``way`` is one of the ways that the model has. A model that learnt from degraded pictures degrades what it is given
    first, by ``strength``: 1 is as in training, 0 leaves a picture as it is, 2 is the most.
    """

    n: int = 32
    x: np.ndarray | None = None  # uint8 (N, H, W, C) of any size (they are fitted to the model's)
    way: int = 0
    strength: float = 1.0
    condition: tuple[int, ...] = ()


@dataclass(frozen=True)
class MeasureModes(Question):
    """Which modes of the data ``n`` samples cover, and how well. Answer: ``results.Modes``."""

    n: int = 1000


@dataclass(frozen=True)
class Invert(Question):
    """Find the code of a picture or point by optimisation. Answer: a ``results.Frame`` a step, then ``results.Tape``.

    Frames carry the code as ``extras["z"]`` (1, D) and the root-mean-square ``distance`` among their facts.
    """

    x: np.ndarray  # one picture (H, W, C) uint8 of any size or one point (2,)
    condition: tuple[int, ...] = ()


@dataclass(frozen=True)
class LookAtCodebook(Question):
    """What each code of a codebook stands for and how ``n`` held-out examples use it. Answer: ``results.Codebook``."""

    n: int = 1000


@dataclass(frozen=True)
class RedrawLevels(Question):
    """What each level of a code ``z`` (D,) decides: some drawn anew, the others held. Answer: ``results.Levels``.

    Each row has ``columns`` redraws: row i of level i by itself, or with ``below`` of level i and all those under it.
    How much changes is measured on ``n`` redraws of each row.
    """

    z: np.ndarray
    columns: int = 6
    below: bool = False
    n: int = 48
    condition: tuple[int, ...] = ()


@dataclass(frozen=True)
class NextProbs(Question):
    """What a pixel is drawn from, given those before it in the order of reading. Answer: ``results.NextProbs``.

    ``position`` is row * width + column, of a text the place of a character. To draw a part of a picture or text anew,
    or the rest of it, see ``Trajectory``.
    """

    picture: np.ndarray  # uint8 (H, W, C) or int64 (L,), as large as the model's; what is at and after it changes no
    position: int = 0  # probability but is what ``drawn`` and ``surprise`` are told of
    condition: tuple[int, ...] = ()
    surprise: bool = True  # also of every pixel how surprising it is, which takes longer than all else


@dataclass(frozen=True)
class WalkChains(Question):
    """``n`` Markov chains of a model for ``steps`` steps. Answer: pieces of a ``results.Walk``, then all of it.

    They begin, by ``begin``, at ``start`` ("given": one row for all, or one each), anywhere ("noise"), at held-out
    "data", or at "negatives", samples that the model contrasted data with in training. Pictures are changed where
    ``mask`` is 1 only. ``config`` is the family's SampleConfig, of which ``steps`` stands here instead.
    """

    BEGINS: ClassVar[tuple[str, ...]] = ("noise", "data", "negatives", "given")

    n: int = 32
    steps: int = 300  # 0: where they start
    begin: str = "noise"
    condition: tuple[int, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    start: np.ndarray | None = None  # uint8 (1 or N, H, W, C), or float32 states as in ``results.Walk.state``
    mask: np.ndarray | None = None  # uint8 (H, W), 0 or 1


@dataclass(frozen=True)
class MeasureChains(Question):
    """How well chains mix, by a number followed along them. Answer: ``results.Mixing``."""

    values: np.ndarray  # float32 (T, C): a row a step, a column a chain


@dataclass(frozen=True)
class LookAtFilters(Question):
    """What each hidden unit of a model answers to, and how probable it finds what. Answer: ``results.Filters``.

    First the filters and how strongly ``n`` held-out pictures excite them; then, for models with an energy, the free
    energies of pictures of several sorts; last how many nats a picture takes, where the model can estimate that.
    """

    n: int = 96
    estimate: bool = True  # also log Z


@dataclass(frozen=True)
class PreviewData(Question):
    """Look at a data set. Answer: ``results.DataPreview``."""

    data: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    n: int = 64


@dataclass(frozen=True)
class DownloadData(Question):
    """Fetch and verify a downloadable data set. Answer: ``results.Downloaded``, with progress."""

    data: str = ""
