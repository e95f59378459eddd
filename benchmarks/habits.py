"""Habits of the labels of dimensions: which of two units they take, and along which lines they are measured.

    python -m benchmarks.habits --shared ../shared

Counted over the labelled rows whose right answer is among the candidates of the first reading. Nothing is learned here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from benchmarks import command
from benchmarks.labelled import Sources, engines_of, load
from benchmarks.tables import table
from hybridml import metrics
from hybridml.dual import SAME
from hybridml.entities import default_entities
from hybridml.features import PhotoView, describe
from hybridml.features.lines import DIRECTIONS, FIRM


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    options = parser.parse_args(argv)
    sources, book = Sources(options.shared, options.store), default_entities()
    frame = sources.rows("labelled")
    data = load(
        frame,
        np.zeros(len(frame), dtype=int),
        sources,
        engines_of("rapidocr", looks=["lines"], effort="best"),
    )
    pairs: Counter[bool] = Counter()
    runs: dict[str, Counter[str]] = {}
    rows = 0
    for name, key, truth in zip(
        frame["entity_name"], data.keys, metrics.parse_truth(frame["entity_value"], book), strict=True
    ):
        entity, seen = book.entity(name), data.readings.get(key or "")
        if not entity.axis or seen is None or truth.quantity is None:
            continue
        candidates, columns = describe(PhotoView(seen.reading, book, seen.drawing), entity, ["lines"])
        right = [i for i, c in enumerate(candidates) if (c.value, c.unit) == truth.quantity]
        if not right:
            continue
        rows += 1
        i, base = right[0], book.to_base(*truth.quantity)
        system = book.unit(truth.quantity[1]).system
        partners = [
            j
            for j, c in enumerate(candidates)
            if book.unit(c.unit).system != system
            and abs(book.to_base(c.value, c.unit) / max(base, 1e-9) - 1) < SAME
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
    return 0


if __name__ == "__main__":
    command.run(main)
