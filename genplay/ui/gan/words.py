"""What the GAN lab says of a game, in few words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from genplay.contract.results import Game, Modes, RunState
from genplay.ui.gan.seat import Seat
from genplay.ui.views.readout import Row

NONE = "–"
GOOD_QUALITY = 0.9
MEANS = ("D real", "D fake")
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
    compact = len(seats) > 1
    rows = [
        Row("modes covered", _each(found, _covered), tuple(map(_covered_token, found)), "Modes that hold samples"),
        Row("high-quality samples" if not compact else "high quality", _each(found, lambda m: share(m.high_quality)),
            tuple(map(_quality_token, found)), "Samples within 3 σ of a mode"),
        Row("precision · recall" if not compact else "prec. · recall", _each(found, _precision), (),
            "Share of samples among real data · share of real data among samples"),
        Row("KL to the data's modes" if not compact else "KL of modes", _each(found, lambda m: amount(m.kl, "nats")),
            (), "KL(samples' modes || data's modes): 0 when every mode has its share"),
        Row("pairwise distance" if not compact else "distance", _each(found, _distance), (),
            "Mean distance between samples over that between real data: small when samples are alike"),
    ]  # fmt: skip
    return [row for row in rows if row.name != rows[1].name or not _pictures(found)]


def _pictures(found: Sequence[Modes | None]) -> bool:
    """Whether there is no such thing as a distance from a mode."""
    return all(m is not None and math.isnan(m.high_quality) for m in found)


def _each(found: Sequence[Modes | None], say: Callable[[Modes], str]) -> tuple[str, ...]:
    return tuple(say(modes) if modes is not None else NONE for modes in found)


def _covered(modes: Modes) -> str:
    return f"{int(modes.covered.sum())} / {len(modes.covered)}"


def _covered_token(modes: Modes | None) -> str:
    return "" if modes is None else "good" if modes.covered.all() else "bad"


def _quality_token(modes: Modes | None) -> str:
    if modes is None or math.isnan(modes.high_quality):
        return ""
    return "good" if modes.high_quality >= GOOD_QUALITY else "warn"


def _precision(modes: Modes) -> str:
    return f"{modes.precision:.2f} · {modes.recall:.2f}"


def _distance(modes: Modes) -> str:
    return f"{modes.distance:.2f} of real"


def players(seats: Sequence[Seat]) -> list[Row]:
    """How the two players of each run stand."""
    rows = [
        Row("D right: real · gen.", tuple(map(_accuracy, seats)), (),
            "Share of real data that D calls real · share of samples that it calls generated"),
        Row("D(real) · D(fake)", tuple(_pair(seat.run, MEANS) for seat in seats), (),
            "Mean of what D says of real data · of generated data"),
        Row("‖∇D‖ · ‖∇G‖", tuple(_pair(seat.run, NORMS) for seat in seats), (),
            "Norm of the gradient of each player's loss"),
    ]  # fmt: skip
    return rows


def _accuracy(seat: Seat) -> str:
    modes = seat.state_of_modes
    if modes is None or math.isnan(modes.accuracy_real):
        return NONE
    return f"{100 * modes.accuracy_real:.0f} · {100 * modes.accuracy_fake:.0f} %"


def _pair(run: RunState | None, names: Sequence[str]) -> str:
    terms: Mapping[str, float] = run.terms if run else {}
    values = [amount(terms.get(name)) for name in names]
    return NONE if set(values) == {NONE} else " · ".join(values)
