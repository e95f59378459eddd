"""Columns that are learned from training rows, beside the features that any photo has: image, priors, habits"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.candidates.table import CandidateTable
from hybridml.entities import EntitySchema

from . import label_priors as priors
from . import unit_preference
from .embedding_pca import EmbeddingPCA
from .label_priors import Priors
from .unit_preference import UnitPreference

WEAK_LABEL = "row.weak_label"
"""Column that tells rows labelled by others from those whose labels answers are measured by."""

START = {unit_preference.COLUMN: unit_preference.WORTH}
"""Columns that the ranker's scores start from, where they are there, and what one of each column's units is worth."""


@dataclass(frozen=True)
class LearnedColumns:
    """What was learned to describe candidates with.

    Parameters
    ----------
    embedding_pca : EmbeddingPCA, optional
        Reduction of the photos' embeddings.
    priors : Priors, optional
        Counts of labels.
    weak : bool
        Whether the training rows came from several labellers.
    unit_preference : UnitPreference, optional
        Which unit of a dual labels take.
    """

    embedding_pca: EmbeddingPCA | None = None
    priors: Priors | None = None
    weak: bool = False
    unit_preference: UnitPreference | None = None

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [
            *(self.embedding_pca.columns if self.embedding_pca else []),
            *(priors.COLUMNS if self.priors else []),
            *([WEAK_LABEL] if self.weak else []),
            *([unit_preference.COLUMN] if self.unit_preference else []),
        ]

    def add(
        self,
        table: CandidateTable,
        keys: Sequence[str | None],
        entities: Sequence[str],
        projected: Any,
        schema: EntitySchema,
        groups: Sequence[str] | None = None,
        weak: npt.NDArray[np.bool_] | None = None,
    ) -> CandidateTable:
        """Return the table with the columns added.

        Parameters
        ----------
        table : CandidateTable
            Candidates of the rows.
        keys, entities : sequences, one per row
            Photo and what is asked.
        projected : mapping of key to array
            What :meth:`EmbeddingPCA.project` returned.
        schema : EntitySchema
            Units.
        groups : sequence of str, optional
            Of training rows; see :meth:`Priors.columns`.
        weak : bool array, optional
            Which rows others labelled.
        """
        X = [table.X]
        weak = np.zeros(len(keys), dtype=bool) if weak is None else weak
        if self.embedding_pca:
            X.append(self.embedding_pca.of_rows(keys, projected)[table.row])
        if self.priors:
            X.append(self.priors.columns(table.candidates, table.row, entities, schema, groups))
        if self.weak:
            X.append(weak[table.row, None].astype(np.float32))
        if self.unit_preference:
            # others label by habits of their own
            usual = self.unit_preference.column(table.X, table.columns, table.candidates, schema)
            X.append(np.where(weak[table.row, None], np.float32(0), usual))
        if len(X) == 1:
            return table
        return replace(
            table, columns=(*table.columns, *self.names), X=np.hstack(X).astype(np.float32, copy=False)
        )
