"""Quantities given in two units: how they are written, and which of the two labels take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hybridml.candidates.features import PhotoContext
from hybridml.candidates.features import describe as features_of
from hybridml.datasets.labels import read_labels
from hybridml.entities import default_entities
from hybridml.prediction.from_photo import answer_photos
from hybridml.quantity.unit_pairs import COLUMNS, SAME, WIDEST, Mention, describe, is_unit_pair
from hybridml.ranking.model import Model, ModelSettings
from hybridml.ranking.ranker import RankerSettings
from hybridml.ranking.unit_preference import COLUMN, LEAST, SURE, WORTH, UnitPreference, unit_pair_table
from hybridml.vision.text_line import OCRResult
from tests.helpers.lines import line

SCHEMA = default_entities()
WIDTH = SCHEMA.entity("width")


def told(*texts: str, candidate: int = 0) -> dict[str, float]:
    """Return what the block says of one candidate for the width."""
    ocr_result = OCRResult(tuple(line(text, 0, 60 * i) for i, text in enumerate(texts)), 1000, 1000)
    _, columns = features_of(PhotoContext(ocr_result, SCHEMA), WIDTH, ("unit_pairs",))
    return {name: float(values[candidate]) for name, values in columns.items()}


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
    return pd.DataFrame([label(i, 3 + i % 50, i % 2 == 0) for i in range(2 * LEAST)])


@pytest.fixture(scope="module")
def unit_preference(labels: pd.DataFrame) -> UnitPreference:
    fitted = UnitPreference.fit(unit_pair_table(labels, SCHEMA))
    assert fitted is not None
    return fitted


# ---------------------------------------------------------------- description


def test_a_dual_is_one_quantity_in_two_systems() -> None:
    assert is_unit_pair((10.0, "inch"), (25.4, "centimetre"), SCHEMA)
    assert is_unit_pair((10.0, "inch"), (25.4 * (1 + 0.9 * SAME), "centimetre"), SCHEMA)
    assert not is_unit_pair((10.0, "inch"), (25.4 * (1 + 1.1 * SAME), "centimetre"), SCHEMA)
    assert not is_unit_pair((100.0, "centimetre"), (1.0, "metre"), SCHEMA), "both are metric"


def test_a_british_fluid_ounce_is_told_from_an_american_one() -> None:
    for ounces in (100 / 28.4131, 100 / 29.5735):
        assert is_unit_pair((round(ounces, 2), "fluid ounce"), (100.0, "millilitre"), SCHEMA)
    assert not is_unit_pair((3.2, "fluid ounce"), (100.0, "millilitre"), SCHEMA)
    assert not is_unit_pair((10.0, "inch"), (25.4 * 1.04, "centimetre"), SCHEMA), "lengths are rounded only"
    photo = OCRResult((line("1.76 fl oz (50 ml)", 0, 60),), 1000, 1000)
    _, columns = features_of(PhotoContext(photo, SCHEMA), SCHEMA.entity("item_volume"), ("unit_pairs",))
    assert columns["unit_pairs.imperial_first"].tolist() == [1.0, 1.0]


def test_it_is_the_same_whichever_half_is_asked() -> None:
    assert told("3.3 in / 8.5 cm", candidate=0) == told("3.3 in / 8.5 cm", candidate=1)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("3.3 in / 8.5 cm", "imperial_first", 1),
        ("8.5 cm / 3.3 in", "imperial_first", 0),
        ("8.5cm/3.3 in", "imperial_spaced", 1),
        ("8.5cm/3.3 in", "metric_spaced", 0),
        ("8.5cm/3.3 in", "gap", 1),
        ("8.5cm/3.3 in", "blank_before_sign", 0),
        ("8.5cm / 3.3 in", "blank_before_sign", 1),
        ("8.5cm (3.3in)", "closed", 1),
        ("8.5cm 3.3in", "closed", 0),
        ("8.5cm 3.3IN", "capitals", 1),
        ("8 cm 3.15 in", "imperial_decimals", 2),
        ("8 cm 3.15 in", "metric_decimals", 0),
    ],
)
def test_how_it_is_written(text: str, name: str, value: float) -> None:
    assert told(text)[f"unit_pairs.{name}"] == value


def test_signs_and_spellings_are_told_apart() -> None:
    signs = [told(f"8.5 cm{sign}3.3 in")["unit_pairs.sign"] for sign in (" ", "/", " (", " = ")]
    assert len(set(signs)) == len(signs)
    spellings = [
        told(f"8.5 cm / 3.3{unit}")["unit_pairs.imperial_written"] for unit in ('"', " in", " inches")
    ]
    assert len(set(spellings)) == len(spellings)


def test_in_two_text_lines() -> None:
    apart = told("8.5 cm", "3.3 in")
    assert (apart["unit_pairs.same_line"], apart["unit_pairs.gap"]) == (0, 1)


def test_the_nearest_is_taken() -> None:
    """The same width in inches in another line is not what stands beside it."""
    assert told("8.5 cm (3.3 in)", "3.3 in")["unit_pairs.closed"] == 1


@pytest.mark.parametrize("texts", [("8.5 cm",), ("8.5 cm", "9 in"), ("8.5 cm", "85 mm")])
def test_what_is_given_once_has_no_description(texts: tuple[str, ...]) -> None:
    assert np.isnan(list(told(*texts).values())).all()


def test_a_wide_gap_is_only_wide() -> None:
    text = "8.5 cm " + "and a few words more " * 3 + "3.3 in"
    assert told(text)["unit_pairs.gap"] == WIDEST


def test_numbers_are_found_in_what_was_written() -> None:
    inch = Mention(3.0, "inch", "W: 3 in", 0, 7, "3")
    assert inch.unit_text == " in"
    assert replace(inch, number="4").unit_text == ""
    cm = Mention(7.6, "centimetre", "7.6 cm", 0, 6, "7.6", line=1)
    assert len(describe(inch, cm, True, SCHEMA)) == len(COLUMNS)


# ---------------------------------------------------------------- habits


def test_labels_that_are_half_of_a_dual_teach(labels: pd.DataFrame) -> None:
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
def test_other_labels_do_not(value: str, text: str) -> None:
    rows = pd.DataFrame({"entity_name": ["width"], "entity_value": [value], "text": [text]})
    assert not len(unit_pair_table(rows, SCHEMA))
    assert not len(unit_pair_table(rows.drop(columns="text"), SCHEMA))
    assert not len(unit_pair_table(rows.assign(entity_name="colour"), SCHEMA))


def column(unit_preference: UnitPreference, text: str) -> np.ndarray:
    candidates, columns = features_of(PhotoContext(OCRResult((line(text),), 500, 500), SCHEMA), WIDTH)
    X = np.array(list(columns.values())).T
    return unit_preference.column(X, list(columns), candidates, SCHEMA)[:, 0]


def test_what_was_learned_goes_by_how_it_is_written(unit_preference: UnitPreference) -> None:
    apart, tight = column(unit_preference, "9 in / 22.9 cm"), column(unit_preference, "9 in/22.9 cm")
    assert apart[0] > 1 > -1 > apart[1], "labels take the inches"
    assert tight[0] < -1 < 1 < tight[1], "labels take the centimetres"
    assert apart[0] == -apart[1]
    assert np.abs([apart, tight]).max() <= SURE


def test_nothing_is_said_of_what_is_given_once(unit_preference: UnitPreference) -> None:
    assert column(unit_preference, "9 in").tolist() == [0.0]
    candidates, _ = features_of(PhotoContext(OCRResult((line("9 in / 22.9 cm"),), 500, 500), SCHEMA), WIDTH)
    assert unit_preference.column(np.zeros((2, 1)), ["other"], candidates, SCHEMA).tolist() == [[0.0], [0.0]]


def test_few_duals_teach_nothing(labels: pd.DataFrame) -> None:
    table = unit_pair_table(labels, SCHEMA)
    assert UnitPreference.fit(table.head(LEAST - 1)) is None
    assert UnitPreference.fit(table[table["imperial"] == 1].iloc[[0] * LEAST]) is None


def test_habits_travel_as_plain_data(unit_preference: UnitPreference) -> None:
    again = UnitPreference.from_dict(unit_preference.to_dict())
    text = "9 in / 22.9 cm"
    np.testing.assert_array_equal(column(again, text), column(unit_preference, text))


# ---------------------------------------------------------------- in a model


def model_of(labels: pd.DataFrame, blocks: tuple[str, ...] | None = None, source: str = "") -> Model:
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
        rows.append((i, f"p{i}", str(i % 12), "width", value, source if i % 3 == 0 else ""))
    frame = pd.DataFrame(
        rows, columns=["index", "image_link", "group_id", "entity_name", "entity_value", "source"]
    )
    settings = ModelSettings(components=0, folds=3, ranker=RankerSettings(n_estimators=30, seeds=1))
    settings = settings if blocks is None else replace(settings, blocks=blocks)
    return Model(settings).fit(frame, list(frame["image_link"]), ocr_results, labels=labels)


def unit_of(model: Model, text: str) -> str | None:
    answer = answer_photos(model, ["x"], ["width"], [("x", OCRResult((line(text),), 500, 500))])[0]
    return answer.unit


def test_answers_follow_the_habit(labels: pd.DataFrame) -> None:
    model = model_of(labels)
    assert model.ranker.start_ == {COLUMN: WORTH}
    assert unit_of(model, "21 in / 53.3 cm") == "inch"
    assert unit_of(model, "21 in/53.3 cm") == "centimetre"


def test_without_texts_or_the_block_there_is_no_habit(labels: pd.DataFrame) -> None:
    for model in (model_of(labels.drop(columns="text")), model_of(labels.head(LEAST - 1))):
        assert model.columns.unit_preference is None
        assert model.ranker.start_ == {}
    blind = model_of(labels, ("form", "layout"))
    ocr_result = OCRResult((line("21 in / 53.3 cm"),), 500, 500)
    rows, table = blind.described(["x"], ["width"], {"x": ocr_result})
    described = blind.columns.add(table, rows.keys, rows.entities, {}, SCHEMA)
    assert (described.X[:, list(described.columns).index(COLUMN)] == 0).all()


def test_others_keep_habits_of_their_own(labels: pd.DataFrame) -> None:
    """On their rows the ranker starts from nothing: what it is told of our labels' habit would be wrong there."""
    from hybridml.ranking.training import Training

    model = model_of(labels)
    rows = [(i, f"p{i}", str(i), "width", "21.0 inch", "others" if i % 2 else "") for i in range(8)]
    frame = pd.DataFrame(
        rows, columns=["index", "image_link", "group_id", "entity_name", "entity_value", "source"]
    )
    ocr_results = [(f"p{i}", OCRResult((line("21 in / 53.3 cm"),), 500, 500)) for i in range(8)]
    data = Training(model, frame, list(frame["image_link"]), ocr_results, {}, labels)
    _, table = data.described(np.zeros(8, dtype=bool))
    known = table.X[:, list(table.columns).index(COLUMN)]
    other = data.other[table.row]
    assert (known[other] == 0).all()
    assert (known[~other] != 0).all()


# ---------------------------------------------------------------- tables of labels


def test_texts_are_joined_to_the_labels_of_their_photos(tmp_path: Path, labels: pd.DataFrame) -> None:
    all_of_them, some = tmp_path / "labels.csv", tmp_path / "texts.csv.gz"
    labels.drop(columns="text").to_csv(all_of_them, index=False)
    more = label(10_000, 7, tight=True)
    pd.concat([labels.iloc[5:9], pd.DataFrame([more])]).to_csv(some, index=False)
    found = read_labels(all_of_them, some)
    assert len(found) == len(labels) + 1
    assert (found["text"] != "").sum() == 5
    assert found.loc[5, "text"] == labels.loc[5, "text"]
    assert found["text"].iloc[-1] == more["text"]
    pd.testing.assert_frame_equal(read_labels(all_of_them), labels.drop(columns="text"))


def test_the_text_of_a_photo_goes_for_all_that_is_said_of_it(tmp_path: Path, labels: pd.DataFrame) -> None:
    both = pd.concat([labels.iloc[:2], labels.iloc[:2].assign(entity_name="depth", text="")])
    both.to_csv(tmp_path / "labels.csv", index=False)
    found = read_labels(tmp_path / "labels.csv")
    assert found["text"].tolist() == [*labels["text"][:2], *labels["text"][:2]]
    both.assign(image_link="").to_csv(tmp_path / "nameless.csv", index=False)
    assert read_labels(tmp_path / "nameless.csv")["text"].tolist() == [*labels["text"][:2], "", ""]


def test_labels_without_links_all_count(tmp_path: Path, labels: pd.DataFrame) -> None:
    path = tmp_path / "labels.csv"
    labels.drop(columns=["image_link", "text"]).to_csv(path, index=False)
    assert len(read_labels(path, path)) == 2 * len(labels)
