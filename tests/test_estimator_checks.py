"""scikit-learn's own checks of an estimator, and what they would check if they could draw photos."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError as SklearnNotFittedError
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted

import hybridml
from hybridml import EntityExtractor
from hybridml.errors import NotFittedError
from tests.helpers.fakes import OPTIONS, write_rows

NO_ARRAY = "fits or predicts an array of numbers; rows are a table with named columns"
OWN_TEST = f"{NO_ARRAY}: checked on rows below"

CANNOT_APPLY = {
    "check_complex_data": f"{NO_ARRAY}: complex ones are refused like any other array",
    "check_dict_unchanged": OWN_TEST,
    "check_dont_overwrite_parameters": OWN_TEST,
    "check_dtype_object": NO_ARRAY,
    "check_estimator_sparse_array": f"{NO_ARRAY}: sparse ones are refused like any other array",
    "check_estimator_sparse_matrix": f"{NO_ARRAY}: sparse ones are refused like any other array",
    "check_estimator_sparse_tag": NO_ARRAY,
    "check_estimators_dtypes": NO_ARRAY,
    "check_estimators_empty_data_messages": f"{NO_ARRAY}: the message is about that, not about no features",
    "check_estimators_fit_returns_self": OWN_TEST,
    "check_estimators_nan_inf": f"{NO_ARRAY}: there is no NaN in a text; a blank label is a label",
    "check_estimators_overwrite_params": OWN_TEST,
    "check_estimators_pickle": OWN_TEST,
    "check_f_contiguous_array_estimator": NO_ARRAY,
    "check_fit2d_1feature": f"{NO_ARRAY}: there are no features to count",
    "check_fit2d_1sample": f"{NO_ARRAY}: the message is about that",
    "check_fit2d_predict1d": NO_ARRAY,
    "check_fit_check_is_fitted": OWN_TEST,
    "check_fit_idempotent": OWN_TEST,
    "check_fit_score_takes_y": OWN_TEST,
    "check_methods_sample_order_invariance": OWN_TEST,
    "check_methods_subset_invariance": OWN_TEST,
    "check_n_features_in": f"{NO_ARRAY}: there are no features to count",
    "check_n_features_in_after_fitting": f"{NO_ARRAY}: there are no features to count",
    "check_pipeline_consistency": NO_ARRAY,
    "check_positive_only_tag_during_fit": NO_ARRAY,
    "check_readonly_memmap_input": NO_ARRAY,
}
"""Checks of scikit-learn that an extractor fails, and why it must."""

UNAVAILABLE = {"check_array_api_input": "needs SCIPY_ARRAY_API=1, and takes arrays"}


class AsIfOfArrays(EntityExtractor):
    """Says that it takes arrays: else scikit-learn checks nothing at all."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what scikit-learn's checks say."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("checks"))
        found: list[dict[str, Any]] = check_estimator(
            AsIfOfArrays(workers=1), expected_failed_checks=CANNOT_APPLY, on_fail=None, on_skip=None
        )
    return found


def test_every_check_that_can_apply_passes(results: list[dict[str, Any]]) -> None:
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert not failed
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= set(UNAVAILABLE)
    assert sum(r["status"] == "passed" for r in results) >= 12


def test_every_check_that_is_excepted_exists_and_still_fails(results: list[dict[str, Any]]) -> None:
    assert {r["check_name"] for r in results if r["status"] == "xfail"} == set(CANNOT_APPLY)


def test_the_tags_say_that_rows_are_no_array() -> None:
    tags = EntityExtractor().__sklearn_tags__()
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.string


# ---------------------------------------------------------------- the same on rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("estimator")


@pytest.fixture(scope="module")
def rows(folder: Path) -> pd.DataFrame:
    return write_rows(folder, 60)


@pytest.fixture(scope="module")
def made(folder: Path) -> EntityExtractor:
    return EntityExtractor(folder / "images", folder / "store", **OPTIONS)


@pytest.fixture(scope="module")
def fitted(made: EntityExtractor, rows: pd.DataFrame) -> EntityExtractor:
    return clone(made).fit(rows)


def test_fit_returns_itself_and_changes_no_parameter(made: EntityExtractor, rows: pd.DataFrame) -> None:
    own = clone(made)
    before, given = repr(own.get_params()), rows.copy(deep=True)
    public = {name for name in vars(own) if not name.endswith("_")}
    assert own.fit(rows) is own
    assert repr(own.get_params()) == before
    assert {name for name in vars(own) if not name.endswith("_")} == public
    pd.testing.assert_frame_equal(rows, given)
    learned = dict(vars(own))
    own.predict(rows)
    assert {name: vars(own)[name] for name in learned if name == "model_"} == {"model_": learned["model_"]}
    pd.testing.assert_frame_equal(rows, given)


def test_fitting_again_changes_no_answer(fitted: EntityExtractor, rows: pd.DataFrame) -> None:
    again = clone(fitted).fit(rows).fit(rows)
    pd.testing.assert_frame_equal(again.predict(rows), fitted.predict(rows))


def test_labels_apart_are_as_good(fitted: EntityExtractor, rows: pd.DataFrame) -> None:
    bare = rows.drop(columns="entity_value")
    apart = clone(fitted).fit(bare, rows["entity_value"])
    assert apart.predict(bare)["prediction"].tolist() == fitted.predict(rows)["prediction"].tolist()
    assert apart.score(bare, rows["entity_value"]) == fitted.score(rows)


def test_an_answer_depends_on_no_other_row(fitted: EntityExtractor, rows: pd.DataFrame) -> None:
    whole = fitted.predict(rows).set_index("index")
    shuffled = fitted.predict(rows.sample(frac=1, random_state=0)).set_index("index")
    pd.testing.assert_frame_equal(shuffled.loc[whole.index], whole)
    parts = pd.concat([fitted.predict(rows[i : i + 7]) for i in range(0, len(rows), 7)]).set_index("index")
    assert parts["prediction"].tolist() == whole["prediction"].tolist()
    assert parts["confidence"].tolist() == pytest.approx(whole["confidence"].tolist())


def test_it_is_pickled_whole(fitted: EntityExtractor, rows: pd.DataFrame) -> None:
    copied = pickle.loads(pickle.dumps(fitted))
    pd.testing.assert_frame_equal(copied.predict(rows), fitted.predict(rows))


def test_being_fitted_is_known(made: EntityExtractor, fitted: EntityExtractor, rows: pd.DataFrame) -> None:
    check_is_fitted(fitted)
    for kind in (NotFittedError, SklearnNotFittedError, hybridml.HybridmlError):
        with pytest.raises(kind, match=r"call fit\(rows\)"):
            clone(made).predict(rows)
    with pytest.raises(SklearnNotFittedError):
        check_is_fitted(clone(made))
