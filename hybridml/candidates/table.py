"""The candidate table: every candidate of every row with its features, as the ranker takes it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hybridml.entities import EntitySchema
from hybridml.vision.photo_features import PhotoFeatures, as_photo_features
from hybridml.vision.text_line import OCRResult

from .features import DEFAULT_BLOCKS, PhotoContext, describe
from .find import Candidate, uses_second_pass


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
        Position of each candidate's row, ascending: a row's candidates stand together.
    candidates : list of Candidate
        What the features describe.
    second_pass : frozenset of int
        Rows whose candidates are those of the second pass.
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


@dataclass(frozen=True)
class Rows:
    """Photo and entity of each row, requested rows before sibling rows.

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
        Position of each row among the requested rows, None for a sibling row.
    rows : Rows
        Photo and entity of each row.
    table : CandidateTable
        Their candidates with the columns of the feature blocks.
    projected : mapping of str to array
        Reduced embedding of each photo, where the model uses embeddings.
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
        The requested entity; rows of an entity that ``schema`` does not know have no candidate.
    ocr_results : iterable of (key, PhotoFeatures or OCRResult)
        Features of the photos, each photo once.
    schema : EntitySchema
        Entities and units.
    blocks : sequence of str
        Feature blocks.

    Returns
    -------
    CandidateTable
    """
    rows_of: dict[str, dict[str, list[int]]] = {}
    for i, (key, name) in enumerate(zip(photos, entities, strict=True)):
        if key is not None and name in schema.entities:
            rows_of.setdefault(key, {}).setdefault(name, []).append(i)
    found: dict[int, tuple[list[Candidate], npt.NDArray[np.float32], bool]] = {}
    columns: tuple[str, ...] = ()
    for photo_key, features in ocr_results:
        photo = as_photo_features(features)
        contexts: dict[bool, PhotoContext] = {}
        for name, rows in rows_of.get(photo_key, {}).items():
            entity = schema.entity(name)
            second_pass = uses_second_pass(photo, entity, schema)
            if second_pass not in contexts:
                # the number classifier runs on the lines of the first pass
                classes = None if second_pass else photo.number_classes
                result = photo.result_of(second_pass)
                contexts[second_pass] = PhotoContext(result, schema, classes, second_pass)
            candidates, described = describe(contexts[second_pass], entity, blocks)
            if candidates:
                columns = tuple(described)
                X = np.array(list(described.values())).T.copy()
                found |= dict.fromkeys(rows, (candidates, X, second_pass))
    order = sorted(found)
    return CandidateTable(
        columns,
        np.vstack([found[i][1] for i in order]) if order else np.zeros((0, len(columns)), np.float32),
        np.repeat(np.array(order, dtype=np.int64), [len(found[i][0]) for i in order]),
        [c for i in order for c in found[i][0]],
        frozenset(i for i in order if found[i][2]),
    )
