"""The dimension order: which of two dimensions of a product is usually the larger in labels.

What sellers call depth is often the length of something that lies flat, and the width is then the shorter side of its
face: where both are labelled on one photo, the depth is hardly ever the smaller. A photo does not show this convention,
but the labels do, by how two of one photo compare. It is counted from labels alone, and used in
:mod:`hybridml.ranking.joint`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.entities import EntitySchema
from hybridml.quantity.unit_pairs import SAME_PAIR

from .label_priors import MIN_LABELS

STEP_EDGES = (SAME_PAIR, 0.15, 0.35, 0.7, 1.2)
"""Edges of the steps in which the logarithm of the ratio of two sizes is counted; below the first they are equal."""

STEPS = len(STEP_EDGES)

EQUAL_WEIGHT = 0.1
"""Weight of two dimensions on one number, where 1 is the weight of two numbers in an order of which nothing is known.

Labels give depth and width one number on 32 % of photos that have both, and yet weights from 0.05 to 0.3 get as many
rows right, and larger ones fewer."""

SMOOTHING = 2.0
"""Pairs added to either order in each step."""


def steps(log_ratio: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the signed step of each logarithm of a ratio of sizes: 0 for equal sizes, negative for a smaller one.

    Examples
    --------
    >>> steps(np.log([1.01, 1.5, 0.1])).tolist()
    [0, 3, -5]
    """
    ratio = np.asarray(log_ratio, dtype=float)
    return np.sign(ratio).astype(np.int64) * np.searchsorted(STEP_EDGES, np.abs(ratio))


@dataclass
class DimensionOrder:
    """Counts of how often one entity is larger than another, by steps; empty when nothing is known.

    Parameters
    ----------
    larger : dict of (str, str) to tuple of int
        For two entities: on how many photos the first is larger than the second, by 1 to ``STEPS`` steps.
    """

    larger: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def fit(cls, labels: pd.DataFrame, schema: EntitySchema) -> DimensionOrder:
        """Count ``labels``, a table made by :func:`hybridml.ranking.label_priors.label_table`.

        Examples
        --------
        >>> from hybridml.entities import default_entities
        >>> from hybridml.ranking.label_priors import label_table
        >>> names, values = ["width", "depth"] * 30, ["4 inch", "9 inch"] * 30
        >>> photos = [f"{i // 2}.jpg" for i in range(60)]
        >>> rows = pd.DataFrame({"image_link": photos, "entity_name": names, "entity_value": values})
        >>> schema = default_entities()
        >>> order = DimensionOrder.fit(label_table(rows, schema), schema)
        >>> order.larger["depth", "width"], order.pairs
        ((0, 0, 0, 30, 0), 30)
        """
        siblings = {name: schema.siblings(name) for name in schema.entities}
        dimensions = labels[labels["entity"].isin([name for name, others in siblings.items() if others])]
        dimensions = dimensions[dimensions["photo"] != ""].drop_duplicates(["photo", "entity"])
        dimensions = dimensions[dimensions["photo"].duplicated(keep=False)]
        base = [schema.to_base(v, u) for v, u in zip(dimensions["value"], dimensions["unit"], strict=True)]
        sizes = dimensions[["photo", "entity"]].assign(size=np.log(np.maximum(base, 1e-9)))
        both = sizes.merge(sizes, on="photo", suffixes=("", "_other"))
        both["step"] = steps(both["size"] - both["size_other"])
        made = cls()
        for names, found in both[both["step"] > 0].groupby(["entity", "entity_other"])["step"]:
            one, other = map(str, names)
            if other in siblings[one]:
                made.larger[one, other] = tuple(np.bincount(found, minlength=STEPS + 1)[1:].tolist())
        return made

    @property
    def pairs(self) -> int:
        """Number of pairs of different labels of one photo that were counted."""
        return sum(map(sum, self.larger.values()))

    def weights(self, one: str, other: str) -> npt.NDArray[np.float64]:
        """Return how likely labels are to make ``one`` larger than ``other`` by each step from -STEPS to STEPS.

        The weight is 1 where both orders are equally likely, and at most 2; for step 0 it is :data:`EQUAL_WEIGHT`.
        """
        none = (0,) * STEPS
        up, down = (np.array(self.larger.get(names, none)) for names in ((one, other), (other, one)))
        known = up + down >= MIN_LABELS
        share = np.where(known, (up + SMOOTHING) / (up + down + 2 * SMOOTHING), 0.5)
        return 2 * np.concatenate([1 - share[::-1], [EQUAL_WEIGHT / 2], share])

    def to_dict(self) -> list[dict[str, Any]]:
        """Return plain data from which :meth:`from_dict` restores the counts."""
        return [{"larger": one, "smaller": other, "n": list(n)} for (one, other), n in self.larger.items()]

    @classmethod
    def from_dict(cls, data: Sequence[Mapping[str, Any]]) -> DimensionOrder:
        """Return the dimension order that :meth:`to_dict` described."""
        if any(len(d["n"]) != STEPS for d in data):
            raise ValueError(f"dimension order: expected counts of {STEPS} steps")
        return cls({(d["larger"], d["smaller"]): tuple(d["n"]) for d in data})
