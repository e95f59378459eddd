"""Peak memory of ``features``, ``predict`` and ``train``, as a curve over sizes; and what a scorer alone costs.

    python -m benchmarks.memory --shared ../shared --store features --parts predict,train,scorer
    python -m benchmarks.memory --parts features -- --effort fast
    python -m benchmarks.memory --parts predict --predict 1000000 --most-lines 3

``features`` reads real photos into a store of its own. The others get real readings again and again under new keys,
taken from ``--store``: no photo is opened. A reading comes again only after a thousand others, when nothing of it is
at hand any more. Every command is a process of its own; what is told is the most that it, or a worker of it, had
resident at any time (VmHWM). ``scorer`` ranks stored readings on one core: the time from the start of the process to
the answer of one row, rows a minute, peak memory.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.interrupt import rows_of
from hybridml import artifact, photos
from hybridml.engines import adopted
from hybridml.extractor import EntityExtractor
from hybridml.parts import photo_names
from hybridml.reading import model_path
from hybridml.seeing import settings_of
from hybridml.store import FeatureStore
from hybridml.worker import KIND_OF

LIMIT = 1.5e9
AT_ONCE = 2048
FEATURES = (100, 300, 1_000)
PREDICT = (10_000, 50_000, 200_000)
TRAIN = (500, 1_000, 2_000, 4_000)
SCORER = (2_000,)
STARTS = 5
ONE_CORE = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Peak:
    """What a command needed at most: its process, the largest of its workers; and what it said."""

    own: float
    worker: float
    seconds: float
    said: str


def peak_of(line: Sequence[str], environment: Mapping[str, str] | None = None) -> Peak:
    """Run a command and watch it and its children."""
    start = time.perf_counter()
    most: dict[int, float] = {}
    with tempfile.TemporaryFile("w+") as said:
        run = subprocess.Popen(line, stdout=said, stderr=subprocess.STDOUT, env=environment)
        try:
            while run.poll() is None:
                for pid in tree(run.pid):
                    most[pid] = max(most.get(pid, 0.0), high_water(pid))
                time.sleep(0.2)
        finally:
            run.kill()
        said.seek(0)
        text = said.read()
    if run.returncode:
        raise SystemExit(f"{' '.join(line)} ended with status {run.returncode}:\n{text}")
    own = most.pop(run.pid)
    return Peak(own, max(most.values(), default=0.0), time.perf_counter() - start, text)


def tree(pid: int) -> Iterator[int]:
    """Yield a process and those below it."""
    yield pid
    try:
        children = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return
    for child in (int(child) for found in children for child in found):
        yield from tree(child)


def high_water(pid: int) -> float:
    """Return the most bytes a process had resident."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return 1024.0 * int(found[1]) if found else 0.0


def hybridml(*arguments: object) -> list[str]:
    """Return a command line."""
    return [sys.executable, "-m", "hybridml", "-q", *map(str, arguments)]


def show(part: str, unit: str, size: int, peak: Peak) -> None:
    """Print a point of the curve."""
    worker = f"{peak.worker / 1e6:7.0f} MB a worker" if peak.worker else " " * 19
    over = "  OVER THE LIMIT" if max(peak.own, peak.worker) > LIMIT else ""
    print(
        f"{part:9}{size:9,} {unit:7}{peak.own / 1e6:7.0f} MB {worker}{peak.seconds:8.0f} s{over}", flush=True
    )


def measure_features(arguments: argparse.Namespace, folder: Path) -> None:
    """Read real photos, more each time, each time into an empty store."""
    for size in arguments.features:
        frame, images = rows_of(arguments.shared, size)
        frame.to_csv(folder / "rows.csv", index=False)
        where = [part for path in images for part in ("--images", path)]
        store = folder / f"features-{size}"
        peak = peak_of(
            hybridml("features", "--rows", folder / "rows.csv", *where, "--store", store, *arguments.options)
        )
        show("features", "photos", len(set(photo_names(frame))), peak)


class Tiler:
    """Real rows and what was read and seen on their photos, repeated under new names and keys."""

    def __init__(self, shared: Path, store: Path, most_lines: int | None) -> None:
        extractor = artifact.load(model_path(None))
        self.settings = settings_of(*adopted(extractor.reader_, extractor.looks_))
        self._frame, _ = photos.checked(shared / "data" / "labelled" / "train.csv", truth=True)
        kept = FeatureStore(store)
        names = photo_names(self._frame)
        self._keys = kept.known_keys(dict.fromkeys(names))
        self._records: dict[str, dict[str, Any]] = {}
        for kind, settings in self.settings.items():
            records = kept.table(KIND_OF[kind], settings).records(self._keys.values())
            self._records[kind] = {record["key"]: record for record in records}
        have = self._records["reader"]
        usable = [
            key in have and len(have[key]["text"]) <= (most_lines or len(have[key]["text"]))
            for key in (self._keys.get(name) for name in names)
        ]
        self._frame = self._frame[usable].reset_index(drop=True)
        if self._frame.empty:
            raise SystemExit(
                f"{store} has no reading of the photos in {shared}: run 'hybridml features' first"
            )

    def rows(self, n: int) -> Iterator[dict[str, Any]]:
        """Yield ``n`` rows with the key of the photo each came from."""
        base, names = self._frame.to_dict("records"), photo_names(self._frame)
        for i in range(n):
            turn, at = divmod(i, len(base))
            new = {
                "index": i,
                "image_link": f"{turn}-{names[at]}",
                "group_id": f"{turn}-{base[at]['group_id']}",
            }
            yield {**base[at], **new, "of": self._keys[names[at]]}

    def train_settings(self) -> dict[str, Any]:
        """Return the settings that a new model is trained with, which may differ from the shipped model's."""
        extractor = EntityExtractor()
        extractor.status(self._frame.head(1))  # makes its engines
        return settings_of(extractor.reader_, extractor.looks_)

    def write(self, folder: Path, n: int, settings: dict[str, Any]) -> Path:
        """Write ``n`` rows and a store with what was read for them, under ``settings``; return the rows' file."""
        store = FeatureStore(folder / "store")
        path = folder / "rows.csv"
        rows = self.rows(n)
        done: set[str] = set()
        first = True
        while batch := list(islice(rows, AT_ONCE)):
            pd.DataFrame(batch).drop(columns="of").to_csv(
                path, mode="w" if first else "a", header=first, index=False
            )
            first = False
            new = {row["image_link"]: row["of"] for row in batch if row["image_link"] not in done}
            done |= new.keys()
            fresh = {name: hashlib.sha256(name.encode()).hexdigest() for name in new}
            store.photos.append(
                [{"name": name, "bytes": 1, "mtime_ns": 1, "key": key} for name, key in fresh.items()]
            )
            for kind in settings.keys() & self._records.keys():
                found = self._records[kind]
                store.table(KIND_OF[kind], settings[kind]).append(
                    [{**found[new[name]], "key": key} for name, key in fresh.items() if new[name] in found]
                )
        return path


def predicting(rows: Path, folder: Path) -> list[str]:
    """Return the command line that answers rows from the store in a folder."""
    store, out = folder / "store", folder / "answers.csv"
    return hybridml(
        "predict", "--rows", rows, "--images", folder, "--store", store, "--out", out, "--workers", 1
    )


def measure_predict(arguments: argparse.Namespace, folder: Path, tiler: Tiler) -> None:
    """Answer rows of replayed readings, and fit a line through memory over rows."""
    points = []
    for size in arguments.predict:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            rows = tiler.write(Path(own), size, tiler.settings)
            peak = peak_of(predicting(rows, Path(own)))
            answers = pd.read_csv(Path(own) / "answers.csv", keep_default_na=False)
        show("predict", "rows", size, peak)
        print(f"{'':9}{(answers['prediction'] != '').sum():9,} answered", flush=True)
        points.append((size, peak.own))
    tell_slope("predict", "row", points)


def measure_scorer(arguments: argparse.Namespace, folder: Path, tiler: Tiler) -> None:
    """Answer one row of many stored ones, from the start of the process on, and then all of them."""
    for size in arguments.scorer:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            rows = tiler.write(Path(own), size, tiler.settings)
            one = Path(own) / "one.csv"
            pd.read_csv(rows, dtype=str, keep_default_na=False).head(1).to_csv(one, index=False)
            first = [seconds_of(predicting(one, Path(own))) for _ in range(STARTS)]
            peak = peak_of(predicting(rows, Path(own)), ONE_CORE)
        show("scorer", "rows", size, peak)
        start = statistics.median(first)
        print(
            f"{'':9}first answer of a process after {start:.2f} s (median of {STARTS}, best {min(first):.2f} s)"
        )
        print(
            f"{'':9}{60 * (size - 1) / max(peak.seconds - start, 1e-9):9,.0f} rows a minute after that",
            flush=True,
        )


def seconds_of(line: Sequence[str]) -> float:
    """Run a command and return how long it took."""
    start = time.perf_counter()
    subprocess.run(line, check=True, capture_output=True, env=ONE_CORE)
    return time.perf_counter() - start


def tell_slope(part: str, what: str, points: Sequence[tuple[int, float]]) -> None:
    """Print a line fitted through (size, bytes)."""
    if len(points) > 1:
        slope, base = np.polyfit(*np.array(points, dtype=float).T, 1)
        print(f"{part}: {base / 1e6:.0f} MB and {slope:,.0f} bytes a {what}", flush=True)


def measure_train(arguments: argparse.Namespace, folder: Path, tiler: Tiler) -> None:
    """Train on rows of replayed readings, and fit a line through memory over candidates."""
    points = []
    for size in arguments.train:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            rows = tiler.write(Path(own), size, tiler.train_settings())
            store, model = Path(own) / "store", Path(own) / "model.joblib"
            peak = peak_of(
                hybridml(
                    "train",
                    "--rows",
                    rows,
                    "--images",
                    own,
                    "--store",
                    store,
                    "--model",
                    model,
                    "--workers",
                    1,
                )
            )
        show("train", "rows", size, peak)
        candidates = int(re.search(r"(\d+) candidates", peak.said)[1])  # type: ignore[index]
        print(f"{'':9}{candidates:9,} candidates", flush=True)
        points.append((candidates, peak.own))
    tell_slope("train", "candidate", points)


def sizes(text: str) -> tuple[int, ...]:
    """Return whole numbers with commas between, for argparse."""
    return tuple(int(part) for part in text.split(","))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--shared", type=Path, default=Path("../shared"), help="folder with data/ (default: %(default)s)"
    )
    parser.add_argument(
        "--store", type=Path, default=Path("features"), help="where readings are (default: %(default)s)"
    )
    parser.add_argument(
        "--parts", default="features,predict,train,scorer", help="what to measure (default: %(default)s)"
    )
    parser.add_argument("--features", type=sizes, default=FEATURES, metavar="N,N", help="photos to read")
    parser.add_argument("--predict", type=sizes, default=PREDICT, metavar="N,N", help="rows to answer")
    parser.add_argument("--train", type=sizes, default=TRAIN, metavar="N,N", help="rows to train on")
    parser.add_argument("--scorer", type=sizes, default=SCORER, metavar="N,N", help="rows to rank")
    parser.add_argument(
        "--most-lines", type=int, metavar="N", help="replay photos with up to N text lines: quicker"
    )
    parser.add_argument("--folder", type=Path, help="where there is room (default: a temporary folder)")
    parser.add_argument(
        "options", nargs="*", metavar="-- OPTION", help="further options of 'hybridml features'"
    )
    arguments = parser.parse_args(argv)
    parts = arguments.parts.split(",")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = Path(temporary)
        if "features" in parts:
            measure_features(arguments, folder)
        if {"predict", "train", "scorer"} & set(parts):
            tiler = Tiler(arguments.shared, arguments.store, arguments.most_lines)
            if "predict" in parts:
                measure_predict(arguments, folder, tiler)
            if "train" in parts:
                measure_train(arguments, folder, tiler)
            if "scorer" in parts:
                measure_scorer(arguments, folder, tiler)
    return 0


if __name__ == "__main__":
    sys.exit(main())
