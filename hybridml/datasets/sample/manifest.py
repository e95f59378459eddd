"""The sample set on disk: the paths of its files, and the manifest by which a complete set is recognised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridml.errors import HybridmlError
from hybridml.utils.files import atomic
from hybridml.utils.hashing import sha256_of

# Raised whenever the same seed draws another set.
VERSION = 2
NAME = "manifest.json"


@dataclass(frozen=True)
class SampleSet:
    """A drawn sample set.

    Parameters
    ----------
    folder : Path
        Folder it was drawn into.
    photos : int
        Number of photos in ``images``.
    drawn : bool
        False when the folder held the complete set already.
    """

    folder: Path
    photos: int
    drawn: bool = True

    @property
    def images(self) -> Path:
        """Folder of the photos."""
        return self.folder / "images"

    @property
    def train(self) -> Path:
        """Rows with answers, to train on."""
        return self.folder / "train.csv"

    @property
    def test(self) -> Path:
        """Rows of other products, without answers."""
        return self.folder / "test.csv"

    @property
    def truth(self) -> Path:
        """The test rows with their answers."""
        return self.folder / "truth.csv"


def write_atomically(path: Path, data: bytes) -> str:
    """Write a file whole or not at all; return the SHA-256 of its bytes in hexadecimal."""
    with atomic(path) as temporary:
        temporary.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def _read(folder: Path) -> dict[str, Any]:
    try:
        raw = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) and isinstance(raw.get("files"), dict) else {}


def is_complete(folder: Path, seed: int, photos: int) -> bool:
    """Return whether ``folder`` holds the whole set of this seed and version, every byte as it was drawn."""
    manifest = _read(folder)
    if [manifest.get(k) for k in ("version", "seed", "photos")] != [VERSION, seed, photos]:
        return False
    try:
        return all(sha256_of(folder / name) == digest for name, digest in manifest["files"].items())
    except HybridmlError:
        return False


def forget(folder: Path) -> None:
    """Remove the manifest of an older set and the photos it lists, which no row refers to any longer."""
    files = _read(folder).get("files", {})
    (folder / NAME).unlink(missing_ok=True)
    for name in files:
        # The names come from a file that anyone may have edited: only photos directly below images/ are removed.
        if Path(name).parent == Path("images") and Path(name).suffix == ".jpg":
            (folder / name).unlink(missing_ok=True)


def remember(folder: Path, seed: int, photos: int, files: Mapping[str, str]) -> None:
    """Write the manifest; ``files`` maps each file's name below ``folder`` to its SHA-256."""
    manifest = {"version": VERSION, "seed": seed, "photos": photos, "files": dict(sorted(files.items()))}
    write_atomically(folder / NAME, (json.dumps(manifest, indent=1) + "\n").encode())
