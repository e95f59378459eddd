"""Precision of a report's suspected labels, on labels that people checked.

    python -m benchmarks.crossval --shared ../shared --ocr rapidocr --out build/crossval
    python -m benchmarks.suspects --shared ../shared --predictions build/crossval/ranker-rapidocr.csv

Labels are suspected by out-of-fold predictions, on the rows whose labels were checked (hand_corrected.csv). A label is
wrong where people wrote another quantity, or that the photo does not show one. The weights of the reasons were chosen
on these labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks import command
from benchmarks.errors import add_predictions, errors_of
from benchmarks.labelled import corrected
from benchmarks.tables import table
from hybridml.datasets.groups import photo_names
from hybridml.datasets.labels import Label, parse_labels
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
    errors = errors_of(options)
    frame, causes = errors.frame, errors.causes
    by_hand, checked = corrected(frame, options.shared / "data" / "hand_corrected.csv")
    photos = [errors.data.ocr_results.get(key or "") for key in errors.data.keys]
    rows = pd.DataFrame(
        {
            "index": frame["index"],
            "photo": photo_names(frame),
            "group": frame["group_id"],
            "entity": frame["entity_name"],
            "truth": frame["entity_value"],
            "prediction": errors.found["prediction"],
            "confidence": errors.found["confidence"].astype(float),
            "outcome": ["wrong" if i in causes else "right" for i in range(len(frame))],
            "cause": [causes.get(i, "") for i in range(len(frame))],
            "trained": False,
            "text": [
                "" if p is None else "\n".join(line.text for line in as_photo_features(p).ocr_result.lines)
                for p in photos
            ],
        }
    )
    found = suspects(rows)[checked]
    labels = parse_labels(list(frame["entity_value"][checked]))
    corrections = parse_labels(list(by_hand["entity_value"][checked]))
    wrong = np.array([_differ(label, by) for label, by in zip(labels, corrections, strict=True)])
    order = np.argsort(-found["suspect"].to_numpy(), kind="stable")
    suspected = int((found["suspect"] > 0).sum())
    print(f"{len(wrong)} labels checked, {wrong.sum()} wrong ({wrong.mean():.0%}); {suspected} suspected")
    lines = [[str(n), f"{wrong[order[:n]].mean():.0%}"] for n in (*FIRST, suspected) if n <= len(wrong)]
    table("Wrong among the most suspect", ("labels", "wrong"), lines)
    return 0


def _differ(label: Label, correction: Label) -> bool:
    """Return whether a person wrote another quantity than the label, or none."""
    if correction.blank or label.quantity is None:
        return True
    return correction.quantity is not None and not same_quantity(label.quantity, correction.quantity)


if __name__ == "__main__":
    command.run(main)
