"""What is built and shipped, and what the package promises those who use it."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import hybridml
from tests.helpers import ROOT

SHIPPED = (
    "hybridml/py.typed",
    "hybridml/entities.toml",
    "hybridml/vision/ocr/int8/PP-OCRv6_det_small.json",
    "hybridml/vision/ocr/int8/PP-OCRv6_rec_small.json",
    "hybridml/pretrained/hybridml.joblib",
    "hybridml/pretrained/MODEL_CARD.md",
    "hybridml/pretrained/number-classifier-resnet50.pt",
    "hybridml/pretrained/number-classifier-resnet50.json",
    "hybridml/report/assets/index.html",
    "hybridml/report/assets/report.css",
    "hybridml/report/assets/report.js",
)

CONSUMER = """\
from hybridml import Answer, EntityExtractor, HybridmlError, load, quantity, read, save
extractor: EntityExtractor = load("model.joblib").set_params(workers=1).fit("train.csv")
answers: list[Answer] = read("photo.jpg", ["item_weight"])
f1: float = extractor.score("truth.csv")
numbers: list[float] = [q.value for q in quantity.parse("12 oz")]
reveal_type(answers[0].value)
wrong: int = read("photo.jpg")
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the sdist, and the wheel that is built from it."""
    pytest.importorskip("build", reason="needs 'build': pip install '.[dev]'")
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("which files are the repository's is known to git only")
    folder = tmp_path_factory.mktemp("built")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, folder / "source" / name
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", folder / "source"],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    shutil.rmtree(folder / "source")
    return folder / "dist"


def of_wheel(built: Path) -> dict[str, int]:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as file:
        return {info.filename: info.file_size for info in file.infolist() if not info.is_dir()}


def test_the_wheel_holds_the_package_and_what_it_ships(built: Path) -> None:
    found = of_wheel(built)
    assert not set(SHIPPED) - set(found)
    for name in SHIPPED:
        assert found[name] == (ROOT / name).stat().st_size
    modules = {str(p.relative_to(ROOT)) for p in (ROOT / "hybridml").rglob("*.py")}
    assert {name for name in found if name.endswith(".py")} == modules
    others = {
        name for name in found if not name.startswith(("hybridml/", f"hybridml-{hybridml.__version__}"))
    }
    assert not others


def test_the_sdist_holds_what_builds_it_and_nothing_else(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as file:
        names = [name.partition("/")[2] for name in file.getnames()]
    assert {"setup.cfg", "pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", *SHIPPED} <= set(names)
    folders = {name.partition("/")[0] for name in names if "/" in name}
    assert folders == {"hybridml", "hybridml.egg-info"}


def test_the_metadata_names_version_extras_and_command(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as file:
        info = next(n for n in file.namelist() if n.endswith("/METADATA"))
        metadata = file.read(info).decode()
        commands = file.read(info.replace("METADATA", "entry_points.txt")).decode()
    assert f"\nVersion: {hybridml.__version__}\n" in metadata
    assert {"read", "download", "explore", "report", "dev", "docs", "tune"} <= set(
        re.findall(r"Provides-Extra: (\w+)", metadata)
    )
    assert "hybridml = hybridml.cli:main" in commands


def test_the_version_is_semantic_and_in_the_changelog() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", hybridml.__version__)
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(hybridml.__version__)}\b", changes, re.MULTILINE)


def test_public_names_are_there_and_documented() -> None:
    assert sorted(hybridml.__all__) == dir(hybridml)
    for name in hybridml.__all__:
        found = getattr(hybridml, name)
        if name != "__version__":
            assert inspect.getdoc(found), name
            assert f"``{name}``" in (hybridml.__doc__ or ""), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = hybridml.nothing


def test_a_user_gets_types(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="needs mypy: pip install '.[dev]'")
    (tmp_path / "consumer.py").write_text(CONSUMER, encoding="utf-8")
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\nstrict = True\nfollow_imports = skip\n[mypy-hybridml.*]\nfollow_imports = silent\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", tmp_path / "cache", "consumer.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert 'consumer.py:6: note: Revealed type is "float | None"' in done.stdout.replace(
        "builtins.", ""
    ).replace("Union[float, None]", "float | None")
    assert re.findall(r"^consumer.py:(\d+): error", done.stdout, re.MULTILINE) == ["7"], done.stdout
