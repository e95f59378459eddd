"""A folder that acts like an object store, ``shelf://`` and its absolute path; Dask workers preload this module."""

from __future__ import annotations

import os
import uuid
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem
from upath import UPath
from upath.registry import register_implementation

MARK = "shelf://"


class Shelf(LocalFileSystem):
    """A file system whose folders exist only as parts of names, and whose objects are written whole or not at all."""

    protocol = "shelf"

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "auto_mkdir": True})

    @classmethod
    def _strip_protocol(cls, path: Any) -> str:
        return super()._strip_protocol(os.fspath(path).removeprefix(MARK))

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: Any) -> None:
        """Write an object."""
        path = self._strip_protocol(path)
        part = f"{path}.{uuid.uuid4().hex}"
        super().pipe_file(part, value, mode, **options)
        os.replace(part, path)


class ShelfPath(UPath):
    """A path on a shelf."""


fsspec.register_implementation("shelf", Shelf, clobber=True)
register_implementation("shelf", ShelfPath, clobber=True)
