"""The contents of a report, gathered while its rows are answered: the table, and the card of each row."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from hybridml.datasets.photos import Checked, photo_paths
from hybridml.prediction.all_quantities import Group, find_quantities
from hybridml.prediction.explain.explanation import Explanation, explain_rows
from hybridml.prediction.from_store import projection
from hybridml.quantity import format_quantity
from hybridml.store.feature_store import FeatureStore

from .facts import card_of, line_of

if TYPE_CHECKING:
    from hybridml.estimator import EntityExtractor

ROWS_AT_ONCE = 256
"""Rows whose photos are searched together for everything that they show."""


@dataclass(frozen=True)
class Gathered:
    """What a report says of its rows.

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
    packed_cards : list of bytes, one per row
        The cards as compressed JSON, a sixth of its size: they are the bulk of a report.
    """

    table: pd.DataFrame
    candidates: list[tuple[str, ...]]
    keys: list[str]
    paths: dict[str, Path]
    packed_cards: list[bytes]

    def cards(self) -> Iterator[dict[str, Any]]:
        """Yield the card of each row; see :func:`hybridml.report.facts.card_of`."""
        return (json.loads(zlib.decompress(packed)) for packed in self.packed_cards)


def gather(extractor: EntityExtractor, given: Checked) -> Gathered:
    """Answer rows and return what a report says of them.

    Parameters
    ----------
    extractor : EntityExtractor
        Fitted.
    given : (data frame, faults)
        Checked rows.
    """
    schema, n = extractor.model_.schema, len(given[0])
    lines: list[dict[str, Any]] = [{}] * n
    candidates: list[tuple[str, ...]] = [()] * n
    keys = [""] * n
    paths: dict[str, Path] = {}
    cards = [b""] * n
    request = extractor.request(given)
    explained = explain_rows(request, photo_paths(request.frame, extractor.images))
    with tqdm(total=n, desc="answers", unit="row", disable=not extractor.progress) as bar:
        while some := list(islice(explained, ROWS_AT_ONCE)):
            groups = _groups(extractor, [told for _, told in some])
            for row, told in some:
                lines[row] = line_of(row, told, schema)
                card = card_of(row, told, groups.get(told.key, ()), schema)
                cards[row] = zlib.compress(json.dumps(card).encode())
                candidates[row] = tuple(
                    format_quantity(each.candidate.value, each.candidate.unit) for each in told.considered
                )
                keys[row] = told.key
                if told.key and told.path:
                    paths[told.key] = Path(told.path)
            bar.update(len(some))
    return Gathered(pd.DataFrame(lines), candidates, keys, paths, cards)


def _groups(extractor: EntityExtractor, some: Sequence[Explanation]) -> dict[str, tuple[Group, ...]]:
    """Return everything that is found on the photos of some rows, by content key."""
    photo_features = {told.key: told.photo_features for told in some if told.photo_features is not None}
    project = projection(
        extractor.model_, FeatureStore(extractor.store), extractor.stages_, list(photo_features)
    )
    found = find_quantities(extractor.model_, photo_features.items(), project)
    return {key: quantities.groups for key, quantities in found}
