"""What the systems of a run need: photos read, looked at and embedded through the store, each once."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybridml.datasets import photos
from hybridml.datasets.groups import photo_names
from hybridml.entities import EntitySchema, default_entities
from hybridml.errors import HybridmlError
from hybridml.evaluation.baselines.system import PHOTOS, READING, VECTORS, Given, System
from hybridml.prediction.from_store import keys_of
from hybridml.store.extraction import Report, featurize
from hybridml.store.feature_store import FeatureStore
from hybridml.store.seeing import see, settings_of
from hybridml.store.worker import KIND_OF
from hybridml.utils.registry import one_of
from hybridml.vision.engines import (
    DEFAULT_OCR,
    DEFAULT_WEIGHTS,
    Engine,
    embedding_engine,
    look_engines,
    reader_engine,
)
from hybridml.vision.presets import DEFAULT_EFFORT, LOOKS, effort_of

log = logging.getLogger(__name__)

SHOWN = 10
"""Photos that cannot be read, of which that is said by name."""


@dataclass(frozen=True)
class Source:
    """Where photos lie, and how they are read.

    Parameters
    ----------
    images : path or sequence of paths
        Folders with the photos.
    store : path
        Feature store; what it lacks is computed first.
    ocr, effort, looks, embedding, resnet_weights
        As for :class:`hybridml.EntityExtractor`.
    schema : EntitySchema
        Entities and units.
    workers : int, optional
        Processes that read and look.
    dask : str, optional
        Address of a Dask cluster that reads and embeds in place of processes.
    progress : bool
        Show progress bars.
    """

    images: photos.Images
    store: str | Path = "features"
    ocr: str = DEFAULT_OCR
    effort: str = DEFAULT_EFFORT
    looks: Sequence[str] | None = None
    embedding: str = "resnet50"
    resnet_weights: str = DEFAULT_WEIGHTS
    schema: EntitySchema = field(default_factory=default_entities)
    workers: int | None = None
    dask: str | None = None
    progress: bool = False

    @property
    def offered(self) -> frozenset[str]:
        """The looks that the effort takes, or those named in its place."""
        return frozenset(effort_of(self.effort).looks if self.looks is None else self.looks)


@dataclass(frozen=True)
class Gathered:
    """Labelled rows with all that the systems of a run need.

    Parameters
    ----------
    everything : Given
        All rows with their labels, those of others last.
    own : int
        How many rows are not others'.
    labels : data frame or None
        Labels without photos.
    source : Source
        Where they come from.
    looks : frozenset of str
        The looks that were taken.
    seconds : mapping of str to float
        Seconds a photo, by what worked on it: "reader", "embedding" or a look.
    failed : mapping of str to str
        Photo name to what was wrong with it.
    problems : mapping of str to str
        What cannot be had here to why: a need, or a look.
    """

    everything: Given
    own: int
    labels: pd.DataFrame | None
    source: Source
    looks: frozenset[str]
    seconds: Mapping[str, float]
    failed: Mapping[str, str]
    problems: Mapping[str, str]

    def wanted_by(self, system: System) -> frozenset[str]:
        """Return the looks that a system uses."""
        return system.looks(self.source.offered) if READING in system.needs else frozenset()

    def given_to(self, system: System) -> Given:
        """Return the labelled rows with what a system needs of their photos, others' rows and labels beside them.

        Raises
        ------
        HybridmlError
            When something that it needs cannot be had.
        """
        wanted = self.wanted_by(system)
        for what in (*system.needs, *(wanted - self.source.offered)):
            if what in self.problems:
                raise HybridmlError(self.problems[what])
        everything = self.everything.limited_to(system.needs).without_looks(self.looks - wanted)
        at = np.arange(len(everything))
        others = everything.part(at >= self.own) if self.own < len(at) else None
        return replace(everything.part(at < self.own), others=others, labels=self.labels)

    def read_seconds(self, system: System) -> float:
        """Return the seconds a photo that reading and looking take before a system can work."""
        parts = set(self.wanted_by(system))
        parts |= {"reader"} if READING in system.needs else set()
        parts |= {"embedding"} if VECTORS in system.needs else set()
        return sum(self.seconds.get(part, 0.0) for part in parts)


def check_wishes(system: System, source: Source) -> None:
    """Raise SettingsError unless what a system wants is something that photos have."""
    for what, wishes, known in (
        ("needs", system.needs, (READING, VECTORS, PHOTOS)),
        ("looks", system.looks(source.offered), LOOKS),
    ):
        for wish in sorted(wishes):
            one_of(what, wish, known)


def gather(
    frame: pd.DataFrame,
    source: Source,
    systems: Iterable[System],
    others: pd.DataFrame | None = None,
    labels: pd.DataFrame | None = None,
) -> Gathered:
    """Read, look at and embed what the store lacks of what some system needs.

    Parameters
    ----------
    frame : data frame
        Checked rows with labels.
    source : Source
        Where photos lie, and how they are read.
    systems : iterable of System
        Who asks.
    others : data frame, optional
        Checked rows labelled by others.
    labels : data frame, optional
        Labels without photos, as :func:`hybridml.datasets.labels.read_labels` returns them.
    """
    systems = list(systems)
    needs = frozenset().union(*(system.needs for system in systems))
    problems: dict[str, str] = {}
    reader = embedder = None
    looks: list[Engine] = []
    if READING in needs:
        try:
            reader = reader_engine(source.ocr, None, source.effort)
        except HybridmlError as error:
            problems[READING] = str(error)
    if reader is not None:
        wanted = {look for s in systems if READING in s.needs for look in s.looks(source.offered)}
        looks, reasons = look_engines([n for n in LOOKS if n in wanted], reader, None, source.effort)
        problems |= reasons
    if VECTORS in needs:
        try:
            embedder, reason = embedding_engine(source.embedding, source.resnet_weights)
        except HybridmlError as error:
            embedder, reason = None, str(error)
        if embedder is None:
            problems[VECTORS] = f"no embedding: {reason}"
    everything = frame if others is None else pd.concat([frame, others], ignore_index=True)
    store = FeatureStore(source.store)
    report = _see(everything, source, store, reader, embedder, looks)
    for name, cause in islice(report.failed.items(), SHOWN):
        log.warning("%s: %s: its rows are not answered", name, cause)
    if len(report.failed) > SHOWN:
        log.warning("... and %d more photos; 'hybridml features' names all", len(report.failed) - SHOWN)
    keys = keys_of(photo_names(everything), report)
    present = {key for key in keys if key}
    found = photos.photo_paths(everything, source.images)
    given = Given(
        everything.reset_index(drop=True),
        keys,
        dict(store.seen(settings_of(reader, looks), present)) if reader else {},
        dict(store.embeddings(embedder.settings, present)) if embedder else {},
        {report.keys[name]: path for name, path in found.items() if path is not None and name in report.keys},
        source.schema,
    )
    engines = [engine for engine in (reader, embedder, *looks) if engine is not None]
    return Gathered(
        given,
        len(frame),
        labels,
        source,
        frozenset(look.kind for look in looks),
        _seconds(store, engines, {key for key in keys[: len(frame)] if key}),
        report.failed,
        problems,
    )


def _see(
    frame: pd.DataFrame,
    source: Source,
    store: FeatureStore,
    reader: Engine | None,
    embedder: Engine | None,
    looks: Sequence[Engine],
) -> Report:
    if reader is not None:
        engines = (reader, embedder, looks)
        return see(
            frame,
            source.images,
            store,
            engines,
            source.schema,
            source.workers,
            source.progress,
            dask=source.dask,
        )
    paths = photos.photo_paths(frame, source.images)
    return featurize(paths, store, None, embedder, source.workers, source.progress, dask=source.dask)


def _seconds(store: FeatureStore, engines: Iterable[Engine], keys: set[str]) -> dict[str, float]:
    """Return what each engine took on average over ``keys``, those it did not look at included."""

    def total(engine: Engine) -> Any:
        records = store.table(KIND_OF[engine.kind], engine.settings).records(keys)
        return sum(record["seconds"] for record in records if record["error"] is None)

    return {engine.kind: float(total(engine)) / max(len(keys), 1) for engine in engines}
