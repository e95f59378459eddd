"""Reads physical quantities (weight, volume, dimensions, voltage, wattage) off product photos.

>>> import hybridml
>>> [(q.value, q.unit) for q in hybridml.quantity.parse("NET WT 12 OZ (340 g)")]
[(12.0, 'ounce'), (340.0, 'gram')]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from . import quantity
    from .answer import Answer
    from .artifact import load
    from .extractor import EntityExtractor
    from .reading import read

__all__ = ["Answer", "EntityExtractor", "__version__", "load", "quantity", "read"]

# Looked up when first used: importing hybridml costs neither scikit-learn nor an engine.
_HOME = {"Answer": "answer", "EntityExtractor": "extractor", "load": "artifact", "read": "reading"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    if name == "quantity":
        return import_module(".quantity", __name__)
    raise AttributeError(f"module 'hybridml' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
