"""The feature store: the results of the vision stages, kept so that no photo is worked on twice.

Layout below the store's root (``features/`` by default)::

    photos/part-*.parquet                           name, bytes, mtime_ns, key: which file had which content
    ocr/<fingerprint>/part-*.parquet                key, width, height, error, seconds, text, confidence, polygon
    number_classifier/<fingerprint>/part-*.parquet  key, error, seconds, classes, probabilities (float16)
    embedding/<fingerprint>/part-*.parquet          key, error, seconds, vector (float16)
    <kind>/<fingerprint>/settings.json              the settings that made the results

``key`` is the SHA-256 of the photo's bytes; ``fingerprint`` hashes the settings, so results of different
settings never mix. :mod:`hybridml.store.shards` describes how shards are written, merged and set aside. Memory use
depends on the requested photos, not on what else the store holds.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.datasets.images import fingerprint as content_key
from hybridml.errors import ImageError, StoreError
from hybridml.utils.files import atomic
from hybridml.utils.hashing import fingerprint
from hybridml.utils.paths import is_remote, path_of, stat_of
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.stages import Stage, StageKind
from hybridml.vision.text_line import OCRResult

from .index import RecordIndex
from .schema import KIND_OF, SCHEMAS, Kind, number_classes_of, ocr_result_of
from .shards import Shards, set_aside

log = logging.getLogger(__name__)

PHOTOS_AT_ONCE = 512
"""Photos whose number classes are joined to their OCR results at a time."""

PHOTOS_A_SHARD = 1024
"""Photos whose content keys are written together: what a killed run hashes again at most."""

FETCHED_AT_ONCE = 32
"""Remote photos that are fetched together to hash them."""

FLUSH_SECONDS = 60.0
"""Time after which results are written, however few they are."""


PhotoContent = tuple[tuple[int, int], str] | str
"""Size and time of change of a photo's file and its content key, or why they cannot be had."""

Contents = Callable[[Sequence[Path]], Iterator[tuple[int, PhotoContent]]]
"""Returns the position of each photo and its content, in any order."""


class FeatureTable:
    """Results of one kind made with one set of settings.

    Parameters
    ----------
    root : Path
        The store's root.
    kind : {"ocr", "embedding", "number_classifier"}
        What the table holds.
    settings : mapping
        Everything that changes a result; its fingerprint names the table's folder.
    """

    def __init__(self, root: Path, kind: Kind, settings: Mapping[str, Any]) -> None:
        self.kind, self.settings = kind, dict(settings)
        self.fingerprint = fingerprint(self.settings)
        self.folder = root / kind / self.fingerprint
        self.shards = Shards(self.folder, SCHEMAS[kind])
        self._settings_written = False

    def append(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Add ``records`` (dicts in the schema of the kind) as one shard."""
        if records and not self._settings_written:
            self._write_settings()
            self._settings_written = True
        self.shards.append(records)

    def _write_settings(self) -> None:
        path = self.folder / "settings.json"
        text = json.dumps(self.settings, indent=1, sort_keys=True) + "\n"
        if path.exists():
            try:
                if json.loads(path.read_bytes()) == json.loads(text):
                    return
            except ValueError:
                pass
            set_aside(path, "not the settings its folder is named for")
        with atomic(path, StoreError) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def record_index(self, keys: Iterable[str]) -> RecordIndex:
        """Return what finds and reads the records of ``keys``."""
        return RecordIndex(self.shards, list(keys))

    def keys(self) -> set[str]:
        """Return the keys of all photos done, those recorded as undecodable included."""
        return {key for _, table in self.shards.tables(["key"]) for key in table["key"].to_pylist()}

    def errors(self) -> dict[str, str]:
        """Return key to cause for the photos recorded as undecodable."""
        return self.record_index(self.keys()).errors()

    def records(self, keys: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Yield the record of each of ``keys`` that the table holds, in the order of the shards."""
        return self.record_index(keys).records()


class FeatureStore:
    """A folder with the photos' keys, OCR results and embeddings.

    Parameters
    ----------
    root : str or Path
        The folder; made when the first result is written. May be remote (``s3://``), see :mod:`hybridml.utils.paths`.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = path_of(root)
        if self.root.exists() and not self.root.is_dir():
            raise StoreError(f"the store {self.root} is a file; give a folder")
        self.photos = Shards(self.root / "photos", SCHEMAS["photos"], unique="name", keep="last")

    def table(self, kind: Kind, settings: Mapping[str, Any]) -> FeatureTable:
        """Return the table of ``kind`` made with ``settings``."""
        return FeatureTable(self.root, kind, settings)

    def table_of(self, stage: Stage) -> FeatureTable:
        """Return the table of the output of a vision stage."""
        return self.table(KIND_OF[stage.kind], stage.settings)

    def known_keys(self, photos: Mapping[str, Path | None]) -> dict[str, str]:
        """Return the content key of each photo whose file is as it was when last read; no photo is opened.

        Parameters
        ----------
        photos : mapping of name to path or None
            Where each photo lies; None when it is not at hand, in which case the key it last had in this
            store is used: a scorer can rank stored features without the photos.
        """
        names = list(photos)
        position = pd.Index(names, dtype=object)
        size, mtime = np.full(len(names), -1, np.int64), np.zeros(len(names), np.int64)
        key = np.zeros(len(names), "S64")
        for _, table in self.photos.tables():
            at = position.get_indexer(table["name"].to_pylist())
            asked = at >= 0
            for into, column in ((size, "bytes"), (mtime, "mtime_ns"), (key, "key")):
                into[at[asked]] = table[column].to_numpy()[asked]
        keys = {}
        for i, (name, path) in enumerate(photos.items()):
            if key[i] and (path is None or _stat(path) == (int(size[i]), int(mtime[i]))):
                keys[name] = key[i].decode()
        return keys

    def photo_keys(
        self,
        photos: Mapping[str, Path | None],
        progress: bool = False,
        remote_contents: Contents | None = None,
    ) -> dict[str, str]:
        """Return the content key of each photo, reading the files whose name, size or time of change is new.

        Parameters
        ----------
        photos : mapping of name to path or None
            As for :meth:`known_keys`.
        progress : bool
            Show a progress bar while photos are read.
        remote_contents : callable, optional
            Returns the contents of remote photos, by default :func:`contents`.

        Returns
        -------
        dict of name to key
            Without the names that are neither readable on disk nor known.
        """
        from tqdm import tqdm

        keys = self.known_keys(photos)
        unknown = {name: path for name, path in photos.items() if path is not None and name not in keys}
        fresh: list[dict[str, Any]] = []
        written = time.monotonic()
        try:
            names, paths = list(unknown), list(unknown.values())
            remote = any(is_remote(path) for path in paths)
            contents_of = remote_contents if remote_contents and remote else contents
            for position, found in tqdm(
                contents_of(paths),
                "contents",
                len(unknown),
                unit="photo",
                disable=not (progress and unknown),
                leave=None,
            ):
                if isinstance(found, str):
                    log.warning("%s", found)
                    continue
                name, (stat, key) = names[position], found
                keys[name] = key
                fresh.append({"name": name, "bytes": stat[0], "mtime_ns": stat[1], "key": key})
                if len(fresh) >= PHOTOS_A_SHARD or time.monotonic() - written > FLUSH_SECONDS:
                    self.photos.append(fresh)
                    fresh, written = [], time.monotonic()
        finally:
            self.photos.append(fresh)
        return keys

    def ocr_results(
        self, settings: Mapping[str, Any], keys: Iterable[str]
    ) -> Iterator[tuple[str, OCRResult]]:
        """Yield ``(key, OCRResult)`` of the photos that were read with ``settings``."""
        for record in self.table("ocr", settings).records(keys):
            if record["error"] is None:
                yield record["key"], ocr_result_of(record)

    def embeddings(
        self, settings: Mapping[str, Any], keys: Iterable[str]
    ) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
        """Yield ``(key, vector)`` of the photos that were embedded with ``settings``."""
        yield from vectors_of(self.table("embedding", settings).records(keys))

    def photo_features(
        self, settings: Mapping[str, Mapping[str, Any]], keys: Iterable[str]
    ) -> Iterator[tuple[str, PhotoFeatures]]:
        """Yield ``(key, PhotoFeatures)`` of the photos that were read.

        Parameters
        ----------
        settings : mapping
            Settings of each stage by its kind, as :attr:`hybridml.vision.stages.VisionStages.settings`.
        keys : iterable of str
            The photos.
        """
        keys = list(keys)
        ocr_results = self.ocr_results(settings["ocr"], keys)
        record_indexes = {
            kind: self.table(KIND_OF[kind], settings[kind]).record_index(keys)
            for kind in _FURTHER
            if kind in settings
        }
        while batch := list(islice(ocr_results, PHOTOS_AT_ONCE)):
            yield from _joined(batch, record_indexes)


def vectors_of(records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Yield ``(key, vector)`` of the records of photos that were embedded."""
    for record in records:
        if record["error"] is None:
            yield record["key"], np.asarray(record["vector"], dtype=np.float32)


def _joined(
    batch: Sequence[tuple[str, OCRResult]], record_indexes: Mapping[StageKind, RecordIndex]
) -> Iterator[tuple[str, PhotoFeatures]]:
    keys = [key for key, _ in batch]
    found: dict[str, dict[str, Any]] = {}
    for kind, back in _FURTHER.items():
        records = record_indexes[kind].records(keys) if kind in record_indexes else ()
        found[kind] = {r["key"]: back(r) for r in records if r["error"] is None}
    for key, ocr_result in batch:
        number_classes = found["number_classifier"].get(key)
        if number_classes is not None and len(number_classes) != len(ocr_result.lines):
            number_classes = None
        yield key, PhotoFeatures(ocr_result, number_classes, found["second_pass"].get(key))


def _stat(path: Path) -> tuple[int, int] | None:
    """Return size and modification time of a file, None when they cannot be had."""
    try:
        return stat_of(path)
    except OSError:
        return None


def contents(paths: Sequence[Path]) -> Iterator[tuple[int, PhotoContent]]:
    """Yield the position of each file and its content, in order; remote files are read several at a time."""
    if not any(is_remote(path) for path in paths):
        yield from enumerate(map(_content, paths))
        return
    with ThreadPoolExecutor(FETCHED_AT_ONCE) as pool:
        for start in range(0, len(paths), PHOTOS_AT_ONCE):
            yield from enumerate(pool.map(_content, paths[start : start + PHOTOS_AT_ONCE]), start)


def _content(path: Path) -> PhotoContent:
    stat = _stat(path)
    if stat is None:
        return f"{path}: is not there, or cannot be read"
    try:
        return stat, content_key(path)
    except ImageError as error:
        return str(error)


_FURTHER: dict[StageKind, Callable[[Mapping[str, Any]], Any]] = {
    "number_classifier": number_classes_of,
    "second_pass": ocr_result_of,
}
"""What is joined to the OCR result of a photo: the stage, and the way from its records to its output."""
