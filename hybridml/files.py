"""Files that are at any time either as they were or complete."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import HybridmlError
from .paths import is_afar, path_of, put


@contextmanager
def atomic(path: str | Path, error: type[HybridmlError] = HybridmlError) -> Iterator[Path]:
    """Give a temporary path beside ``path``; what was written there takes its place when the block ends well.

    Parameters
    ----------
    path : path
        The file; its folder is made when it is not there. Of one afar (``s3://``) the temporary path is on this
        machine, and put there in one request.
    error : type of HybridmlError
        Raised when the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "deep" / "file.txt"
    >>> with atomic(path) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> path.read_text()
    'whole'
    """
    path = path_of(path)
    try:
        with (_to_be_put if is_afar(path) else _to_be_renamed)(path) as temporary:
            yield temporary
    except OSError as cause:
        raise error(
            f"cannot write {path}: {cause.strerror or cause}; name a file in a folder that can be written to"
        ) from None


@contextmanager
def _to_be_renamed(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _to_be_put(path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / path.name
        yield temporary
        put(temporary, path)
