"""What reading and looking took, as the store keeps it of each photo."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from hybridml.store.feature_store import FeatureStore
from hybridml.store.status import TITLES
from hybridml.vision.stages import Stage

NOT_KEPT = "The store holds no seconds of these photos."
MEASURED = (
    "Mean over the report's photos of what each took one worker process when it was read, as the store keeps it: other "
    "work on the machine at that time, and several workers at once, make it more."
)


def seconds_by_stage(
    store: FeatureStore, stages: Iterable[Stage], keys: Collection[str]
) -> list[tuple[str, float]]:
    """Return each stage and the seconds that it took a photo, on average over all of ``keys``.

    Parameters
    ----------
    store : FeatureStore
        Where readings and looks are kept.
    stages : iterable of Stage
        What read and looked.
    keys : collection of str
        Content keys of the photos.

    Returns
    -------
    list of (str, float)
        Stages of which the store holds nothing are left out.
    """
    found = []
    for stage in stages:
        seconds: dict[str, float] = {}
        for _, table in store.table_of(stage).shards.tables(["key", "seconds"]):
            told = zip(table["key"].to_pylist(), table["seconds"].to_pylist(), strict=True)
            seconds.update((key, s) for key, s in told if key in keys and s is not None)
        if seconds:
            share = "" if len(seconds) == len(keys) else f", {len(seconds):,} of {len(keys):,} photos"
            found.append((f"{TITLES[stage.kind]}{share}", float(np.sum(list(seconds.values()))) / len(keys)))
    return found
