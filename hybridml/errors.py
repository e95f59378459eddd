"""The errors that hybridml raises on purpose: one small hierarchy; each message says what to do.

::

    HybridmlError
    ├── RowsError             (a ValueError)  tables of rows, predictions, truth
    ├── EntityError                           entities, units, entity files
    ├── ImageError                            one photo; costs its own rows, never the run
    ├── MissingExtraError                     an extra or a system package; says what to install
    ├── WeightsError                          pretrained weights
    ├── StoreError                            the feature store
    ├── ArtifactError                         a model file, or a vision stage other than it was trained with
    ├── NotFittedError        (also scikit-learn's, where it is raised)
    ├── registry.SettingsError (a ValueError) an unknown name or setting
    │   └── registry.MissingPluginError       a plugin that cannot be imported here; a MissingExtraError, too
    └── download.failure.FetchError           one photo that cannot be fetched

Examples
--------
>>> import hybridml
>>> try:
...     hybridml.load("no/such/model.joblib")
... except hybridml.HybridmlError as error:
...     print(error)
no model at no/such/model.joblib: train one with 'hybridml train', or name its file
"""

from __future__ import annotations


class HybridmlError(Exception):
    """Base of every error that hybridml raises on purpose.

    The message names what was looked at (file, row, parameter), what was expected and what to do. The
    command line prints it without a traceback and exits with status 2.
    """


class RowsError(HybridmlError, ValueError):
    """A table of rows, predictions or truth that does not have the expected form."""


class EntityError(HybridmlError):
    """An entity, unit or entity file that is unknown or does not have the expected form."""


class ImageError(HybridmlError):
    """A photo that cannot be decoded safely. Costs its own rows, never the run."""


class MissingExtraError(HybridmlError):
    """A package of an optional extra, or a system package, that is not installed."""


class WeightsError(HybridmlError):
    """Pretrained weights that are needed and cannot be found or loaded."""


class StoreError(HybridmlError):
    """Data that the feature store lacks or cannot read."""


class ArtifactError(HybridmlError):
    """A model file that cannot be used with this version of the code."""


class NotFittedError(HybridmlError, ValueError, AttributeError):
    """An extractor that was used before it was fitted or loaded."""
