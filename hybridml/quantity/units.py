"""Unit tables: the spellings of units on products, compiled from an entity schema."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from hybridml.entities import EntitySchema, default_entities

from . import context
from .fold import any_of, fold

FOREIGN = {
    "kilometre": ("length", 100000.0, "km kms kilometre kilometres kilometer kilometers"),
    "mile": ("length", 160934.4, "mi mile miles"),
}
"""Units that no answer may use but that occur in sums: 2 km and 1 metre."""

_MISREAD = (
    ("oz", "0z o2 0z. 02z oz0 z"), ("fl oz", "fl_0z fi_oz f1_oz fl_z fi0z f10z fl0z fl_02 f_oz l_oz i_oz n_oz fl_o"),
    ("lbs", "ibs 1bs |bs lb5 1b5 ib5"), ("lb", "ib 1b |b b"), ("kg", "kq kc k9 k_g xg ka kge kg_e"),
    ("g", "q ge g_e"), ("mg", "m9 mq"), ("ml", "m1 mi m| rnl rn1 m_l mle ml_e nl"),
    ("mm", "rnm mrn rnrn m_m"), ("cm", "crn c_m ern cn om"), ("inch", "lnch 1nch inoh incn jnch inch5 inche"),
    ("in", "ln 1n jn n"), ("inches", "lnches 1nches"), ("feet", "fcet teet"), ("ft", "f1"),
    ("cl", "ci"), ("gal", "gai ga1"), ("kgs", "kqs"), ("gm", "grn"),
    ("watt", "walt vvatt wats watl"), ("w", "vv"), ("volt", "voit vo1t"), ("gram", "grarn grarns gra"),
)  # fmt: skip
_LETTER = "[a-z\u00df-\u024f\u0370-\u03ff\u0400-\u04ff]"
_AFTER = rf"(?:(?!{_LETTER})|(?=x ?[lwhdø]?[: ]?[0-9.]))"
_AFTER_LABEL = rf"(?:{_AFTER}|(?=[lwhdt](?!{_LETTER})))"
_NO_AREA = r"(?! ?[²³^]|[23](?![0-9.,]))"
_NO_DIGITS = r"(?![.,]?[0-9])"
_LONG = r"(?=[^\W\d_]{2})"
_SHORT = r"(?=[^\W\d_](?![^\W\d_]))"
_MISREAD_START = r"[01][a-z][a-z0-9]?(?![a-z0-9])"
_GAP = re.compile(
    rf" {{0,2}}(?:[-.]? ?{_LONG}|-{_SHORT}|(?=[^\W\d_]|[\"'|%‰°º㎀-㏟]|{_MISREAD_START}))"
    rf"| ?[(\[] ?(?={_LONG}[^)\]]{{0,14}}[)\]])"
)
_CLOSED = re.compile(r" ?[)\]]")
_IGNORED = re.compile(r"[ .\-]")
_WORD_GAP = re.compile(r"(?: |-)(?:of )?(?:an? |de |di |d')?")
TORQUE = re.compile(rf"[ .-]{{0,2}}{any_of('lbs lb pounds pound hg poise force')}(?![a-z])")
_PER = any_of(
    "m km cm mm in inch ft foot yd l dl ml cl litre liter gal gallon kg g mg lb oz h hr hrs hour std "
    "min minute sec s second sqm sq square quadratmeter metre meter metro ha acre mol mile m² m2 cm2 cm² hz k"
)
_NO_TIME = rf"(?! ?[/x*.] ?(?:24|{any_of('h hr d day tag jour dia')}(?!{_LETTER})))"
"""What passes through a square metre in a day is a flow rate: ``5000 g/m²/24h``."""
RATE = re.compile(rf" ?(?:/|·| per | pro | par ) ?{_PER}(?![a-z0-9])")

TEXTS_CACHED = 2048
"""Texts whose quantities are cached: those of one photo are parsed again, and many texts occur on many photos."""

Kind = Literal["strict", "lenient", "per area"]
"""Which spellings: those of the schema, the same with what OCR makes of them, or those of a weight per area."""


@dataclass(frozen=True)
class UnitMatch:
    """A unit found in a text: its name in answers, where it stands, and how it is written."""

    name: str
    start: int
    end: int
    written: str


@dataclass(frozen=True, eq=False)
class UnitTable:
    """The compiled spellings of a schema, and the words that label its quantities."""

    family: dict[str, str]
    factor: dict[str, float]
    allowed: frozenset[str]
    names: dict[str, str]
    exact: dict[str, str]
    sources: dict[str, str]
    keywords: frozenset[str]
    _patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)

    def _pattern(self, first: str) -> re.Pattern[str] | None:
        """Return the pattern of the units that start with a character; it is compiled on first use, which is slow."""
        if first not in self._patterns and first in self.sources:
            self._patterns[first] = re.compile(self.sources[first])
        return self._patterns.get(first)

    def match(self, folded: str, text: str, at: int) -> UnitMatch | None:
        """Return the unit that starts exactly at ``at``."""
        if at >= len(folded) or (pattern := self._pattern(folded[at])) is None:
            return None
        if (m := pattern.match(folded, at)) is None:
            return None
        written = text[at : m.end()]
        name = self.exact.get(written) or self.names.get(spelling_key(m[0]))
        return UnitMatch(name, at, m.end(), written) if name else None

    def after(self, folded: str, text: str, at: int, word: bool = False) -> UnitMatch | None:
        """Return the unit that follows a number ending at ``at``; after a number in words it must be a long one."""
        if word:
            gap = _WORD_GAP.match(folded, at)
            found = self.match(folded, text, gap.end()) if gap else None
            short = found is None or len(found.written) < 2 or found.written.lower() in {"in", "''"}
            return None if short else found
        gap = _GAP.match(folded, at)
        if gap is None:
            return None
        found = self.match(folded, text, gap.end())
        if found and gap[0].strip() in {"(", "["}:
            closed = _CLOSED.match(folded, found.end)
            return UnitMatch(found.name, found.start, closed.end(), found.written) if closed else None
        if found and gap[0] and found.written in "vV" and folded[found.end : found.end + 1].isalpha():
            return None
        return found


def spelling_key(written: str) -> str:
    """Return a folded spelling without the characters that do not matter."""
    return _IGNORED.sub("", written)


def _pattern(spelling: str, length: bool) -> str:
    if not spelling[-1].isalpha():
        body = r"[ .\-]{0,2}".join(map(re.escape, re.split(r"[ .\-]+", spelling)))
        if spelling == "'":
            return rf"'(?!'|[0-9]{{3}}){_AFTER_LABEL}"
        return body + (f"{_NO_DIGITS}(?!{_LETTER})" if spelling[-1].isdigit() else "")
    if spelling.isalpha() and spelling.isascii() and 2 <= len(spelling) <= 3:
        body = r"\.?".join(spelling)
    else:
        body = r"[ .\-]{0,2}".join(re.escape(p) for p in re.split(r"[ .\-]+", spelling) if p)
    if length:
        return body + (_AFTER_LABEL if len(spelling) > 1 else _AFTER) + _NO_AREA
    return body + _AFTER


def _area_pattern(spelling: str) -> str:
    """Return the pattern of a weight per area; a spelling right behind its number may have a word right behind it."""
    if spelling.isalpha() and len(spelling) <= 3:
        body = r"\.?".join(spelling)
    else:
        words = re.split(r"[ .\-]+", spelling)
        body = r"[ .\-]{0,2}".join(re.escape(word).replace("/", " ?/ ?") for word in words if word)
    ends = (
        rf"(?:(?!{_LETTER})|(?<=[0-9]{re.escape(spelling)}))" if spelling[-1].isalpha() else r"(?![.,]?[0-9])"
    )
    return body + ends + _NO_TIME


def _sources(patterns: dict[str, str]) -> dict[str, str]:
    """Return first character to the alternatives of all spellings that start with it, the longest first."""
    by_first: dict[str, list[str]] = {}
    for spelling in sorted(patterns, key=len, reverse=True):
        by_first.setdefault(spelling[0], []).append(f"(?:{patterns[spelling]})")
    return {first: "|".join(alternatives) for first, alternatives in by_first.items()}


def _build(schema: EntitySchema, kind: Kind) -> UnitTable:
    family = {u.name: u.family for u in schema.units.values()} | {n: f[0] for n, f in FOREIGN.items()}
    factor = {u.name: u.factor for u in schema.units.values()} | {n: f[1] for n, f in FOREIGN.items()}
    if kind == "per area":
        exact: dict[str, str] = {}
        listed = [(fold(s), u.name) for u in schema.units.values() for s in u.per_area if s.strip(" .-")]
        names = {spelling_key(spelling): unit for spelling, unit in listed}
        sources = _sources({spelling: _area_pattern(spelling) for spelling, _ in listed})
    else:
        exact = {e: u.name for u in schema.units.values() for e in u.exact}
        names, spelled = _spellings(schema, kind == "lenient")
        sources = _sources({s: _pattern(s, family[name] == "length") for s, name in spelled.items()})
        if kind == "lenient" and "v" in sources:
            sources["v"] += f"|(?:v(?={_LETTER}{{3}}))"
    return UnitTable(
        family, factor, frozenset(schema.units), names, exact, sources, context.keywords_of(schema)
    )


def _spellings(schema: EntitySchema, lenient: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Return unit by spelling, once without the characters that do not matter, and once as folded."""
    names: dict[str, str] = {}
    spelled: dict[str, str] = {}

    def add(spelling: str, unit: str) -> None:
        spelled.setdefault(spelling, unit)
        names.setdefault(spelling_key(spelling), unit)

    for unit in schema.units.values():
        for spelling in (*unit.spellings, *unit.exact, unit.name):
            if folded := fold(spelling):
                add(folded, unit.name)
    more = [(names.get(spelling_key(right)), wrong) for right, wrong in (_MISREAD if lenient else ())]
    more += [(name, spellings) for name, (_, _, spellings) in FOREIGN.items() if name not in schema.units]
    for name, spellings in more:
        if name:
            for spelling in spellings.split():
                add(spelling.replace("_", " "), name)
    return names, spelled


_tables: dict[tuple[int, Kind], tuple[EntitySchema, UnitTable]] = {}
"""The tables made so far, each with its schema: an id is that of one object only while the object is kept."""


def table_for(schema: EntitySchema | None = None, kind: Kind = "strict") -> UnitTable:
    """Return the compiled spellings of ``schema``."""
    schema = schema or default_entities()
    key = id(schema), kind
    if key not in _tables:
        _tables[key] = schema, _build(schema, kind)
    return _tables[key][1]
