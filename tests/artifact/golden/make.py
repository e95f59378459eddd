"""Script that makes the golden artifact of the present format: ``python -m tests.artifact.golden.make [--replace]``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybridml import EntityExtractor
from hybridml.artifact import file, serialize
from hybridml.candidates.features import VERSION
from hybridml.prediction.from_photo import answer_photos
from hybridml.ranking import training
from hybridml.ranking.model import Model, ModelSettings
from hybridml.ranking.ranker import RankerSettings
from hybridml.vision.number_classifier import CLASSES
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.stages import Stage, VisionStages
from hybridml.vision.text_line import OCRResult, TextLine
from tests.helpers.fakes import draw_lines

FOLDER = Path(__file__).parent
UNITS = {"item_weight": "gram", "item_volume": "millilitre", "width": "centimetre", "height": "centimetre"}
ENTITIES = tuple(UNITS)
TRAINED_ON, ASKED = 240, 8
DIGITS = 6

Photo = dict[str, Any]


def draw_photos(n: int, seed: int) -> list[Photo]:
    """Draw photos as plain data: text lines, number classes, an embedding, and their truth."""
    rng = np.random.default_rng(seed)
    photos = []
    for i in range(n):
        entity = ENTITIES[i % 4]
        lines, truth = draw_lines(rng, entity)
        photos.append(
            {
                "key": f"photo{seed}-{i}",
                "entity": entity,
                "truth": truth,
                "lines": [_line(line, rng) for line in lines],
                "number_classifier": rng.dirichlet(np.ones(len(CLASSES)), len(lines)).round(4).tolist(),
                "vector": rng.normal(size=8).round(4).tolist(),
            }
        )
    return photos


def _line(line: TextLine, rng: np.random.Generator) -> Photo:
    """Return a text line as plain data, half of them without their words, so that a model has to doubt."""
    bare = " ".join(line.text.split()[-2:])
    polygon = [[x + float(rng.integers(0, 200)), y] for x, y in line.polygon]
    return {**asdict(line), "text": bare if rng.random() < 0.5 else line.text, "polygon": polygon}


def features_of(photo: Photo) -> PhotoFeatures:
    """Return the features of a photo of :func:`draw_photos`, or of a golden file."""
    lines = tuple(
        TextLine(line["text"], line["confidence"], tuple((x, y) for x, y in line["polygon"]))
        for line in photo["lines"]
    )
    return PhotoFeatures(OCRResult(lines, 1000, 1000), np.asarray(photo["number_classifier"], np.float32))


def answers(model: Model, photos: list[Photo]) -> list[dict[str, Any]]:
    """Return the answers of the model, numbers rounded to :data:`DIGITS`."""
    vectors = [(photo["key"], np.asarray(photo["vector"], np.float32)) for photo in photos]
    keys, entities = [photo["key"] for photo in photos], [photo["entity"] for photo in photos]
    found = answer_photos(
        model, keys, entities, [(photo["key"], features_of(photo)) for photo in photos], vectors
    )
    made: list[dict[str, Any]] = json.loads(
        json.dumps([answer.to_dict() for answer in found]), parse_float=_round
    )
    return made


def _round(number: str) -> float:
    return round(float(number), DIGITS)


def _label(photos: list[Photo], i: int) -> str:
    """Return the label of a photo; some are empty, some wrong, so that confidences are not all one."""
    if i % 7 == 3:
        return ""
    truth: str = photos[i - 4 if i % 9 == 5 else i]["truth"]
    return truth


def train() -> EntityExtractor:
    """Train a tiny model that has some of everything an artifact can hold."""
    photos = draw_photos(TRAINED_ON, 0)
    keys = [photo["key"] for photo in photos]
    frame = pd.DataFrame(
        {
            "index": range(len(photos)),
            "image_link": [f"https://shop.example/{key}.jpg" for key in keys],
            "group_id": [str(i % 20) for i in range(len(photos))],
            "entity_name": [photo["entity"] for photo in photos],
            "entity_value": [_label(photos, i) for i in range(len(photos))],
            "weak": [i % 5 == 4 for i in range(len(photos))],
        }
    )
    labels = pd.DataFrame(
        [
            (f"l{i}", name, f"{value} {unit}")
            for i in range(30)
            for name, unit in UNITS.items()
            for value in (20, 50)
        ],
        columns=["group_id", "entity_name", "entity_value"],
    )
    settings = ModelSettings(components=2, folds=3, ranker=RankerSettings(25, 0.1, 8, 2, seeds=2))
    vectors = {photo["key"]: np.asarray(photo["vector"], np.float32) for photo in photos}
    extractor = EntityExtractor()
    features = [(p["key"], features_of(p)) for p in photos]
    data = training.TrainingData(frame, keys, features, vectors, labels, settings=settings)
    extractor.model_ = training.train(data)
    extractor.stages_ = VisionStages(
        Stage("ocr", "rapidocr", {"trim": True}, {"ocr": "rapidocr", "golden": True}),
        Stage("embedding", "resnet50", {"weights": "random"}, {"embedding": "golden"}),
        (Stage("second_pass", "second_pass", {}, {"second_pass": "second_pass", "golden": True}),),
    )
    extractor.image_reason_ = None
    extractor.missing_stages_ = {"number_classifier": "not available: drawn"}
    return extractor


def may_write(path: Path, replace: bool) -> str | None:
    """Return why the golden artifact at ``path`` must stay, None when it may be written."""
    if not path.exists():
        return None
    if file.read(path)["features_version"] == VERSION:
        return f"{path.name} exists and its features are those of this version: its answers must stay"
    return None if replace else f"{path.name} has other features: --replace writes a new one in its place"


def main() -> int:
    """Train a model, and write the artifact and its answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replace", action="store_true", help="where candidates and features changed")
    path = FOLDER / f"format{file.FORMAT}.joblib"
    if reason := may_write(path, parser.parse_args().replace):
        print(reason, file=sys.stderr)
        return 2
    serialize.save(train(), path)
    photos = draw_photos(ASKED, 1)
    golden = {"photos": photos, "answers": answers(serialize.load(path).model_, photos)}
    path.with_suffix(".json").write_text(
        json.dumps(golden, indent=None, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
