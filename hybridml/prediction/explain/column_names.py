"""What each of the ranker's columns is about, as a noun phrase: for tables of what the ranker goes by."""

from __future__ import annotations

import re

from hybridml.ranking.learned_features import WEAK_LABEL

from . import unit_pairs

JOINT = "joint"
"""Stands for what weighing width, height and depth of a photo together added to a score."""

NOUNS: dict[str, str] = {
    JOINT: "the photo's dimensions weighed together",
    WEAK_LABEL: "whether the row was labelled by others",
    **unit_pairs.NOUNS,
    "form.entity": "what is asked",
    "form.unit": "unit",
    "form.unit_factor": "size of the unit",
    "form.number": "size of the number",
    "form.quantity": "size of the quantity",
    "form.whole": "whether the number is whole",
    "form.round": "whether the number is a multiple of five",
    "form.digits": "digits of the number",
    "form.decimals": "decimals of the number",
    "form.repaired": "whether the reading was repaired",
    "form.form": "form: single, range, part of a product, ...",
    "form.origin": "where the unit stands",
    "form.part": "place within A x B x C",
    "form.parts": "parts of the A x B x C it stands in",
    "form.labelled": "what the number's own label names",
    "form.share_of_line": "share of its text line",
    "form.before": "characters before it in its text line",
    "form.after": "characters after it in its text line",
    "layout.confidence": "how sure the reader is of its text line",
    "layout.font": "height of its letters",
    "layout.font_to_median": "height of its letters beside the photo's median",
    "layout.font_rank": "share of text lines in larger letters",
    "layout.font_to_largest": "height of its letters beside the photo's largest",
    "layout.x": "place across the photo",
    "layout.y": "place up and down the photo",
    "layout.from_center_x": "distance from the middle, across",
    "layout.from_center_y": "distance from the middle, up and down",
    "layout.x_in_text": "place across all text",
    "layout.y_in_text": "place up and down all text",
    "layout.edge": "distance from the nearest edge",
    "layout.angle": "direction of its text",
    "layout.steep": "whether its text runs upright",
    "layout.slant": "whether its text is slanted",
    "layout.line_length": "length of its text line",
    "layout.characters": "characters of its text line",
    "layout.photo_aspect": "shape of the photo",
    "layout.photo_pixels": "size of the photo",
    "layout.lines": "text lines of the photo",
    "layout.second_look": "whether the second look found it",
    "layout.lines_steep": "share of the photo's text that runs upright",
    "comparison.count": "number of candidates",
    "comparison.distinct": "number of different quantities",
    "comparison.larger": "quantities larger than it",
    "comparison.smaller": "quantities smaller than it",
    "comparison.to_largest": "size beside the largest quantity",
    "comparison.to_smallest": "size beside the smallest quantity",
    "comparison.to_middle": "size beside the median quantity",
    "comparison.larger_font": "candidates in larger letters",
    "comparison.font_to_largest": "height of its letters beside the largest candidate's",
    "comparison.surer": "candidates read with more certainty",
    "comparison.order": "place in reading order",
    "comparison.order_share": "share of the candidates that come before it",
    "comparison.solid_before": "clearly read candidates before it",
    "comparison.right_of": "candidates left of it",
    "comparison.left_of": "candidates right of it",
    "comparison.below": "candidates above it",
    "comparison.above": "candidates below it",
    "comparison.repeats": "how often it is repeated",
    "comparison.elsewhere": "how often it is given again elsewhere",
    "comparison.pair": "whether it is also given in another unit",
    "comparison.pair_beside": "whether another unit of it is beside it",
    "comparison.pair_first": "whether it is the first unit of a pair",
    "comparison.pair_second": "whether it is the second unit of a pair",
    "comparison.same_unit": "share of the candidates in its unit",
    "comparison.imperial": "whether its unit is imperial",
    "comparison.imperial_share": "share of the candidates in imperial units",
    "comparison.on_line": "candidates in its text line",
    "comparison.in_product": "place within an A x B x C of the photo",
    "comparison.products": "candidates that are parts of A x B x C",
    "comparison.of_family": "quantities of its sort on the photo",
    "comparison.all": "quantities on the photo",
    "number_class.own": "seen as what is asked by the region network",
    "number_class.own_lead": "seen as what is asked rather than another entity",
    "number_class.own_beside": "seen as what is asked beside the other candidates",
    "number_class.other": "seen as none of the entities by the region network",
    "keywords.own_minus_rival": "distance to a word for what is asked beside one for another entity",
    "keywords.own_nearest_here": "distance to a word for what is asked beside the other candidates'",
    "prior.unit": "how usual its unit is among labels",
    "prior.exact": "how usual exactly this quantity is among labels",
    "prior.size": "how usual its size is among labels",
    "prior.value": "how usual its number is among labels",
    "prior.size_beside": "how usual its size is beside the other candidates'",
}

_WORDS = re.compile(r"keywords\.(own|rival|[a-z]+)_(on_line|near|before|after|dx|dy|count)")
_WHOSE = {"own": "a word for what is asked", "rival": "a word for another entity"}
_HOW = {
    "on_line": "distance to {} in its text line",
    "near": "distance to {}",
    "before": "{} before it in its text line",
    "after": "{} after it in its text line",
    "dx": "side on which {} stands",
    "dy": "whether {} stands above or below",
    "count": "number of times that the photo shows {}",
}


def column_words(column: str) -> str:
    """Return what a column is about, as a noun phrase; the column's own name where it is a user's.

    Examples
    --------
    >>> column_words("number_class.item_weight"), column_words("keywords.net_near"), column_words("my.column")
    ('seen as item weight by the region network', "distance to a word such as 'net'", 'my.column')
    """
    if column in NOUNS:
        return NOUNS[column]
    if found := _WORDS.fullmatch(column):
        return _HOW[found[2]].format(_WHOSE.get(found[1], f"a word such as {found[1]!r}"))
    block, _, name = column.partition(".")
    if block == "number_class":
        return f"seen as {plain(name)} by the region network"
    if block == "image":
        return f"the photo as a whole, component {name}"
    return column


def plain(name: str) -> str:
    """Return a name without underscores."""
    return name.replace("_", " ")
