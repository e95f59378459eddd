"""A table of rows some thousands at a time, so that memory does not grow with the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.entities import EntitySchema
from hybridml.errors import RowsError
from hybridml.utils.hashing import hashes
from hybridml.utils.paths import is_remote, path_of

from .csv_file import scan_csv
from .groups import PHOTO, as_text, photo_names
from .links import image_name, is_url
from .photos import Checked, Images, checked, downloads, named, named_by
from .rows import REQUIRED, WHOLE, RowFault, validate_part

Hashes = npt.NDArray[np.uint64]

ROWS_AT_ONCE = 50_000
"""Rows that are in memory together: 850 bytes each, and each part looks through the whole store."""


class RowChunks:
    """The rows of a file, checked as a whole and then given out part by part, in their order.

    What can be told of single rows only with all others at hand, indexes that are there twice and photos of one name,
    is looked for ahead, in 33 bytes a row. Where there is such a thing, and where the file is a pipe that can be
    read but once, all rows are one part.

    Parameters
    ----------
    path : path
        As for :func:`hybridml.datasets.rows.read_rows`.
    schema : EntitySchema, optional
        Entities that may be asked for; the packaged ones by default.
    images : path or sequence of paths, optional
        Folders with the photos, as for :func:`hybridml.datasets.photos.checked`.
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
        schema: EntitySchema | None = None,
        images: Images | None = None,
        at_once: int | None = None,
    ) -> None:
        self._path, self._schema, self._images = path, schema, images
        self._at_once = at_once or ROWS_AT_ONCE
        self._numbered = True
        self._links: _Links | None = None
        self._all: Checked | None = None
        place = path_of(path)
        simple = (is_remote(place) or place.is_file()) and self._scan()
        if not simple:
            self._links = None
            self._all = checked(path, schema=schema, images=images)
            frame = self._all[0]
            self.size, self.entities = len(frame), list(frame["entity_name"].unique())

    def _scan(self) -> bool:
        """Note size and entities; return whether each part can be checked by itself."""
        header, records = scan_csv(self._path)
        if not {"index", *REQUIRED} <= set(header):
            return False
        at = [header.index(name) for name in ("index", "image_link", "entity_name")]
        file_at = header.index(PHOTO) if PHOTO in header else None
        tables = [] if self._images is None else downloads(self._images)
        found: list[Hashes] = []
        seen: list[_Links] = []
        entities: dict[str, None] = {}
        while batch := list(islice(records, self._at_once)):
            indexes, links, asked = ([as_text(record[i]) for _, record in batch] for i in at)
            if not all(indexes):
                return False
            self._numbered = self._numbered and all(map(WHOLE.fullmatch, indexes))
            entities |= dict.fromkeys(asked)
            rows = pd.DataFrame({"image_link": links}, dtype=object)
            if file_at is not None:
                rows[PHOTO] = [record[file_at] for _, record in batch]
            found.append(hashes(indexes))
            seen.append(_Links.of(links, photo_names(named_by(rows, tables))))
        if not found:
            return False
        index, self._links = np.concatenate(found), _Links.together(seen)
        self.size, self.entities = len(index), list(entities)
        return len(np.unique(index)) == len(index) and not self._links.clash()

    def __iter__(self) -> Iterator[Checked]:
        """Yield rows and the faults of single ones, as :func:`hybridml.datasets.photos.checked` does, part by part."""
        if self._all is not None:
            yield self._all
            return
        self._links = None  # whether tables clash is asked before
        header, records = scan_csv(self._path)
        left = self.size
        while left >= 0 and (batch := list(islice(records, self._at_once))):
            left -= len(batch)
            if left >= 0:
                yield self._part(header, batch)
        if left:
            raise RowsError(
                f"{self._path}: the file was changed while its rows were worked on; start again, what was read is kept"
            )

    def _part(self, header: Sequence[str], batch: Sequence[tuple[int, list[str]]]) -> Checked:
        lines, cells = zip(*batch, strict=True)
        columns = dict(zip(header, map(list, zip(*cells, strict=True)), strict=True))
        frame, faults = validate_part(
            pd.DataFrame(columns, dtype=object), str(self._path), lines, self._schema
        )
        if not self._numbered:  # numbers here, names in another part: all are texts, as they would be in one
            frame["index"] = pd.Series([str(i) for i in frame["index"]], dtype=object)
            faults = [RowFault(f.line, str(f.index), f.column, f.problem) for f in faults]
        return (frame if self._images is None else named(frame, self._images)), faults


@dataclass(frozen=True)
class _Links:
    """Of each row the hashes of its link, the link's base name and its photo's name, and whether the link is a URL."""

    link: Hashes
    base: Hashes
    photo: Hashes
    url: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, links: Sequence[str], photos: Sequence[str]) -> _Links:
        """Return those of some rows; what has no name is named for its link."""
        bases = [_name(link) or link for link in links]
        photos = [photo or link for photo, link in zip(photos, links, strict=True)]
        return cls(hashes(links), hashes(bases), hashes(photos), np.array([is_url(link) for link in links]))

    @classmethod
    def together(cls, several: Sequence[_Links]) -> _Links:
        """Return those of several tables as one."""
        return cls(*(np.concatenate([getattr(links, f.name) for links in several]) for f in fields(cls)))

    def clash(self) -> bool:
        """Return whether different links have one photo, or one base name and are not all URLs."""
        return self._shared(self.photo, np.ones(len(self.url), dtype=bool)) or self._shared(
            self.base, ~self.url
        )

    def _shared(self, name: Hashes, counts: npt.NDArray[np.bool_]) -> bool:
        order = np.lexsort((self.link, name))
        name, link, counts = name[order], self.link[order], counts[order]
        apart = (name[1:] == name[:-1]) & (link[1:] != link[:-1])
        return bool((apart & (counts[1:] | counts[:-1])).any())


def _name(link: str) -> str:
    try:
        return image_name(link)
    except RowsError:
        return ""


def clash(tables: Sequence[RowChunks]) -> bool:
    """Return whether rows of some tables can only be checked together, or one of them could not be looked at ahead."""
    links = [table._links for table in tables]
    known = [each for each in links if each is not None]
    return len(known) < len(links) or _Links.together(known).clash()
