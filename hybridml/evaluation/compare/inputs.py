"""Inputs of a comparison: the results of vision stages on all photos, each computed once and kept in the store."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from hybridml.datasets import photos
from hybridml.datasets.groups import photo_names
from hybridml.entities import EntitySchema, default_entities
from hybridml.errors import HybridmlError
from hybridml.evaluation.baselines.system import OCR, PHOTOS, VECTORS, Dataset, System
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

MOST_NAMED = 10
"""Failed photos that the log names; it counts the others."""


@dataclass(frozen=True)
class ComparisonSettings:
    """Settings of a comparison: where photos lie, and which vision stages run on them.

    Parameters
    ----------
    images : path or sequence of paths
        Folders with the photos.
    store : path
        Feature store; what it lacks is computed first.
    ocr, effort, stages, embedding, resnet_weights
        As for :class:`hybridml.EntityExtractor`.
    schema : EntitySchema
        Entities and units.
    workers : int, optional
        Processes that run the vision stages.
    dask : str, optional
        Address of a Dask cluster that runs them in place of processes.
    progress : bool
        Show progress bars.
    """

    images: photos.Images
    store: str | Path = "features"
    ocr: str = DEFAULT_OCR
    effort: str = DEFAULT_PRESET
    stages: Sequence[str] | None = None
    embedding: str = "resnet50"
    resnet_weights: str = DEFAULT_WEIGHTS
    schema: EntitySchema = field(default_factory=default_entities)
    workers: int | None = None
    dask: str | None = None
    progress: bool = False

    @property
    def offered(self) -> frozenset[str]:
        """The further vision stages of the run: those of the effort, unless ``stages`` names others."""
        return frozenset(preset_of(self.effort).further if self.stages is None else self.stages)


@dataclass(frozen=True)
class ComparisonData:
    """Labelled rows with everything that the systems of a comparison need.

    Parameters
    ----------
    rows : Dataset
        All rows with their labels, the weakly labelled ones last.
    n_own : int
        How many rows are not weakly labelled.
    labels : data frame or None
        Labels without photos.
    settings : ComparisonSettings
        Where they come from.
    stages : frozenset of str
        The further vision stages that have run.
    seconds : mapping of str to float
        Seconds a photo, by kind of vision stage.
    problems : mapping of str to str
        Needs and stages that are not available, and the reason for each.
    """

    rows: Dataset
    n_own: int
    labels: pd.DataFrame | None
    settings: ComparisonSettings
    stages: frozenset[str]
    seconds: Mapping[str, float]
    problems: Mapping[str, str]

    def stages_of(self, system: System) -> frozenset[str]:
        """Return the further stages that a system uses."""
        return system.stages(self.settings.offered) if OCR in system.needs else frozenset()

    def dataset_for(self, system: System) -> Dataset:
        """Return the labelled rows with what a system needs of their photos, and with weak labels and labels.

        Raises
        ------
        HybridmlError
            When something that it needs is not available.
        """
        used = self.stages_of(system)
        for need in (*system.needs, *(used - self.settings.offered)):
            if need in self.problems:
                raise HybridmlError(self.problems[need])
        rows = self.rows.limited_to(system.needs).without_stages(self.stages - used)
        own = np.arange(len(rows)) < self.n_own
        weak_labels = None if own.all() else rows.subset(~own)
        return replace(rows.subset(own), weak_labels=weak_labels, labels=self.labels)

    def vision_seconds(self, system: System) -> float:
        """Return the seconds a photo that the vision stages of a system take."""
        used = set(self.stages_of(system))
        used |= {"ocr"} if OCR in system.needs else set()
        used |= {"embedding"} if VECTORS in system.needs else set()
        return sum(self.seconds.get(kind, 0.0) for kind in used)


def check_requirements(system: System, settings: ComparisonSettings) -> None:
    """Raise SettingsError unless everything that a system needs exists."""
    for what, required, known in (
        ("needs", system.needs, (OCR, VECTORS, PHOTOS)),
        ("stages", system.stages(settings.offered), FURTHER_STAGES),
    ):
        for name in sorted(required):
            one_of(what, name, known)


def prepare(
    frame: pd.DataFrame,
    settings: ComparisonSettings,
    systems: Iterable[System],
    weak_labels: pd.DataFrame | None = None,
    labels: pd.DataFrame | None = None,
) -> ComparisonData:
    """Run the vision stages that some system needs on the photos that the store lacks, and return all rows with them.

    The tables are those of :func:`hybridml.evaluation.compare.compare`.
    """
    stages, problems = _stages(settings, list(systems))
    everything = frame if weak_labels is None else pd.concat([frame, weak_labels], ignore_index=True)
    store = FeatureStore(settings.store)
    report = extract(
        everything,
        settings.images,
        store,
        stages,
        settings.schema,
        settings.workers,
        settings.progress,
        dask=settings.dask,
    )
    for name, cause in islice(report.failed.items(), MOST_NAMED):
        log.warning("%s: %s: its rows are not answered", name, cause)
    if len(report.failed) > MOST_NAMED:
        log.warning("... and %d more photos; 'hybridml features' names all", len(report.failed) - MOST_NAMED)
    keys = keys_of(photo_names(everything), report)
    present = {key for key in keys if key}
    paths = photos.photo_paths(everything, settings.images)
    rows = Dataset(
        everything.reset_index(drop=True),
        keys,
        dict(store.photo_features(stages.settings, present)) if stages.ocr else {},
        dict(store.embeddings(stages.embedding.settings, present)) if stages.embedding else {},
        {report.keys[name]: path for name, path in paths.items() if path is not None and name in report.keys},
        settings.schema,
    )
    return ComparisonData(
        rows,
        len(frame),
        labels,
        settings,
        frozenset(stage.kind for stage in stages.further),
        _seconds(store, stages, {key for key in keys[: len(frame)] if key}),
        problems,
    )


def _stages(settings: ComparisonSettings, systems: Sequence[System]) -> tuple[VisionStages, dict[str, str]]:
    """Return the vision stages that some system needs, and why others are not available."""
    needs = frozenset().union(*(system.needs for system in systems))
    problems: dict[str, str] = {}
    ocr = embedding = None
    further: list[Stage] = []
    if OCR in needs:
        try:
            ocr = ocr_stage(settings.ocr, None, settings.effort)
        except HybridmlError as error:
            problems[OCR] = str(error)
    if ocr is not None:
        used = {name for s in systems if OCR in s.needs for name in s.stages(settings.offered)}
        names = [name for name in FURTHER_STAGES if name in used]
        further, reasons = further_stages(names, ocr, None, settings.effort)
        problems |= reasons
    if VECTORS in needs:
        try:
            embedding, reason = embedding_stage(settings.embedding, settings.resnet_weights)
        except HybridmlError as error:
            reason = str(error)
        if embedding is None:
            problems[VECTORS] = f"no embedding: {reason}"
    return VisionStages(ocr, embedding, tuple(further)), problems


def _seconds(store: FeatureStore, stages: Iterable[Stage], keys: set[str]) -> dict[str, float]:
    """Return each stage's seconds a photo, as an average over ``keys``, those included that it did not run on."""

    def total(stage: Stage) -> float:
        records = store.table_of(stage).records(keys)
        return sum(record["seconds"] for record in records if record["error"] is None)

    return {stage.kind: float(total(stage)) / max(len(keys), 1) for stage in stages}
