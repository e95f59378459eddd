"""Peak memory of ``features``, ``predict`` and ``train`` by size, and speed of a scorer alone.

    python -m benchmarks.memory --shared ../shared --store features --parts predict,train,scorer
    python -m benchmarks.memory --parts features -- --effort fast
    python -m benchmarks.memory --parts predict --predict 1000000 --most-lines 3
    python -m benchmarks.memory --parts scorer --candidates

``features`` reads real photos into a new store; ``known`` runs it on photos that are all in the store. All parts but
the first use real records from ``--store``, repeated under new keys, and open no photo. A record comes again only after
a thousand others, when no cache has it any more. Every command is a process of its own; its peak is the largest
resident memory of itself or one of its workers (VmHWM). ``scorer`` ranks stored rows on one core: seconds from the
start of the process to the answer of one row, rows a minute, peak memory. With ``--candidates`` it ranks the labelled
rows, repeated, from a candidate file in place of the store. Processor seconds stand beside those of the clock, because
other work on the machine does not lengthen them.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from benchmarks import command
from benchmarks.interrupt import rows_of
from benchmarks.repeated_rows import Tiler, repeat
from hybridml.datasets.groups import photo_names

LIMIT = 1.5e9
FEATURES = (100, 300, 1_000)
PREDICT = (10_000, 50_000, 200_000)
TRAIN = (500, 1_000, 2_000, 4_000)
SCORER = (2_000,)
DESCRIBED = (10_000, 100_000)
STARTS = 5
ONE_CORE = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Peak:
    """Peak memory of a command and of its largest worker, its seconds by clock and by processor, and its output."""

    own: float
    worker: float
    seconds: float
    processor: float
    output: str


def peak_of(line: Sequence[str], environment: Mapping[str, str] | None = None) -> Peak:
    """Run a command and watch it and its children."""
    start, before = time.perf_counter(), processor_seconds()
    most: dict[int, float] = {}
    with tempfile.TemporaryFile("w+") as output:
        run = subprocess.Popen(line, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            while run.poll() is None:
                for pid in tree(run.pid):
                    most[pid] = max(most.get(pid, 0.0), high_water(pid))
                time.sleep(0.2)
        finally:
            run.kill()
            run.wait()
        output.seek(0)
        text = output.read()
    if run.returncode:
        raise SystemExit(f"{' '.join(line)} ended with status {run.returncode}:\n{text}")
    own = most.pop(run.pid)
    seconds, processor = time.perf_counter() - start, processor_seconds() - before
    return Peak(own, max(most.values(), default=0.0), seconds, processor, text)


def processor_seconds() -> float:
    """Return the processor seconds of this process's finished children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def tree(pid: int) -> Iterator[int]:
    """Yield a process and its descendants."""
    yield pid
    try:
        children = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return
    for child in (int(child) for found in children for child in found):
        yield from tree(child)


def high_water(pid: int) -> float:
    """Return the peak resident memory of a process in bytes."""
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
        f"{part:11}{size:9,} {unit:7}{peak.own / 1e6:7.0f} MB {worker}{peak.seconds:8.1f} s "
        f"({peak.processor:.1f} s of the processor){over}",
        flush=True,
    )


def measure_features(arguments: argparse.Namespace, folder: Path) -> None:
    """Read more and more real photos, each time into an empty store."""
    for size in arguments.features:
        frame, images = rows_of(arguments.shared, size)
        frame.to_csv(folder / "rows.csv", index=False)
        where = [part for path in images for part in ("--images", path)]
        store = folder / f"features-{size}"
        peak = peak_of(
            hybridml("features", "--rows", folder / "rows.csv", *where, "--store", store, *arguments.options)
        )
        show("features", "photos", len(set(photo_names(frame))), peak)


def predicting(rows: Path, folder: Path) -> list[str]:
    """Return the command line that answers rows from the store in a folder."""
    store, out = folder / "store", folder / "answers.csv"
    return hybridml(
        "predict", "--rows", rows, "--images", folder, "--store", store, "--out", out, "--workers", 1
    )


def measure_known(arguments: argparse.Namespace, folder: Path, tiler: Tiler) -> None:
    """Run ``features`` on photos that are all in the store, for the memory of the command itself."""
    points = []
    for size in arguments.predict:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            rows = tiler.write(Path(own), size, tiler.settings)
            line = hybridml(
                "features", "--rows", rows, "--images", own, "--store", Path(own) / "store", "--workers", 1
            )
            peak = peak_of(line)
        show("known", "rows", size, peak)
        points.append((size, peak.own))
    print_slope("known", "row", points)


def measure_predict(arguments: argparse.Namespace, folder: Path, tiler: Tiler) -> None:
    """Answer repeated rows, and fit a line through memory over rows."""
    points = []
    for size in arguments.predict:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            rows = tiler.write(Path(own), size, tiler.settings)
            peak = peak_of(predicting(rows, Path(own)))
            answers = pd.read_csv(Path(own) / "answers.csv", keep_default_na=False)
        show("predict", "rows", size, peak)
        print(f"{'':11}{(answers['prediction'] != '').sum():9,} answered", flush=True)
        points.append((size, peak.own))
    print_slope("predict", "row", points)


def measure_scorer(arguments: argparse.Namespace, folder: Path, tiler: Tiler) -> None:
    """Answer one of many stored rows, from the start of the process, and then all of them."""
    for size in arguments.scorer or SCORER:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            rows = tiler.write(Path(own), size, tiler.settings)
            one = Path(own) / "one.csv"
            pd.read_csv(rows, dtype=str, keep_default_na=False).head(1).to_csv(one, index=False)
            first = starts(predicting(one, Path(own)))
            print_pace(size, peak_of(predicting(rows, Path(own)), ONE_CORE), first)


def measure_described(arguments: argparse.Namespace, folder: Path, tiler: Tiler) -> None:
    """Describe the labelled rows, repeat them, and answer one of them and then all."""
    own = folder / "described"
    own.mkdir()
    rows = tiler.write(own, tiler.size, tiler.settings)
    once, out = folder / "once.parquet", folder / "answers.csv"
    store = ("--images", own, "--store", own / "store", "--workers", 1)
    show(
        "candidates",
        "rows",
        tiler.size,
        peak_of(hybridml("candidates", "--rows", rows, *store, "--out", once)),
    )
    one = folder / "one.csv"
    for wanted in arguments.scorer or DESCRIBED:
        many = folder / "many.parquet"
        size = repeat(once, many, wanted)
        frame = pq.read_table(once, columns=["index", "image_link", "group_id", "entity_name"]).slice(0, 1)
        frame.to_pandas().assign(image_link=f"0-{frame['image_link'][0]}").to_csv(one, index=False)
        line = hybridml("predict", "--candidates", many, "--out", out)
        first = starts([*line, "--rows", str(one)])
        print_pace(size, peak_of(line, ONE_CORE), first)
        print("without the sidecar:")
        print_pace(size, peak_of([*line, "--no-details"], ONE_CORE), first)


def starts(line: Sequence[str]) -> tuple[float, float]:
    """Run a command several times and return the median of its seconds by clock and by processor."""
    seconds = []
    for _ in range(STARTS):
        start, before = time.perf_counter(), processor_seconds()
        subprocess.run(line, check=True, capture_output=True, env=ONE_CORE)
        seconds.append((time.perf_counter() - start, processor_seconds() - before))
    clock, processor = map(statistics.median, zip(*seconds, strict=True))
    return clock, processor


def print_pace(size: int, peak: Peak, first: tuple[float, float]) -> None:
    """Print the cost of all rows, and of the ``first`` answer of a process."""
    show("scorer", "rows", size, peak)
    spent = zip((peak.seconds, peak.processor), first, strict=True)
    rates = [60 * (size - 1) / max(all_rows - one_row, 1e-9) for all_rows, one_row in spent]
    print(
        f"{'':11}first answer of a process after {first[0]:.2f} s, {first[1]:.2f} s of the processor "
        f"(medians of {STARTS})"
    )
    print(
        f"{'':11}{rates[0]:9,.0f} rows a minute after that, {rates[1]:,.0f} by processor seconds", flush=True
    )


def print_slope(part: str, what: str, points: Sequence[tuple[int, float]]) -> None:
    """Print a line fitted through (size, bytes)."""
    if len(points) > 1:
        slope, base = np.polyfit(*np.array(points, dtype=float).T, 1)
        print(f"{part}: {base / 1e6:.0f} MB and {slope:,.0f} bytes a {what}", flush=True)


def measure_train(arguments: argparse.Namespace, folder: Path, tiler: Tiler) -> None:
    """Train on repeated rows, and fit a line through memory over candidates."""
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
        candidates = int(re.search(r"(\d+) candidates", peak.output)[1])  # type: ignore[index]
        print(f"{'':11}{candidates:9,} candidates", flush=True)
        points.append((candidates, peak.own))
    print_slope("train", "candidate", points)


def sizes(text: str) -> tuple[int, ...]:
    """Return whole numbers with commas between, for argparse."""
    return tuple(int(part) for part in text.split(","))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    parser.add_argument(
        "--parts",
        default="features,known,predict,train,scorer",
        help="what to measure (default: %(default)s)",
    )
    parser.add_argument("--features", type=sizes, default=FEATURES, metavar="N,N", help="photos to read")
    parser.add_argument(
        "--predict", type=sizes, default=PREDICT, metavar="N,N", help="rows to extract and to answer"
    )
    parser.add_argument("--train", type=sizes, default=TRAIN, metavar="N,N", help="rows to train on")
    parser.add_argument("--scorer", type=sizes, metavar="N,N", help="rows to rank")
    parser.add_argument(
        "--candidates", action="store_true", help="the scorer ranks described candidates, not the store"
    )
    parser.add_argument(
        "--most-lines",
        type=int,
        metavar="N",
        help="repeat photos of up to N text lines only, which is quicker",
    )
    parser.add_argument("--folder", type=Path, help="parent of the temporary folder (default: the system's)")
    parser.add_argument(
        "options", nargs="*", metavar="-- OPTION", help="further options of 'hybridml features'"
    )
    arguments = parser.parse_args(argv)
    parts = arguments.parts.split(",")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = Path(temporary)
        if "features" in parts:
            measure_features(arguments, folder)
        if {"known", "predict", "train", "scorer"} & set(parts):
            tiler = Tiler(arguments.shared, arguments.store, arguments.most_lines)
            if "known" in parts:
                measure_known(arguments, folder, tiler)
            if "predict" in parts:
                measure_predict(arguments, folder, tiler)
            if "train" in parts:
                measure_train(arguments, folder, tiler)
            if "scorer" in parts:
                measure = measure_described if arguments.candidates else measure_scorer
                measure(arguments, folder, tiler)
    return 0


if __name__ == "__main__":
    command.run(main)
