"""The make targets say and do what the README promises."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.helpers import ROOT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # -o: the environment is taken as installed, whatever the state of this checkout
    command = ["make", "-n", "-o", ".venv/.installed", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_help_lists_every_target() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in phony[1].split():
        assert f"make {target} " in done.stdout


@pytest.mark.parametrize(
    ("variables", "expected", "unexpected"),
    [
        ([], ["build/sample/train.csv", "build/sample/truth.csv", "sample --out"], ["split"]),
        (
            ["TRAIN=my.csv", "IMAGES=pics"],
            ["split --rows 'my.csv'", "--images 'pics'", "--model 'models/model.joblib'"],
            ["sample --out"],
        ),
        (
            ["TRAIN=my.csv", "TEST=other.csv", "IMAGES=pics", "MODEL=m.joblib", "OUT=o.csv", "OCR=tesseract"],
            [
                "--rows 'my.csv'",
                "--rows 'other.csv'",
                "--model 'm.joblib'",
                "--out 'o.csv'",
                "--ocr 'tesseract'",
            ],
            ["split", "sample --out"],
        ),
    ],
)
def test_the_three_steps(
    variables: list[str], expected: list[str], unexpected: list[str], tmp_path: Path
) -> None:
    named = [f"{v.split('=')[0]}={tmp_path / v.split('=')[1]}" if ".csv" in v else v for v in variables]
    for variable in named:
        if ".csv" in variable and not variable.startswith("OUT"):
            Path(variable.split("=")[1]).write_text("index,image_link,group_id,entity_name\n")
    # another folder than the checkout's own, which may have been drawn before
    sample = f"SAMPLE={tmp_path}/build/sample"
    done = make("-W", "setup.cfg", "features", "train", "predict", sample, *named)
    assert done.returncode == 0, done.stderr
    said = done.stdout.replace(f"{tmp_path}/", "")
    order = [said.index(f"hybridml {step}") for step in ("features", "train", "predict", "check")]
    assert order == sorted(order)
    for text in expected:
        assert text in said
    for text in unexpected:
        assert text not in said


def test_a_test_table_needs_a_training_table() -> None:
    done = make("predict", "TEST=rows.csv")
    assert done.returncode != 0
    assert "TRAIN=" in done.stderr


def test_only_the_tests_get_a_browser() -> None:
    fresh = ("-W", "tools/browser.sh")
    assert "tools/browser.sh" in make(*fresh, "test").stdout
    assert "tools/browser.sh" not in make(*fresh, "features", "train", "predict").stdout
