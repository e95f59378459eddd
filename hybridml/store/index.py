"""The index of a table: where in its shards the records of given photos lie, in sixteen bytes a photo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.utils.hashing import hashes

from .shards import ShardGoneError, Shards

NOWHERE = -1


class RecordIndex:
    """Finds and reads the records of the photos it was made for.

    Parameters
    ----------
    shards : Shards
        With columns ``key`` and ``error``.
    keys : sequence of str
        The photos. Of several records of one photo the oldest without an error counts.
    """

    def __init__(self, shards: Shards, keys: Sequence[str]) -> None:
        self._shards = shards
        self._hashes, first = np.unique(hashes(keys), return_index=True)
        self._keys = np.asarray(keys, dtype=object)[first]
        self._shard = np.full(len(self._hashes), NOWHERE, np.int32)
        self._row = np.zeros(len(self._hashes), np.int32)
        self._failed = np.zeros(len(self._hashes), dtype=bool)
        self._paths: list[Path] = []
        self._scan()

    def _scan(self) -> None:
        """Note where each photo lies that has no place yet."""
        if not len(self._hashes):
            return
        for path, table in self._shards.tables(["key", "error"]):
            number = len(self._paths)
            self._paths.append(path)
            # backwards: of equal keys the place noted last stays, and the first record counts
            at = self._positions(hashes(table["key"].to_pylist()))[::-1]
            failed = ~table["error"].is_null().to_numpy()[::-1]
            row = np.arange(len(at), dtype=np.int32)[::-1]
            for bad in (True, False):
                asked = (at >= 0) & (failed == bad)
                better = asked & ((self._shard[at] == NOWHERE) | (self._failed[at] & (not bad)))
                where = at[better]
                self._shard[where], self._row[where], self._failed[where] = number, row[better], bad

    def _positions(self, wanted: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """Return each hash's position among the photos, -1 where it is not one of them."""
        if not len(self._hashes):
            return np.full(len(wanted), -1, np.int64)
        at = np.searchsorted(self._hashes, wanted)
        at[at == len(self._hashes)] = 0
        return np.where(self._hashes[at] == wanted, at, -1)

    def has(self, keys: Sequence[str], failed: bool = True) -> npt.NDArray[np.bool_]:
        """Return which of ``keys`` have a record; records of failures count only if ``failed``."""
        at = self._positions(hashes(keys))
        known = at >= 0
        there = np.zeros(len(keys), dtype=bool)
        there[known] = self._shard[at[known]] != NOWHERE
        if not failed:
            there[known] &= ~self._failed[at[known]]
        return there

    def errors(self) -> dict[str, str]:
        """Return key to cause for the photos recorded as undecodable."""
        at = np.flatnonzero(self._failed & (self._shard != NOWHERE))
        return {record["key"]: record["error"] for record in self._records(at)}

    def records(self, keys: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield the existing records of ``keys``, or of all photos, in the order of the shards."""
        at = np.arange(len(self._hashes)) if keys is None else np.unique(self._positions(hashes(keys)))
        yield from self._records(at[at >= 0])

    def _records(self, at: npt.NDArray[np.int64]) -> Iterator[dict[str, Any]]:
        todo = at[self._shard[at] != NOWHERE]
        while len(todo):
            todo = todo[np.lexsort((self._row[todo], self._shard[todo]))]
            number = self._shard[todo[0]]
            here = todo[self._shard[todo] == number]
            taken = 0
            try:
                for table in self._shards.take(self._paths[number], self._row[here].astype(np.int64)):
                    for record in table.to_pylist():
                        # two photos may have one hash
                        if record["key"] == self._keys[here[taken]]:
                            yield record
                        taken += 1
                todo = todo[len(here) :]
            except ShardGoneError:
                todo = todo[taken:]
                lost = self._shard == number
                self._shard[lost], self._failed[lost] = NOWHERE, False
                self._scan()
                todo = todo[self._shard[todo] != NOWHERE]
