"""Features: what can be said of each candidate, block by block, as a table the ranker sees.

A block is a function ``(photo, entity, candidates) -> {column: one float per candidate}`` whose columns
start with its name. Blocks see text lines, candidates and what was seen around them; a user's own is
named ``module:name``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity, EntitySchema
from hybridml.errors import HybridmlError
from hybridml.utils.registry import named
from hybridml.vision.text_line import OCRResult, TextLine

from . import comparison as rivals
from . import form as span
from . import keywords as words
from . import layout
from . import number_class as regions
from . import unit_pairs as dual
from .photo_context import PhotoView

Block = Callable[[PhotoView, Entity, Sequence[Candidate]], Mapping[str, Any]]

BLOCKS: dict[str, Block] = {
    "form": span.block,
    "layout": layout.block,
    "keywords": words.block,
    "comparison": rivals.block,
    "number_class": regions.block,
    "unit_pairs": dual.block,
}
"""The packaged blocks, by name."""

VERSION = 7
"""Raised when a candidate or a column of the same name comes out otherwise than before, the parser's part included,
or when scores are weighed otherwise."""

DEFAULT_BLOCKS: tuple[str, ...] = tuple(BLOCKS)

CATEGORICAL: tuple[str, ...] = ("form.entity", "form.unit", "form.form", "form.origin")
"""Columns that are numbers of a category, not magnitudes."""

__all__ = ["BLOCKS", "CATEGORICAL", "DEFAULT_BLOCKS", "PhotoView", "column_names", "describe", "get_block"]


def get_block(name: str) -> Block:
    """Return the block called ``name``, or the one at ``module:name``; raise SettingsError otherwise."""
    return named("feature block", name, BLOCKS)


def describe(
    photo: PhotoView, entity: Entity, blocks: Sequence[str] = DEFAULT_BLOCKS
) -> tuple[list[Candidate], dict[str, npt.NDArray[np.float32]]]:
    """Return the candidates for ``entity`` on a photo, and their features.

    Parameters
    ----------
    photo : PhotoView
        The photo.
    entity : Entity
        What is asked.
    blocks : sequence of str
        Names of the blocks to compute.

    Returns
    -------
    candidates : list of Candidate
        In reading order; may be empty.
    columns : dict of str to array of float32, one per candidate
        Empty when there is no candidate.

    Raises
    ------
    HybridmlError
        When a block is not known, or makes other columns than it should.
    """
    candidates = photo.for_entity(entity)
    columns: dict[str, npt.NDArray[np.float32]] = {}
    if not candidates:
        return candidates, columns
    for name in blocks:
        made = get_block(name)(photo, entity, candidates)
        if name not in BLOCKS:
            _check(name, made, len(candidates))
        if not columns.keys().isdisjoint(made):
            raise HybridmlError(
                f"feature block {name!r} makes the column {next(c for c in made if c in columns)!r}, which there is "
                "already; give each block once, and begin the names of its columns with its own"
            )
        columns |= {column: np.asarray(values, dtype=np.float32) for column, values in made.items()}
    return candidates, columns


def _check(name: str, made: object, n: int) -> None:
    """Raise HybridmlError unless a user's own block made columns of ``n`` numbers."""
    if not isinstance(made, Mapping):
        raise HybridmlError(
            f"feature block {name!r}: expected a mapping of column to numbers, got {type(made).__name__}"
        )
    for column, values in made.items():
        try:
            shape = np.asarray(values, dtype=np.float32).shape
        except (TypeError, ValueError) as error:
            raise HybridmlError(
                f"feature block {name!r}, column {column!r}: expected one number per candidate: {error}"
            ) from None
        if shape != (n,):
            raise HybridmlError(
                f"feature block {name!r}, column {column!r}: expected one number for each of {n} candidates, "
                f"got an array of shape {shape}"
            )


def column_names(blocks: Sequence[str], schema: EntitySchema) -> list[str]:
    """Return the names of the columns that ``blocks`` make, in order."""
    entity = next(iter(schema.entities.values()))
    unit = schema.unit(entity.units[0])
    spelling = (*unit.spellings, *unit.exact, unit.name)[0]
    line = TextLine(f"12 {spelling}", 1.0, ((0, 0), (90, 0), (90, 20), (0, 20)))
    photo = PhotoView(OCRResult((line,), 100, 100), schema)
    if not photo.candidates:
        raise HybridmlError(
            f"the entity file makes no candidate of {line.text!r}: check the spellings of {unit.name}"
        )
    return list(describe(photo, entity, blocks)[1])
