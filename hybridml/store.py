"""The feature store: what reading and looking found, kept so that no photo is worked on twice.

Layout below the store's root (``features/`` by default)::

    photos/part-*.parquet                    name, bytes, mtime_ns, key     which file had which content
    readings/<fingerprint>/settings.json     what made them
    readings/<fingerprint>/part-*.parquet    key, width, height, error, seconds, text, confidence, polygon
    embeddings/<fingerprint>/settings.json
    embeddings/<fingerprint>/part-*.parquet  key, error, seconds, vector (float16)

``key`` is the SHA-256 of the photo's bytes; ``fingerprint`` hashes the settings, so results of different
settings never mix. A shard is written under a temporary name and renamed, so it is there whole or not at
all; shards are only ever added, so several processes can write to one store.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .errors import ImageError, StoreError
from .files import atomic
from .fingerprint import fingerprint
from .ocr.textline import Reading, TextLine

log = logging.getLogger(__name__)

Kind = Literal["readings", "embeddings"]

SCHEMAS: dict[str, pa.Schema] = {
    "photos": pa.schema(
        [("name", pa.string()), ("bytes", pa.int64()), ("mtime_ns", pa.int64()), ("key", pa.string())]
    ),
    "readings": pa.schema(
        [
            ("key", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("error", pa.string()),
            ("seconds", pa.float32()),
            ("text", pa.list_(pa.string())),
            ("confidence", pa.list_(pa.float32())),
            ("polygon", pa.list_(pa.float32())),
        ]
    ),
    "embeddings": pa.schema(
        [
            ("key", pa.string()),
            ("error", pa.string()),
            ("seconds", pa.float32()),
            ("vector", pa.list_(pa.float16())),
        ]
    ),
}


class _Shards:
    """Parquet shards of one schema in one folder."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self.folder, self.schema = folder, schema

    def append(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Write ``records`` as one shard, whole or not at all."""
        if not records:
            return
        table = pa.Table.from_pylist(list(records), schema=self.schema)
        with atomic(self.folder / f"part-{uuid.uuid4().hex}.parquet", StoreError) as temporary:
            pq.write_table(table, temporary, compression="zstd")

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield the shards, oldest first; a damaged one is named, set aside and left out."""
        paths = sorted(self.folder.glob("part-*.parquet"), key=lambda p: (p.stat().st_mtime_ns, p.name))
        for path in paths:
            try:
                yield pq.read_table(path, columns=list(columns) if columns else None, schema=self.schema)
            except (pa.ArrowException, OSError) as error:
                # Arrow reports damage as OSError too, but only the system's errors carry a number
                if isinstance(error, OSError) and error.errno:
                    raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
                aside = path.with_suffix(".damaged")
                os.replace(path, aside)
                log.warning(
                    "damaged shard %s set aside as %s (%s); its photos will be done again",
                    path,
                    aside.name,
                    str(error).splitlines()[0],
                )


class FeatureTable:
    """Results of one kind made with one set of settings.

    Parameters
    ----------
    root : Path
        The store's root.
    kind : {"readings", "embeddings"}
        What the table holds.
    settings : mapping
        Everything that changes a result; its fingerprint names the table's folder.
    """

    def __init__(self, root: Path, kind: Kind, settings: Mapping[str, Any]) -> None:
        self.kind, self.settings = kind, dict(settings)
        self.fingerprint = fingerprint(self.settings)
        self.folder = root / kind / self.fingerprint
        self._shards = _Shards(self.folder, SCHEMAS[kind])

    def append(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Add ``records`` (dicts in the schema of the kind) as one shard."""
        if records and not (self.folder / "settings.json").exists():
            with atomic(self.folder / "settings.json", StoreError) as temporary:
                temporary.write_text(
                    json.dumps(self.settings, indent=1, sort_keys=True) + "\n", encoding="utf-8"
                )
        self._shards.append(records)

    def keys(self) -> set[str]:
        """Return the keys of all photos done, those recorded as undecodable included."""
        return {key for table in self._shards.tables(["key"]) for key in table["key"].to_pylist()}

    def errors(self) -> dict[str, str]:
        """Return key to cause for the photos recorded as undecodable."""
        return {
            key: error
            for table in self._shards.tables(["key", "error"])
            for key, error in zip(table["key"].to_pylist(), table["error"].to_pylist(), strict=True)
            if error is not None
        }

    def records(self, keys: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Yield the record of each of ``keys`` that the table holds, in the order of the shards."""
        wanted = set(keys)
        for table in self._shards.tables():
            if not wanted:
                return
            for record in table.filter(pc.is_in(table["key"], pa.array(sorted(wanted)))).to_pylist():
                if record["key"] in wanted:
                    wanted.discard(record["key"])
                    yield record


class FeatureStore:
    """A folder with the photos' keys, readings and embeddings.

    Parameters
    ----------
    root : str or Path
        The folder; made when the first result is written.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        if self.root.exists() and not self.root.is_dir():
            raise StoreError(f"the store {self.root} is a file; give a folder")
        self._photos = _Shards(self.root / "photos", SCHEMAS["photos"])

    def table(self, kind: Kind, settings: Mapping[str, Any]) -> FeatureTable:
        """Return the table of ``kind`` made with ``settings``."""
        return FeatureTable(self.root, kind, settings)

    def photo_keys(self, photos: Mapping[str, Path | None]) -> dict[str, str]:
        """Return the content key of each photo.

        Parameters
        ----------
        photos : mapping of name to path or None
            Where each photo lies; None when it is not at hand, in which case the key it last had in this
            store is used: a scorer can rank stored features without the photos.

        Returns
        -------
        dict of name to key
            Without the names that are neither readable on disk nor known.

        Notes
        -----
        A file whose name, size and modification time are known is not read again.
        """
        from .images import fingerprint as content_key

        known: dict[str, tuple[int, int, str]] = {}
        for table in self._photos.tables():
            columns = (table[c].to_pylist() for c in ("name", "bytes", "mtime_ns", "key"))
            for name, size, mtime, key in zip(*columns, strict=True):
                if name in photos:
                    known[name] = (size, mtime, key)
        keys: dict[str, str] = {}
        fresh: list[dict[str, Any]] = []
        for name, path in photos.items():
            if path is None:
                if name in known:
                    keys[name] = known[name][2]
                continue
            try:
                stat = path.stat()
            except OSError as error:
                log.warning("%s: %s", path, error.strerror or error)
                continue
            if name in known and known[name][:2] == (stat.st_size, stat.st_mtime_ns):
                keys[name] = known[name][2]
                continue
            try:
                keys[name] = content_key(path)
            except ImageError as error:
                log.warning("%s", error)
                continue
            fresh.append(
                {"name": name, "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "key": keys[name]}
            )
        self._photos.append(fresh)
        return keys

    def readings(self, settings: Mapping[str, Any], keys: Iterable[str]) -> Iterator[tuple[str, Reading]]:
        """Yield ``(key, Reading)`` of the photos that were read with ``settings``."""
        for record in self.table("readings", settings).records(keys):
            if record["error"] is None:
                yield record["key"], reading_of(record)

    def embeddings(
        self, settings: Mapping[str, Any], keys: Iterable[str]
    ) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
        """Yield ``(key, vector)`` of the photos that were embedded with ``settings``."""
        for record in self.table("embeddings", settings).records(keys):
            if record["error"] is None:
                yield record["key"], np.asarray(record["vector"], dtype=np.float32)


def record_of(key: str, reading: Reading, seconds: float) -> dict[str, Any]:
    """Return the record in which the store keeps a reading."""
    return {
        "key": key,
        "width": reading.width,
        "height": reading.height,
        "error": None,
        "seconds": seconds,
        "text": [line.text for line in reading.lines],
        "confidence": [line.confidence for line in reading.lines],
        "polygon": [c for line in reading.lines for point in line.polygon for c in point],
    }


def reading_of(record: Mapping[str, Any]) -> Reading:
    """Return the reading kept in a record: the inverse of :func:`record_of`, in float32."""
    flat = record["polygon"]
    corners = [(flat[i], flat[i + 1]) for i in range(0, len(flat), 2)]
    lines = tuple(
        TextLine(
            text, confidence, (corners[4 * i], corners[4 * i + 1], corners[4 * i + 2], corners[4 * i + 3])
        )
        for i, (text, confidence) in enumerate(zip(record["text"], record["confidence"], strict=True))
    )
    return Reading(lines, record["width"], record["height"])


def as_stored(reading: Reading) -> Reading:
    """Return a reading as the store would give it back: numbers in float32."""
    record = record_of("", reading, 0.0)
    for name in ("confidence", "polygon"):
        record[name] = np.asarray(record[name], dtype=np.float32).tolist()
    return reading_of(record)
