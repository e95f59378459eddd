"""Confusion tables: dimensions that are answered for one another, and units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hybridml.datasets.labels import Quantity
from hybridml.entities import EntitySchema, default_entities
from hybridml.quantity.unit_pairs import same_quantity

from . import causes
from .outcomes import BLANK

OWN_OTHER_UNIT = "its own, other unit"
OTHER_LENGTH = "another length"
OTHER_MISTAKE = "other mistake"

AXES_NOTE = (
    "Rows: the dimension asked for. On the diagonal the answer is right; in another dimension's column it is the label "
    f"of that dimension on the same photo (in any unit); {OTHER_LENGTH!r}: a length on the photo that no label of it "
    f"gives, where the right one was a candidate; {OWN_OTHER_UNIT!r}: the right length in another unit."
)
UNITS_NOTE = (
    "Rows: the label's unit; columns: the answer's. Off the diagonal are answers in another unit, whether the same "
    "quantity or not; labels that no answer can match and blank answers are left out."
)


def axes(rows: pd.DataFrame, schema: EntitySchema | None = None) -> pd.DataFrame:
    """Return what was answered where a dimension was asked for; :data:`AXES_NOTE` says how it is counted.

    Rows are as :func:`hybridml.report.outcomes.score_labelled` returns them; those without a truth are left out.
    Columns are ``asked, rows``, one per dimension asked for, and one for each other kind of answer.
    """
    schema = schema or default_entities()
    named = [name for name, entity in schema.entities.items() if entity.axis]
    asked = rows[rows["entity"].isin(named) & rows["truth_unit"].ne("")]
    names = [name for name in named if (asked["entity"] == name).any()]
    labels: dict[tuple[str, str], list[Quantity]] = {}
    lines: list[Any] = list(asked.itertuples(index=False))
    for row in lines:
        labels.setdefault((row.photo, row.entity), []).append((row.truth_value, row.truth_unit))
    columns = [*names, OWN_OTHER_UNIT, OTHER_LENGTH, OTHER_MISTAKE, BLANK]
    table = pd.DataFrame(0, index=pd.Index(names, name="asked"), columns=columns)
    for row in lines:
        table.loc[row.entity, _taken_for(row, names, labels, schema)] += 1
    table.insert(0, "rows", table.sum(axis=1))
    return table.reset_index()


def _taken_for(
    row: Any,
    names: Sequence[str],
    labels: Mapping[tuple[str, str], Sequence[Quantity]],
    schema: EntitySchema,
) -> str:
    if row.right:
        return str(row.entity)
    if not row.answered:
        return BLANK
    answer = (row.answer_value, row.answer_unit)
    if row.same:
        return OWN_OTHER_UNIT
    for name in names:
        of_photo = labels.get((row.photo, name), ()) if name != row.entity and row.photo else ()
        if any(answer == label or same_quantity(answer, label, name, schema) for label in of_photo):
            return str(name)
    return OTHER_LENGTH if row.cause == causes.OTHER_AXIS else OTHER_MISTAKE


def units(rows: pd.DataFrame) -> pd.DataFrame:
    """Return which unit was answered for which; :data:`UNITS_NOTE` says how it is counted.

    Columns are ``truth_unit, answer_unit, rows, right, same_quantity`` (within 1 %, in another unit), ``same_number``
    (only the unit differs); the most frequent pair comes first.
    """
    both = rows[rows["truth_unit"].ne("") & rows["answer_unit"].ne("")]
    flags = both.assign(
        rows=1,
        same_quantity=both["same"],
        same_number=(both["truth_value"] == both["answer_value"])
        & (both["truth_unit"] != both["answer_unit"]),
    )
    counted = ["rows", "right", "same_quantity", "same_number"]
    table = flags.groupby(["truth_unit", "answer_unit"])[counted].sum().astype(int).reset_index()
    return table.sort_values(["rows", "truth_unit"], ascending=[False, True], ignore_index=True)


def unit_matrix(pairs: pd.DataFrame, schema: EntitySchema | None = None) -> pd.DataFrame:
    """Return :func:`units` as a square table of counts, units in the schema's order, one family after the other."""
    schema = schema or default_entities()
    used = {*pairs["truth_unit"], *pairs["answer_unit"]}
    families = list(dict.fromkeys(unit.family for unit in schema.units.values()))
    known = [unit for unit in schema.units.values() if unit.name in used]
    order = [unit.name for unit in sorted(known, key=lambda u: (families.index(u.family), u.factor))]
    matrix = pairs.pivot_table(
        index="truth_unit", columns="answer_unit", values="rows", aggfunc="sum", fill_value=0
    )
    return matrix.reindex(index=order, columns=order, fill_value=0).astype(int)
