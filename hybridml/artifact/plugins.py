"""Plugins: vision stages and feature blocks of the user's own, which an artifact names as ``module:name``.

They are imported and called with what the file says, so a file must not be able to name just anything. What cannot be
imported here cannot be called either: it passes, and is an error only where it is needed.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from typing import Any

from hybridml.errors import ArtifactError
from hybridml.vision.stages import Stage


def check(blocks: Iterable[str], stages: Iterable[Stage]) -> None:
    """Refuse names that no artifact needs.

    Parameters
    ----------
    blocks : iterable of str
        Names of feature blocks.
    stages : iterable of Stage
        Vision stages.

    Raises
    ------
    ArtifactError
        When a name is in Python's standard library, or a stage is not a class with the methods of its kind.

    Examples
    --------
    >>> check((), [Stage("ocr", "os:system", {"command": "date"}, {})])
    Traceback (most recent call last):
    hybridml.errors.ArtifactError: it names 'os:system', which belongs to Python and is no part of a model: ...
    """
    for block in blocks:
        _imported(block)
    for stage in stages:
        methods = ("embed" if stage.kind == "embedding" else "read", "settings")
        # the second pass names the OCR engine that it uses
        for name in (stage.name, stage.options.get("engine", "")):
            plugin = _imported(name)
            if plugin is None:
                continue
            if not isinstance(plugin, type) or not all(callable(getattr(plugin, m, None)) for m in methods):
                raise ArtifactError(
                    f"it names {name!r}, expected a class with {' and '.join(f'{m}()' for m in methods)}: refused. "
                    "Make it such a class and train again, or get the model from somebody you know"
                )


def _imported(name: str) -> Any:
    """Return what ``module:name`` stands for; None for a packaged part, and for what cannot be imported."""
    module, colon, attribute = name.partition(":")
    if not colon:
        return None
    if module.partition(".")[0] in sys.stdlib_module_names:
        raise ArtifactError(
            f"it names {name!r}, which belongs to Python and is no part of a model: refused. "
            "Get the model from somebody you know, or train again"
        )
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception:  # a module may fail in any way
        return None
