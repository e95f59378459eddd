"""The context of a number: its label, whether it is a bound, and what shows that it is not a quantity."""

from __future__ import annotations

import re

from hybridml.entities import EntitySchema

from .fold import any_of, fold

CONTEXT_LENGTH = 32
"""Characters before a number that count as its context."""

_END = r"(?![a-z])"
OF_OTHERS = any_of(
    "hz khz mhz ghz rpm u/min ma mah ah amps amp a db dba km kmh mph min mins minutes minute hrs hr h "
    "hours hour s sec seconds second days day years year months month weeks week yrs yr pcs pc pieces "
    "piece packs pack pk ct count persons person people psi bar nm kcal cal calories kj wh kwh va lm "
    "lumens lumen k px dpi mp gb mb tb st stk servings serving capsules capsule tablets tablet colours "
    "colors nd rd th"
)
"""Units and counts that no entity has."""

_LETTER_LABELS = frozenset("lwhdtbø")
_BEFORE = re.compile(r"([^\W\d_]+|ø)\)?[:=. \-(]{0,4}$")
_BRACKETED = re.compile(r"\)[:=. ]{0,2}$")
_SIDES = any_of(
    "length width height depth diameter breite hohe tiefe lange largeur hauteur longueur ancho alto largo"
)
_AXIS = re.compile(rf"(?:{_SIDES}|[lwhdtbø])")
_HEADING = re.compile(
    rf"(?<![a-z])((?:{_AXIS.pattern}\)? ?[x*] ?\(?){{1,4}}{_AXIS.pattern})(?:\)[ :=.\-]{{0,4}}|[ :=.\-]{{1,4}})$"
)
_POST = re.compile(
    rf" ?\((l|w|h|d|t|b|{_SIDES})\)"
    r"| ?(l|w|h|d|ø)(?:(?![^\W\d_]|[0-9.])|(?=x ?[0-9.]))"
    rf"| ({any_of('long wide high deep tall thick breit hoch tief lang')}){_END}"
)
_LIMIT = any_of(
    "maximum maximal maximale maximo massimo maxi max up_to upto under below less_than lighter_than "
    "no_more_than not_more_than at_most over above at_least minimum min more_than exceeding exceeds "
    "exceed limit bis_zu bis hochstens mindestens weniger_als mehr_als jusqu'a jusque au_plus au_moins "
    "moins_de hasta menos_de al_menos mas_de fino_a almeno al_massimo meno_di < >"
)
_OF_WHAT = any_of(
    "of a about load weight capacity power watt wattage input output voltage gewicht last belastung "
    "peso poids carga charge di de"
)
_BOUND = re.compile(rf"(?<![a-z]){_LIMIT}[.: =]{{0,3}}(?:{_OF_WHAT}[ :.]{{1,3}}){{0,3}}$")
_BOUND_AFTER = re.compile(rf" ?\(?{any_of('maximum max min or_less or_under and_up or_more')}{_END}")
_APPROX = re.compile(
    rf"{any_of('about around approximately approx. approx circa ca. ca env. env environ etwa ~ ±')} ?$"
)
_MONEY_BEFORE = re.compile(r"(?:[$€£¥₹₽₩]|(?<![a-z])(?:rs|usd|eur|gbp|inr)\.?) ?$")
_MONEY_AFTER = re.compile(
    rf" ?(?:[€£¥₹$]|{any_of('usd euros euro eur gbp inr dollars dollar rupees')}{_END})"
)
_PERCENT = re.compile(r" ?[%‰]")
_DAY, _MONTH, _YEAR = "[0-3]?[0-9]", "[01]?[0-9]", "(?:19|20)[0-9]{2}"
_NOISE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![0-9]){_DAY}[/.\-]{_MONTH}[/.\-]{_YEAR}(?![0-9])",
        rf"(?<![0-9]){_MONTH}[/.\-]{_DAY}[/.\-]{_YEAR}(?![0-9])",
        rf"(?<![0-9]){_YEAR}[/.\-]{_MONTH}[/.\-]{_DAY}(?![0-9])",
        r"(?<![0-9])[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9])",
        r"(?<![0-9])24/7(?![0-9])",
        r"(?<![0-9.])[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])",
        r"(?<![0-9])(?:\+[0-9]{1,3}[ -])?\(?[0-9]{3,4}\)?[ -][0-9]{3}[ -][0-9]{4}(?![0-9])",
        r"(?<![0-9])[0-9]{1,3}° ?[0-9]{1,2}' ?(?:[0-9]{1,2}(?:\.[0-9]+)?\")?",
        r"(?<![0-9])[0-9]{3,4}[pi](?![a-z])",
        r"(?<![0-9])(?:640|1280|1920|2560|3840|7680) ?x ?[0-9]{3,4}(?! ?(?:mm|cm))",
        r"(?<![0-9.])(?:0|5|10|15|20|25)w ?-? ?(?:8|16|20|30|40|50|60)(?![0-9a-z.])",
    )
)
"""Dates, times of day, round the clock, network addresses, phone numbers, angles, resolutions, motor oil."""

_ATTACHED = re.compile(
    any_of(
        "max maximum min ac dc wt weight net netto neto vol volume cap capacity power input output voltage "
        "volt size about approx ca upto to of is and or x by height width depth length dia diameter load "
        "total contents inhalt peso poids gewicht wattage rated only usb battery motor von de da bis each "
        "hold holds"
    )
)
_OTHER_UNITS = re.compile(any_of("x mah ah wh hz khz ma a rpm gb va lm"))
_NETWORK = re.compile(
    r"wi-?fi|\bsim\b|\bssd|\bram\b|"
    + any_of(
        "network lte ghz phone mobile hotspot router wlan band bluetooth android ios tablet memory storage "
        "microsd micro_sd sd_card flash"
    )
)
_GENERATIONS = re.compile(any_of("2 3 4 5 6 8 16 32 64 128 256 512"))
_IN_WHAT = any_of(
    "1 one a an the my our your his her their its each every this that these stock total all order use "
    "case pack package box front store addition charge fact time"
)
_STOPS = {
    "in": re.compile(rf" ?-? ?(?:{_IN_WHAT}(?![a-z0-9.\"/])|{_YEAR}(?![0-9.]))"),
    "l": re.compile(r"[ .\-]{1,2}oz(?![a-z0-9])"),
    "once": re.compile(rf" {any_of('daily a per or every in at you the weekly it only and')}{_END}"),
}
"""What follows a word that is not a unit there: ``2 in stock``, ``1 once daily``, the l of ``12 fl oz``."""

_QUOTE = re.compile(r"(?:^|[ (\[:,])(\")(?=[a-z])")


def label_before(folded: str, text: str, start: int, keywords: frozenset[str]) -> tuple[str | None, int]:
    """Return the label that ends right before ``start`` and where it starts, or ``(None, start)``."""
    m = _BEFORE.search(folded, max(0, start - CONTEXT_LENGTH), start)
    if m is None:
        return None, start
    word = m[1]
    if word == "x":
        return None, start
    if word[0] == "x" and word[1:] in _LETTER_LABELS:
        return text[m.start(1) + 1 : m.end(1)], m.start(1) + 1
    before = folded[m.start(1) - 1] if m.start(1) else " "
    if word in _LETTER_LABELS:
        apart = m.end(1) < start
        joined = before in ("-'/" if apart else "-'") and m.start(1) > 1 and folded[m.start(1) - 2].isalnum()
        attached = before.isalnum() or joined
        follows_x = folded[max(0, m.start(1) - 2) : m.start(1)] in {"x ", "* "}
        separate = apart and not follows_x and ":" not in m[0] and "=" not in m[0] and word in "tb"
        bracketed = before == "(" and _BRACKETED.match(folded, m.end(1), start)
        left = m.start(1) - 1 if bracketed else m.start(1)
        return (None, start) if attached or separate else (text[m.start(1) : m.end(1)], left)
    return (text[m.start(1) : m.end(1)], m.start(1)) if word in keywords else (None, start)


def names_axis(label: str) -> bool:
    """Return whether a label names a dimension: ``W``, ``Height``."""
    return _AXIS.fullmatch(fold(label)) is not None


def heading(folded: str, text: str, start: int) -> list[str]:
    """Return the names in a heading of several dimensions, such as ``L x W x H:``, that ends right before ``start``.

    Examples
    --------
    >>> heading("size (w x d): 60 x 40", "Size (W x D): 60 x 40", 14)
    ['W', 'D']
    """
    if not start or folded[start - 1] not in ") :=.-":
        return []
    m = _HEADING.search(folded, max(0, start - 2 * CONTEXT_LENGTH), start)
    if m is None:
        return []
    return [text[m.start(1) + n.start() : m.start(1) + n.end()] for n in _AXIS.finditer(m[1])]


def label_after(folded: str, text: str, end: int) -> tuple[str | None, int]:
    """Return the label that starts at ``end``, as in ``24"W`` and ``30 cm (H)``, and where it ends."""
    m = _POST.match(folded, end)
    if m is None:
        return None, end
    group = next(i for i in (1, 2, 3) if m[i])
    return text[m.start(group) : m.end(group)], m.end()


def is_bound(folded: str, start: int, end: int) -> bool:
    """Return whether words before or after it make the quantity a limit."""
    low = max(0, start - CONTEXT_LENGTH)
    m = _APPROX.search(folded, low, start)
    return bool(_BOUND.search(folded, low, m.start() if m else start) or _BOUND_AFTER.match(folded, end))


def noise(folded: str) -> list[tuple[int, int]]:
    """Return the spans of dates, times of day, phone numbers and the like."""
    return [m.span() for pattern in _NOISE for m in pattern.finditer(folded)]


def is_money_or_percent(folded: str, start: int, end: int) -> bool:
    """Return whether the number is a price or a percentage."""
    return bool(
        _MONEY_BEFORE.search(folded, max(0, start - 6), start)
        or _PERCENT.match(folded, end)
        or _MONEY_AFTER.match(folded, end)
    )


def prefix_verdict(folded: str, start: int) -> str:
    """Return whether what precedes a number leaves it ``"free"``, ``"doubtful"`` (a part number?) or ``"bad"``."""
    if start == 0:
        return "free"
    before = folded[start - 1]
    low = max(0, start - CONTEXT_LENGTH)
    if before.isalpha() and before < "\u0500":
        run = re.search("[a-z\u00df-\u04ff]+$", folded[low:start])
        word = run[0] if run else before
        at = start - len(word)
        if at and folded[at - 1].isdigit():
            return "free" if _OTHER_UNITS.fullmatch(word) else "bad"
        if word == "e":
            return "doubtful"
        if _ATTACHED.fullmatch(word) or word in {"x", "ø"}:
            return "free"
        return "doubtful" if len(word) >= 2 else "bad"
    if before in "-_/" and start > 1 and folded[start - 2].isalnum():
        chunk = re.search(r"[^\s]+$", folded[low : start - 1])
        word = chunk[0] if chunk else ""
        long = len(word) >= 4 and not any(c.isdigit() for c in word)
        return "free" if before == "/" or long else "doubtful"
    return "bad" if before in "#^" else "free"


def unit_verdict(folded: str, text: str, written: str, number_start: int, start: int, end: int) -> str:
    """Return whether the context of a unit leaves it ``"free"``, ``"doubtful"`` or ``"bad"``: not a unit at all."""
    stop = _STOPS.get(written.lower())
    if stop and stop.match(folded, end):
        return "bad"
    number = text[number_start:start].strip()
    if written == "G" and _GENERATIONS.fullmatch(number):
        near = _NETWORK.search(folded, max(0, number_start - 60), end + 60)
        return "bad" if near else "doubtful" if len(folded.strip()) < 4 else "free"
    if written == "'" and folded[end : end + 1] == "s":
        return "bad"
    three_metres = written == "M" and number == "3"
    tons = written == "T" and start > 0 and text[start - 1].isdigit()
    quoted = folded[start] == '"' and closes_quote(folded, start)
    return "doubtful" if three_metres or tons or quoted else "free"


def closes_quote(folded: str, at: int) -> bool:
    """Return whether the quotation mark at ``at`` ends a quoted text rather than standing for inches."""
    low = max(0, at - 200)
    opened = [m.start(1) for m in _QUOTE.finditer(folded, low, at)]
    return bool(opened) and '"' not in folded[opened[-1] + 1 : at]


def keywords_of(schema: EntitySchema) -> frozenset[str]:
    """Return the folded single-word keywords of every entity."""
    return frozenset(
        fold(w) for e in schema.entities.values() for w in e.keywords if w.isalpha() and len(w) > 1
    )
