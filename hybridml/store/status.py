"""The status of a feature store: what it has for given photos, what failed, and what else lies in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hybridml.datasets.photos import Located
from hybridml.utils.paths import stat_of
from hybridml.vision.stages import Stage

from .extraction import NO_PHOTO
from .feature_store import FeatureStore
from .schema import SCHEMAS
from .shards import DAMAGED, Shards, records_in, temporary_files

STAGE_TITLES = {
    "ocr": "OCR",
    "number_classifier": "number classifier",
    "second_pass": "second pass",
    "embedding": "embedding",
}


@dataclass(frozen=True)
class TableStatus:
    """What one table holds.

    Parameters
    ----------
    what : str
        Kind of engine and its name.
    folder : str
        Below the store's root: kind and fingerprint of the settings.
    done, failed, missing : int or None
        Photos of the given rows; None where that is unknown.
    records, shards, bytes : int
        All that lies there.
    newest : float or None
        When the last shard was written, in seconds since 1970.
    """

    what: str
    folder: str
    done: int | None
    failed: int | None
    missing: int | None
    records: int
    shards: int
    bytes: int
    newest: float | None


@dataclass(frozen=True)
class StoreStatus:
    """What a store holds.

    Parameters
    ----------
    root : str
        The store.
    photos, known, absent : int
        Photos of the rows; those whose content the store knows; those that are neither known nor on disk.
    tables, others : list of TableStatus
        Tables of the given stages, and tables made with other settings.
    causes : dict of str to str
        Photo name to why it is recorded as failed.
    no_photo : dict of str to str
        Name to why there is no photo, of each that is absent.
    damaged, unfinished : list of str
        Files set aside, and temporary files: of a run that goes on, or that was killed.
    """

    root: str
    photos: int
    known: int
    absent: int
    tables: list[TableStatus]
    others: list[TableStatus]
    causes: dict[str, str] = field(default_factory=dict)
    no_photo: dict[str, str] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)


def status_of(store: FeatureStore, found: Located, stages: Iterable[Stage]) -> StoreStatus:
    """Return what ``store`` has.

    Parameters
    ----------
    store : FeatureStore
        The store.
    found : Located
        Where each photo lies, and why it is missing.
    stages : iterable of Stage
        Whose results to count; of a second pass no more than what was taken is known.
    """
    photos = found.paths
    keys = store.known_keys(photos)
    absent = [name for name, path in photos.items() if path is None and name not in keys]
    tables: list[TableStatus] = []
    causes: dict[str, str] = {}
    for stage in stages:
        table = store.table_of(stage)
        record_index = table.record_index(keys.values())
        there = record_index.has(list(keys.values()))
        errors = record_index.errors()
        failed = {name: errors[key] for name, key in keys.items() if key in errors}
        causes |= failed
        missing = None if stage.kind == "second_pass" else len(photos) - int(there.sum())
        what = (
            f"{STAGE_TITLES[stage.kind]} ({stage.name})"
            if stage.name != stage.kind
            else STAGE_TITLES[stage.kind]
        )
        tables.append(
            _status(store, table.folder, what, int(there.sum()) - len(failed), len(failed), missing)
        )
    own = {table.folder for table in tables}
    folders = sorted(
        f for kind in SCHEMAS if kind != "photos" for f in (store.root / kind).glob("*") if f.is_dir()
    )
    others = [_status(store, folder, _made_by(folder)) for folder in folders]
    return StoreStatus(
        str(store.root),
        len(photos),
        len(keys),
        len(absent),
        tables,
        [table for table in others if table.folder not in own],
        causes,
        {name: found.causes.get(name, NO_PHOTO) for name in absent},
        [str(path) for path in sorted(store.root.rglob(f"*{DAMAGED}"))],
        [str(path) for folder in (store.photos.folder, *folders) for path in temporary_files(folder)],
    )


def _status(
    store: FeatureStore,
    folder: Path,
    what: str,
    done: int | None = None,
    failed: int | None = None,
    missing: int | None = None,
) -> TableStatus:
    records = size = shards = 0
    newest = None
    for path in Shards(folder, SCHEMAS[folder.parent.name]).paths():
        try:
            stat, rows = stat_of(path), records_in(path)
        except OSError:
            continue  # merged meanwhile
        if rows < 0:
            continue  # damaged: the next run names it
        records, size, shards = records + rows, size + stat[0], shards + 1
        newest = max(newest or 0.0, stat[1] / 1e9)
    place = str(folder.relative_to(store.root))
    return TableStatus(what, place, done, failed, missing, records, shards, size, newest)


def _made_by(folder: Path) -> str:
    """Return the stage that made a table, by its settings."""
    try:
        settings: dict[str, Any] = json.loads((folder / "settings.json").read_bytes())
        named = next(
            (k for k in ("second_pass", "number_classifier", "embedding", "ocr") if k in settings), ""
        )
        name = settings[named]
    except FileNotFoundError:
        return "settings.json is missing"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"settings.json is damaged ({type(error).__name__})"
    return (
        f"{STAGE_TITLES[named]} ({name})" if isinstance(name, str) and name != named else STAGE_TITLES[named]
    )
