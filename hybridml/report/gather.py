"""What a report says of all rows, gathered as they are answered: in memory a line a row, cards in a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from hybridml.datasets.photos import Checked
from hybridml.prediction.all_quantities import Group, whole_photos
from hybridml.prediction.explain.explanation import Explanation
from hybridml.prediction.from_store import projection
from hybridml.quantity import format_quantity
from hybridml.spool import Spool
from hybridml.store.feature_store import FeatureStore

from .facts import card_of, line_of

if TYPE_CHECKING:
    from hybridml.estimator import EntityExtractor

ROWS_AT_ONCE = 256
"""Rows whose photos are searched together for everything that they show."""


@dataclass(frozen=True)
class Gathered:
    """What is said of the rows, but for their cards.

    Parameters
    ----------
    table : data frame
        A line per row, in order; see :func:`hybridml.report.facts.line_of`.
    candidates : list of tuple of str, one per row
        Every quantity considered, best first.
    keys : list of str, one per row
        Content key of the photo, empty where it is not known.
    paths : dict of key to path
        Where the photos lie that are at hand.
    """

    table: pd.DataFrame
    candidates: list[tuple[str, ...]]
    keys: list[str]
    paths: dict[str, Path]


def gather(extractor: EntityExtractor, given: Checked, cards: Spool) -> Gathered:
    """Answer rows; put the card of each, as JSON, into ``cards`` and return the rest.

    Parameters
    ----------
    extractor : EntityExtractor
        Fitted.
    given : (data frame, faults)
        Checked rows.
    cards : Spool
        With room for all rows.
    """
    schema, n = extractor.model_.schema, len(given[0])
    lines: list[dict[str, Any]] = [{}] * n
    candidates: list[tuple[str, ...]] = [()] * n
    keys = [""] * n
    paths: dict[str, Path] = {}
    explained = extractor.explanations(given)
    with tqdm(total=n, desc="answers", unit="row", disable=not extractor.progress) as bar:
        while some := list(islice(explained, ROWS_AT_ONCE)):
            groups = _groups(extractor, [told for _, told in some])
            for row, told in some:
                lines[row] = line_of(row, told, schema)
                cards.put(row, json.dumps(card_of(row, told, groups.get(told.key, ()), schema)))
                candidates[row] = tuple(
                    format_quantity(each.candidate.value, each.candidate.unit) for each in told.considered
                )
                keys[row] = told.key
                if told.key and told.path:
                    paths[told.key] = Path(told.path)
            bar.update(len(some))
    return Gathered(pd.DataFrame(lines), candidates, keys, paths)


def _groups(extractor: EntityExtractor, some: Sequence[Explanation]) -> dict[str, tuple[Group, ...]]:
    """Return everything that is found on the photos of some rows, by content key."""
    photo_features = {told.key: told.photo_features for told in some if told.photo_features is not None}
    project = projection(
        extractor.model_, FeatureStore(extractor.store), extractor.stages_, list(photo_features)
    )
    return {
        key: whole.groups for key, whole in whole_photos(extractor.model_, photo_features.items(), project)
    }
