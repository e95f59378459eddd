"""What scikit-learn asks of an estimator, without importing it: that takes a second, and ranking does not need it."""

from __future__ import annotations

import inspect
from typing import Any, Self

from .errors import HybridmlError


class UnknownParameterError(HybridmlError, ValueError):
    """There is no such parameter; scikit-learn expects a ValueError."""


class Estimator:
    """An estimator in scikit-learn's sense: its parameters are what ``__init__`` takes, kept under their names.

    Works with :func:`sklearn.base.clone`, pipelines and searches, as :class:`sklearn.base.BaseEstimator` does.

    Examples
    --------
    >>> class Mean(Estimator):
    ...     def __init__(self, window=3, robust=False):
    ...         self.window, self.robust = window, robust
    >>> Mean(window=5).get_params(), Mean().set_params(robust=True)
    ({'window': 5, 'robust': False}, Mean(robust=True))
    """

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return {parameter.name: parameter.default for parameter in parameters}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; ``deep`` is scikit-learn's, and changes nothing where none is an estimator."""
        return {name: getattr(self, name) for name in self._defaults()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters and return itself.

        Raises
        ------
        UnknownParameterError
            When there is no such parameter.
        """
        known = self._defaults()
        for name, value in params.items():
            if name not in known:
                raise UnknownParameterError(
                    f"{type(self).__name__} has no parameter {name!r}; expected some of: {', '.join(known)}"
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """Return the call that makes it: the parameters that differ from their defaults."""
        own = [
            f"{n}={getattr(self, n)!r}" for n, d in self._defaults().items() if not _same(getattr(self, n), d)
        ]
        return f"{type(self).__name__}({', '.join(own)})"

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn wants to know of an estimator: the usual."""
        from sklearn.base import BaseEstimator

        return BaseEstimator().__sklearn_tags__()


def _same(value: Any, default: Any) -> bool:
    return value is default or repr(value) == repr(default)
