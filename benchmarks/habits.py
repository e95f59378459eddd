"""UnitPreference of the labels of dimensions: along which lines they are measured, which of two units and sizes they take.

    python -m benchmarks.habits --shared ../shared

Lines and units are counted over the labelled rows whose right answer is among the candidates of the first reading.
How well the unit is foreseen is told of labels with the text of their photos, by what was learned from those of other
groups and photos; which dimension is the larger, of all labels of photos that have two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from hybridml.candidates.features.lines import DIRECTIONS, FIRM

from benchmarks import command
from benchmarks.labelled import Data, Sources, load, stages_of
from benchmarks.tables import table
from hybridml.candidates.features import PhotoView, describe
from hybridml.candidates.features.unit_pairs import NAMES
from hybridml.datasets import folds
from hybridml.datasets.labels import parse_truth
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
    data = load(
        frame,
        np.zeros(len(frame), dtype=int),
        sources,
        stages_of("rapidocr", further=["lines"], effort="best"),
    )
    _positions(data, schema)
    labels = sources.labels()
    _units(labels, schema)
    _sizes(labels, schema)
    return 0


def _units(labels: pd.DataFrame, schema: EntitySchema) -> None:
    """Print how often labels take the unit that comes first, and the one foreseen by how the pair is written."""
    unit_pairs = unit_pair_table(labels, schema)
    told = labels.loc[unit_pairs.index].reset_index(drop=True)
    described, imperial = unit_pairs[list(NAMES)].to_numpy(np.float32), unit_pairs["imperial"].to_numpy(bool)
    fold = np.asarray(folds.assign_folds(told, 5, 0))
    foreseen = np.zeros(len(unit_pairs), dtype=bool)
    for k in np.unique(fold):
        learned = UnitPreference.fit(unit_pairs[fold != k])
        if learned is None:
            print(f"only {len(unit_pairs)} texts give the label in two units: too few to learn from")
            return
        foreseen[fold == k] = learned.odds(described[fold == k]) > 0
    first = unit_pairs["unit_pairs.imperial_first"].to_numpy(bool)
    lines = [
        [
            name,
            str(of.sum()),
            f"{(first == imperial)[of].mean():.1%}",
            f"{(foreseen == imperial)[of].mean():.1%}",
        ]
        for name, of in [
            ("all", np.ones(len(told), dtype=bool)),
            *((name, (told["entity_name"] == name).to_numpy()) for name in ("width", "height", "depth")),
        ]
    ]
    table("Which of two units labels take", ("entity", "texts", "the first", "the one foreseen"), lines)


def _sizes(labels: pd.DataFrame, schema: EntitySchema) -> None:
    """Print which of two dimensions labels make the larger."""
    larger = DimensionOrder.fit(label_table(labels, schema), schema).larger
    lines = []
    for one, other in combinations(sorted({name for names in larger for name in names}), 2):
        n, m = (sum(larger.get(names, ())) for names in ((one, other), (other, one)))
        lines.append([f"{one}, {other}", str(n + m), f"{n / max(n + m, 1):.1%}"])
    table("Photos labelled with both, where they differ", ("two", "photos", "the first is larger"), lines)


def _positions(data: Data, schema: EntitySchema) -> None:
    """Print which of two units on a photo its label takes, and along which lines right answers stand."""
    frame = data.frame
    pairs: Counter[bool] = Counter()
    runs: dict[str, Counter[str]] = {}
    rows = 0
    for name, key, truth in zip(
        frame["entity_name"], data.keys, parse_truth(frame["entity_value"], schema), strict=True
    ):
        entity, seen = schema.entity(name), data.ocr_results.get(key or "")
        if not entity.axis or seen is None or truth.quantity is None:
            continue
        candidates, columns = describe(PhotoView(seen.ocr_result, schema, seen.drawing), entity, ["lines"])
        right = [i for i, c in enumerate(candidates) if (c.value, c.unit) == truth.quantity]
        if not right:
            continue
        rows += 1
        i = right[0]
        partners = [
            j for j, c in enumerate(candidates) if is_unit_pair((c.value, c.unit), truth.quantity, schema)
        ]
        if partners:
            pairs[i < min(partners, key=lambda j: abs(j - i))] += 1
        tied = columns["lines.cost"][i] < FIRM
        runs.setdefault(name, Counter())[
            DIRECTIONS[int(columns["lines.direction"][i])] if tied else "none"
        ] += 1
    both = sum(pairs.values())
    print(
        f"{rows} rows; both units on the photo: {both} ({both / rows:.0%}); the label takes the first of the two in "
        f"{pairs[True]} of them ({pairs[True] / both:.0%})"
    )
    kinds = (*DIRECTIONS, "none")
    lines = [[name, *(str(count[kind]) for kind in kinds)] for name, count in runs.items()]
    table("Rows by the line that their right answer stands at", ("entity", *kinds), lines)


if __name__ == "__main__":
    command.run(main)
