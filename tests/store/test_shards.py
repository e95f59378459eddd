"""Shards: damage is found and costs its own photos, merging loses nothing, and both may happen while others read."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hybridml.store import shards
from hybridml.store.feature_store import FeatureStore, FeatureTable
from hybridml.store.schema import SCHEMAS, failure_record, ocr_record
from tests.helpers.lines import line, ocr_result

SETTINGS = {"ocr": "fake", "version": 1}


@pytest.fixture
def table(tmp_path: Path) -> FeatureTable:
    return FeatureStore(tmp_path).table("ocr", SETTINGS)


def add(table: FeatureTable, *keys: str) -> list[Path]:
    """Add a shard with a reading for each key; return the shards that are new."""
    before = set(table.shards.paths())
    table.append([ocr_record(key, ocr_result([line(f"{key} g", 10, 20)]), 0.5) for key in keys])
    return [path for path in table.shards.paths() if path not in before]


def texts(table: FeatureTable, *keys: str) -> dict[str, str]:
    return {record["key"]: record["text"][0] for record in table.records(keys)}


def flip(raw: bytes) -> bytes:
    """Flip one bit within a page of text."""
    at = raw.index(b" g")
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda raw: b"",
    "cut": lambda raw: raw[: len(raw) // 2],
    "garbage within": lambda raw: raw[:60] + b"\xff" * 200 + raw[260:],
    "no parquet": lambda raw: b"<html>404</html>",
    "one bit": flip,
    "a name that is not text": lambda raw: raw.replace(b"polygon", b"pol\xffgon"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_found_named_and_set_aside(
    table: FeatureTable,
    damage: Callable[[bytes], bytes],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # so that the checksum is all that notices
    monkeypatch.setattr(shards, "COMPRESSION", "none")
    (hurt,) = add(table, "a", "b")
    add(table, "c")
    hurt.write_bytes(damage(hurt.read_bytes()))
    with caplog.at_level(logging.WARNING):
        assert texts(table, "a", "b", "c") == {"c": "c g"}
    assert hurt.name in caplog.text
    assert hurt.with_suffix(".damaged").exists()
    assert not table.record_index(["a"]).has(["a"])[0]
    add(table, "a", "b")
    assert texts(table, "a", "b", "c") == {"a": "a g", "b": "b g", "c": "c g"}


def test_a_shard_with_other_columns_is_damage(table: FeatureTable, caplog: pytest.LogCaptureFixture) -> None:
    add(table, "a")
    other = table.folder / "part-0.parquet"
    pq.write_table(pa.table({"key": ["b"], "text": [["5 g"]]}), other)
    with caplog.at_level(logging.WARNING):
        assert table.keys() == {"a"}
    assert "its columns are key, text" in caplog.text


def test_shards_without_checksums_are_read(table: FeatureTable) -> None:
    (path,) = add(table, "a")
    pq.write_table(pq.read_table(path), path, compression="zstd")
    assert texts(table, "a") == {"a": "a g"}


@pytest.mark.parametrize("content", [b"", b"{", b'{"ocr": "other"}'])
def test_damaged_settings_are_set_aside_and_written_anew(
    table: FeatureTable, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    add(table, "a")
    path = table.folder / "settings.json"
    path.write_bytes(content)
    again = FeatureTable(table.folder.parent.parent, "ocr", SETTINGS)
    with caplog.at_level(logging.WARNING):
        add(again, "b")
    assert "settings.json" in caplog.text
    assert json.loads(path.read_text()) == SETTINGS
    assert (table.folder / "settings.damaged").read_bytes() == content
    assert texts(again, "a", "b") == {"a": "a g", "b": "b g"}


def test_merging_keeps_every_photo_once(table: FeatureTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MERGED", 10)
    names = [f"k{i}" for i in range(40)]
    for name in names:
        add(table, name)
    add(table, "k3")
    assert table.shards.merge() == 40
    assert len(table.shards.paths()) == 5
    assert [record["key"] for record in table.records(names)] == names
    assert table.shards.merge() == 0


def test_few_or_large_shards_stay_as_they_are(table: FeatureTable) -> None:
    for i in range(shards.MANY - 1):
        add(table, f"k{i}")
    before = table.shards.paths()
    assert table.shards.merge() == 0
    assert table.shards.paths() == before


def test_a_merge_that_dies_before_its_sources_go_costs_nothing(
    table: FeatureTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"k{i}" for i in range(shards.MANY)]
    for name in names:
        add(table, name)

    def killed(self: Path, missing_ok: bool = False) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            table.shards.merge()
    assert len(table.shards.paths()) == shards.MANY + 1
    assert texts(table, *names) == {name: f"{name} g" for name in names}
    assert len(list(table.records(names))) == len(names)


def test_one_process_merges_at_a_time(table: FeatureTable) -> None:
    for i in range(shards.MANY):
        add(table, f"k{i}")
    with shards._alone(table.folder) as alone:
        assert alone
        assert table.shards.merge() == 0
    assert table.shards.merge() == shards.MANY


@pytest.mark.parametrize("rounds", [1, 2])
def test_photos_are_found_though_their_shards_are_merged_meanwhile(
    table: FeatureTable, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    monkeypatch.setattr(shards, "MANY", 2)
    names = [f"k{i}" for i in range(12)]
    for name in names:
        add(table, name)
    record_index = table.record_index(names)
    found, seen = [], set()
    for i, record in enumerate(record_index.records()):
        found.append(record["key"])
        if i < rounds:
            assert table.shards.merge()
            add(table, f"more{i}")
    assert sorted(found) == sorted(names)
    for i, (_, part) in enumerate(table.shards.tables(["key"])):
        seen |= set(part["key"].to_pylist())
        if i == 0:
            table.shards.merge()
    assert seen >= set(names)


def test_a_shard_that_another_process_sets_aside_costs_its_photos_only(table: FeatureTable) -> None:
    (first,) = add(table, "a")
    add(table, "b")
    record_index = table.record_index(["a", "b"])
    os.replace(first, first.with_suffix(".damaged"))
    assert [record["key"] for record in record_index.records()] == ["b"]
    assert record_index.has(["a", "b"]).tolist() == [False, True]


@pytest.mark.parametrize("merged", [False, True])
def test_a_reading_counts_more_than_an_earlier_failure(
    table: FeatureTable, monkeypatch: pytest.MonkeyPatch, merged: bool
) -> None:
    monkeypatch.setattr(shards, "MANY", 2)
    table.append([failure_record("ocr", "a", "truncated"), failure_record("ocr", "b", "truncated")])
    assert table.record_index(["a"]).has(["a"], failed=False).tolist() == [False]
    add(table, "a")
    if merged:
        assert table.shards.merge() == 2
    assert table.errors() == {"b": "truncated"}
    assert table.record_index(["a", "b"]).has(["a", "b"], failed=False).tolist() == [True, False]
    assert [record["error"] for record in table.records(["a"])] == [None]


def test_the_newest_content_of_a_file_survives_merging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "MANY", 2)
    store = FeatureStore(tmp_path)
    for i, key in enumerate(("old", "new")):
        store.photos.append([{"name": "a.jpg", "bytes": 3, "mtime_ns": i, "key": key}])
        time.sleep(0.01)
    assert store.photos.merge() == 2
    assert store.photo_keys({"a.jpg": None}) == {"a.jpg": "new"}


def test_only_what_is_asked_for_is_read(table: FeatureTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "ROW_GROUP", 4)
    names = [f"k{i}" for i in range(32)]
    add(table, *names)
    groups: list[int] = []
    read = pq.ParquetFile.read_row_group
    monkeypatch.setattr(
        pq.ParquetFile, "read_row_group", lambda self, i, *a, **k: groups.append(i) or read(self, i, *a, **k)
    )
    assert list(texts(table, "k5", "k6", "k30", "gone")) == ["k5", "k6", "k30"]
    assert groups == [1, 7]


def test_what_killed_runs_left_is_cleared_a_day_later(table: FeatureTable) -> None:
    add(table, "a")
    young, old = (table.folder / f".part-{i}.parquet.1.tmp" for i in range(2))
    for path in (young, old):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - shards.STALE - 60,) * 2)
    table.shards.merge()
    assert young.exists()
    assert not old.exists()


def test_a_folder_that_cannot_be_written_to_is_left_as_it_is(
    table: FeatureTable, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for i in range(shards.MANY):
        add(table, f"k{i}")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    assert table.shards.merge() == 0
    assert "No space left" in caplog.text
    assert len(table.keys()) == shards.MANY


def test_every_schema_has_what_merging_goes_by() -> None:
    assert all({"key", "error"} <= set(schema.names) for kind, schema in SCHEMAS.items() if kind != "photos")
