"""Comparison of a killed and resumed ``features`` run with an uninterrupted one, on real photos.

    python -m benchmarks.interrupt --shared ../shared --photos 1500 --kills 3

Two stores are filled: one by runs that are killed with SIGKILL, with their processes, at random moments, and a last one
that ends by itself; the other by a single run. Their tables are compared record by record, in all columns except the
seconds.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import command
from benchmarks.labelled import Sources
from hybridml.datasets.groups import photo_names
from hybridml.store.extraction import SHARD
from hybridml.store.schema import SCHEMAS
from hybridml.store.shards import Shards

TABLES = ("labelled", "agreed")


def rows_of(shared: Path, photos: int) -> tuple[pd.DataFrame, list[Path]]:
    """Return the rows of the first ``photos`` real photos, and the folders they lie in."""
    sources = Sources(shared, Path("features"))
    folders = [sources.folder(name) for name in TABLES]
    tables = [pd.read_csv(folder / "train.csv", dtype=str) for folder in folders]
    frame = pd.concat(tables, ignore_index=True).drop(columns="entity_value")
    frame["index"] = range(len(frame))
    names = np.array(photo_names(frame))
    chosen = list(dict.fromkeys(names))[:photos]
    return frame[np.isin(names, chosen)], [folder / "images" for folder in folders]


LAUNCH = (
    "import sys; from hybridml import cli; from hybridml.store import extraction; "
    "extraction.SHARD = {}; sys.exit(cli.main())"
)


def features(arguments: argparse.Namespace, rows: Path, images: Sequence[Path], store: Path) -> list[str]:
    """Return ``hybridml features`` as a command line."""
    folders = [part for folder in images for part in ("--images", str(folder))]
    return [
        *(sys.executable, "-c", LAUNCH.format(arguments.shard)),
        *("-q", "features", "--rows", str(rows), *folders, "--store", str(store), *arguments.options),
    ]


def killed(line: Sequence[str], store: Path, goal: int, delay: float) -> int:
    """Start a run, kill it and its workers ``delay`` seconds after ``goal`` photos; return how many are stored."""
    run = subprocess.Popen(line, start_new_session=True)
    try:
        while ocr_results(store) < goal:
            if run.poll() is not None:
                raise SystemExit(
                    f"the run ended by itself, with status {run.returncode}, before it was killed"
                )
            time.sleep(0.2)
        time.sleep(delay)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    return ocr_results(store)


def ocr_results(store: Path) -> int:
    """Return how many photos have an OCR result in a whole shard."""
    counts = [len(keys(folder)) for folder in (store / "ocr").glob("*")]
    return max(counts, default=0)


def keys(folder: Path) -> set[str]:
    """Return the photos of a table."""
    shards = Shards(folder, SCHEMAS[folder.parent.name])
    return {key for _, table in shards.tables(["key"]) for key in table["key"].to_pylist()}


def tables(store: Path) -> dict[str, dict[str, Any]]:
    """Return every record of a store by table and key, without its seconds."""
    found: dict[str, dict[str, Any]] = {}
    for folder in sorted(path for kind in SCHEMAS if kind != "photos" for path in (store / kind).glob("*")):
        shards = Shards(folder, SCHEMAS[folder.parent.name])
        records: dict[str, Any] = {}
        for _, table in shards.tables():
            for record in table.drop_columns(["seconds"]).to_pylist():
                records.setdefault(record["key"], record)
        found[f"{folder.parent.name}/{folder.name}"] = records
    return found


def differences(ours: dict[str, dict[str, Any]], theirs: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the differences between two stores."""
    for name in sorted({*ours, *theirs}):
        a, b = ours.get(name, {}), theirs.get(name, {})
        for key in sorted({*a, *b}):
            if key not in a or key not in b:
                yield f"{name}: {key} is only in the {'uninterrupted' if key in b else 'killed'} run's"
            elif repr(a[key]) != repr(b[key]):  # NaN equals NaN
                columns = [name for name in a[key] if repr(a[key][name]) != repr(b[key][name])]
                yield f"{name}: {key} differs in {', '.join(columns)}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison; exit status 1 when anything differs."""
    parser = command.parser(__doc__)
    command.add_shared(parser)
    parser.add_argument("--photos", type=int, default=1500, help="real photos (default: %(default)s)")
    parser.add_argument(
        "--kills", type=int, default=3, help="how often the run is killed (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments (default: %(default)s)")
    parser.add_argument(
        "--shard",
        type=int,
        default=SHARD,
        help="photos of a shard; fewer to try it on few photos (default: %(default)s)",
    )
    parser.add_argument("--out", type=Path, help="folder for the two stores (default: a temporary folder)")
    parser.add_argument(
        "options",
        nargs="*",
        metavar="-- OPTION",
        help="further options of 'hybridml features': -- --stages none",
    )
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        return compare(arguments, arguments.out or Path(temporary))


def compare(arguments: argparse.Namespace, out: Path) -> int:
    """Fill both stores in ``out`` and print their differences."""
    frame, images = rows_of(arguments.shared, arguments.photos)
    out.mkdir(parents=True, exist_ok=True)
    rows = out / "rows.csv"
    frame.to_csv(rows, index=False)
    total = len(dict.fromkeys(photo_names(frame)))
    broken, whole = out / "killed", out / "whole"
    draw = np.random.default_rng(arguments.seed)
    # a moment in each of so many equal stretches of the run; the last stretch runs to the end
    moments = np.arange(arguments.kills) + draw.random(arguments.kills)
    for i, moment in enumerate(moments):
        goal = int(total * moment / (arguments.kills + 1))
        stored = killed(features(arguments, rows, images, broken), broken, goal, draw.random() * 5)
        print(f"kill {i + 1}: {stored} of {total} photos have a stored OCR result")
    for store in (broken, whole):
        start = time.perf_counter()
        subprocess.run(features(arguments, rows, images, store), check=True)
        print(f"{store.name}: run to the end in {time.perf_counter() - start:.0f} s")
    ours, theirs = tables(broken), tables(whole)
    found = list(differences(ours, theirs))
    for name, records in theirs.items():
        print(f"{name}: {len(records)} photos")
    print("\n".join(found[:20]) if found else "every record is equal")
    left = list(broken.rglob("*.damaged"))
    print(
        f"{len(found)} differences; {len(left)} shards set aside; {len(list(broken.rglob('.*.tmp')))} stray files"
    )
    return int(bool(found or left))


if __name__ == "__main__":
    command.run(main)
