"""The ranker fitted by the workers of a cluster: the same trees each time, as good as those fitted here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hybridml
from hybridml.errors import HybridmlError
from hybridml.ranking.ranker import Ranker, RankerSettings
from hybridml.utils.optional import lacking
from tests.helpers.fakes import OPTIONS, write_rows

if reason := lacking("a cluster", ("dask", "distributed"), "dask"):
    pytest.skip(reason, allow_module_level=True)

from hybridml.store.dask import ranking
from hybridml.store.dask.client import connected, workers_of


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Return the address of a cluster of two worker processes."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster.scheduler_address


def test_groups_stay_whole() -> None:
    sizes = np.array([3, 1, 4, 1, 5, 9, 2])
    group = np.repeat(np.arange(len(sizes)), sizes)
    parts = ranking.dealt(sizes, 3)
    assert sorted(np.concatenate([at for at, _ in parts]).tolist()) == list(range(sizes.sum()))
    for at, own in parts:
        found, counts = np.unique(group[at], return_counts=True)
        assert counts.tolist() == sizes[found].tolist() == own.tolist()
    assert len(ranking.dealt(sizes[:2], 3)) == 2


def test_workers_fit_as_good_a_ranker_and_the_same_each_time(address: str) -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(300), rng.integers(2, 9, 300))
    X = rng.normal(size=(len(group), 5))
    value = X[:, 0] + 0.5 * X[:, 1]
    best = np.array([value[group == g].argmax() + np.flatnonzero(group == g)[0] for g in range(300)])
    relevance = np.zeros(len(group), int)
    relevance[best] = 3
    # a column with a character that LightGBM does not take in names
    given: tuple[Any, ...] = (X, relevance, group, ["a:b", "c", "d", "e", "f"])
    settings = RankerSettings(n_estimators=15, learning_rate=0.2, num_leaves=7, seeds=1)
    here = Ranker(settings).fit(*given)
    with ranking.boosting(address) as (boost, facts):
        there, again = (Ranker(settings).fit(*given, boost=boost) for _ in range(2))
    assert facts == {"ranker_fit": "dask", "ranker_partitions": 2}
    assert there.models_ == again.models_
    assert "127.0.0.1" not in there.models_[0]

    def right(ranker: Ranker) -> float:
        scores = ranker.score(X)
        return float(np.mean([scores[group == g].argmax() == value[group == g].argmax() for g in range(300)]))

    assert right(there) > 0.8
    assert abs(right(there) - right(here)) < 0.05


def test_an_extractor_trained_on_a_cluster_is_saved_and_loaded_like_any_other(
    address: str, tmp_path: Path
) -> None:
    rows = write_rows(tmp_path, 60)
    where = {"images": tmp_path / "images", "store": tmp_path / "store"}
    options = {**OPTIONS, **where, "ranker": {"n_estimators": 15, "learning_rate": 0.2, "seeds": 1}}
    trained = hybridml.EntityExtractor(**options, dask=address).fit(rows)
    hybridml.save(trained, tmp_path / "model.joblib")
    loaded = hybridml.load(tmp_path / "model.joblib").set_params(**where, workers=1)
    assert loaded.model_.training["ranker_fit"] == "dask"
    assert loaded.model_.training["ranker_partitions"] == 2
    alone = hybridml.EntityExtractor(**options).fit(rows)
    assert "ranker_fit" not in alone.model_.training
    # what is not fitted there is as it is here
    assert loaded.model_.training["f1_out_of_fold"] == alone.model_.training["f1_out_of_fold"]
    assert list(loaded.predict(rows)["prediction"]) == list(trained.predict(rows)["prediction"])
    assert loaded.score(rows) > 0.8


def test_a_worker_that_goes_is_named_and_an_error_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "SECONDS", 0.1)
    end = threading.Event()
    with connected(address) as client:
        with pytest.raises(HybridmlError, match=r"worker tcp://gone:1 went while the ranker was fitted"):
            ranking._watched(end.wait, client, [*workers_of(client), "tcp://gone:1"])
        end.set()

        def fail() -> None:
            raise ValueError("no such luck")

        with pytest.raises(
            HybridmlError, match=r"could not be fitted on the cluster \(ValueError: no such luck"
        ):
            ranking._watched(fail, client, [])
