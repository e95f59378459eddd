"""Checks for odd labels: each kind of oddity with its count and a few of its rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hybridml.entities import EntitySchema
from hybridml.quantity import parse
from hybridml.quantity.unit_pairs import SAME_ANSWER, same_size

from .counts import labelled, measured

EXAMPLES_LISTED = 5

FAR_DECADES = 4.0
"""Decades from the entity's median beyond which a value is suspicious."""

REPEATED = 5
"""Number of photos of a group with one label from which on it counts as repeated."""

FACTORS = (10.0, 100.0, 1000.0, 2.54, 25.4, 12.0, 28.35, 16.0, 453.6, 2.205, 29.57)
"""Factors by which confused units or decimal points put a value off its group's median."""

_AXES = ("width", "height", "depth")


def label_oddities(table: pd.DataFrame, schema: EntitySchema) -> pd.DataFrame:
    """Return every kind of odd label with the rows of :func:`hybridml.report.eda.row_table.row_table` that have it.

    Columns are ``oddity, rows, share_pct`` of the labelled rows, and ``examples``: up to five indexes. Kinds that do
    not occur are listed with 0.
    """
    count = max(int(labelled(table).sum()), 1)
    records = []
    for name, mask in check_labels(table, schema).items():
        rows = int(mask.sum())
        examples = " ".join(str(i) for i in table.loc[mask, "index"].head(EXAMPLES_LISTED))
        records.append((name, rows, round(100 * rows / count, 2), examples))
    return pd.DataFrame(records, columns=["oddity", "rows", "share_pct", "examples"])


def check_labels(table: pd.DataFrame, schema: EntitySchema) -> dict[str, pd.Series]:
    """Return kind of oddity to a mask of the rows that have it."""
    families = {name: entity.family for name, entity in schema.entities.items()}
    unit_family = table["unit"].map({name: unit.family for name, unit in schema.units.items()})
    own_family = table["entity"].map(families)
    number = table["kind"].isin(("plain", "range"))
    known = own_family.notna() & unit_family.notna() & number
    two = _several_quantities(table)
    whole, some = measured(table), table[labelled(table)]
    of_photo = some[some["photo"] != ""]
    masks = {
        "range": table["kind"] == "range",
        "two quantities or more": two,
        "cannot be read": (table["kind"] == "unreadable") & ~two,
        "unit outside every list": table["kind"] == "foreign unit",
        "unit of another dimension": known & (own_family != unit_family),
        "unit of the dimension, not allowed": known & (own_family == unit_family) & ~table["fits"],
        "zero": table["value"] == 0,
        "negative": table["value"] < 0,
        f"more than {FAR_DECADES:g} decades from the entity's median": _far(whole),
        f"one label on {REPEATED} photos or more of a group": _repeated(some),
        "one photo and entity, different labels": differing(of_photo, ["photo", "entity"]),
        "width, height, depth: two equal on one photo": _equal_sides(whole),
        "unit factor from the group's median": _factor(whole),
    }
    return {name: m.reindex(table.index, fill_value=False).astype(bool) for name, m in masks.items()}


def _several_quantities(table: pd.DataFrame) -> pd.Series:
    unread = table["kind"] == "unreadable"
    several = {text: len(parse(text)) > 1 for text in table.loc[unread, "text"].unique()}
    return table["text"].map(several).eq(True) & unread


def _far(whole: pd.DataFrame) -> pd.Series:
    size = np.log10(whole["base"])
    return (size - size.groupby(whole["entity"]).transform("median")).abs() > FAR_DECADES


def _repeated(some: pd.DataFrame) -> pd.Series:
    known = some[(some["group"] != "") & (some["photo"] != "")]
    shared = known.groupby(["group", "entity", "text"])["photo"].transform("nunique")
    return shared >= REPEATED


def differing(some: pd.DataFrame, keys: Sequence[str]) -> pd.Series:
    """Return which labelled rows have another label with the same keys that means something else.

    Quantities within 1 % of each other mean the same, in whatever unit their entity allows.
    """
    named = some["value"].astype(str) + " " + some["unit"]
    # sizes are compared in units that fit, texts in all others
    text = named.where(some["unit"] != "", some["text"]).where(~some["fits"], "")
    by = [some[key] for key in keys]
    size = some["base"].where(some["fits"]).groupby(by)
    low, high = size.transform("min"), size.transform("max")
    apart = low.notna() & ~same_size(low, high, SAME_ANSWER)
    return (text.groupby(by).transform("nunique") > 1) | apart


def _equal_sides(whole: pd.DataFrame) -> pd.Series:
    known = whole[(whole["photo"] != "") & whole["entity"].isin(_AXES)]
    rounded = known.assign(size=known["base"].map(lambda value: float(f"{value:.4g}")))
    return rounded.groupby(["photo", "size"])["entity"].transform("nunique") > 1


def _factor(whole: pd.DataFrame) -> pd.Series:
    """Return the rows off their group's median by a factor of units, in groups where most rows are near it."""
    known = whole[whole["group"] != ""]
    if not len(known):
        return pd.Series(False, index=known.index)
    size = np.log10(known["base"])
    keys = [known["group"], known["entity"]]
    apart = (size - size.groupby(keys).transform("median")).abs()
    # among widely different products any factor occurs by chance
    steady = (apart < np.log10(1.5)).groupby(keys).transform("mean") >= 0.75
    enough = size.groupby(keys).transform("size") >= REPEATED
    off = np.abs(apart.to_numpy()[:, None] - np.log10(FACTORS)) < np.log10(1 + SAME_ANSWER)
    return steady & enough & off.any(axis=1)
