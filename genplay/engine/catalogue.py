"""The catalogue: everything that was found by walking the packages, as plain records."""

from __future__ import annotations

from genplay import data, families, probes
from genplay.contract import knob
from genplay.contract.catalogue import Catalogue, DataInfo, FamilyInfo, ProbeInfo
from genplay.core.dataset import DataSource
from genplay.core.model import Model
from genplay.core.training import TrainingConfig
from genplay.engine import device


def build() -> Catalogue:
    """Families, data sources, probes and devices."""
    return Catalogue(
        families=tuple(_family(f) for f in families.all().values()),
        data=tuple(_source(s) for s in data.sources().values()),
        probes=tuple(ProbeInfo(p.name, p.needs, p.kinds) for p in probes.all().values()),
        devices=device.available(),
    )


def _family(f: type[Model]) -> FamilyInfo:
    return FamilyInfo(
        name=f.name,
        title=f.title,
        summary=f.summary,
        colour=f.colour,
        kinds=f.kinds,
        knobs=knob.knobs(f.Config),
        training_knobs=knob.knobs(TrainingConfig),
        sample_knobs=knob.knobs(f.SampleConfig),
        presets=f.presets,
        plots=f.plots,
        capabilities=f.offers,
        remedies=f.remedies,
        headlines=f.headlines,
    )


def _source(s: type[DataSource]) -> DataInfo:
    return DataInfo(
        name=s.name,
        title=s.title,
        summary=s.summary,
        group=s.group,
        licence=s.licence,
        spec=s.spec,
        knobs=knob.knobs(s.Options),
        ready=s.ready(),
        download_bytes=s.download_bytes,
    )
