"""Other projects' test cases pass at the rates we promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import peer_cases
from hybridml.quantity import parse


def test_targets_are_met(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = peer_cases.main(["--shared", str(shared)])
    out = capsys.readouterr().out
    assert status == 0, out
    for name in ("duckling", "quantulum3", "robotoff", "price_parser", "ingredient_parser"):
        assert f"\n{name}: " in f"\n{out}"


def test_every_exclusion_names_a_case_and_says_why(shared: Path) -> None:
    used = [line for tally in peer_cases.run(shared / "peer_cases") for line in tally.excluded]
    for name, reason in peer_cases.EXCLUDED.items():
        key = name.split(":", 1)[1]
        assert any(line.startswith(f"{key} ") and reason in line for line in used), name


def test_a_case_fails_on_a_missing_and_on_an_extra_quantity() -> None:
    assert parse("2 kg")
    assert not peer_cases.compare("2 kg", [(2000, "gram")])
    assert "missing" in peer_cases.compare("2 kg", [(3, "kilogram")])
    assert "extra" in peer_cases.compare("2 kg and 5 V", [(2, "kilogram")])


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as error:
        peer_cases.main(["--shared", str(tmp_path)])
    assert error.value.code == 2
