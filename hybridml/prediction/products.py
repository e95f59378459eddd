"""Products with several photos: one answer per product and entity, and whether photos contradict each other.

The answers of photos are combined in two steps. Photos that agree (within 1 %, in any unit) are evidence for one
quantity: it is wrong only if every one of them is, so it is right with ``1 - (1 - p1)(1 - p2)...``, where each photo
counts once. Photos of one product share misprints and misleading numbers, so agreement alone gives at most 0.99. Then,
as a product has one such quantity, the probabilities that one quantity is right and all others are wrong, or that all
are wrong, are computed from the evidence and scaled to sum to one. A single answer keeps its confidence; a
contradiction lowers it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from hybridml.datasets.csv_file import write_csv
from hybridml.datasets.groups import as_text, photo_names
from hybridml.datasets.predictions import parse_prediction
from hybridml.datasets.rows import PRODUCT
from hybridml.entities import EntitySchema, default_entities
from hybridml.errors import RowsError
from hybridml.quantity.unit_pairs import SAME_ANSWER, same_size

MOST_BY_AGREEMENT = 0.99
"""The most evidence that agreeing photos give; one photo alone may be surer."""

CONFLICT_SHARE = 0.5
"""Share of the answer's evidence from which evidence for another quantity is a conflict."""

COLUMNS = (PRODUCT, "entity_name", "prediction", "confidence", "rows", "conflict", "others")


@dataclass(frozen=True)
class OtherQuantity:
    """A quantity that some photos of a product show in place of its answer.

    Parameters
    ----------
    prediction : str
        The quantity, as the surest of these photos has it.
    confidence : float
        Probability that it is the right one.
    rows : tuple
        Indexes of the rows with this quantity.
    """

    prediction: str
    confidence: float
    rows: tuple[Any, ...]


class _RowAnswer(NamedTuple):
    """The answer to one row; ``base`` is the quantity in the base unit of its family."""

    row: int
    index: Any
    photo: str
    prediction: str
    base: float
    confidence: float


def combine(answers: pd.DataFrame, rows: pd.DataFrame, schema: EntitySchema | None = None) -> pd.DataFrame:
    """Return one answer per product and entity from the answers to all its photos.

    Parameters
    ----------
    answers : data frame
        With ``prediction`` and ``confidence``, as :meth:`hybridml.EntityExtractor.predict` returns them.
    rows : data frame
        The rows that were answered, in the same order: ``index, image_link, entity_name`` and ``product_id``, which
        is blank where a row shows no product.
    schema : EntitySchema, optional
        Entities and units; the packaged ones by default.

    Returns
    -------
    data frame
        One line per product and entity, in the order of the rows: ``product_id, entity_name, prediction, confidence,
        rows, conflict, others``. ``prediction`` is the quantity with the strongest evidence, as the surest photo
        has it, blank where no photo was answered; ``rows`` are the indexes of the rows that agree; ``others`` are the
        other quantities as :class:`OtherQuantity`, surest first. ``conflict`` tells whether the evidence for one of
        them is at least half as strong as that for the answer.

    Raises
    ------
    RowsError
        When the two tables do not belong together or lack a column, or a prediction does not have the right form.

    Examples
    --------
    >>> rows = pd.DataFrame({"index": [1, 2, 3], "image_link": ["a.jpg", "b.jpg", "c.jpg"]})
    >>> rows = rows.assign(entity_name="item_weight", product_id="P7")
    >>> answers = {"prediction": ["1 kilogram", "1000 gram", "50 gram"], "confidence": [0.8, 0.5, 0.6]}
    >>> (line,) = combine(pd.DataFrame(answers), rows).itertuples()
    >>> line.prediction, round(line.confidence, 2), line.rows, line.conflict
    ('1 kilogram', 0.78, (1, 2), True)
    >>> [(other.prediction, round(other.confidence, 2), other.rows) for other in line.others]
    [('50 gram', 0.13, (3,))]
    """
    _check(answers, rows)
    schema = schema or default_entities()
    found: dict[tuple[str, str], list[_RowAnswer]] = {}
    columns = (rows["index"], photo_names(rows), rows[PRODUCT], rows["entity_name"])
    given = zip(*columns, answers["prediction"], answers["confidence"], strict=True)
    for row, (index, photo, product, entity, prediction, confidence) in enumerate(given):
        if name := as_text(product):
            own = found.setdefault((name, entity), [])
            if text := as_text(prediction):
                base = _in_base_unit(index, entity, text, confidence, schema)
                own.append(_RowAnswer(row, index, photo, text, base, float(confidence)))
    lines = [(product, entity, *_combined(own)) for (product, entity), own in found.items()]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _check(answers: pd.DataFrame, rows: pd.DataFrame) -> None:
    for what, frame, wanted in (
        ("the answers", answers, ("prediction", "confidence")),
        ("the rows", rows, ("index", "image_link", "entity_name", PRODUCT)),
    ):
        missing = [name for name in wanted if name not in frame.columns]
        if missing:
            raise RowsError(
                f"{what} have no column {missing[0]!r}; expected {', '.join(wanted)}, "
                f"found {', '.join(map(str, frame.columns)) or 'none'}"
            )
    if len(answers) != len(rows):
        raise RowsError(f"{len(answers)} answers for {len(rows)} rows; expected one for each, in their order")
    if "index" in answers.columns:
        for position, (a, b) in enumerate(zip(answers["index"], rows["index"], strict=True), 1):
            if a != b and as_text(a) != as_text(b):
                raise RowsError(
                    f"answer {position} has the index {a}, its row {b}; expected the answers in the order of the rows"
                )


def _in_base_unit(index: Any, entity: str, text: str, confidence: float, schema: EntitySchema) -> float:
    units = schema.entity(entity).units
    found = parse_prediction(text, units)
    if found is None or not 0 <= confidence <= 1:
        raise RowsError(
            f"index {index}: {text!r} with confidence {confidence:g}; expected a number, a unit of "
            f"{entity} ({', '.join(units)}) and a confidence from 0 to 1"
        )
    return schema.to_base(*found)


def _combined(
    answers: Sequence[_RowAnswer],
) -> tuple[str, float, tuple[Any, ...], bool, tuple[OtherQuantity, ...]]:
    """Return the columns of a product's line from ``prediction`` on."""
    groups = _agreeing(answers)
    if not groups:
        return "", 0.0, (), False, ()
    evidence = [_evidence(group) for group in groups]
    order = sorted(range(len(groups)), key=lambda i: -evidence[i])
    confidence = _confidences(evidence)
    first, *others = (
        OtherQuantity(
            groups[i][0].prediction,
            confidence[i],
            tuple(answer.index for answer in sorted(groups[i])),
        )
        for i in order
    )
    conflict = len(order) > 1 and evidence[order[1]] >= CONFLICT_SHARE * evidence[order[0]]
    return first.prediction, first.confidence, first.rows, conflict, tuple(others)


def _agreeing(answers: Sequence[_RowAnswer]) -> list[list[_RowAnswer]]:
    """Return the answers by quantity, the surest of each first."""
    groups: list[list[_RowAnswer]] = []
    for answer in sorted(answers, key=lambda answer: -answer.confidence):
        for group in groups:
            if same_size(group[0].base, answer.base, SAME_ANSWER):
                group.append(answer)
                break
        else:
            groups.append([answer])
    return groups


def _evidence(group: Sequence[_RowAnswer]) -> float:
    """Return the probability that at least one photo of a group, whose surest answer comes first, is right."""
    of_photo: dict[str, float] = {}
    for answer in group:
        of_photo.setdefault(answer.photo, answer.confidence)
    agreed = 1.0 - math.prod(1.0 - p for p in of_photo.values())
    return max(group[0].confidence, min(agreed, MOST_BY_AGREEMENT))


def _confidences(evidence: Sequence[float]) -> list[float]:
    """Return the probability of each quantity that it is right, and all others are wrong."""
    if len(evidence) == 1:
        return list(evidence)
    odds = [q / max(1.0 - q, 1e-9) for q in evidence]
    return [one / (1.0 + sum(odds)) for one in odds]


def write_products(path: str | Path, table: pd.DataFrame) -> None:
    """Write the table of :func:`combine` as CSV: ``rows`` and ``others`` as JSON, ``conflict`` as yes or blank."""
    write_csv(path, COLUMNS, (_record(line) for line in table.to_dict("records")))


def _record(line: Mapping[Any, Any]) -> list[object]:
    cells = {
        **line,
        "confidence": f"{line['confidence']:.4f}",
        "rows": json.dumps(line["rows"]),
        "conflict": "yes" if line["conflict"] else "",
        "others": json.dumps([{**asdict(o), "confidence": round(o.confidence, 4)} for o in line["others"]]),
    }
    return [cells[name] for name in COLUMNS]
