"""The candidate table: every candidate of every row, with its features, for the ranker."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hybridml.entities import Entity, EntitySchema
from hybridml.vision.photo_features import PhotoFeatures, as_photo_features
from hybridml.vision.text_line import OCRResult

from .features import DEFAULT_BLOCKS, PhotoView, describe
from .find import Candidate, needs_second_pass


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
    second_pass : frozenset of int
        Rows whose candidates are those of the second look.
    """

    columns: tuple[str, ...]
    X: npt.NDArray[np.float32]
    row: npt.NDArray[np.int64]
    candidates: list[Candidate]
    second_pass: frozenset[int] = frozenset()

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
        return replace(
            self,
            columns=(*self.columns, *names),
            X=np.hstack([self.X, per_row[self.row]]).astype(np.float32),
        )

    def without(self, blocks: Collection[str]) -> CandidateTable:
        """Return the table without the columns of some feature blocks."""
        keep = [i for i, name in enumerate(self.columns) if name.split(".")[0] not in blocks]
        return replace(self, columns=tuple(self.columns[i] for i in keep), X=self.X[:, keep])


@dataclass(frozen=True)
class Rows:
    """Photo and entity of each row, those that were asked first.

    Parameters
    ----------
    keys, entities : sequences, one per row
        Photo and entity.
    """

    keys: Sequence[str | None]
    entities: Sequence[str]


@dataclass(frozen=True)
class DescribedRows:
    """Rows of some photos with their candidates, described by the feature blocks.

    Parameters
    ----------
    positions : sequence of int or None
        Position of each row among the rows that were asked, None for a sibling row that nobody asked.
    rows : Rows
        Photo and entity of each row.
    table : CandidateTable
        Their candidates with the columns of the feature blocks.
    projected : mapping of str to array
        Photo to its reduced embedding, where the model has one.
    texts : list of str, one per candidate
        The text line of each candidate.
    photos : mapping of str to PhotoFeatures
        The features of the photos, where they are at hand.
    """

    positions: Sequence[int | None]
    rows: Rows
    table: CandidateTable
    projected: Mapping[str, npt.NDArray[np.float32]]
    texts: list[str]
    photos: Mapping[str, PhotoFeatures] = field(default_factory=dict)


def build_table(
    photos: Sequence[str | None],
    entities: Sequence[str],
    ocr_results: Iterable[tuple[str, PhotoFeatures | OCRResult]],
    schema: EntitySchema,
    blocks: Sequence[str] = DEFAULT_BLOCKS,
) -> CandidateTable:
    """Find and describe the candidates of each row.

    Parameters
    ----------
    photos : sequence of str or None, one per row
        Key of the row's photo in ``ocr_results``; rows whose photo is not there have no candidate.
    entities : sequence of str, one per row
        What the row asks; rows of an entity that ``schema`` does not know have no candidate.
    ocr_results : iterable of (key, PhotoFeatures or OCRResult)
        What was found on the photos, each photo once.
    schema : EntitySchema
        Entities and units.
    blocks : sequence of str
        Feature blocks.

    Returns
    -------
    CandidateTable
    """
    rows_of: dict[str, list[int]] = {}
    for i, (photo, entity) in enumerate(zip(photos, entities, strict=True)):
        if photo is not None and entity in schema.entities:
            rows_of.setdefault(photo, []).append(i)
    found: dict[int, _Found] = {}
    columns: tuple[str, ...] = ()
    for photo, found_there in ocr_results:
        rows = rows_of.get(photo, [])
        if not rows:
            continue
        views = _Views(as_photo_features(found_there), schema)
        by_entity: dict[str, _Found | None] = {}
        for i in rows:
            name = entities[i]
            if name not in by_entity:
                by_entity[name] = _found(views, schema.entity(name), blocks)
            here = by_entity[name]
            if here:
                found[i] = here
                columns = here.columns
    order = sorted(found)
    return CandidateTable(
        columns,
        np.vstack([found[i].X for i in order]) if order else np.zeros((0, len(columns)), np.float32),
        np.repeat(np.array(order, dtype=np.int64), [len(found[i].candidates) for i in order]),
        [c for i in order for c in found[i].candidates],
        frozenset(i for i in order if found[i].second_pass),
    )


@dataclass(frozen=True)
class _Found:
    """The candidates for one entity on one photo, described."""

    candidates: list[Candidate]
    columns: tuple[str, ...]
    X: npt.NDArray[np.float32]
    second_pass: bool


class _Views:
    """What features need to know of one photo's readings, each computed when it is first wanted."""

    def __init__(self, photo_features: PhotoFeatures, schema: EntitySchema) -> None:
        self._photo_features, self._schema = photo_features, schema

    @cached_property
    def first(self) -> PhotoView:
        """The first look."""
        return PhotoView(self._photo_features.ocr_result, self._schema, self._photo_features.number_classes)

    @cached_property
    def second_pass(self) -> PhotoView | None:
        """The second look, which the region network did not see, where there was one."""
        if self._photo_features.second_pass is None:
            return None
        return PhotoView(self._photo_features.second_pass, self._schema, second_pass=True)


def _found(views: _Views, entity: Entity, blocks: Sequence[str]) -> _Found | None:
    """Return the candidates of the first pass, those of the second where it is needed, None where there are none."""
    again = views.second_pass
    if again is not None and not needs_second_pass(views.first.ocr_result, entity, views.first.schema):
        again = None
    candidates, described = describe(again or views.first, entity, blocks)
    if not candidates:
        return None
    X = np.array(list(described.values())).T.copy()
    return _Found(candidates, tuple(described), X, again is not None)
