"""Rows answered with reasons: what was considered for each, how probable it is, and what in it counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.candidates.find import Candidate
from hybridml.datasets.groups import as_text, group_names
from hybridml.datasets.rows import VALUE
from hybridml.prediction.from_store import PredictionRequest, rank_rows
from hybridml.quantity import format_quantity
from hybridml.ranking.answer import Answer
from hybridml.ranking.model import Model, Ranked
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import OCRResult

from . import JOINT, Told, words_of

BEST = 3
"""Quantities of a row whose scores are told apart into reasons."""

REASONS = 8
"""Reasons of a quantity that are told, the strongest."""

COLUMNS = 40
"""Columns that reasons are made of, the strongest: what the others add is next to nothing."""

ALONE = "no other quantity on the photo could answer"
"""What comparing a candidate with rivals says where there is none."""

ROWS_AT_ONCE = 256
"""Rows whose contributions are computed together."""


@dataclass(frozen=True)
class Reason:
    """What one property of a candidate added to its score.

    Parameters
    ----------
    feature : str
        Column of the ranker's table; ``"joint"`` for what weighing width, height and depth together changed.
    value : float
        The candidate's; NaN where the photo does not tell.
    contribution : float
        Positive where it spoke for the candidate. Only comparable within a row.
    words : str
        What ``value`` means: ``"the text beside it says 'net weight'"``.
    """

    feature: str
    value: float
    contribution: float
    words: str


@dataclass(frozen=True)
class Considered:
    """A quantity considered for the answer.

    Parameters
    ----------
    candidate : Candidate
        The quantity, where it scored best on the photo.
    confidence : float
        Probability that it is the right one.
    reasons : tuple of Reason
        Strongest first; of the best few quantities only.
    """

    candidate: Candidate
    confidence: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """One row, its answer and why.

    Parameters
    ----------
    index : object
        The row's own index.
    photo : str
        Name of the photo's file.
    entity : str
        What was asked.
    answer : Answer
        What ``predict`` says.
    considered : tuple of Considered
        Every quantity that could have been answered, best first.
    photo_features : PhotoFeatures or None
        What was found on the photo; None where it could not be read.
    second_pass : bool
        Whether the second look's reading answered.
    problem : str
        Why the row could not be answered.
    group : str
        The row's group, empty without one.
    truth : str or None
        Its label; None where none was given, empty where nothing is to be found.
    key : str
        SHA-256 of the photo's bytes, empty where it is not known.
    path : str
        Where the photo lies, empty where it is not at hand.
    trained : bool
        Whether the model was trained on the row's group or photo.
    """

    index: object
    photo: str
    entity: str
    answer: Answer
    considered: tuple[Considered, ...]
    photo_features: PhotoFeatures | None
    second_pass: bool
    problem: str = ""
    group: str = ""
    truth: str | None = None
    key: str = ""
    path: str = ""
    trained: bool = False

    @property
    def ocr_result(self) -> OCRResult | None:
        """The reading that answered: text lines of boxes and candidates; None where the photo could not be read."""
        if self.photo_features is None:
            return None
        return self.photo_features.result_of(self.second_pass)

    def candidates_frame(self) -> pd.DataFrame:
        """Return what was considered as a table, best first; see :func:`hybridml.prediction.explain.explanation.candidates_frame`."""
        return candidates_frame(self)

    def _repr_html_(self) -> str:
        """Return the card that a notebook shows."""
        from .html import card_html

        return card_html(self)


def explain_rows(
    request: PredictionRequest, paths: Mapping[str, Path | None] | None = None
) -> Iterator[tuple[int, Explanation]]:
    """Yield position and explanation of each row, in the order in which the photos come from the store.

    Parameters
    ----------
    request : PredictionRequest
        The rows; the answers are those of :func:`hybridml.prediction.from_store.answer_rows`.
    paths : mapping of photo name to path, optional
        Where the photos lie.
    """
    model, frame, names = request.model, request.frame, request.names
    groups, trained = group_names(frame), model.trained_on(frame)
    labels = frame[VALUE] if VALUE in frame else [None] * len(frame)
    truths = [None if pd.isna(label) else as_text(label) for label in labels]
    indexes, entities = frame["index"].to_numpy(), request.entities
    found = rank_rows(request)
    while some := list(islice(found, ROWS_AT_ONCE)):
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


def _considered(model: Model, asked: Sequence[tuple[str, Ranked]]) -> Iterator[tuple[Considered, ...]]:
    """Yield what was considered for each row, with the reasons of the best."""
    best = [[at for at, _ in ranked.order[:BEST]] for _, ranked in asked]
    tables = [ranked.X[at] for (_, ranked), at in zip(asked, best, strict=True) if at]
    parts = iter(model.ranker.contributions(np.vstack(tables)) if tables else ())
    for (entity, ranked), some in zip(asked, best, strict=True):
        reasons = {at: _reasons(model, entity, ranked, at, next(parts)) for at in some}
        yield tuple(Considered(ranked.candidates[at], p, reasons.get(at, ())) for at, p in ranked.order)


def _reasons(
    model: Model, entity: str, ranked: Ranked, at: int, parts: npt.NDArray[np.float64]
) -> tuple[Reason, ...]:
    """Return the strongest reasons of one candidate; those that say the same in words are one.

    Columns in which a row's candidates are all alike are left out: they tell of the photo and decided nothing.
    """
    assert ranked.photo_features is not None  # rows that come from the store have them
    ocr_result = ranked.photo_features.result_of(ranked.second_pass)
    told = Told(ranked.candidates[at], model.schema.entity(entity), ocr_result, model.schema)
    telling = _differing(ranked.X) if len(ranked.order) > 1 else np.ones(ranked.X.shape[1], dtype=bool)
    columns = model.ranker.columns_
    weights = [(columns[i], float(ranked.X[at, i]), float(parts[i])) for i in np.flatnonzero(telling)]
    if ranked.joint[at]:
        weights.append((JOINT, float(ranked.joint[at]), float(ranked.joint[at])))
    by_words: dict[str, list[tuple[str, float, float]]] = {}
    for weight in sorted(weights, key=lambda w: -abs(w[2]))[:COLUMNS]:
        if weight[2]:
            alone = len(ranked.order) == 1 and weight[0].startswith("comparison.")
            words = ALONE if alone else words_of(*weight[:2], told)
            by_words.setdefault(words, []).append(weight)
    reasons = [
        Reason(some[0][0], some[0][1], sum(part for _, _, part in some), words)
        for words, some in by_words.items()
    ]
    return tuple(sorted(reasons, key=lambda r: -abs(r.contribution))[:REASONS])


def _differing(X: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Return in which columns the lines of a table differ; missing values are alike."""
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
    import pandas as pd

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
