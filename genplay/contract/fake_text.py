"""The part of the fake engine that writes: short words of two-letter syllables, clearer the longer a run was trained.

A run of family ``autoregressive`` writes a character at a time, one of ``discrete_diffusion`` lets masks fall away.
What a character is drawn from is a function of the one before it, so a test knows what it will see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.capability import Capability
from genplay.contract.catalogue import DataInfo, FamilyInfo, Plot, Preset
from genplay.contract.errors import BadInput
from genplay.contract.knob import Knob
from genplay.contract.spec import Attribute, DataSpec, Kind

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = DataSpec(Kind.TOKENS, (12,), (Attribute("kind", ("plant", "stone")),), ("", *LETTERS))
LATIN, CYRILLIC = ("la", "ri", "to", "me", "su"), ("da", "no", "vi", "ke", "bo")
VOWELS = "aeiou"
CAPABILITIES = {
    "autoregressive": frozenset({Capability.SAMPLE, Capability.LOG_DENSITY, Capability.NEXT_PROBS}),
    "discrete_diffusion": frozenset({Capability.SAMPLE, Capability.LOG_DENSITY}),
}
FILE = DataSpec(Kind.TOKENS, (32,))  # what is known of a text file before it is read
PATH = Knob("path", "", "file", "a text file of yours")
STEPS = 6  # of the discrete diffusion


def family() -> FamilyInfo:
    """A discrete diffusion model, which is here for texts only."""
    knobs = (Knob("steps", STEPS, "steps", "steps from masks to text", low=1, high=100),)
    return FamilyInfo(
        "discrete_diffusion",
        "Discrete diffusion",
        "Masks fall away.",
        "#999999",
        (Kind.TOKENS,),
        (),
        (Knob("rate", 1e-3, "learning rate", "step size of Adam", low=1e-5, high=1e-1, scale="log", live=True),),
        knobs,
        (Preset("quick", "Quick", "learns in a minute"),),
        (Plot("bits per character", ("bits per character",), "bits"),),
        CAPABILITIES["discrete_diffusion"],
    )


def sources() -> tuple[DataInfo, ...]:
    """A bundled list of words, and any text file."""
    size = Knob("length", 12, "length", "most characters of a text", low=4, high=64)
    return (
        DataInfo("words", "Words", "Short words of two kinds.", "bundled", "CC0 1.0", WORDS),
        DataInfo("text_file", "Text file", "A text of your own.", "yours", "yours", FILE, (PATH, size), ready=False),
    )


def made(run: rs.RunState) -> rs.RunState:
    """A new run with what it can do."""
    return replace(run, capabilities=CAPABILITIES[run.family], completes=True, terms=terms(run.step))


def terms(step: int) -> dict[str, float]:
    """The curves of a run at a training step."""
    return {"bits per character": 1.9 + 2.8 * float(np.exp(-step / 800)), "gradient norm": 0.5}


def words(seed: int, n: int, condition: tuple[int, ...] = (), step: int = 10**6) -> list[str]:
    """``n`` words of two to four syllables; letters of an untrained model are often any."""
    dice = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        kind = int(dice.integers(2)) if not condition or condition[0] > 1 else condition[0]
        word = "".join(dice.choice((LATIN, CYRILLIC)[kind], dice.integers(2, 5)))
        wrong = dice.random(len(word)) < np.exp(-step / 150)
        found.append("".join(str(dice.choice(list(LETTERS))) if bad else c for c, bad in zip(word, wrong)))
    return found


def _tokens(run: rs.RunState, texts: list[str]) -> np.ndarray:
    """Texts as far as the characters and the length of the run's data go."""
    known, longest = set(run.spec.vocabulary), run.spec.shape[0]
    return run.spec.tokens(["".join(c for c in text if c in known)[:longest] for text in texts])


def film(run: rs.RunState) -> np.ndarray:
    """The texts of the filmstrip."""
    return _tokens(run, words(5, 9, (), run.step))


def probabilities(run: rs.RunState, tokens: np.ndarray) -> np.ndarray:
    """What every character of tokens (L,) is drawn from: (L, V). After a vowel a word may end."""
    names = run.spec.vocabulary
    before = np.concatenate([[0], tokens[:-1]]).clip(0, len(names) - 1)
    powers = np.full((len(tokens), len(names)), 0.02, np.float32)
    for place, token in enumerate(before):
        vowel = names[token] in VOWELS and place > 0 and token > 0
        likely = [i for i, name in enumerate(names) if (name in VOWELS) != vowel and i]
        powers[place, likely] += np.linspace(1, 0.1, len(likely))
        powers[place, 0] = 0.8 if vowel else 0.0
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def surprise(run: rs.RunState, tokens: np.ndarray) -> np.ndarray:
    """-log2 p (L,) of every character up to the end."""
    probs = np.take_along_axis(probabilities(run, tokens), tokens[:, None], axis=1)[:, 0]
    ended = np.concatenate([[False], np.cumsum(tokens == 0)[:-1] > 0])
    return np.where(ended, 0.0, -np.log2(np.maximum(probs, 1e-6))).astype(np.float32)


def _bits(run: rs.RunState, x: np.ndarray) -> np.ndarray:
    lengths = np.minimum((x > 0).sum(axis=1) + 1, x.shape[1])
    return np.array([surprise(run, row).sum() / n for row, n in zip(x, lengths)], np.float32)


def _answer_DrawSamples(run: rs.RunState, q: rq.DrawSamples) -> Iterator[Any]:
    x = _tokens(run, words(q.seed, q.n, q.condition, run.step))
    veiled = x.copy()
    veiled[:, x.shape[1] // 2 :] = len(run.spec.vocabulary)
    yield rs.Samples(veiled[: max(1, q.n // 2)], None, None)
    labels = np.tile(np.array(q.condition, np.int64), (q.n, 1)) if q.condition else None
    yield rs.Samples(x, None, labels)


def _answer_Trajectory(run: rs.RunState, q: rq.Trajectory) -> Iterator[Any]:
    whole = _tokens(run, words(q.seed, q.n, q.condition, run.step))
    length, veil = whole.shape[1], len(run.spec.vocabulary)
    if q.source is not None and q.mask is not None:
        whole = np.where(q.mask > 0, whole, np.broadcast_to(q.source, whole.shape))
        ended = np.cumsum(whole == 0, axis=1) > 0
        whole = np.where(ended, 0, whole)
    kept = np.zeros(length, bool) if q.mask is None else q.mask == 0
    if run.family == "autoregressive":
        shown = [np.arange(length) < i for i in range(1, length + 1)]
    else:
        order = np.random.default_rng(q.seed).permutation(length)
        shown = [order < length * i / STEPS for i in range(STEPS + 1)]
    frames = []
    for i, there in enumerate(shown):
        x = np.where(there | kept, whole, veil)
        entropy = np.where(there | kept, 0.5, 2.5) * np.ones((q.n, 1))
        frames.append(rs.Frame(i, 0, 1 - (i + 1) / len(shown), x, {"entropy": entropy.astype(np.float32)}))
        yield frames[-1]
    last = len(frames) - 1
    yield rs.Tape(tuple(replace(frame, count=last) for frame in frames))


def _answer_NextProbs(run: rs.RunState, q: rq.NextProbs) -> Iterator[Any]:
    length, v = run.spec.size, len(run.spec.vocabulary)
    if q.picture.shape != (length,) or not 0 <= q.position < length:
        raise BadInput("There is no such character.")
    probs = probabilities(run, q.picture)[q.position][None]
    told = surprise(run, q.picture) if q.surprise else None
    yield rs.NextProbs(probs, np.zeros((v, 0), np.uint8), ("character",), q.picture[q.position : q.position + 1], told)


def _answer_CheckNovelty(run: rs.RunState, q: rq.CheckNovelty) -> Iterator[Any]:
    texts = run.spec.text(q.x)
    found = np.array([1 if len(t) == 4 else 2 if len(t) == 8 else 0 for t in texts], np.int64)
    yield rs.Novelty(found, np.full(len(found), np.nan, np.float32))
    yield rs.Novelty(found, _bits(run, q.x))


SETS = ("held-out", "training", "shuffled", "random", "English")


def _answer_CompareLikelihoods(run: rs.RunState, q: rq.CompareLikelihoods) -> Iterator[Any]:
    dice = np.random.default_rng(q.seed)
    real = [words(q.seed + i, q.n) for i in range(2)]
    shuffled = ["".join(dice.permutation(list(word))) for word in real[0]]
    any_ = ["".join(dice.choice(list(LETTERS), len(word))) for word in real[0]]
    english = [("stone", "plant", "meadow", "river")[i % 4] for i in range(q.n)]
    x = run.spec.tokens([*real[0], *real[1], *shuffled, *any_, *english])
    bits = _bits(run, x).reshape(len(SETS), q.n)
    for done in (max(1, q.n // 4), q.n):
        known = np.where(np.arange(q.n) < done, bits, np.nan).astype(np.float32)
        yield rs.Likelihoods("exact" if run.family == "autoregressive" else "bound", SETS, x, known)


def _answer_EstimateLikelihood(run: rs.RunState, q: rq.EstimateLikelihood) -> Iterator[Any]:
    kind = "exact" if run.family == "autoregressive" else "bound"
    yield rs.Likelihood(kind, -21.5, 0.4, 2.4, q.n)


def preview(q: rq.PreviewData, source: DataInfo) -> rs.DataPreview:
    """Some words of a data set, and how often each attribute value and character occurs."""
    if source.spec is FILE and not q.options.get("path"):
        raise BadInput("Choose a text file first.")
    texts = words(q.seed + 3, q.n)
    labels = np.zeros((q.n, 1), np.int64)
    return rs.DataPreview(WORDS.tokens(texts), labels, WORDS, 9000, 1000, ((5200, 3800),))


def answers(question: rq.Question) -> Callable[..., Iterator[Any]] | None:
    """What answers a question about a model of texts."""
    return globals().get(f"_answer_{type(question).__name__}")
