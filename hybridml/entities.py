"""The entities that can be asked for, the units each allows, and how units are spelled and converted.

All of it is data: ``data/entities.toml`` in the package, which a user can replace or extend with a file of
their own (:func:`load_entities`).
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
from typing import Any

from .errors import EntityError

FORMAT = 1


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
        How many base units of the family one of this unit is.
    spellings : tuple of str
        Ways it is written on products, matched without regard to case.
    exact : tuple of str
        Ways it is written where case decides (``"mW"`` is no ``"MW"``).
    system : {"metric", "imperial"}
        Photos that give a quantity twice give it once in each.
    per_area : tuple of str
        Ways it is written of a square metre of fabric or paper, without regard to case: ``"gsm"``.
    """

    name: str
    family: str
    factor: float
    spellings: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    system: str = "metric"
    per_area: tuple[str, ...] = ()


AXES = ("", "level", "upright", "receding")
SYSTEMS = ("metric", "imperial")


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
        Words near a number that speak for this entity, lower case, in several languages.
    reads_as : mapping of str to str
        Units of another family that mean one of this entity's on a product: ``ounce`` on a bottle is a
        ``fluid ounce``.
    axis : {"", "level", "upright", "receding"}
        Which way a dimension line that measures it usually runs; empty when it is no length.
    """

    name: str
    family: str
    units: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    reads_as: Mapping[str, str] = field(default_factory=dict)
    axis: str = ""

    def unit_for(self, unit: str) -> str | None:
        """Return the allowed unit that ``unit`` stands for when this entity is asked, or None.

        Examples
        --------
        >>> from hybridml.entities import default_entities
        >>> volume = default_entities().entity("item_volume")
        >>> volume.unit_for("ounce"), volume.unit_for("litre"), volume.unit_for("volt")
        ('fluid ounce', 'litre', None)
        """
        if unit in self.units:
            return unit
        return self.reads_as.get(unit)


@dataclass(frozen=True)
class EntitySchema:
    """Every entity and unit known in a run, and the contexts that tell sorts of quantity apart.

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
        """Return the entity called ``name``; raise :class:`EntityError` naming the known ones."""
        try:
            return self.entities[name]
        except KeyError:
            raise EntityError(
                f"unknown entity {name!r}; expected one of: {', '.join(sorted(self.entities))}"
            ) from None

    def unit(self, name: str) -> Unit:
        """Return the unit called ``name``; raise :class:`EntityError` when there is none."""
        try:
            return self.units[name]
        except KeyError:
            raise EntityError(
                f"unknown unit {name!r}; expected one of: {', '.join(sorted(self.units))}"
            ) from None

    def siblings(self, entity: str) -> list[str]:
        """Return the entities measured along other axes, with the same units; none for an entity without axis.

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

    def families(self, unit: str) -> frozenset[str]:
        """Return the families whose entities accept ``unit``, its own first and by ``reads_as``."""
        own = {self.unit(unit).family}
        return frozenset(own | {e.family for e in self.entities.values() if unit in e.reads_as})


UNIT_KEYS = ("extends", "family", "factor", "spellings", "exact", "system", "per_area")
ENTITY_KEYS = ("extends", "units", "keywords", "reads_as", "axis")
TABLES = ("units", "entities", "contexts")

# an answer is accepted with a unit of such a name only
_UNIT_NAME = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)*")
_UNSEEN = re.compile(r"[ .\-]")


def parse_entities(text: str, source: str = "<string>", base: EntitySchema | None = None) -> EntitySchema:
    """Build an :class:`EntitySchema` from TOML text; see ``docs/entities.md`` for the format.

    Parameters
    ----------
    text : str
        TOML with ``format``, ``[units.NAME]`` and ``[entities.NAME]`` tables.
    source : str
        Name used in errors.
    base : EntitySchema, optional
        What the text extends: its tables replace those of the same name, or add to them with ``extends = true``.

    Raises
    ------
    EntityError
        When the text is no TOML, its format is not known, or a table lacks what it needs or has what is not known.

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
    if raw.get("format") != FORMAT:
        raise EntityError(f"{source}: expected 'format = {FORMAT}' at the top, got {raw.get('format')!r}")
    unknown = sorted(set(raw) - {"format", *TABLES})
    if unknown:
        raise EntityError(
            f"{source}: nothing is known of {', '.join(map(repr, unknown))}; expected 'format' and tables "
            "[units.NAME], [entities.NAME] and [contexts]"
        )
    for kind in TABLES:
        if not isinstance(raw.get(kind, {}), dict):
            raise EntityError(f"{source}: [{kind}] must be a table, got {raw[kind]!r}")
    return {kind: raw.get(kind, {}) for kind in TABLES}


def _extended(table: Any, old: Unit | Entity | None, keys: tuple[str, ...], where: str) -> dict[str, Any]:
    """Return a table with what it extends, if it does: lists and tables grow, other values are replaced."""
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
            made[key] = [*before, *(v for v in value if v not in before)]
        elif isinstance(value, dict) and isinstance(before, dict):
            made[key] = before | value
        else:
            made[key] = value
    return made


def _unit(name: str, table: Mapping[str, Any], where: str) -> Unit:
    if not _UNIT_NAME.fullmatch(name):
        raise EntityError(
            f"{where}: a unit's name is what answers say: letters a to z and single blanks, such as 'ampere hour'; "
            "give other ways to write it as 'spellings'"
        )
    factor = table.get("factor")
    if (
        not isinstance(table.get("family"), str)
        or isinstance(factor, bool)
        or not isinstance(factor, int | float)
    ):
        raise EntityError(f"{where}: needs 'family' (a string) and 'factor' (a number)")
    if not 0 < factor < math.inf:
        raise EntityError(f"{where}: 'factor' must be above 0, got {factor!r}")
    system = table.get("system", "metric")
    if system not in SYSTEMS:
        raise EntityError(f"{where}: 'system' must be one of {', '.join(map(repr, SYSTEMS))}, got {system!r}")
    spellings, exact, per_area = (_tuple(table, key, where) for key in ("spellings", "exact", "per_area"))
    return Unit(name, table["family"], float(factor), spellings, exact, system, per_area)


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
    """Refuse a spelling that two units have, one of them of this file: text could not tell which is meant."""
    owners: dict[str, str] = {}
    owners_per_area: dict[str, str] = {}
    for unit in units.values():
        loose = {_UNSEEN.sub("", s.lower()) for s in (unit.name, *unit.spellings)}
        for key in {_UNSEEN.sub("", s.lower()) for s in unit.per_area}:
            other = owners_per_area.setdefault(key, unit.name)
            if key in loose or (other != unit.name and {other, unit.name} & fresh):
                both = (
                    f"both {other!r} and {unit.name!r}" if other != unit.name else f"{unit.name!r} itself too"
                )
                raise EntityError(
                    f"{source}: {key!r} in 'per_area' is a spelling of {both}; keep one of them"
                )
        for key in (*loose, *(f"={spelling}" for spelling in unit.exact)):
            other = owners.setdefault(key, unit.name)
            if other != unit.name and {other, unit.name} & fresh:
                raise EntityError(
                    f"{source}: {key.removeprefix('=')!r} is a spelling of both {other!r} and {unit.name!r}; give it "
                    "to one of them, or, where case tells them apart, to each as 'exact'"
                )


def load_entities(path: str | Path, extend: bool = True) -> EntitySchema:
    """Read entities from a file, extending the packaged ones unless ``extend`` is false."""
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
