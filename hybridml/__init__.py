"""Physical quantities (weight, volume, dimensions, voltage, wattage) read off product photos.

``EntityExtractor`` learns from rows and answers them; ``save`` and ``load`` keep one in a file; ``read`` answers a
single photo with an ``Answer`` for each entity, ``read_all`` with every quantity on it; ``candidates_frame`` returns
what was considered for a row as a table; ``quantity`` finds quantities in text; every error raised on purpose is a
``HybridmlError``.

Examples
--------
>>> import hybridml
>>> [(q.value, q.unit) for q in hybridml.quantity.parse("NET WT 12 OZ (340 g)")]
[(12.0, 'ounce'), (340.0, 'gram')]
>>> hybridml.EntityExtractor(images="photos", effort="fast").get_params()["effort"]
'fast'
>>> hybridml.Answer("item_weight", 340.0, "gram", confidence=0.9).prediction
'340 gram'
>>> from hybridml.artifact import pretrained
>>> hybridml.load(pretrained.MODEL).model_.schema.entity("wattage").units
('kilowatt', 'watt')
>>> hybridml.load("no/such/model.joblib")
Traceback (most recent call last):
hybridml.errors.ArtifactError: no model at no/such/model.joblib: ...
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from . import quantity
    from .artifact.pretrained import read, read_all
    from .artifact.serialize import load, save
    from .errors import HybridmlError
    from .estimator import EntityExtractor
    from .prediction.explain.explanation import candidates_frame
    from .ranking.answer import Answer

__all__ = [
    "Answer",
    "EntityExtractor",
    "HybridmlError",
    "__version__",
    "candidates_frame",
    "load",
    "quantity",
    "read",
    "read_all",
    "save",
]

# Imported when first used, so that importing hybridml loads neither pandas nor scikit-learn nor an OCR engine.
_HOME = {
    "Answer": "ranking.answer",
    "EntityExtractor": "estimator",
    "HybridmlError": "errors",
    "candidates_frame": "prediction.explain.explanation",
    "load": "artifact.serialize",
    "read": "artifact.pretrained",
    "read_all": "artifact.pretrained",
    "save": "artifact.serialize",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    if name == "quantity":
        return import_module(".quantity", __name__)
    raise AttributeError(f"module 'hybridml' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
