"""The command ``features``: the photos of rows are read and looked at, a hundred thousand rows at a time."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import HybridmlError
from ..paths import path_of
from . import rowfiles, status
from .options import (
    Commands,
    add_engines,
    add_files,
    book_of,
    command,
    images_of,
    looks_of,
    tell,
    write_faults,
)
from .outputs import check_outputs, paths_given

if TYPE_CHECKING:
    import pandas as pd

    from ..entities import EntityBook
    from ..extractor import EntityExtractor
    from ..featurize import Report

ROWS_AT_ONCE = 100_000
"""Rows whose photos are worked on together: each start of the processes costs seconds, a cluster's more."""


def add_command(commands: Commands) -> None:
    """Add the command of this module."""
    features = command(
        commands,
        "features",
        _features,
        "read and embed the photos of rows into the feature store",
        "Each photo is worked on once, whatever the number of rows. Interrupted, the same command goes on where it\n"
        "stopped; run again, it takes seconds. A photo that cannot be read is named and costs its own rows only.\n\n"
        "  hybridml features --rows train.csv --rows test.csv --images photos/\n"
        "  hybridml features --rows train.csv --images photos/ --status      what is there, failed, missing",
    )
    features.add_argument(
        "--rows", required=True, action="append", metavar="CSV", help="rows; may be given again"
    )
    add_files(features)
    add_engines(features)
    features.add_argument(
        "--retry-failed", action="store_true", help="try photos again that are recorded as undecodable"
    )
    status.add_options(features)


def new_extractor(arguments: argparse.Namespace, **more: Any) -> EntityExtractor:
    """Return an extractor that reads and looks as a command was told."""
    from ..extractor import EntityExtractor

    return EntityExtractor(
        images=images_of(arguments),
        store=arguments.store,
        effort=arguments.effort,
        looks=looks_of(arguments),
        ocr=arguments.ocr,
        embedding=arguments.embedding,
        resnet_weights=arguments.resnet_weights,
        entities=arguments.entities,
        workers=arguments.workers,
        dask=arguments.dask,
        progress=not arguments.quiet,
        **more,
    )


def _features(arguments: argparse.Namespace) -> int:
    if arguments.json and not arguments.status:
        raise HybridmlError("--json says how to print --status; give both")
    book = book_of(arguments)
    if arguments.status:
        frame, _ = _together(arguments.rows, book, images_of(arguments))
        status.say(new_extractor(arguments).status(frame), arguments.json)
        return 0
    faults_file = path_of(arguments.store) / "faults.csv"
    check_outputs(paths_given(arguments, "rows", "entities", "resnet_weights"), {"--store": [faults_file]})
    extractor = new_extractor(arguments)
    faults: rowfiles.Faults = []
    total = _Total()
    for frame, of_rows in _parts(arguments, book):
        # two tables may number their rows alike
        numbered = frame.assign(index=range(len(frame)))
        total.add(extractor.featurize((numbered, []), retry_failed=arguments.retry_failed), frame)
        faults += of_rows + rowfiles.of_photos(frame, extractor)
    total.say()
    write_faults(faults_file, faults)
    return 0


def _parts(arguments: argparse.Namespace, book: EntityBook) -> Iterator[tuple[pd.DataFrame, rowfiles.Faults]]:
    """Yield rows and their faults, some at a time; all together where only all can be checked."""
    from tqdm import tqdm

    from ..row_parts import RowParts, clash

    images = images_of(arguments)
    tables = [RowParts(path, book, images, ROWS_AT_ONCE) for path in arguments.rows]
    if len(tables) > 1 and clash(tables):
        yield _together(arguments.rows, book, images)
        return
    size = sum(table.size for table in tables)
    few = all(table.size <= ROWS_AT_ONCE for table in tables)
    with tqdm(desc="rows", total=size, unit="row", disable=arguments.quiet or few) as bar:
        for path, table in zip(arguments.rows, tables, strict=True):
            for frame, faults in table:
                yield rowfiles.lean(frame), rowfiles.of_rows(path, frame, faults)
                bar.update(len(frame))


def _together(
    paths: Sequence[str], book: EntityBook, images: Sequence[str]
) -> tuple[pd.DataFrame, rowfiles.Faults]:
    """Return the rows of all tables, numbered anew, and the faults of single ones."""
    import pandas as pd

    tables = [rowfiles.read(path, book, images) for path in paths]
    frame = pd.concat([frame for frame, _ in tables], ignore_index=True)
    return frame.assign(index=range(len(frame))), [fault for _, faults in tables for fault in faults]


class _Total:
    """What was done for all parts; a photo with rows in several of them counts once."""

    def __init__(self) -> None:
        from ..finder import hashes

        self._seen = hashes([])
        self._photos = self._cached = self._done = self._second = self._second_done = 0
        self._failed: set[str] = set()
        self._seconds = 0.0

    def add(self, report: Report, frame: pd.DataFrame) -> None:
        """Count what was done for the photos of some rows."""
        import numpy as np

        from ..finder import hashes
        from ..parts import photo_names

        names = [name for name in dict.fromkeys(photo_names(frame)) if name]
        now = hashes(names)
        again = np.isin(now, self._seen)
        self._seen = np.union1d(self._seen, now)
        known = sum(name in report.keys for name, twice in zip(names, again.tolist(), strict=True) if twice)
        self._photos += report.photos - int(again.sum())
        self._cached += max(0, report.cached - known)
        self._done += report.done
        self._failed |= set(report.failed)
        self._seconds += report.seconds
        self._second += report.second
        self._second_done += report.second_done

    def say(self) -> None:
        """Tell it on the terminal."""
        rate = self._done and self._seconds and f", {self._done / self._seconds:.2f} photos a second"
        tell(
            f"{self._photos} photos: {self._cached} already in the store, {self._done} worked on now, "
            f"{len(self._failed)} failed; {self._seconds:.1f} s{rate or ''}"
        )
        if self._second:
            tell(
                f"{self._second} photos show nothing they are asked for: a second look at {self._second_done} now"
            )
