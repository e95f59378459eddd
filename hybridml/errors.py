"""The errors that hybridml raises on purpose: one small hierarchy, each message saying what to do.

::

    HybridmlError
    ├── RowsError             (a ValueError)  tables of rows, predictions, truth
    ├── EntityError                           entities, units, entity files
    ├── ImageError                            one photo; costs its own rows, never the run
    ├── MissingExtraError                     an extra or a system package; says what to install
    ├── WeightsError                          pretrained weights
    ├── StoreError                            the feature store
    ├── ArtifactError                         a model file, or parts here that are not those it was trained with
    ├── NotFittedError        (also scikit-learn's, where it is raised)
    ├── registry.SettingsError (a ValueError) a part or setting that is not known
    │   └── registry.MissingPartError         ... or cannot be imported here; a MissingExtraError, too
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
    """A table of rows, predictions or truth does not have the agreed form."""


class EntityError(HybridmlError):
    """An entity, unit or entity file that is not known or does not have the agreed form."""


class ImageError(HybridmlError):
    """A photo that cannot be decoded safely. Costs its own rows, never the run."""


class MissingExtraError(HybridmlError):
    """Something that an optional extra or a system package provides is not installed."""


class WeightsError(HybridmlError):
    """Pretrained weights were asked for and cannot be had."""


class StoreError(HybridmlError):
    """The feature store lacks, or cannot read, what was asked of it."""


class ArtifactError(HybridmlError):
    """A model file that cannot be used with this version of the code."""


class NotFittedError(HybridmlError, ValueError, AttributeError):
    """An extractor was asked for answers before it was fitted or loaded."""
