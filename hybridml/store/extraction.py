"""The extraction of photo features: fills the feature store with missing results, processing each photo once.

Vision is nearly all of the cost. A photo that cannot be decoded is recorded as such, and costs its own rows only.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

import pandas as pd

from hybridml.candidates.find import needs_second_pass
from hybridml.datasets.groups import photo_names
from hybridml.datasets.photos import Images, Located, located
from hybridml.entities import EntitySchema
from hybridml.errors import HybridmlError
from hybridml.utils.paths import is_remote
from hybridml.vision.stages import Stage, StageKind, VisionStages

from . import dask as cluster
from . import process_pool
from .feature_store import FLUSH_SECONDS, FeatureStore, FeatureTable
from .process_pool import Prepare, default_workers
from .schema import ocr_result_of
from .worker import PhotoTask, WorkResult

SHARD = 64
"""Photos of a shard, unless it took so long that fewer are written: what a killed run loses at most."""

SHARD_REMOTE = 1024
"""The same where shards cannot be merged, in an object store; a minute's work is written even so."""

NO_PHOTO = "no such photo in the images folder"
NOT_STORED = f"not in the store with these settings, and {NO_PHOTO}"


@dataclass
class ExtractionReport:
    """What a run of :func:`extract` did.

    Attributes
    ----------
    photos, cached, done : int
        Photos requested, found in the store, and processed in this run.
    failed : dict of str to str
        Photo name to cause.
    keys : dict of str to str
        Photo name to content key, for the photos that are known.
    seconds : float
        Wall time.
    second_pass, second_pass_done : int
        Photos that need a second pass, and those that got it now.
    partial : bool
        Whether nothing was worked on: what is done so far was looked up.
    waiting : set of str
        If ``partial``, names of the photos that are not done.
    """

    photos: int = 0
    cached: int = 0
    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    second_pass: int = 0
    second_pass_done: int = 0
    partial: bool = False
    waiting: set[str] = field(default_factory=set)


def extract(
    frame: pd.DataFrame,
    images: Images,
    store: FeatureStore,
    stages: VisionStages,
    schema: EntitySchema,
    workers: int | None = None,
    progress: bool = True,
    retry_failed: bool = False,
    dask: str | None = None,
) -> ExtractionReport:
    """Extract the features of the photos of rows, with a second pass for photos that need one.

    Parameters
    ----------
    frame : data frame
        Checked rows.
    images : path or sequence of paths
        Folders with the photos.
    store : FeatureStore
        Where results are kept.
    stages : VisionStages
        What to extract with.
    schema : EntitySchema
        Entities and units.
    workers, progress, retry_failed, dask
        As for :func:`extract_photos`.

    Returns
    -------
    ExtractionReport
        Of both passes together.
    """
    found = located(frame, images)
    run = partial(
        extract_photos,
        store=store,
        workers=workers,
        progress=progress,
        retry_failed=retry_failed,
        dask=dask,
    )
    report = run(found.paths, stages=stages.first)
    _explain_missing(report, found)
    if stages.second_pass and stages.ocr:
        wanted = _needing_second_pass(frame, store, stages.ocr, schema, report)
        second = run(
            {name: found.paths[name] for name in wanted},
            stages=VisionStages(None, None, (stages.second_pass,)),
            ocr=stages.ocr,
        )
        report.second_pass = len(wanted)
        report.second_pass_done = second.done
        report.failed |= second.failed
        report.seconds += second.seconds
    return report


def extract_photos(
    photos: Mapping[str, Path | None],
    store: FeatureStore,
    stages: VisionStages,
    workers: int | None = None,
    progress: bool = True,
    retry_failed: bool = False,
    dask: str | None = None,
    ocr: Stage | None = None,
) -> ExtractionReport:
    """Run vision stages on the photos whose results the store lacks.

    Parameters
    ----------
    photos : mapping of name to path or None
        Where each photo lies, None when it is missing.
    store : FeatureStore
        Where results are kept.
    stages : VisionStages
        The stages.
    workers : int, optional
        Processes, each with one thread; by default one per core. 1 works in this process.
    progress : bool
        Show a progress bar.
    retry_failed : bool
        Also work on photos that are recorded as undecodable.
    dask : str, optional
        Address of a Dask cluster whose workers do it in place of processes of this machine.
    ocr : Stage, optional
        The OCR stage whose stored results the stages work on, where it is not one of them.

    Returns
    -------
    ExtractionReport

    Raises
    ------
    HybridmlError
        When a stage cannot be created. What was done before is kept.
    """
    if workers is not None and workers < 1:
        raise HybridmlError(f"workers must be at least 1, got {workers}")
    start = time.perf_counter()
    contents = None
    if dask:
        contents = partial(cluster.remote_contents, dask, progress=progress)
    report = ExtractionReport(photos=len(photos), keys=store.photo_keys(photos, progress, contents))
    tables: dict[StageKind, FeatureTable] = {stage.kind: store.table_of(stage) for stage in stages}
    tasks = _tasks(photos, tables, report, retry_failed)
    failed: dict[str, str] = {}
    if tasks:
        prepare = _adding_ocr_results(tasks, store.table_of(ocr) if ocr else tables.get("ocr"))
        if dask:
            with cluster.connected(dask, progress) as client:
                failed = _write(len(tasks), tables, cluster.work(client, tasks, stages, prepare), progress)
        else:
            width = min(workers or default_workers(), len(tasks))
            failed = _write(len(tasks), tables, process_pool.work(tasks, stages, width, prepare), progress)
    # photos with the same content share their fate
    report.failed |= _errors(tables, report) | {n: failed[k] for n, k in report.keys.items() if k in failed}
    report.done = len(tasks)
    store.photos.merge()
    for table in tables.values():
        table.shards.merge()
    report.seconds = time.perf_counter() - start
    return report


def extracted_so_far(
    frame: pd.DataFrame, images: Images, store: FeatureStore, stages: VisionStages
) -> ExtractionReport:
    """Look up which photos of rows are done, without opening any; another process may be filling the store.

    A second pass counts as done: whether a photo needs one is known only from its OCR result.
    """
    found = located(frame, images)
    report = ExtractionReport(photos=len(found.paths), keys=store.known_keys(found.paths), partial=True)
    tables: dict[StageKind, FeatureTable] = {stage.kind: store.table_of(stage) for stage in stages.first}
    to_do = {None, *(task.key for task in _tasks(found.paths, tables, report))}
    failed = _errors(tables, report)
    late = (name for name, path in found.paths.items() if path is not None and report.keys.get(name) in to_do)
    report.waiting = {name for name in late if name not in failed}
    report.failed = {n: cause for n, cause in report.failed.items() if n not in report.waiting} | failed
    _explain_missing(report, found)
    return report


def _explain_missing(report: ExtractionReport, found: Located) -> None:
    """Give the reason why a photo is missing where the table of a download knows it."""
    report.failed |= {name: cause for name, cause in found.causes.items() if name in report.failed}


def _needing_second_pass(
    frame: pd.DataFrame, store: FeatureStore, ocr: Stage, schema: EntitySchema, report: ExtractionReport
) -> list[str]:
    """Return the photos whose OCR result shows nothing that one of their rows asks for."""
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
    """Return the entities and one more; equal sets are one object, so that a million photos share a few."""
    return entities | {entity}


def _tasks(
    photos: Mapping[str, Path | None],
    tables: Mapping[StageKind, FeatureTable],
    report: ExtractionReport,
    retry_failed: bool = False,
) -> list[PhotoTask]:
    """Return what is missing, each content once; count in ``report`` what is there, and what cannot be done."""
    names = [name for name in photos if name in report.keys]
    keys = [report.keys[name] for name in names]
    there = {
        kind: table.record_index(keys).has(keys, failed=not retry_failed) for kind, table in tables.items()
    }
    tasks: dict[str, PhotoTask] = {}
    for i, (name, key) in enumerate(zip(names, keys, strict=True)):
        missing = frozenset(kind for kind, has in there.items() if not has[i])
        path = photos[name]
        if not missing:
            report.cached += 1
        elif path is None:
            report.failed[name] = NOT_STORED
        else:
            tasks.setdefault(key, PhotoTask(key, str(path), missing))
    unknown = (name for name in photos if name not in report.keys)
    report.failed |= {name: "cannot be read" if photos[name] else NO_PHOTO for name in unknown}
    return list(tasks.values())


def _errors(tables: Mapping[StageKind, FeatureTable], report: ExtractionReport) -> dict[str, str]:
    """Return name to cause for the photos that are recorded as undecodable."""
    keys = set(report.keys.values())
    failed = {
        key: cause for table in tables.values() for key, cause in table.record_index(keys).errors().items()
    }
    return {name: failed[key] for name, key in report.keys.items() if key in failed}


def _adding_ocr_results(tasks: Sequence[PhotoTask], ocr: FeatureTable | None) -> Prepare:
    """Return a function that gives tasks the stored OCR results that their stages need, a batch at a time."""
    needing = [
        t.key for t in tasks if "ocr" not in t.stages and t.stages & {"number_classifier", "second_pass"}
    ]
    if not needing or ocr is None:
        return lambda batch: batch
    record_index = ocr.record_index(needing)

    def add(batch: Sequence[PhotoTask]) -> Sequence[PhotoTask]:
        records = record_index.records([task.key for task in batch])
        found = {r["key"]: ocr_result_of(r) for r in records if r["error"] is None}
        return [replace(task, ocr_result=found.get(task.key)) for task in batch]

    return add


def _write(
    n_tasks: int, tables: Mapping[StageKind, FeatureTable], results: Iterable[WorkResult], progress: bool
) -> dict[str, str]:
    """Write results as shards while they come; return key to cause of the photos that failed."""
    from tqdm import tqdm

    pending = WorkResult()

    def flush(least: int | None = None) -> None:
        for kind, table in tables.items():
            records = pending.records.get(kind, [])
            if len(records) >= (least or (SHARD_REMOTE if is_remote(table.folder) else SHARD)):
                table.append(records)
                records.clear()

    written = time.monotonic()
    try:
        with tqdm(total=n_tasks, desc="photos", unit="photo", disable=not progress, leave=None) as bar:
            for result in results:
                pending.merge(result)
                bar.update(result.photos)
                late = time.monotonic() - written > FLUSH_SECONDS
                flush(1 if late else None)
                written = time.monotonic() if late else written
    finally:
        flush(1)
    return pending.failed
