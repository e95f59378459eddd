"""Extraction for whole tables of rows: chunk by chunk, with one report and one list of faults for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from tqdm import tqdm

from hybridml.datasets.faults_file import FaultyRow, with_failed_photos, with_row_faults
from hybridml.datasets.groups import PHOTO, photo_names
from hybridml.datasets.photos import Images
from hybridml.datasets.row_chunks import RowChunks, clash
from hybridml.entities import EntitySchema
from hybridml.utils.hashing import hashes

from .extraction import ExtractionReport

Rows = tuple[pd.DataFrame, list[FaultyRow]]
"""Checked rows, and those of them that have a fault."""


class RowTables:
    """The rows of several files, chunk by chunk, with the columns that extraction needs.

    Parameters
    ----------
    paths : sequence of str
        The files.
    schema, images, at_once
        As for :class:`hybridml.datasets.row_chunks.RowChunks`.
    """

    def __init__(self, paths: Sequence[str], schema: EntitySchema, images: Images, at_once: int) -> None:
        self._paths = paths
        self._tables = [RowChunks(path, schema, images, at_once) for path in paths]
        self.size = sum(table.size for table in self._tables)
        self.single_chunks = all(table.size <= at_once for table in self._tables)

    def together(self) -> Rows:
        """Return all rows at once."""
        frames, faulty = zip(*self._chunks(), strict=True)
        return pd.concat(frames, ignore_index=True), [row for rows in faulty for row in rows]

    def __iter__(self) -> Iterator[Rows]:
        """Yield the chunks; all rows at once where the files can only be checked together."""
        if len(self._tables) > 1 and clash(self._tables):
            yield self.together()
        else:
            yield from self._chunks()

    def _chunks(self) -> Iterator[Rows]:
        for path, table in zip(self._paths, self._tables, strict=True):
            for frame, faults in table:
                needed = [c for c in ("index", "image_link", "entity_name", PHOTO) if c in frame.columns]
                yield frame[needed], with_row_faults(path, frame, faults)


def extract_tables(
    tables: RowTables, extract: Callable[[pd.DataFrame], ExtractionReport], progress: bool = False
) -> tuple[ExtractionReport, list[FaultyRow]]:
    """Extract the photo features of tables chunk by chunk.

    Parameters
    ----------
    tables : RowTables
        The rows.
    extract : callable
        Extracts the photo features of some rows, such as :meth:`hybridml.EntityExtractor.extract`.
    progress : bool
        Show a progress bar where a table has several chunks.

    Returns
    -------
    report : ExtractionReport
        Of all chunks together; a photo that several of them have counts once.
    faulty : list of FaultyRow
        The rows that have a fault or whose photo failed.
    """
    total = ExtractionReport()
    faulty: list[FaultyRow] = []
    seen = hashes([])
    hidden = not progress or tables.single_chunks
    with tqdm(desc="rows", total=tables.size, unit="row", disable=hidden) as bar:
        for frame, row_faults in tables:
            report = extract(frame)
            faulty += row_faults + with_failed_photos(frame, report.failed)
            names = [name for name in dict.fromkeys(photo_names(frame)) if name]
            now = hashes(names)
            again = [name for name, known in zip(names, np.isin(now, seen).tolist(), strict=True) if known]
            seen = np.union1d(seen, now)
            total.photos += report.photos - len(again)
            total.cached += max(0, report.cached - sum(name in report.keys for name in again))
            total.done += report.done
            total.failed |= report.failed
            total.seconds += report.seconds
            total.second_pass += report.second_pass
            total.second_pass_done += report.second_pass_done
            bar.update(len(frame))
    return total, faulty
