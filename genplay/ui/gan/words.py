"""What the GAN lab says of a game, in few words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from genplay.contract.results import Game, Modes, RunState
from genplay.ui.gan.seat import Seat
from genplay.ui.views.readout import Row

NONE = "–"
GOOD_QUALITY = 0.9
MEANS = ("D real", "D fake")
RIGHT = ("D accuracy real", "D accuracy fake")  # of the last batch
SHORT = {
    "modes covered": "modes",
    "high-quality samples": "quality",
    "precision · recall": "prec. · rec.",
    "KL to the data's modes": "KL of modes",
    "pairwise distance": "distance",
    "D right: real · fake": "D right",
    "D(real) · D(fake)": "D(x) · D(G)",
    "‖∇D‖ · ‖∇G‖": "‖∇‖ D · G",
    "from the truth": "off truth",
    "lost there and back": "lost",
    "changed needlessly": "needless",
}
HELP = {
    "covered": "Modes that hold a fair share of the samples",
    "quality": "Samples within 3 σ of a mode",
    "precision": "Share of samples that lie among real data · share of real data that lies among samples",
    "kl": "KL(modes of samples || modes of data): 0 when every mode has its share",
    "distance": "Mean distance between samples over that between real data: small when samples are alike",
    "accuracy": "Share of real data that D calls real · share of samples that it calls generated",
    "means": "Mean of what D says of real data · of generated data",
    "norms": "Norm of the gradient of each player's loss",
}
NORMS = ("gradient norm discriminator", "gradient norm generator")


def called_right(game: Game) -> tuple[float, float]:
    """The share of real and of generated points that D is right about."""
    return float((game.score_real > game.threshold).mean()), float((game.score_x <= game.threshold).mean())


def share(value: float) -> str:
    """A share as per cent, or that there is none."""
    return NONE if math.isnan(value) else f"{100 * value:.1f} %"


def amount(value: float | None, unit: str = "") -> str:
    """A number with its unit, or that there is none."""
    if value is None or math.isnan(value):
        return NONE
    return f"{number(value)} {unit}".strip()


def number(value: float) -> str:
    """Two or three figures, so that numbers that change keep their width, and a true minus."""
    size = abs(value)
    text = f"{value:.2f}" if 0.005 <= size < 10 or not size else f"{value:.1f}" if 1 < size < 100 else f"{value:,.0f}"
    return (f"{value:.0e}" if 0 < size < 0.005 else text).replace("-", "−")


def coverage(seats: Sequence[Seat]) -> list[Row]:
    """How the samples of each run spread over the modes."""
    found = [seat.state_of_modes for seat in seats]
    rows = [
        Row("modes covered", _each(found, _covered), tuple(map(_covered_token, found)), HELP["covered"]),
        Row("high-quality samples", _each(found, _quality), tuple(map(_quality_token, found)), HELP["quality"]),
        Row("precision · recall", _each(found, _precision), (), HELP["precision"]),
        Row("KL to the data's modes", _each(found, _divergence), (), HELP["kl"]),
        Row("pairwise distance", _each(found, _distance), (), HELP["distance"]),
    ]
    if found[0] is not None:
        rows = [row for row in rows if set(row.values) != {NONE}]  # of data without modes, and of pictures
    return _fitting(rows, len(seats))


LIKENESS = {
    "L1": ("from the truth", "Mean difference of outputs to the true pictures in training, of the range of pixels"),
    "held-out L1": ("held-out", "The same of pictures that the training never sees, with averaged weights"),
    "cycle L1": ("lost there and back", "Mean difference after both translations, of the range of pixels"),
    "held-out cycle L1": ("held-out", "The same of pictures that the training never sees, with averaged weights"),
    "changed": ("changed", "Mean difference between pictures and their translations"),
    "identity L1": ("changed needlessly", "Mean change of pictures that are of the group already"),
}


def translation(seats: Sequence[Seat]) -> list[Row]:
    """How far translations are from what they should be, of those that a run measures."""
    rows = []
    for term, (name, help_) in LIKENESS.items():
        values = [seat.run.terms.get(term, math.nan) if seat.run else math.nan for seat in seats]
        if not all(map(math.isnan, values)):
            rows.append(Row(name, tuple(share(value / 2) for value in values), (), help_))  # pixels are in [-1, 1]
    return _fitting(rows, len(seats))


def _fitting(rows: list[Row], columns: int) -> list[Row]:
    """The rows under shorter names where there are several columns."""
    return rows if columns < 2 else [replace(row, name=SHORT.get(row.name, row.name)) for row in rows]


def _each(found: Sequence[Modes | None], say: Callable[[Modes], str]) -> tuple[str, ...]:
    return tuple(say(modes) if modes is not None else NONE for modes in found)


def _quality(modes: Modes) -> str:
    return share(modes.high_quality)


def _divergence(modes: Modes) -> str:
    return amount(modes.kl, "nats")


def _covered(modes: Modes) -> str:
    if not len(modes.covered):
        return NONE  # the data has no modes to speak of
    return f"{int(modes.covered.sum())} / {len(modes.covered)}"


def _covered_token(modes: Modes | None) -> str:
    return "" if modes is None or not len(modes.covered) else "good" if modes.covered.all() else "bad"


def _quality_token(modes: Modes | None) -> str:
    if modes is None or math.isnan(modes.high_quality):
        return ""
    return "good" if modes.high_quality >= GOOD_QUALITY else "warn"


def _precision(modes: Modes) -> str:
    return f"{amount(modes.precision)} · {amount(modes.recall)}"


def _distance(modes: Modes) -> str:
    return NONE if math.isnan(modes.distance) else f"{modes.distance:.2f} of real"


def players(seats: Sequence[Seat]) -> list[Row]:
    """How the two players of each run stand."""
    rows = [
        Row("D right: real · fake", tuple(map(_accuracy, seats)), (), HELP["accuracy"]),
        Row("D(real) · D(fake)", tuple(_pair(seat.run, MEANS) for seat in seats), (), HELP["means"]),
        Row("‖∇D‖ · ‖∇G‖", tuple(_pair(seat.run, NORMS) for seat in seats), (), HELP["norms"]),
    ]
    return _fitting(rows, len(seats))


def _accuracy(seat: Seat) -> str:
    modes, terms = seat.state_of_modes, seat.run.terms if seat.run else {}
    real, fake = (terms.get(name, math.nan) for name in RIGHT) if seat.translates else (math.nan, math.nan)
    if modes is not None:
        real, fake = modes.accuracy_real, modes.accuracy_fake
    return NONE if math.isnan(real) else f"{100 * real:.0f} · {100 * fake:.0f} %"


def _pair(run: RunState | None, names: Sequence[str]) -> str:
    terms: Mapping[str, float] = run.terms if run else {}
    values = [amount(terms.get(name)) for name in names]
    return NONE if set(values) == {NONE} else " · ".join(values)
