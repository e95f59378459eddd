"""The rows of a report: each answered, as a line of the table and as a card with the photo and the reasons."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from hybridml.candidates.find import ocr_result_for
from hybridml.datasets.groups import as_text
from hybridml.datasets.labels import Label, parse_labels
from hybridml.datasets.photos import Checked, photo_paths
from hybridml.entities import EntitySchema
from hybridml.estimator import EntityExtractor
from hybridml.prediction.all_quantities import Group, find_quantities
from hybridml.prediction.explain.explanation import Considered, Explanation
from hybridml.prediction.explain.reasons import explain_rows
from hybridml.prediction.from_store import projection
from hybridml.quantity import format_quantity
from hybridml.store.feature_store import FeatureStore
from hybridml.vision.text_line import TextLine

from .causes import cause_of
from .outcomes import BLANK, IN_OTHER_UNIT, WRONG, outcome_of

ROWS_A_BATCH = 256
"""Rows whose photos are searched for all quantities in one go."""

MIN_PROBABILITY = 0.001
"""Probability below which a truth's loss grows no further."""

PROBLEM_LENGTH = 240
"""Characters of a problem that are kept: a label that cannot be parsed may be a page long."""

TEXT_LENGTH = 400
"""Characters of a photo's text that can be searched."""


@dataclass(frozen=True)
class ReportRows:
    """The rows of a report, in order, but for their cards.

    Parameters
    ----------
    table : data frame
        See :func:`line_of`.
    candidates : list of tuple of str
        All candidates of each row, best first.
    keys : list of str
        Content key of each row's photo, empty where it is not known.
    paths : dict of key to path
        The photo files that were found.
    """

    table: pd.DataFrame
    candidates: list[tuple[str, ...]]
    keys: list[str]
    paths: dict[str, Path]


def build_rows(
    extractor: EntityExtractor, given: Checked, add_card: Callable[[dict[str, Any]], None]
) -> ReportRows:
    """Answer checked rows; hand each card over as soon as it is made, in any order, and return the rest."""
    schema, n = extractor.model_.schema, len(given[0])
    lines: list[dict[str, Any]] = [{}] * n
    candidates: list[tuple[str, ...]] = [()] * n
    keys = [""] * n
    paths: dict[str, Path] = {}
    request = extractor.request(given)
    explained = explain_rows(request, photo_paths(request.frame, extractor.images))
    with tqdm(total=n, desc="answers", unit="row", disable=not extractor.progress) as bar:
        while batch := list(islice(explained, ROWS_A_BATCH)):
            groups = _groups(extractor, [explanation for _, explanation in batch])
            for row, explanation in batch:
                key = keys[row] = explanation.key
                lines[row] = line_of(row, explanation, schema)
                candidates[row] = tuple(map(_text, explanation.considered))
                add_card(card_of(row, explanation, groups.get(key, ()), schema))
                if key and explanation.path:
                    paths[key] = Path(explanation.path)
            bar.update(len(batch))
    return ReportRows(pd.DataFrame(lines), candidates, keys, paths)


def _groups(extractor: EntityExtractor, batch: Sequence[Explanation]) -> dict[str, tuple[Group, ...]]:
    """Return the groups of all quantities on the photos of some rows, by content key."""
    photos = {each.key: each.photo_features for each in batch if each.photo_features is not None}
    project = projection(extractor.model_, FeatureStore(extractor.store), extractor.stages_, list(photos))
    return {key: whole.groups for key, whole in find_quantities(extractor.model_, photos.items(), project)}


def line_of(position: int, explanation: Explanation, schema: EntitySchema) -> dict[str, Any]:
    """Return a row's line of the table, without the columns that need its picture or other rows."""
    label, answer = explanation.truth, explanation.answer
    truth = None if label is None else parse_labels([label], schema)[0]
    outcome = outcome_of(label, answer.prediction, explanation.entity, schema)
    missed = truth is not None and outcome in (IN_OTHER_UNIT, WRONG, BLANK)
    return {
        "id": position,
        "index": as_text(explanation.index),
        "photo": explanation.photo,
        "group": explanation.group,
        "entity": explanation.entity,
        "truth": label or "",
        "prediction": answer.prediction,
        # not rounded: a threshold found among rounded values could shut out the answer that it was found with
        "confidence": answer.confidence,
        "outcome": outcome,
        "cause": _cause(explanation, truth, schema) if truth and missed else "",
        "loss": None if truth is None else _loss(truth, explanation.considered),
        "trained": explanation.trained,
        "text": "\n".join(line.text for line, _ in _text_lines(explanation))[:TEXT_LENGTH],
        "problem": _problem(explanation),
    }


def _problem(explanation: Explanation) -> str:
    """Return what is wrong with a row, without the folders of this machine: reports are passed on."""
    problem = explanation.problem
    if explanation.path:
        problem = problem.replace(explanation.path, explanation.photo)
    return problem if len(problem) <= PROBLEM_LENGTH else f"{problem[: PROBLEM_LENGTH - 1]}…"


def _cause(explanation: Explanation, truth: Label, schema: EntitySchema) -> str:
    if explanation.photo_features is None or explanation.entity not in schema.entities:
        return ""
    entity = schema.entity(explanation.entity)
    answer = explanation.answer
    predicted = (answer.value, answer.unit) if answer.value is not None and answer.unit else None
    ocr_result = ocr_result_for(explanation.photo_features, entity, schema)
    return cause_of(truth, predicted, ocr_result, entity, schema)


def _loss(truth: Label, considered: Sequence[Considered]) -> float:
    """Return -log of the probability given to the truth; where it is blank, to none of the candidates."""
    if truth.blank:
        given = 1.0 - sum(each.confidence for each in considered)
    else:
        given = sum(each.confidence for each in considered if _is_truth(each, truth))
    return round(-math.log(min(max(given, MIN_PROBABILITY), 1.0)), 4) + 0.0


def _is_truth(considered: Considered, truth: Label | None) -> bool:
    return truth is not None and truth.quantity == (considered.candidate.value, considered.candidate.unit)


def _text_lines(explanation: Explanation) -> Iterator[tuple[TextLine, bool]]:
    """Yield the text lines of the first pass, then those of the second where it answered or found nothing either."""
    photo = explanation.photo_features
    if photo is None:
        return
    yield from ((line, False) for line in photo.ocr_result.lines)
    if photo.second_pass and (explanation.second_pass or not explanation.considered):
        yield from ((line, True) for line in photo.second_pass.lines)


def card_of(
    position: int, explanation: Explanation, groups: Iterable[Group], schema: EntitySchema
) -> dict[str, Any]:
    """Return a row's card; the groups hold all quantities on its photo."""
    truth = None if explanation.truth is None else parse_labels([explanation.truth], schema)[0]
    first_pass = explanation.photo_features.ocr_result if explanation.photo_features else None
    # candidates of the second pass count its text lines, which come after those of the first
    offset = len(first_pass.lines) if first_pass and explanation.second_pass else 0
    answer = explanation.answer
    return {
        "id": position,
        "width": first_pass.width if first_pass else 0,
        "height": first_pass.height if first_pass else 0,
        "lines": [
            {
                "text": line.text,
                "confidence": round(line.confidence, 3),
                "polygon": [_rounded(point) for point in line.polygon],
                "second_pass": second_pass,
            }
            for line, second_pass in _text_lines(explanation)
        ],
        "candidates": [
            {
                **_quantity(_text(each), each.confidence, each.candidate.box),
                "line": each.candidate.line + offset,
                "chosen": i == 0 and answer.value is not None,
                "right": _is_truth(each, truth),
                "reasons": [
                    {"words": reason.words, "contribution": round(reason.contribution, 3)}
                    for reason in each.reasons
                ],
            }
            for i, each in enumerate(explanation.considered)
        ],
        "runner_ups": [
            _quantity(format_quantity(other.value, other.unit), other.confidence, other.box)
            for other in answer.runner_ups
        ],
        "groups": [
            {
                "box": _rounded(group.box),
                "items": [
                    {"entity": found.entity, **_quantity(found.prediction, found.confidence, found.box)}
                    for found in group.items
                ],
            }
            for group in groups
        ],
    }


def _quantity(text: str, confidence: float, box: Iterable[float]) -> dict[str, Any]:
    return {"text": text, "confidence": round(confidence, 4), "box": _rounded(box)}


def _text(considered: Considered) -> str:
    return format_quantity(considered.candidate.value, considered.candidate.unit)


def _rounded(numbers: Iterable[float]) -> list[float]:
    return [round(float(number), 1) for number in numbers]
