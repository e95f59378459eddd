"""The cross-validation: nothing about the rows to be predicted reaches the model that predicts them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import labelled
from hybridml.datasets import folds
from hybridml.ranking.embedding_pca import EmbeddingPCA
from hybridml.ranking.model import ModelSettings
from hybridml.ranking.ranker import RankerSettings
from hybridml.vision.text_line import OCRResult
from tests.helpers.fakes import draw_lines
from tests.helpers.lines import line

SETTINGS = ModelSettings(components=2, folds=3, ranker=RankerSettings(n_estimators=25, seeds=1))


@pytest.fixture(scope="module")
def data() -> labelled.Data:
    rng = np.random.default_rng(0)
    entities = ["item_weight", "item_volume", "width", "height"]
    rows, ocr_results, vectors = [], {}, {}
    for i in range(90):
        lines, answer = draw_lines(rng, entities[i % 4])
        # every third row is of the photo of the row before: group and photo together link rows
        key = f"p{i - 1 if i % 3 == 2 else i}.jpg"
        ocr_results.setdefault(key, OCRResult(tuple(lines), 1000, 1000))
        vectors.setdefault(key, rng.normal(size=6).astype(np.float32))
        rows.append((i, key, str(i // 3 % 13), entities[i % 4], answer))
    frame = pd.DataFrame(rows, columns=["index", "image_link", "group_id", "entity_name", "entity_value"])
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    return labelled.Data(frame, fold, list(frame["image_link"]), ocr_results, vectors, 0.0)


def answers_of(data: labelled.Data, k: int) -> list:
    _, answers = labelled.ranker(data, "ranker", SETTINGS)
    return [answers[i] for i in np.flatnonzero(data.fold == k)]


def test_folds_share_no_group_and_no_photo(data: labelled.Data) -> None:
    for column in ("group_id", "image_link"):
        assert (pd.Series(data.fold).groupby(data.frame[column].to_numpy()).nunique() == 1).all()


def test_poisoned_labels_of_the_validation_rows_change_no_answer(data: labelled.Data) -> None:
    k = int(data.fold[0])
    held = data.fold == k
    poisoned = data.frame.assign(
        entity_value=np.where(held, "12345.0 gram", data.frame["entity_value"].to_numpy(dtype=object))
    )
    assert answers_of(replace(data, frame=poisoned), k) == answers_of(data, k)


def test_poisoned_photos_of_the_validation_rows_change_no_model(data: labelled.Data) -> None:
    train = data.fold != data.fold[0]
    held = {data.keys[i] for i in np.flatnonzero(~train)}
    junk = OCRResult((line("Net weight 1 g"), line("Width 1 cm", 0, 500)), 1000, 1000)
    poisoned = replace(
        data,
        ocr_results={k: junk if k in held else r for k, r in data.ocr_results.items()},
        vectors={k: v * 1e6 if k in held else v for k, v in data.vectors.items()},
    )
    one, other = (labelled.fit(d, train, SETTINGS) for d in (data, poisoned))
    assert one.ranker.models_ == other.ranker.models_
    assert one.embedding_pca is not None
    assert other.embedding_pca is not None
    np.testing.assert_array_equal(one.embedding_pca.components, other.embedding_pca.components)
    np.testing.assert_array_equal(one.calibrator.coefficients, other.calibrator.coefficients)
    assert one.training["fingerprint"] == other.training["fingerprint"]


def test_a_leak_would_be_seen(data: labelled.Data) -> None:
    """The poison is strong enough: it changes a model that is fitted on it."""
    everything = np.ones(len(data.frame), dtype=bool)
    poisoned = replace(data, frame=data.frame.assign(entity_value="12345.0 gram"))
    with pytest.raises(Exception, match="nothing to learn"):
        labelled.fit(poisoned, everything, SETTINGS)
    strong = replace(
        data, vectors={k: v * (1e3 if i % 2 else 1) for i, (k, v) in enumerate(data.vectors.items())}
    )
    one, other = (labelled.fit(d, everything, SETTINGS) for d in (data, strong))
    assert isinstance(one.embedding_pca, EmbeddingPCA)
    assert not np.array_equal(one.embedding_pca.components, other.embedding_pca.components)


def test_out_of_fold_rows_inside_the_model_share_nothing_with_their_ranker(data: labelled.Data) -> None:
    """Calibration is out of fold too: poisoned labels of an inner fold do not change that fold's answers."""
    frame = data.frame
    inner = np.asarray(folds.assign_folds(frame, SETTINGS.folds, SETTINGS.random_state))
    held = inner == 0
    values = np.where(held, "12345.0 gram", frame["entity_value"].to_numpy(dtype=object))
    everything = np.ones(len(frame), dtype=bool)
    clean = labelled.fit(data, everything, SETTINGS).out_of_fold.set_index("index")
    dirty = labelled.fit(
        replace(data, frame=frame.assign(entity_value=values)), everything, SETTINGS
    ).out_of_fold
    dirty = dirty.set_index("index")
    rows = frame["index"][held]
    assert list(clean.loc[rows, "prediction"]) == list(dirty.loc[rows, "prediction"])
    assert set(dirty.loc[rows, "outcome"]) == {"wrong"}
