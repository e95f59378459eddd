"""What a Dask cluster costs beside the processes of one machine, on the same real photos.

    python -m benchmarks.cluster --shared ../shared --photos 200 --effort fast
    python -m benchmarks.cluster --shared ../shared --ranker

Photos are drawn by a seed and read and looked at once (no second look) by 1 and 2 processes of this machine, and by 1
and 2 workers of a cluster of processes on it, one thread each. The runs take turns, each into an empty store; starting
and loading engines, told by a run of as many photos as there are processes, is taken off. Workers run without Dask's
profiler, as in 'make cluster'. Printed are the medians: wall and processor seconds a photo, those of scheduler and
client included, and of them what Dask's processes take with nothing to do: by the clock, not by the photo. On a machine
that does other work too go by processor seconds, and by the overhead in brackets, which is without those.

--ranker compares instead the F1 of rankers that two workers fitted with that of rankers fitted here, cross-validated
on stored readings; everything else of the models is the same.
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
from typing import Any

import numpy as np

from benchmarks import command
from benchmarks.labelled import FOLDS, Data, Sources, answers_of, load, stages_of, training_part
from hybridml.datasets import folds
from hybridml.datasets.photos import photo_paths
from hybridml.evaluation import metrics
from hybridml.ranking.model import Model, ModelSettings
from hybridml.ranking.training import Training, train
from hybridml.store import extraction
from hybridml.store.dask.ranking import boosting
from hybridml.store.extraction import ExtractionReport
from hybridml.store.feature_store import FeatureStore

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
TICKS = os.sysconf("SC_CLK_TCK")
Costs = dict[tuple[str, int], list[list[float]]]
"""Of each place and number of processes, what each run cost."""

GOAL = 0.05
"""Share of a photo's processor seconds that the cluster should cost at most."""


class Cluster:
    """A scheduler and workers of one thread as processes of this machine."""

    def __init__(self, workers: int, folder: Path) -> None:
        from distributed import Client

        file = folder / "scheduler.json"
        self.processes = [
            _started("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)),
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
        """Return the processor seconds of its processes, and of them the scheduler's."""
        scheduler, *workers = (_cpu_of(process.pid) for process in self.processes)
        return scheduler + sum(workers), scheduler

    def idle(self, seconds: float = 10.0) -> float:
        """Return the processor seconds that its processes take in a second while they have nothing to do."""
        before = self.cpu()[0]
        time.sleep(seconds)
        return (self.cpu()[0] - before) / seconds

    def close(self) -> None:
        """End its processes."""
        for process in reversed(self.processes):
            process.kill()
            process.wait()


_WORKER = ("--nthreads", "1", "--no-nanny", "--no-dashboard")


def _started(kind: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments],
        env={**os.environ, **ONE_THREAD, "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _cpu_of(process: int) -> float:
    """Return the processor seconds of a process that runs."""
    # the name of the program, in parentheses, may hold blanks
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def cluster_of(workers: int) -> Iterator[Cluster]:
    """Give a cluster that ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        made = Cluster(workers, Path(folder))
        try:
            yield made
        finally:
            made.close()


def _spent(cluster: Cluster | None) -> tuple[float, float, float]:
    """Return the clock, the processor seconds of all that works, and of them those of client and scheduler."""
    now = time.perf_counter()
    for child in active_children():
        child.join()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own = sum(u.ru_utime + u.ru_stime for u in used)
    every, scheduler = cluster.cpu() if cluster else (0.0, 0.0)
    return now, own + every, own + scheduler


def measured(photos: dict[str, Path], stages: Any, processes: int, cluster: Cluster | None) -> list[float]:
    """Return what :func:`_spent` counts, a photo, without what starting takes."""
    few = dict(list(photos.items())[:processes])
    costs = []
    for some in (few, photos):
        with tempfile.TemporaryDirectory() as folder:
            before = _spent(cluster)
            report = _run(some, Path(folder), stages, processes, cluster)
            after = _spent(cluster)
        if report.failed:
            raise SystemExit(f"not all photos were read: {report.failed}")
        costs.append([b - a for a, b in zip(before, after, strict=True)])
    between = len(photos) - len(few)
    return [(many - start) / between for start, many in zip(*costs, strict=True)]


def _run(
    photos: dict[str, Path], folder: Path, stages: Any, processes: int, cluster: Cluster | None
) -> ExtractionReport:
    ocr, embedder, further = stages
    first = [stage for stage in further if stage.kind != "second_pass"]
    address = cluster.address if cluster else None
    return extraction.extract(
        photos, FeatureStore(folder), ocr, embedder, processes, False, first, dask=address
    )


def speed(options: argparse.Namespace) -> int:
    """Print what a photo costs with and without a cluster; return 1 where the goal is missed."""
    # one process computes with one thread, as a worker does
    extraction.default_workers = lambda: 1
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
                # the workers load their engines here and keep them: starting is not counted for them either
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


def ranker(options: argparse.Namespace) -> int:
    """Print the cross-validated F1 of rankers fitted here and on a cluster."""
    sources = Sources(options.shared, options.store)
    frame = sources.rows("labelled")
    fold = np.asarray(folds.load_folds(FOLDS, frame))
    data = load(frame, fold, sources, stages_of("rapidocr", effort=options.effort), True, True)
    answers: dict[str, list[str]] = {}
    truth = list(frame["entity_value"])
    with cluster_of(2) as cluster, boosting(cluster.address) as (boost, facts):
        for k in np.unique(fold):
            model = Model(ModelSettings())
            start = time.perf_counter()
            training = Training(model, *training_part(data, fold != k))
            train(model, training)
            _answer(model, data, fold == k, answers.setdefault("this machine", [""] * len(frame)))
            middle = time.perf_counter()
            every = np.ones(training.asked, dtype=bool)
            _, table = training.described(~every)
            model.ranker = training.ranker(table, every, model.weak_weight, model.settings.ranker, boost)
            _answer(model, data, fold == k, answers.setdefault("cluster", [""] * len(frame)))
            took = f"{middle - start:.0f} s to train here, {time.perf_counter() - middle:.0f} s for the ranker there"
            print(f"fold {k}: {took}; {len(table)} candidates; {facts}", flush=True)
    print("| ranker fitted on | F1 | " + " | ".join(f"fold {k}" for k in np.unique(fold)) + " |")
    for what, predictions in answers.items():
        parts = [
            metrics.score([truth[i] for i in at], [predictions[i] for i in at]).f1
            for at in (np.flatnonzero(fold == k) for k in np.unique(fold))
        ]
        total = metrics.score(truth, predictions).f1
        print(f"| {what} | {total:.4f} | " + " | ".join(f"{f1:.3f}" for f1 in parts) + " |")
    same = np.mean([a == b for a, b in zip(*answers.values(), strict=True)])
    print(f"{same:.1%} of the answers are the same")
    return 0


def _answer(model: Model, data: Data, held: np.ndarray, answers: list[str]) -> None:
    """Answer the rows that were held out, into ``answers``."""
    for i, answer in zip(np.flatnonzero(held), answers_of(model, data, held), strict=True):
        answers[i] = answer.prediction


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    command.add_effort(parser)
    parser.add_argument("--photos", type=int, default=200, help="(default: %(default)s)")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2], help="(default: 1 2)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing (default: %(default)s)")
    parser.add_argument("--ranker", action="store_true", help="compare rankers, not speed")
    options = parser.parse_args(argv)
    return ranker(options) if options.ranker else speed(options)


if __name__ == "__main__":
    command.run(main)
