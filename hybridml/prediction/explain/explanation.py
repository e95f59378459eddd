"""Explanations: rows answered with what was considered for each, how probable it is, and what counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from hybridml.quantity import format_quantity
from hybridml.ranking.answer import Answer
from hybridml.ranking.model import Model, Ranked

from . import learned_features
from .explained_row import Considered, ExplainedRow, Reason
from .html import card_html
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


class Explanation(ExplainedRow):
    """One row, its answer and why; a notebook shows it as a card."""

    def candidates_frame(self) -> pd.DataFrame:
        """Return what was considered as a table, best first; see :func:`candidates_frame`."""
        return candidates_frame(self)

    def _repr_html_(self) -> str:
        """Return the card that a notebook shows."""
        return card_html(self)


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
    """Yield position and explanation of each row, in the order in which the store yields the photos.

    Parameters
    ----------
    request : PredictionRequest
        The rows; the answers are those of :func:`hybridml.prediction.from_store.answer_rows`.
    paths : mapping of photo name to path, optional
        Paths of the photos.
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
    differing = _differing(ranked.X) if len(ranked.order) > 1 else np.ones(ranked.X.shape[1], dtype=bool)
    columns = model.ranker.columns_
    weights = [(columns[i], float(ranked.X[at, i]), float(parts[i])) for i in np.flatnonzero(differing)]
    if ranked.joint[at]:
        weights.append((JOINT, float(ranked.joint[at]), float(ranked.joint[at])))
    by_words: dict[str, list[tuple[str, float, float]]] = {}
    for weight in sorted(weights, key=lambda w: -abs(w[2]))[:MAX_COLUMNS]:
        if weight[2]:
            alone = len(ranked.order) == 1 and weight[0].startswith("comparison.")
            words = ALONE if alone else phrase_of(*weight[:2], context)
            by_words.setdefault(words, []).append(weight)
    reasons = [
        Reason(some[0][0], some[0][1], sum(part for _, _, part in some), words)
        for words, some in by_words.items()
    ]
    return tuple(sorted(reasons, key=lambda r: -abs(r.contribution))[:MAX_REASONS])


def _differing(X: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Return in which columns the rows of a table differ; missing values are equal."""
    same = (X[0] == X) | (np.isnan(X) & np.isnan(X[0]))
    return np.asarray(~same.all(axis=0), dtype=bool)


FRAME_COLUMNS = (
    *("index", "photo", "entity_name", "prediction", "value", "unit"),
    *("text", "form", "confidence", "box", "reasons"),
)
"""Columns of :func:`candidates_frame`."""


def candidates_frame(explained: Explanation | Iterable[Explanation]) -> pd.DataFrame:
    """Return what was considered for a row, or for several, as a table.

    Parameters
    ----------
    explained : Explanation or iterable of Explanation
        As :meth:`hybridml.EntityExtractor.explain` returns them.

    Returns
    -------
    data frame
        One line per row and quantity, a row's most probable first: ``index, photo, entity_name`` of the row;
        ``prediction, value, unit`` of the quantity; the ``text`` line that holds it and the ``form`` in which it is
        written there; ``confidence``, the probability that it is right; its ``box`` in pixels of the photo; and
        ``reasons`` in words, strongest first, each with what it added to the score. Rows without a quantity have
        no line.
    """
    several = [explained] if isinstance(explained, Explanation) else explained
    lines = [
        (each.index, each.photo, each.entity, *_line(each, considered))
        for each in several
        for considered in each.considered
    ]
    return pd.DataFrame(lines, columns=list(FRAME_COLUMNS))


def _line(explained: Explanation, considered: Considered) -> tuple[object, ...]:
    candidate, ocr_result = considered.candidate, explained.ocr_result
    return (
        format_quantity(candidate.value, candidate.unit),
        candidate.value,
        candidate.unit,
        ocr_result.lines[candidate.line].text if ocr_result else "",
        candidate.form,
        considered.confidence,
        candidate.box,
        "; ".join(f"{reason.words} ({reason.contribution:+.2f})" for reason in considered.reasons),
    )
