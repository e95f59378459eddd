"""The sheet of each row of a table: that of the first look, or of the second where the first shows nothing."""

from __future__ import annotations

from functools import cached_property

from hybridml.candidates.find import needs_second_pass
from hybridml.entities import Entity, EntitySchema
from hybridml.evaluation.baselines.system import Given
from hybridml.vision.photo_features import PhotoFeatures

from .example import Sheet, sheet_of
from .tokens import Page


def sheets(given: Given) -> list[Sheet | None]:
    """Return the sheet of each row, None where nothing was read that could be its number."""
    rows_of: dict[str, list[int]] = {}
    asked = list(given.frame["entity_name"])
    for i, (key, entity) in enumerate(zip(given.keys, asked, strict=True)):
        if key is not None and entity in given.schema.entities:
            rows_of.setdefault(key, []).append(i)
    found: list[Sheet | None] = [None] * len(asked)
    for key, rows in rows_of.items():
        if key in given.photo_features:
            pages = _Pages(given.photo_features[key], given.schema)
            for i in rows:
                found[i] = pages.sheet(given.schema.entity(asked[i]))
    return found


class _Pages:
    """The pages of one photo's readings, each made when it is first wanted."""

    def __init__(self, photo_features: PhotoFeatures, schema: EntitySchema) -> None:
        self._photo_features, self._schema = photo_features, schema

    @cached_property
    def _first(self) -> Page:
        return Page.of(self._photo_features.ocr_result, self._schema)

    @cached_property
    def _second(self) -> Page | None:
        return (
            None
            if self._photo_features.second_pass is None
            else Page.of(self._photo_features.second_pass, self._schema)
        )

    def sheet(self, entity: Entity) -> Sheet | None:
        """Return the first look's sheet, or the second's where the first shows no quantity of the entity."""
        if self._second is not None:
            first = self._photo_features.ocr_result
            if needs_second_pass(first, entity, self._schema) and (
                sheet := sheet_of(self._second, entity, self._schema)
            ):
                return sheet
        return sheet_of(self._first, entity, self._schema)
