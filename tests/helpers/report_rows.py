"""Rows of a report, written by hand or drawn, for tests of its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hybridml.evaluation import metrics
from hybridml.report import causes


def table(*rows: tuple[str, str, str], **columns: Any) -> pd.DataFrame:
    """Return rows of (entity, truth, prediction), each of a group and photo of its own unless columns say otherwise."""
    frame = pd.DataFrame(rows, columns=["entity", "truth", "prediction"])
    count = len(frame)
    given = {
        "id": range(count),
        "index": [str(i) for i in range(count)],
        "photo": [f"p{i}.jpg" for i in range(count)],
        "group": [f"g{i}" for i in range(count)],
        "confidence": 0.75,
        "cause": "",
        "trained": False,
        "problem": "",
        "text": "",
        **columns,
    }
    frame = frame.assign(**given)
    if "outcome" not in columns:
        frame["outcome"] = outcomes(frame)
    return frame


def outcomes(frame: pd.DataFrame) -> list[str]:
    """Return the outcome of each row, without "other unit"."""
    names = {"tp": "right", "tn": "right", "fp": "wrong", "fn": "blank"}
    return [names[kind] for kind in metrics.outcomes(list(frame["truth"]), list(frame["prediction"]))]


def drawn(count: int = 300, seed: int = 0) -> pd.DataFrame:
    """Return rows of three entities in groups of ten, more often right the surer they are."""
    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.05, 0.99, count)
    kinds = np.where(rng.random(count) < sure, "right", rng.choice(["wrong", "ten", "unit", "blank"], count))
    entities = rng.choice(["width", "item_weight", "voltage"], count)
    unit = {
        "width": ("inch", "centimetre"),
        "item_weight": ("gram", "kilogram"),
        "voltage": ("volt", "kilovolt"),
    }
    rows = []
    for kind, entity in zip(kinds, entities, strict=True):
        value, (own, other) = int(rng.integers(2, 90)), unit[str(entity)]
        answer = {
            "right": f"{value} {own}",
            "wrong": f"{value + 1} {own}",
            "ten": f"{10 * value} {own}",
            "unit": f"{value} {other}",
            "blank": "",
        }[str(kind)]
        rows.append((str(entity), f"{value}.0 {own}", answer))
    frame = table(
        *rows,
        confidence=np.where(kinds == "blank", 0.0, sure),
        group=[f"g{i // 10}" for i in range(count)],
        photo=[f"p{i // 2}.jpg" for i in range(count)],
    )
    wrong = (frame["outcome"] != "right").to_numpy()
    frame["cause"] = np.where(wrong, rng.choice(causes.CAUSES, count), "")
    return frame


def line_of(frame: pd.DataFrame, name: str) -> dict[str, Any]:
    """Return the line of a table that has this name."""
    return frame.set_index("name").loc[name].to_dict()
