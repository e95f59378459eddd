"""Extraction on a Dask cluster: real workers in processes of their own on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hybridml.errors import HybridmlError, MissingExtraError
from hybridml.store.extraction import ExtractionReport, extract_photos
from hybridml.store.feature_store import FeatureStore
from hybridml.utils.optional import lacking
from hybridml.vision.stages import Stage, VisionStages, ocr_stage
from tests.helpers import ROOT
from tests.helpers.fakes import write_photo
from tests.helpers.lines import line

if reason := lacking("a cluster", ("dask", "distributed"), "dask"):
    pytest.skip(reason, allow_module_level=True)

from hybridml.store.dask import check, connected

LOCAL = ("--host", "127.0.0.1")
NANNIED = (*LOCAL, "--nthreads", "1", "--no-dashboard")
WORKER = (*NANNIED, "--no-nanny")
ENGINE = "tests.store.dask.test_dask:SlowEngine"


def processes_in(folder: Path) -> set[str]:
    """Return the processes that recorded in a folder that they made an engine."""
    return {path.name.partition("-")[0] for path in folder.iterdir()}


class SlowEngine:
    """An OCR engine that reads what is in the pixels, slowly, and records in which process it was made.

    With ``until`` it is slow until two processes have recorded themselves in that folder.
    """

    name = "slow"

    def __init__(self, seconds: float = 0.0, version: str = "", until: str = "") -> None:
        from tests.helpers.fakes import PixelReader

        self.until = until
        self.seconds, self._engine = seconds, PixelReader()
        self.version = version or os.environ.get("SLOW_ENGINE_VERSION", "1")
        if folder := os.environ.get("SLOW_ENGINE_LOG"):
            (Path(folder) / f"{os.getpid()}-{time.monotonic_ns()}").touch()

    def settings(self) -> dict[str, Any]:
        return {"engine": "slow", "seconds": self.seconds, "version": self.version, "until": self.until}

    def read(self, image: Any) -> Any:
        if not self.until or len(processes_in(Path(self.until))) < 2:
            time.sleep(self.seconds)
        return self._engine.read(image)


class Cluster:
    """A scheduler and workers as separate processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        dashboard = ("--dashboard-address", "127.0.0.1:0")
        self._start("scheduler", *LOCAL, "--port", "0", *dashboard, "--scheduler-file", str(file))
        from distributed import Client

        for _ in range(600):
            if file.is_file():
                break
            time.sleep(0.05)
        self.client = Client(scheduler_file=str(file), timeout=30, set_as_default=False)
        self.address = str(self.client.scheduler.address)

    def _start(self, kind: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + kind, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def add(self, n: int = 1, **environment: str) -> list[subprocess.Popen[bytes]]:
        """Start workers and wait until the scheduler knows them."""
        before = len(self.client.nthreads())
        options = (*WORKER, "--preload", "tests.helpers.shelf")
        processes = [self._start("worker", self.address, *options, **environment) for _ in range(n)]
        self.client.wait_for_workers(before + n, timeout=60)
        return processes

    def stop(self, process: subprocess.Popen[bytes], how: int = signal.SIGKILL) -> None:
        """Stop a worker and wait until the scheduler knows."""
        before = len(self.client.nthreads())
        process.send_signal(how)
        process.wait()
        self.processes.remove(process)
        while len(self.client.nthreads()) >= before:
            time.sleep(0.05)

    def close(self) -> None:
        self.client.close()
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster with two workers; a test that stops one of them starts another."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.add(2)
    yield cluster
    cluster.close()


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, Path | None]:
    """Return sixty photos, a broken one and a missing one."""
    found: dict[str, Path | None] = {}
    for i in range(60):
        path = tmp_path / "images" / f"{i}.png"
        write_photo(path, [line(f"Net weight {i + 1} g", 50, 50)])
        found[path.name] = path
    broken = tmp_path / "images" / "broken.png"
    broken.write_bytes(b"no photo")
    return {**found, "broken.png": broken, "missing.png": None}


def slow(seconds: float = 0.0, until: str = "") -> Stage:
    return ocr_stage(ENGINE, {"seconds": seconds, "until": until})


def contents(store: Path, stage: Stage) -> dict[str, Any]:
    """Return the records of a store by key, without the seconds that they took."""
    records = FeatureStore(store).table("ocr", stage.settings)
    found = [{k: v for k, v in r.items() if k != "seconds"} for r in records.records(records.keys())]
    return {record["key"]: record for record in found}


def run(
    photos: dict[str, Path | None], store: Path, stage: Stage, dask: str | None = None, **more: Any
) -> ExtractionReport:
    stages = VisionStages(stage)
    return extract_photos(photos, FeatureStore(store), stages, 1, progress=False, dask=dask, **more)


def test_the_store_is_as_one_machine_leaves_it(
    cluster: Cluster, photos: dict[str, Path | None], tmp_path: Path
) -> None:
    stage = slow()
    here = run(photos, tmp_path / "here", stage)
    there = run(photos, tmp_path / "there", stage, cluster.address)
    assert contents(tmp_path / "there", stage) == contents(tmp_path / "here", stage)
    assert (there.done, there.failed) == (here.done, here.failed)
    assert set(there.failed) == {"broken.png", "missing.png"}
    again = run(photos, tmp_path / "there", stage, cluster.address)
    assert (again.done, again.cached) == (0, 61)


def test_photos_and_store_may_be_in_an_object_store(
    cluster: Cluster, photos: dict[str, Path | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hybridml.store import feature_store as module
    from hybridml.utils.paths import path_of
    from tests.helpers.shelf import MARK

    uploaded = {name: path and path_of(f"{MARK}{path}") for name, path in photos.items()}
    stage, store = slow(), path_of(f"{MARK}{tmp_path}/there")
    with monkeypatch.context() as patched:
        patched.setattr(module, "_content", lambda path: f"{path} was fetched by the client")
        there = run(uploaded, store, stage, cluster.address)
    run(photos, tmp_path / "here", stage)
    assert set(there.failed) == {"broken.png", "missing.png"}
    assert there.failed["broken.png"].startswith(f"{MARK}{tmp_path}/images/broken.png: is not a photo")
    here, found = (contents(folder, stage) for folder in (tmp_path / "here", store))
    assert found.keys() == here.keys()
    # the error of a photo contains its path
    assert [k for k in here if found[k] != here[k]] == [there.keys["broken.png"]]
    assert run(uploaded, store, stage, cluster.address).cached == 61
    assert len(list((tmp_path / "there").glob("*"))) == 2


def test_a_worker_without_a_file_system_is_refused(cluster: Cluster) -> None:
    expected = r"2 of 2 workers.*\n  tcp://.*nowhere:// cannot be used here"
    with connected(cluster.address) as client, pytest.raises(HybridmlError, match=expected):
        check(client, VisionStages(slow()), ["nowhere"])


def test_the_dashboard_is_announced_once(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        with connected(cluster.address, progress=True):
            pass
    assert capsys.readouterr().err.count("Dask's dashboard shows the progress: http://") == 1


def test_no_scheduler_no_workers_no_dask(
    photos: dict[str, Path | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    from hybridml.store.dask import client

    monkeypatch.setattr(client, "CONNECT_SECONDS", 1)
    with pytest.raises(
        HybridmlError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9.*dask scheduler"
    ):
        run(photos, tmp_path, slow(), "tcp://127.0.0.1:9")
    here = {"host": "127.0.0.1", "protocol": "tcp", "dashboard_address": "127.0.0.1:0"}
    with (
        LocalCluster(n_workers=0, processes=False, **here) as empty,
        pytest.raises(HybridmlError, match=r"no workers.*dask worker"),
    ):
        run(photos, tmp_path, slow(), empty.scheduler_address)
    monkeypatch.setattr(client, "require", _lacks)
    with pytest.raises(MissingExtraError, match=r"\.\[dask\]"):
        run(photos, tmp_path, slow(), "tcp://127.0.0.1:9")


def test_tls_without_certificates_is_refused(photos: dict[str, Path | None], tmp_path: Path) -> None:
    with pytest.raises(HybridmlError, match=r"no certificates to connect to tls://.*TLS__CA_FILE"):
        run(photos, tmp_path, slow(), "tls://127.0.0.1:9")


def _lacks(what: str, modules: Any, extra: str) -> None:
    from hybridml.utils.optional import require

    require(what, ["no_such_module"], extra)


def test_an_incompatible_worker_is_refused_by_name_before_work_starts(
    cluster: Cluster, photos: dict[str, Path | None], tmp_path: Path
) -> None:
    (other,) = cluster.add(SLOW_ENGINE_VERSION="2")
    try:
        with pytest.raises(HybridmlError, match=r"1 of 3 workers.*\n  tcp://.*version was '1' and is '2'"):
            run(photos, tmp_path / "store", slow(), cluster.address)
        assert not contents(tmp_path / "store", slow())
    finally:
        cluster.stop(other)


def test_a_worker_that_dies_costs_nothing_and_one_that_joins_helps(
    cluster: Cluster, photos: dict[str, Path | None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import threading

    (joins := tmp_path / "joined").mkdir()
    stage = slow(0.4, str(joins))
    (dying,) = cluster.add(SLOW_ENGINE_LOG=str(tmp_path))
    joined: list[subprocess.Popen[bytes]] = []

    def disturb() -> None:
        while not list(tmp_path.glob("[0-9]*-*")):
            time.sleep(0.05)
        time.sleep(0.5)
        dying.kill()
        for environment in ({}, {"SLOW_ENGINE_VERSION": "3"}):
            joined.append(
                cluster._start("worker", cluster.address, *WORKER, SLOW_ENGINE_LOG=str(joins), **environment)
            )

    many = dict(photos)
    for i in range(100, 220):
        path = tmp_path / "images" / f"{i}.png"
        write_photo(path, [line(f"Net weight {i} g", 50, 50)])
        many[path.name] = path
    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        report = run(many, tmp_path / "there", stage, cluster.address)
    finally:
        thread.join()
        dying.wait()
        cluster.processes.remove(dying)
        for process in joined:
            cluster.stop(process)
    assert set(report.failed) == {"broken.png", "missing.png"}
    table = FeatureStore(tmp_path / "there").table("ocr", stage.settings)
    rows = [key for _, part in table.shards.tables(["key"]) for key in part["key"].to_pylist()]
    assert len(rows) == len(set(rows)) == 181
    assert list(tmp_path.glob("[0-9]*-*")), "the worker that died had started"
    assert len(processes_in(joins)) == 2, "the worker that joined was used, and the incompatible one checked"
    assert "is left out: " in caplog.text
    assert "version was '1' and is '3'" in caplog.text


def test_a_photo_that_takes_workers_down_costs_only_itself(
    photos: dict[str, Path | None], tmp_path: Path
) -> None:
    path = tmp_path / "images" / "crash.png"
    write_photo(path, [line("crash", 50, 50)])
    some = {name: photos[name] for name in list(photos)[:5]}
    nannied = Cluster(tmp_path)
    try:
        nannied.client.run_on_scheduler(_one_death_is_enough)
        for _ in range(2):
            nannied._start("worker", nannied.address, *NANNIED)
        nannied.client.wait_for_workers(2, timeout=60)
        report = run({**some, "crash.png": path}, tmp_path / "store", slow(), nannied.address)
    finally:
        nannied.close()
    assert list(report.failed) == ["crash.png"]
    assert "died" in report.failed["crash.png"]
    assert len(contents(tmp_path / "store", slow())) == 5


def _one_death_is_enough(dask_scheduler: Any) -> None:
    dask_scheduler.allowed_failures = 0


def test_a_killed_client_can_be_continued(
    cluster: Cluster, photos: dict[str, Path | None], tmp_path: Path
) -> None:
    stage = slow(0.05)
    script = (
        "import pathlib, sys\n"
        "import hybridml.store.extraction as f\n"
        "from tests.store.dask.test_dask import run, slow\n"
        "import hybridml.store.dask.dispatch as d\n"
        "f.SHARD, d.LARGEST_BATCH = 8, 4\n"
        "images = pathlib.Path(sys.argv[1])\n"
        "run({p.name: p for p in images.iterdir()}, pathlib.Path(sys.argv[2]), slow(0.05), sys.argv[3])\n"
    )
    store = tmp_path / "store"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "images"), str(store), cluster.address],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    while not contents(store, stage) and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.wait()
    before = len(contents(store, stage))
    assert 0 < before < 60
    report = run(photos, store, stage, cluster.address)
    assert (report.cached, report.done) == (before, 61 - before)
    run(photos, tmp_path / "here", slow())
    assert contents(store, stage) == contents(tmp_path / "here", slow())
