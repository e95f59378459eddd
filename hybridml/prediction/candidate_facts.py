"""What described candidates were made with, and where that is not what a model describes them with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hybridml.candidates.features import VERSION as FEATURES_VERSION
from hybridml.utils.plain_data import checksum
from hybridml.vision.stages import LIBRARIES, Stage

if TYPE_CHECKING:
    from hybridml.estimator import EntityExtractor

SHOWN = 6
"""Differences that an error lists before it only counts."""


def facts_of(extractor: EntityExtractor) -> dict[str, Any]:
    """Return all that decides the candidates of a photo and what is said of them, as plain JSON values.

    What is learned from labels is left out: a model trained anew describes candidates as the one before.

    Parameters
    ----------
    extractor : EntityExtractor
        Fitted or loaded.
    """
    model = extractor.model_
    image = model.image_block
    facts = {
        "features": {
            "version": FEATURES_VERSION,
            "blocks": list(model.settings.blocks),
            "columns": list(model.ranker.columns_)[: -len(model.columns.names) or None],
        },
        "joint": model.settings.joint,
        "ocr": _stage(extractor.ocr_),
        "looks": {look.kind: _stage(look) for look in extractor.further_},
        "image": {
            "embedding": _stage(extractor.embedder_) if extractor.embedder_ else None,
            "columns": image.columns,
            "reduction": checksum(image.to_dict()),
        }
        if image
        else None,
        "entities": asdict(model.schema),
    }
    plain: dict[str, Any] = json.loads(json.dumps(facts))  # as they come back from a file
    return plain


def _stage(stage: Stage) -> dict[str, Any]:
    return {"name": stage.name, "settings": dict(stage.settings)}


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what is said of each fact that differs; the versions of libraries may.

    Examples
    --------
    >>> then, now = {"side": 736, "torch": "2.6"}, {"side": 960, "torch": "2.7"}
    >>> differences({"ocr": {"settings": then}}, {"ocr": {"settings": now}})
    ['reader.settings.side: 736 there, 960 in the model']
    """
    old, new = dict(_flat(then)), dict(_flat(now))
    return [
        f"{path}: {_brief(old, path)} there, {_brief(new, path)} in the model"
        for path in dict.fromkeys([*old, *new])
        if path not in old or path not in new or old[path] != new[path]
    ]


def told(found: list[str]) -> str:
    """Return differences as a part of a sentence: the first few, then how many more."""
    more = len(found) - SHOWN
    return "; ".join(found[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _flat(facts: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield dotted path and value of everything in mappings, without what only tells the versions of libraries."""
    if isinstance(facts, Mapping) and facts:
        for name, value in facts.items():
            # "after" is a fingerprint of the reader's settings, which are compared themselves
            if not ("settings" in path.split(".") and name in (*LIBRARIES, "after")):
                yield from _flat(value, f"{path}.{name}" if path else str(name))
    else:
        yield path, facts


def _brief(of: Mapping[str, object], path: str) -> str:
    if path not in of:
        return "nothing"
    text = repr(of[path])
    return text if len(text) <= 60 else f"{text[:50]}... ({len(text)} characters)"
