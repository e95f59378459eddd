"""Conventions of dimension labels: which of two units they take, and which of two dimensions they make the larger.

    python -m benchmarks.unit_preference --shared ../shared

How often labels take the first of two units is counted over the labelled rows whose answer is among the candidates of
the first OCR pass. How well the unit is predicted is measured on the texts of labelled photos, by a model of those of
other groups and photos. The order of dimensions is counted over all photos with labels of both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from benchmarks import command
from benchmarks.labelled import Data, Sources, load, stages_of
from benchmarks.tables import table
from hybridml.candidates.features.unit_pairs import NAMES
from hybridml.candidates.find import find_candidates, for_entity
from hybridml.datasets import folds
from hybridml.datasets.labels import parse_labels
from hybridml.entities import EntitySchema, default_entities
from hybridml.quantity.unit_pairs import is_unit_pair
from hybridml.ranking.dimension_order import DimensionOrder
from hybridml.ranking.label_priors import label_table
from hybridml.ranking.unit_preference import UnitPreference, unit_pair_table


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    options = parser.parse_args(argv)
    sources, schema = Sources(options.shared, options.store), default_entities()
    frame = sources.rows("labelled")
    stages = stages_of("rapidocr", further=[], effort="best")
    _first_of_two(load(frame, np.zeros(len(frame), dtype=int), sources, stages), schema)
    labels = sources.labels()
    _units(labels, schema)
    _sizes(labels, schema)
    return 0


def _first_of_two(data: Data, schema: EntitySchema) -> None:
    """Print how many photos show the label's quantity in two units, and how often the label takes the first."""
    first: Counter[bool] = Counter()
    rows = 0
    truths = parse_labels(data.frame["entity_value"], schema)
    for name, key, truth in zip(data.frame["entity_name"], data.keys, truths, strict=True):
        entity, photo = schema.entity(name), data.ocr_results.get(key or "")
        if not entity.axis or photo is None or truth.quantity is None:
            continue
        candidates = for_entity(find_candidates(photo.ocr_result, schema), entity)
        quantities = [(c.value, c.unit) for c in candidates]
        if truth.quantity not in quantities:
            continue
        rows += 1
        i = quantities.index(truth.quantity)
        twins = [j for j, other in enumerate(quantities) if is_unit_pair(other, truth.quantity, schema)]
        if twins:
            first[i < min(twins, key=lambda j: abs(j - i))] += 1
    both = first.total()
    print(
        f"{rows} rows; both units on the photo: {both} ({both / rows:.0%}); the label takes the first of the two in "
        f"{first[True]} of them ({first[True] / both:.0%})"
    )


def _units(labels: pd.DataFrame, schema: EntitySchema) -> None:
    """Print how often labels take the unit that comes first, and the one predicted from how the pair is written."""
    pairs = unit_pair_table(labels, schema)
    rows = labels.loc[pairs.index].reset_index(drop=True)
    described, imperial = pairs[list(NAMES)].to_numpy(np.float32), pairs["imperial"].to_numpy(bool)
    fold = np.asarray(folds.assign_folds(rows, 5, 0))
    predicted = np.zeros(len(pairs), dtype=bool)
    for k in np.unique(fold):
        model = UnitPreference.fit(pairs[fold != k])
        if model is None:
            print(f"only {len(pairs)} texts give the label in two units: too few to learn from")
            return
        predicted[fold == k] = model.log_odds(described[fold == k]) > 0
    first = pairs["unit_pairs.imperial_first"].to_numpy(bool)
    entities = rows["entity_name"].to_numpy()
    parts = {"all": np.ones(len(rows), dtype=bool)}
    parts |= {name: entities == name for name in ("width", "height", "depth")}
    lines = [
        [name, str(of.sum()), *(f"{(choice == imperial)[of].mean():.1%}" for choice in (first, predicted))]
        for name, of in parts.items()
    ]
    table("Which of two units labels take", ("entity", "texts", "the first", "the predicted one"), lines)


def _sizes(labels: pd.DataFrame, schema: EntitySchema) -> None:
    """Print which of two dimensions labels make the larger."""
    larger = DimensionOrder.fit(label_table(labels, schema), schema).larger
    lines = []
    for one, other in combinations(sorted({name for names in larger for name in names}), 2):
        n, m = (sum(larger.get(names, ())) for names in ((one, other), (other, one)))
        lines.append([f"{one}, {other}", str(n + m), f"{n / max(n + m, 1):.1%}"])
    table("Photos labelled with both, where they differ", ("two", "photos", "the first is larger"), lines)


if __name__ == "__main__":
    command.run(main)
