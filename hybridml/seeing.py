"""From rows to a filled store: everything is read and looked at once, and again where the first look shows nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from .engines import Engine
from .entities import EntityBook
from .featurize import Report, featurize
from .parts import photo_names
from .photos import Images, photo_paths
from .seen import wants_second_look
from .store import FeatureStore

Engines = tuple[Engine, Engine | None, Sequence[Engine]]


def settings_of(reader: Engine, looks: Sequence[Engine]) -> dict[str, Mapping[str, Any]]:
    """Return the settings under which the store keeps what ``reader`` and ``looks`` found."""
    return {engine.kind: engine.settings for engine in (reader, *looks)}


def see(
    frame: pd.DataFrame,
    images: Images,
    store: FeatureStore,
    engines: Engines,
    book: EntityBook,
    workers: int | None = None,
    progress: bool = True,
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
    engines : (reader, embedder or None, looks)
        What to read and look with.
    book : EntityBook
        Entities and units.
    workers, progress
        As for :func:`hybridml.featurize.featurize`.

    Returns
    -------
    Report
        Of both looks together.
    """
    reader, embedder, looks = engines
    paths = photo_paths(frame, images)
    first = [engine for engine in looks if engine.kind != "second"]
    report = featurize(paths, store, reader, embedder, workers, progress, first)
    for engine in looks:
        if engine.kind == "second":
            wanted = _wanted(frame, store, reader, book, report)
            again = featurize({n: paths[n] for n in wanted}, store, reader, None, workers, progress, [engine])
            report.second = len(wanted)
            report.second_done = again.done
            report.failed |= again.failed
            report.seconds += again.seconds
    return report


def _wanted(
    frame: pd.DataFrame, store: FeatureStore, reader: Engine, book: EntityBook, report: Report
) -> list[str]:
    """Return the photos whose first reading shows nothing that one of their rows asks for."""
    asked: dict[str, set[str]] = {}
    for name, entity in zip(photo_names(frame), frame["entity_name"], strict=True):
        if name in report.keys and name not in report.failed and entity in book.entities:
            asked.setdefault(name, set()).add(entity)
    names: dict[str, list[str]] = {}
    for name in asked:
        names.setdefault(report.keys[name], []).append(name)
    return [
        name
        for key, reading in store.readings(reader.settings, names)
        for name in names[key]
        if any(wants_second_look(reading, book.entity(entity), book) for entity in asked[name])
    ]
