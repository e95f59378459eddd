"""The quality gate: the ranker on real readings is as good as the README says, and a broken one is caught."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.helpers import ROOT

SHARED = ROOT.parent / "shared"

pytestmark = pytest.mark.skipif(
    not (SHARED / "data" / "readings").is_dir(), reason="needs the real data in ../shared"
)


def gate(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the gate in a process of its own: under coverage it takes four times as long."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    command = [sys.executable, "-m", "benchmarks.gate", "--shared", str(SHARED), *options]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_the_ranker_passes() -> None:
    run = gate()
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_degraded_ranker_fails() -> None:
    run = gate("--degraded")
    assert run.returncode == 1, run.stdout + run.stderr
    assert "F1" in run.stdout
