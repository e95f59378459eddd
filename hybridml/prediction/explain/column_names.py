"""What each of the ranker's columns is about, as a noun phrase: for tables of what the ranker goes by."""

from __future__ import annotations

import re

from hybridml.ranking.learned_features import SOURCE

from . import unit_pairs

JOINT = "joint"
"""Stands for what weighing width, height and depth of a photo together added to a score."""

NOUNS: dict[str, str] = {
    JOINT: "the photo's dimensions weighed together",
    SOURCE: "whether the row was labelled by others",
    **unit_pairs.NOUNS,
    "span.entity": "what is asked",
    "span.unit": "unit",
    "span.unit_factor": "size of the unit",
    "span.number": "size of the number",
    "span.quantity": "size of the quantity",
    "span.whole": "whether the number is whole",
    "span.round": "whether the number is a multiple of five",
    "span.digits": "digits of the number",
    "span.decimals": "decimals of the number",
    "span.repaired": "whether the reading was repaired",
    "span.form": "form: single, range, part of a product, ...",
    "span.origin": "where the unit stands",
    "span.part": "place within A x B x C",
    "span.parts": "parts of the A x B x C it stands in",
    "span.labelled": "what the number's own label names",
    "span.share_of_line": "share of its text line",
    "span.before": "characters before it in its text line",
    "span.after": "characters after it in its text line",
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
    "rivals.count": "number of candidates",
    "rivals.distinct": "number of different quantities",
    "rivals.larger": "quantities larger than it",
    "rivals.smaller": "quantities smaller than it",
    "rivals.to_largest": "size beside the largest quantity",
    "rivals.to_smallest": "size beside the smallest quantity",
    "rivals.to_middle": "size beside the median quantity",
    "rivals.larger_font": "candidates in larger letters",
    "rivals.font_to_largest": "height of its letters beside the largest candidate's",
    "rivals.surer": "candidates read with more certainty",
    "rivals.order": "place in reading order",
    "rivals.order_share": "share of the candidates that come before it",
    "rivals.solid_before": "clearly read candidates before it",
    "rivals.right_of": "candidates left of it",
    "rivals.left_of": "candidates right of it",
    "rivals.below": "candidates above it",
    "rivals.above": "candidates below it",
    "rivals.repeats": "how often it is repeated",
    "rivals.elsewhere": "how often it is given again elsewhere",
    "rivals.dual": "whether it is also given in another unit",
    "rivals.dual_beside": "whether another unit of it is beside it",
    "rivals.dual_first": "whether it is the first unit of a pair",
    "rivals.dual_second": "whether it is the second unit of a pair",
    "rivals.same_unit": "share of the candidates in its unit",
    "rivals.imperial": "whether its unit is imperial",
    "rivals.imperial_share": "share of the candidates in imperial units",
    "rivals.on_line": "candidates in its text line",
    "rivals.in_product": "place within an A x B x C of the photo",
    "rivals.products": "candidates that are parts of A x B x C",
    "rivals.of_family": "quantities of its sort on the photo",
    "rivals.all": "quantities on the photo",
    "regions.own": "seen as what is asked by the region network",
    "regions.own_lead": "seen as what is asked rather than another entity",
    "regions.own_beside": "seen as what is asked beside the other candidates",
    "regions.other": "seen as none of the entities by the region network",
    "words.own_minus_rival": "distance to a word for what is asked beside one for another entity",
    "words.own_nearest_here": "distance to a word for what is asked beside the other candidates'",
    "prior.unit": "how usual its unit is among labels",
    "prior.exact": "how usual exactly this quantity is among labels",
    "prior.size": "how usual its size is among labels",
    "prior.value": "how usual its number is among labels",
    "prior.size_beside": "how usual its size is beside the other candidates'",
}

_WORDS = re.compile(r"words\.(own|rival|[a-z]+)_(on_line|near|before|after|dx|dy|count)")
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
    >>> column_words("regions.item_weight"), column_words("words.net_near"), column_words("my.column")
    ('seen as item weight by the region network', "distance to a word such as 'net'", 'my.column')
    """
    if column in NOUNS:
        return NOUNS[column]
    if found := _WORDS.fullmatch(column):
        return _HOW[found[2]].format(_WHOSE.get(found[1], f"a word such as {found[1]!r}"))
    block, _, name = column.partition(".")
    if block == "regions":
        return f"seen as {plain(name)} by the region network"
    if block == "image":
        return f"the photo as a whole, component {name}"
    return column


def plain(name: str) -> str:
    """Return a name without underscores."""
    return name.replace("_", " ")
