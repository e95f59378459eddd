"""The unit preference: which unit of a pair labels take, and what a model makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hybridml.candidates.features import DEFAULT_BLOCKS
from hybridml.candidates.table import CandidateTable, build_table
from hybridml.entities import default_entities
from hybridml.prediction.from_photo import answer_photos
from hybridml.ranking.model import Model, ModelSettings
from hybridml.ranking.ranker import RankerSettings
from hybridml.ranking.training import TrainingData, train
from hybridml.ranking.unit_preference import (
    MAX_LOG_ODDS,
    MIN_UNIT_PAIRS,
    SCORE_PER_LOG_ODDS,
    UNIT_COLUMN,
    UnitPreference,
    unit_pair_table,
)
from hybridml.vision.text_line import OCRResult
from tests.helpers.lines import line

SCHEMA = default_entities()
WIDTH = SCHEMA.entity("width")
COLUMNS = ["index", "image_link", "group_id", "entity_name", "entity_value"]


def label(i: int, inches: int, tight: bool) -> dict[str, str]:
    """A text in which the imperial unit comes first; labels take it unless the two stand close together."""
    cm = round(inches * 2.54, 1)
    text = f"{inches} in/{cm} cm" if tight else f"{inches} in / {cm} cm"
    value = f"{cm} centimetre" if tight else f"{inches}.0 inch"
    return {
        "image_link": f"https://x.org/{i}.jpg",
        "group_id": str(i % 17),
        "entity_name": "width",
        "entity_value": value,
        "text": text,
    }


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    return pd.DataFrame([label(i, 3 + i % 50, i % 2 == 0) for i in range(2 * MIN_UNIT_PAIRS)])


@pytest.fixture(scope="module")
def unit_preference(labels: pd.DataFrame) -> UnitPreference:
    fitted = UnitPreference.fit(unit_pair_table(labels, SCHEMA))
    assert fitted is not None
    return fitted


def test_labels_that_are_half_of_a_pair_teach(labels: pd.DataFrame) -> None:
    table = unit_pair_table(labels, SCHEMA)
    assert len(table) == len(labels)
    assert table["imperial"].mean() == 0.5
    assert table.index.tolist() == labels.index.tolist()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("3.0 inch", ""),
        ("3.0 inch", "3 in"),
        ("4.0 inch", "3 in / 7.6 cm"),
        ("3.0 inch to 4.0 inch", "3 in / 7.6 cm"),
        ("", "3 in / 7.6 cm"),
        ("7.6 furlong", "3 in / 7.6 cm"),
    ],
)
def test_other_labels_teach_nothing(value: str, text: str) -> None:
    rows = pd.DataFrame({"entity_name": ["width"], "entity_value": [value], "text": [text]})
    assert not len(unit_pair_table(rows, SCHEMA))
    assert not len(unit_pair_table(rows.drop(columns="text"), SCHEMA))
    assert not len(unit_pair_table(rows.assign(entity_name="colour"), SCHEMA))


def table_of(text: str, blocks: tuple[str, ...]) -> CandidateTable:
    photo = OCRResult((line(text),), 500, 500)
    return build_table(["a"], [WIDTH.name], [("a", photo)], SCHEMA, blocks)


def column(unit_preference: UnitPreference, text: str) -> np.ndarray:
    return unit_preference.column(table_of(text, DEFAULT_BLOCKS), SCHEMA)[:, 0]


def test_what_was_learned_goes_by_how_it_is_written(unit_preference: UnitPreference) -> None:
    apart, tight = column(unit_preference, "9 in / 22.9 cm"), column(unit_preference, "9 in/22.9 cm")
    assert apart[0] > 1 > -1 > apart[1], "labels take the inches"
    assert tight[0] < -1 < 1 < tight[1], "labels take the centimetres"
    assert apart[0] == -apart[1]
    assert np.abs([apart, tight]).max() <= MAX_LOG_ODDS


def test_what_is_given_once_has_no_preference(unit_preference: UnitPreference) -> None:
    assert column(unit_preference, "9 in").tolist() == [0.0]
    without_pairs = table_of("9 in / 22.9 cm", ("form",))
    assert unit_preference.column(without_pairs, SCHEMA).tolist() == [[0.0], [0.0]]


def test_few_pairs_teach_nothing(labels: pd.DataFrame) -> None:
    table = unit_pair_table(labels, SCHEMA)
    assert UnitPreference.fit(table.head(MIN_UNIT_PAIRS - 1)) is None
    assert UnitPreference.fit(table[table["imperial"] == 1].iloc[[0] * MIN_UNIT_PAIRS]) is None


def test_a_preference_travels_as_plain_data(unit_preference: UnitPreference) -> None:
    again = UnitPreference.from_dict(unit_preference.to_dict())
    text = "9 in / 22.9 cm"
    np.testing.assert_array_equal(column(again, text), column(unit_preference, text))


# ---------------------------------------------------------------- in a model


def model_of(labels: pd.DataFrame, blocks: tuple[str, ...] | None = None) -> Model:
    """Fit on photos of two widths each, of which the label has the first, in a unit drawn at random."""
    rng = np.random.default_rng(0)
    rows, ocr_results = [], []
    for i in range(60):
        a, b = rng.integers(3, 60, 2).tolist()
        texts = [f"{v} in / {v * 2.54:.1f} cm" for v in (a, b)]
        ocr_results.append(
            (f"p{i}", OCRResult(tuple(line(t, 0, 60 * k) for k, t in enumerate(texts)), 500, 500))
        )
        value = f"{a}.0 inch" if rng.random() < 0.5 else f"{a * 2.54:.1f} centimetre"
        rows.append((i, f"p{i}", str(i % 12), "width", value))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    settings = ModelSettings(components=0, folds=3, ranker=RankerSettings(n_estimators=30, seeds=1))
    settings = settings if blocks is None else replace(settings, blocks=blocks)
    keys = list(frame["image_link"])
    return train(TrainingData(frame, keys, ocr_results, labels=labels, settings=settings))


def unit_of(model: Model, text: str) -> str | None:
    answer = answer_photos(model, ["x"], ["width"], [("x", OCRResult((line(text),), 500, 500))])[0]
    return answer.unit


def test_answers_follow_the_preference(labels: pd.DataFrame) -> None:
    model = model_of(labels)
    assert model.ranker.start_ == {UNIT_COLUMN: SCORE_PER_LOG_ODDS}
    assert unit_of(model, "21 in / 53.3 cm") == "inch"
    assert unit_of(model, "21 in/53.3 cm") == "centimetre"


def test_without_texts_or_the_block_there_is_no_preference(labels: pd.DataFrame) -> None:
    for model in (model_of(labels.drop(columns="text")), model_of(labels.head(MIN_UNIT_PAIRS - 1))):
        assert model.learned.unit_preference is None
        assert model.ranker.start_ == {}
    blind = model_of(labels, ("form", "layout"))
    ocr_result = OCRResult((line("21 in / 53.3 cm"),), 500, 500)
    (found,) = blind.describe(["x"], ["width"], [("x", ocr_result)])
    table = blind.learned.add(found.table, found.rows, {}, SCHEMA)
    assert (table.X[:, list(table.columns).index(UNIT_COLUMN)] == 0).all()


def test_rows_with_weak_labels_have_no_preference(labels: pd.DataFrame) -> None:
    """The preference of the user's own labels would be wrong for them."""
    rows = [(i, f"p{i}", str(i), "width", "21.0 inch") for i in range(8)]
    frame = pd.DataFrame(rows, columns=COLUMNS).assign(weak=[i % 2 == 1 for i in range(8)])
    ocr_results = [(f"p{i}", OCRResult((line("21 in / 53.3 cm"),), 500, 500)) for i in range(8)]
    data = TrainingData(frame, list(frame["image_link"]), ocr_results, labels=labels)
    *_, table = data.learn(np.zeros(8, dtype=bool))
    known = table.X[:, list(table.columns).index(UNIT_COLUMN)]
    weak = data.weak[table.row]
    assert (known[weak] == 0).all()
    assert (known[~weak] != 0).all()
