"""Label priors: how common a candidate's unit, size and value are among labels, whatever the photo shows.

They are counted from labels alone, which need no photo. A training row never sees the labels of its own group: its
columns are counted without them, so that they mean the same on training rows as on new ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.candidates.table import CandidateTable
from hybridml.datasets.groups import group_names
from hybridml.datasets.labels import parse_labels
from hybridml.entities import EntitySchema

MIN_LABELS = 20
"""The least count of labels that is kept, so that no count reveals single rows."""

BINS_PER_DECADE = 4
"""Resolution at which the size of a quantity is counted."""

COUNTED_BY: dict[str, tuple[str, ...]] = {
    "entity": ("entity",),
    "unit": ("entity", "unit"),
    "exact": ("entity", "unit", "value"),
    "size": ("entity", "size"),
    "value": ("entity", "value"),
}
"""The counts, and the columns that each is grouped by."""

PRIOR_COLUMNS = ("prior.unit", "prior.exact", "prior.size", "prior.value", "prior.size_beside")


@dataclass
class Priors:
    """Counts of labels.

    Attributes
    ----------
    counts : dict of str to data frame
        For each count of :data:`COUNTED_BY` its columns and ``n``.
    labels : data frame, optional
        The labels themselves, in training.
    """

    counts: dict[str, pd.DataFrame]
    labels: pd.DataFrame | None = None

    @classmethod
    def fit(cls, labels: pd.DataFrame) -> Priors:
        """Count ``labels``, a table made by :func:`label_table`."""
        return cls({name: _counted(labels, keys) for name, keys in COUNTED_BY.items()}, labels)

    def columns(
        self,
        table: CandidateTable,
        entities: Sequence[str],
        schema: EntitySchema,
        groups: Sequence[str] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Return the columns :data:`PRIOR_COLUMNS` of candidates, (n_candidates, 5).

        Parameters
        ----------
        table : CandidateTable
            The candidates.
        entities : sequence of str, one per row
            The entity asked for.
        schema : EntitySchema
            Units.
        groups : sequence of str, one per row, optional
            Groups of training rows; the labels of a row's own group are left out of its counts.
        """
        asked = _table(
            [entities[r] for r in table.row], [(c.value, c.unit) for c in table.candidates], schema
        )
        if groups is not None:
            asked["group"] = [groups[r] for r in table.row]
        n = {name: self._count(name, asked) for name in COUNTED_BY}
        size = np.log((n["size"] + 0.5) / (n["entity"] + 20))
        best = pd.Series(size).groupby(table.row).transform("max").to_numpy()
        return np.column_stack(
            [
                np.log((n["unit"] + 1) / (n["entity"] + 10)),
                np.log((n["exact"] + 0.3) / (n["unit"] + 30)),
                size,
                np.log((n["value"] + 0.3) / (n["entity"] + 30)),
                size - best,
            ]
        ).astype(np.float32)

    def _count(self, name: str, table: pd.DataFrame) -> npt.NDArray[np.float64]:
        keys = list(COUNTED_BY[name])
        n = table[keys].merge(self.counts[name], on=keys, how="left")["n"].fillna(0).to_numpy(float)
        if "group" in table and self.labels is not None:
            keys.append("group")
            own = table[keys].merge(_counted(self.labels, keys), on=keys, how="left")["n"]
            n = n - np.where(table["group"] != "", own.fillna(0), 0)
        return np.where(n >= MIN_LABELS, n, 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which :meth:`from_dict` restores the priors, except counts below MIN_LABELS."""
        return {
            name: {column: t[column].tolist() for column in t}
            for name, t in ((name, t[t["n"] >= MIN_LABELS]) for name, t in self.counts.items())
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Priors:
        """Return the priors that :meth:`to_dict` described."""
        return cls({name: pd.DataFrame(dict(data[name])) for name in COUNTED_BY})


def label_table(frame: pd.DataFrame, schema: EntitySchema) -> pd.DataFrame:
    """Return the labels that name one quantity, in the form that :class:`Priors` counts.

    Parameters
    ----------
    frame : data frame
        Rows with ``entity_name, entity_value`` and, where known, ``group_id`` and ``image_link``.
    schema : EntitySchema
        Units.

    Returns
    -------
    data frame
        ``entity, unit, value, size, group`` and ``photo``, the whole link: two links with one base name are two
        photos. The index is that of ``frame``.
    """
    found = [truth.quantity for truth in parse_labels(frame["entity_value"], schema)]
    keep = np.array([quantity is not None for quantity in found], dtype=bool)
    table = _table(list(frame["entity_name"][keep]), [q for q in found if q is not None], schema)
    table["group"] = np.asarray(group_names(frame), dtype=object)[keep]
    links = "image_link" if "image_link" in frame else "image"
    table["photo"] = frame[links].fillna("")[keep].to_numpy(object) if links in frame else ""
    table.index = frame.index[keep]
    return table


def _counted(labels: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    return labels.groupby(list(keys)).size().reset_index(name="n")


def _table(
    entities: Sequence[str], quantities: Sequence[tuple[float, str]], schema: EntitySchema
) -> pd.DataFrame:
    base = np.array([schema.to_base(*quantity) for quantity in quantities], dtype=float)
    return pd.DataFrame(
        {
            "entity": np.asarray(entities, dtype=object),
            "unit": np.asarray([unit for _, unit in quantities], dtype=object),
            "value": np.asarray([value for value, _ in quantities], dtype=float),
            "size": np.round(np.log10(np.clip(base, 1e-9, 1e12)) * BINS_PER_DECADE).astype(int),
        }
    )
