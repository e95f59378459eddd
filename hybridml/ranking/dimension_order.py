"""DimensionOrder: which of two dimensions of a product labels make the larger.

What sellers call depth is often the length of what lies flat, and the shorter side of its face is the width: where
both are labelled on one photo, the depth is hardly ever the smaller. A photo does not show that; labels do, by how
two of one photo compare. It is counted over labels alone, and weighed in :mod:`hybridml.ranking.joint`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.entities import EntitySchema
from hybridml.quantity.unit_pairs import SAME

from .label_priors import LEAST

EDGES = (SAME, 0.15, 0.35, 0.7, 1.2)
"""Steps in which the logarithm of how many times larger one is than the other is counted; below the first, no step."""

STEPS = len(EDGES)

ALIKE = 0.1
"""Weight of two dimensions on one number, beside 1 for two numbers.

Labels give depth and width one number on 32 % of photos that have both, and yet weights from 0.05 to 0.3 get as many
rows right, larger ones fewer."""

SMOOTHING = 2.0
"""Pairs added to either order in each step."""


def steps(log_ratio: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return by how many steps one size is above another, of the logarithm of their ratio; below 0 where it is less.

    Examples
    --------
    >>> steps(np.log([1.01, 1.5, 0.1])).tolist()
    [0, 3, -5]
    """
    ratio = np.asarray(log_ratio, dtype=float)
    return np.sign(ratio).astype(np.int64) * np.searchsorted(EDGES, np.abs(ratio))


@dataclass
class DimensionOrder:
    """How often each of two entities is the larger, by steps; nothing is known where it is empty.

    Parameters
    ----------
    larger : dict of (str, str) to tuple of int
        For two entities: on how many photos the first is larger than the second, by 1 to ``STEPS`` steps.
    """

    larger: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    _weights: dict[tuple[str, str], npt.NDArray[np.float64]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def fit(cls, labels: pd.DataFrame, schema: EntitySchema) -> DimensionOrder:
        """Count ``labels``, a table that :func:`hybridml.ranking.label_priors.label_table` made.

        Examples
        --------
        >>> from hybridml.entities import default_entities
        >>> from hybridml.ranking.label_priors import label_table
        >>> names, values = ["width", "depth"] * 30, ["4 inch", "9 inch"] * 30
        >>> photos = [f"{i // 2}.jpg" for i in range(60)]
        >>> rows = pd.DataFrame({"image_link": photos, "entity_name": names, "entity_value": values})
        >>> schema = default_entities()
        >>> found = DimensionOrder.fit(label_table(rows, schema), schema)
        >>> found.larger["depth", "width"], found.pairs
        ((0, 0, 0, 30, 0), 30)
        """
        siblings = {name: schema.siblings(name) for name in schema.entities}
        of_axis = labels[labels["entity"].isin([name for name, others in siblings.items() if others])]
        told = of_axis[of_axis["photo"] != ""].drop_duplicates(["photo", "entity"])
        told = told[told["photo"].duplicated(keep=False)]
        base = [schema.to_base(v, u) for v, u in zip(told["value"], told["unit"], strict=True)]
        told = told[["photo", "entity"]].assign(size=np.log(np.maximum(base, 1e-9)))
        both = told.merge(told, on="photo", suffixes=("", "_other"))
        both["step"] = steps(both["size"] - both["size_other"])
        made = cls()
        for names, found in both[both["step"] > 0].groupby(["entity", "entity_other"])["step"]:
            one, other = map(str, names)
            if other not in siblings[one]:
                continue
            made.larger[one, other] = tuple(np.bincount(found, minlength=STEPS + 1)[1:].tolist())
        return made

    @property
    def pairs(self) -> int:
        """Photos with two labels that differ, as many times as they have two."""
        return sum(map(sum, self.larger.values()))

    def weights(self, one: str, other: str) -> npt.NDArray[np.float64]:
        """Return how likely labels are to make ``one`` larger than ``other`` by so many steps, -STEPS to STEPS.

        1 where either order is as likely, at most 2; :data:`ALIKE` for no step.
        """
        if (one, other) not in self._weights:
            self._weights[one, other] = self._weighed(one, other)
        return self._weights[one, other]

    def _weighed(self, one: str, other: str) -> npt.NDArray[np.float64]:
        none = (0,) * STEPS
        up = np.array(self.larger.get((one, other), none))
        down = np.array(self.larger.get((other, one), none))
        known = up + down >= LEAST
        share = np.where(known, (up + SMOOTHING) / (up + down + 2 * SMOOTHING), 0.5)
        return 2 * np.concatenate([1 - share[::-1], [ALIKE / 2], share])

    def to_dict(self) -> list[dict[str, Any]]:
        """Return plain data from which :meth:`from_dict` makes the same weights."""
        return [{"larger": one, "smaller": other, "n": list(n)} for (one, other), n in self.larger.items()]

    @classmethod
    def from_dict(cls, data: Sequence[Mapping[str, Any]]) -> DimensionOrder:
        """Return the proportions that :meth:`to_dict` described."""
        if any(len(d["n"]) != STEPS for d in data):
            raise ValueError(f"proportions of {STEPS} steps expected")
        return cls({(d["larger"], d["smaller"]): tuple(d["n"]) for d in data})
