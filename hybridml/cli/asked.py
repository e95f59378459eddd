"""The rows that a command is asked, part by part, and what answers each part."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hybridml.errors import HybridmlError

from . import rowfiles
from .options import images_of

if TYPE_CHECKING:
    import pandas as pd

    from hybridml.datasets.photos import Checked
    from hybridml.estimator import EntityExtractor
    from hybridml.prediction.from_store import AnsweredRow


@dataclass(frozen=True)
class Part:
    """Some rows, following those of the part before.

    Parameters
    ----------
    frame : data frame
        The rows.
    answers : callable
        Yields the answer of each once; rows count from the part's first.
    row_faults, photo_faults : callable
        Return the faults of the rows themselves and those of their photos, once they are answered.
    """

    frame: pd.DataFrame
    answers: Callable[[], Iterator[AnsweredRow]]
    row_faults: Callable[[], rowfiles.Faults]
    photo_faults: Callable[[], rowfiles.Faults] = list


@dataclass(frozen=True)
class Asked:
    """All rows to answer.

    Parameters
    ----------
    size : int
        How many there are.
    entities : sequence of str
        What they ask for, each once.
    parts : iterable of Part
        The rows in their order, to be had once.
    """

    size: int
    entities: Sequence[str]
    parts: Iterable[Part]


def from_store(arguments: argparse.Namespace, extractor: EntityExtractor) -> Asked:
    """Return the rows of a file, answered from the store."""
    from hybridml.datasets.row_chunks import RowChunks

    if not arguments.rows:
        raise HybridmlError(
            "nothing to answer: give --rows, or --candidates with what 'hybridml candidates' wrote"
        )
    rows = RowChunks(arguments.rows, extractor.model_.schema, images_of(arguments))
    return Asked(rows.size, rows.entities, (_stored(arguments, extractor, given) for given in rows))


def _stored(arguments: argparse.Namespace, extractor: EntityExtractor, given: Checked) -> Part:
    frame, faults = given
    if not arguments.truth:
        frame = rowfiles.lean(frame)
    return Part(
        frame,
        lambda: extractor.answers((frame, faults), arguments.partial),
        lambda: rowfiles.of_rows(arguments.rows, frame, faults),
        lambda: rowfiles.of_photos(frame, extractor),
    )


def from_candidates(arguments: argparse.Namespace, extractor: EntityExtractor) -> Asked:
    """Return the rows of a file of candidates, answered from it alone: one part."""
    from hybridml.datasets import photos
    from hybridml.prediction.from_candidates import CandidateFileRequest

    useless = [name for name in ("images", "workers", "dask", "partial") if getattr(arguments, name)]
    if useless:
        raise HybridmlError(
            f"--candidates opens no photo and no store: leave out --{' and --'.join(useless)}"
        )
    given = photos.checked(arguments.rows, schema=extractor.model_.schema) if arguments.rows else None
    described = CandidateFileRequest(arguments.candidates, extractor.model_, extractor.stages_, given)
    frame, problems = described.frame, described.problems
    part = Part(frame, described.answers, lambda: rowfiles.of_problems(frame, problems))
    return Asked(len(frame), list(frame["entity_name"].unique()), [part])
