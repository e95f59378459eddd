"""scikit-learn takes our estimators for its own."""

from __future__ import annotations

import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

from hybridml import EntityExtractor
from hybridml.errors import HybridmlError


def test_parameters_are_what_init_takes() -> None:
    extractor = EntityExtractor(components=4)
    assert extractor.get_params()["components"] == 4
    assert extractor.set_params(components=5, effort="fast") is extractor
    assert clone(extractor).get_params() == extractor.get_params()


@pytest.mark.parametrize("kind", [ValueError, HybridmlError])
def test_an_unknown_parameter_is_refused(kind: type[Exception]) -> None:
    extractor = EntityExtractor()
    with pytest.raises(kind, match="no parameter 'component'; expected some of: images, store"):
        extractor.set_params(component=5)


def test_it_prints_what_differs_from_the_defaults() -> None:
    assert repr(EntityExtractor()) == "EntityExtractor()"
    assert repr(EntityExtractor(folds=3, further=("lines",))) == "EntityExtractor(looks=('lines',), folds=3)"


def test_scikit_learn_knows_it_is_not_fitted() -> None:
    with pytest.raises(NotFittedError):
        check_is_fitted(EntityExtractor())


def test_a_pipeline_reaches_its_parameters() -> None:
    pipeline = make_pipeline(EntityExtractor()).set_params(entityextractor__folds=3)
    assert clone(pipeline).get_params()["entityextractor__folds"] == 3
