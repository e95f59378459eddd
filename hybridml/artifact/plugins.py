"""The parts of a user's own that an artifact names as ``module:name``.

They are imported and called with what the file says, so a file must not be able to name just anything. What cannot be
imported here cannot be called either: it is let pass, and missed where it is needed.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from hybridml.errors import ArtifactError

METHODS = {"embedding": ("embed", "settings")}
"""Methods by which a class of each kind is known to be one ..."""

OF_READERS = ("read", "settings")
"""... and those of any other kind, whose ``module:name`` is a reader's."""


def check(blocks: Iterable[str], stages: Iterable[Mapping[str, Any]], source: str) -> None:
    """Refuse names of what is no part of a model.

    Parameters
    ----------
    blocks : iterable of str
        Feature blocks.
    stages : iterable of mapping
        Readers, embeddings and looks, as an artifact holds them.
    source : str
        The artifact, for messages.

    Raises
    ------
    ArtifactError
        For anything of Python's standard library, and for engines that are no class with an engine's methods.

    Examples
    --------
    >>> check((), [{"kind": "ocr", "name": "os:system", "options": {"command": "date"}}], "m.joblib")
    Traceback (most recent call last):
    hybridml.errors.ArtifactError: m.joblib: it names 'os:system', which is Python's own and no part of a model: ...
    """
    for block in blocks:
        _imported(block, source)
    for stage in stages:
        methods = METHODS.get(stage["kind"], OF_READERS)
        # a second look names the reader it uses
        for name in (stage["name"], stage["options"].get("engine", "")):
            part = _imported(name, source)
            if part is not None and not _is_class_with(part, methods):
                raise ArtifactError(
                    f"{source}: it names {name!r}, expected a class with {' and '.join(f'{m}()' for m in methods)}: "
                    "refused. Make it such a class and train again, or get the model from somebody you know"
                )


def _imported(name: str, source: str) -> object:
    module, colon, attribute = name.partition(":")
    if not colon:
        return None
    if module.partition(".")[0] in sys.stdlib_module_names:
        raise ArtifactError(
            f"{source}: it names {name!r}, which is Python's own and no part of a model: refused. "
            "Get the model from somebody you know, or train again"
        )
    try:
        found: object = getattr(importlib.import_module(module), attribute)
    except Exception:  # a module may fail in any way
        return None
    return found


def _is_class_with(part: object, methods: Iterable[str]) -> bool:
    return isinstance(part, type) and all(callable(getattr(part, method, None)) for method in methods)
