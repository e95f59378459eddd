"""A table of rows some thousands at a time, so that memory does not grow with the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from .csvfile import scan_csv
from .entities import EntityBook
from .errors import RowsError
from .finder import hashes
from .links import image_name
from .parts import as_text
from .paths import is_afar, path_of
from .photos import Checked, Images, checked, named
from .rows import REQUIRED, WHOLE, RowFault, validate_part

Hashes = npt.NDArray[np.uint64]

ROWS_AT_ONCE = 10_000
"""Rows that are in memory together."""


class RowParts:
    """The rows of a file, checked as a whole and then given out part by part, in their order.

    What can be told of single rows only with all others at hand, indexes that are there twice and photos of one name,
    is looked for ahead, in 24 bytes a row. Where there is such a thing, and where the file is a pipe that can be
    read but once, all rows are one part.

    Parameters
    ----------
    path : path
        As for :func:`hybridml.rows.read_rows`.
    book : EntityBook, optional
        Entities that may be asked for; the packaged ones by default.
    images : path or sequence of paths, optional
        Folders with the photos, as for :func:`hybridml.photos.checked`.
    at_once : int, optional
        Rows of a part, by default :data:`ROWS_AT_ONCE`.

    Attributes
    ----------
    size : int
        How many rows there are.
    entities : list of str
        What they ask for, each once, in order of first appearance.

    Raises
    ------
    RowsError
        When the table cannot be used; the message has each fault with its line and column.
    """

    def __init__(
        self,
        path: str | Path,
        book: EntityBook | None = None,
        images: Images | None = None,
        at_once: int | None = None,
    ) -> None:
        self._path, self._book, self._images = path, book, images
        self._at_once = at_once or ROWS_AT_ONCE
        self._numbered = True
        self._named: list[Hashes] = []  # of each row the hash of its photo's name, and that of its link
        self._all: Checked | None = None
        place = path_of(path)
        simple = (is_afar(place) or place.is_file()) and self._scan()
        if not simple:
            self._named = []
            self._all = checked(path, book=book, images=images)
            frame = self._all[0]
            self.size, self.entities = len(frame), list(frame["entity_name"].unique())

    def _scan(self) -> bool:
        """Note size and entities; return whether each part can be checked by itself."""
        header, records = scan_csv(self._path)
        if not {"index", *REQUIRED} <= set(header):
            return False
        at = [header.index(name) for name in ("index", "image_link", "entity_name")]
        seen: list[Hashes] = []
        entities: dict[str, None] = {}
        while batch := list(islice(records, self._at_once)):
            cells = [[as_text(record[i]) for _, record in batch] for i in at]
            indexes, links, asked = cells
            if not all(indexes):
                return False
            self._numbered = self._numbered and all(map(WHOLE.fullmatch, indexes))
            entities |= dict.fromkeys(asked)
            seen.append(np.stack([hashes(indexes), hashes([_name(link) for link in links]), hashes(links)]))
        if not seen:
            return False
        index, *self._named = np.concatenate(seen, axis=1)
        self.size, self.entities = len(index), list(entities)
        return len(np.unique(index)) == len(index) and not clash([self])

    def __iter__(self) -> Iterator[Checked]:
        """Yield rows and the faults of single ones, as :func:`hybridml.photos.checked` does, part by part."""
        if self._all is not None:
            yield self._all
            return
        header, records = scan_csv(self._path)
        while batch := list(islice(records, self._at_once)):
            yield self._part(header, batch)

    def _part(self, header: Sequence[str], batch: Sequence[tuple[int, list[str]]]) -> Checked:
        lines, cells = zip(*batch, strict=True)
        columns = dict(zip(header, map(list, zip(*cells, strict=True)), strict=True))
        frame, faults = validate_part(pd.DataFrame(columns, dtype=object), str(self._path), lines, self._book)
        if not self._numbered:  # numbers here, names in another part: all are texts, as they would be in one
            frame["index"] = pd.Series([str(i) for i in frame["index"]], dtype=object)
            faults = [RowFault(f.line, str(f.index), f.column, f.problem) for f in faults]
        return (frame if self._images is None else named(frame, self._images)), faults


def _name(link: str) -> str:
    try:
        return image_name(link)
    except RowsError:
        return ""


def clash(tables: Sequence[RowParts]) -> bool:
    """Return whether two links of some tables have one base name, or one of the tables could not be looked at ahead."""
    if not all(table._named for table in tables):
        return True
    name, link = (np.concatenate(arrays) for arrays in zip(*(table._named for table in tables), strict=True))
    name = np.where(name == hashes([""])[0], link, name)  # what has no name counts by its link
    order = np.lexsort((link, name))
    name, link = name[order], link[order]
    return bool(((name[1:] == name[:-1]) & (link[1:] != link[:-1])).any())
