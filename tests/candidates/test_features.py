"""Features: finite, declared, aligned with their candidates, and true to their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridml.candidates.features import (
    BLOCKS,
    COLUMNS,
    DEFAULT_BLOCKS,
    PhotoContext,
    column_names,
    describe,
    find_column,
    get_block,
    unit_pairs,
)
from hybridml.candidates.features.keywords import FAR_AWAY
from hybridml.candidates.features.photo_context import word_pattern
from hybridml.entities import default_entities
from hybridml.errors import HybridmlError
from hybridml.quantity.unit_pairs import PAIR_COLUMNS as DESCRIBED
from tests.helpers.lines import line, ocr_result

SCHEMA = default_entities()


def columns(entity: str, *lines, **size: int) -> tuple[list, dict[str, np.ndarray]]:
    return describe(PhotoContext(ocr_result(lines, **size), SCHEMA), SCHEMA.entity(entity))


def feature(name: str, entity: str, *lines) -> dict[float, float]:
    """Return a feature by the candidate's value, for candidates read without repair."""
    candidates, made = columns(entity, *lines)
    return {c.value: float(v) for c, v in zip(candidates, made[name], strict=True) if not c.repaired}


DRAWING = (
    line("Width 30 cm", 100, 800),
    line("Height: 50 cm", 700, 300),
    line("20 cm", 100, 100, 40),
)


def test_every_block_describes_every_candidate() -> None:
    candidates, made = columns("width", *DRAWING)
    assert all(len(values) == len(candidates) for values in made.values())
    assert {name.split(".")[0] for name in made} == set(BLOCKS)
    assert list(made) == column_names(DEFAULT_BLOCKS, SCHEMA)


def test_columns_are_those_that_the_blocks_declare() -> None:
    names = column_names(DEFAULT_BLOCKS, SCHEMA)
    assert [name for name in names if name in COLUMNS] == list(COLUMNS)
    assert [column.name for name in names if (column := find_column(name))] == names
    assert tuple(f"unit_pairs.{name}" for name in DESCRIBED) == unit_pairs.NAMES


def test_no_candidate_no_columns() -> None:
    assert columns("voltage", *DRAWING) == ([], {})
    assert columns("voltage") == ([], {})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("keywords.own_before", {30.0: 1.0, 50.0: FAR_AWAY, 20.0: FAR_AWAY}),
        ("keywords.rival_before", {30.0: FAR_AWAY, 50.0: 2.0, 20.0: FAR_AWAY}),
        ("keywords.own_count", {30.0: 1.0, 50.0: 1.0, 20.0: 1.0}),
        ("comparison.larger", {30.0: 1.0, 50.0: 0.0, 20.0: 2.0}),
        ("comparison.smaller", {30.0: 1.0, 50.0: 2.0, 20.0: 0.0}),
        ("comparison.larger_font", {30.0: 1.0, 50.0: 1.0, 20.0: 0.0}),
        ("comparison.distinct", {30.0: 3.0, 50.0: 3.0, 20.0: 3.0}),
        ("layout.font", {30.0: 0.02, 50.0: 0.02, 20.0: 0.04}),
        ("form.whole", {30.0: 1.0, 50.0: 1.0, 20.0: 1.0}),
    ],
)
def test_features_are_true_to_their_names(name: str, expected: dict[float, float]) -> None:
    assert feature(name, "width", *DRAWING) == pytest.approx(expected)


def test_the_same_words_speak_for_one_entity_and_against_another() -> None:
    own, rival = (feature(f"keywords.{kind}_near", "height", *DRAWING) for kind in ("own", "rival"))
    assert own[50.0] < rival[50.0]
    assert rival[30.0] < own[30.0]


def test_a_quantity_in_two_units_is_a_pair() -> None:
    lines = (line("12 oz / 340 g"), line("5 kg", 0, 300))
    assert feature("comparison.pair_first", "item_weight", *lines) == {12.0: 1.0, 340.0: 0.0, 5.0: 0.0}
    assert feature("comparison.pair_second", "item_weight", *lines) == {12.0: 0.0, 340.0: 1.0, 5.0: 0.0}
    assert feature("comparison.imperial", "item_weight", *lines) == {12.0: 1.0, 340.0: 0.0, 5.0: 0.0}


def test_upright_text_is_steep() -> None:
    lines = (line("30 cm", 100, 100), line("50 cm", 500, 900, angle=-90))
    assert feature("layout.steep", "height", *lines) == pytest.approx({30.0: 0.0, 50.0: 1.0}, abs=1e-6)
    assert feature("layout.angle", "height", *lines)[50.0] == pytest.approx(-90)


def test_scale_of_the_photo_does_not_matter() -> None:
    small = (line("W 30 cm", 100, 100), line("50 cm", 500, 900, angle=-90))
    large = (line("W 30 cm", 200, 200, 40), line("50 cm", 1000, 1800, 40, angle=-90))
    _, a = columns("width", *small, width=1000, height=1000)
    _, b = columns("width", *large, width=2000, height=2000)
    for name in a:
        if name != "layout.photo_pixels":
            np.testing.assert_allclose(a[name], b[name], rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("words", "text", "hit"),
    [
        (["net wt"], "net  wt 5", True),
        (["net wt"], "netwt", True),
        (["net"], "magnet", False),
        (["höhe"], "höhe: 5", True),
        (["w"], "w 5", False),
        (["ø"], "ø 5", True),
        ([], "anything", False),
        (["length"], "length5cm", True),
    ],
)
def test_words_are_whole(words: list[str], text: str, hit: bool) -> None:
    assert bool(word_pattern(words).search(text)) is hit


def test_user_blocks_and_unknown_blocks() -> None:
    assert get_block("tests.candidates.test_features:lengths")(None, None, [1, 2]) == {
        "mine.length": [0.0, 0.0]
    }
    for name in ("no_such", "no_such:thing", "tests.candidates.test_features:no_such"):
        with pytest.raises(HybridmlError, match="no_such"):
            get_block(name)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (
            ["tests.candidates.test_features:lengths", "tests.candidates.test_features:lengths_again"],
            r"lengths_again.*'mine\.length'",
        ),
        (["form", "form"], r"'form'.*'form\.\w+'.*once"),
        (["form", "tests.candidates.test_features:too_few"], r"too_few.*'few\.one'.*1 candidates.*\(0,\)"),
        (
            ["tests.candidates.test_features:not_numbers"],
            r"not_numbers.*'not\.number'.*one number per candidate",
        ),
        (["tests.candidates.test_features:nothing"], r"nothing.*mapping.*NoneType"),
    ],
)
def test_blocks_with_invalid_columns_are_refused(blocks: list[str], message: str) -> None:
    with pytest.raises(HybridmlError, match=message):
        column_names(blocks, SCHEMA)


def test_a_user_block_in_a_broken_module_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_block.py").write_text("def block(:\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(HybridmlError, match=r"broken_block:block.*SyntaxError"):
        get_block("broken_block:block")


def lengths_again(photo: object, entity: object, candidates: list) -> dict[str, list[float]]:
    return {"mine.length": [1.0] * len(candidates)}


def too_few(photo: object, entity: object, candidates: list) -> dict[str, list[float]]:
    return {"few.one": []}


def not_numbers(photo: object, entity: object, candidates: list) -> dict[str, list[str]]:
    return {"not.number": ["wide"] * len(candidates)}


def nothing(photo: object, entity: object, candidates: list) -> None:
    return None


def lengths(photo: object, entity: object, candidates: list) -> dict[str, list[float]]:
    return {"mine.length": [0.0] * len(candidates)}


@settings(deadline=None)  # units are compiled when they are first met
@given(
    st.lists(
        st.tuples(
            st.text(alphabet="0123456789.,x \"'/-cmkgozLWHlb()VAC", max_size=25),
            st.floats(0, 1000),
            st.floats(0, 1000),
            st.floats(1, 80),
            st.sampled_from([0, 90, -90, 33]),
        ),
        max_size=5,
    ),
    st.sampled_from(sorted(SCHEMA.entities)),
)
def test_always_finite(lines: list, entity: str) -> None:
    _, made = columns(entity, *(line(*given_) for given_ in lines))
    single = np.isnan(made["unit_pairs.gap"]) if made else None
    for name, values in made.items():
        # NaN where the number classifier did not run, and for a quantity in one unit only; nowhere else
        unseen = name.startswith("number_class.")
        known = ~single if name.startswith("unit_pairs.") else np.full(len(values), not unseen)
        np.testing.assert_array_equal(np.isfinite(values), known, err_msg=name)


def test_features_shared_by_entities_are_those_of_each_alone() -> None:
    result = ocr_result(DRAWING)
    together = PhotoContext(result, SCHEMA)
    for entity in ("width", "height", "depth"):
        _, alone = describe(PhotoContext(result, SCHEMA), SCHEMA.entity(entity))
        _, shared = describe(together, SCHEMA.entity(entity))
        assert list(shared) == list(alone)
        for name in alone:
            np.testing.assert_array_equal(shared[name], alone[name], err_msg=name)


def test_keywords_do_not_span_two_lines() -> None:
    photo = PhotoContext(
        ocr_result([line("net", 0, 0), line("wt 5 g", 0, 100), line("net wt", 0, 200)]), SCHEMA
    )
    words = photo.words["entity:item_weight"]
    assert 2 in words.line
    assert all(
        photo.texts[i][a:b].strip() for i, a, b in zip(words.line, words.start, words.end, strict=True)
    )
    assert (words.end <= np.array([len(photo.texts[i]) for i in words.line])).all()
