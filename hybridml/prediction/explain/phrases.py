"""What a column's value says of a candidate, as a clause: for people who ask why it was chosen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hybridml.candidates.features.form import FORMS, ORIGINS
from hybridml.candidates.features.keywords import FAR
from hybridml.candidates.features.photo_context import word_pattern
from hybridml.candidates.find import Candidate
from hybridml.entities import Entity, EntitySchema
from hybridml.vision.text_line import OCRResult

from . import unit_pairs
from .column_names import JOINT, column_words, plain

UNSEEN = 0.02
"""Share below which the region network is said not to see an entity."""


@dataclass(frozen=True)
class Told:
    """Of whom something is said.

    Parameters
    ----------
    candidate : Candidate
        The quantity.
    entity : Entity
        What is asked.
    ocr_result : OCRResult
        The text lines that the candidate is from.
    schema : EntitySchema
        Entities, units and context words.
    """

    candidate: Candidate
    entity: Entity
    ocr_result: OCRResult
    schema: EntitySchema

    @property
    def asked(self) -> str:
        """What is asked, in words."""
        return plain(self.entity.name)

    def nearest(self, kind: str) -> str:
        """Return the nearest word on the photo that speaks for ``own``, a ``rival`` entity or a context; or nothing."""
        if kind == "own":
            words: tuple[str, ...] = self.entity.keywords
        elif kind == "rival":
            family = [e for e in self.schema.entities.values() if e.family == self.entity.family]
            words = tuple(word for e in family if e.name != self.entity.name for word in e.keywords)
        else:
            words = self.schema.contexts.get(kind, ())
        pattern, (x, y) = word_pattern(words), self.candidate.center
        lines = sorted(self.ocr_result.lines, key=lambda line: math.dist(line.center, (x, y)))
        own = self.ocr_result.lines[self.candidate.line]
        found = (pattern.search(line.text.lower()) for line in (own, *lines))
        return next((hit[0] for hit in found if hit), "")


Say = Callable[[float, Told], str]


def words_of(column: str, value: float, told: Told) -> str:
    """Return what ``column`` having ``value`` says of a candidate, as a clause.

    Examples
    --------
    >>> from hybridml.candidates.find import find_candidates
    >>> from hybridml.entities import default_entities
    >>> from hybridml.vision.text_line import TextLine
    >>> line = TextLine("Net weight 500 g", 1.0, ((0, 0), (160, 0), (160, 20), (0, 20)))
    >>> schema, ocr_result = default_entities(), OCRResult((line,), 200, 100)
    >>> told = Told(find_candidates(ocr_result, schema)[0], schema.entity("item_weight"), ocr_result, schema)
    >>> words_of("keywords.own_before", 1.0, told)
    "the text beside it says 'net weight'"
    >>> words_of("comparison.order", 0.0, told)
    'it is the first candidate in reading order'
    >>> words_of("my.column", 2.5, told)
    'my.column: 2.5'
    """
    noun = column_words(column)
    if math.isnan(value):
        unknown = {
            "number_class": "the region network did not look at it",
            "unit_pairs": unit_pairs.ONCE,
        }
        return unknown.get(column.partition(".")[0], f"{noun}: not known")
    if column in _SAY:
        return _SAY[column](value, told)
    block, _, name = column.partition(".")
    if block in _SAY_BLOCK and noun != column:
        return _SAY_BLOCK[block](name, value, told)
    return f"{noun}: {value:.3g}"


def _flag(yes: str, no: str) -> Say:
    return lambda value, _: yes if value > 0.5 else no


def _count(none: str, one: str, many: str) -> Say:
    """Return what says a number of things; ``many`` holds ``{n}``."""

    def say(value: float, _: Told) -> str:
        n = round(value)
        return none if n < 1 else one if n == 1 else many.format(n=n)

    return say


def _share(pattern: str) -> Say:
    return lambda value, _: pattern.format(p=_percent(value))


def _percent(share: float) -> str:
    return "less than 1 %" if 0 <= share < 0.005 else f"{100 * share:.0f} %"


def _third(pattern: str, names: tuple[str, str, str]) -> Say:
    return lambda value, _: pattern.format(names[min(max(int(3 * value), 0), 2)])


def _unit(_: float, told: Told) -> str:
    return f"its unit is {told.candidate.unit}"


def _origin(value: float, _: Told) -> str:
    said = {
        "line": "number and unit stand together",
        "beside": "its unit stands in the next text along",
        "below": "its unit stands in the text below",
        "declared": "its unit is declared for several numbers",
    }
    return said[ORIGINS[int(value)]]


def _form(value: float, _: Told) -> str:
    said = {
        "plain": "it is a single quantity",
        "range low": "it is the lower end of a range",
        "range high": "it is the upper end of a range",
        "product part": "it is a part of A x B x C",
        "multipack each": "it is one item of a multipack",
        "multipack total": "it is the total of a multipack",
        "sum": "it is a sum of two units",
        "sum part": "it is a part of a sum of two units",
        "bound": "it is a bound, up to or from",
        "per area": "it is what a square metre weighs",
    }
    return said[FORMS[int(value)]] if int(value) < len(FORMS) else "it is written in another form"


def _part(value: float, _: Told) -> str:
    return "it is no part of A x B x C" if value < 0 else f"it is number {value + 1:.0f} of A x B x C"


def _labelled(value: float, told: Told) -> str:
    return {1: f"its label names {told.asked}", -1: "its label names something else"}.get(
        int(value), "it has no label of its own"
    )


def _prior(what: str) -> Say:
    def say(value: float, told: Told) -> str:
        unit, number = told.candidate.unit, f"{told.candidate.value:g}"
        return f"{_percent(math.exp(min(value, 0.0)))} of {told.asked} labels " + what.format(
            unit=unit, number=number
        )

    return say


def _of_largest(name: str) -> Say:
    """Return what tells how a quantity compares with another one, from a decimal logarithm."""

    def say(value: float, _: Told) -> str:
        factor = 10 ** abs(value)
        if factor < 1.01:
            return f"it is the {name} quantity" if name != "median" else "it is of the median size"
        if value > 0:
            return f"it is {factor:.3g} times as large as the {name} quantity"
        return f"the {name} quantity is {factor:.3g} times as large"

    return say


def _say_region(name: str, value: float, told: Told) -> str:
    if name == "own_lead":
        return f"the region network prefers {told.asked if value > 0 else 'another entity'} for it"
    if name == "own_beside":
        return (
            f"no other candidate looks more like {told.asked}"
            if value > -1e-6
            else f"another candidate looks more like {told.asked}"
        )
    seen_as = told.asked if name == "own" else "none of the entities" if name == "other" else plain(name)
    share = math.exp(value)
    if share < UNSEEN:
        return f"the region network does not take it for {seen_as}"
    return f"the region network takes it for {seen_as} with {_percent(share)}"


def _say_word(name: str, value: float, told: Told) -> str:
    kind, _, how = name.rpartition("_")
    kind = kind.removesuffix("_on")
    word = told.nearest(kind) if value < FAR else ""
    of = {"own": f"for {told.asked}", "rival": "for another entity"}.get(kind, f"such as {plain(kind)!r}")
    if name in ("own_minus_rival", "own_nearest_here"):
        nearer = value < 0 if name == "own_minus_rival" else value <= 0
        whose = "than one for another entity" if name == "own_minus_rival" else "than to any other candidate"
        return f"a word for {told.asked} is {'nearer' if nearer else 'not nearer'} {whose}"
    if not word:
        return f"no word {of} stands {'beside it' if how in ('line', 'before', 'after') else 'on the photo'}"
    if how in ("dx", "dy"):
        side = {"dx": ("left of", "right of"), "dy": ("above", "below")}[how][value > 0]
        return f"{word!r} stands {side} it"
    if how == "count":
        return f"words {of} stand on the photo {value:.0f} times"
    if how == "near":
        return f"{word!r} stands {value:.1f} letter heights away"
    return f"the text {'after' if how == 'after' else 'beside'} it says {word!r}"


_SAY_BLOCK: dict[str, Callable[[str, float, Told], str]] = {
    "number_class": _say_region,
    "keywords": _say_word,
}

_ROWS = ("upper", "middle", "lower")
_SIDES = ("left", "middle", "right")

_SAY: dict[str, Say] = {
    JOINT: lambda *_: "another of the photo's dimensions is likelier to be this number, or to be so large",
    "row.weak_label": _flag("its row was labelled by others", "its row has a label to measure by"),
    "form.entity": lambda _, told: f"{told.asked} is asked",
    "form.unit": _unit,
    "form.unit_factor": _unit,
    "form.number": lambda _, told: f"the number is {told.candidate.value:g}",
    "form.quantity": lambda _, told: f"the quantity is {told.candidate.value:g} {told.candidate.unit}",
    "form.whole": _flag("it is a whole number", "it is not a whole number"),
    "form.round": _flag("it is a multiple of five", "it is not a multiple of five"),
    "form.digits": _count("it has no digits", "it has one digit", "it has {n} digits"),
    "form.decimals": _count("it has no decimals", "it has one decimal", "it has {n} decimals"),
    "form.repaired": _flag("its reading had to be repaired", "it was read without repair"),
    "form.form": _form,
    "form.origin": _origin,
    "form.part": _part,
    "form.parts": _count("it is no part of A x B x C", "it stands alone", "it is part of a product of {n}"),
    "form.labelled": _labelled,
    "form.share_of_line": _share("it takes up {p} of its text line"),
    "form.before": _count(
        "its text line begins with it", "one character is before it", "{n} characters are before it"
    ),
    "form.after": _count(
        "its text line ends with it", "one character is after it", "{n} characters are after it"
    ),
    "layout.confidence": _share("the reader is {p} sure of its text line"),
    "layout.font": _share("its letters are {p} of the photo's height"),
    "layout.font_to_median": lambda v, _: f"its letters are {v:.2g} times as high as the median",
    "layout.font_rank": _share("{p} of the text lines are in larger letters"),
    "layout.font_to_largest": _share("its letters are {p} of the largest on the photo"),
    "layout.x": _third("it stands in the {} third across", _SIDES),
    "layout.y": _third("it stands in the {} third of the photo", _ROWS),
    "layout.from_center_x": _share("it stands {p} of the photo's width beside the middle"),
    "layout.from_center_y": _share("it stands {p} of the photo's height above or below the middle"),
    "layout.x_in_text": _third("it stands in the {} third of all text, across", _SIDES),
    "layout.y_in_text": _third("it stands in the {} third of all text", _ROWS),
    "layout.edge": _share("it stands {p} from the nearest edge"),
    "layout.angle": lambda v, _: f"its text runs at {v:.0f} degrees",
    "layout.steep": lambda v, _: "its text runs upright" if v > 0.7 else "its text runs level",
    "layout.slant": lambda v, _: "its text is slanted" if v > 0.2 else "its text is not slanted",
    "layout.line_length": _share("its text line is {p} of the photo's width"),
    "layout.characters": _count(
        "its text line is empty", "its text line has one character", "its text line has {n} characters"
    ),
    "layout.photo_pixels": lambda v, _: f"the photo has {10**v / 1e6:.2g} megapixels",
    "layout.lines": _count(
        "the photo has no text", "the photo has one text line", "the photo has {n} text lines"
    ),
    "layout.second_look": _flag("it was found by the second look", "it was found by the first look"),
    "layout.lines_steep": _share("{p} of the photo's text runs upright"),
    "comparison.count": _count("no candidates", "it is the only candidate", "there are {n} candidates"),
    "comparison.distinct": _count(
        "no quantity", "it is the only quantity", "there are {n} different quantities"
    ),
    "comparison.larger": _count(
        "no quantity is larger", "one quantity is larger", "{n} quantities are larger"
    ),
    "comparison.smaller": _count(
        "no quantity is smaller", "one quantity is smaller", "{n} quantities are smaller"
    ),
    "comparison.to_largest": _of_largest("largest"),
    "comparison.to_smallest": _of_largest("smallest"),
    "comparison.to_middle": _of_largest("median"),
    "comparison.larger_font": _count(
        "no candidate is in larger letters",
        "one candidate is in larger letters",
        "{n} candidates are in larger letters",
    ),
    "comparison.font_to_largest": _share("its letters are {p} of the largest candidate's"),
    "comparison.surer": _count(
        "no candidate was read with more certainty",
        "one candidate was read with more certainty",
        "{n} candidates were read with more certainty",
    ),
    "comparison.order": lambda v, _: (
        "it is the first candidate in reading order" if v < 0.5 else f"{v:.0f} candidates come before it"
    ),
    "comparison.order_share": lambda v, _: (
        "it is the first candidate in reading order" if v <= 0 else f"{_percent(v)} through the candidates"
    ),
    "comparison.solid_before": _count(
        "no clearly read candidate comes before it",
        "one clearly read candidate comes before it",
        "{n} clearly read candidates come before it",
    ),
    "comparison.right_of": _count(
        "no candidate is left of it", "it is right of one candidate", "it is right of {n} candidates"
    ),
    "comparison.left_of": _count(
        "no candidate is right of it", "it is left of one candidate", "it is left of {n} candidates"
    ),
    "comparison.below": _count(
        "no candidate is above it", "it is below one candidate", "it is below {n} candidates"
    ),
    "comparison.above": _count(
        "no candidate is below it", "it is above one candidate", "it is above {n} candidates"
    ),
    "comparison.repeats": _count(
        "it stands on the photo once", "it is repeated once", "it is repeated {n} times"
    ),
    "comparison.elsewhere": _count(
        "it is not given again elsewhere", "it is given again elsewhere", "it is given {n} times elsewhere"
    ),
    "comparison.pair": _flag("it is also given in another unit", "it is given in one unit only"),
    "comparison.pair_beside": _flag("another unit of it is beside it", "no other unit of it is beside it"),
    "comparison.pair_first": _flag("it is the first unit of a pair", "it is not the first unit of a pair"),
    "comparison.pair_second": _flag("it is the second unit of a pair", "it is not the second unit of a pair"),
    "comparison.same_unit": _share("{p} of the candidates are in its unit"),
    "comparison.imperial": _flag("its unit is imperial", "its unit is metric"),
    "comparison.imperial_share": _share("{p} of the candidates are in imperial units"),
    "comparison.on_line": _count(
        "no clearly read candidate is in its text line",
        "one clearly read candidate is in its text line",
        "{n} clearly read candidates are in its text line",
    ),
    "comparison.in_product": lambda v, _: (
        "it is in no A x B x C of the photo" if v < 0 else f"it is number {v + 1:.0f} of an A x B x C"
    ),
    "comparison.products": _count(
        "no candidate is a part of A x B x C",
        "one candidate is a part of A x B x C",
        "{n} candidates are parts of A x B x C",
    ),
    "comparison.of_family": _count(
        "no quantity of this sort on the photo",
        "it is the only quantity of its sort on the photo",
        "the photo shows {n} quantities of this sort",
    ),
    "comparison.all": _count(
        "the photo shows no quantity",
        "the photo shows one quantity",
        "the photo shows {n} quantities of all sorts",
    ),
    "prior.unit": _prior("are in {unit}"),
    "prior.exact": _prior("in its unit are exactly {number}"),
    "prior.size": _prior("are about as large"),
    "prior.value": _prior("have the number {number}, in whatever unit"),
    "prior.size_beside": lambda v, told: (
        f"no candidate's size is more usual for {told.asked}"
        if v > -1e-6
        else f"another candidate's size is {math.exp(-v):.2g} times as usual for {told.asked}"
    ),
    "unit_preference.unit": lambda v, _: unit_pairs.habit(v),
    **{column: _flag(*clauses) for column, clauses in unit_pairs.SAID.items()},
}
