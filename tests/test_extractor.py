"""The extractor: learns, answers, keeps its manners, and loses no row to a bad photo."""

from __future__ import annotations

import logging
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import hybridml
from hybridml import EntityExtractor, artifact
from hybridml.errors import ArtifactError, HybridmlError, NotFittedError, RowsError
from hybridml.store import FeatureStore
from tests.fakes import OPTIONS, write_photo, write_rows
from tests.lines import line


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


def test_manners_of_scikit_learn(fitted: EntityExtractor, train: pd.DataFrame) -> None:
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "model_")
    with pytest.raises(NotFittedError, match="call fit"):
        copy.predict(train)
    assert (
        copy.set_params(components=0).fit(train.drop(columns="entity_value"), list(train["entity_value"]))
        is copy
    )
    assert copy.model_.image_block is None
    assert fitted.model_.image_block is not None


def test_the_same_rows_make_the_same_answers(
    fitted: EntityExtractor, train: pd.DataFrame, test: pd.DataFrame
) -> None:
    again = clone(fitted).fit(train)
    pd.testing.assert_frame_equal(again.predict(test), fitted.predict(test))


def test_nothing_is_read_twice(fitted: EntityExtractor, train: pd.DataFrame) -> None:
    report = fitted.featurize(train)
    assert (report.photos, report.cached, report.done, report.failed) == (96, 96, 0, {})


def test_the_artifact_gives_the_same_answers(
    fitted: EntityExtractor, test: pd.DataFrame, folder: Path, tmp_path: Path
) -> None:
    path = artifact.save(fitted, tmp_path / "deep" / "model.joblib")
    loaded = hybridml.load(path).set_params(images=folder / "images", store=folder / "store", workers=1)
    pd.testing.assert_frame_equal(loaded.predict(test), fitted.predict(test))
    data = joblib.load(path)
    assert data["columns"] == list(fitted.model_.ranker.columns_)
    assert data["training"]["rows"] == 96
    assert data["reader"]["settings"] == fitted.reader_.settings
    assert {"hybridml", "lightgbm", "python"} <= set(data["versions"])


def test_a_scorer_without_photos_answers_from_the_store(
    fitted: EntityExtractor, test: pd.DataFrame, folder: Path, tmp_path: Path
) -> None:
    path = artifact.save(fitted, tmp_path / "model.joblib")
    fitted.predict(test)
    scorer = hybridml.load(path).set_params(images=tmp_path / "nothing", store=folder / "store", workers=1)
    assert list(scorer.predict(test)["prediction"]) == list(fitted.predict(test)["prediction"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 99}, "its format is 99"),
        ({"columns": ["span.number", "mine.extra"]}, "Gone since: mine.extra"),
    ],
)
def test_an_artifact_that_does_not_fit_says_what_differs(
    fitted: EntityExtractor, tmp_path: Path, change: dict, said: str
) -> None:
    joblib.dump({**artifact.to_dict(fitted), **change}, tmp_path / "model.joblib")
    with pytest.raises(ArtifactError, match=said):
        hybridml.load(tmp_path / "model.joblib")


@pytest.mark.parametrize("content", [b"", b"text", None])
def test_what_is_no_artifact_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.joblib"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"model\.joblib"):
        hybridml.load(path)


def test_rows_seen_in_training_are_known(
    fitted: EntityExtractor, train: pd.DataFrame, test: pd.DataFrame, tmp_path: Path
) -> None:
    model = hybridml.load(artifact.save(fitted, tmp_path / "model.joblib")).model_
    assert model.seen(train).all()
    assert not model.seen(test).any()
    assert model.seen(test.assign(group_id=train["group_id"].iloc[0])).all()
    assert model.seen(test.assign(image_link=train["image_link"].iloc[0])).all()


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
    (images / "empty.jpg").write_bytes(b"")
    (images / "text.jpg").write_text("<html>404</html>")
    (images / "cut.png").write_bytes(next(images.glob("*.png")).read_bytes()[:200])
    write_photo(images / "fail.png", [line("fail")])
    names = ["empty.jpg", "text.jpg", "cut.png", "fail.png", "missing.jpg"]
    if workers > 1:
        write_photo(images / "crash.png", [line("crash")])
        names.append("crash.png")
    bad = pd.DataFrame(
        {"index": range(100, 100 + len(names)), "image_link": names, "group_id": "g", "entity_name": "width"}
    )
    frame = pd.concat([bad.head(2), good.drop(columns="entity_value"), bad.tail(len(bad) - 2)])
    some = clone(fitted).set_params(images=images, store=tmp_path / "store", workers=workers)
    for name in ("model_", "reader_", "embedder_", "image_reason_"):
        setattr(some, name, getattr(fitted, name))
    answers = some.predict(frame).set_index("index")
    assert set(some.faults_) == set(names)
    assert (answers.loc[bad["index"], "prediction"] == "").all()
    assert (answers.loc[bad["index"], "problem"] != "").all()
    expected = fitted.predict(good).set_index("index")["prediction"]
    assert list(answers.loc[good["index"], "prediction"]) == list(expected)
    assert (answers.loc[good["index"], "problem"] == "").all()
    # what cannot be decoded is known, what failed otherwise is tried again
    store = FeatureStore(tmp_path / "store").table("readings", fitted.reader_.settings)
    assert len(store.errors()) == 3


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


def test_without_weights_the_run_goes_on_and_says_so(
    folder: Path,
    train: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    from hybridml import embedding
    from hybridml.errors import WeightsError

    def unavailable(*_: object, **__: object) -> None:
        raise WeightsError("no network")

    monkeypatch.setattr(embedding, "create", unavailable)
    options = {**OPTIONS, "embedding": "resnet50"}
    with caplog.at_level(logging.WARNING):
        extractor = EntityExtractor(folder / "images", folder / "store", **options).fit(train)
    assert caplog.text.count("WITHOUT image features") == 1
    assert extractor.model_.image_block is None
    kept = hybridml.load(artifact.save(extractor, tmp_path / "model.joblib"))
    assert "no network" in kept.image_reason_
    with pytest.raises(WeightsError):
        EntityExtractor(folder / "images", folder / "store", **options, resnet_weights="mine.pth").fit(train)


def test_settings_of_another_reader_do_not_mix(
    fitted: EntityExtractor, folder: Path, train: pd.DataFrame
) -> None:
    other = clone(fitted).set_params(ocr_options={"version": 2})
    assert other.featurize(train.head(3)).cached == 0
    assert fitted.featurize(train.head(3)).cached == 3


def test_image_features_reach_the_ranker(fitted: EntityExtractor) -> None:
    assert [c for c in fitted.model_.ranker.columns_ if c.startswith("image.")] == [
        "image.0",
        "image.1",
        "image.2",
    ]
    assert np.isfinite(fitted.model_.image_block.components).all()
