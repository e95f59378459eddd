"""Texts that come in any order, kept in a file until they are wanted in theirs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import numpy as np

from .errors import HybridmlError


class Spool:
    """One text per row, put in any order and given back by row; a context manager.

    The file has no name and goes with the process. In memory a row takes sixteen bytes.

    Parameters
    ----------
    rows : int
        How many.
    folder : Path
        Where there is room for the file.

    Examples
    --------
    >>> with Spool(3, Path(tempfile.gettempdir())) as spool:
    ...     spool.put(2, "last")
    ...     spool.put(0, "first")
    ...     list(spool)
    ['first', '', 'last']
    """

    def __init__(self, rows: int, folder: Path) -> None:
        self._folder = folder
        self._start = np.zeros(rows, np.int64)
        self._length = np.zeros(rows, np.int64)
        self._end = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115, closed by __exit__
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> HybridmlError:
        return HybridmlError(
            f"cannot write to {self._folder}: {error.strerror or error}; name a file in a folder with room"
        )

    def put(self, row: int, text: str) -> None:
        """Keep the text of a row."""
        raw = text.encode()
        try:
            self._file.write(raw)
        except OSError as error:
            raise self._failure(error) from None
        self._start[row], self._length[row] = self._end, len(raw)
        self._end += len(raw)

    def __iter__(self) -> Iterator[str]:
        """Yield the texts by row, blank where none was put."""
        try:
            self._file.flush()
        except OSError as error:
            raise self._failure(error) from None
        for start, length in zip(self._start.tolist(), self._length.tolist(), strict=True):
            yield os.pread(self._file.fileno(), length, start).decode()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # what cannot be written was told by put
            self._file.close()
