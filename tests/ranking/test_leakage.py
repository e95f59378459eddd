"""Leakage: poisoning the validation rows, in every table that is learned from, changes no prediction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import labelled
from hybridml.datasets import folds
from hybridml.ranking.dimension_order import DimensionOrder
from hybridml.ranking.label_priors import label_table
from hybridml.ranking.model import ModelSettings
from hybridml.ranking.ranker import RankerSettings
from hybridml.ranking.training import TrainingData
from hybridml.vision.number_classifier import CLASSES
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import OCRResult
from tests.helpers.fakes import draw_lines
from tests.helpers.lines import line

SETTINGS = ModelSettings(components=2, folds=3, ranker=RankerSettings(n_estimators=25, seeds=1))
COLUMNS = ["index", "image_link", "group_id", "entity_name", "entity_value"]


def photo(rng: np.random.Generator, entity: str) -> tuple[PhotoFeatures, str]:
    lines, answer = draw_lines(rng, entity)
    number_classes = rng.dirichlet(np.ones(len(CLASSES)), len(lines)).astype(np.float32)
    return PhotoFeatures(OCRResult(tuple(lines), 1000, 1000), number_classes), answer


@pytest.fixture(scope="module")
def data() -> labelled.Data:
    """Rows, rows with weak labels that share groups or photos with them, and the labels of both."""
    rng = np.random.default_rng(0)
    entities = ["item_weight", "item_volume", "width", "height"]
    found: dict[str, PhotoFeatures] = {}
    tables: list[list[tuple[int, str, str, str, str]]] = [[], []]
    for i in range(150):
        own = i < 90
        key = f"p{i}.jpg"
        found[key], answer = photo(rng, entities[i % 4])
        group = str(i // 3 % 13) if own or i % 2 else f"other {i // 4}"
        tables[not own].append((i, key, group, entities[i % 4], answer))
        if not own and i % 5 == 0:
            # the same photo in both tables, in another group
            tables[1].append((1000 + i, f"p{i - 90}.jpg", f"odd {i}", entities[i % 4], answer))
    frame, weak = (pd.DataFrame(rows, columns=COLUMNS) for rows in tables)
    vectors = {k: rng.normal(size=6).astype(np.float32) for k in found}
    labels = pd.concat([frame, weak] * 8, ignore_index=True)[COLUMNS[1:]]
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    keys, other_keys = list(frame["image_link"]), list(weak["image_link"])
    return labelled.Data(frame, fold, keys, found, vectors, 0.0, weak, other_keys, labels)


def shared(table: pd.DataFrame, data: labelled.Data, k: int) -> np.ndarray:
    return folds.rows_sharing(table, data.frame[data.fold == k])


def answers(data: labelled.Data, k: int) -> list:
    _, found = labelled.ranker(data, "ranker", SETTINGS, only=k)
    return [found[i] for i in np.flatnonzero(data.fold == k)]


POISON = "12345.0 gram"


@pytest.mark.parametrize("table", ["frame", "weak_labels", "labels"])
def test_poisoned_rows_that_share_with_the_validation_part_change_no_answer(
    data: labelled.Data, table: str
) -> None:
    k = int(data.fold[0])
    rows = getattr(data, table)
    hit = shared(rows, data, k)
    assert 0 < hit.sum() < len(rows)
    values = rows["entity_value"].to_numpy(dtype=object)
    poisoned = replace(data, **{table: rows.assign(entity_value=np.where(hit, POISON, values))})
    assert answers(poisoned, k) == answers(data, k)


@pytest.mark.parametrize("table", ["frame", "weak_labels", "labels"])
def test_poison_in_other_rows_changes_the_model(data: labelled.Data, table: str) -> None:
    """The counterpart: these rows may be learned from."""
    k = int(data.fold[0])
    rows = getattr(data, table)
    hit = ~shared(rows, data, k)
    values = rows["entity_value"].to_numpy(dtype=object)
    other = np.where(rows["entity_name"] == "item_weight", "1 kilogram", values)
    poisoned = replace(data, **{table: rows.assign(entity_value=np.where(hit, other, values))})
    one, two = (labelled.fit(d, data.fold != k, SETTINGS) for d in (data, poisoned))
    assert one.ranker.models_ != two.ranker.models_


def test_features_of_validation_photos_change_no_model(data: labelled.Data) -> None:
    k = int(data.fold[0])
    held = set(data.frame["image_link"][data.fold == k])
    junk = PhotoFeatures(OCRResult((line("Net weight 1 g"), line("Width 1 cm", 0, 500)), 1000, 1000))
    poisoned = replace(
        data, ocr_results={key: junk if key in held else s for key, s in data.ocr_results.items()}
    )
    one, two = (labelled.fit(d, data.fold != k, SETTINGS) for d in (data, poisoned))
    assert one.ranker.models_ == two.ranker.models_
    assert one.weak_weight == two.weak_weight
    np.testing.assert_array_equal(one.calibrator.coefficients, two.calibrator.coefficients)


def with_texts(data: labelled.Data) -> pd.DataFrame:
    """Return the labels and more of the same groups, with texts that give the label in two units."""
    rows = [
        (f"t{i}.jpg", str(i % 13), "width", f"{i}.0 inch" if i % 3 else f"{2.54 * i:.2f} centimetre", text)
        for i in range(3, 900)
        for text in [f"{i} in / {2.54 * i:.2f} cm" if i % 3 else f"{i} in/{2.54 * i:.2f} cm"]
    ]
    more = pd.DataFrame(rows, columns=[*COLUMNS[1:], "text"])
    return pd.concat([data.labels, more], ignore_index=True).fillna("")


@pytest.mark.parametrize("of_validation", [True, False])
def test_poisoned_labels_with_texts_of_validation_groups_change_no_unit_preference(
    data: labelled.Data, of_validation: bool
) -> None:
    k = int(data.fold[0])
    clean = with_texts(data)
    hit = shared(clean, data, k) == of_validation
    assert 0 < (hit & (clean["text"] != "")).sum() < (clean["text"] != "").sum()
    halves = clean["text"].str.extract(r"^(\d+) in ?/ ?([\d.]+) cm$")
    inch = clean["entity_value"].str.endswith("inch")
    other = np.where(inch, halves[1] + " centimetre", halves[0] + ".0 inch")
    flipped = clean.assign(entity_value=np.where(hit & (clean["text"] != ""), other, clean["entity_value"]))
    one, two = (
        labelled.fit(replace(data, labels=labels), data.fold != k, SETTINGS).learned.unit_preference
        for labels in (clean, flipped)
    )
    assert one is not None
    assert (one == two) == of_validation


def with_pairs(data: labelled.Data) -> pd.DataFrame:
    """Return the labels and more of the same groups, of photos that have a width and a greater depth."""
    rows = [
        (f"d{i}.jpg", str(i % 13), name, f"{size}.0 inch")
        for i in range(260)
        for name, size in (("width", 4), ("depth", 6 + i % 7))
    ]
    return pd.concat([data.labels, pd.DataFrame(rows, columns=COLUMNS[1:])], ignore_index=True)


@pytest.mark.parametrize("of_validation", [True, False])
def test_poisoned_pairs_of_validation_groups_change_no_dimension_order(
    data: labelled.Data, of_validation: bool
) -> None:
    k = int(data.fold[0])
    clean = with_pairs(data)
    paired = clean["image_link"].str.startswith("d")
    hit = (shared(clean, data, k) == of_validation) & paired
    assert 0 < hit.sum() < paired.sum()
    turned = clean["entity_name"].map({"width": "depth", "depth": "width"})
    flipped = clean.assign(entity_name=np.where(hit, turned, clean["entity_name"]))
    one, two = (
        labelled.fit(replace(data, labels=labels), data.fold != k, SETTINGS).dimension_order
        for labels in (clean, flipped)
    )
    assert one.pairs
    assert (one == two) == of_validation


def test_each_fold_of_the_calibration_counts_pairs_of_its_own(data: labelled.Data) -> None:
    labels = with_pairs(data)
    rows = (data.frame, data.keys, data.ocr_results.items(), {}, labels)
    training = TrainingData(*rows, settings=SETTINGS)
    held = data.fold == data.fold[0]
    apart = labels[~folds.rows_sharing(labels, data.frame[held])]
    found = training.learn(held)[1]
    assert found == DimensionOrder.fit(label_table(apart, training.schema), training.schema)
    assert 0 < found.pairs < training.learn(np.zeros_like(held))[1].pairs
