"""Numbers without units, units without numbers, and units declared for other text."""

from __future__ import annotations

import re

from ..entities import EntityBook, default_entities
from . import context
from .atoms import decode
from .fold import fold
from .items import Item, read_items
from .reader import _link, _run
from .types import Number, UnitMention
from .units import UnitTable, table_for

_OTHER_UNIT = re.compile(
    r" ?(?:°|º|hz|khz|mhz|ghz|rpm|u/min|ma|mah|ah|amps?|a|db|dba|km|kmh|mph|min|mins|minutes?|hrs?|h|hours?|s|sec|seconds?|days?|"
    r"years?|months?|weeks?|yrs?|pcs?|pieces?|packs?|pk|ct|count|persons?|people|psi|bar|nm|kcal|cal|calories|kj|wh|kwh|va|lm|lumens?|k|"
    r"px|dpi|mp|gb|mb|tb|st|stk|servings?|capsules?|tablets?|colou?rs?|nd|rd|th|ml/|w/)(?![a-z])|[a-z]|° ?[cf]|[/:][0-9]| ?%| ?\|"
)
_WORD_NEXT = re.compile(r" (?!x |by |ac|dc)([a-z]{2,})")
_NUMBERED = re.compile(
    r"(?:no|nr|nº|n°|#|model|art|ref|item|sku|type|series|lot|tel|phone|lic|iso|en|din|fig|step|page|version|ver|v)[.: ]{0,3}$"
)
_ALONE = re.compile(r"(?:[^\W\d_]|[\"'µ³²./])+(?: (?:oz|in|ft|ounces?|inch|foot|feet|inches))?\.?")
_DECLARES = re.compile(
    r"(?:\bunits?\b|\beinheit(?:en)?\b|\bunites?\b|\bunidad(?:es)?\b|\bunita\b|\bangaben?\b|\bmasse?\b|\bma(?:ß|ss)e?\b|\bdimensions?\b|\bdimensiones\b|\bdimensioni\b|"
    r"\babmessungen\b|\bmedidas\b|\bmisure\b|\bmesures?\b|\bmeasure(?:ments?|s)?\b|\bsizes?\b|\bgrossen?\b|\bgro(?:ß|ss)en?\b|\btaille\b|\btamano\b|\btaglia\b|\bin\b|\ben\b|"
    r"\bweight\b|\bgewicht\b|\bpoids\b|\bpeso\b|\blength\b|\bwidth\b|\bheight\b|\bdepth\b|\blange\b|\bbreite\b|\bhohe\b|\btiefe\b|\bvalues?\b|\bcotes?\b|\bcapacity\b|\bvolume\b|\bvoltage\b|\bpower\b|\bdiameter\b)"
    r"[a-z ,:=*x]{0,30}$"
)
_IN_WORDS = re.compile(
    r"(?:\bin|\ben|\bunits?|\bunites?|\bunidad(?:es)?|\beinheit(?:en)?|\bunita)(?: ?(?:of|is|are|:|=|the|den|di))? ?$"
)
_OPEN = re.compile(r"[(\[/:=,] ?$")


def numbers(text: str) -> list[Number]:
    """Return the numbers of ``text`` that have no unit and could be quantities, in order.

    Barcodes, dates, prices, percentages, article numbers and numbers of other things (hours, pieces,
    degrees) are left out.

    Examples
    --------
    >>> [(n.value, n.part, n.label) for n in numbers("L 20 x W 10 x H 5")]
    [(20.0, (0, 3), 'L'), (10.0, (1, 3), 'W'), (5.0, (2, 3), 'H')]
    >>> numbers("30% off, 12/05/2021, 4006381333931, model 45")
    []
    """
    book, table = default_entities(), table_for()
    folded = fold(text)
    items = read_items(text, folded, table, context.keywords_of(book))
    links = [_link(folded, a, b) for a, b in zip(items, items[1:], strict=False)]
    out: list[Number] = []
    at = 0
    while at < len(items):
        end = _run(links, at, {"product"})
        run = items[at : end + 1]
        part_of = len(run)
        letters = part_of > 1 and sum(i.letter for i in run) > 1
        for k, item in enumerate(run):
            if letters and item.letter and item.unit:
                item.label, item.right, item.unit = item.unit.written, item.unit.end, None
        if all(i.unit is None for i in run):
            for k, item in enumerate(run):
                last = k == part_of - 1
                if item.usable and _bare(folded, item, table, last):
                    out += _number(item, (k, part_of) if part_of > 1 else None)
        at = end + 1
    return _ranges(out, folded)


def _number(item: Item, part: tuple[int, int] | None) -> list[Number]:
    atom = item.atom
    form = "product part" if part else "plain"
    made = Number(atom.value, (atom.start, atom.end), item.doubtful, part, item.label, form)  # type: ignore[arg-type]
    return [made] + [Number(v, (s, atom.end), True, part, item.label, form) for v, s in atom.others]  # type: ignore[arg-type]


def _bare(folded: str, item: Item, table: UnitTable, last: bool) -> bool:
    atom = item.atom
    if atom.kind == "word":
        return False
    before = folded[atom.start - 1] if atom.start else " "
    if before == "/" or _NUMBERED.search(folded, max(0, item.left - 12), item.left):
        return False
    if last and item.right == atom.end:
        if _OTHER_UNIT.match(folded, atom.end):
            return False
        m = _WORD_NEXT.match(folded, atom.end)
        if m and m[1] not in context.keywords_of(default_entities()):
            return False
    return True


def _ranges(found: list[Number], folded: str) -> list[Number]:
    out = list(found)
    for k, (a, b) in enumerate(zip(found, found[1:], strict=False)):
        gap = folded[a.span[1] : b.span[0]].strip()
        if gap in {"-", "~", "to", "bis"} and a.value < b.value and not (a.part or b.part):
            out[k] = Number(a.value, a.span, a.repaired, None, a.label, "range low")
            out[k + 1] = Number(b.value, b.span, b.repaired, None, b.label, "range high")
    return out


def unit_mentions(text: str, book: EntityBook | None = None) -> list[UnitMention]:
    """Return the unit when ``text`` is nothing but one: ``"cm"``, ``"(inch)"``, ``"g"``.

    Examples
    --------
    >>> unit_mentions("(inch)")
    [UnitMention(unit='inch', span=(1, 5))]
    >>> unit_mentions("in the box")
    []
    """
    folded, table = fold(text), table_for(book)
    start = len(folded) - len(folded.lstrip(" ([{/-:"))
    end = len(folded.rstrip(" )]}/-:.,*"))
    found = table.match(folded, text, start)
    if found is None or found.end < end or found.name not in table.allowed:
        return []
    return [UnitMention(found.name, (found.start, found.end))]


def declared_unit(text: str, book: EntityBook | None = None) -> list[UnitMention]:
    """Return the units that ``text`` names for numbers that stand elsewhere.

    Examples
    --------
    >>> [m.unit for m in declared_unit("Angaben in Millimeter")], [m.unit for m in declared_unit("Size (cm)")]
    (['millimetre'], ['centimetre'])
    >>> declared_unit("30 cm in length")
    []
    """
    folded, table = fold(text), table_for(book)
    out: list[UnitMention] = []
    if "/" not in folded and not re.search(r"[a-z(]", folded):
        return out
    for m in re.finditer(r"(?<![a-z0-9])(?:[a-zµ]{1,12}|[\"'](?![a-z]))", folded):
        at = m.start()
        found = table.match(folded, text, at)
        if found is None or found.name not in table.allowed or (out and at < out[-1].span[1]):
            continue
        low = max(0, at - 48)
        before = folded[low:at].rstrip()
        if before[-1:].isdigit() or not before:
            continue
        opened, worded = _OPEN.search(folded, low, at), _IN_WORDS.search(folded, low, at)
        if not opened and not worded:
            continue
        head = folded[low : opened.start() if opened else worded.end() if worded else at]
        closed = folded[found.end :].lstrip(" .")[:1] in ("", ")", "]", ",", "/", ";", ":")
        declares = bool(_DECLARES.search(head)) or (out and opened is not None)
        if (worded and (len(found.written) > 1 or closed)) or (declares and closed):
            if worded and not opened and found.written.lower() == "in":
                continue
            out.append(UnitMention(found.name, (found.start, found.end)))
    return out


def clean_number(digits: str) -> float | None:
    """Return the value of digits with separators, or None when they are no number."""
    decoded = decode(digits)
    return decoded[0] if decoded else None
