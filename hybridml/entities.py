"""The entity schema: the entities a row can ask for, the units each allows, and how units are spelled and converted.

All of it is data: ``entities.toml`` in the package, which a user can replace or extend with a file of their own
(:func:`load_entities`).
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from .errors import EntityError

SCHEMA_FORMAT = 1


@dataclass(frozen=True)
class Unit:
    """A unit of measurement in the spelling that answers use.

    Parameters
    ----------
    name : str
        The spelling of answers, e.g. ``"centimetre"``.
    family : str
        The quantity it measures: units of one family convert into each other.
    factor : float
        Number of the family's base units in one of this unit.
    spellings : tuple of str
        Spellings on products, matched without regard to case.
    exact : tuple of str
        Spellings in which case matters (``"mW"`` is not ``"MW"``).
    system : {"metric", "imperial"}
        A photo that gives a quantity twice gives it once in each system.
    per_area : tuple of str
        Spellings of a weight per square metre of fabric or paper, matched without regard to case: ``"gsm"``.
    """

    name: str
    family: str
    factor: float
    spellings: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    system: str = "metric"
    per_area: tuple[str, ...] = ()


AXES = ("", "level", "upright", "receding")
UNIT_SYSTEMS = ("metric", "imperial")


@dataclass(frozen=True)
class Entity:
    """A physical property that a row can ask for.

    Parameters
    ----------
    name : str
        As in the column ``entity_name``.
    family : str
        Family of its units.
    units : tuple of str
        Units an answer may use.
    keywords : tuple of str
        Words near a number that suggest this entity, in lower case and several languages.
    reads_as : mapping of str to str
        Units of another family that stand for one of this entity's: ``ounce`` on a bottle is a ``fluid ounce``.
    axis : {"", "level", "upright", "receding"}
        Usual direction of a dimension line that measures it; empty when it is not a length.
    """

    name: str
    family: str
    units: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    reads_as: Mapping[str, str] = field(default_factory=dict)
    axis: str = ""

    def unit_for(self, unit: str) -> str | None:
        """Return the unit of this entity that ``unit`` stands for, or None.

        Examples
        --------
        >>> from hybridml.entities import default_entities
        >>> volume = default_entities().entity("item_volume")
        >>> volume.unit_for("ounce"), volume.unit_for("litre"), volume.unit_for("volt")
        ('fluid ounce', 'litre', None)
        """
        return unit if unit in self.units else self.reads_as.get(unit)


@dataclass(frozen=True)
class EntitySchema:
    """Every entity and unit of a run, and the context words that distinguish kinds of quantity.

    Examples
    --------
    >>> from hybridml.entities import default_entities
    >>> schema = default_entities()
    >>> schema.convert(1.0, "foot", "inch")
    12.0
    >>> sorted(schema.entities)[:3]
    ['depth', 'height', 'item_volume']
    """

    units: Mapping[str, Unit]
    entities: Mapping[str, Entity]
    contexts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def entity(self, name: str) -> Entity:
        """Return an entity; raise :class:`EntityError`, naming the known ones, when there is none of this name."""
        return _known("entity", name, self.entities)

    def unit(self, name: str) -> Unit:
        """Return a unit; raise :class:`EntityError`, naming the known ones, when there is none of this name."""
        return _known("unit", name, self.units)

    def siblings(self, entity: str) -> list[str]:
        """Return the entities with the same units that are measured along other axes; none for one without axis.

        Examples
        --------
        >>> default_entities().siblings("width")
        ['height', 'depth']
        """
        own = self.entities.get(entity)
        if own is None or not own.axis:
            return []
        return [
            e.name
            for e in self.entities.values()
            if e.axis and e.name != entity and (e.units, e.reads_as) == (own.units, own.reads_as)
        ]

    def is_imperial(self, unit: str) -> bool:
        """Return whether a unit is of the imperial system."""
        return self.unit(unit).system == "imperial"

    def to_base(self, value: float, unit: str) -> float:
        """Return ``value`` in the base unit of its family."""
        return value * self.unit(unit).factor

    def related(self, unit: str, to: str) -> tuple[Unit, Unit]:
        """Return both units; raise :class:`EntityError` when they are not of one family."""
        a, b = self.unit(unit), self.unit(to)
        if a.family != b.family:
            family = ", ".join(sorted(u.name for u in self.units.values() if u.family == a.family))
            raise EntityError(
                f"cannot convert {a.name} ({a.family}) to {b.name} ({b.family}); expected one of: {family}"
            )
        return a, b

    def convert(self, value: float, unit: str, to: str) -> float:
        """Return ``value`` ``unit`` in unit ``to``; raise :class:`EntityError` across families."""
        a, b = self.related(unit, to)
        return value if a.name == b.name else value * a.factor / b.factor


Described = TypeVar("Described", Unit, Entity)


def _known(kind: str, name: str, table: Mapping[str, Described]) -> Described:
    if name not in table:
        raise EntityError(f"unknown {kind} {name!r}; expected one of: {', '.join(sorted(table))}")
    return table[name]


UNIT_KEYS = ("extends", "family", "factor", "spellings", "exact", "system", "per_area")
ENTITY_KEYS = ("extends", "units", "keywords", "reads_as", "axis")
SECTIONS = ("units", "entities", "contexts")

# the submission check accepts no other names of units
_UNIT_NAME = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)*")
_IGNORED_IN_SPELLINGS = re.compile(r"[ .\-]")


def parse_entities(text: str, source: str = "<string>", base: EntitySchema | None = None) -> EntitySchema:
    """Build an :class:`EntitySchema` from TOML text; see ``docs/guides/entities.md`` for the format.

    Parameters
    ----------
    text : str
        TOML with ``format``, ``[units.NAME]`` and ``[entities.NAME]`` tables.
    source : str
        Name used in errors.
    base : EntitySchema, optional
        The schema to extend: tables replace those of the same name, or add to them with ``extends = true``.

    Raises
    ------
    EntityError
        When the text is not TOML, its format is unknown, or a table lacks a key or has an unknown one.

    Examples
    --------
    >>> text = '''format = 1
    ... [units.lumen]
    ... family = "light"
    ... factor = 1.0
    ... spellings = ["lm"]
    ... [entities.brightness]
    ... units = ["lumen"]
    ... '''
    >>> parse_entities(text, base=default_entities()).entity("brightness").units
    ('lumen',)
    """
    raw = _tables(text, source)
    units = dict(base.units) if base else {}
    entities = dict(base.entities) if base else {}
    contexts = dict(base.contexts) if base else {}
    for name, table in raw["units"].items():
        where = f"{source}: [units.{name}]"
        units[name] = _unit(name, _extended(table, units.get(name), UNIT_KEYS, where), where)
    _check_spellings(units, set(raw["units"]), source)
    for name, table in raw["entities"].items():
        where = f"{source}: [entities.{name}]"
        entities[name] = _entity(name, _extended(table, entities.get(name), ENTITY_KEYS, where), units, where)
    contexts |= {name: _tuple(raw["contexts"], name, f"{source}: [contexts]") for name in raw["contexts"]}
    return EntitySchema(units, entities, contexts)


def _tables(text: str, source: str) -> dict[str, dict[str, Any]]:
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise EntityError(f"{source}: not valid TOML: {error}") from None
    if raw.get("format") != SCHEMA_FORMAT:
        raise EntityError(
            f"{source}: expected 'format = {SCHEMA_FORMAT}' at the top, got {raw.get('format')!r}"
        )
    unknown = sorted(set(raw) - {"format", *SECTIONS})
    if unknown:
        raise EntityError(
            f"{source}: nothing is known of {', '.join(map(repr, unknown))}; expected 'format' and the tables "
            "[units.NAME], [entities.NAME] and [contexts]"
        )
    for kind in SECTIONS:
        if not isinstance(raw.get(kind, {}), dict):
            raise EntityError(f"{source}: [{kind}] must be a table, got {raw[kind]!r}")
    return {kind: raw.get(kind, {}) for kind in SECTIONS}


def _extended(table: Any, old: Unit | Entity | None, keys: tuple[str, ...], where: str) -> dict[str, Any]:
    """Return a table, merged with the one it extends if any: lists and tables grow, other values are replaced."""
    if not isinstance(table, dict):
        raise EntityError(f"{where}: must be a table, got {table!r}")
    unknown = sorted(set(table) - set(keys))
    if unknown:
        raise EntityError(
            f"{where}: no such key: {', '.join(map(repr, unknown))}; expected some of: {', '.join(keys)}"
        )
    if table.get("extends", False) is False:
        return table
    if table["extends"] is not True or old is None:
        reason = "must be true or false" if old else "there is nothing of that name to extend: leave it out"
        raise EntityError(f"{where}: 'extends': {reason}")
    made = {key: value for key, value in asdict(old).items() if key in keys}
    for key, value in table.items():
        before = made.get(key)
        if isinstance(value, list) and isinstance(before, tuple):
            value = [*before, *(v for v in value if v not in before)]
        elif isinstance(value, dict) and isinstance(before, dict):
            value = before | value
        made[key] = value
    return made


def _unit(name: str, table: Mapping[str, Any], where: str) -> Unit:
    if not _UNIT_NAME.fullmatch(name):
        raise EntityError(
            f"{where}: the name of a unit is its spelling in answers: letters a to z and single blanks, such as "
            "'ampere hour'; give other spellings as 'spellings'"
        )
    family, factor = table.get("family"), table.get("factor")
    if not isinstance(family, str) or isinstance(factor, bool) or not isinstance(factor, int | float):
        raise EntityError(f"{where}: needs 'family' (a string) and 'factor' (a number)")
    if not 0 < factor < math.inf:
        raise EntityError(f"{where}: 'factor' must be above 0, got {factor!r}")
    system = table.get("system", "metric")
    if system not in UNIT_SYSTEMS:
        raise EntityError(
            f"{where}: 'system' must be one of {', '.join(map(repr, UNIT_SYSTEMS))}, got {system!r}"
        )
    spellings, exact, per_area = (_tuple(table, key, where) for key in ("spellings", "exact", "per_area"))
    return Unit(name, family, float(factor), spellings, exact, system, per_area)


def _entity(name: str, table: Mapping[str, Any], units: Mapping[str, Unit], where: str) -> Entity:
    allowed = _tuple(table, "units", where)
    reads_as = table.get("reads_as", {})
    if not isinstance(reads_as, dict):
        raise EntityError(f"{where}: 'reads_as' must be a table of units, got {reads_as!r}")
    for unit in (*allowed, *reads_as, *reads_as.values()):
        if unit not in units:
            raise EntityError(
                f"{where}: unit {unit!r} has no [units] table; known are: {', '.join(sorted(units))}"
            )
    for unit in reads_as.values():
        if unit not in allowed:
            raise EntityError(f"{where}: 'reads_as' leads to {unit!r}, which is none of its 'units'")
    families = {units[u].family for u in allowed}
    if len(families) != 1:
        raise EntityError(f"{where}: needs 'units' of one family, got {sorted(families) or 'none'}")
    axis = table.get("axis", "")
    if axis not in AXES:
        raise EntityError(f"{where}: 'axis' must be one of {', '.join(map(repr, AXES))}, got {axis!r}")
    keywords = tuple(word.lower() for word in _tuple(table, "keywords", where))
    return Entity(name, families.pop(), allowed, keywords, reads_as, axis)


def _tuple(raw: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = raw.get(key, ())
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        raise EntityError(f"{where}: {key!r} must be a list of strings, got {value!r}")
    return tuple(value)


def _check_spellings(units: Mapping[str, Unit], fresh: Set[str], source: str) -> None:
    """Refuse a spelling that two units share if one of them is in this file."""
    owners: dict[str, str] = {}
    owners_per_area: dict[str, str] = {}
    for unit in units.values():
        loose = {_loose(s) for s in (unit.name, *unit.spellings)}
        for key in {_loose(s) for s in unit.per_area}:
            other = owners_per_area.setdefault(key, unit.name)
            if key in loose or (other != unit.name and {other, unit.name} & fresh):
                both = f"both {other!r} and {unit.name!r}" if other != unit.name else f"{other!r} itself too"
                raise EntityError(
                    f"{source}: {key!r} in 'per_area' is a spelling of {both}; keep one of them"
                )
        for key in (*loose, *(f"={spelling}" for spelling in unit.exact)):
            other = owners.setdefault(key, unit.name)
            if other != unit.name and {other, unit.name} & fresh:
                raise EntityError(
                    f"{source}: {key.removeprefix('=')!r} is a spelling of both {other!r} and {unit.name!r}; give it "
                    "to one of them or, where only case differs, to each as 'exact'"
                )


def _loose(spelling: str) -> str:
    return _IGNORED_IN_SPELLINGS.sub("", spelling.lower())


def load_entities(path: str | Path, extend: bool = True) -> EntitySchema:
    """Read an entity file, which extends the packaged entities unless ``extend`` is false."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EntityError(f"cannot read the entity file {path}: {error}") from None
    return parse_entities(text, str(path), default_entities() if extend else None)


@lru_cache(maxsize=1)
def default_entities() -> EntitySchema:
    """Return the packaged entities: the eight of the challenge."""
    text = resources.files("hybridml").joinpath("entities.toml").read_text(encoding="utf-8")
    return parse_entities(text, "hybridml/entities.toml")
