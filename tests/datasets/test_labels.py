"""Labels: every kind is parsed, and tables of labels are joined."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from hybridml.datasets.labels import Label, parse_label, read_labels


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


def test_every_row_of_the_real_labels_has_a_kind(shared: Path) -> None:
    path = shared / "data" / "labels_only.csv.gz"
    counts = pd.read_csv(path, keep_default_na=False, dtype=str).entity_value.value_counts()
    kinds: Counter[str] = Counter()
    for text, n in counts.items():
        kinds[parse_label(text).kind] += n
    assert sum(kinds.values()) == 207_910
    assert kinds == {"plain": 204_884, "range": 2_713, "foreign unit": 313}
    assert sum(n for text, n in counts.items() if "e+" in text) == 4


@pytest.fixture
def labels() -> pd.DataFrame:
    texts = [f"{i} in / {i * 2.54:.1f} cm" for i in range(3, 23)]
    return pd.DataFrame(
        {
            "image_link": [f"https://x.org/{i}.jpg" for i in range(len(texts))],
            "group_id": [str(i % 7) for i in range(len(texts))],
            "entity_name": "width",
            "entity_value": [f"{text.split()[0]}.0 inch" for text in texts],
            "text": texts,
        }
    )


def test_texts_are_joined_to_the_labels_of_their_photos(tmp_path: Path, labels: pd.DataFrame) -> None:
    everything, some = tmp_path / "labels.csv", tmp_path / "texts.csv.gz"
    labels.drop(columns="text").to_csv(everything, index=False)
    more = labels.iloc[[0]].assign(image_link="https://x.org/more.jpg", text="one more")
    pd.concat([labels.iloc[5:9], more]).to_csv(some, index=False)
    found = read_labels(everything, some)
    assert len(found) == len(labels) + 1
    assert (found["text"] != "").sum() == 5
    assert found.loc[5, "text"] == labels.loc[5, "text"]
    assert found["text"].iloc[-1] == "one more"
    pd.testing.assert_frame_equal(read_labels(everything), labels.drop(columns="text"))


def test_the_text_of_a_photo_belongs_to_all_its_labels(tmp_path: Path, labels: pd.DataFrame) -> None:
    both = pd.concat([labels.iloc[:2], labels.iloc[:2].assign(entity_name="depth", text="")])
    both.to_csv(tmp_path / "labels.csv", index=False)
    found = read_labels(tmp_path / "labels.csv")
    assert found["text"].tolist() == [*labels["text"][:2], *labels["text"][:2]]
    both.assign(image_link="").to_csv(tmp_path / "nameless.csv", index=False)
    assert read_labels(tmp_path / "nameless.csv")["text"].tolist() == [*labels["text"][:2], "", ""]


def test_labels_without_links_all_count(tmp_path: Path, labels: pd.DataFrame) -> None:
    path = tmp_path / "labels.csv"
    labels.drop(columns=["image_link", "text"]).to_csv(path, index=False)
    assert len(read_labels(path, path)) == 2 * len(labels)
