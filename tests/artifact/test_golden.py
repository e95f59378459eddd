"""The golden artifact still gives the answers it gave, and older formats are refused; see golden/README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hybridml.artifact import file, serialize
from hybridml.errors import ArtifactError
from tests.artifact.golden import make

GOLDEN = make.FOLDER / f"format{file.FORMAT}.joblib"
OLDER = sorted(set(make.FOLDER.glob("format*.joblib")) - {GOLDEN})


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in make.FOLDER.glob("format*")) < 200_000


def test_it_gives_the_answers_it_gave() -> None:
    golden = json.loads(GOLDEN.with_suffix(".json").read_text(encoding="utf-8"))
    now = make.answers(serialize.load(GOLDEN).model_, golden["photos"])
    assert len(now) == make.ASKED
    assert len({answer["confidence"] for answer in now}) == make.ASKED
    for was, answer in zip(golden["answers"], now, strict=True):
        assert _rounded(answer) == _rounded(was)


@pytest.mark.parametrize("path", OLDER, ids=lambda path: path.stem)
def test_an_older_format_is_refused_with_what_to_do(path: Path) -> None:
    number = path.stem.removeprefix("format")
    said = rf"{path.name}: its format is {number}, and hybridml .* reads format {file.FORMAT}: train again, or pip"
    with pytest.raises(ArtifactError, match=said):
        serialize.load(path)


def _rounded(value: Any) -> Any:
    """Let numbers differ by what rounding to six decimals may."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return pytest.approx(value, abs=1.5e-6) if isinstance(value, float) else value


def test_what_was_released_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "format.joblib"
    assert make.may_write(path, replace=False) is None
    data = file.read(GOLDEN)
    file.write(data, path)
    assert "must stay" in (make.may_write(path, replace=True) or "")
    file.write({**data, "features_version": -1}, path)
    assert "--replace" in (make.may_write(path, replace=False) or "")
    assert make.may_write(path, replace=True) is None
