"""Reading and looking: nothing is lost and nothing mixes, whatever happens to a photo, a process or a shard."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hybridml.datasets import images
from hybridml.errors import ArtifactError, HybridmlError, ImageError
from hybridml.store import worker
from hybridml.store.extraction import ExtractionReport, extract_photos, extracted_so_far
from hybridml.store.feature_store import FeatureStore
from hybridml.store.worker import PhotoTask, Worker
from hybridml.vision.stages import Stage, VisionStages, embedding_stage, ocr_stage
from tests.helpers import ROOT
from tests.helpers.fakes import MeanEmbedder, PixelReader, write_photo
from tests.helpers.lines import line

READER = ocr_stage("tests.helpers.fakes:PixelReader")
EMBEDDER = embedding_stage("tests.helpers.fakes:MeanEmbedder")[0]


def photos(folder: Path, texts: dict[str, str]) -> dict[str, Path | None]:
    for name, text in texts.items():
        write_photo(folder / name, [line(text)])
    return {name: folder / name for name in texts}


def run(
    folder: Path, some: dict[str, Path | None], workers: int = 1, embedder: Stage | None = None
) -> ExtractionReport:
    return extract_photos(
        some, FeatureStore(folder / "store"), VisionStages(READER, embedder), workers, progress=False
    )


def test_every_photo_is_read_or_named_when_processes_die(tmp_path: Path) -> None:
    texts = {f"{i}.png": "crash" if i in (5, 17) else f"{i} g" for i in range(40)}
    some = photos(tmp_path, texts)
    # crashes must differ in content to be two photos
    write_photo(tmp_path / "17.png", [line("crash"), line("again", 0, 50)])
    report = run(tmp_path, some, workers=2)
    assert set(report.failed) == {"5.png", "17.png"}
    assert "died" in report.failed["5.png"]
    assert len(FeatureStore(tmp_path / "store").table("ocr", READER.settings).keys()) == 38
    again = run(tmp_path, {n: p for n, p in some.items() if n not in report.failed})
    assert (again.cached, again.done) == (38, 0)


def test_processes_that_cannot_start_are_no_fault_of_the_photos(tmp_path: Path) -> None:
    photos(tmp_path, {f"{i}.png": f"{i} g" for i in range(12)})
    script = f"""
from pathlib import Path
from hybridml.store.extraction import extract_photos
from hybridml.store.feature_store import FeatureStore
from hybridml.vision.stages import VisionStages, ocr_stage
folder = Path({str(tmp_path)!r})
photos = {{p.name: p for p in folder.glob("*.png")}}
extract_photos(
    photos,
    FeatureStore(folder / "store"),
    VisionStages(ocr_stage("tests.helpers.fakes:PixelReader")),
    2,
    progress=False,
)
"""
    (tmp_path / "script.py").write_text(script)
    root = ROOT
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "__main__" in done.stderr.splitlines()[-1]


def test_photos_of_one_content_share_their_fate(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"")
    some: dict[str, Path | None] = {"a.jpg": tmp_path / "a.jpg", "b.jpg": tmp_path / "b.jpg"}
    for _ in range(2):
        assert set(run(tmp_path, some).failed) == {"a.jpg", "b.jpg"}


def test_an_embedding_that_fails_costs_its_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embed = MeanEmbedder.embed

    def fails_on_dark(self: MeanEmbedder, images: list[np.ndarray]) -> np.ndarray:
        if any(image[-1, -1, 0] == 7 for image in images):
            raise RuntimeError("out of luck")
        return embed(self, images)

    monkeypatch.setattr(MeanEmbedder, "embed", fails_on_dark)
    some = photos(tmp_path, {f"{i}.png": f"{i} g" for i in range(5)})
    pixels = np.asarray(Image.open(tmp_path / "3.png")).copy()
    pixels[-1, -1] = 7
    Image.fromarray(pixels).save(tmp_path / "3.png")
    report = run(tmp_path, some, embedder=EMBEDDER)
    assert set(report.failed) == {"3.png"}
    assert "out of luck" in report.failed["3.png"]
    store = FeatureStore(tmp_path / "store")
    assert EMBEDDER is not None
    assert len(store.table("embedding", EMBEDDER.settings).keys()) == 4
    assert len(store.table("ocr", READER.settings).keys()) == 5


def test_another_version_of_an_engine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = photos(tmp_path, {"a.png": "5 g"})
    monkeypatch.setattr(PixelReader, "settings", lambda self: {"engine": "pixels", "version": 77})
    with pytest.raises(ArtifactError, match="version was 1 and is 77"):
        run(tmp_path, some)
    assert not FeatureStore(tmp_path / "store").table("ocr", READER.settings).keys()


def test_interrupted_work_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = photos(tmp_path, {f"{i:02}.png": f"{i} g" for i in range(30)})
    read, count = PixelReader.read, 0

    def interrupted(self: PixelReader, image: np.ndarray) -> object:
        nonlocal count
        count += 1
        if count > 20:
            raise KeyboardInterrupt
        return read(self, image)

    monkeypatch.setattr(PixelReader, "read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, some)
    monkeypatch.setattr(PixelReader, "read", read)
    report = run(tmp_path, some)
    assert report.cached == 16  # whole batches of eight
    assert report.done == 14


@pytest.mark.parametrize("workers", [0, -1])
def test_workers_are_checked(tmp_path: Path, workers: int) -> None:
    with pytest.raises(HybridmlError, match="at least 1"):
        run(tmp_path, {}, workers)


def test_what_is_new_beside_what_is_known_is_done(tmp_path: Path) -> None:
    some = photos(tmp_path, {f"{i}.png": f"{i} g" for i in range(6)})
    run(tmp_path, {name: some[name] for name in ("1.png", "4.png")})
    report = run(tmp_path, some)
    assert (report.cached, report.done) == (2, 4)
    assert len(FeatureStore(tmp_path / "store").table("ocr", READER.settings).keys()) == 6


def test_a_failed_photo_is_tried_again_when_its_bytes_change_or_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = photos(tmp_path, {"a.png": "5 g", "b.png": "6 g"})
    decode, decoded = images.decode, []

    def fails(path: Path) -> np.ndarray:
        decoded.append(path.name)
        raise ImageError(f"{path}: no luck")

    monkeypatch.setattr(worker, "decode", fails)
    assert set(run(tmp_path, some).failed) == {"a.png", "b.png"}
    monkeypatch.setattr(worker, "decode", lambda path: decoded.append(path.name) or decode(path))
    assert set(run(tmp_path, some).failed) == {"a.png", "b.png"}
    assert len(decoded) == 2
    write_photo(tmp_path / "a.png", [line("7 g")])
    assert set(run(tmp_path, some).failed) == {"b.png"}
    report = extract_photos(
        some, FeatureStore(tmp_path / "store"), VisionStages(READER), 1, progress=False, retry_failed=True
    )
    assert (report.failed, report.cached, report.done) == ({}, 1, 1)
    assert run(tmp_path, some).cached == 2


def test_a_file_that_cannot_be_opened_is_no_failure_of_the_photo() -> None:
    result = Worker((), 1)([PhotoTask("k", "/nowhere/a.png", frozenset({"ocr"}))])
    assert "No such file" in result.failed["k"]
    assert not result.records


def test_slow_work_is_written_before_a_shard_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hybridml.store.extraction.FLUSH_SECONDS", 0.0)
    run(tmp_path, photos(tmp_path, {f"{i}.png": f"{i} g" for i in range(20)}))
    assert len(FeatureStore(tmp_path / "store").table("ocr", READER.settings).shards.paths()) == 3


def test_many_small_shards_are_merged_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hybridml.store.extraction.FLUSH_SECONDS", 0.0)
    monkeypatch.setattr("hybridml.store.shards.MANY", 2)
    run(tmp_path, photos(tmp_path, {f"{i}.png": f"{i} g" for i in range(20)}))
    table = FeatureStore(tmp_path / "store").table("ocr", READER.settings)
    assert len(table.shards.paths()) == 1
    assert len(table.keys()) == 20


def test_what_is_done_so_far_is_known_without_opening_a_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = photos(tmp_path, {f"{i}.png": f"{i} g" for i in range(4)})
    (tmp_path / "bad.png").write_bytes(b"")
    some |= {"bad.png": tmp_path / "bad.png", "gone.png": None}
    store = FeatureStore(tmp_path / "store")
    run(tmp_path, {name: some[name] for name in ("0.png", "1.png", "bad.png")})
    monkeypatch.setattr(worker, "decode", lambda path: pytest.fail(f"{path} was opened"))
    monkeypatch.setattr(images, "fingerprint", lambda path: pytest.fail(f"{path} was opened"))
    rows = pd.DataFrame({"image_link": list(some)})
    report = extracted_so_far(rows, tmp_path, store, VisionStages(READER))
    assert report.waiting == {"2.png", "3.png"}
    assert set(report.failed) == {"bad.png", "gone.png"}
    both = extracted_so_far(rows, tmp_path, store, VisionStages(READER, EMBEDDER))
    assert both.waiting == {"0.png", "1.png", "2.png", "3.png"}
