"""The examples of the documentation are run, and say what they are said to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import hybridml
from hybridml.cli import main
from hybridml.errors import HybridmlError
from tests.helpers.pages import run_page


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield an empty folder, the current one, whose modules can be imported and are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(f"{tmp_path}/"):
            del sys.modules[name]


def test_entities(folder: Path) -> None:
    names = run_page("entities.md", folder)
    truth = pd.read_csv("truth.csv")
    assert names["extractor"].score(truth) > 0.8
    assert set(names["answers"]["unit"]) == {"milliampere hour", "inch"}


def test_extending(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = run_page("extending.md", folder)
    del sys.modules["shop"]
    (folder / "shop.py").rename(folder / "gone.py")
    with pytest.raises(HybridmlError, match=r"shop:headline.*No module named 'shop'"):
        hybridml.load("shop.joblib")
    options = ["--images", "photos", "--store", "store", "--workers", "1"]
    model = ["--model", "without-headline.joblib"]
    assert main(["-q", "predict", "--rows", "truth.csv", *options, *model, "--out", "stored.csv"]) == 0
    assert pd.read_csv("stored.csv")["prediction"].notna().all()
    assert main(["-q", "read", "photos/bag1.png", *model]) == 2
    said = capsys.readouterr().err
    assert "reader 'shop:TypedReader': cannot import 'shop' here" in said
    assert "PYTHONPATH" in said
    assert names["extractor"].embedder_.name == "shop:Colours"


def test_example(folder: Path) -> None:
    names = run_page("example.md", folder)
    assert len(names["published"]) <= names["answers"]["value"].count() > 0
