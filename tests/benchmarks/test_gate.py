"""The quality gate: the ranker is as good as documented on real OCR results, and a broken one is caught."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.helpers import ROOT


def gate(shared: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the gate in a process of its own: under coverage it takes four times as long."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    command = [sys.executable, "-m", "benchmarks.gate", "--shared", str(shared), *options]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_the_ranker_passes(shared: Path) -> None:
    run = gate(shared)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_degraded_ranker_fails(shared: Path) -> None:
    run = gate(shared, "--degraded")
    assert run.returncode == 1, run.stdout + run.stderr
    assert "F1" in run.stdout
