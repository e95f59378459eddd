"""The quality gate: the ranker on real readings is as good as the README says, and a broken one is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import gate
from benchmarks.labelled import Data

SHARED = Path(__file__).parents[2] / "shared"

pytestmark = pytest.mark.skipif(
    not (SHARED / "data" / "readings").is_dir(), reason="needs the real data in ../shared"
)


@pytest.fixture(scope="module")
def data() -> Data:
    return gate.load(SHARED)


def test_the_ranker_passes(data: Data) -> None:
    assert gate.f1(data) >= gate.FLOOR


def test_a_degraded_ranker_fails(data: Data) -> None:
    assert gate.f1(data, gate.degraded()) < gate.FLOOR
