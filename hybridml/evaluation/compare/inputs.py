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
from hybridml.evaluation.baselines.system import OCR, PHOTOS, VECTORS, Given, System
from hybridml.prediction.from_store import keys_of
from hybridml.store.extraction import extract
from hybridml.store.feature_store import FeatureStore
from hybridml.utils.registry import one_of
from hybridml.vision.presets import DEFAULT_PRESET, FURTHER_STAGES, preset_of
from hybridml.vision.stages import (
    DEFAULT_OCR,
    DEFAULT_WEIGHTS,
    Stage,
    VisionStages,
    embedding_stage,
    further_stages,
    ocr_stage,
)

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
    effort: str = DEFAULT_PRESET
    further: Sequence[str] | None = None
    embedding: str = "resnet50"
    resnet_weights: str = DEFAULT_WEIGHTS
    schema: EntitySchema = field(default_factory=default_entities)
    workers: int | None = None
    dask: str | None = None
    progress: bool = False

    @property
    def offered(self) -> frozenset[str]:
        """The looks that the effort takes, or those named in its place."""
        return frozenset(preset_of(self.effort).further if self.further is None else self.further)


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
    further : frozenset of str
        The looks that were taken.
    seconds : mapping of str to float
        Seconds a photo, by what worked on it: "ocr", "embedding" or a look.
    failed : mapping of str to str
        Photo name to what was wrong with it.
    problems : mapping of str to str
        What cannot be had here to why: a need, or a look.
    """

    everything: Given
    own: int
    labels: pd.DataFrame | None
    source: Source
    further: frozenset[str]
    seconds: Mapping[str, float]
    failed: Mapping[str, str]
    problems: Mapping[str, str]

    def wanted_by(self, system: System) -> frozenset[str]:
        """Return the looks that a system uses."""
        return system.further(self.source.offered) if OCR in system.needs else frozenset()

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
        everything = self.everything.limited_to(system.needs).without_stages(self.further - wanted)
        at = np.arange(len(everything))
        weak_labels = everything.part(at >= self.own) if self.own < len(at) else None
        return replace(everything.part(at < self.own), weak_labels=weak_labels, labels=self.labels)

    def read_seconds(self, system: System) -> float:
        """Return the seconds a photo that reading and looking take before a system can work."""
        parts = set(self.wanted_by(system))
        parts |= {"ocr"} if OCR in system.needs else set()
        parts |= {"embedding"} if VECTORS in system.needs else set()
        return sum(self.seconds.get(part, 0.0) for part in parts)


def check_wishes(system: System, source: Source) -> None:
    """Raise SettingsError unless what a system wants is something that photos have."""
    for what, wishes, known in (
        ("needs", system.needs, (OCR, VECTORS, PHOTOS)),
        ("looks", system.further(source.offered), FURTHER_STAGES),
    ):
        for wish in sorted(wishes):
            one_of(what, wish, known)


def gather(
    frame: pd.DataFrame,
    source: Source,
    systems: Iterable[System],
    weak_labels: pd.DataFrame | None = None,
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
    weak_labels : data frame, optional
        Checked rows labelled by others.
    labels : data frame, optional
        Labels without photos, as :func:`hybridml.datasets.labels.read_labels` returns them.
    """
    systems = list(systems)
    needs = frozenset().union(*(system.needs for system in systems))
    problems: dict[str, str] = {}
    ocr = embedding = None
    further: list[Stage] = []
    if OCR in needs:
        try:
            ocr = ocr_stage(source.ocr, None, source.effort)
        except HybridmlError as error:
            problems[OCR] = str(error)
    if ocr is not None:
        wanted = {name for s in systems if OCR in s.needs for name in s.further(source.offered)}
        names = [name for name in FURTHER_STAGES if name in wanted]
        further, reasons = further_stages(names, ocr, None, source.effort)
        problems |= reasons
    if VECTORS in needs:
        try:
            embedding, reason = embedding_stage(source.embedding, source.resnet_weights)
        except HybridmlError as error:
            embedding, reason = None, str(error)
        if embedding is None:
            problems[VECTORS] = f"no embedding: {reason}"
    stages = VisionStages(ocr, embedding, tuple(further))
    everything = frame if weak_labels is None else pd.concat([frame, weak_labels], ignore_index=True)
    store = FeatureStore(source.store)
    report = extract(
        everything,
        source.images,
        store,
        stages,
        source.schema,
        source.workers,
        source.progress,
        dask=source.dask,
    )
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
        dict(store.photo_features(stages.settings, present)) if ocr else {},
        dict(store.embeddings(embedding.settings, present)) if embedding else {},
        {report.keys[name]: path for name, path in found.items() if path is not None and name in report.keys},
        source.schema,
    )
    return Gathered(
        given,
        len(frame),
        labels,
        source,
        frozenset(stage.kind for stage in further),
        _seconds(store, stages, {key for key in keys[: len(frame)] if key}),
        report.failed,
        problems,
    )


def _seconds(store: FeatureStore, stages: Iterable[Stage], keys: set[str]) -> dict[str, float]:
    """Return what each engine took on average over ``keys``, those it did not look at included."""

    def total(stage: Stage) -> Any:
        records = store.table_of(stage).records(keys)
        return sum(record["seconds"] for record in records if record["error"] is None)

    return {stage.kind: float(total(stage)) / max(len(keys), 1) for stage in stages}
