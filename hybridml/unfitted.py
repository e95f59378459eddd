"""The error of an extractor that is not fitted, as scikit-learn knows it; importing it costs scikit-learn."""

from __future__ import annotations

from sklearn.exceptions import NotFittedError as SklearnNotFittedError

from .errors import NotFittedError


class UnfittedError(NotFittedError, SklearnNotFittedError):
    """A :class:`hybridml.errors.NotFittedError` that is scikit-learn's, too."""
