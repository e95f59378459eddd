"""Every kind of truth is read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from hybridml.datasets.labels import Label, parse_label


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500.0 gram", Label("plain", 500.0, "gram", 500.0, 500.0)),
        ("1400 milligram", Label("plain", 1400.0, "milligram", 1400.0, 1400.0)),
        ("6 fluid ounce", Label("plain", 6.0, "fluid ounce", 6.0, 6.0)),
        ("2.0  volt", Label("plain", 2.0, "volt", 2.0, 2.0)),
        ("2.2e+20 gram", Label("plain", 2.2e20, "gram", 2.2e20, 2.2e20)),
        ("5.0 e+17 pound", Label("plain", 5e17, "pound", 5e17, 5e17)),
        ("10.0 meter", Label("plain", 10.0, "metre", 10.0, 10.0)),
        ("5 feet", Label("plain", 5.0, "foot", 5.0, 5.0)),
        ("[100.0, 240.0] volt", Label("range", 240.0, "volt", 100.0, 240.0)),
        ("[240.0, 100.0] volt", Label("range", 240.0, "volt", 100.0, 240.0)),
        ("10 kilogram to 15 kilogram", Label("range", 15.0, "kilogram", 10.0, 15.0)),
        ("0 kilogram to 2kilogram", Label("range", 2.0, "kilogram", 0.0, 2.0)),
        ("500 gram to 2 kilogram", Label("range", 2.0, "kilogram", 0.5, 2.0)),
        ("1080.0 horsepower", Label("foreign unit", 1080.0, "horsepower", 1080.0, 1080.0)),
        ("0.352 kilowatt hour", Label("foreign unit", 0.352, "kilowatt hour", 0.352, 0.352)),
        ("[1, 2] nits", Label("foreign unit", 2.0, "nits", 1.0, 2.0)),
        ("", Label("blank")),
        ("  ", Label("blank")),
        (None, Label("blank")),
        (float("nan"), Label("blank")),
        ("gram", Label("unreadable")),
        ("12", Label("unreadable")),
        ("twelve gram", Label("unreadable")),
        ("[1, 2, 3] gram", Label("unreadable")),
        ("1 gram to 2 volt", Label("unreadable")),
        ("1e999 gram", Label("unreadable")),
    ],
)
def test_each_kind(text: object, expected: Label) -> None:
    assert parse_label(text) == expected


def test_every_row_of_the_real_labels_gets_a_kind(shared: Path) -> None:
    path = shared / "data" / "labels_only.csv.gz"
    counts = pd.read_csv(path, keep_default_na=False, dtype=str).entity_value.value_counts()
    kinds: Counter[str] = Counter()
    for text, n in counts.items():
        kinds[parse_label(text).kind] += n
    assert sum(kinds.values()) == 207_910
    assert kinds == {"plain": 204_884, "range": 2_713, "foreign unit": 313}
    assert sum(n for text, n in counts.items() if "e+" in text) == 4
