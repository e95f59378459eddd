"""Joint assignment, priors, and how far rows labelled by others are trusted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hybridml import EntityExtractor
from hybridml.artifact import serialize
from hybridml.candidates.find import find_candidates, needs_second_pass, ocr_result_for
from hybridml.candidates.table import build_table
from hybridml.datasets.labels import read_labels
from hybridml.entities import default_entities
from hybridml.errors import HybridmlError, RowsError
from hybridml.ranking.joint import jointly, same_numbers
from hybridml.ranking.label_priors import COLUMNS, LEAST, Priors, label_table
from hybridml.ranking.model import Model, ModelSettings
from hybridml.ranking.ranker import RankerSettings
from hybridml.ranking.sibling_rows import with_siblings
from hybridml.ranking.training import Training
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import OCRResult
from tests.helpers.fakes import OPTIONS, draw_lines, write_rows
from tests.helpers.lines import line, ocr_result

SCHEMA = default_entities()
SETTINGS = ModelSettings(folds=3, ranker=RankerSettings(n_estimators=30, seeds=1))


# ---------------------------------------------------------------- joint assignment


def test_three_entities_take_three_numbers() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        scores = {e: rng.normal(size=3) * 0.2 for e in ("width", "height", "depth")}
        scores["height"][2] += 4
        score_jointly = jointly(scores, [10, 20, 30])
        assert int(score_jointly["height"].argmax()) == 2
        assert all(int(score_jointly[e].argmax()) != 2 for e in ("width", "depth"))


def test_what_one_entity_alone_is_sure_of_stays() -> None:
    scores = {"width": np.array([9.0, 0.0]), "height": np.array([0.1, 0.0])}
    assert int(jointly(scores, [10, 20])["width"].argmax()) == 0


def test_both_units_of_one_number_stay_together() -> None:
    assert same_numbers([30.5, 12.0, 30.48, 500]).tolist() == [1, 0, 1, 2]
    assert same_numbers([]).tolist() == []


def test_one_number_or_one_entity_is_left_alone() -> None:
    one = {"width": np.array([1.0, 2.0])}
    assert jointly(one, [1, 2])["width"].tolist() == [1.0, 2.0]


def test_siblings_are_the_other_axes() -> None:
    assert SCHEMA.siblings("width") == ["height", "depth"]
    assert SCHEMA.siblings("voltage") == SCHEMA.siblings("unheard_of") == []
    rows = with_siblings(["a", None, "a"], ["width", "width", "depth"], SCHEMA)
    assert list(zip(rows.keys, rows.entities, strict=True))[3:] == [("a", "height")]


# ---------------------------------------------------------------- priors


def labels(n: int = 60) -> pd.DataFrame:
    rows = [("item_weight", "500 gram", str(i % 3)) for i in range(n)]
    rows += [
        ("item_weight", "7 gram", "0"),
        ("item_weight", "nonsense", "0"),
        ("item_weight", "2 kilogram", "1"),
    ]
    return pd.DataFrame(rows, columns=["entity_name", "entity_value", "group_id"])


def priors_of(texts: list[str], fitted: Priors, groups: list[str] | None = None) -> np.ndarray:
    candidates = find_candidates(ocr_result([line(" ".join(texts))]))
    row = np.zeros(len(candidates), dtype=np.int64)
    return fitted.columns(candidates, row, ["item_weight"], SCHEMA, groups)


def test_usual_values_count_more_than_rare_ones() -> None:
    fitted = Priors.fit(label_table(labels(), SCHEMA))
    exact = priors_of(["500 g", "501 g"], fitted)[:, COLUMNS.index("prior.exact")]
    assert exact[0] > exact[1] + 1


def test_a_count_of_few_rows_is_none() -> None:
    fitted = Priors.fit(label_table(labels(), SCHEMA))
    exact = priors_of(["7 g", "8 g"], fitted)[:, COLUMNS.index("prior.exact")]
    assert exact[0] == exact[1]
    assert all(n >= LEAST for t in fitted.to_dict().values() for n in t["n"])


def test_a_training_row_never_sees_the_labels_of_its_own_group() -> None:
    base, poison = labels(), labels()
    poison.loc[poison["group_id"] == "0", "entity_value"] = "9 ton"
    a, b = (Priors.fit(label_table(t, SCHEMA)) for t in (base, poison))
    np.testing.assert_allclose(priors_of(["500 g", "9 g"], a, ["0"]), priors_of(["500 g", "9 g"], b, ["0"]))
    assert not np.allclose(priors_of(["500 g", "9 g"], a, ["1"]), priors_of(["500 g", "9 g"], b, ["1"]))


def test_priors_travel_as_plain_data() -> None:
    fitted = Priors.fit(label_table(labels(), SCHEMA))
    again = Priors.from_dict(fitted.to_dict())
    np.testing.assert_array_equal(priors_of(["500 g", "2 kg"], fitted), priors_of(["500 g", "2 kg"], again))


def test_a_table_of_labels_that_lacks_a_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("entity_name,value\nwidth,1 inch\n")
    with pytest.raises(RowsError, match="entity_value"):
        read_labels(path)
    with pytest.raises(RowsError, match="cannot be read"):
        read_labels(tmp_path / "nothing.csv")


# ---------------------------------------------------------------- second look


def test_a_second_look_answers_only_what_the_first_shows_nothing_of() -> None:
    first, second = ocr_result([line("12 V")]), ocr_result([line("12 V"), line("500 g", 0, 100)])
    seen = PhotoFeatures(first, second_pass=second)
    weight, voltage = SCHEMA.entity("item_weight"), SCHEMA.entity("voltage")
    assert needs_second_pass(first, weight, SCHEMA)
    assert not needs_second_pass(first, voltage, SCHEMA)
    assert ocr_result_for(seen, weight, SCHEMA) is second
    assert ocr_result_for(seen, voltage, SCHEMA) is first
    table = build_table(["a", "a"], ["item_weight", "voltage"], [("a", seen)], SCHEMA)
    assert [(c.value, c.unit) for c in table.candidates] == [(500.0, "gram"), (12.0, "volt")]
    assert table.second_pass == {0}


# ---------------------------------------------------------------- others' rows


@pytest.fixture(scope="module")
def rows() -> tuple[pd.DataFrame, list[str], list[tuple[str, OCRResult]]]:
    rng = np.random.default_rng(1)
    entities = ["item_weight", "item_volume", "width", "height"]
    table, ocr_results = [], []
    for i in range(240):
        lines, answer = draw_lines(rng, entities[i % 4])
        ocr_results.append((f"p{i}.jpg", OCRResult(tuple(lines), 1000, 1000)))
        table.append((i, f"p{i}.jpg", str(i // 2 % 20), entities[i % 4], answer, "" if i < 60 else "others"))
    columns = ["index", "image_link", "group_id", "entity_name", "entity_value", "source"]
    frame = pd.DataFrame(table, columns=columns)
    return frame, list(frame["image_link"]), ocr_results


def test_misleading_rows_of_others_are_not_trusted(rows) -> None:
    frame, keys, ocr_results = rows
    wrong = frame["source"].eq("others") & frame["entity_name"].isin(["width", "height"])
    swapped = frame.assign(
        entity_value=np.where(wrong, "1 inch", frame["entity_value"].to_numpy(dtype=object))
    )
    # what others call width is always the height
    by_photo = dict(ocr_results)
    for i in np.flatnonzero(wrong):
        other = "height" if frame["entity_name"][i] == "width" else "width"
        text = next(t.text for t in by_photo[keys[i]].lines if t.text.lower().startswith(other))
        swapped.loc[i, "entity_value"] = f"{text.split()[1]} centimetre"
    model = Model(SETTINGS).fit(swapped, keys, ocr_results)
    assert model.weak_weight["width"] == 0
    assert model.weak_weight["height"] == 0
    assert model.columns.source
    assert model.training["rows_of_others"] == 180


def test_only_rows_to_measure_by_are_calibrated_on(rows) -> None:
    frame, keys, ocr_results = rows
    model = Model(replace(SETTINGS, weak_weight={})).fit(frame, keys, ocr_results)
    assert set(model.out_of_fold["index"]) <= set(frame["index"][:60])


def test_without_a_block_it_is_as_if_never_described(rows) -> None:
    frame, keys, ocr_results = rows
    layout = "layout"
    whole = Training(Model(SETTINGS), frame, keys, ocr_results, {}, None)
    every = whole.out_of_fold({}, SETTINGS.ranker)
    fewer = replace(SETTINGS, blocks=tuple(name for name in SETTINGS.blocks if name != layout))
    fresh = Training(Model(fewer), frame, keys, ocr_results, {}, None).out_of_fold({}, SETTINGS.ranker)
    np.testing.assert_array_equal(whole.without([layout]).out_of_fold({}, SETTINGS.ranker), fresh)
    assert not np.array_equal(every, fresh)
    np.testing.assert_array_equal(whole.out_of_fold({}, SETTINGS.ranker), every)


def test_rows_of_others_alone_are_an_error(rows) -> None:
    frame, keys, ocr_results = rows
    with pytest.raises(HybridmlError, match="labelled by others"):
        Model(SETTINGS).fit(frame.assign(source="others"), keys, ocr_results)


# ---------------------------------------------------------------- the extractor's side of it


def test_an_extractor_learns_from_others_and_from_labels_alone(tmp_path: Path) -> None:
    own, more = write_rows(tmp_path / "a", 48, 0), write_rows(tmp_path / "b", 48, 1)
    table = tmp_path / "labels.csv"
    pd.concat([own, more])[["image_link", "group_id", "entity_name", "entity_value"]].to_csv(
        table, index=False
    )
    extractor = EntityExtractor(
        images=[tmp_path / "a" / "images", tmp_path / "b" / "images"], store=tmp_path / "store", **OPTIONS
    ).fit(own, others=more, labels=table)
    facts = extractor.model_.training
    assert (facts["rows"], facts["rows_of_others"], facts["labels"], facts["photos"]) == (96, 48, 96, 96)
    loaded = serialize.load(serialize.save(extractor, tmp_path / "m.joblib"))
    loaded.set_params(images=extractor.images, store=extractor.store, workers=1)
    assert loaded.model_.weak_weight == extractor.model_.weak_weight
    pd.testing.assert_frame_equal(loaded.predict(own), extractor.predict(own))


def test_a_model_without_one_of_its_looks_still_answers(tmp_path: Path) -> None:
    rows = write_rows(tmp_path, 48)
    options = {**OPTIONS, "stages": ()}
    extractor = EntityExtractor(images=tmp_path / "images", store=tmp_path / "store", **options).fit(rows)
    extractor.further_ = []
    assert (extractor.predict(rows)["prediction"] != "").mean() > 0.9
