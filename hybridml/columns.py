"""Columns that are learned from training rows, beside the features that any photo has: image, priors, source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from . import priors
from .entities import EntityBook
from .image_block import ImageBlock
from .priors import Priors
from .table import CandidateTable

SOURCE = "row.source"
"""Column that tells rows labelled by others from those whose labels answers are measured by."""


@dataclass(frozen=True)
class LearnedColumns:
    """What was learned to describe candidates with.

    Parameters
    ----------
    image_block : ImageBlock, optional
        Reduction of the photos' embeddings.
    priors : Priors, optional
        Counts of labels.
    source : bool
        Whether the training rows came from several labellers.
    """

    image_block: ImageBlock | None = None
    priors: Priors | None = None
    source: bool = False

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [
            *(self.image_block.columns if self.image_block else []),
            *(priors.COLUMNS if self.priors else []),
            *([SOURCE] if self.source else []),
        ]

    def add(
        self,
        table: CandidateTable,
        keys: Sequence[str | None],
        entities: Sequence[str],
        projected: Any,
        book: EntityBook,
        groups: Sequence[str] | None = None,
        source: npt.NDArray[np.bool_] | None = None,
    ) -> CandidateTable:
        """Return the table with the columns added.

        Parameters
        ----------
        table : CandidateTable
            Candidates of the rows.
        keys, entities : sequences, one per row
            Photo and what is asked.
        projected : mapping of key to array
            What :meth:`ImageBlock.project` returned.
        book : EntityBook
            Units.
        groups : sequence of str, optional
            Of training rows; see :meth:`Priors.columns`.
        source : bool array, optional
            Which rows others labelled.
        """
        X = [table.X]
        if self.image_block:
            X.append(self.image_block.of_rows(keys, projected)[table.row])
        if self.priors:
            X.append(self.priors.columns(table.candidates, table.row, entities, book, groups))
        if self.source:
            other = np.zeros(len(keys), dtype=bool) if source is None else source
            X.append(other[table.row, None].astype(np.float32))
        if len(X) == 1:
            return table
        return replace(
            table, columns=(*table.columns, *self.names), X=np.hstack(X).astype(np.float32, copy=False)
        )
