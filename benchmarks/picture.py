"""The README's picture: sample photos with the answers of the trained model.

    python -m benchmarks.picture docs/answers.png

Needs the sample set and a model trained on it: make features train.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks import command
from hybridml.datasets import photos
from hybridml.datasets.groups import photo_names
from hybridml.datasets.sample.picture import compose
from hybridml.prediction.from_photo import PhotoPredictor

SHOWN = ("width", "item_weight", "wattage")


def main() -> int:
    """Draw the picture."""
    parser = command.parser(__doc__)
    parser.add_argument("out", type=Path, help="PNG or JPEG to write")
    parser.add_argument("--sample", type=Path, default=Path("build/sample"), help="default: %(default)s")
    parser.add_argument(
        "--model", type=Path, default=Path("models/model.joblib"), help="default: %(default)s"
    )
    options = parser.parse_args()
    test, _ = photos.checked(options.sample / "test.csv")
    predictor = PhotoPredictor(options.model)
    names = pd.Series(photo_names(test))
    cards = []
    for entity in SHOWN:
        for name in names[test["entity_name"] == entity]:
            path = options.sample / "images" / name
            (answer,) = predictor.read(path, [entity])
            if answer.prediction:
                cards.append((path, f"{entity}: {answer.prediction} ({answer.confidence:.2f})", answer.box))
                break
    compose(cards, options.out)
    return 0


if __name__ == "__main__":
    command.run(main)
