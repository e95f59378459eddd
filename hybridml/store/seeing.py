"""From rows to a filled store: everything is read and looked at once, and again where the first look shows nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd

from hybridml.candidates.find import needs_second_pass
from hybridml.datasets.groups import photo_names
from hybridml.datasets.photos import Images, Located, located
from hybridml.entities import EntitySchema
from hybridml.vision.stages import Stage

from .extraction import Report, done_so_far, extract
from .feature_store import FeatureStore

Stages = tuple[Stage, Stage | None, Sequence[Stage]]


def settings_of(ocr: Stage, further: Sequence[Stage]) -> dict[str, Mapping[str, Any]]:
    """Return the settings under which the store keeps what ``ocr`` and ``further`` found."""
    return {stage.kind: stage.settings for stage in (ocr, *further)}


def extract_for_rows(
    frame: pd.DataFrame,
    images: Images,
    store: FeatureStore,
    stages: Stages,
    schema: EntitySchema,
    workers: int | None = None,
    progress: bool = True,
    retry_failed: bool = False,
    dask: str | None = None,
) -> Report:
    """Read and look at the photos of rows, then take a second look at those that show nothing they were asked for.

    Parameters
    ----------
    frame : data frame
        Checked rows.
    images : path or sequence of paths
        Folders with the photos.
    store : FeatureStore
        Where results are kept.
    stages : (reader, embedder or None, looks)
        What to read and look with.
    schema : EntitySchema
        Entities and units.
    workers, progress, retry_failed, dask
        As for :func:`hybridml.store.extraction.extract`.

    Returns
    -------
    Report
        Of both looks together.
    """
    ocr, embedder, further = stages
    found = located(frame, images)
    paths = found.paths
    first = [stage for stage in further if stage.kind != "second_pass"]
    report = extract(paths, store, ocr, embedder, workers, progress, first, retry_failed, dask)
    _tell_why(report, found)
    for stage in further:
        if stage.kind == "second_pass":
            wanted = _wanted(frame, store, ocr, schema, report)
            again_at = {name: paths[name] for name in wanted}
            again = extract(again_at, store, ocr, None, workers, progress, [stage], retry_failed, dask)
            report.second = len(wanted)
            report.second_done = again.done
            report.failed |= again.failed
            report.seconds += again.seconds
    return report


def extracted_so_far(frame: pd.DataFrame, images: Images, store: FeatureStore, stages: Stages) -> Report:
    """Return which photos of rows are read and looked at already; none is opened.

    A second look counts as done: whether it is wanted is known only from the first reading.
    """
    ocr, embedder, further = stages
    first = [stage for stage in further if stage.kind != "second_pass"]
    found = located(frame, images)
    report = done_so_far(found.paths, store, [ocr, embedder, *first])
    _tell_why(report, found)
    return report


def _tell_why(report: Report, found: Located) -> None:
    """Say in a report why photos are missing, where a download knows better."""
    report.failed |= {name: cause for name, cause in found.causes.items() if name in report.failed}


def _wanted(
    frame: pd.DataFrame, store: FeatureStore, ocr: Stage, schema: EntitySchema, report: Report
) -> list[str]:
    """Return the photos whose first reading shows nothing that one of their rows asks for."""
    asked: dict[str, frozenset[str]] = {}
    for name, entity in zip(photo_names(frame), frame["entity_name"], strict=True):
        if name in report.keys and name not in report.failed and entity in schema.entities:
            key = report.keys[name]
            asked[key] = _with(asked.get(key, frozenset()), entity)
    wanted = {
        key
        for key, ocr_result in store.ocr_results(ocr.settings, asked)
        if any(needs_second_pass(ocr_result, schema.entity(entity), schema) for entity in asked[key])
    }
    return [name for name, key in report.keys.items() if key in wanted and name not in report.failed]


@cache
def _with(entities: frozenset[str], entity: str) -> frozenset[str]:
    """Return the entities and one more; sets that are equal are one, so that a million photos share a few."""
    return entities | {entity}
