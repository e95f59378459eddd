"""What an artifact is made of, for people, and where two differ; needs neither LightGBM nor an engine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hybridml.ranking.calibration import Calibrator
from hybridml.ranking.dimension_order import DimensionOrder
from hybridml.utils.plain_data import checksum

from . import file as artifact_file

PRECISIONS = (0.9, 0.95, 0.99)
"""Precisions whose confidence thresholds are told."""

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
        Sections ``file, versions, reader, looks, embedding, entities, features, ranker, learned, thresholds,
        training``. A threshold is the confidence from which answers have that precision, None where none has.

    Raises
    ------
    ArtifactError
        When the file is no artifact that this version reads.
    """
    data = artifact_file.read(path)
    with artifact_file.complete(path):
        return {
            "file": {
                "path": str(path),
                "bytes": Path(path).stat().st_size,
                "format": data["format"],
                "checksum": data["checksum"],
            },
            "versions": data["versions"],
            "ocr": data["stages"]["ocr"],
            "further_stages": {stage["name"]: stage for stage in data["stages"]["further"]},
            "missing_stages": data["missing_stages"],
            "embedding": data["stages"]["embedding"] or {"name": "none", "reason": data["image_reason"]},
            "entities": {
                name: {"units": list(entity["units"]), "keywords": len(entity["keywords"])}
                for name, entity in data["entities"]["entities"].items()
            },
            "features": {"version": data["features_version"], "blocks": _by_block(data["columns"])},
            "ranker": {**data["ranker"]["settings"], **_size_of_ranker(data["ranker"]["models"])},
            "settings": {k: v for k, v in data["settings"].items() if k not in ("ranker", "blocks")},
            "learned": _learned(data),
            "thresholds": _thresholds(Calibrator.from_dict(data["calibrator"])),
            "training": {
                **{
                    name: value
                    for name, value in data["training"].items()
                    if name != "group_and_photo_hashes"
                },
                "f1_out_of_fold": float(data["training"]["f1_out_of_fold"]),
                "known_groups_and_photos": len(data["training"]["group_and_photo_hashes"]),
            },
        }


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
            "stake": calibrator["stake"],
        },
        "weak_labels": data["weak"],
        "weak_weight": data["weak_weight"],
        "dimension_order_learned_from": DimensionOrder.from_dict(data.get("dimension_order") or []).pairs,
        "unit_of_a_pair_learned_from": (data.get("unit_preference") or {}).get("pairs", 0),
    }


def _thresholds(calibrator: Calibrator) -> dict[str, dict[str, float | None]]:
    def told(entity: str) -> dict[str, float | None]:
        found = {f"{p:g}": calibrator.threshold(p, entity) for p in PRECISIONS}
        return {p: float(t) if math.isfinite(t) else None for p, t in found.items()}

    return {"all": told(""), **{entity: told(entity) for entity in calibrator.entities}}


# ---------------------------------------------------------------- as text


def text(facts: Mapping[str, Any]) -> str:
    """Return what :func:`inspect` told as text for a terminal."""
    file, training = facts["file"], facts["training"]
    head = [
        f"{file['path']}: hybridml artifact, format {file['format']}, {file['bytes']:,} bytes",
        f"F1 at training, out of fold: {training['f1_out_of_fold']:.3f}",
        f"checksum {file['checksum']}",
    ]
    sections = {
        "versions it was made with": facts["versions"],
        "training": training,
        f"OCR engine: {facts['ocr']['name']}": _stage(facts["ocr"]),
        **{f"stage: {name}": _stage(stage) for name, stage in facts["further_stages"].items()},
        "stages left out": facts["missing_stages"],
        f"embedding: {facts['embedding']['name']}": _stage(facts["embedding"]),
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
    lines = [*head, *(line for title, told in sections.items() for line in _section(title, told))]
    return "\n".join(map(_printable, lines))


def _printable(told: str) -> str:
    """Return a line without control characters: a file may hold what a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in told)


def _stage(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in stage.items() if key not in ("kind", "name")}


def _section(title: str, told: Mapping[str, Any]) -> Iterator[str]:
    lines = list(_flat(told))
    if not lines:
        return
    width = min(max(len(name) for name, _ in lines), 40)
    yield ""
    yield title
    for name, value in lines:
        yield f"  {name:<{width}}  {_value(value)}"


def _flat(told: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield dotted path and value of everything in mappings and in lists of mappings."""
    if isinstance(told, list | tuple) and told and all(isinstance(item, Mapping) for item in told):
        names = [str(item.get("name")) for item in told]
        told = dict(zip(names if len(set(names)) == len(names) else range(len(names)), told, strict=True))
    if isinstance(told, Mapping) and told:
        for name, value in told.items():
            yield from _flat(value, f"{path}.{name}" if path else str(name))
    elif path:
        yield path, told


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, Mapping) or value is None:
        return "none"
    return format(value, ".6g") if isinstance(value, float) else str(value)


# ---------------------------------------------------------------- two of them


@dataclass(frozen=True)
class Difference:
    """What two artifacts have otherwise.

    Parameters
    ----------
    path : str
        Dotted path in the artifact.
    old, new : str
        What the first and the second have there; what is long by its kind, size and hash.
    """

    path: str
    old: str
    new: str


def differences(first: str | Path, second: str | Path) -> list[Difference]:
    """Return where two artifacts differ; none when they give the same answers and say the same of themselves.

    Raises
    ------
    ArtifactError
        When a file is no artifact that this version reads.
    """
    old, new = (dict(_flat(_without_checksum(artifact_file.read(path)))) for path in (first, second))
    return [
        Difference(*map(_printable, (path, _brief(old, new, path), _brief(new, old, path))))
        for path in dict.fromkeys([*old, *new])
        if path not in old or path not in new or checksum(old[path]) != checksum(new[path])
    ]


def _without_checksum(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "checksum"}


def _brief(of: Mapping[str, object], other: Mapping[str, object], path: str) -> str:
    if path not in of:
        return ABSENT
    value = of[path]
    if isinstance(value, np.ndarray):
        return f"array of {value.dtype} {value.shape}, sha256 {checksum(value)[:12]}"
    if isinstance(value, str) and len(value) > LONG_TEXT:
        return f"text of {len(value)} characters, sha256 {checksum(value)[:12]}"
    if not isinstance(value, list | tuple) or (
        len(value) <= SHOWN_ITEMS and len(repr(value)) <= 2 * LONG_TEXT
    ):
        return repr(value)
    told = f"{type(value).__name__} of {len(value)}, sha256 {checksum(value)[:12]}"
    theirs = other.get(path)
    own = [v for v in value if isinstance(theirs, list | tuple) and isinstance(v, str) and v not in theirs]
    more = f" and {len(own) - SHOWN_ITEMS} more" if len(own) > SHOWN_ITEMS else ""
    short = [v if len(v) <= LONG_TEXT else f"{v[:20]!r}..." for v in own[:SHOWN_ITEMS]]
    return f"{told}; only here: {', '.join(short)}{more}" if own else told
