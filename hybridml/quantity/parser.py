"""The grammar of quantities: from items to ranges, products, multipacks, sums, shared units, bounds and unit pairs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from . import context
from .fold import any_of, fold
from .items import Item, items_of, letters_to_labels
from .types import Form, Quantity
from .unit_pairs import PARSED_PAIR
from .units import UnitTable

_APPROX = r"(?:about |around |ca\.? |~)?"
_UNTIL = any_of("to bis till until thru through hasta ate")
_TO = any_of("a au al")
_LINKS = (
    ("product", re.compile(r" {0,2}(?:[x*]|by|mal|por|/x/) {0,2}")),
    ("range", re.compile(rf" {{0,2}}(?:-{{1,2}}|~|-? ?{_UNTIL}|\.{{2,3}}|÷) {{0,2}}{_APPROX}| {_TO} {_APPROX}")),
    ("sum", re.compile(r" {0,2}|, ?|,? ?(?:and|und|et|y|e|&|\+) ")),
    ("list", re.compile(r" ?(?:/|\bor\b|\bou\b|\boder\b|\bo\b) ?")),
    ("comma", re.compile(r", ?")),
    ("tolerance", re.compile(r" ?(?:±|\+/-|\+-) ?")),
)  # fmt: skip
_AND = re.compile(rf" ?(?:and|und|et|y|e|&) {_APPROX}")
_BETWEEN = re.compile(r"(?:between|zwischen|entre|tra|fra) $")
_PIECES = any_of(
    "pcs pc pieces piece packs pack pk stk st stuck rolls roll sets set bags bag bottles cans units ct"
)
_COUNTED = re.compile(rf" ?{_PIECES}(?![a-z])")
MAX_COUNT = 1000
MAX_LINK = 16
MAX_RUN = 12


@dataclass
class _Draft:
    item: Item
    unit: str
    form: Form = "plain"
    part: tuple[int, int] | None = None
    doubtful: bool = False
    value: float | None = None
    start: int | None = None


def quantities_in(text: str, table: UnitTable, gaps: bool = False) -> list[Quantity]:
    """Return the quantities of a text; doubtful ones are flagged as repaired."""
    folded = fold(text)
    items = items_of(text, folded, table, gaps)
    links = [link(folded, a, b) for a, b in pairwise(items)]
    found: list[Quantity] = []
    at = 0
    while at < len(items):
        end = run_of(links, at, {"product"})
        if end > at:
            drafts = _product(items[at : end + 1], folded, table)
        else:
            end, drafts = _series(items, links, at, folded, table)
        found += _finish(drafts, text, folded, table)
        at = end + 1
    return _pairs(found, table)


def link(folded: str, a: Item, b: Item) -> str:
    """Return the kind of link between two neighbouring numbers, by the text between them; "" if there is none."""
    left = b.left if b.left >= a.right else b.atom.start
    right = a.right + (a.unit is not None and folded[a.right] == ".") if a.right < len(folded) else a.right
    if left < right or left - right > MAX_LINK or not (a.usable and b.usable):
        return ""
    gap = folded[right:left]
    if _AND.fullmatch(gap) and _BETWEEN.search(folded, max(0, a.left - 12), a.left):
        return "range"
    for name, pattern in _LINKS:
        if pattern.fullmatch(gap):
            return name
    return ""


def run_of(links: list[str], at: int, names: set[str]) -> int:
    """Return the last number of the run from ``at`` that links of these kinds hold together."""
    end = at
    while end < min(len(links), at + MAX_RUN) and links[end] in names:
        end += 1
    return end


def _product(items: list[Item], folded: str, table: UnitTable) -> list[_Draft]:
    """Parse A x B x C: dimensions that share a unit, or a multipack."""
    letters_to_labels(items, table)
    units = [i.unit_name for i in items]
    lengths = [u for u in units if u and table.family[u] == "length"]
    if not any(units):
        return []
    if not lengths and (pack := _multipack(items, units)):
        return pack
    if lengths and len(items) == 2 and not units[1] and _COUNTED.match(folded, items[1].right):
        return [_Draft(items[0], units[0] or lengths[0], "multipack each")]
    drafts = []
    for k, item in enumerate(items):
        after = next((u for u in units[k:] if u), "")
        unit = after or next(u for u in reversed(units[:k]) if u)
        lonely = not after and len(items) == 2
        drafts.append(_Draft(item, unit, "product part", (k, len(items)), doubtful=lonely))
    return drafts


def _multipack(items: list[Item], units: list[str]) -> list[_Draft]:
    named = [k for k, u in enumerate(units) if u]
    if len(named) != 1:
        return []
    each, unit = items[named[0]], units[named[0]]
    counts = [i.value for k, i in enumerate(items) if k != named[0]]
    total = math.prod(counts, start=each.value)
    drafts = [_Draft(each, unit, "multipack each")]
    whole = all(0 < c <= MAX_COUNT and c == int(c) for c in counts)
    if whole and total != each.value:
        first = min(i.atom.start for i in items)
        drafts.append(_Draft(each, unit, "multipack total", value=total, start=first))
    return drafts


def _series(
    items: list[Item], links: list[str], at: int, folded: str, table: UnitTable
) -> tuple[int, list[_Draft]]:
    """Parse a range, a list that shares its unit, a sum, or a single number."""
    item = items[at]
    link = links[at] if at < len(links) else ""
    starts_product = at + 1 < len(links) and links[at + 1] == "product"
    if link == "tolerance":
        unit = item.unit_name or items[at + 1].unit_name
        return at + 1, [_Draft(item, unit)] if unit else []
    if total := _sum(items, links, at, folded, table):
        return total
    if link == "range" and not starts_product:
        return _range(items, at, folded, table)
    if link in {"list", "comma", "sum"} and item.unit is None:
        end = run_of(links, at, {"list", "comma", "sum"})
        named = next((k for k in range(at, end + 1) if items[k].unit), None)
        if named and _shares(items, folded, at, named):
            return named, [_Draft(i, items[named].unit_name) for i in items[at : named + 1]]
    return at, [_Draft(item, item.unit_name)] if item.unit and item.usable else []


_OF_ANOTHER = re.compile(rf"(?:/[0-9]+)? ?{context.OF_OTHERS}(?![a-z])")


def _shares(items: list[Item], folded: str, at: int, named: int) -> bool:
    """Return whether the numbers before the unit share it: ``12/24V``, ``45 and 50 mg``."""
    gaps = [folded[items[k].right : items[k + 1].left] for k in range(at, named)]
    commas = [g for g in gaps if g.strip() == ","]
    run = items[at : named + 1]
    if all(i.label and context.names_axis(i.label) for i in run):
        return True
    if any(not g.strip() for g in gaps):
        return False
    if all(i.label for i in run):
        return True
    years = any(1900 <= items[k].value <= 2100 for k in range(at, named) if commas or "and" in gaps[k - at])
    return not years and (not commas or len(commas) < len(gaps) or len(commas) > 2)


def _range(items: list[Item], at: int, folded: str, table: UnitTable) -> tuple[int, list[_Draft]]:
    a, b = items[at], items[at + 1]
    ua, ub = a.unit_name, b.unit_name
    if not ua and not ub:
        return at, []
    if ua and ub and table.family[ua] != table.family[ub]:
        return at, [_Draft(a, ua)]
    if ua and not ub and _OF_ANOTHER.match(folded, b.right):
        # "230 V ~ 50/60 Hz": the sign stands for alternating current, and the second number measures something else
        return at, [_Draft(a, ua)]
    if a.unit and not ub and a.unit.start == a.atom.end and folded[a.right : b.left] == "-":
        # "LED-12W-65" is a model name: a range has its unit behind it or at both ends
        return at, [_Draft(a, ua)]
    if not ua and a.value >= b.value:
        return at + 1, [_Draft(a, ub, doubtful=True), _Draft(b, ub)]
    unit_a, unit_b = ua or ub, ub or ua
    if unit_a != unit_b and b.value:
        ratio = a.value * table.factor[unit_a] / (b.value * table.factor[unit_b])
        if _is_pair(ratio):
            return at, [_Draft(a, unit_a)]
    rising = a.value * table.factor[unit_a] <= b.value * table.factor[unit_b]
    forms: tuple[Form, Form] = ("range low", "range high") if rising else ("range high", "range low")
    return at + 1, [_Draft(a, unit_a, forms[0]), _Draft(b, unit_b, forms[1], doubtful=not ub)]


_SYSTEMS = (
    ("yard", "foot", "inch"), ("mile", "yard", "foot", "inch"), ("kilometre", "metre", "centimetre", "millimetre"),
    ("ton", "pound", "ounce"), ("kilogram", "gram", "milligram"), ("gallon", "quart", "pint", "cup", "fluid ounce"),
    ("litre", "decilitre", "centilitre", "millilitre"),
)  # fmt: skip


def _adds_up(a: Item, b: Item, gap: str, table: UnitTable) -> bool:
    if not (a.unit and b.unit and a.usable and b.usable) or a.value != int(a.value):
        return False
    ua, ub = a.unit_name, b.unit_name
    if table.family[ua] != table.family[ub] or table.factor[ua] <= table.factor[ub]:
        return False
    one_system = any(ua in s and ub in s and s.index(ua) < s.index(ub) for s in _SYSTEMS)
    if not one_system:
        return "and" in gap and table.family[ua] == "length"
    small = b.value * table.factor[ub] < table.factor[ua] * 0.9999
    return small or ("yard" in (ua, ub) and ub == "foot")


def _sum(
    items: list[Item], links: list[str], at: int, folded: str, table: UnitTable
) -> tuple[int, list[_Draft]] | None:
    """Parse ``5 ft 10 in``: each part, and their sum in the smallest unit."""
    end = at
    while end < len(links) and end - at < 3:
        a, b = items[end], items[end + 1]
        gap = folded[a.right : max(a.right, b.left)]
        dash = gap == "-" or (gap == " - " and a.unit_name == "foot")
        joined = links[end] == "sum" or (links[end] == "range" and dash and a.right == a.end)
        if joined and _implied_inch(a, b, folded):
            end += 1
            break
        if not joined or b.left < b.atom.start or not _adds_up(a, b, gap, table):
            break
        end += 1
    if end == at:
        return None
    run = items[at : end + 1]
    names = [i.unit_name or "inch" for i in run]
    total = sum(i.value * table.factor[n] for i, n in zip(run, names, strict=True)) / table.factor[names[-1]]
    drafts = [_Draft(i, n, "sum part") for i, n in zip(run, names, strict=True)]
    return end, [*drafts, _Draft(run[-1], names[-1], "sum", value=round(total, 9), start=run[0].atom.start)]


def _implied_inch(a: Item, b: Item, folded: str) -> bool:
    """Return whether ``b`` is the 10 of ``5'10``, without its sign."""
    feet = a.unit is not None and a.unit.name == "foot" and a.unit.written in {"'", "’", "′", "ft"}
    free = b.unit is None and (b.right == len(folded) or not folded[b.right].isalnum())
    return feet and free and b.value < 12 and a.value == int(a.value) and b.atom.start == a.end and b.usable


def _finish(drafts: list[_Draft], text: str, folded: str, table: UnitTable) -> Iterator[Quantity]:
    """Turn drafts into quantities, with the other values that their numbers may have."""
    for draft in drafts:
        item, atom = draft.item, draft.item.atom
        if draft.unit not in table.allowed or not item.usable:
            continue
        start = item.start if draft.start is None else draft.start
        form = draft.form
        if form == "plain" and context.is_bound(folded, atom.start, item.right):
            form = "bound"
        made = Quantity(
            atom.value if draft.value is None else draft.value,
            draft.unit,
            (start, item.end),
            form,
            item.doubtful or draft.doubtful,
            draft.part,
            item.label,
            text[atom.start if draft.start is None else start : atom.end],
            item.unit.written if item.unit else "",
        )
        yield made
        if draft.value is None:
            for value, begin in atom.others:
                yield replace(
                    made,
                    value=value,
                    repaired=True,
                    span=(begin, item.end),
                    number_text=text[begin : atom.end],
                )


def _pairs(found: list[Quantity], table: UnitTable) -> list[Quantity]:
    """Flag quantities given in two units, and add those that make such a pair once a lost decimal point is restored."""
    out = list(found)
    certain = [k for k, q in enumerate(found) if not q.repaired]
    extra: list[Quantity] = []
    for i, k in enumerate(certain):
        for j in certain[i + 1 : i + 5]:
            a, b = found[k], found[j]
            if a.unit == b.unit or b.span[0] - a.span[1] > 24:
                continue
            ratio = _ratio(a, b, table)
            if ratio is None or not 0 < ratio < float("inf"):
                continue
            if _is_pair(ratio):
                out[k], out[j] = replace(out[k], dual=True), replace(out[j], dual=True)
                break
            for power in (10.0, 100.0):
                for q, of_restored in ((a, ratio / power), (b, ratio * power)):
                    if _is_pair(of_restored) and q.value == int(q.value) and q.value >= power:
                        extra.append(replace(q, value=q.value / power, repaired=True, dual=True))
    return out + extra


def _is_pair(ratio: float) -> bool:
    return abs(ratio - 1) < PARSED_PAIR


def _ratio(a: Quantity, b: Quantity, table: UnitTable) -> float | None:
    fa, fb = table.family[a.unit], table.family[b.unit]
    va, vb = a.value * table.factor[a.unit], b.value * table.factor[b.unit]
    if fa != fb:
        if "ounce" not in (a.unit, b.unit) or "volume" not in (fa, fb) or "fluid ounce" not in table.factor:
            return None
        va = a.value * table.factor["fluid ounce"] if a.unit == "ounce" else va
        vb = b.value * table.factor["fluid ounce"] if b.unit == "ounce" else vb
    return va / vb if vb else None
