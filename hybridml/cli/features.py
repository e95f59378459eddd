"""The command ``features``: the photos of rows are read and looked at, a hundred thousand rows at a time."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hybridml.errors import HybridmlError
from hybridml.utils.paths import path_of

from . import rowfiles, status
from .options import (
    Commands,
    add_files,
    add_stages,
    command,
    images_of,
    schema_of,
    stages_of,
    tell,
    write_faults,
)
from .outputs import check_outputs, paths_given

if TYPE_CHECKING:
    import pandas as pd

    from hybridml.datasets.row_chunks import RowChunks
    from hybridml.estimator import EntityExtractor
    from hybridml.store.extraction import ExtractionReport

    _Rows = tuple[pd.DataFrame, rowfiles.Faults]
    """Rows, and the faults of single ones."""

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
    add_stages(features)
    features.add_argument(
        "--retry-failed", action="store_true", help="try photos again that are recorded as undecodable"
    )
    status.add_options(features)


def new_extractor(arguments: argparse.Namespace, **more: Any) -> EntityExtractor:
    """Return an extractor that reads and looks as a command was told."""
    from hybridml.estimator import EntityExtractor

    return EntityExtractor(
        images=images_of(arguments),
        store=arguments.store,
        effort=arguments.effort,
        stages=stages_of(arguments),
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
    from hybridml.datasets.row_chunks import RowChunks

    if arguments.json and not arguments.status:
        raise HybridmlError("--json says how to print --status; give both")
    faults_file = path_of(arguments.store) / "faults.csv"
    if not arguments.status:
        check_outputs(
            paths_given(arguments, "rows", "entities", "resnet_weights"), {"--store": [faults_file]}
        )
    schema, images = schema_of(arguments), images_of(arguments)
    tables = [RowChunks(path, schema, images, ROWS_AT_ONCE) for path in arguments.rows]
    extractor = new_extractor(arguments)
    if arguments.status:
        frame, _ = _together(arguments.rows, tables)
        status.say(extractor.status((frame, [])), arguments.json)
        return 0
    faults: rowfiles.Faults = []
    total = _Total()
    for frame, of_rows in _parts(arguments, tables):
        total.add(extractor.extract((frame, []), retry_failed=arguments.retry_failed), frame)
        faults += of_rows + rowfiles.of_photos(frame, extractor)
    _say_report(total.report)
    write_faults(faults_file, faults)
    return 0


def _parts(arguments: argparse.Namespace, tables: Sequence[RowChunks]) -> Iterator[_Rows]:
    """Yield the rows of all tables and their faults, some at a time; together where only all can be checked."""
    from tqdm import tqdm

    from hybridml.datasets.row_chunks import clash

    if len(tables) > 1 and clash(tables):
        yield _together(arguments.rows, tables)
        return
    size = sum(table.size for table in tables)
    few = all(table.size <= ROWS_AT_ONCE for table in tables)
    with tqdm(desc="rows", total=size, unit="row", disable=arguments.quiet or few) as bar:
        for frame, faults in _each(arguments.rows, tables):
            yield frame, faults
            bar.update(len(frame))


def _each(paths: Sequence[str], tables: Sequence[RowChunks]) -> Iterator[_Rows]:
    for path, table in zip(paths, tables, strict=True):
        for frame, faults in table:
            yield rowfiles.lean(frame), rowfiles.of_rows(path, frame, faults)


def _together(paths: Sequence[str], tables: Sequence[RowChunks]) -> _Rows:
    """Return the rows of all tables as one part."""
    import pandas as pd

    parts = list(_each(paths, tables))
    frame = pd.concat([frame for frame, _ in parts], ignore_index=True)
    return frame, [fault for _, faults in parts for fault in faults]


class _Total:
    """The report of all parts together; a photo with rows in several of them counts once."""

    def __init__(self) -> None:
        from hybridml.store.extraction import ExtractionReport
        from hybridml.utils.hashing import hashes

        self.report = ExtractionReport()
        self._seen = hashes([])

    def add(self, report: ExtractionReport, frame: pd.DataFrame) -> None:
        """Count what was done for the photos of some rows."""
        import numpy as np

        from hybridml.datasets.groups import photo_names
        from hybridml.utils.hashing import hashes

        names = [name for name in dict.fromkeys(photo_names(frame)) if name]
        now = hashes(names)
        again = np.isin(now, self._seen)
        self._seen = np.union1d(self._seen, now)
        known = sum(name in report.keys for name, twice in zip(names, again.tolist(), strict=True) if twice)
        total = self.report
        total.photos += report.photos - int(again.sum())
        total.cached += max(0, report.cached - known)
        total.done += report.done
        total.failed |= report.failed
        total.seconds += report.seconds
        total.second_pass += report.second_pass
        total.second_pass_done += report.second_pass_done


def _say_report(report: ExtractionReport) -> None:
    rate = f", {report.done / report.seconds:.2f} photos a second" if report.done and report.seconds else ""
    tell(
        f"{report.photos} photos: {report.cached} already in the store, {report.done} worked on now, "
        f"{len(report.failed)} failed; {report.seconds:.1f} s{rate}"
    )
    if report.second_pass:
        tell(
            f"{report.second_pass} photos show nothing that is asked of them: {report.second_pass_done} got a second pass now"
        )
