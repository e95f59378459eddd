"""The baselines: what each answers, and that none is given what it must not have."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from hybridml.entities import default_entities
from hybridml.errors import HybridmlError, MissingExtraError
from hybridml.evaluation import metrics
from hybridml.evaluation.baselines import (
    DEFAULT_SYSTEMS,
    SYSTEMS,
    RankerSystem,
    System,
    TabularRegression,
    create,
    rules,
)
from hybridml.evaluation.baselines.system import Dataset
from hybridml.evaluation.baselines.tabular import MODELS
from hybridml.evaluation.compare import training_rows
from hybridml.utils.registry import SettingsError
from hybridml.vision.photo_features import PhotoFeatures
from tests.helpers.fakes import draw_lines
from tests.helpers.lines import line, ocr_result

SCHEMA = default_entities()
COLUMNS = ["index", "image_link", "group_id", "entity_name", "entity_value"]


def dataset(
    rows: list[tuple[str, str, str, str]],
    photo_features: Mapping[str, PhotoFeatures] | None = None,
    vectors: Mapping[str, Any] | None = None,
) -> Dataset:
    """Return rows of (photo, group, entity, label); the photo's name is its key."""
    frame = pd.DataFrame([(i, *row) for i, row in enumerate(rows)], columns=COLUMNS)
    photos = {name: Path(name) for name in frame["image_link"]}
    return Dataset(frame, list(frame["image_link"]), photo_features or {}, vectors or {}, photos, SCHEMA)


def drawn(n: int, seed: int = 0, prefix: str = "p", groups: int = 9) -> Dataset:
    """Return rows of photos on which keyword and unit tell the answer."""
    rng = np.random.default_rng(seed)
    rows, features = [], {}
    for i in range(n):
        entity = ["item_weight", "item_volume", "width", "height"][i % 4]
        lines, answer = draw_lines(rng, entity)
        key = f"{prefix}{i}.jpg"
        features[key] = PhotoFeatures(ocr_result(lines))
        rows.append((key, f"{prefix}{i % groups}", entity, answer))
    return dataset(rows, features)


def measured(n: int, seed: int = 0) -> Dataset:
    """Return rows whose value follows from the first number of the photo's vector, and whose unit from the second."""
    rng = np.random.default_rng(seed)
    rows, vectors = [], {}
    for i in range(n):
        size, large = rng.uniform(0, 3), i % 2
        key = f"{seed}-{i}.jpg"
        vectors[key] = np.array([size, large, *rng.normal(scale=0.01, size=6)], dtype=np.float32)
        unit, factor = ("kilogram", 0.001) if large else ("gram", 1)
        rows.append((key, f"{seed}-{i // 3}", "item_weight", f"{100 * np.exp(size) * factor:.4g} {unit}"))
    return dataset(rows, vectors=vectors)


# ---------------------------------------------------------------- datasets


def test_a_subset_has_its_own_photos_only() -> None:
    whole = drawn(6)
    part = whole.subset([4, 1])
    assert list(part.frame["image_link"]) == ["p4.jpg", "p1.jpg"] == list(part.keys)
    assert list(part.photo_features) == ["p1.jpg", "p4.jpg"]  # in the order of the whole
    assert set(part.photos) == {"p1.jpg", "p4.jpg"}
    assert part.photo_features["p1.jpg"] is whole.photo_features["p1.jpg"]
    assert "p0.jpg" not in part.photo_features
    assert len(part.subset(np.array([True, False])).photo_features) == 1


def test_unlabelled_rows_have_no_answer() -> None:
    whole = replace(drawn(4), weak_labels=drawn(4, prefix="o"), labels=drawn(4).frame)
    blind = whole.unlabelled()
    assert "entity_value" not in blind.frame
    assert blind.weak_labels is None
    assert blind.labels is None
    assert len(blind.photo_features) == 4


def test_what_is_not_needed_is_not_given() -> None:
    whole = replace(drawn(4), vectors={"p0.jpg": np.zeros(3)})
    assert dict(whole.limited_to(frozenset({"vectors"})).photo_features) == {}
    assert dict(whole.limited_to(frozenset({"vectors"})).photos) == {}
    assert dict(whole.limited_to(frozenset({"ocr"})).vectors) == {}
    assert len(whole.limited_to(frozenset({"ocr"})).photo_features) == 4


def test_rows_with_weak_labels_have_their_photos() -> None:
    whole = drawn(6)
    joined = replace(whole.subset([0, 4]), weak_labels=whole.subset([1, 5])).with_weak_labels()
    assert set(joined.photo_features) == {"p0.jpg", "p1.jpg", "p4.jpg", "p5.jpg"}
    assert list(joined.frame["weak"]) == [False, False, True, True]


def test_results_of_stages_that_are_left_out_are_gone() -> None:
    whole = drawn(2)
    second = ocr_result([line("read twice")])
    features = {k: replace(found, second_pass=second) for k, found in whole.photo_features.items()}
    both = replace(whole, photo_features=features)
    without = both.without_stages({"second_pass"}).photo_features
    assert all(found.second_pass is None for found in without.values())
    assert both.without_stages({"number_classifier"}).photo_features == both.photo_features


def test_training_leaves_out_all_that_shares_a_group_or_photo() -> None:
    whole = drawn(8, groups=4)
    same_group = dataset([("new.jpg", "p1", "width", "1 inch")])
    same_photo = dataset([("p1.jpg", "elsewhere", "width", "1 inch")])
    new = dataset([("new.jpg", "elsewhere", "width", "1 inch")])
    frame = pd.concat([t.frame for t in (same_group, same_photo, new)], ignore_index=True)
    weak_labels = replace(new, frame=frame, keys=list(frame["image_link"]))
    keep = np.arange(8) % 4 != 1
    part = training_rows(replace(whole, weak_labels=weak_labels, labels=frame), keep)
    assert set(part.frame["group_id"]) == {"p0", "p2", "p3"}
    assert part.weak_labels is not None
    assert part.labels is not None
    assert list(part.weak_labels.frame["image_link"]) == ["new.jpg"]
    assert part.weak_labels.frame["group_id"].tolist() == part.labels["group_id"].tolist() == ["elsewhere"]


# ---------------------------------------------------------------- the registry


@pytest.mark.parametrize("name", sorted(set(SYSTEMS) - {"lstm", "vlm"}))
def test_systems_are_scikit_learn_estimators(name: str) -> None:
    system = create(name)
    assert clone(system).get_params() == system.get_params()
    assert system.size() == 0
    assert system.needs <= {"ocr", "vectors", "photos"}


def test_systems_that_are_compared_by_default_are_known() -> None:
    assert set(DEFAULT_SYSTEMS) <= set(SYSTEMS)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("frist", "unknown system 'frist'; expected one of: first,"),
        ("fractions:Fraction", "expected a subclass of hybridml.evaluation.baselines.System, got Fraction"),
        ("no_such_module:System", "cannot import 'no_such_module'"),
    ],
)
def test_what_is_no_system_is_named(name: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        create(name)
    with pytest.raises(SettingsError, match="'first' does not take these settings"):
        create("first", speed=3)


def test_a_system_of_ones_own_needs_no_init() -> None:
    class Constant(System):
        def fit(self, dataset: Dataset) -> Constant:
            self.answer_ = dataset.frame["entity_value"].mode()[0]
            return self

        def predict(self, dataset: Dataset) -> list[str]:
            return [self.answer_] * len(dataset)

    fitted = clone(Constant()).fit(drawn(4))
    assert len(fitted.predict(drawn(3))) == 3
    assert fitted.size() > 0
    assert Constant().get_params() == {}


# ---------------------------------------------------------------- rules

LINES = [
    line("Width 30 cm", 400, 20),
    line("Height 80 cm", 20, 500, angle=-90),
    line("Depth 2 m", 700, 700),
]


UPRIGHT_AND_LEVEL = np.array([(400, 50, 600, 50), (60, 300, 60, 600)], dtype=float)
"""A level line beside the first number and an upright one beside the second."""


@pytest.mark.parametrize(
    ("name", "entity", "answer"),
    [
        ("first", "width", "30 centimetre"),
        ("first", "height", "30 centimetre"),
        ("largest", "width", "2 metre"),
        ("line-angle", "width", "2 metre"),
        ("line-angle", "height", "80 centimetre"),
        ("line-angle", "depth", "2 metre"),
        ("first", "voltage", ""),
    ],
)
def test_rules(name: str, entity: str, answer: str) -> None:
    rows = dataset(
        [("a.jpg", "1", entity, "1 inch"), ("gone.jpg", "1", entity, "")],
        {"a.jpg": PhotoFeatures(ocr_result(LINES))},
    )
    asked = list(rows.frame["entity_name"])
    found = rules.answer(
        rules.RULES[name],
        rows.keys,
        asked,
        rows.photo_features.items(),
        segments={"a.jpg": UPRIGHT_AND_LEVEL},
    )
    assert found == [answer, ""]


def test_systems_say_which_stages_they_use() -> None:
    every = frozenset({"number_classifier", "second_pass"})
    assert create("first").stages(every) == frozenset()
    assert create("line-angle").needs == {"ocr", "photos"}
    assert create("ranker-without-second_pass").stages(every) == {"number_classifier"}
    assert create("tabular-linear").stages(every) == frozenset()


# ---------------------------------------------------------------- tabular regression


@pytest.mark.parametrize("encoding", ["one-hot", "label"])
@pytest.mark.parametrize("model", MODELS)
def test_tabular_regression_learns_value_and_unit_of_new_groups(model: str, encoding: str) -> None:
    if model == "xgboost":
        pytest.importorskip("xgboost", reason="the extra 'baselines' is not installed")
    train, test = measured(150), measured(40, seed=1)
    fitted = TabularRegression(model, encoding, components=4, trees=60).fit(train)
    answers = fitted.predict(test.unlabelled())
    scores = metrics.score(list(test.frame["entity_value"]), answers)
    assert scores.smape_rows == 40  # every unit is right
    assert scores.smape < 25  # the median alone: 60
    assert scores.malformed == 0
    assert fitted.size() > 1000


def test_tabular_regression_is_the_same_for_a_seed() -> None:
    train, test = measured(60), measured(10, seed=1).unlabelled()
    one, other = (TabularRegression("forest", trees=20).fit(train).predict(test) for _ in range(2))
    assert one == other


def test_all_columns_of_the_embedding_are_an_option() -> None:
    fitted = TabularRegression(components=0).fit(measured(60))
    assert fitted.pca_ is None
    assert fitted.value_.n_features_in_ == 8 + 20 + 1  # numbers, groups, entity


def test_least_squares_unless_any_labels_could_be_fitted(caplog: pytest.LogCaptureFixture) -> None:
    assert TabularRegression(components=4).fit(measured(60)).solver_ == "LinearRegression"
    assert not caplog.records
    # each row a group of its own: more columns than rows
    alone = measured(30)
    alone = replace(alone, frame=alone.frame.assign(group_id=range(30)))
    assert TabularRegression(components=4).fit(alone).solver_ == "Ridge"
    assert "35 columns for 30 rows fit any labels exactly: a ridge" in caplog.text


def test_a_photo_without_embedding_gets_no_answer_and_is_not_learned_from() -> None:
    train, test = measured(60), measured(3, seed=1)
    part = replace(test, vectors={key: test.vectors[key] for key in ("1-0.jpg", "1-2.jpg")})
    answers = TabularRegression().fit(train).predict(part.unlabelled())
    assert [bool(answer) for answer in answers] == [True, False, True]
    assert TabularRegression().fit(train).predict(replace(part, vectors={}).unlabelled()) == ["", "", ""]


def test_labels_that_cannot_be_learned_are_left_out() -> None:
    train = measured(40)
    values = list(train.frame["entity_value"])
    values[:4] = ["", "12 volt", "0.0 gram", "no number"]
    spoiled = replace(train, frame=train.frame.assign(entity_value=values))
    test = measured(5, seed=1).unlabelled()
    assert TabularRegression().fit(spoiled).predict(test) == TabularRegression().fit(
        train.subset(range(4, 40))
    ).predict(test)
    blank = replace(train, frame=train.frame.assign(entity_value=""))
    with pytest.raises(
        HybridmlError, match=r"has 0 of 40 rows to learn from: .* Check --images and --embedding"
    ):
        TabularRegression().fit(blank)


def test_a_unit_is_one_that_the_entity_allows() -> None:
    test = measured(4, seed=1)
    asked = replace(test, frame=test.frame.assign(entity_name=["voltage", "width", "item_volume", "wattage"]))
    answers = TabularRegression().fit(measured(40)).predict(asked.unlabelled())
    units = [answer.split(" ", 1)[1] for answer in answers]
    assert all(
        unit in SCHEMA.entity(e).units for unit, e in zip(units, asked.frame["entity_name"], strict=True)
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"model": "lasso"}, "model must be one of 'linear', 'forest'"),
        ({"encoding": "hash"}, "encoding must be one of"),
        ({"components": -1}, "components must be a whole number from 0"),
        ({"trees": 0}, "trees must be a whole number from 1"),
    ],
)
def test_settings_of_tabular_regression_are_checked(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        TabularRegression(**settings).fit(measured(10))


def test_a_missing_extra_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "xgboost" else find(name, *a)
    )
    with pytest.raises(MissingExtraError, match=r'pip install "\.\[baselines\]"'):
        TabularRegression("xgboost").fit(measured(10))


# ---------------------------------------------------------------- ranker

QUICK: dict[str, Any] = {"folds": 2, "ranker": {"n_estimators": 20, "seeds": 1}}


def test_the_ranker_beats_the_first_value() -> None:
    train, test = drawn(120), drawn(40, seed=1, prefix="q")
    truth = list(test.frame["entity_value"])
    ranked = RankerSystem(**QUICK).fit(train)
    f1 = [metrics.score(truth, system.predict(test.unlabelled())).f1 for system in (ranked, create("first"))]
    assert f1[0] > f1[1] + 0.1
    assert ranked.size() > 5_000


def test_an_ablation_lacks_its_block() -> None:
    train = drawn(60)
    fitted = RankerSystem(without=("keywords", "priors", "joint"), **QUICK).fit(train)
    columns = fitted.model_.ranker.columns_
    assert any(c.startswith("layout.") for c in columns)
    assert not any(c.startswith(("keywords.", "prior.")) for c in columns)
    assert not fitted.model_.settings.joint
    with pytest.raises(SettingsError, match="without must be one of 'layout'"):
        RankerSystem(without=("colour",)).fit(train)


def test_the_ranker_learns_from_weak_labels_and_labels_unless_they_are_left_out() -> None:
    own = drawn(60)
    labels = pd.concat([own.frame] * 3, ignore_index=True)
    rows = replace(own, weak_labels=drawn(40, seed=2, prefix="o"), labels=labels)
    training = RankerSystem(**QUICK).fit(rows).model_.training
    assert (training["rows_with_weak_labels"], training["labels"]) == (40, 180)
    training = RankerSystem(without=("weak_labels",), **QUICK).fit(rows).model_.training
    assert training["rows_with_weak_labels"] == 0
