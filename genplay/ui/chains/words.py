"""What the Chain lab says: of the start, the sampler, the figures."""

from __future__ import annotations

import math

import numpy as np

from genplay.contract.results import Mixing
from genplay.contract.spec import Kind
from genplay.ui.chains.state import PICTURE, PLACED, ChainState
from genplay.ui.views.readout import Row

NONE = "–"
BEGINS = {"noise": "Noise", "data": "Data", "negatives": "Dreams", PLACED: "Your points", PICTURE: "Your picture"}
TIPS = {
    "noise": "Chains start anywhere: do they find the data?",
    "data": "Chains start at examples that the model never saw: do they stay?",
    "negatives": "Chains go on where the negative phase of training left them",
    PLACED: "Chains start where you click in the landscape",
    PICTURE: "Every chain starts at one picture, damaged as you like: is it repaired?",
}
QUANTITIES = {"energy": "energy", "x": "x", "y": "y", "brightness": "brightness"}
NO_NEGATIVES = "This model keeps no samples of its training to start from"
DAMAGE = {"all": "all of the picture", "half": "the lower half", "block": "a block"}
METHODS = {"mala": "MALA", "langevin": "Langevin", "gibbs": "Gibbs"}
UNITS = {"energy": " nats", "brightness": ""}
ENOUGH, CLOSE = 100, 1.05  # independent draws; R-hat of chains that agree
BIASED, WASTED = 0.97, 0.1  # acceptance of MALA beyond which its steps are too short or too long


def number(value: float) -> str:
    """A number as it is written, a dash for one that is not known."""
    if not math.isfinite(value):
        return NONE
    text = f"{value:,.0f}" if abs(value) >= 20 else f"{value:.1f}"
    return text.replace("-", "−")


def rows(mixing: Mixing | None, acceptance: float, step_size: float, exact: bool) -> list[Row]:
    """How well the chains mix, in figures; each says in a line what it is."""
    nan = float("nan")
    tau, ess, rhat = (mixing.tau, mixing.ess, mixing.rhat) if mixing is not None else (nan, nan, nan)
    agreed = "" if not math.isfinite(rhat) else "good" if rhat < CLOSE else "warn"
    enough = "" if not math.isfinite(ess) else "good" if ess >= ENOUGH else "warn"
    apart = NONE if not math.isfinite(rhat) else f"{rhat:.3f}" if rhat < 10 else f"{rhat:,.0f}"
    found = [
        Row("accepted", (share(acceptance),), help=of_acceptance(acceptance, exact)),
        Row("τ, steps", (number(tau),), help=TAU),
        Row("draws", (number(ess),), (enough,), ESS),
        Row(
            "R-hat",
            (apart,),
            (agreed,),
            RHAT,
        ),
    ]
    if math.isfinite(step_size):
        found.insert(0, Row("step h", (f"{step_size:.3g}",), help=STEP))
    return found


TAU = "Integrated autocorrelation time: after so many steps a chain has forgotten where it was"
ESS = "Effective sample size: all the steps together tell as much as so many independent draws"
RHAT = "1 when every chain tells the same story; above 1.05 some have not been everywhere yet"
STEP = "A step is −h²/2 times the slope of the energy, plus noise of standard deviation h"


def share(value: float) -> str:
    """A share in percent."""
    return f"{100 * value:.0f} %" if math.isfinite(value) else NONE


def of_acceptance(acceptance: float, exact: bool) -> str:
    """What the share of accepted steps says."""
    if not exact:
        return "Every step is taken. Plain Langevin is the more biased, the longer its steps; a Gibbs step is exact"
    if acceptance < WASTED:
        return "Most proposals are refused: shorter steps would get further"
    return "Steps that pass Metropolis's test; about 57 % is best: fewer waste work, more mean timid steps"


def meaning(mixing: Mixing | None, acceptance: float, exact: bool, changing: bool = False) -> str:
    """What the figures say together, in one or two sentences."""
    if mixing is None or not math.isfinite(mixing.tau):
        return "Let the chains walk: after some steps this tells how well they mix."
    if changing:
        return "The length of the steps still changes along this walk, so it is no chain at rest: let it walk on."
    if exact and acceptance < WASTED:
        return "The steps are so long that nearly all are refused. Shorten them, or have them adapted."
    told = f"A chain forgets in {number(mixing.tau)} steps; the walk is worth {number(mixing.ess)} independent draws."
    if math.isfinite(mixing.rhat) and mixing.rhat >= CLOSE:
        return f"{told} The chains do not agree yet: each stays near its start. A higher temperature lets them roam."
    if mixing.ess < ENOUGH:
        return f"{told} That is few: walk further before you trust a mean."
    return f"{told} The chains agree."


def of_start(state: ChainState, kind: Kind) -> str:
    """What the start says beside its controls."""
    if state.begin == PLACED:
        count = len(state.placed)
        if not count:
            return "Click in the landscape to start chains there; drag to start a cloud."
        each = state.wish.count / count
        places = f"{count} place{'' if count == 1 else 's'}, about {max(1, round(each))} chains each."
        return f"{places} Click a place again to take it away."
    if state.begin == PICTURE:
        masked = state.painting is not None and state.painting.masked
        if masked:
            rest = "kept as it is" if state.clamp else "free to change"
            return f"The painted part is damaged and made anew; the rest is {rest}."
        return "Paint over a part to damage only that, and keep the rest."
    return TIPS[state.begin] + ("" if TIPS[state.begin].endswith("?") else ".")


def of_chains(state: ChainState, method: str) -> str:
    """How many chains walk how."""
    n, temperature = state.wish.count, "" if state.temperature == 1 else f" · T = {state.temperature:.3g}"
    return f"{n} chain{'' if n == 1 else 's'} · {METHODS.get(method, method)}{temperature}"


def energy_at(value: float) -> str:
    """The energy under the pointer."""
    return f"E = {value:.2f} nats".replace("-", "−") if np.isfinite(value) else NONE
