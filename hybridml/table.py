"""The candidate table: every candidate of every row, with its features, for the ranker."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .candidates import Candidate
from .entities import EntityBook
from .features import DEFAULT_BLOCKS, PhotoView, describe
from .ocr.textline import Reading
from .seen import Seen, as_seen


@dataclass(frozen=True)
class CandidateTable:
    """Candidates of a sequence of rows.

    Parameters
    ----------
    columns : tuple of str
        Names of the features.
    X : float32 array (n_candidates, n_columns)
        The features.
    row : int array (n_candidates,)
        Position of each candidate's row; ascending, so that a row's candidates stand together.
    candidates : list of Candidate
        What the features describe.
    """

    columns: tuple[str, ...]
    X: npt.NDArray[np.float32]
    row: npt.NDArray[np.int64]
    candidates: list[Candidate]

    def __len__(self) -> int:
        return len(self.candidates)

    def groups(self) -> list[tuple[int, slice]]:
        """Return (row, its candidates' slice) for each row that has candidates."""
        edges = np.flatnonzero(np.concatenate([[True], self.row[1:] != self.row[:-1], [True]]))
        if not len(self.row):
            return []
        return [(int(self.row[a]), slice(int(a), int(b))) for a, b in itertools.pairwise(edges)]

    def with_columns(self, names: Sequence[str], per_row: npt.NDArray[np.float32]) -> CandidateTable:
        """Return the table with columns added that are one per row: ``per_row`` is (n_rows, n_names)."""
        return CandidateTable(
            (*self.columns, *names),
            np.hstack([self.X, per_row[self.row]]).astype(np.float32),
            self.row,
            self.candidates,
        )


def build_table(
    photos: Sequence[str | None],
    entities: Sequence[str],
    readings: Iterable[tuple[str, Seen | Reading]],
    book: EntityBook,
    blocks: Sequence[str] = DEFAULT_BLOCKS,
) -> CandidateTable:
    """Find and describe the candidates of each row.

    Parameters
    ----------
    photos : sequence of str or None, one per row
        Key of the row's photo in ``readings``; rows whose photo is not there have no candidate.
    entities : sequence of str, one per row
        What the row asks; rows of an entity that ``book`` does not know have no candidate.
    readings : iterable of (key, Seen or Reading)
        What was found on the photos, each photo once.
    book : EntityBook
        Entities and units.
    blocks : sequence of str
        Feature blocks.

    Returns
    -------
    CandidateTable
    """
    rows_of: dict[str, list[int]] = {}
    for i, (photo, entity) in enumerate(zip(photos, entities, strict=True)):
        if photo is not None and entity in book.entities:
            rows_of.setdefault(photo, []).append(i)
    found: dict[int, tuple[list[Candidate], npt.NDArray[np.float32]]] = {}
    columns: tuple[str, ...] = ()
    for photo, found_there in readings:
        rows = rows_of.get(photo, [])
        if not rows:
            continue
        seen = as_seen(found_there)
        first = PhotoView(seen.reading, book, seen.drawing, seen.regions)
        by_entity: dict[str, tuple[list[Candidate], npt.NDArray[np.float32]]] = {}
        for i in rows:
            name = entities[i]
            if name not in by_entity:
                view, asked = first, book.entity(name)
                if seen.second is not None and seen.reading_for(asked, book) is seen.second:
                    view = PhotoView(seen.second, book, seen.drawing, second=True)
                candidates, described = describe(view, asked, blocks)
                if candidates:
                    columns = tuple(described)
                by_entity[name] = (
                    candidates,
                    np.column_stack(list(described.values())) if candidates else _NONE,
                )
            if by_entity[name][0]:
                found[i] = by_entity[name]
    order = sorted(found)
    return CandidateTable(
        columns,
        np.vstack([found[i][1] for i in order]) if order else np.zeros((0, len(columns)), np.float32),
        np.repeat(np.array(order, dtype=np.int64), [len(found[i][0]) for i in order]),
        [c for i in order for c in found[i][0]],
    )


_NONE = np.zeros((0, 0), dtype=np.float32)
