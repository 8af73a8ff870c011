"""What the engine offers: families, data sets and probes, as plain records from which the window builds its forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from genplay.contract.capability import Capability
from genplay.contract.knob import Knob
from genplay.contract.spec import DataSpec, Kind

HEADLINES = ("elbo", "loss")  # logged terms that tell how a training goes; the first that is there is shown


@dataclass(frozen=True)
class Plot:
    """One plot of the curves dock: its title, the series on it and their unit. A trailing ``*`` matches any ending.

    ``labels`` are what the legend calls them, where their names are too long for it; a ``*`` stands for the ending.
    """

    title: str
    series: tuple[str, ...]
    unit: str = ""
    labels: tuple[str, ...] = ()

    def label(self, name: str) -> str:
        """What the legend calls the series ``name``.

        >>> Plot("losses", ("loss", "loss of player *"), labels=("all", "no. *")).label("loss of player 2")
        'no. 2'
        """
        for series, label in zip(self.series, self.labels):
            if series == name:
                return label
            if series.endswith("*") and name.startswith(series[:-1]):
                return label.replace("*", name[len(series) - 1 :])
        return name


@dataclass(frozen=True)
class Preset:
    """A named starting point of a family: values for some of its knobs and training knobs."""

    name: str
    title: str
    help: str
    config: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = ()


@dataclass(frozen=True)
class FamilyInfo:
    """A model family."""

    name: str
    title: str
    summary: str
    colour: str
    kinds: tuple[Kind, ...]
    knobs: tuple[Knob, ...]
    training_knobs: tuple[Knob, ...]
    sample_knobs: tuple[Knob, ...]
    presets: tuple[Preset, ...]
    plots: tuple[Plot, ...]
    capabilities: frozenset[Capability]
    remedies: tuple[Preset, ...] = ()  # changes that a run in trouble can be forked with
    headlines: tuple[str, ...] = HEADLINES


@dataclass(frozen=True)
class DataInfo:
    """A data source. ``ready`` is false for one that must be downloaded or given a folder first."""

    name: str
    title: str
    summary: str
    group: str  # "bundled", "procedural", "yours", "download"
    licence: str
    spec: DataSpec | None
    knobs: tuple[Knob, ...] = ()
    ready: bool = True
    download_bytes: int = 0


@dataclass(frozen=True)
class ProbeInfo:
    """A probe: the name of the question it answers and what it needs of a model."""

    question: str
    needs: frozenset[Capability]
    kinds: tuple[Kind, ...]


@dataclass(frozen=True)
class Catalogue:
    """Everything the engine found at start, sent once."""

    families: tuple[FamilyInfo, ...]
    data: tuple[DataInfo, ...]
    probes: tuple[ProbeInfo, ...]
    devices: tuple[str, ...]

    def family(self, name: str) -> FamilyInfo | None:
        """The family of that name, if it is known."""
        return next((f for f in self.families if f.name == name), None)

    def source(self, name: str) -> DataInfo | None:
        """The data source of that name, if it is known."""
        return next((d for d in self.data if d.name == name), None)
