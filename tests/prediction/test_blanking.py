"""Blanking: the confidence that a precision needs, and warnings where it guarantees less than it seems."""

from __future__ import annotations

import math

import pytest

from hybridml.prediction.blanking import Blanking, precision_thresholds
from hybridml.ranking.answer import Answer
from hybridml.ranking.calibration import Calibrator


def test_entities_without_a_guarantee_are_named(caplog: pytest.LogCaptureFixture) -> None:
    curves = {"": [(0.95, 0.7, 0.5)], "width": [(0.95, 0.6, 0.5)], "height": [(0.8, 0.9, 0.1)]}
    found = precision_thresholds(Calibrator(thresholds=curves), 0.9, ["width", "height", "depth"])
    assert found == {"width": 0.6, "height": math.inf, "depth": 0.7}
    assert [record.getMessage() for record in caplog.records] == [
        "no confidence guarantees precision 0.9 for height: all of it is left blank",
        "too few training rows asked for depth to give it a threshold of its own: the one of all entities is used, "
        "which guarantees nothing for depth alone",
    ]


def test_the_first_rule_that_blanks_an_answer_is_named() -> None:
    rules = Blanking(0.2, {"width": math.inf, "all": 0.5}, {"height": 0.9, "depth": math.inf})

    def rule(entity: str, confidence: float) -> str:
        return rules.rule_for(Answer(entity, 1.0, "inch", confidence))

    assert rule("width", 1.0) == "thresholds"
    assert [rule("height", confidence) for confidence in (0.1, 0.4, 0.8, 0.9)] == [
        "min-confidence",
        "thresholds",
        "precision",
        "",
    ]
    assert rule("depth", 1.0) == "precision"
    assert rules.rule_for(Answer("depth")) == ""
