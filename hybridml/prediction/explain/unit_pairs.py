"""What is said of a quantity that is given twice, in a metric and in an imperial unit."""

from __future__ import annotations

import math

NOUNS = {
    "unit_pairs.imperial_first": "whether the imperial unit of the pair comes first",
    "unit_pairs.same_line": "whether both units of the pair are in one text line",
    "unit_pairs.gap": "characters between the two units of the pair",
    "unit_pairs.imperial_spaced": "whether a blank stands before the imperial unit of the pair",
    "unit_pairs.metric_spaced": "whether a blank stands before the metric unit of the pair",
    "unit_pairs.imperial_written": "how the imperial unit of the pair is written",
    "unit_pairs.metric_written": "how the metric unit of the pair is written",
    "unit_pairs.sign": "which sign parts the two units of the pair",
    "unit_pairs.blank_before_sign": "whether a blank follows the first unit of the pair",
    "unit_pairs.blank_after_sign": "whether a blank stands before the second unit of the pair",
    "unit_pairs.imperial_decimals": "decimals of the imperial number of the pair",
    "unit_pairs.metric_decimals": "decimals of the metric number of the pair",
    "unit_pairs.page_imperial_first": "whether the photo's first quantity is imperial",
    "unit_pairs.difference": "how far the two numbers of the pair are apart",
    "unit_pairs.capitals": "whether the imperial unit of the pair is in capitals",
    "unit_pairs.closed": "whether a bracket closes after the pair",
    "unit_preference.unit": "which unit of such a pair labels take",
}
"""Columns of the block, and what was learned of them, as noun phrases."""

SAID = {
    "unit_pairs.imperial_first": (
        "the imperial unit of the pair comes first",
        "the metric unit of the pair comes first",
    ),
    "unit_pairs.same_line": (
        "both units of the pair are in one text line",
        "the units of the pair are in two text lines",
    ),
    "unit_pairs.imperial_spaced": (
        "a blank stands before its imperial unit",
        "no blank stands before its imperial unit",
    ),
    "unit_pairs.metric_spaced": (
        "a blank stands before its metric unit",
        "no blank stands before its metric unit",
    ),
    "unit_pairs.blank_before_sign": (
        "a blank follows the first of its two units",
        "no blank follows the first of its two units",
    ),
    "unit_pairs.blank_after_sign": (
        "a blank stands before its second number",
        "no blank stands before its second number",
    ),
    "unit_pairs.page_imperial_first": (
        "the photo's first quantity is imperial",
        "the photo's first quantity is metric",
    ),
    "unit_pairs.capitals": ("its imperial unit is in capitals", "its imperial unit is in small letters"),
    "unit_pairs.closed": ("a bracket closes after the pair", "no bracket closes after the pair"),
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
