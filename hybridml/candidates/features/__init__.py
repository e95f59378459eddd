"""The features of candidates, in blocks: each file declares a block's columns, their version and their phrases.

A block is a function ``(photo, entity, candidates) -> {column: one float per candidate}`` whose columns begin with its
name. It sees text lines, candidates and the number classifier's probabilities. A user's block is named ``module:name``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.candidates import find
from hybridml.candidates.find import Candidate
from hybridml.entities import Entity, EntitySchema
from hybridml.errors import HybridmlError
from hybridml.utils.registry import named
from hybridml.vision.text_line import OCRResult, TextLine

from . import comparison, form, keywords, layout, number_class, unit_pairs
from .column import Column
from .form import CATEGORICAL
from .photo_context import PhotoContext

Block = Callable[[PhotoContext, Entity, Sequence[Candidate]], Mapping[str, Any]]

_MODULES: dict[str, ModuleType] = {
    "form": form,
    "layout": layout,
    "keywords": keywords,
    "comparison": comparison,
    "number_class": number_class,
    "unit_pairs": unit_pairs,
}

BLOCKS: dict[str, Block] = {name: module.block for name, module in _MODULES.items()}
"""The packaged blocks, by name."""

DEFAULT_BLOCKS: tuple[str, ...] = tuple(BLOCKS)

COLUMNS: dict[str, Column] = {c.name: c for module in _MODULES.values() for c in module.COLUMNS}
"""The columns of the packaged blocks, by name, but for those of an entity file's context words."""

VERSION: int = find.VERSION + sum(module.VERSION for module in _MODULES.values())
"""Version of candidates and features together, which a model and a file of candidates must share with the package.

It rises with the ``VERSION`` of a block, which is raised when the values of a column change under the same name,
and with :data:`hybridml.candidates.find.VERSION`, which is also raised when scores are weighed differently.
"""

__all__ = [
    "BLOCKS",
    "CATEGORICAL",
    "COLUMNS",
    "DEFAULT_BLOCKS",
    "Column",
    "PhotoContext",
    "column_names",
    "describe",
    "find_column",
    "get_block",
]


def get_block(name: str) -> Block:
    """Return the block called ``name``, or the one at ``module:name``; raise SettingsError otherwise."""
    return named("feature block", name, BLOCKS)


def find_column(name: str) -> Column | None:
    """Return the declaration of a packaged block's column; None for any other column."""
    return COLUMNS.get(name) or keywords.context_column(name)


def describe(
    photo: PhotoContext, entity: Entity, blocks: Sequence[str] = DEFAULT_BLOCKS
) -> tuple[list[Candidate], dict[str, npt.NDArray[np.float32]]]:
    """Return the candidates for ``entity`` on a photo, and their features.

    Parameters
    ----------
    photo : PhotoContext
        The photo.
    entity : Entity
        The requested entity.
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
        When a block is unknown, or its columns are not one number per candidate under names of their own.
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
                f"feature block {name!r} makes the column {next(c for c in made if c in columns)!r}, which already "
                "exists; name each block once, and begin the names of its columns with the block's own"
            )
        columns |= {column: np.asarray(values, dtype=np.float32) for column, values in made.items()}
    return candidates, columns


def _check(name: str, made: object, n: int) -> None:
    """Raise HybridmlError unless a user's block made columns of ``n`` numbers."""
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
    photo = PhotoContext(OCRResult((line,), 100, 100), schema)
    if not photo.candidates:
        raise HybridmlError(
            f"the entity file makes no candidate of {line.text!r}: check the spellings of {unit.name}"
        )
    return list(describe(photo, entity, blocks)[1])
