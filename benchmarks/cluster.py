"""The cost of a Dask cluster compared with processes of the same machine, on the same real photos.

    python -m benchmarks.cluster --shared ../shared --photos 200 --effort fast

Photos are drawn with a seed. Their features are extracted (without the second pass) by 1 and 2 processes of this
machine, and by a cluster of 1 and 2 worker processes on it, each with one thread. The runs take turns, and each fills
an empty store. The time to start and to load the engines is measured by a run with as many photos as there are
processes, and subtracted. Workers run without Dask's profiler, as in 'make cluster'.

The benchmark prints medians per photo: wall time and processor seconds, including those of the scheduler and the
client, and the share that idle Dask processes take, which depends on the clock and not on the photos. On a machine
that does other work as well, compare processor seconds, and the overhead in brackets, which leaves the idle share out.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import active_children
from pathlib import Path

import numpy as np

from benchmarks import command
from benchmarks.labelled import Sources, stages_of
from hybridml.datasets.photos import photo_paths
from hybridml.store import process_pool
from hybridml.store.extraction import ExtractionReport, extract_photos
from hybridml.store.feature_store import FeatureStore
from hybridml.vision.stages import VisionStages

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
TICKS = os.sysconf("SC_CLK_TCK")
Costs = dict[tuple[str, int], list[list[float]]]
"""The costs of each run, by where it ran and the number of processes."""

GOAL = 0.05
"""Largest share of a photo's processor seconds that the cluster may add."""


_LOCAL = ("--host", "127.0.0.1", "--no-dashboard")
_WORKER = (*_LOCAL, "--nthreads", "1", "--no-nanny")


class Cluster:
    """A scheduler and single-threaded workers, as processes of this machine."""

    def __init__(self, workers: int, folder: Path) -> None:
        from distributed import Client

        file = folder / "scheduler.json"
        self.processes = [
            _started("scheduler", *_LOCAL, "--port", "0", "--scheduler-file", str(file)),
            *(
                _started("worker", "--scheduler-file", str(file), *_WORKER, "--local-directory", str(folder))
                for _ in range(workers)
            ),
        ]
        while not file.is_file():
            time.sleep(0.1)
        with Client(scheduler_file=str(file), timeout=120, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=300)
            self.address = str(client.scheduler.address)

    def cpu(self) -> tuple[float, float]:
        """Return the processor seconds of all its processes, and those of the scheduler alone."""
        scheduler, *workers = (_cpu_of(process.pid) for process in self.processes)
        return scheduler + sum(workers), scheduler

    def idle(self, seconds: float = 10.0) -> float:
        """Return the processor seconds that its processes take per second while idle."""
        before = self.cpu()[0]
        time.sleep(seconds)
        return (self.cpu()[0] - before) / seconds

    def close(self) -> None:
        """End its processes."""
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def _started(kind: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments],
        env={**os.environ, **ONE_THREAD, "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _cpu_of(process: int) -> float:
    """Return the processor seconds of a running process."""
    # the program name, in parentheses, may contain blanks
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def cluster_of(workers: int) -> Iterator[Cluster]:
    """Start a cluster that stops at the end of the block."""
    with tempfile.TemporaryDirectory() as folder:
        made = Cluster(workers, Path(folder))
        try:
            yield made
        finally:
            made.close()


def _spent(cluster: Cluster | None) -> tuple[float, float, float]:
    """Return the wall clock, the processor seconds of all processes, and those of client and scheduler alone."""
    now = time.perf_counter()
    for child in active_children():
        child.join()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own = sum(u.ru_utime + u.ru_stime for u in used)
    every, scheduler = cluster.cpu() if cluster else (0.0, 0.0)
    return now, own + every, own + scheduler


def measured(
    photos: dict[str, Path], stages: VisionStages, processes: int, cluster: Cluster | None
) -> list[float]:
    """Return the three costs of :func:`_spent` per photo, without the cost of starting."""
    few = dict(list(photos.items())[:processes])
    costs = []
    for some in (few, photos):
        with tempfile.TemporaryDirectory() as folder:
            before = _spent(cluster)
            report = _run(some, Path(folder), stages, processes, cluster)
            after = _spent(cluster)
        if report.failed:
            raise SystemExit(f"the features of some photos could not be extracted: {report.failed}")
        costs.append([b - a for a, b in zip(before, after, strict=True)])
    between = len(photos) - len(few)
    return [(many - start) / between for start, many in zip(*costs, strict=True)]


def _run(
    photos: dict[str, Path], folder: Path, stages: VisionStages, processes: int, cluster: Cluster | None
) -> ExtractionReport:
    address = cluster.address if cluster else None
    return extract_photos(photos, FeatureStore(folder), stages.first, processes, progress=False, dask=address)


def speed(options: argparse.Namespace) -> int:
    """Print the cost of a photo with and without a cluster; return 1 when the goal is missed."""
    # a single process computes with one thread, as a worker does
    process_pool.default_workers = lambda: 1
    sources = Sources(options.shared, Path("features"))
    found = photo_paths(sources.rows("labelled"), sources.folder("labelled") / "images")
    names = random.Random(options.seed).sample(sorted(n for n, path in found.items() if path), options.photos)
    photos = {name: path for name in names if (path := found[name])}
    stages = stages_of("rapidocr", effort=options.effort)
    costs: Costs = {}
    for _ in range(options.repeats):
        for processes in options.processes:
            costs.setdefault(("this machine", processes), []).append(
                measured(photos, stages, processes, None)
            )
            with cluster_of(processes) as cluster:
                # the workers load and keep their engines here, so that starting is not counted for them either
                measured(dict(list(photos.items())[: 4 * processes]), stages, processes, cluster)
                idle = cluster.idle()
                cost = measured(photos, stages, processes, cluster)
                costs.setdefault(("cluster", processes), []).append([*cost, idle * cost[0]])
            for (what, n), each in costs.items():
                if n == processes:
                    print(
                        f"  {what}, {n}: wall {each[-1][0]:.3f}, CPU {each[-1][1]:.3f} s a photo", flush=True
                    )
    return _report(costs, options)


def _report(costs: Costs, options: argparse.Namespace) -> int:
    columns = ("wall s a photo", "CPU s a photo", "more CPU", "client and scheduler, ms", "idle, ms")
    print(f"\n{options.effort}, {options.photos} photos, medians of {options.repeats} runs each")
    print(f"| processes | where | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 2)}")
    missed = 0
    for processes in options.processes:
        here, there = (np.median(costs[what, processes], axis=0) for what in ("this machine", "cluster"))
        share, busy = there[1] / here[1] - 1, (there[1] - there[3]) / here[1] - 1
        missed += share > GOAL
        print(f"| {processes} | this machine | {here[0]:.3f} | {here[1]:.3f} | | | |")
        more = f"{share:+.1%} ({busy:+.1%}) | {1000 * there[2]:.1f} | {1000 * there[3]:.1f}"
        print(f"| {processes} | cluster | {there[0]:.3f} | {there[1]:.3f} | {more} |")
    print(f"goal: at most {GOAL:.0%} more processor seconds")
    return 1 if missed else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    command.add_effort(parser)
    parser.add_argument("--photos", type=int, default=200, help="(default: %(default)s)")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2], help="(default: 1 2)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default: %(default)s)")
    options = parser.parse_args(argv)
    return speed(options)


if __name__ == "__main__":
    command.run(main)
