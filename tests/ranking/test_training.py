"""Training: how far rows with weak labels are trusted, and what the trained model keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.tune import without
from hybridml import EntityExtractor
from hybridml.artifact import serialize
from hybridml.errors import HybridmlError
from hybridml.ranking.model import ModelSettings
from hybridml.ranking.ranker import RankerSettings
from hybridml.ranking.training import TrainingData, train
from hybridml.vision.text_line import OCRResult
from tests.helpers.fakes import OPTIONS, draw_lines, write_rows

SETTINGS = ModelSettings(folds=3, ranker=RankerSettings(n_estimators=30, seeds=1))


@pytest.fixture(scope="module")
def rows() -> tuple[pd.DataFrame, list[str], list[tuple[str, OCRResult]]]:
    rng = np.random.default_rng(1)
    entities = ["item_weight", "item_volume", "width", "height"]
    table, ocr_results = [], []
    for i in range(240):
        lines, answer = draw_lines(rng, entities[i % 4])
        ocr_results.append((f"p{i}.jpg", OCRResult(tuple(lines), 1000, 1000)))
        table.append((i, f"p{i}.jpg", str(i // 2 % 20), entities[i % 4], answer, i >= 60))
    columns = ["index", "image_link", "group_id", "entity_name", "entity_value", "weak"]
    frame = pd.DataFrame(table, columns=columns)
    return frame, list(frame["image_link"]), ocr_results


def test_misleading_weak_labels_lose_their_weight(rows) -> None:
    frame, keys, ocr_results = rows
    wrong = frame["weak"] & frame["entity_name"].isin(["width", "height"])
    swapped = frame.assign(
        entity_value=np.where(wrong, "1 inch", frame["entity_value"].to_numpy(dtype=object))
    )
    # the weak label of a width is always the height
    by_photo = dict(ocr_results)
    for i in np.flatnonzero(wrong):
        other = "height" if frame["entity_name"][i] == "width" else "width"
        text = next(t.text for t in by_photo[keys[i]].lines if t.text.lower().startswith(other))
        swapped.loc[i, "entity_value"] = f"{text.split()[1]} centimetre"
    model = train(TrainingData(swapped, keys, ocr_results, settings=SETTINGS))
    assert model.weak_weight["width"] == 0
    assert model.weak_weight["height"] == 0
    assert model.learned.weak
    assert model.training["rows_with_weak_labels"] == 180


def test_weak_labels_are_not_calibrated_on(rows) -> None:
    frame, keys, ocr_results = rows
    model = train(TrainingData(frame, keys, ocr_results, settings=replace(SETTINGS, weak_weight={})))
    assert set(model.out_of_fold["index"]) <= set(frame["index"][:60])


def test_leaving_a_block_out_later_is_the_same_as_never_describing_it(rows) -> None:
    frame, keys, ocr_results = rows
    whole = TrainingData(frame, keys, ocr_results, settings=SETTINGS)
    every = whole.out_of_fold({}, SETTINGS.ranker)
    fewer = replace(SETTINGS, blocks=tuple(name for name in SETTINGS.blocks if name != "layout"))
    fresh = TrainingData(frame, keys, ocr_results, settings=fewer).out_of_fold({}, SETTINGS.ranker)
    np.testing.assert_array_equal(without(whole, ["layout"]).out_of_fold({}, SETTINGS.ranker), fresh)
    assert not np.array_equal(every, fresh)
    np.testing.assert_array_equal(whole.out_of_fold({}, SETTINGS.ranker), every)


def test_weak_labels_alone_are_an_error(rows) -> None:
    frame, keys, ocr_results = rows
    with pytest.raises(HybridmlError, match="every row has a weak label"):
        TrainingData(frame.assign(weak=True), keys, ocr_results, settings=SETTINGS)


# ---------------------------------------------------------------- in the extractor


def test_an_extractor_learns_from_weak_labels_and_from_labels_alone(tmp_path: Path) -> None:
    own, more = write_rows(tmp_path / "a", 48, 0), write_rows(tmp_path / "b", 48, 1)
    table = tmp_path / "labels.csv"
    pd.concat([own, more])[["image_link", "group_id", "entity_name", "entity_value"]].to_csv(
        table, index=False
    )
    extractor = EntityExtractor(
        images=[tmp_path / "a" / "images", tmp_path / "b" / "images"], store=tmp_path / "store", **OPTIONS
    ).fit(own, weak_labels=more, labels=table)
    facts = extractor.model_.training
    assert (facts["rows"], facts["rows_with_weak_labels"], facts["labels"], facts["photos"]) == (
        96,
        48,
        96,
        96,
    )
    loaded = serialize.load(serialize.save(extractor, tmp_path / "m.joblib"))
    loaded.set_params(images=extractor.images, store=extractor.store, workers=1)
    assert loaded.model_.weak_weight == extractor.model_.weak_weight
    pd.testing.assert_frame_equal(loaded.predict(own), extractor.predict(own))
