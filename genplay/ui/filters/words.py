"""What the Filters panel says in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genplay.contract.results import Filters

SORTS = {
    "held-out": "pictures that were never trained on",
    "training": "pictures it was trained on",
    "dreams": "samples of the model's own",
    "noise": "pixels that are on or off by chance",
}
NO_ENERGY = "A stack of machines: its free energy would take a sum over all states of the layers between."
OVERFITS = 8.0  # nats that training data may be ahead by in a model that knows new data as well


def unit_title(found: Filters, layer: int, unit: int) -> str:
    """The name of a unit, ``unit`` being counted within its layer from 0."""
    many = len(found.layers) > 1
    return f"{f'Layer {layer + 1}, unit' if many else 'Unit'} {unit + 1} of {found.layers[layer]}"


def unit_meaning(found: Filters, layer: int, unit: int) -> str:
    """How often it is on, and what its colours are."""
    often = float(found.hidden[:, unit].mean())
    through = "Seen through the layers below: " if layer else ""
    colours = "red pixels switch it on, blue ones off" if layer else "Red pixels switch it on, blue ones off"
    return f"On for {often:.0%} of held-out pictures. {through}{colours}."


def energy_means(found: Filters) -> dict[str, tuple[float, float]]:
    """Mean and standard error of the free energy of each sort that is worked out."""
    means = {}
    for name, values in zip(found.names, found.energies if found.energies is not None else ()):
        known = values[np.isfinite(values)].astype(np.float64)
        if len(known) > 1:
            means[name] = (float(known.mean()), float(known.std(ddof=1) / len(known) ** 0.5))
    return means


def amount(mean: float, error: float) -> str:
    """A number of nats with its error.

    >>> amount(-63.123, 0.42)
    '−63.1 ± 0.4'
    """
    places = 0 if error >= 2 or abs(mean) >= 9999 else 1
    return f"{mean:.{places}f} ± {error:.{places}f}".replace("-", "−")


def nats(found: Filters) -> str:
    """What a held-out picture costs, once log Z is known; "" before."""
    means = energy_means(found)
    if not np.isfinite(found.log_z) or "held-out" not in means:
        return ""
    mean, error = means["held-out"]
    return amount(mean + found.log_z, float(np.hypot(error, found.log_z_error)))


def meaning(found: Filters) -> str:
    """What the free energies say about the training."""
    if found.energies is None:
        return ""
    means = energy_means(found)
    said = ["Free energy is −log p up to a constant: lower is more probable."]
    if {"held-out", "training"} <= means.keys():
        ahead = means["held-out"][0] - means["training"][0]
        if ahead > max(OVERFITS, 3 * float(np.hypot(means["held-out"][1], means["training"][1]))):
            said.append(f"Training pictures are {ahead:.0f} nats ahead of held-out ones: it learns them by heart.")
        else:
            said.append("Held-out pictures are about as probable as training ones.")
    if {"held-out", "dreams"} <= means.keys():
        said.append(_of_dreams(means))
    return " ".join(said)


def _of_dreams(means: dict[str, tuple[float, float]]) -> str:
    gap = means["dreams"][0] - means["held-out"][0]
    if abs(gap) <= 3 * float(np.hypot(means["dreams"][1], means["held-out"][1])):
        return "Its dreams are as probable as data."
    if gap < 0:
        return f"Its dreams are {-gap:.0f} nats lower than data: more typical, less varied."
    return f"Its dreams are {gap:.0f} nats higher than data: the chains have not settled."


def log_z(found: Filters) -> str:
    """The logarithm of Z with its error."""
    if not np.isfinite(found.log_z):
        return "–"
    return f"{found.log_z:.2f}" if not found.log_z_error else amount(found.log_z, found.log_z_error)


def shares(values: Sequence[float]) -> list[str]:
    """Activations as whole percents."""
    return [f"{value:.0%}" for value in values]
