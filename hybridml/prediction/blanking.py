"""Blanking rules: the confidence that an answer needs in order to be given."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hybridml.datasets.thresholds import threshold_of
from hybridml.ranking.answer import Answer
from hybridml.ranking.calibration import Calibrator

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Blanking:
    """Rules by which answers are left blank.

    Parameters
    ----------
    min_confidence : float
        The confidence that every answer needs.
    thresholds : mapping of entity to float
        The confidence that answers of each entity need, as
        :func:`hybridml.datasets.thresholds.read_thresholds` returns it.
    precision : mapping of entity to float
        Likewise, as :func:`precision_thresholds` returns it.

    Examples
    --------
    >>> rules = Blanking(0.5, {"width": 0.9})
    >>> [rules.rule_for(Answer("width", 2.0, "inch", confidence)) for confidence in (0.4, 0.8, 0.95)]
    ['min-confidence', 'thresholds', '']
    """

    min_confidence: float = 0.0
    thresholds: Mapping[str, float] = field(default_factory=dict)
    precision: Mapping[str, float] = field(default_factory=dict)

    def rule_for(self, answer: Answer) -> str:
        """Return the name of the rule that blanks an answer, empty where none does."""
        if not answer.prediction:
            return ""
        needed = {
            "min-confidence": self.min_confidence,
            "thresholds": threshold_of(self.thresholds, answer.entity),
            "precision": self.precision.get(answer.entity, 0.0),
        }
        return next((rule for rule, least in needed.items() if answer.confidence < least), "")


def precision_thresholds(
    calibrator: Calibrator, precision: float, entities: Iterable[str]
) -> dict[str, float]:
    """Return the confidence from which the answers of each entity have a precision, infinity where none has.

    Entities for which this promises less than it seems are named in warnings.
    """
    thresholds = {entity: calibrator.threshold(precision, entity) for entity in entities}
    for entity, threshold in thresholds.items():
        if math.isinf(threshold):
            log.warning(
                "no confidence guarantees precision %g for %s: all of it is left blank", precision, entity
            )
        elif entity not in calibrator.thresholds:
            log.warning(
                "too few training rows asked for %s to give it a threshold of its own: the one of all entities is "
                "used, which guarantees nothing for %s alone",
                entity,
                entity,
            )
    return thresholds
