"""Photos and store on an object store: fsspec's own in memory, and a folder that acts like one."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hybridml import EntityExtractor, cli
from hybridml.datasets import images
from hybridml.datasets.photos import photo_paths
from hybridml.errors import HybridmlError, ImageError, MissingExtraError, StoreError
from hybridml.store.extraction import ExtractionReport, extract_photos
from hybridml.store.feature_store import FeatureStore
from hybridml.store.shards import MANY
from hybridml.utils.files import atomic
from hybridml.utils.optional import lacking
from hybridml.utils.paths import is_remote, path_of
from hybridml.vision.stages import VisionStages, ocr_stage
from tests.helpers.fakes import OPTIONS, write_rows

if reason := lacking("an object store", ("fsspec", "upath"), "dask"):
    pytest.skip(reason, allow_module_level=True)


@pytest.fixture
def bucket() -> Iterator[Path]:
    """Return an object store's folder, in memory."""
    found = path_of(f"memory://{uuid.uuid4().hex}")
    yield found
    if found.exists():
        found.fs.rm(found.path, recursive=True)  # type: ignore[attr-defined]


def copy(source: Path, target: Path) -> None:
    """Copy the files of a local folder."""
    for path in source.iterdir():
        with atomic(target / path.name) as temporary:
            temporary.write_bytes(path.read_bytes())


def contents(store: FeatureStore) -> dict[str, Any]:
    """Return the OCR results of a store without the seconds that they took."""
    table = store.table("ocr", ocr_stage("tests.helpers.fakes:PixelReader").settings)
    return {r["key"]: {k: v for k, v in r.items() if k != "seconds"} for r in table.records(table.keys())}


def run(rows: Any, photos: Path, store: Path, retry: bool = False) -> ExtractionReport:
    stages = VisionStages(ocr_stage("tests.helpers.fakes:PixelReader"))
    return extract_photos(
        photo_paths(rows, photos), FeatureStore(store), stages, 1, False, retry_failed=retry
    )


def test_a_store_in_memory_holds_what_one_on_disk_does(tmp_path: Path, bucket: Path) -> None:
    rows = write_rows(tmp_path, 12)
    copy(tmp_path / "images", bucket / "images")
    here = run(rows, tmp_path / "images", tmp_path / "store")
    there = run(rows, bucket / "images", bucket / "store")
    assert contents(FeatureStore(bucket / "store")) == contents(FeatureStore(tmp_path / "store"))
    assert (there.done, there.failed, there.keys) == (12, {}, here.keys)
    again = run(rows, bucket / "images", bucket / "store")
    assert (again.done, again.cached) == (0, 12)
    # a scorer without the photos
    assert FeatureStore(bucket / "store").known_keys(dict.fromkeys(here.keys)) == here.keys


def test_a_photo_that_changes_is_read_again_and_a_broken_one_is_named(tmp_path: Path, bucket: Path) -> None:
    rows = write_rows(tmp_path, 2)
    copy(tmp_path / "images", bucket / "images")
    run(rows, bucket / "images", bucket / "store")
    with atomic(bucket / "images" / "photo0_0.png") as temporary:
        temporary.write_bytes(b"no photo")
    with atomic(bucket / "images" / "photo0_1.png") as temporary:
        temporary.write_bytes(b"")
    report = run(rows, bucket / "images", bucket / "store")
    assert report.done == 2
    assert report.failed["photo0_0.png"].startswith(f"{bucket}/images/photo0_0.png: is not a photo")
    assert report.failed["photo0_1.png"].startswith(f"{bucket}/images/photo0_1.png: is empty")
    assert run(rows, bucket / "images", bucket / "store").done == 0
    assert run(rows, bucket / "images", bucket / "store", retry=True).done == 2


def test_a_shard_is_whole_or_not_there_and_a_damaged_one_is_set_aside(tmp_path: Path, bucket: Path) -> None:
    rows = write_rows(tmp_path, 3)
    run(rows, tmp_path / "images", bucket / "store")
    store = FeatureStore(bucket / "store")
    before = contents(store)
    table = store.table("ocr", ocr_stage("tests.helpers.fakes:PixelReader").settings)
    with contextlib.suppress(RuntimeError), atomic(table.folder / "part-half.parquet") as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert len(table.shards.paths()) == 1
    (shard,) = table.shards.paths()
    raw = shard.read_bytes()
    with atomic(shard) as temporary:
        temporary.write_bytes(raw[:-40])
    assert contents(FeatureStore(bucket / "store")) == {}
    assert [p.suffix for p in table.folder.iterdir() if p.name.startswith("part")] == [".damaged"]
    assert run(rows, tmp_path / "images", bucket / "store").done == 3
    assert contents(store) == before


def test_a_network_that_fails_is_no_damage(
    tmp_path: Path, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = write_rows(tmp_path, 3)
    copy(tmp_path / "images", bucket / "images")
    run(rows, bucket / "images", bucket / "store")
    files = bucket.fs  # type: ignore[attr-defined]

    def fail(path: str, **_: Any) -> bytes:
        raise ConnectionAbortedError(f"no way to {path}")

    with monkeypatch.context() as patched:
        patched.setattr(type(files), "cat_file", lambda self, path, **more: fail(path))
        with pytest.raises(StoreError, match=r"cannot read memory://.*no way to"):
            contents(FeatureStore(bucket / "store"))
        with pytest.raises(ImageError, match=r"photo0_0.png: no way to"):
            images.decode(bucket / "images" / "photo0_0.png")
        other = run(rows, bucket / "images", tmp_path / "other")
    assert len(other.failed) == 3
    assert len(contents(FeatureStore(bucket / "store"))) == 3
    # nothing was recorded: the next run reads them
    assert run(rows, bucket / "images", tmp_path / "other").failed == {}


def test_shards_are_not_merged_where_nothing_can_be_locked(tmp_path: Path, bucket: Path) -> None:
    store = FeatureStore(bucket)
    for i in range(MANY + 1):
        store.photos.append([{"name": f"{i}.png", "bytes": 1, "mtime_ns": 1, "key": "0" * 64}])
    assert store.photos.merge() == 0
    assert len(store.photos.paths()) == MANY + 1


def test_a_file_is_decoded_and_hashed_the_same_wherever_it_lies(tmp_path: Path, bucket: Path) -> None:
    write_rows(tmp_path, 1)
    copy(tmp_path / "images", bucket)
    here, there = tmp_path / "images" / "photo0_0.png", bucket / "photo0_0.png"
    assert np.array_equal(images.decode(there), images.decode(here))
    assert np.array_equal(images.decode(str(there)), images.decode(here))
    assert images.fingerprint(there) == images.fingerprint(here)
    assert path_of(f"file://{here}") == here
    assert is_remote(there)
    assert path_of(there) is there


def test_what_is_missing_is_named(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HybridmlError, match=r"nothing:// cannot be used here"):
        path_of("nothing://bucket/photos")
    with pytest.raises(ImageError, match=r"memory://.*gone.png"):
        images.decode(bucket / "gone.png")

    def lacks(what: str, modules: Any, extra: str) -> None:
        raise MissingExtraError(lacking(what, ["no_such_module"], extra))

    monkeypatch.setattr("hybridml.utils.paths.require", lacks)
    with pytest.raises(MissingExtraError, match=r"s3:// needs .*\.\[dask\]"):
        path_of("s3://bucket/photos")


def test_an_extractor_needs_nothing_on_disk(tmp_path: Path, bucket: Path) -> None:
    rows = write_rows(tmp_path, 48)
    copy(tmp_path / "images", bucket / "images")
    remote = {"images": f"{bucket}/images", "store": f"{bucket}/store"}
    there = EntityExtractor(**{**OPTIONS, **remote}).fit(rows)
    here = EntityExtractor(**{**OPTIONS, "images": tmp_path / "images", "store": tmp_path / "store"}).fit(
        rows
    )
    assert list(there.predict(rows)["prediction"]) == list(here.predict(rows)["prediction"])
    status, expected = there.status(rows), here.status(rows)
    assert (status.photos, status.known, status.absent) == (48, 48, 0)
    shown = [(t.what, t.done, t.missing, t.records, t.shards, t.bytes > 0) for t in status.tables]
    assert shown == [(t.what, t.done, t.missing, t.records, t.shards, True) for t in expected.tables]
    # photos gone, the store still answers
    bucket.fs.rm(f"{bucket.path}/images", recursive=True)  # type: ignore[attr-defined]
    assert list(there.predict(rows)["prediction"]) == list(here.predict(rows)["prediction"])


def test_the_command_writes_its_faults_into_the_store(tmp_path: Path, bucket: Path) -> None:
    rows = write_rows(tmp_path, 2)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    copy(tmp_path / "images", bucket / "images")
    with atomic(bucket / "images" / "photo0_0.png") as temporary:
        temporary.write_bytes(b"no photo")
    ours = [f"--images={bucket}/images", f"--store={bucket}/store", "--ocr=tests.helpers.fakes:PixelReader"]
    command = ["-q", "features", f"--rows={tmp_path / 'rows.csv'}", *ours, "--stages=none", "--workers=1"]
    assert cli.main(command) == 0
    assert b"photo0_0.png: is not a photo" in (bucket / "store" / "faults.csv").read_bytes()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("memory")] == []
