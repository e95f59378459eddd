"""The entities that can be asked for, the units each allows, and how units are spelled and converted.

All of it is data: ``data/entities.toml`` in the package, which a user can replace or extend with a file of
their own (:func:`load_entities`).
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """

    name: str
    family: str
    factor: float
    spellings: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    system: str = "metric"


AXES = ("", "level", "upright", "receding")


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
class EntityBook:
    """Every entity and unit known in a run, and the contexts that tell sorts of quantity apart.

    Examples
    --------
    >>> from hybridml.entities import default_entities
    >>> book = default_entities()
    >>> book.convert(1.0, "foot", "inch")
    12.0
    >>> sorted(book.entities)[:3]
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

    def to_base(self, value: float, unit: str) -> float:
        """Return ``value`` in the base unit of its family."""
        return value * self.unit(unit).factor

    def convert(self, value: float, unit: str, to: str) -> float:
        """Return ``value`` ``unit`` in unit ``to``; raise :class:`EntityError` across families."""
        a, b = self.unit(unit), self.unit(to)
        if a.family != b.family:
            raise EntityError(f"cannot convert {a.name} ({a.family}) to {b.name} ({b.family})")
        return value if a.name == b.name else value * a.factor / b.factor

    def families(self, unit: str) -> frozenset[str]:
        """Return the families whose entities accept ``unit``, its own first and by ``reads_as``."""
        own = {self.unit(unit).family}
        return frozenset(own | {e.family for e in self.entities.values() if unit in e.reads_as})


def _tuple(raw: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = raw.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise EntityError(f"{where}: {key!r} must be a list of strings, got {value!r}")
    return tuple(value)


def parse_entities(text: str, source: str = "<string>", base: EntityBook | None = None) -> EntityBook:
    """Build an :class:`EntityBook` from TOML text; see ``data/entities.toml`` for the format.

    Parameters
    ----------
    text : str
        TOML with ``format``, ``[units.NAME]`` and ``[entities.NAME]`` tables.
    source : str
        Name used in errors.
    base : EntityBook, optional
        What the text extends: its tables replace those of the same name.

    Raises
    ------
    EntityError
        When the text is no TOML, its format is not known, or a table lacks what it needs.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise EntityError(f"{source}: not valid TOML: {error}") from None
    if raw.get("format") != FORMAT:
        raise EntityError(f"{source}: expected 'format = {FORMAT}', got {raw.get('format')!r}")
    units = dict(base.units) if base else {}
    entities = dict(base.entities) if base else {}
    for kind in ("units", "entities", "contexts"):
        if not isinstance(raw.get(kind, {}), dict):
            raise EntityError(f"{source}: [{kind}] must be a table, got {raw[kind]!r}")
    for name, table in raw.get("units", {}).items():
        where = f"{source}: [units.{name}]"
        if not isinstance(table, dict):
            raise EntityError(f"{where}: must be a table, got {table!r}")
        if not isinstance(table.get("family"), str) or not isinstance(table.get("factor"), int | float):
            raise EntityError(f"{where}: needs 'family' (a string) and 'factor' (a number)")
        if not 0 < table["factor"] < math.inf:
            raise EntityError(f"{where}: 'factor' must be above 0, got {table['factor']!r}")
        units[name] = Unit(
            name,
            table["family"],
            float(table["factor"]),
            _tuple(table, "spellings", where),
            _tuple(table, "exact", where),
            table.get("system", "metric"),
        )
    for name, table in raw.get("entities", {}).items():
        where = f"{source}: [entities.{name}]"
        if not isinstance(table, dict):
            raise EntityError(f"{where}: must be a table, got {table!r}")
        allowed = _tuple(table, "units", where)
        reads_as = table.get("reads_as", {})
        if not isinstance(reads_as, dict):
            raise EntityError(f"{where}: 'reads_as' must be a table of units, got {reads_as!r}")
        for unit in (*allowed, *reads_as, *reads_as.values()):
            if unit not in units:
                raise EntityError(f"{where}: unit {unit!r} has no [units] table")
        families = {units[u].family for u in allowed}
        if len(families) != 1:
            raise EntityError(f"{where}: its units must be of one family, got {sorted(families)}")
        axis = table.get("axis", "")
        if axis not in AXES:
            raise EntityError(f"{where}: 'axis' must be one of {', '.join(map(repr, AXES))}, got {axis!r}")
        entities[name] = Entity(
            name, families.pop(), allowed, _tuple(table, "keywords", where), reads_as, axis
        )
    contexts = dict(base.contexts) if base else {}
    words = raw.get("contexts", {})
    contexts |= {name: _tuple(words, name, f"{source}: [contexts]") for name in words}
    return EntityBook(units, entities, contexts)


def load_entities(path: str | Path, extend: bool = True) -> EntityBook:
    """Read entities from a file, extending the packaged ones unless ``extend`` is false."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EntityError(f"cannot read the entity file {path}: {error}") from None
    return parse_entities(text, str(path), default_entities() if extend else None)


@lru_cache(maxsize=1)
def default_entities() -> EntityBook:
    """Return the packaged entities: the eight of the challenge."""
    text = resources.files("hybridml").joinpath("data/entities.toml").read_text(encoding="utf-8")
    return parse_entities(text, "hybridml/data/entities.toml")
