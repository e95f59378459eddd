"""Tables of counts and values, each a pure function of the table of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hybridml.datasets.labels import repair_unit
from hybridml.datasets.rows import RowFault
from hybridml.entities import EntitySchema

from .row_table import base_units

GROUPS_LISTED = 20
QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
_NO_LABEL = ("blank", "unlabelled")


def labelled(table: pd.DataFrame) -> pd.Series:
    """Return which rows have a label that is not blank."""
    return ~table["kind"].isin(_NO_LABEL)


def overview(table: pd.DataFrame, faults: Sequence[RowFault] = ()) -> pd.DataFrame:
    """Return how many rows, photos and groups there are, and how many rows have a label."""
    groups = table.loc[table["group"] != "", "group"].value_counts()
    counts = {
        "rows": len(table),
        "photos (distinct)": table.loc[table["photo"] != "", "photo"].nunique(),
        "groups": len(groups),
        "groups of one row": int((groups == 1).sum()),
        "rows with a label": int(labelled(table).sum()),
        "rows with an empty label": int((table["kind"] == "blank").sum()),
        "rows without a label column": int((table["kind"] == "unlabelled").sum()),
        "faults of single rows": len(faults),
    }
    return pd.DataFrame({"what": list(counts), "count": list(counts.values())})


def entities(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows, their share, and labelled rows per entity, the most frequent first."""
    grouped = table.assign(labelled=labelled(table)).groupby("entity", sort=True)
    counts = pd.DataFrame({"rows": grouped.size(), "labelled": grouped["labelled"].sum()})
    counts.insert(1, "share_pct", (100 * counts["rows"] / max(len(table), 1)).round(1))
    return counts.sort_values("rows", ascending=False, kind="stable").reset_index()


def top_groups(table: pd.DataFrame) -> pd.DataFrame:
    """Return the groups with most rows."""
    known = table[table["group"] != ""]
    grouped = known.assign(photo=known["photo"].replace("", None)).groupby("group")
    counts = pd.DataFrame({"rows": grouped.size(), "photos": grouped["photo"].nunique()})
    return counts.sort_values("rows", ascending=False, kind="stable").head(GROUPS_LISTED).reset_index()


def rows_per(table: pd.DataFrame) -> pd.DataFrame:
    """Return quantiles of the rows per group and per photo."""
    records = []
    for what in ("group", "photo"):
        counts = table.loc[table[what] != "", what].value_counts()
        if len(counts):
            records.append({"per": what, "n": len(counts)} | quantiles(counts))
    return pd.DataFrame(records)


def units(table: pd.DataFrame, schema: EntitySchema) -> pd.DataFrame:
    """Return how often each entity's labels have each unit, how the challenge reads it, and whether it is allowed."""
    named = table[labelled(table) & (table["written"] != "")]
    counts = named.groupby(["entity", "written"]).size().rename("rows").reset_index()
    allowed = {name: entity.units for name, entity in schema.entities.items()}
    repaired = [
        repair_unit(unit, allowed.get(entity, ()))
        for entity, unit in zip(counts["entity"], counts["written"], strict=True)
    ]
    counts["read_as"] = repaired
    counts["allowed"] = [
        unit in allowed.get(entity, ()) for entity, unit in zip(counts["entity"], repaired, strict=True)
    ]
    order = counts.sort_values(["entity", "rows"], ascending=[True, False], kind="stable")
    return order[["entity", "written", "read_as", "allowed", "rows"]].reset_index(drop=True)


def measured(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose label is a value above 0 in a unit that their entity allows."""
    return table[table["fits"] & table["kind"].isin(("plain", "range")) & (table["base"] > 0)]


def values(table: pd.DataFrame, schema: EntitySchema) -> pd.DataFrame:
    """Return quantiles of the values of each entity in its base unit."""
    base = base_units(schema)
    return pd.DataFrame(
        {"entity": name, "unit": base[str(name)], "n": len(some)} | quantiles(some["base"])
        for name, some in measured(table).groupby("entity", sort=True)
    )


def row_faults(faults: Sequence[RowFault]) -> pd.DataFrame:
    """Return the faults of single rows."""
    return pd.DataFrame(
        [(str(fault.line), str(fault.index), fault.column, fault.problem) for fault in faults],
        columns=["line", "index", "column", "problem"],
    )


def quantiles(numbers: pd.Series, points: Sequence[float] = QUANTILES) -> dict[str, float]:
    """Return quantiles by name: least, p5, median, most and so on."""
    names = {0.0: "least", 0.5: "median", 1.0: "most"}
    found = np.quantile(numbers.to_numpy(dtype=float), points).tolist()
    return {names.get(p, f"p{round(100 * p)}"): value for p, value in zip(points, found, strict=True)}
