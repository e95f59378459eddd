"""The contents of an artifact as facts and text, and the differences between two; needs no LightGBM or OCR engine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hybridml.ranking.calibration import Calibrator
from hybridml.ranking.dimension_order import DimensionOrder
from hybridml.utils.plain_data import checksum

from . import file as artifact_file

PRECISIONS = (0.9, 0.95, 0.99)
"""Precisions whose confidence thresholds are shown."""

LONG_TEXT = 60
SHOWN_ITEMS = 6
ABSENT = "absent"


def inspect(path: str | Path) -> dict[str, Any]:
    """Return what an artifact is made of, as plain JSON values.

    Parameters
    ----------
    path : path
        The artifact.

    Returns
    -------
    dict
        Sections ``file, versions, ocr, further_stages, missing_stages, embedding, entities, features, ranker, settings,
        learned, thresholds, training``. A threshold is the confidence from which answers have that precision, None
        where none has.

    Raises
    ------
    ArtifactError
        When the file is no artifact that this version reads.
    """
    data = artifact_file.read(path)
    with artifact_file.complete(path):
        stages, training = data["stages"], dict(data["training"])
        training["known_groups_and_photos"] = len(training.pop("group_and_photo_hashes"))
        return {
            "file": {
                "path": str(path),
                "bytes": Path(path).stat().st_size,
                "format": data["format"],
                "checksum": data["checksum"],
            },
            "versions": dict(data["versions"]),
            "ocr": _stage(stages["ocr"]),
            "further_stages": {stage["name"]: _stage(stage) for stage in stages["further"]},
            "missing_stages": dict(data["missing_stages"]),
            "embedding": _stage(stages["embedding"] or {"name": "none", "reason": data["image_reason"]}),
            "entities": {
                name: {"units": [str(unit) for unit in entity["units"]], "keywords": len(entity["keywords"])}
                for name, entity in data["entities"]["entities"].items()
            },
            "features": {"version": data["features_version"], "blocks": _by_block(data["columns"])},
            "ranker": {**data["ranker"]["settings"], **_size_of_ranker(data["ranker"]["models"])},
            "settings": {k: v for k, v in data["settings"].items() if k not in ("ranker", "blocks")},
            "learned": _learned(data),
            "thresholds": _thresholds(Calibrator.from_dict(data["calibrator"])),
            "training": {**training, "f1_out_of_fold": float(training["f1_out_of_fold"])},
        }


def _stage(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {**stage, "name": str(stage["name"])}


def _by_block(columns: Sequence[str]) -> dict[str, list[str]]:
    blocks: dict[str, list[str]] = {}
    for column in columns:
        block, _, name = column.partition(".")
        blocks.setdefault(block, []).append(name)
    return blocks


def _size_of_ranker(models: Sequence[str]) -> dict[str, int]:
    trees = sum(line.startswith("Tree=") for text in models for line in text.splitlines())
    return {"boosters": len(models), "trees": trees, "characters": sum(map(len, models))}


def _learned(data: Mapping[str, Any]) -> dict[str, Any]:
    calibrator, image = data["calibrator"], data["embedding_pca"]
    return {
        "priors": {name: len(table["n"]) for name, table in (data["priors"] or {}).items()} or None,
        "pca": {"components": image["components"].shape[0], "of": image["mean"].shape[0]} if image else None,
        "calibration": {
            "outcomes": list(calibrator["outcomes"]),
            "entities": list(calibrator["entities"]),
            "target_f": calibrator["target_f"],
        },
        "weak_labels": data["weak"],
        "weak_weight": data["weak_weight"],
        "dimension_order_learned_from": DimensionOrder.from_dict(data["dimension_order"]).pairs,
        "unit_preference_learned_from": data["unit_preference"]["pairs"] if data["unit_preference"] else 0,
    }


def _thresholds(calibrator: Calibrator) -> dict[str, dict[str, float | None]]:
    thresholds: dict[str, dict[str, float | None]] = {}
    for entity in ("", *calibrator.entities):
        found = {f"{p:g}": calibrator.threshold(p, entity) for p in PRECISIONS}
        thresholds[entity or "all"] = {p: t if math.isfinite(t) else None for p, t in found.items()}
    return thresholds


# ---------------------------------------------------------------- as text


def text(facts: Mapping[str, Any]) -> str:
    """Return what :func:`inspect` found as text for a terminal."""
    file, training = facts["file"], facts["training"]
    head = [
        f"{file['path']}: hybridml artifact, format {file['format']}, {file['bytes']:,} bytes",
        f"F1 at training, out of fold: {training['f1_out_of_fold']:.3f}",
        f"checksum {file['checksum']}",
    ]
    sections = {
        "versions it was made with": facts["versions"],
        "training": training,
        f"OCR engine: {facts['ocr']['name']}": _untitled(facts["ocr"]),
        **{f"stage: {name}": _untitled(stage) for name, stage in facts["further_stages"].items()},
        "stages left out": facts["missing_stages"],
        f"embedding: {facts['embedding']['name']}": _untitled(facts["embedding"]),
        "entities and units": {
            name: f"{', '.join(entity['units'])} ({entity['keywords']} keywords)"
            for name, entity in facts["entities"].items()
        },
        f"features, version {facts['features']['version']}": {
            f"{block} ({len(names)})": ", ".join(names)
            for block, names in facts["features"]["blocks"].items()
        },
        "ranker": facts["ranker"],
        "settings": facts["settings"],
        "learned": facts["learned"],
        "confidence from which answers have a precision of": {
            entity: "  ".join(f"{p}: {'none' if t is None else format(t, '.3f')}" for p, t in of.items())
            for entity, of in facts["thresholds"].items()
        },
    }
    lines = [*head, *(line for title, values in sections.items() for line in _section(title, values))]
    return "\n".join(map(artifact_file.printable, lines))


def _untitled(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in stage.items() if key not in ("kind", "name")}


def _section(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    lines = list(_flat(values))
    if not lines:
        return
    width = min(max(len(name) for name, _ in lines), 40)
    yield ""
    yield title
    for name, value in lines:
        yield f"  {name:<{width}}  {_value(value)}"


def _flat(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield dotted path and value of everything in mappings and in lists of mappings."""
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        names = [str(item.get("name")) for item in value]
        value = dict(zip(names if len(set(names)) == len(names) else range(len(names)), value, strict=True))
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _flat(item, f"{path}.{name}" if path else str(name))
    elif path:
        yield path, value


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, Mapping) or value is None:
        return "none"
    return format(value, ".6g") if isinstance(value, float) else str(value)


# ---------------------------------------------------------------- two artifacts


def differences(first: str | Path, second: str | Path) -> list[dict[str, str]]:
    """Return where two artifacts differ, apart from their checksums.

    Returns
    -------
    list of dict
        The dotted ``path`` in the artifact, and what the ``old`` and the ``new`` one have there: the value itself, or
        kind, size and hash of what is long.

    Raises
    ------
    ArtifactError
        When a file is no artifact that this version reads.
    """
    old, new = (
        dict(_flat(artifact_file.without_checksum(artifact_file.read(path)))) for path in (first, second)
    )
    return [
        {
            "path": artifact_file.printable(path),
            "old": artifact_file.printable(_brief(old, new, path)),
            "new": artifact_file.printable(_brief(new, old, path)),
        }
        for path in dict.fromkeys([*old, *new])
        if path not in old or path not in new or checksum(old[path]) != checksum(new[path])
    ]


def _brief(of: Mapping[str, object], other: Mapping[str, object], path: str) -> str:
    if path not in of:
        return ABSENT
    value = of[path]
    if isinstance(value, np.ndarray):
        return f"array of {value.dtype} {value.shape}, sha256 {checksum(value)[:12]}"
    if isinstance(value, str) and len(value) > LONG_TEXT:
        return f"text of {len(value)} characters, sha256 {checksum(value)[:12]}"
    if not isinstance(value, list) or (len(value) <= SHOWN_ITEMS and len(repr(value)) <= 2 * LONG_TEXT):
        return repr(value)
    brief = f"list of {len(value)}, sha256 {checksum(value)[:12]}"
    theirs = other.get(path)
    known = {v for v in theirs if isinstance(v, str)} if isinstance(theirs, list) else None
    own = [v for v in value if known is not None and isinstance(v, str) and v not in known]
    more = f" and {len(own) - SHOWN_ITEMS} more" if len(own) > SHOWN_ITEMS else ""
    short = [v if len(v) <= LONG_TEXT else f"{v[:20]!r}..." for v in own[:SHOWN_ITEMS]]
    return f"{brief}; only here: {', '.join(short)}{more}" if own else brief
