"""Learned features: columns of the feature table that are fitted on training rows, beside those of the feature blocks.

They come from the photos' embeddings, the label priors, the source of the labels and the unit preference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hybridml.candidates.table import CandidateTable, Rows
from hybridml.entities import EntitySchema

from .embedding_pca import EmbeddingPCA
from .label_priors import PRIOR_COLUMNS, Priors
from .unit_preference import SCORE_PER_LOG_ODDS, UNIT_COLUMN, UnitPreference

WEAK_LABEL = "row.weak_label"
"""Column that is 1 for rows with weak labels."""

SCORE_START = {UNIT_COLUMN: SCORE_PER_LOG_ODDS}
"""Columns whose weighted sum the ranker's scores start from, and their weights."""


@dataclass(frozen=True)
class LearnedFeatures:
    """The fitted parts that make the learned columns.

    Parameters
    ----------
    embedding_pca : EmbeddingPCA, optional
        Reduction of the photos' embeddings; None without image features.
    priors : Priors, optional
        Counts of labels.
    weak : bool
        Whether some training rows had weak labels.
    unit_preference : UnitPreference, optional
        Which unit of a unit pair labels take.
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
            *(PRIOR_COLUMNS if self.priors else []),
            *([WEAK_LABEL] if self.weak else []),
            *([UNIT_COLUMN] if self.unit_preference else []),
        ]

    def add(
        self,
        table: CandidateTable,
        rows: Rows,
        projected: Mapping[str, npt.NDArray[np.float32]],
        schema: EntitySchema,
        groups: Sequence[str] | None = None,
        weak: npt.NDArray[np.bool_] | None = None,
    ) -> CandidateTable:
        """Return the table with the columns added.

        Parameters
        ----------
        table : CandidateTable
            Candidates of the rows.
        rows : Rows
            Photo and entity of each row.
        projected : mapping of key to array
            The reduced embeddings of photos, as :meth:`EmbeddingPCA.project` returns them.
        schema : EntitySchema
            Units.
        groups : sequence of str, optional
            Groups of training rows; see :meth:`Priors.columns`.
        weak : bool array, optional
            Which rows have weak labels; by default none.
        """
        X = [table.X]
        weak = np.zeros(len(rows.keys), dtype=bool) if weak is None else weak
        if self.embedding_pca:
            X.append(self.embedding_pca.of_rows(rows.keys, projected)[table.row])
        if self.priors:
            X.append(self.priors.columns(table, rows.entities, schema, groups))
        if self.weak:
            X.append(weak[table.row, None].astype(np.float32))
        if self.unit_preference:
            # weak labels come from sources with a preference of their own
            preference = self.unit_preference.column(table, schema)
            X.append(np.where(weak[table.row, None], np.float32(0), preference))
        if len(X) == 1:
            return table
        return replace(
            table, columns=(*table.columns, *self.names), X=np.hstack(X).astype(np.float32, copy=False)
        )
