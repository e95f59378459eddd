"""The options of 'predict' that blank an answer."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .options import tell

if TYPE_CHECKING:
    from hybridml.estimator import EntityExtractor
    from hybridml.prediction.from_store import AnsweredRow


def blanking(
    arguments: argparse.Namespace, entities: Iterable[str], extractor: EntityExtractor
) -> Callable[[AnsweredRow], str]:
    """Return what names the option that blanks an answer, empty for none."""
    from hybridml.datasets.thresholds import read_thresholds, threshold_of

    calibrator = extractor.model_.calibrator
    chosen = read_thresholds(arguments.thresholds, extractor.model_.schema) if arguments.thresholds else {}
    thresholds: dict[str, float] = {}
    if arguments.precision is not None:
        thresholds = {e: calibrator.threshold(arguments.precision, e) for e in entities}
        for entity, threshold in thresholds.items():
            if threshold == float("inf"):
                tell(
                    f"no confidence is sure of precision {arguments.precision} for {entity}: all of it left blank"
                )
            elif entity not in calibrator.thresholds:
                tell(
                    f"too few {entity} rows were trained on for a threshold of its own: it takes that of all entities, "
                    "which promises nothing for it alone"
                )

    def option(each: AnsweredRow) -> str:
        answer = each.answer
        if not answer.prediction:
            return ""
        if answer.confidence < (arguments.min_confidence or 0.0):
            return "min-confidence"
        if answer.confidence < threshold_of(chosen, answer.entity):
            return "thresholds"
        return "precision" if answer.confidence < thresholds.get(answer.entity, 0.0) else ""

    return option
