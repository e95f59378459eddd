"""What a report says of each row: a line of its table, and the card that shows the photo and the reasons."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hybridml.candidates.find import ocr_result_for
from hybridml.datasets.groups import as_text
from hybridml.datasets.labels import Truth, parse_truth
from hybridml.entities import EntitySchema
from hybridml.evaluation import metrics
from hybridml.prediction.all_quantities import Group
from hybridml.prediction.explain.explanation import Considered, Explanation
from hybridml.quantity import format_quantity
from hybridml.quantity.unit_pairs import same_quantity
from hybridml.vision.text_line import TextLine

from .causes import cause_of
from .scored import UNLABELLED

RIGHT, OTHER_UNIT, WRONG, BLANK = "right", "other unit", "wrong", "blank"
OUTCOMES = (RIGHT, OTHER_UNIT, WRONG, BLANK, UNLABELLED)
"""What can become of a row; "other unit": the right quantity in another unit within 1 %, wrong by the metric."""

FLOOR = 0.001
"""Least probability of a truth that a loss is computed with."""

PROBLEM = 240
"""Characters of a problem that are told: a label that cannot be read may be a page long."""

TEXT = 400
"""Characters of a photo's text that are searched."""


def line_of(position: int, told: Explanation, schema: EntitySchema) -> dict[str, Any]:
    """Return a row's line of the report's table.

    Parameters
    ----------
    position : int
        Of the row.
    told : Explanation
        The row, its answer and why.
    schema : EntitySchema
        Entities and units.

    Returns
    -------
    dict
        The columns of :data:`hybridml.report.folder.COLUMNS`, without those that need the picture or all rows.
    """
    truth = None if told.truth is None else parse_truth([told.truth], schema)[0]
    outcome = _outcome(told, schema)
    missed = outcome in (OTHER_UNIT, WRONG, BLANK)
    return {
        "id": position,
        "index": as_text(told.index),
        "photo": told.photo,
        "group": told.group,
        "entity": told.entity,
        "truth": told.truth or "",
        "prediction": told.answer.prediction,
        # as it is: a threshold found among rounded ones could shut out the answer that it was found with
        "confidence": told.answer.confidence,
        "outcome": outcome,
        "cause": _cause(told, truth, schema) if truth and missed else "",
        "loss": None if truth is None else _loss(truth, told.considered),
        "trained": told.trained,
        "text": text_of(told)[:TEXT],
        "problem": problem_of(told),
    }


def text_of(told: Explanation) -> str:
    """Return all text that was read from a row's photo, a text line a line."""
    return "\n".join(line.text for line, _ in _lines(told))


def problem_of(told: Explanation) -> str:
    """Return what is wrong with a row, without the folders of this machine: a report is passed on."""
    problem = told.problem.replace(told.path, told.photo) if told.path else told.problem
    return problem if len(problem) <= PROBLEM else f"{problem[: PROBLEM - 1]}…"


def _outcome(told: Explanation, schema: EntitySchema) -> str:
    if told.truth is None:
        return UNLABELLED
    kind = metrics.outcomes([told.truth], [told.answer.prediction], schema)[0]
    if kind != "fp":
        return BLANK if kind == "fn" else RIGHT
    truth = parse_truth([told.truth], schema)[0].quantity
    answer = metrics.parse_predictions([told.answer.prediction], schema)[0]
    same = truth and answer and same_quantity(answer, truth, told.entity, schema)
    return OTHER_UNIT if same else WRONG


def _cause(told: Explanation, truth: Truth, schema: EntitySchema) -> str:
    if told.photo_features is None or told.entity not in schema.entities:
        return ""
    entity = schema.entity(told.entity)
    answer = told.answer
    predicted = (answer.value, answer.unit) if answer.value is not None and answer.unit else None
    return cause_of(truth, predicted, ocr_result_for(told.photo_features, entity, schema), entity, schema)


def _loss(truth: Truth, considered: Sequence[Considered]) -> float:
    """Return -log of the probability that was given to the truth: to none of the quantities where it is blank."""
    if truth.blank:
        given = 1.0 - sum(each.confidence for each in considered)
    else:
        given = sum(each.confidence for each in considered if _is(each, truth))
    return round(-math.log(min(max(given, FLOOR), 1.0)), 4) + 0.0


def _is(considered: Considered, truth: Truth | None) -> bool:
    return truth is not None and truth.quantity == (considered.candidate.value, considered.candidate.unit)


def _lines(told: Explanation) -> Iterator[tuple[TextLine, bool]]:
    """Yield the text lines of the first look, then those of the second where it answered or also found nothing."""
    if told.photo_features is None:
        return
    yield from ((line, False) for line in told.photo_features.ocr_result.lines)
    if told.photo_features.second_pass and (told.second_pass or not told.considered):
        yield from ((line, True) for line in told.photo_features.second_pass.lines)


def card_of(
    position: int, told: Explanation, groups: Iterable[Group], schema: EntitySchema
) -> dict[str, Any]:
    """Return a row's card.

    Parameters
    ----------
    position : int
        Of the row.
    told : Explanation
        The row, its answer and why.
    groups : iterable of Group
        Everything found on the photo.
    schema : EntitySchema
        Entities and units.
    """
    truth = None if told.truth is None else parse_truth([told.truth], schema)[0]
    ocr_result = told.photo_features.ocr_result if told.photo_features else None
    # candidates of the second look count its lines, which come after those of the first
    offset = len(ocr_result.lines) if ocr_result and told.second_pass else 0
    answer = told.answer
    return {
        "id": position,
        "width": ocr_result.width if ocr_result else 0,
        "height": ocr_result.height if ocr_result else 0,
        "lines": [
            {
                "text": line.text,
                "confidence": round(line.confidence, 3),
                "polygon": [_rounded(point) for point in line.polygon],
                "second": second_pass,
            }
            for line, second_pass in _lines(told)
        ],
        "candidates": [
            {
                "text": _text(each),
                "confidence": round(each.confidence, 4),
                "box": _rounded(each.candidate.box),
                "line": each.candidate.line + offset,
                "chosen": i == 0 and answer.value is not None,
                "right": _is(each, truth),
                "reasons": [
                    {"keywords": reason.words, "contribution": round(reason.contribution, 3)}
                    for reason in each.reasons
                ],
            }
            for i, each in enumerate(told.considered)
        ],
        "answer": {
            "prediction": answer.prediction,
            "confidence": round(answer.confidence, 4),
            "box": _rounded(answer.box) if answer.box else None,
            "text": answer.text,
        },
        "runner_ups": [
            {
                "text": format_quantity(other.value, other.unit),
                "confidence": round(other.confidence, 4),
                "box": _rounded(other.box),
            }
            for other in answer.runner_ups
        ],
        "quantities": [
            {
                "box": _rounded(group.box),
                "items": [
                    {
                        "entity": found.entity,
                        "text": found.prediction,
                        "confidence": round(found.confidence, 4),
                        "box": _rounded(found.box),
                    }
                    for found in group.items
                ],
            }
            for group in groups
        ],
        "problem": problem_of(told),
    }


def _text(considered: Considered) -> str:
    return format_quantity(considered.candidate.value, considered.candidate.unit)


def _rounded(numbers: Iterable[float]) -> list[float]:
    return [round(float(number), 1) for number in numbers]
