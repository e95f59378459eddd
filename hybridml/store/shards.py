"""Parquet shards of one schema in one folder: each there whole or not at all, only ever added, merged when many.

Several processes can write to one folder, and read it meanwhile: a shard never changes, and one that goes (merged into
a larger one, or set aside because it is damaged) is looked for again. In an object store there are neither locks nor
times of one's own, so shards are not merged there.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hybridml.errors import StoreError
from hybridml.utils.files import atomic
from hybridml.utils.paths import content, is_remote, listed, rename

log = logging.getLogger(__name__)

PATTERN = "part-*.parquet"
DAMAGED = ".damaged"
COMPRESSION = "zstd"

MERGED = 8192
"""Records of a merged shard at most; one that has half of them is left as it is."""

MANY = 16
"""Small shards that are worth merging."""

ROW_GROUP = 256
"""Records that are decompressed together when only some of a shard's are wanted."""

STALE = 24 * 3600.0
"""Age in seconds from which a temporary file is taken for what a killed run left."""


Keep = Literal["first", "last"]


class ShardGoneError(Exception):
    """A shard was merged, or set aside as damaged, since it was listed."""


class Shards:
    """Parquet shards of one schema in one folder.

    Parameters
    ----------
    folder : Path
        Where they lie; made with the first of them.
    schema : Schema
        Their columns.
    unique : str
        Column of which merging keeps each value once.
    keep : {"first", "last"}
        Which record of several: the oldest one without an ``error``, or the newest.
    """

    def __init__(self, folder: Path, schema: pa.Schema, unique: str = "key", keep: Keep = "first") -> None:
        self.folder, self.schema = folder, schema
        self._unique, self._keep = unique, keep
        self._fetched: tuple[Path, bytes] | None = None

    def append(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Write ``records`` as one shard, whole or not at all."""
        if records:
            self._write(pa.Table.from_pylist(list(records), schema=self.schema))

    def _write(self, table: pa.Table, mtime_ns: int | None = None) -> None:
        with atomic(self.folder / f"part-{uuid.uuid4().hex}.parquet", StoreError) as temporary:
            pq.write_table(
                table,
                temporary,
                row_group_size=ROW_GROUP,
                compression=COMPRESSION,
                write_statistics=False,
                write_page_checksum=True,
            )
            if mtime_ns is not None:
                os.utime(temporary, ns=(mtime_ns, mtime_ns))

    def paths(self) -> list[Path]:
        """Return the shards, oldest first."""
        return [path for _, path in self._by_age()]

    def _by_age(self) -> list[tuple[int, Path]]:
        try:
            found = listed(self.folder, PATTERN)
        except OSError as error:
            raise StoreError(f"cannot list {self.folder}: {error}; see to the store and the rights") from None
        return sorted(found, key=lambda pair: (pair[0], pair[1].name))

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[tuple[Path, pa.Table]]:
        """Yield path and content of the shards, oldest first; a damaged one is named, set aside and left out.

        A record may come twice when shards are merged meanwhile.
        """
        done: set[str] = set()
        gone = True
        while gone:
            gone = False
            for path in self.paths():
                if path.name not in done:
                    done.add(path.name)
                    try:
                        with self._opened(path) as file:
                            table = file.read(columns=list(columns) if columns else None)
                    except ShardGoneError:
                        gone = True
                        continue
                    yield path, table

    def take(self, path: Path, rows: npt.NDArray[np.int64]) -> Iterator[pa.Table]:
        """Yield the records of one shard at ascending positions ``rows``, a row group's at a time.

        Raises
        ------
        ShardGoneError
            When it is no longer there, or damaged.
        """
        with self._opened(path) as file:
            sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        group_of = np.searchsorted(starts, rows, side="right") - 1
        for group in np.unique(group_of).tolist():
            with self._opened(path) as file:
                table = file.read_row_group(group)
            yield table.take(rows[group_of == group] - starts[group])

    @contextmanager
    def _opened(self, path: Path) -> Iterator[pq.ParquetFile]:
        source = pa.BufferReader(self._fetch(path)) if is_remote(path) else path
        try:
            with pq.ParquetFile(source, page_checksum_verification=True) as file:
                if not file.schema_arrow.equals(self.schema):
                    raise pa.ArrowInvalid(
                        f"its columns are {', '.join(file.schema_arrow.names)}, expected {', '.join(self.schema.names)}"
                    )
                yield file
        except FileNotFoundError:
            raise ShardGoneError from None
        except MemoryError:  # Arrow's own counts as damage below, and is not
            raise
        except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: names that are not UTF-8
            # Arrow reports damage as OSError too, but only the system's errors carry a number
            if isinstance(error, OSError) and error.errno:
                raise StoreError(
                    f"cannot read {path}: {error.strerror or error}; see to the disk and the rights, or move the file "
                    "away: what it holds is done again"
                ) from error
            set_aside(path, str(error).splitlines()[0])
            raise ShardGoneError from None

    def _fetch(self, path: Path) -> bytes:
        """Return a remote shard as bytes; the last one stays at hand, since its row groups are asked for in turn."""
        if self._fetched is None or self._fetched[0] != path:
            try:
                self._fetched = (path, content(path))
            except FileNotFoundError:
                raise ShardGoneError from None
            except OSError as error:
                raise StoreError(
                    f"cannot read {path}: {error}; see to the store, then start again"
                ) from error
        return self._fetched[1]

    def merge(self) -> int:
        """Merge small shards where there are many, and clear what killed runs left; return how many were merged.

        The merged shard is written whole before its sources go, so that a kill in between costs nothing: a record that
        is there twice counts once. Of several processes one merges; the others go on. Where nothing can be written
        the shards stay as they are.
        """
        try:
            return self._merged()
        except StoreError as error:
            log.warning("small shards stay apart: %s", error)
            return 0

    def _merged(self) -> int:
        if is_remote(self.folder):
            return 0
        with _alone(self.folder) as alone:
            if not alone:
                return 0
            for path in temporary_files(self.folder):
                if _age(path) > STALE:
                    path.unlink(missing_ok=True)
            small = [
                (mtime, path, rows)
                for mtime, path in self._by_age()
                if 0 <= (rows := records_in(path)) < MERGED // 2
            ]
            if len(small) < MANY:
                return 0
            group: list[tuple[int, Path]] = []
            merged = total = 0
            for mtime, path, rows in small:
                if total + rows > MERGED:
                    merged += self._merge(group)
                    group, total = [], 0
                group.append((mtime, path))
                total += rows
            return merged + self._merge(group)

    def _merge(self, sources: Sequence[tuple[int, Path]]) -> int:
        if len(sources) < 2:
            return 0
        paths = [path for _, path in sources]
        tables = []
        try:
            for path in paths:
                with self._opened(path) as file:
                    tables.append(file.read())
        except ShardGoneError:
            return 0  # the next run merges the others
        # as old as its newest source: what other processes wrote meanwhile stays newer
        self._write(self._once(pa.concat_tables(tables)), max(mtime for mtime, _ in sources))
        for path in paths:
            path.unlink(missing_ok=True)
        return len(paths)

    def _once(self, table: pa.Table) -> pa.Table:
        """Return the records of a table, each photo once."""
        names = pd.Series(table[self._unique].to_pylist(), dtype=object)
        if "error" in self.schema.names:
            failed = ~table["error"].is_null().to_numpy()
            names = names.iloc[np.argsort(failed, kind="stable")]
        kept = np.zeros(len(table), dtype=bool)
        kept[names.drop_duplicates(keep=self._keep).index] = True
        return table.filter(pa.array(kept))


def set_aside(path: Path, why: str) -> None:
    """Rename a damaged file of the store and name it in a warning; its photos are done again."""
    aside = path.with_suffix(DAMAGED)
    try:
        (rename if is_remote(path) else os.replace)(path, aside)
    except FileNotFoundError:
        return  # another process did
    except OSError as error:
        log.warning("damaged file %s (%s) cannot be set aside: %s", path, why, error.strerror or error)
        return
    log.warning(
        "damaged file %s set aside as %s (%s); what it held will be done again", path, aside.name, why
    )


def temporary_files(folder: Path) -> list[Path]:
    """Return the files in ``folder`` that are being written, or that a killed run left half written."""
    return [] if is_remote(folder) else sorted(folder.glob(".*.tmp"))


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def records_in(path: Path) -> int:
    """Return the number of records of a shard, -1 when that cannot be known."""
    try:
        source = pa.BufferReader(content(path)) if is_remote(path) else path
        return int(pq.read_metadata(source).num_rows)
    except (pa.ArrowException, OSError, ValueError):
        return -1


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Give whether this process is the only one that merges in ``folder``; the lock goes with the process."""
    import fcntl

    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except OSError:  # taken, or a file system without locks
            alone = False
        yield alone
    finally:
        os.close(handle)
