"""The feature store: what reading and looking found, kept so that no photo is worked on twice.

Layout below the store's root (``features/`` by default)::

    photos/part-*.parquet                    name, bytes, mtime_ns, key     which file had which content
    readings/<fingerprint>/settings.json     what made them
    readings/<fingerprint>/part-*.parquet    key, width, height, error, seconds, text, confidence, polygon
    embeddings/<fingerprint>/settings.json
    embeddings/<fingerprint>/part-*.parquet  key, error, seconds, vector (float16)
    drawings/<fingerprint>/part-*.parquet    key, error, seconds, width, height, segments, outline, plain, filled
    regions/<fingerprint>/part-*.parquet     key, error, seconds, classes, probabilities (float16)

``key`` is the SHA-256 of the photo's bytes; ``fingerprint`` hashes the settings, so results of different
settings never mix. A shard is written under a temporary name and renamed, so it is there whole or not at
all; shards are only ever added, so several processes can write to one store.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .errors import ImageError, StoreError
from .files import atomic
from .fingerprint import fingerprint
from .ocr.textline import Reading
from .records import SCHEMAS, Kind, drawing_of, reading_of, regions_of
from .seen import Seen

log = logging.getLogger(__name__)


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
    kind : {"readings", "embeddings", "drawings", "regions"}
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

    def seen(
        self, settings: Mapping[str, Mapping[str, Any]], keys: Iterable[str]
    ) -> Iterator[tuple[str, Seen]]:
        """Yield ``(key, Seen)`` of the photos that were read.

        Parameters
        ----------
        settings : mapping
            Settings of the ``"reader"`` and, where they were used, of ``"lines"``, ``"regions"`` and
            ``"second"``, the second look.
        keys : iterable of str
            The photos.
        """
        batch: list[tuple[str, Reading]] = []
        for item in self.readings(settings["reader"], keys):
            batch.append(item)
            if len(batch) == PHOTOS_AT_ONCE:
                yield from self._joined(batch, settings)
                batch = []
        yield from self._joined(batch, settings)

    def _joined(
        self, batch: Sequence[tuple[str, Reading]], settings: Mapping[str, Mapping[str, Any]]
    ) -> Iterator[tuple[str, Seen]]:
        keys = [key for key, _ in batch]
        found: dict[str, dict[str, Any]] = {}
        for name, kind, back in _LOOKS:
            records = self.table(kind, settings[name]).records(keys) if name in settings else ()
            found[name] = {r["key"]: back(r) for r in records if r["error"] is None}
        for key, reading in batch:
            regions = found["regions"].get(key)
            if regions is not None and len(regions) != len(reading.lines):
                regions = None
            yield key, Seen(reading, found["lines"].get(key), regions, found["second"].get(key))


PHOTOS_AT_ONCE = 2048
"""Photos whose drawings and regions are joined to their readings in one pass over the shards."""

_LOOKS: tuple[tuple[str, Kind, Callable[[Mapping[str, Any]], Any]], ...] = (
    ("lines", "drawings", drawing_of),
    ("regions", "regions", regions_of),
    ("second", "readings", reading_of),
)
