"""Row chunks: a table of rows, some thousands at a time, so that memory does not grow with the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.entities import EntitySchema
from hybridml.errors import RowsError
from hybridml.utils.hashing import hashes
from hybridml.utils.paths import is_remote, path_of

from .csv_file import scan_csv
from .groups import PHOTO, as_text, photo_names
from .links import is_url
from .photos import Images, checked, downloads, named, named_by
from .rows import REQUIRED, WHOLE_NUMBER, Checked, RowFault, validate

Hashes = npt.NDArray[np.uint64]

Links = dict[str, npt.NDArray[Any]]
"""For each row the hashes of its link, the link's base name and the photo's name, and whether the link is a URL."""

ROWS_AT_ONCE = 50_000
"""Rows in memory at a time: each takes 850 bytes, and each chunk looks through the whole store."""


class RowChunks:
    """The rows of a file, validated as a whole and then yielded in chunks, in their order.

    Repeated indexes and photos that share a name show only in all rows together: a first pass looks for them, which
    takes 33 bytes a row. If it finds any, or the file is a pipe, which can be read only once, all rows are one chunk.

    Parameters
    ----------
    path : path
        As for :func:`hybridml.datasets.rows.read_rows`.
    schema : EntitySchema, optional
        Entities that a row may ask for; the packaged ones by default.
    images : path or sequence of paths, optional
        Folders with the photos, as for :func:`hybridml.datasets.photos.checked`.
    at_once : int, optional
        Rows of a chunk, by default :data:`ROWS_AT_ONCE`.

    Attributes
    ----------
    size : int
        Number of rows.
    entities : list of str
        The entities they ask for, in order of first appearance.

    Raises
    ------
    RowsError
        When the table cannot be used; the message names each fault with its line and column.
    """

    def __init__(
        self,
        path: str | Path,
        schema: EntitySchema | None = None,
        images: Images | None = None,
        at_once: int | None = None,
    ) -> None:
        self._path, self._schema, self._images = path, schema, images
        self._at_once = at_once or ROWS_AT_ONCE
        self._whole_numbers = True
        self._links: Links | None = None
        self._all: Checked | None = None
        file = path_of(path)
        if not ((is_remote(file) or file.is_file()) and self._scan()):
            self._links = None
            self._all = checked(path, schema=schema, images=images)
            frame = self._all[0]
            self.size, self.entities = len(frame), list(frame["entity_name"].unique())

    def _scan(self) -> bool:
        """Note size and entities; return whether each chunk can be validated by itself."""
        header, records = scan_csv(self._path)
        if not {"index", *REQUIRED} <= set(header):
            return False
        columns = [header.index(name) for name in ("index", "image_link", "entity_name")]
        photo_column = header.index(PHOTO) if PHOTO in header else None
        tables = [] if self._images is None else downloads(self._images)
        index_hashes: list[Hashes] = []
        of_links: list[Links] = []
        entities: dict[str, None] = {}
        while batch := list(islice(records, self._at_once)):
            indexes, links, asked = ([as_text(record[i]) for _, record in batch] for i in columns)
            if not all(indexes):
                return False
            self._whole_numbers = self._whole_numbers and all(map(WHOLE_NUMBER.fullmatch, indexes))
            entities |= dict.fromkeys(asked)
            rows = pd.DataFrame({"image_link": links}, dtype=object)
            bases = photo_names(rows)
            if photo_column is not None:
                rows[PHOTO] = [record[photo_column] for _, record in batch]
            index_hashes.append(hashes(indexes))
            of_links.append(_links(links, bases, photo_names(named_by(rows, tables))))
        if not index_hashes:
            return False
        index, self._links = np.concatenate(index_hashes), _together(of_links)
        self.size, self.entities = len(index), list(entities)
        return len(np.unique(index)) == len(index) and not _clash(self._links)

    def __iter__(self) -> Iterator[Checked]:
        """Yield the chunks as :func:`hybridml.datasets.photos.checked` returns rows."""
        if self._all is not None:
            yield self._all
            return
        self._links = None  # needed only until the first chunk
        header, records = scan_csv(self._path)
        left = self.size
        while left >= 0 and (batch := list(islice(records, self._at_once))):
            left -= len(batch)
            if left >= 0:
                yield self._chunk(header, batch)
        if left:
            raise RowsError(
                f"{self._path}: the file changed while its rows were worked on; start again, results so far are kept"
            )

    def _chunk(self, header: Sequence[str], batch: Sequence[tuple[int, list[str]]]) -> Checked:
        lines, cells = zip(*batch, strict=True)
        rows = pd.DataFrame(list(cells), columns=list(header), dtype=object)
        frame, faults = validate(rows, None, self._schema, str(self._path), lines)
        if not self._whole_numbers:  # an index of text in any chunk makes it text in all of them
            frame["index"] = pd.Series([str(i) for i in frame["index"]], dtype=object)
            faults = [RowFault(f.line, str(f.index), f.column, f.problem) for f in faults]
        return (frame if self._images is None else named(frame, self._images)), faults


def _links(links: Sequence[str], bases: Sequence[str], photos: Sequence[str]) -> Links:
    """Return the :data:`Links` of some rows; a link without a name stands for itself."""
    names = {"link": links, "base": bases, "photo": photos}
    hashed = {
        field: hashes([name or link for name, link in zip(of_rows, links, strict=True)])
        for field, of_rows in names.items()
    }
    return {**hashed, "url": np.array([is_url(link) for link in links])}


def _together(several: Sequence[Links]) -> Links:
    return {field: np.concatenate([links[field] for links in several]) for field in several[0]}


def _clash(links: Links) -> bool:
    """Return whether different links share a photo, or share a base name and are not all URLs."""
    every = np.ones(len(links["url"]), dtype=bool)
    return _shared(links["photo"], links["link"], every) or _shared(
        links["base"], links["link"], ~links["url"]
    )


def _shared(name: Hashes, link: Hashes, counts: npt.NDArray[np.bool_]) -> bool:
    """Return whether two different links share a name, at least one of which counts."""
    order = np.lexsort((link, name))
    name, link, counts = name[order], link[order], counts[order]
    shared = (name[1:] == name[:-1]) & (link[1:] != link[:-1])
    return bool((shared & (counts[1:] | counts[:-1])).any())


def clash(tables: Sequence[RowChunks]) -> bool:
    """Return whether rows of several tables can only be validated together."""
    known = [table._links for table in tables if table._links is not None]
    return len(known) < len(tables) or _clash(_together(known))
