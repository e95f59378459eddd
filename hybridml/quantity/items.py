"""Items: the numbers of a text, each with its unit, its label, and whether it can be a quantity at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from . import context
from .atoms import Atom, scan
from .units import RATE, TEXTS_CACHED, TORQUE, UnitMatch, UnitTable
from .words import is_article

_BEFORE = re.compile(
    r"(?<![a-z0-9])(kgs?|gr|mg|ml|cl|cm|mm|volts?|watts?|litros|litri|"
    r"(?:(?<=^)|(?<=netto )|(?<=neto )|(?<=gewicht )|(?<=poids net ))g)\.? $"
)
_NOT_ALONE = re.compile(r"(?:[0-9/(] ?|per |in )$")
_FOLLOWED = re.compile(r" ?(?!x ?[0-9]|e\b)[a-z%]|[0-9]*[/:]")
_SMALL = frozenset({"gram", "milligram", "millilitre", "millimetre", "watt", "volt"})
"""Units that nobody gives to the thousandth: 2.000 W is two thousand."""

_LABEL_UNITS = frozenset("lwtdhb")
_TIMES = re.compile(r" {0,2}[x*] {0,2}")
_THEN_A_NUMBER = re.compile(r"\)?[ :=.(]{1,4}[0-9]")
_AMPERES = re.compile(r" ?A [0-9.,]+ ?(?:[kK]?[VvWw]|[Vv]olts?|[Ww]atts?)(?![A-Za-z])")


@dataclass
class Item:
    """A number and its surroundings while the text is parsed.

    ``left`` and ``right`` bound it together with its labels; ``unit`` is its own unit, if it has one.
    """

    atom: Atom
    unit: UnitMatch | None
    left: int
    right: int
    label: str | None = None
    doubtful: bool = False
    usable: bool = True
    letter: bool = False

    @property
    def end(self) -> int:
        """Where the number and its unit end."""
        return max(self.unit.end, self.atom.end) if self.unit else self.atom.end

    @property
    def start(self) -> int:
        """Where the number, or a unit written before it, starts."""
        return min(self.unit.start, self.atom.start) if self.unit else self.atom.start

    @property
    def value(self) -> float:
        """The number."""
        return self.atom.value

    @property
    def unit_name(self) -> str:
        """The name of the unit, "" if there is none."""
        return self.unit.name if self.unit else ""


def items_of(text: str, folded: str, table: UnitTable, gaps: bool = False) -> list[Item]:
    """Return the numbers of a text in order, each with its unit and label if it has them."""
    items: list[Item] = []
    last: Item | None = None
    for atom in _atoms(folded, gaps):
        item = _item(text, folded, atom, table, last)
        if item.unit is None and is_article(folded[atom.start : atom.end]):
            continue
        items.append(item)
        last = item
    _take_headings(items, text, folded)
    return items


def _take_headings(items: list[Item], text: str, folded: str) -> None:
    """Label the numbers of ``L x W x H: 10 x 5 x 3 cm`` in the order of their heading."""
    for k, item in enumerate(items):
        names = context.heading(folded, text, item.atom.start)
        if not names:
            continue
        run = items[k : k + len(names)]
        linked = all(_TIMES.fullmatch(folded[a.right : b.atom.start]) for a, b in pairwise(run))
        for side, name in zip(run, names if len(run) == len(names) and linked else [None], strict=False):
            side.label, side.left = name, side.atom.start


@lru_cache(maxsize=TEXTS_CACHED)
def _atoms(folded: str, gaps: bool) -> tuple[Atom, ...]:
    """Return the numbers of a folded text that do not belong to a date, a phone number or the like."""
    found = tuple(scan(folded, gaps))
    masked = sorted(context.noise(folded)) if found else []
    free: list[Atom] = []
    covered = 0
    for atom in found:
        while covered < len(masked) and masked[covered][1] <= atom.start:
            covered += 1
        if covered < len(masked) and masked[covered][0] < atom.end and masked[covered][1] > atom.start:
            continue
        free.append(atom)
    return tuple(free)


def _item(text: str, folded: str, atom: Atom, table: UnitTable, last: Item | None) -> Item:
    last_end = last.end if last else -1
    word = atom.kind == "word" and folded[atom.start].isalpha()
    unit = table.after(folded, text, atom.end, word)
    if unit and unit.start == atom.end and " " in folded[atom.start : atom.end] and atom.others:
        atom = _last_group(atom)
    if unit and unit.name in _SMALL and atom.others and folded[atom.start : atom.end].endswith(".000"):
        atom = replace(atom, value=atom.others[0][0], others=((atom.value, atom.start),))
    label, left = context.label_before(folded, text, atom.start, table.keywords)
    if last and left < last.right:
        label, left = None, atom.start
    axis = label is not None and context.names_axis(label)
    letter = unit is not None and unit.written.lower() in _LABEL_UNITS
    if unit and letter and axis and _starts_next(folded, atom.end, unit.end):
        unit = None
    letter &= label is None
    right = unit.end if unit else atom.end
    if not word:
        after, end = context.label_after(folded, text, right)
        if after and not (axis and _starts_next(folded, right, end)):
            label, right = label or after, end
            if unit is None and (late := table.after(folded, text, end)):
                unit, right = late, late.end
    item = Item(atom, unit, left, right, label, letter=letter)
    if label and left == atom.start - 1 and unit and table.family[unit.name] != "length":
        item.label, item.doubtful = None, True
    _check(item, text, folded, word, last)
    if item.unit is None and item.usable and not word and label is None:
        _unit_before(item, text, folded, table, last_end)
    return item


def _starts_next(folded: str, end: int, letter: int) -> bool:
    """Return whether the letter that ends at ``letter`` labels the next number: the W of ``L 20 W 10``."""
    return folded[end : end + 1] == " " and _THEN_A_NUMBER.match(folded, letter) is not None


def _last_group(atom: Atom) -> Atom:
    """Return the 160 of ``7 160mm``: a number with spaces between its thousands has one before its unit as well."""
    value, start = atom.others[0]
    return Atom(start, atom.end, value, ((atom.value, atom.start),))


def _unit_before(item: Item, text: str, folded: str, table: UnitTable, last_end: int) -> None:
    """Take the unit before the number, as Italian and Spanish labels have it: ``kg 1,5``."""
    m = _BEFORE.search(folded, max(0, item.atom.start - 12), item.atom.start)
    if m is None or m.start(1) <= last_end or _NOT_ALONE.search(folded, max(0, m.start() - 4), m.start(1)):
        return
    unit = table.match(folded, text, m.start(1))
    if unit and unit.end == m.end(1) and not _FOLLOWED.match(folded, item.atom.end):
        item.unit, item.left = unit, unit.start
        item.doubtful |= table.family[unit.name] == "length"


def _check(item: Item, text: str, folded: str, word: bool, last: Item | None) -> None:
    atom, unit = item.atom, item.unit
    item.usable &= unit is not None or not _AMPERES.match(text, atom.end)
    share = unit is not None and unit.written[0] in "%‰"
    if not share and context.is_money_or_percent(folded, atom.start, atom.end):
        item.usable = False
    linked = last and last.usable and not last.doubtful and folded[last.right : atom.start] in {"-", "x", "~"}
    follows = last is not None and last.end == atom.start
    free = linked or follows or word or item.left < atom.start
    prefix = "free" if free else context.prefix_verdict(folded, atom.start)
    item.usable &= prefix != "bad"
    item.doubtful |= prefix == "doubtful"
    if unit is None:
        return
    verdict = context.unit_verdict(folded, text, unit.written, atom.start, unit.start, unit.end)
    torque = unit.name in {"foot", "inch", "millimetre"} and TORQUE.match(folded, unit.end)
    part_number = prefix == "doubtful" and folded[unit.end : unit.end + 1].isalnum()
    if verdict == "bad" or torque or part_number or RATE.match(folded, unit.end):
        item.unit, item.usable, item.right = None, False, atom.end
    elif verdict == "doubtful":
        item.doubtful = True


def letters_to_labels(items: list[Item], table: UnitTable) -> None:
    """Take the W of ``24W x 12D x 30H`` for width rather than watt if the other numbers suggest it."""
    letters = [i for i in items if i.letter]
    lengths = any(i.unit and table.family[i.unit.name] == "length" for i in items)
    named = {i.unit.written.lower() for i in letters if i.unit}
    named |= {i.label.lower() for i in items if i.label and context.names_axis(i.label)}
    if not letters or not (lengths or len(named) > 1):
        return
    for item in letters:
        if item.unit:
            item.label, item.right, item.unit = item.unit.written, max(item.right, item.unit.end), None
        item.letter = False
