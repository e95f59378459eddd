"""Bare numbers, which have no unit of their own, and the units that a text declares for such numbers elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from hybridml.entities import EntitySchema

from . import context
from .fold import any_of, fold
from .items import Item, items_of, letters_to_labels
from .parser import link, run_of
from .types import Form, Number, UnitMention
from .units import TEXTS_CACHED, UnitTable, table_for

_OTHER_UNIT = re.compile(rf" ?(?:{context.OF_OTHERS}(?![a-z])|[°º%|])|[a-z]|[/:][0-9]")
_WORD_NEXT = re.compile(r" (?!x |by |ac|dc)([a-z]{2,})")
_NUMBERED = re.compile(
    any_of(
        "no nr nº n° # model art ref item sku type series lot tel phone lic iso en din fig step page "
        "version ver v"
    )
    + "[.: ]{0,3}$"
)
_MEASURES = any_of(
    "unit units einheit einheiten unite unites unidad unidades unita angabe angaben mass masse maße "
    "dimension dimensions dimensiones dimensioni abmessungen medidas misure mesures measure measures "
    "measurement measurements size sizes grosse größe große taille tamano taglia weight gewicht poids "
    "peso length width height depth lange breite hohe tiefe value values cotes capacity volume voltage "
    "power diameter"
)
_DECLARES = re.compile(rf"\b{_MEASURES}\b[a-z ,:=*x()]{{0,30}}$")
_NAMES = any_of("in en unit units unite unites unidad unidades einheit einheiten unita")
_IN_WORDS = re.compile(rf"\b{_NAMES}(?: ?{any_of('of is are : = the den di')})? ?$")
_OPEN = re.compile(r"[(\[/:=,] ?$")


def numbers(text: str, schema: EntitySchema | None = None) -> list[Number]:
    """Return the numbers of ``text`` that have no unit and could be quantities, in order.

    Barcodes, dates, prices, percentages, article numbers and counts of other things (hours, pieces, degrees) are
    left out.

    Examples
    --------
    >>> [(n.value, n.part, n.label) for n in numbers("L 20 x W 10 x H 5")]
    [(20.0, (0, 3), 'L'), (10.0, (1, 3), 'W'), (5.0, (2, 3), 'H')]
    >>> numbers("30% off, 12/05/2021, 4006381333931, model 45")
    []
    """
    return list(_numbers(text, table_for(schema)))


@lru_cache(maxsize=TEXTS_CACHED)
def _numbers(text: str, table: UnitTable) -> tuple[Number, ...]:
    folded = fold(text)
    items = items_of(text, folded, table)
    links = [link(folded, a, b) for a, b in pairwise(items)]
    out: list[Number] = []
    at = 0
    while at < len(items):
        end = run_of(links, at, {"product"})
        run = items[at : end + 1]
        count = len(run)
        if count > 1:
            letters_to_labels(run, table)
        if all(i.unit is None for i in run):
            for k, item in enumerate(run):
                if item.usable and _bare(folded, item, table, last=k == count - 1):
                    out += _number(item, (k, count) if count > 1 else None)
        at = end + 1
    return tuple(_ranges(out, folded))


def _number(item: Item, part: tuple[int, int] | None) -> list[Number]:
    atom = item.atom
    form: Form = "product part" if part else "plain"
    made = Number(atom.value, (atom.start, atom.end), item.doubtful, part, item.label, form)
    return [made, *(replace(made, value=v, span=(s, atom.end), repaired=True) for v, s in atom.others)]


def _bare(folded: str, item: Item, table: UnitTable, last: bool) -> bool:
    atom = item.atom
    if atom.kind == "word" or item.doubtful:
        return False
    before = folded[atom.start - 1] if atom.start else " "
    if before == "/" or _NUMBERED.search(folded, max(0, item.left - 12), item.left):
        return False
    if last and item.right == atom.end:
        if _OTHER_UNIT.match(folded, atom.end):
            return False
        m = _WORD_NEXT.match(folded, atom.end)
        if m and m[1] not in table.keywords:
            return False
    return True


def _ranges(found: list[Number], folded: str) -> list[Number]:
    out = list(found)
    for k, (a, b) in enumerate(pairwise(found)):
        gap = folded[a.span[1] : b.span[0]].strip()
        if gap in {"-", "~", "to", "bis"} and a.value < b.value and not (a.part or b.part):
            out[k], out[k + 1] = replace(a, form="range low"), replace(b, form="range high")
    return out


def declared_unit(text: str, schema: EntitySchema | None = None) -> list[UnitMention]:
    """Return the units that ``text`` declares for numbers elsewhere.

    Examples
    --------
    >>> [m.unit for m in declared_unit("Angaben in Millimeter")], [m.unit for m in declared_unit("Size (cm)")]
    (['millimetre'], ['centimetre'])
    >>> declared_unit("30 cm in length")
    []
    """
    return list(_declared(text, table_for(schema)))


@lru_cache(maxsize=TEXTS_CACHED)
def _declared(text: str, table: UnitTable) -> tuple[UnitMention, ...]:
    folded = fold(text)
    out: list[UnitMention] = []
    if "/" not in folded and not re.search(r"[a-z(]", folded):
        return ()
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
        in_brackets = before[-1] in "([" and closed and len(found.written) > 1
        if (worded and (len(found.written) > 1 or declares)) or (declares and closed) or in_brackets:
            if worded and not opened and found.written.lower() == "in":
                continue
            out.append(UnitMention(found.name, (found.start, found.end)))
    return tuple(out)
