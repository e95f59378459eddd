"""Causes of wrong answers: whether OCR read the label's number, whether it was a candidate, and what was chosen.

Whether a value is missing on the photo or was not read, only a person can tell.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from hybridml import quantity
from hybridml.candidates.find import UNWRITTEN, Candidate, find_candidates, for_entity
from hybridml.datasets.labels import Label, Quantity
from hybridml.entities import Entity, EntitySchema
from hybridml.quantity.unit_pairs import could_pair
from hybridml.vision.text_line import OCRResult

NOTHING_TO_FIND = "nothing to find"
NO_LABEL = "no such label"
NOT_READ = "nothing read near the value"
MISREAD = "read wrong"
NO_CANDIDATE = "read, not a candidate"
NOT_ANSWERED = "a candidate, not answered"
OTHER_UNIT_OF_PAIR = "other unit of a pair"
OTHER_AXIS = "other axis"
RANGE_END = "range end"
PART_OR_MULTIPACK = "part of a product or multipack"
OTHER_QUANTITY = "other quantity"

MEANINGS = {
    NOTHING_TO_FIND: "the label is blank, and something was answered",
    NO_LABEL: "no answer can equal the label: its unit is not allowed, it is zero or cannot be parsed",
    NOT_READ: "no text line holds the label's digits or digits like them",
    MISREAD: "a text line holds digits much like the label's",
    NO_CANDIDATE: "a text line holds the label's digits, perhaps by chance, but not as a quantity of this entity",
    NOT_ANSWERED: "the label is a candidate, and nothing was answered",
    OTHER_UNIT_OF_PAIR: "the same quantity in its other unit was chosen",
    OTHER_AXIS: "a number was chosen that measures another axis, or something else",
    RANGE_END: "one of the two is the end of a range",
    PART_OR_MULTIPACK: "one of the two is a part of a multipack, or the label is its total, which is not written",
    OTHER_QUANTITY: "another quantity on the photo was chosen",
}
"""What each cause means."""

CAUSES = tuple(MEANINGS)
"""Every cause, from what no OCR engine could help to what a better choice could."""


def cause_of(
    truth: Label,
    predicted: Quantity | None,
    ocr_result: OCRResult,
    entity: Entity,
    schema: EntitySchema,
) -> str:
    """Return why a wrong or missing answer (``predicted`` is None then) is wrong: one of :data:`CAUSES`.

    The OCR result is the photo's for this entity, of the first or the second pass.

    Examples
    --------
    >>> from hybridml.datasets.labels import parse_labels
    >>> from hybridml.entities import default_entities
    >>> from hybridml.vision.text_line import TextLine
    >>> box = ((0, 0), (90, 0), (90, 20), (0, 20))
    >>> schema, result = default_entities(), OCRResult((TextLine("12 oz (340 g)", 1.0, box),), 100, 100)
    >>> weight = schema.entity("item_weight")
    >>> [cause_of(truth, (12.0, "ounce"), result, weight, schema) for truth in parse_labels(["340 gram", "9 gram"])]
    ['other unit of a pair', 'nothing read near the value']
    """
    if truth.blank:
        return NOTHING_TO_FIND
    if truth.quantity is None or truth.quantity[0] == 0 or truth.quantity[1] not in entity.units:
        return NO_LABEL
    candidates = for_entity(find_candidates(ocr_result, schema), entity)
    right = [c for c in candidates if (c.value, c.unit) == truth.quantity]
    if not right and _is_total(truth.quantity, ocr_result, entity, schema):
        return PART_OR_MULTIPACK
    if not right:
        return _why_no_candidate(truth.quantity[0], [line.text for line in ocr_result.lines])
    if predicted is None:
        return NOT_ANSWERED
    return _why_not_chosen(right, candidates, truth.quantity, predicted, entity, schema)


def _is_total(truth: Quantity, ocr_result: OCRResult, entity: Entity, schema: EntitySchema) -> bool:
    """Return whether the label is the total of a multipack whose factors alone are written: no candidate."""
    found = (q for line in ocr_result.lines for q in quantity.parse(line.text, schema))
    return any(q.form == UNWRITTEN and (q.value, entity.unit_for(q.unit)) == truth for q in found)


def _why_no_candidate(value: float, texts: Sequence[str]) -> str:
    digits = f"{value:g}".replace(".", "")
    numbers = [re.sub(r"[^\d]", "", n) for text in texts for n in re.findall(r"\d[\d.,]*", text)]
    if digits in (n.lstrip("0") or n for n in numbers) or f"{value:g}" in " ".join(texts).replace(",", "."):
        return NO_CANDIDATE
    if len(digits) > 1 and any(difflib.SequenceMatcher(None, digits, n).ratio() >= 0.75 for n in numbers):
        return MISREAD
    return NOT_READ


def _why_not_chosen(
    right: Sequence[Candidate],
    candidates: Sequence[Candidate],
    truth: Quantity,
    predicted: Quantity,
    entity: Entity,
    schema: EntitySchema,
) -> str:
    if predicted[1] != truth[1] and could_pair(truth, predicted, schema):
        return OTHER_UNIT_OF_PAIR
    chosen = [c for c in candidates if (c.value, c.unit) == predicted]
    forms = {c.form for c in (*right, *chosen)}
    if any(form.startswith("range") for form in forms):
        return RANGE_END
    if any(form.startswith("multipack") for form in forms):
        return PART_OR_MULTIPACK
    return OTHER_AXIS if entity.axis else OTHER_QUANTITY
