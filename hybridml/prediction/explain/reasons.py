"""Reasons for answers: what counted for and against each candidate that was considered, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.candidates.features import Column, find_column
from hybridml.candidates.features.column import PhraseContext
from hybridml.datasets.groups import as_text, group_names
from hybridml.datasets.rows import VALUE
from hybridml.prediction.from_store import PredictionRequest, rank_rows
from hybridml.ranking.answer import Answer
from hybridml.ranking.model import Model, Ranked

from . import learned_features
from .explanation import Considered, Explanation, Reason
from .learned_features import JOINT

BEST = 3
"""Quantities of a row that are given reasons."""

MAX_REASONS = 8
"""Reasons given for a quantity, the strongest."""

MAX_COLUMNS = 40
"""Columns that reasons are made of, the strongest: what the others add is next to nothing."""

ALONE = "no other quantity on the photo could answer"
"""The reason of all columns that compare a candidate with others, where there is no other."""

ROWS_PER_BATCH = 256
"""Rows whose contributions are computed together."""


def column_name(column: str) -> str:
    """Return what a column of the ranker's table is about, as a noun phrase; its own name for a user's column.

    Examples
    --------
    >>> column_name("number_class.item_weight"), column_name("keywords.net_near"), column_name("my.column")
    ("the number classifier's probability of item weight", "distance to a word such as 'net'", 'my.column')
    """
    return _declaration(column).noun


def phrase_of(column: str, value: float, context: PhraseContext) -> str:
    """Return what ``value`` in a column says of a candidate, as a clause.

    Examples
    --------
    >>> from hybridml.candidates.find import find_candidates
    >>> from hybridml.entities import default_entities
    >>> from hybridml.vision.text_line import OCRResult, TextLine
    >>> line = TextLine("Net weight 500 g", 1.0, ((0, 0), (160, 0), (160, 20), (0, 20)))
    >>> schema, ocr_result = default_entities(), OCRResult((line,), 200, 100)
    >>> candidate, entity = find_candidates(ocr_result, schema)[0], schema.entity("item_weight")
    >>> context = PhraseContext(candidate, entity, ocr_result, schema)
    >>> phrase_of("keywords.own_before", 1.0, context)
    "the text beside it says 'net weight'"
    >>> phrase_of("comparison.order", 0.0, context)
    'it is the first candidate in reading order'
    >>> phrase_of("my.column", 2.5, context)
    'my.column: 2.5'
    """
    return _declaration(column).say(value, context)


def _declaration(column: str) -> Column:
    return find_column(column) or learned_features.find_column(column) or Column(column, column)


def explain_rows(
    request: PredictionRequest, paths: Mapping[str, Path | None] | None = None
) -> Iterator[tuple[int, Explanation]]:
    """Yield position and explanation of each row, in the order of ``request.answers()``, with the same answers.

    ``paths`` maps the names of photos to their files, for the cards to show them.
    """
    model, frame, names = request.model, request.frame, request.names
    groups, trained = group_names(frame), model.trained_on(frame)
    labels = frame[VALUE] if VALUE in frame else [None] * len(frame)
    truths = [None if pd.isna(label) else as_text(label) for label in labels]
    indexes, entities = frame["index"].to_numpy(), request.entities
    found = rank_rows(request)
    while some := list(islice(found, ROWS_PER_BATCH)):
        considered = _considered(model, [(entities[row], ranked) for row, ranked, _ in some if ranked])
        for row, ranked, problem in some:
            path = (paths or {}).get(names[row])
            yield (
                row,
                Explanation(
                    index=indexes[row],
                    photo=names[row],
                    entity=entities[row],
                    answer=ranked.answer if ranked else Answer(entities[row]),
                    considered=next(considered) if ranked else (),
                    photo_features=ranked.photo_features if ranked else None,
                    second_pass=ranked.second_pass if ranked else False,
                    problem=problem,
                    group=groups[row],
                    truth=truths[row],
                    key=request.report.keys.get(names[row], ""),
                    path=str(path) if path else "",
                    trained=bool(trained[row]),
                ),
            )


def _considered(model: Model, rows: Sequence[tuple[str, Ranked]]) -> Iterator[tuple[Considered, ...]]:
    """Yield what was considered for each row, with the reasons of the best."""
    best = [[at for at, _ in ranked.order[:BEST]] for _, ranked in rows]
    tables = [ranked.X[at] for (_, ranked), at in zip(rows, best, strict=True) if at]
    parts = iter(model.ranker.contributions(np.vstack(tables)) if tables else ())
    for (entity, ranked), some in zip(rows, best, strict=True):
        reasons = {at: _reasons(model, entity, ranked, at, next(parts)) for at in some}
        yield tuple(Considered(ranked.candidates[at], p, reasons.get(at, ())) for at, p in ranked.order)


def _reasons(
    model: Model, entity: str, ranked: Ranked, at: int, parts: npt.NDArray[np.float64]
) -> tuple[Reason, ...]:
    """Return the strongest reasons of one candidate; columns with the same phrase make one reason.

    Columns in which all of a row's candidates agree are left out: they describe the photo and decided nothing.
    """
    assert ranked.photo_features is not None  # rows that come from the store have them
    ocr_result = ranked.photo_features.result_of(ranked.second_pass)
    context = PhraseContext(ranked.candidates[at], model.schema.entity(entity), ocr_result, model.schema)
    X, columns = ranked.X, model.ranker.columns_
    differs = ((X[0] != X) & ~(np.isnan(X) & np.isnan(X[0]))).any(axis=0) | (len(ranked.order) == 1)
    weights = [(columns[i], float(X[at, i]), float(parts[i])) for i in np.flatnonzero(differs)]
    if ranked.joint[at]:
        weights.append((JOINT, float(ranked.joint[at]), float(ranked.joint[at])))
    reasons: dict[str, Reason] = {}
    for column, value, part in sorted(weights, key=lambda w: -abs(w[2]))[:MAX_COLUMNS]:
        if part:
            alone = len(ranked.order) == 1 and column.startswith("comparison.")
            words = ALONE if alone else phrase_of(column, value, context)
            same = reasons.setdefault(words, Reason(column, value, 0.0, words))
            reasons[words] = replace(same, contribution=same.contribution + part)
    return tuple(sorted(reasons.values(), key=lambda r: -abs(r.contribution))[:MAX_REASONS])
