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
from hybridml.candidates.features import DEFAULT_BLOCKS, PhotoContext, column_names, describe
from hybridml.candidates.features.column import PhraseContext
from hybridml.candidates.find import find_candidates
from hybridml.entities import default_entities
from hybridml.prediction.explain import column_name, phrase_of
from hybridml.prediction.explain.explanation import Explanation
from hybridml.prediction.explain.reasons import BEST, JOINT, MAX_REASONS
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import TextLine
from tests.helpers.fakes import OPTIONS, write_photo, write_rows
from tests.helpers.lines import line, ocr_result

SCHEMA = default_entities()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explained")


@pytest.fixture(scope="module")
def fitted(folder: Path) -> EntityExtractor:
    return EntityExtractor(folder / "images", folder / "store", **OPTIONS).fit(write_rows(folder, 80))


@pytest.fixture(scope="module")
def rows(folder: Path) -> pd.DataFrame:
    """Return rows not trained on; the last three: no number on the photo, no photo, an unknown entity."""
    frame = write_rows(folder, 24, seed=1)
    write_photo(folder / "images" / "photo1_21.png", [line("no number here", 50, 50)])
    (folder / "images" / "photo1_22.png").unlink()
    frame.loc[23, "entity_name"] = "colour"
    return frame


@pytest.fixture(scope="module")
def explained(fitted: EntityExtractor, rows: pd.DataFrame) -> list[Explanation]:
    return fitted.explain(rows)


def test_answers_are_those_of_predict_to_the_last_digit(
    fitted: EntityExtractor, rows: pd.DataFrame, explained: list[Explanation]
) -> None:
    expected = fitted.predict(rows)
    assert [each.index for each in explained] == list(expected["index"])
    for name in ("prediction", "confidence", "box", "text", "runner_ups", "candidates"):
        assert [getattr(each.answer, name) for each in explained] == list(expected[name]), name
    assert [each.problem for each in explained] == list(expected["problem"])
    assert sum(bool(each.problem) for each in explained) == 2


def test_every_quantity_is_considered_best_first(explained: list[Explanation]) -> None:
    for each in explained:
        quantities = [(c.candidate.value, c.candidate.unit) for c in each.considered]
        assert len(set(quantities)) == len(quantities) == len(each.answer.candidates)
        confidences = [c.confidence for c in each.considered]
        assert sum(confidences) <= 1 + 1e-9
        assert confidences[1:] == sorted(confidences[1:], reverse=True)
        if each.answer.prediction:
            assert quantities[0] == (each.answer.value, each.answer.unit)
            assert confidences[0] == each.answer.confidence
            assert each.considered[0].candidate.box == each.answer.box
    assert max(len(each.considered) for each in explained) >= 2


def test_the_best_have_reasons_the_strongest_first(explained: list[Explanation]) -> None:
    for each in explained:
        for i, considered in enumerate(each.considered):
            strength = [abs(reason.contribution) for reason in considered.reasons]
            assert strength == sorted(strength, reverse=True)
            assert len({reason.words for reason in considered.reasons}) == len(strength) <= MAX_REASONS
            assert bool(strength) == (i < BEST)


def test_reasons_favour_the_answer(explained: list[Explanation]) -> None:
    """'Net weight 500 g' beside 'sugar 8 g': the reasons of the first weigh more than those of the second."""
    pairs = [each for each in explained if each.entity == "item_weight" and len(each.considered) > 1]
    assert pairs
    for each in pairs:
        best, second = (sum(r.contribution for r in c.reasons) for c in each.considered[:2])
        assert best > second


def test_contributions_add_up_to_the_score(
    fitted: EntityExtractor, rows: pd.DataFrame, explained: list[Explanation]
) -> None:
    ranker = fitted.model_.ranker
    X = np.random.default_rng(0).normal(size=(7, len(ranker.columns_))).astype(np.float32)
    parts = ranker.contributions(X)
    assert parts.shape == (7, len(ranker.columns_) + 1)
    np.testing.assert_allclose(parts.sum(axis=1), ranker.score(X), atol=1e-9)


def test_columns_that_all_candidates_share_are_no_reason(explained: list[Explanation]) -> None:
    for each in explained:
        if len(each.considered) > 1:
            features = {reason.feature for c in each.considered for reason in c.reasons}
            assert not features & {"layout.lines", "comparison.count", "layout.photo_pixels", "form.entity"}


def test_joint_scoring_is_a_reason(fitted: EntityExtractor, explained: list[Explanation]) -> None:
    widths = [e for e in explained if e.entity in ("width", "height")]
    given = [r for e in widths for c in e.considered for r in c.reasons if r.feature == JOINT]
    assert given
    assert all(r.contribution <= 0 for r in given)


def test_what_a_row_is_about(
    rows: pd.DataFrame, explained: list[Explanation], fitted: EntityExtractor
) -> None:
    first = explained[0]
    assert (first.photo, first.group) == ("photo1_0.png", "1-0")
    assert first.truth == rows["entity_value"][0]
    assert Path(first.path).name == "photo1_0.png"
    assert len(first.key) == 64
    assert not first.trained
    missing = explained[22]
    assert (missing.path, missing.photo_features, missing.considered) == ("", None, ())
    assert missing.ocr_result is None
    assert explained[21].ocr_result is not None
    unlabelled = fitted.explain(rows.drop(columns="entity_value")[:1])[0]
    assert unlabelled.truth is None


def test_rows_trained_on_are_known(fitted: EntityExtractor, folder: Path) -> None:
    assert all(each.trained for each in fitted.explain(write_rows(folder, 8)))


def test_the_second_pass_answers_where_the_first_finds_nothing(fitted: EntityExtractor) -> None:
    first, second = (ocr_result([line(text, 50, 50)]) for text in ("no unit", "Net weight 500 g"))
    photos = [("a", PhotoFeatures(first, second_pass=second))]
    [described] = fitted.model_.describe(["a"], ["item_weight"], photos)
    [(_, ranked)] = fitted.model_.rank(described)
    assert ranked.second_pass
    assert ranked.answer.text == "Net weight 500 g"


def test_every_column_has_a_name_in_words() -> None:
    columns = {*hybridml.load(pretrained.MODEL).model_.ranker.columns_, *column_names(DEFAULT_BLOCKS, SCHEMA)}
    assert [column for column in sorted(columns) if column_name(column) == column] == []


def test_every_value_has_a_phrase() -> None:
    texts = (
        "Net weight 500 g",
        "10 x 20 x 5 cm",
        "2 - 4 kg",
        "Unit: mm",
        "W 30",
        "12 oz (340 g)",
        "max. 230 V",
    )
    result = ocr_result(line(text, 50, 60 * (i + 1)) for i, text in enumerate(texts))
    photo = PhotoContext(result, SCHEMA, number_classes=np.full((len(texts), 9), 1 / 9))
    phrases = set()
    for entity in SCHEMA.entities.values():
        candidates, described = describe(photo, entity)
        for i, candidate in enumerate(candidates):
            context = PhraseContext(candidate, entity, result, SCHEMA)
            phrases |= {phrase_of(column, float(values[i]), context) for column, values in described.items()}
    assert all(phrases)
    assert not any("{" in phrase for phrase in phrases)
    assert len(phrases) > 200
    assert {"the text beside it says 'net weight'", "it is the lower end of a range"} <= phrases


def weight(*lines: TextLine) -> PhraseContext:
    """Return the context of the first candidate in ``lines``, as an item weight."""
    result = ocr_result(lines)
    return PhraseContext(find_candidates(result, SCHEMA)[0], SCHEMA.entity("item_weight"), result, SCHEMA)


def test_phrases_name_the_nearest_word() -> None:
    context = weight(line("shipping weight", 50, 900), line("net weight", 50, 50), line("500 g", 50, 90))
    assert phrase_of("keywords.own_near", 1.5, context) == "'net weight' stands 1.5 letter heights away"
    assert phrase_of("keywords.gross_near", 12.0, context) == "'shipping' stands 12.0 letter heights away"
    assert phrase_of("keywords.gross_near", 99.0, context) == "no word such as 'gross' stands on the photo"


@pytest.mark.parametrize(
    ("column", "value", "phrase"),
    [
        ("number_class.own_lead", math.nan, "the number classifier did not run on it"),
        ("unit_pairs.gap", math.nan, "it is not given in a second unit"),
        ("layout.font", math.nan, "height of its letters: not known"),
        ("comparison.to_largest", -0.30103, "the largest quantity is 2 times as large"),
        ("comparison.to_smallest", 1.0, "it is 10 times as large as the smallest quantity"),
        ("comparison.to_middle", 0.0, "it is the median quantity"),
        ("comparison.larger", 1.0, "one larger quantity"),
        ("prior.exact", math.log(0.02), "2 % of item weight labels in its unit are exactly 500"),
        ("unit_preference.unit", 1.1, "of pairs written like this, 75 % of labels take its unit"),
        ("image.3", 0.5, "the photo as a whole, component 3: 0.5"),
        ("my.column", 2.5, "my.column: 2.5"),
    ],
)
def test_phrases_say_what_a_value_means(column: str, value: float, phrase: str) -> None:
    assert phrase_of(column, value, weight(line("500 g", 50, 50))) == phrase
