"""How many of the labels that a report suspects are wrong, by what people found who checked them.

    python -m benchmarks.crossval --shared ../shared --readers rapidocr --out build/crossval
    python -m benchmarks.suspects --shared ../shared --predictions build/crossval/ranker-rapidocr.csv

Suspicion is from out-of-fold predictions, on the rows whose labels were checked (hand_corrected.csv). A label is wrong
where people wrote another quantity, or that the photo does not show one. The weights of the reasons were set looking at
these labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks import command
from benchmarks.errors import add_predictions, wrong_rows
from benchmarks.labelled import corrected
from benchmarks.tables import table
from hybridml.datasets.groups import photo_names
from hybridml.datasets.labels import Truth, parse_truth
from hybridml.quantity.unit_pairs import same_quantity
from hybridml.report.suspects import suspects
from hybridml.vision.photo_features import as_photo_features

FIRST = (10, 20, 50, 100)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    add_predictions(parser)
    options = parser.parse_args(argv)
    told = wrong_rows(options)
    frame, causes = told.frame, told.causes
    checked, looked_at = corrected(frame, options.shared / "data" / "hand_corrected.csv")
    ocr_results = [told.data.ocr_results.get(key or "") for key in told.data.keys]
    rows = pd.DataFrame(
        {
            "index": frame["index"],
            "photo": photo_names(frame),
            "group": frame["group_id"],
            "entity": frame["entity_name"],
            "truth": frame["entity_value"],
            "prediction": told.found["prediction"],
            "confidence": told.found["confidence"].astype(float),
            "outcome": ["wrong" if i in causes else "right" for i in range(len(frame))],
            "cause": [causes.get(i, "") for i in range(len(frame))],
            "trained": False,
            "text": [
                "" if r is None else "\n".join(t.text for t in as_photo_features(r).ocr_result.lines)
                for r in ocr_results
            ],
        }
    )
    found = suspects(rows)[looked_at]
    labels = parse_truth(list(frame["entity_value"][looked_at]))
    people = parse_truth(list(checked["entity_value"][looked_at]))
    wrong = np.array([_differ(label, person) for label, person in zip(labels, people, strict=True)])
    order = np.argsort(-found["suspect"].to_numpy(), kind="stable")
    suspected = int((found["suspect"] > 0).sum())
    print(f"{len(wrong)} labels checked, {wrong.sum()} wrong ({wrong.mean():.0%}); {suspected} suspected")
    lines = [[str(n), f"{wrong[order[:n]].mean():.0%}"] for n in (*FIRST, suspected) if n <= len(wrong)]
    table("Wrong among the most suspect", ("labels", "wrong"), lines)
    return 0


def _differ(label: Truth, person: Truth) -> bool:
    """Return whether a person wrote something else than the label, or nothing."""
    if person.blank or label.quantity is None:
        return True
    return person.quantity is not None and not same_quantity(label.quantity, person.quantity)


if __name__ == "__main__":
    command.run(main)
