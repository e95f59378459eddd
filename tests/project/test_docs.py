"""The examples of the documentation run, and print what stands below them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import hybridml
from hybridml.cli import main, parser
from hybridml.errors import HybridmlError
from tests.helpers import ROOT
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
    names = run_page("guides/entities.md", folder)
    truth = pd.read_csv("truth.csv")
    assert names["extractor"].score(truth) > 0.8
    assert set(names["answers"]["unit"]) == {"milliampere hour", "inch"}


def test_extending(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = run_page("guides/plugins.md", folder)
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
    assert "OCR engine 'shop:TypedText': cannot import 'shop' here" in said
    assert "PYTHONPATH" in said
    assert names["extractor"].stages_.embedding.name == "shop:Colours"


def test_example(folder: Path) -> None:
    names = run_page("tour.md", folder)
    assert len(names["published"]) <= names["answers"]["value"].count() > 0


README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")


def choices() -> dict[str, Any]:
    """Return the parser of each command by name."""
    return next(action for action in parser()._actions if action.dest == "command").choices  # type: ignore[return-value]


def options_of(command: Any) -> set[str]:
    return {option for action in command._actions for option in action.option_strings}


def test_the_readme_fits_in_a_hundred_and_twenty_lines() -> None:
    assert len(README.splitlines()) <= 120


def test_the_readme_links_to_files_that_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)", README)
    assert len(links) >= 10
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link


@pytest.mark.parametrize(
    "page", ["README.md", *(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
)
def test_commands_on_a_page_have_options_that_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
    for name, rest in re.findall(r"^(?:\$ )?hybridml (?:-q )?([a-z]+) (.*)$", text, re.MULTILINE):
        known = options_of(choices()[name])
        assert set(re.findall(r"(?<= )--[\w-]+", f" {rest}")) <= known, f"{page}: hybridml {name} {rest}"
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets is not None
    for named in re.findall(r"^make ((?:[a-z]+ ?)+)(?= *(?:[A-Z#]|$))", text, re.MULTILINE):
        assert set(named.split()) <= set(targets[1].split()), f"{page}: make {named}"


def test_the_reference_lists_every_command_with_options_that_exist() -> None:
    shown = re.findall(r"^\| `hybridml (\w+) ([^`]*)`", COMMANDS, re.MULTILINE)
    assert {name for name, _ in shown} == set(choices())
    for name, rest in shown:
        assert set(re.findall(r"--[\w-]+", rest)) <= options_of(choices()[name]), name


def test_the_documentation_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="needs mkdocs-material: pip install '.[docs]'")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "reference" / "api" / "index.html").is_file()
