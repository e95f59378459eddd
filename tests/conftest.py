"""Fixtures shared by the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.helpers import ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder with the real photos and peer cases, or skip when it is not there."""
    path = Path(os.environ.get("HYBRIDML_SHARED", ROOT.parent / "shared"))
    if not (path / "data").is_dir():
        pytest.skip(f"no real data: {path} is not there (set HYBRIDML_SHARED to its folder)")
    return path
