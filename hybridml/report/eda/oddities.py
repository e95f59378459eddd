"""Labels to look at twice: each sort with its count and a few of its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from hybridml.entities import EntitySchema
from hybridml.quantity import parse

from .counts import labelled, measured

EXAMPLES = 5

FAR = 4.0
"""Decades from the entity's median, in log10, from which a value is far outside."""

REPEATED = 5
"""Photos of a group that share a label, from which on it counts as repeated."""

FACTORS = (10.0, 100.0, 1000.0, 2.54, 25.4, 12.0, 28.35, 16.0, 453.6, 2.205, 29.57)
"""Confusions of units and decimal points: a value and its group's median apart by one of these."""

_TOLERANCE = 0.01
_AXES = ("width", "height", "depth")


def oddities(table: pd.DataFrame, schema: EntitySchema) -> pd.DataFrame:
    """Return every sort of odd label with the rows that have it.

    Parameters
    ----------
    table : data frame
        From :func:`hybridml.report.eda.facts.facts`.
    schema : EntitySchema
        Entities and units.

    Returns
    -------
    data frame
        ``oddity, rows, share_pct`` of the labelled rows, and ``examples``: up to five indexes. Sorts that do not
        occur are there with 0.
    """
    count = max(int(labelled(table).sum()), 1)
    records = []
    for name, mask in masks(table, schema).items():
        rows = int(mask.sum())
        examples = " ".join(str(i) for i in table.loc[mask, "index"].head(EXAMPLES))
        records.append((name, rows, round(100 * rows / count, 2), examples))
    return pd.DataFrame(records, columns=["oddity", "rows", "share_pct", "examples"])


def masks(table: pd.DataFrame, schema: EntitySchema) -> dict[str, pd.Series]:
    """Return sort of oddity to the rows that have it."""
    families = {name: entity.family for name, entity in schema.entities.items()}
    unit_family = table["unit"].map({name: unit.family for name, unit in schema.units.items()})
    own_family = table["entity"].map(families)
    number = table["kind"].isin(("plain", "range"))
    known = own_family.notna() & unit_family.notna() & number
    two = _several_quantities(table)
    whole, told = measured(table), table[labelled(table)]
    sorts: dict[str, Callable[[], pd.Series]] = {
        "range": lambda: table["kind"] == "range",
        "two quantities or more": lambda: two,
        "cannot be read": lambda: (table["kind"] == "unreadable") & ~two,
        "unit outside every list": lambda: table["kind"] == "foreign unit",
        "unit of another dimension": lambda: known & (own_family != unit_family),
        "unit of the dimension, not allowed": lambda: known & (own_family == unit_family) & ~table["fits"],
        "zero": lambda: table["value"] == 0,
        "negative": lambda: table["value"] < 0,
        f"more than {FAR:g} decades from the entity's median": lambda: _on(table, _far(whole)),
        f"one label on {REPEATED} photos or more of a group": lambda: _on(table, _repeated(told)),
        "one photo and entity, different labels": lambda: _on(table, _contradicting(told)),
        "width, height, depth: two equal on one photo": lambda: _on(table, _equal_sides(whole)),
        "unit factor from the group's median": lambda: _on(table, _factor(whole)),
    }
    return {name: mask() for name, mask in sorts.items()}


def _on(table: pd.DataFrame, some: pd.Series) -> pd.Series:
    return some.reindex(table.index, fill_value=False).astype(bool)


def _several_quantities(table: pd.DataFrame) -> pd.Series:
    unread = table["kind"] == "unreadable"
    several = {text: len(parse(text)) > 1 for text in table.loc[unread, "text"].unique()}
    return table["text"].map(several).eq(True) & unread


def _far(whole: pd.DataFrame) -> pd.Series:
    size = np.log10(whole["base"])
    return (size - size.groupby(whole["entity"]).transform("median")).abs() > FAR


def _repeated(told: pd.DataFrame) -> pd.Series:
    known = told[(told["group"] != "") & (told["photo"] != "")]
    shared = known.groupby(["group", "entity", "text"])["photo"].transform("nunique")
    return shared >= REPEATED


def _contradicting(told: pd.DataFrame) -> pd.Series:
    return differing(told[told["photo"] != ""], ["photo", "entity"])


def differing(told: pd.DataFrame, keys: Sequence[str]) -> pd.Series:
    """Return the labelled rows whose label means something else than another's with the same keys.

    Quantities within 1 % mean the same, in whatever unit their entity allows.
    """
    named = told["value"].astype(str) + " " + told["unit"]
    # of a unit that fits the size tells; of any other only what is written can be compared
    sense = named.where(told["unit"] != "", told["text"]).where(~told["fits"], "")
    by = [told[key] for key in keys]
    size = told["base"].where(told["fits"]).groupby(by)
    low, high = size.transform("min"), size.transform("max")
    apart = (high - low) > _TOLERANCE * np.maximum(low.abs(), high.abs())
    return (sense.groupby(by).transform("nunique") > 1) | apart


def _equal_sides(whole: pd.DataFrame) -> pd.Series:
    known = whole[(whole["photo"] != "") & whole["entity"].isin(_AXES)]
    rounded = known.assign(size=known["base"].map(lambda value: float(f"{value:.4g}")))
    return rounded.groupby(["photo", "size"])["entity"].transform("nunique") > 1


def _factor(whole: pd.DataFrame) -> pd.Series:
    """Return the rows apart from their group's median by a factor of units, in groups where most are near it."""
    known = whole[whole["group"] != ""]
    if not len(known):
        return pd.Series(False, index=known.index)
    size = np.log10(known["base"])
    keys = [known["group"], known["entity"]]
    apart = (size - size.groupby(keys).transform("median")).abs()
    # a group of widely different products has any factor in it by chance
    steady = (apart < np.log10(1.5)).groupby(keys).transform("mean") >= 0.75
    enough = size.groupby(keys).transform("size") >= REPEATED
    near = np.zeros(len(known), dtype=bool)
    for factor in FACTORS:
        near |= np.abs(apart.to_numpy() - np.log10(factor)) < np.log10(1 + _TOLERANCE)
    return steady & enough & pd.Series(near, index=known.index)
