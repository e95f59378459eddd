"""The estimator: learns, answers, has a scikit-learn API, and loses no row to a bad photo."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone

import hybridml
from hybridml import EntityExtractor
from hybridml.artifact import file, serialize
from hybridml.entities import default_entities, parse_entities
from hybridml.errors import ArtifactError, HybridmlError, NotFittedError, RowsError, WeightsError
from hybridml.prediction.from_store import PredictionRequest
from hybridml.store.extraction import extracted_so_far
from hybridml.store.feature_store import FeatureStore
from hybridml.vision.number_classifier import classifier
from hybridml.vision.stages import Stage
from tests.helpers.fakes import OPTIONS, write_photo, write_rows
from tests.helpers.lines import line


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("extractor")


@pytest.fixture(scope="module")
def train(folder: Path) -> pd.DataFrame:
    return write_rows(folder, 96)


@pytest.fixture(scope="module")
def test(folder: Path) -> pd.DataFrame:
    return write_rows(folder, 24, seed=1)


@pytest.fixture(scope="module")
def fitted(folder: Path, train: pd.DataFrame) -> EntityExtractor:
    return EntityExtractor(folder / "images", folder / "store", **OPTIONS).fit(train)


def test_it_learns_and_answers_rows_it_has_not_seen(fitted: EntityExtractor, test: pd.DataFrame) -> None:
    answers = fitted.predict(test.drop(columns="entity_value"))
    assert list(answers["index"]) == list(test["index"])
    assert fitted.score(test) >= 0.9
    row = answers.iloc[0]
    assert row["prediction"] == f"{row['value']:.0f} {row['unit']}"
    assert 0 < row["confidence"] <= 1
    assert len(row["box"]) == 4
    assert row["prediction"] in row["candidates"]
    assert all(r.confidence <= row["confidence"] for r in row["runner_ups"])


def test_labels_of_the_rows_to_answer_change_nothing(fitted: EntityExtractor, test: pd.DataFrame) -> None:
    blind = fitted.predict(test.drop(columns="entity_value"))
    poisoned = fitted.predict(test.assign(entity_value="666 gram"))
    pd.testing.assert_frame_equal(blind, poisoned)


def test_it_can_be_cloned_and_configured_as_scikit_learn_does(
    fitted: EntityExtractor, train: pd.DataFrame
) -> None:
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "model_")
    with pytest.raises(NotFittedError, match="call fit"):
        copy.predict(train)
    bare, labels = train.drop(columns="entity_value"), list(train["entity_value"])
    assert copy.set_params(components=0).fit(bare, labels) is copy
    assert copy.model_.embedding_pca is None
    with pytest.raises(ValueError, match="Invalid parameter 'looks' for estimator"):
        copy.set_params(looks=())
    assert fitted.model_.embedding_pca is not None


def test_the_same_rows_make_the_same_answers(
    fitted: EntityExtractor, train: pd.DataFrame, test: pd.DataFrame
) -> None:
    again = clone(fitted).fit(train)
    pd.testing.assert_frame_equal(again.predict(test), fitted.predict(test))


def test_nothing_is_read_twice(fitted: EntityExtractor, train: pd.DataFrame) -> None:
    report = fitted.extract(train)
    assert (report.photos, report.cached, report.done, report.failed) == (96, 96, 0, {})


def test_the_artifact_gives_the_same_answers(
    fitted: EntityExtractor, test: pd.DataFrame, folder: Path, tmp_path: Path
) -> None:
    path = serialize.save(fitted, tmp_path / "deep" / "model.joblib")
    loaded = hybridml.load(path).set_params(images=folder / "images", store=folder / "store", workers=1)
    pd.testing.assert_frame_equal(loaded.predict(test), fitted.predict(test))
    data = file.read(path)
    assert data["columns"] == list(fitted.model_.ranker.columns_)
    assert data["training"]["rows"] == 96
    assert data["stages"]["ocr"]["settings"] == fitted.stages_.ocr.settings
    assert {"hybridml", "lightgbm", "python"} <= set(data["versions"])


def test_a_scorer_without_photos_answers_from_the_store(
    fitted: EntityExtractor, test: pd.DataFrame, folder: Path, tmp_path: Path
) -> None:
    path = serialize.save(fitted, tmp_path / "model.joblib")
    fitted.predict(test)
    scorer = hybridml.load(path).set_params(images=tmp_path / "nothing", store=folder / "store", workers=1)
    assert list(scorer.predict(test)["prediction"]) == list(fitted.predict(test)["prediction"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 99}, "its format is 99"),
        ({"columns": ["form.number", "mine.extra"]}, "Gone since: mine.extra"),
        ({"features_version": 0}, "features were version 0"),
        ({"calibrator": {"f1": 0.5}}, "lacks, or has "),
        ({"settings": {"speed": 11}}, "lacks, or has "),
    ],
)
def test_an_artifact_that_does_not_fit_says_what_differs(
    fitted: EntityExtractor, tmp_path: Path, change: dict, said: str
) -> None:
    file.write({**serialize.to_dict(fitted), **change}, tmp_path / "model.joblib")
    with pytest.raises(ArtifactError, match=said):
        hybridml.load(tmp_path / "model.joblib")


@pytest.mark.parametrize("content", [b"", b"text", None])
def test_what_is_no_artifact_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.joblib"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"model\.joblib"):
        hybridml.load(path)


def test_rows_that_were_trained_on_are_known(
    fitted: EntityExtractor, train: pd.DataFrame, test: pd.DataFrame, tmp_path: Path
) -> None:
    model = hybridml.load(serialize.save(fitted, tmp_path / "model.joblib")).model_
    assert model.trained_on(train).all()
    assert not model.trained_on(test).any()
    assert model.trained_on(test.assign(group_id=train["group_id"].iloc[0])).all()
    assert model.trained_on(test.assign(image_link=train["image_link"].iloc[0])).all()


def png_that_claims(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes whose header claims that size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_photos_cost_their_own_rows(
    fitted: EntityExtractor, folder: Path, test: pd.DataFrame, tmp_path: Path, workers: int
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    good = test.head(6).copy()
    for link in good["image_link"]:
        name = link.rsplit("/", 1)[1]
        (images / name).write_bytes((folder / "images" / name).read_bytes())
    tiny = Image.new("RGB", (40, 30), "white")
    tiny.convert("CMYK").save(images / "cmyk.jpg")
    Image.fromarray(np.full((30, 40), 40000, dtype=np.uint16)).save(images / "sixteen.png")
    tiny.save(images / "moving.gif", save_all=True, append_images=[Image.new("RGB", (40, 30), "black")])
    odd = pd.DataFrame(
        {
            "index": range(50, 53),
            "image_link": ["cmyk.jpg", "sixteen.png", "moving.gif"],
            "group_id": "g",
            "entity_name": "width",
        }
    )
    (images / "bomb.png").write_bytes(png_that_claims(60_000, 60_000))
    (images / "empty.jpg").write_bytes(b"")
    (images / "text.jpg").write_text("<html>404</html>")
    (images / "cut.png").write_bytes(next(images.glob("*.png")).read_bytes()[:200])
    write_photo(images / "fail.png", [line("fail")])
    names = ["bomb.png", "empty.jpg", "text.jpg", "cut.png", "fail.png", "missing.jpg"]
    if workers > 1:
        write_photo(images / "crash.png", [line("crash")])
        names.append("crash.png")
    bad = pd.DataFrame(
        {"index": range(100, 100 + len(names)), "image_link": names, "group_id": "g", "entity_name": "width"}
    )
    frame = pd.concat([bad.head(2), good.drop(columns="entity_value"), odd, bad.tail(len(bad) - 2)])
    some = copied(fitted, images=images, store=tmp_path / "store", workers=workers)
    answers = some.predict(frame).set_index("index")
    assert set(some.faults_) == set(names)
    assert (answers.loc[bad["index"], "prediction"] == "").all()
    assert (answers.loc[bad["index"], "problem"] != "").all()
    expected = fitted.predict(good).set_index("index")["prediction"]
    assert list(answers.loc[good["index"], "prediction"]) == list(expected)
    assert (answers.loc[good["index"], "problem"] == "").all()
    # photos that cannot be decoded are recorded, those that failed for another reason are tried again
    store = FeatureStore(tmp_path / "store").table("ocr", fitted.stages_.ocr.settings)
    assert len(store.errors()) == 4
    assert (answers.loc[odd["index"], "problem"] == "").all()


def test_a_damaged_shard_is_reported_for_its_rows(
    fitted: EntityExtractor, folder: Path, test: pd.DataFrame, tmp_path: Path
) -> None:
    some = copied(fitted, images=folder / "images", store=tmp_path / "store")
    first = some.predict(test)
    (shard,) = (tmp_path / "store" / "ocr").glob("*/part-*.parquet")
    raw = bytearray(shard.read_bytes())
    raw[40:400] = b"\xff" * 360
    shard.write_bytes(raw)
    hurt = some.predict(test)
    assert ((hurt["prediction"] != "") | (hurt["problem"] != "")).all()
    pd.testing.assert_frame_equal(some.predict(test), first)


def test_what_is_done_so_far_is_answered_and_the_rest_left_blank(
    fitted: EntityExtractor, folder: Path, test: pd.DataFrame, tmp_path: Path
) -> None:
    some = copied(fitted, images=folder / "images", store=tmp_path / "store")
    full = fitted.predict(test)
    some.predict(test.head(10))
    mixed = test.iloc[::-1]
    part = some.predict(mixed, partial=True)
    assert list(part["index"]) == list(mixed["index"])
    part = part.set_index("index").loc[test["index"]].reset_index()
    pd.testing.assert_frame_equal(part.head(10), full.head(10))
    assert (part["prediction"][10:] == "").all()
    assert (part["problem"][10:] == "not read yet").all()
    assert some.faults_ == {}
    pd.testing.assert_frame_equal(some.predict(test), full)


def test_a_row_whose_second_pass_is_still_to_come_is_left_blank(
    fitted: EntityExtractor, folder: Path, test: pd.DataFrame, tmp_path: Path
) -> None:
    some = copied(fitted, images=folder / "images", store=tmp_path / "store")
    write_photo(tmp_path / "images" / "dull.png", [line("nothing here")])
    dull = {"index": 99, "image_link": "dull.png", "group_id": "g", "entity_name": "width"}
    frame = pd.concat([test.drop(columns="entity_value").head(4), pd.DataFrame([dull])])
    some.set_params(images=[folder / "images", tmp_path / "images"])
    some.predict(frame)
    stages = replace(
        fitted.stages_, further=(Stage("second_pass", "second_pass", {}, {"second_pass": "another"}),)
    )
    store = FeatureStore(some.store)
    report = extracted_so_far(frame, some.images, store, stages)
    answers = list(PredictionRequest(fitted.model_, frame, [], report, store, stages).answers())
    assert sorted(each.row for each in answers) == list(range(5))
    assert {each.row for each in answers if each.problem == "not read yet"} == {4}


def test_own_entities_are_scored_in_their_own_units(tmp_path: Path) -> None:
    schema = parse_entities(
        'format = 1\n[units.lumen]\nfamily = "light"\nfactor = 1.0\nspellings = ["lm", "lumen"]\n'
        '[entities.brightness]\nunits = ["lumen"]\nkeywords = ["brightness"]\n',
        base=default_entities(),
    )
    rng = np.random.default_rng(0)
    rows = []
    for i in range(40):
        right, wrong = (int(n) for n in rng.integers(1, 900, 2))
        lines = [line(f"Brightness {right} lm", 50, 50), line(f"box {wrong} lm", 50, 500)]
        write_photo(tmp_path / "images" / f"{i}.png", lines[:: 1 if i % 2 else -1])
        rows.append((i, f"{i}.png", str(i % 5), "brightness", f"{right}.0 lumen"))
    frame = pd.DataFrame(rows, columns=["index", "image_link", "group_id", "entity_name", "entity_value"])
    extractor = EntityExtractor(tmp_path / "images", tmp_path / "store", entities=schema, **OPTIONS).fit(
        frame
    )
    assert extractor.score(frame) > 0.9
    assert (
        "brightness" in hybridml.load(serialize.save(extractor, tmp_path / "m.joblib")).model_.schema.entities
    )


def test_impossible_blocks_are_refused_before_photos_are_read(train: pd.DataFrame, tmp_path: Path) -> None:
    extractor = EntityExtractor(tmp_path / "none", tmp_path / "store", blocks=["form", "form"], **OPTIONS)
    with pytest.raises(HybridmlError, match="each block once"):
        extractor.fit(train)


def test_a_blank_label_means_that_there_is_nothing_to_find(
    train: pd.DataFrame, fitted: EntityExtractor
) -> None:
    bare, labels = train.drop(columns="entity_value"), list(train["entity_value"])
    outcomes = []
    for blanks in ([""], [None, np.nan, "", " "]):
        labels[::3] = [blanks[i % len(blanks)] for i in range(len(labels[::3]))]
        outcomes.append(list(clone(fitted).fit(bare, labels).model_.out_of_fold["outcome"]))
    assert outcomes[0] == outcomes[1]
    assert {"right", "empty"} <= set(outcomes[0])
    with pytest.raises(RowsError, match="labels for 96 rows"):
        clone(fitted).fit(bare, labels[:-1])


def test_groups_without_a_name_are_no_common_group(
    folder: Path, train: pd.DataFrame, test: pd.DataFrame, fitted: EntityExtractor
) -> None:
    fitted_ = clone(fitted).fit(train.assign(group_id=""))
    assert not fitted_.model_.trained_on(test.assign(group_id="")).any()
    assert fitted_.model_.trained_on(train).all()


def test_a_folder_that_is_not_there(fitted: EntityExtractor, test: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(HybridmlError, match="no images folder"):
        copied(fitted, images=tmp_path / "typo", store=tmp_path / "none").predict(test)


def test_runner_ups_are_less_likely_than_the_answer(
    folder: Path, train: pd.DataFrame, fitted: EntityExtractor
) -> None:
    noisy = train.assign(
        entity_value=[v if i % 2 else "12345.0 gram" for i, v in enumerate(train["entity_value"])]
    )
    answers = clone(fitted).fit(noisy).predict(train)
    for answer in answers.itertuples():
        others = [r.confidence for r in answer.runner_ups]
        assert all(p <= answer.confidence + 1e-9 for p in others)
        assert answer.confidence + sum(others) <= 1 + 1e-9


def copied(fitted: EntityExtractor, **params: object) -> EntityExtractor:
    """Return an extractor with the same model and other files."""
    copy = clone(fitted).set_params(**params)
    for name in ("model_", "stages_", "image_reason_", "missing_stages_"):
        setattr(copy, name, getattr(fitted, name))
    return copy


def test_rows_of_an_unknown_entity_are_left_blank(fitted: EntityExtractor, test: pd.DataFrame) -> None:
    answers = fitted.predict(test.assign(entity_name=["colour", *test["entity_name"][1:]]))
    assert answers["prediction"].iloc[0] == ""
    assert (answers["prediction"].iloc[1:] != "").mean() > 0.9


def test_nothing_to_learn_from_is_an_error(folder: Path, train: pd.DataFrame) -> None:
    extractor = EntityExtractor(folder / "images", folder / "store", **OPTIONS)
    with pytest.raises(HybridmlError, match="nothing to learn from"):
        extractor.fit(train.assign(entity_value="7777.0 gram"))
    with pytest.raises(HybridmlError, match="no candidate"):
        extractor.fit(train.assign(entity_name="voltage"))
    with pytest.raises(RowsError, match="entity_value"):
        extractor.fit(train.drop(columns="entity_value"))
    with pytest.raises(RowsError, match="data frame or the path"):
        extractor.fit(3)


def test_one_group_cannot_be_calibrated(folder: Path, train: pd.DataFrame) -> None:
    extractor = EntityExtractor(folder / "images", folder / "store", **OPTIONS)
    with pytest.raises(HybridmlError):
        extractor.fit(train.assign(group_id="one"))


def test_without_weights_of_the_number_classifier_the_run_goes_on_and_says_so(
    folder: Path,
    train: pd.DataFrame,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(classifier, "SHIPPED_WEIGHTS", tmp_path / "gone.pt")
    options = {**OPTIONS, "stages": ("number_classifier",), "embedding": "none"}
    extractor = EntityExtractor(images=folder / "images", store=tmp_path / "store", **options).fit(train)
    assert caplog.text.count("WITHOUT number_classifier") == 1
    serialize.save(extractor, tmp_path / "m.joblib")
    kept = serialize.load(tmp_path / "m.joblib")
    assert "gone.pt" in kept.missing_stages_["number_classifier"]
    assert kept.stages_.further == ()
    assert kept.model_.embedding_pca is None


def test_weights_that_were_asked_for_by_name_must_be_there(folder: Path, tmp_path: Path) -> None:
    asked = {"number_classifier": {"weights": str(tmp_path / "gone.pt")}}
    with pytest.raises(WeightsError, match=r"gone\.pt"):
        EntityExtractor(
            images=folder, stages=("number_classifier",), stage_options=asked, ocr=OPTIONS["ocr"]
        ).extract(
            pd.DataFrame({"index": [0], "image_link": ["a.png"], "group_id": ["g"], "entity_name": ["width"]})
        )


def test_results_of_another_ocr_engine_do_not_count(
    fitted: EntityExtractor, folder: Path, train: pd.DataFrame
) -> None:
    other = clone(fitted).set_params(ocr_options={"version": 2})
    assert other.extract(train.head(3)).cached == 0
    assert fitted.extract(train.head(3)).cached == 3


def test_image_features_reach_the_ranker(fitted: EntityExtractor) -> None:
    assert [c for c in fitted.model_.ranker.columns_ if c.startswith("image.")] == [
        "image.0",
        "image.1",
        "image.2",
    ]
    assert np.isfinite(fitted.model_.embedding_pca.components).all()
