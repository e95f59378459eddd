"""Explanations: the answers of ``predict`` with what was considered, and reasons that add up to the score."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hybridml
from hybridml import EntityExtractor
from hybridml.artifact import pretrained
from hybridml.candidates.features import DEFAULT_BLOCKS, PhotoView, column_names, describe
from hybridml.candidates.find import find_candidates
from hybridml.entities import default_entities
from hybridml.prediction.explain import JOINT, Told, column_words, words_of
from hybridml.prediction.explain.explanation import BEST, REASONS, Explanation
from hybridml.ranking.model import Ranked
from hybridml.vision.text_line import OCRResult
from tests.helpers.fakes import OPTIONS, write_photo, write_rows
from tests.helpers.lines import line

SCHEMA = default_entities()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explained")


@pytest.fixture(scope="module")
def fitted(folder: Path) -> EntityExtractor:
    return EntityExtractor(folder / "images", folder / "store", **OPTIONS).fit(write_rows(folder, 80))


@pytest.fixture(scope="module")
def rows(folder: Path) -> pd.DataFrame:
    """Return rows not trained on: the last but two shows nothing, of one photo is missing, one asks nonsense."""
    frame = write_rows(folder, 24, seed=1)
    write_photo(folder / "images" / "photo1_21.png", [line("no number here", 50, 50)])
    (folder / "images" / "photo1_22.png").unlink()
    frame.loc[23, "entity_name"] = "colour"
    return frame


@pytest.fixture(scope="module")
def told(fitted: EntityExtractor, rows: pd.DataFrame) -> list[Explanation]:
    return fitted.explain(rows)


def test_answers_are_those_of_predict_to_the_last_digit(
    fitted: EntityExtractor, rows: pd.DataFrame, told: list[Explanation]
) -> None:
    expected = fitted.predict(rows)
    assert [each.index for each in told] == list(expected["index"])
    for name in ("prediction", "confidence", "box", "text", "runner_ups", "candidates"):
        assert [getattr(each.answer, name) for each in told] == list(expected[name]), name
    assert [each.problem for each in told] == list(expected["problem"])
    assert sum(bool(each.problem) for each in told) == 2


def test_every_quantity_is_considered_best_first(told: list[Explanation]) -> None:
    for each in told:
        quantities = [(c.candidate.value, c.candidate.unit) for c in each.considered]
        assert len(set(quantities)) == len(quantities) == len(each.answer.candidates)
        confidences = [c.confidence for c in each.considered]
        assert sum(confidences) <= 1 + 1e-9
        assert confidences[1:] == sorted(confidences[1:], reverse=True)
        if each.answer.prediction:
            assert quantities[0] == (each.answer.value, each.answer.unit)
            assert confidences[0] == each.answer.confidence
            assert each.considered[0].candidate.box == each.answer.box
    assert max(len(each.considered) for each in told) >= 2


def test_the_best_have_reasons_the_strongest_first(told: list[Explanation]) -> None:
    for each in told:
        for i, considered in enumerate(each.considered):
            strength = [abs(reason.contribution) for reason in considered.reasons]
            assert strength == sorted(strength, reverse=True)
            assert len({reason.words for reason in considered.reasons}) == len(strength) <= REASONS
            assert bool(strength) == (i < BEST)


def test_what_decides_speaks_for_the_answer(told: list[Explanation]) -> None:
    """'Net weight 500 g' beside 'sugar 8 g': the reasons of the first weigh more than those of the second."""
    pairs = [each for each in told if each.entity == "item_weight" and len(each.considered) > 1]
    assert pairs
    for each in pairs:
        best, second = (sum(r.contribution for r in c.reasons) for c in each.considered[:2])
        assert best > second


def test_contributions_add_up_to_the_score(
    fitted: EntityExtractor, rows: pd.DataFrame, told: list[Explanation]
) -> None:
    ranker = fitted.model_.ranker
    X = np.random.default_rng(0).normal(size=(7, len(ranker.columns_))).astype(np.float32)
    parts = ranker.contributions(X)
    assert parts.shape == (7, len(ranker.columns_) + 1)
    np.testing.assert_allclose(parts.sum(axis=1), ranker.score(X), atol=1e-9)
    assert ranker.contributions(X[:0]).shape == (0, len(ranker.columns_) + 1)


def test_columns_that_all_candidates_share_are_no_reason(told: list[Explanation]) -> None:
    for each in told:
        if len(each.considered) > 1:
            features = {reason.feature for c in each.considered for reason in c.reasons}
            assert not features & {"layout.lines", "comparison.count", "layout.photo_pixels", "form.entity"}


def test_weighing_dimensions_together_is_a_reason(fitted: EntityExtractor, told: list[Explanation]) -> None:
    widths = [e for e in told if e.entity in ("width", "height")]
    given = [r for e in widths for c in e.considered for r in c.reasons if r.feature == JOINT]
    assert given
    assert all(r.contribution <= 0 for r in given)


def test_what_a_row_is_about(rows: pd.DataFrame, told: list[Explanation], fitted: EntityExtractor) -> None:
    first = told[0]
    assert (first.photo, first.group) == ("photo1_0.png", "1-0")
    assert first.truth == rows["entity_value"][0]
    assert Path(first.path).name == "photo1_0.png"
    assert len(first.key) == 64
    assert not first.trained
    missing = told[22]
    assert (missing.path, missing.seen, missing.considered) == ("", None, ())
    assert missing.ocr_result is None
    assert told[21].ocr_result is not None
    unlabelled = fitted.explain(rows.drop(columns="entity_value")[:1])[0]
    assert unlabelled.truth is None


def test_rows_trained_on_are_known(fitted: EntityExtractor, folder: Path) -> None:
    assert all(each.trained for each in fitted.explain(write_rows(folder, 8)))


def test_an_explanation_answers_from_the_reading_it_names() -> None:
    model = hybridml.load(pretrained.MODEL).model_
    from hybridml.vision.photo_features import PhotoFeatures

    seen = PhotoFeatures(
        OCRResult((line("no unit", 50, 50),), 1000, 1000),
        second=OCRResult((line("Net weight 500 g", 50, 50),), 1000, 1000),
    )
    found: list[Ranked] = [each for _, each in model.ranked(["a"], ["item_weight"], [("a", seen)])]
    assert found[0].second
    assert found[0].answer.text == "Net weight 500 g"


def test_every_column_has_words() -> None:
    columns = {*hybridml.load(pretrained.MODEL).model_.ranker.columns_, *column_names(DEFAULT_BLOCKS, SCHEMA)}
    assert [column for column in sorted(columns) if column_words(column) == column] == []


def test_every_value_has_words() -> None:
    texts = [
        "Net weight 500 g",
        "10 x 20 x 5 cm",
        "2 - 4 kg",
        "Unit: mm",
        "W 30",
        "12 oz (340 g)",
        "max. 230 V",
    ]
    ocr_result = OCRResult(tuple(line(t, 50, 60 * (i + 1)) for i, t in enumerate(texts)), 1000, 1000)
    photo = PhotoView(ocr_result, SCHEMA, regions=np.full((len(texts), 9), 1 / 9))
    clauses = set()
    for entity in SCHEMA.entities.values():
        candidates, described = describe(photo, entity)
        for i, candidate in enumerate(candidates):
            for column, values in described.items():
                said = words_of(column, float(values[i]), Told(candidate, entity, ocr_result, SCHEMA))
                assert said
                assert "{" not in said
                clauses.add(said)
    assert len(clauses) > 200
    assert "the text beside it says 'net weight'" in clauses
    assert "it is the lower end of a range" in clauses


def test_words_name_the_nearest_word() -> None:
    ocr_result = OCRResult(
        (line("shipping weight", 50, 900), line("net weight", 50, 50), line("500 g", 50, 90)), 1000, 1000
    )
    told = Told(find_candidates(ocr_result, SCHEMA)[0], SCHEMA.entity("item_weight"), ocr_result, SCHEMA)
    assert words_of("keywords.own_near", 1.5, told) == "'net weight' stands 1.5 letter heights away"
    assert words_of("keywords.gross_near", 12.0, told) == "'shipping' stands 12.0 letter heights away"
    assert words_of("keywords.gross_near", 99.0, told) == "no word such as 'gross' stands on the photo"


def test_what_is_not_known_or_smaller_is_said_plainly() -> None:
    ocr_result = OCRResult((line("500 g", 50, 50),), 400, 300)
    entity = SCHEMA.entity("item_weight")
    told = Told(find_candidates(ocr_result, SCHEMA)[0], entity, ocr_result, SCHEMA)
    assert words_of("number_class.own_lead", math.nan, told) == "the region network did not look at it"
    assert words_of("comparison.to_largest", -0.30103, told) == "the largest quantity is 2 times as large"
    assert words_of("comparison.to_smallest", 1.0, told) == "it is 10 times as large as the smallest quantity"
    assert words_of("comparison.to_middle", 0.0, told) == "it is of the median size"
