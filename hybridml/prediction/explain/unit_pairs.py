"""What is said of a quantity that is given twice, in a metric and in an imperial unit."""

from __future__ import annotations

import math

NOUNS = {
    "dual.imperial_first": "whether the imperial unit of the pair comes first",
    "dual.same_line": "whether both units of the pair are in one text line",
    "dual.gap": "characters between the two units of the pair",
    "dual.imperial_spaced": "whether a blank stands before the imperial unit of the pair",
    "dual.metric_spaced": "whether a blank stands before the metric unit of the pair",
    "dual.imperial_written": "how the imperial unit of the pair is written",
    "dual.metric_written": "how the metric unit of the pair is written",
    "dual.sign": "which sign parts the two units of the pair",
    "dual.blank_before_sign": "whether a blank follows the first unit of the pair",
    "dual.blank_after_sign": "whether a blank stands before the second unit of the pair",
    "dual.imperial_decimals": "decimals of the imperial number of the pair",
    "dual.metric_decimals": "decimals of the metric number of the pair",
    "dual.page_imperial_first": "whether the photo's first quantity is imperial",
    "dual.difference": "how far the two numbers of the pair are apart",
    "dual.capitals": "whether the imperial unit of the pair is in capitals",
    "dual.closed": "whether a bracket closes after the pair",
    "habit.unit": "which unit of such a pair labels take",
}
"""Columns of the block, and what was learned of them, as noun phrases."""

SAID = {
    "dual.imperial_first": (
        "the imperial unit of the pair comes first",
        "the metric unit of the pair comes first",
    ),
    "dual.same_line": (
        "both units of the pair are in one text line",
        "the units of the pair are in two text lines",
    ),
    "dual.imperial_spaced": (
        "a blank stands before its imperial unit",
        "no blank stands before its imperial unit",
    ),
    "dual.metric_spaced": ("a blank stands before its metric unit", "no blank stands before its metric unit"),
    "dual.blank_before_sign": (
        "a blank follows the first of its two units",
        "no blank follows the first of its two units",
    ),
    "dual.blank_after_sign": (
        "a blank stands before its second number",
        "no blank stands before its second number",
    ),
    "dual.page_imperial_first": (
        "the photo's first quantity is imperial",
        "the photo's first quantity is metric",
    ),
    "dual.capitals": ("its imperial unit is in capitals", "its imperial unit is in small letters"),
    "dual.closed": ("a bracket closes after the pair", "no bracket closes after the pair"),
}
"""Clauses for what holds and for what does not."""

ONCE = "it is not given in a second unit"


def habit(odds: float) -> str:
    """Return what the log odds of a candidate's unit say.

    Examples
    --------
    >>> habit(1.1)
    'of pairs written like this, 75 % of labels take its unit'
    """
    if odds == 0:
        return "labels show no habit between its two units, or it has one only"
    return f"of pairs written like this, {100 / (1 + math.exp(-odds)):.0f} % of labels take its unit"
