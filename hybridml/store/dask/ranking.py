"""The ranker's boosters on a Dask cluster: LightGBM's own distributed learning, each group whole on one worker."""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import numpy as np

from hybridml.errors import HybridmlError
from hybridml.ranking.ranker import Boost, Examples, Ints
from hybridml.vision.stages import VisionStages

from .client import connected, workers_of
from .compatibility import check

SECONDS = 2.0
"""How often to see whether the workers that learn are still there."""

_OF_THIS_RUN = re.compile(r"^\[(machines|local_listen_port|num_machines): .*\]\n", re.MULTILINE)
"""Lines of LightGBM's text that say where it ran: no other run's business, and nothing that scores reads them."""


@contextmanager
def boosting(address: str, progress: bool = False) -> Iterator[tuple[Boost, dict[str, Any]]]:
    """Give what fits boosters on a cluster, and what the artifact says of that.

    The candidates are parted once for all boosters, one partition a worker. How many there are is a setting: each
    draws its own sample of candidates for a tree, so that another number of workers makes other, equally good trees.
    The same number makes the same trees.

    Parameters
    ----------
    address : str
        Of the scheduler.
    progress : bool
        Say where the dashboard is.

    Raises
    ------
    HybridmlError
        When there is no cluster, or a worker is unfit.
    """
    with connected(address, progress) as client:
        check(client, VisionStages(None))
        workers = sorted(workers_of(client))
        _order_ranks(client)

        facts = {"ranker_fit": "dask", "ranker_partitions": len(workers)}

        def boost(options: Sequence[Mapping[str, Any]], examples: Examples) -> list[str]:
            facts["ranker_partitions"] = min(len(workers), len(examples.sizes))
            return _boost(client, workers, options, examples)

        yield boost, facts


def dealt(sizes: Ints, partitions: int) -> list[tuple[Ints, Ints]]:
    """Return the candidates of each partition, and the sizes of its groups.

    Groups are dealt out in turn: each partition is like the whole, though rows of one source stand together.

    Examples
    --------
    >>> [(at.tolist(), sizes.tolist()) for at, sizes in dealt(np.array([2, 1, 3]), 2)]
    [([0, 1, 3, 4, 5], [2, 3]), ([2], [1])]
    """
    group = np.repeat(np.arange(len(sizes)), sizes)
    partitions = min(partitions, len(sizes))
    return [(np.flatnonzero(group % partitions == i), sizes[i::partitions]) for i in range(partitions)]


def _order_ranks(client: Any) -> None:
    """Let LightGBM number the workers in the order of their addresses, as the partitions are.

    It numbers them as the client lists them, which changes from run to run, and each finds the bins of its own share
    of the columns among its own candidates.
    """
    listed = client.who_has

    def who_has(futures: Any = None, **more: Any) -> Any:
        found = listed(futures, **more)
        return dict(sorted(found.items(), key=lambda pair: tuple(pair[1])))

    client.who_has = who_has


def _boost(
    client: Any, workers: Sequence[str], options: Sequence[Mapping[str, Any]], examples: Examples
) -> list[str]:
    from lightgbm import DaskLGBMRanker

    parts = dealt(examples.sizes, len(workers))
    weight = np.ones(len(examples.X)) if examples.weight is None else examples.weight
    X, relevance, weights = (
        _spread(client, workers, [array[at] for at, _ in parts])
        for array in (examples.X, examples.relevance, weight)
    )
    start = examples.start
    started = None if start is None else _spread(client, workers, [start[at] for at, _ in parts])
    sizes = _spread(client, workers, [sizes for _, sizes in parts])
    texts = []
    for each in options:
        # every worker computes with the threads that Dask gave it
        model = DaskLGBMRanker(client=client, **{k: v for k, v in each.items() if k != "n_jobs"})

        def fit(model: Any = model) -> None:
            model.fit(
                X,
                relevance,
                group=sizes,
                sample_weight=weights,
                init_score=started,
                feature_name=examples.columns,
                categorical_feature=examples.categorical,
            )

        _watched(fit, client, workers[: len(parts)])
        texts.append(_OF_THIS_RUN.sub("", model.booster_.model_to_string()))
    return texts


def _spread(client: Any, workers: Sequence[str], arrays: Sequence[Any]) -> Any:
    """Return one Dask array of several, each on a worker of its own."""
    import dask
    import dask.array as da

    chunks = []
    for array, worker in zip(arrays, workers, strict=False):
        there = client.scatter(array, workers=[worker], hash=False)
        chunks.append(da.from_delayed(dask.delayed(there), array.shape, array.dtype))
    return da.concatenate(chunks)


def _watched(fit: Callable[[], object], client: Any, workers: Sequence[str]) -> None:
    """Run ``fit``; raise an error where a worker goes meanwhile, for which LightGBM would wait forever."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with client.as_current():
                fit()
        except BaseException as error:  # told by the thread that waits
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    # what LightGBM prints is no result of a command
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        # LightGBM warns that it takes Dask's number of threads, of a parameter that nobody gave
        warnings.filterwarnings("ignore", "Parameter n_jobs will be ignored")
        thread.start()
        while thread.is_alive():
            thread.join(SECONDS)
            if thread.is_alive() and (gone := set(workers) - set(workers_of(client))):
                raise HybridmlError(
                    f"worker {', '.join(sorted(gone))} went while the ranker was fitted on it: start again, nothing is "
                    "read twice; or fit it on this machine, without --dask"
                )
    if failed:
        raise HybridmlError(
            f"the ranker could not be fitted on the cluster ({type(failed[0]).__name__}: {failed[0]}): see the "
            "workers' logs; or fit it on this machine, without --dask"
        ) from failed[0]
