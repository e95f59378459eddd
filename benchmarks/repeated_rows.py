"""Real rows, photo features and described candidates, repeated under new names to make large tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hybridml.artifact import serialize
from hybridml.artifact.pretrained import model_path
from hybridml.candidates.parquet import LINES_A_GROUP
from hybridml.datasets import photos
from hybridml.datasets.groups import photo_names
from hybridml.estimator import EntityExtractor
from hybridml.store.feature_store import FeatureStore
from hybridml.store.schema import KIND_OF

AT_ONCE = 2048


class Tiler:
    """Real rows and the stored records of their photos, repeated under new names and keys."""

    def __init__(self, shared: Path, store: Path, most_lines: int | None) -> None:
        extractor = serialize.load(model_path(None))
        self.settings = extractor.stages_.adopted().settings
        self._frame, _ = photos.checked(shared / "data" / "labelled" / "train.csv", truth=True)
        kept = FeatureStore(store)
        names = photo_names(self._frame)
        self._keys = kept.known_keys(dict.fromkeys(names))
        self._records: dict[str, dict[str, Any]] = {}
        for kind, settings in self.settings.items():
            records = kept.table(KIND_OF[kind], settings).records(self._keys.values())
            self._records[kind] = {record["key"]: record for record in records}
        have = self._records["ocr"]
        usable = [
            key in have and len(have[key]["text"]) <= (most_lines or len(have[key]["text"]))
            for key in (self._keys.get(name) for name in names)
        ]
        self._frame = self._frame[usable].reset_index(drop=True)
        if self._frame.empty:
            raise SystemExit(
                f"{store} has no OCR results of the photos in {shared}: run 'hybridml features' first"
            )

    @property
    def size(self) -> int:
        """The number of real rows."""
        return len(self._frame)

    def rows(self, n: int) -> Iterator[dict[str, Any]]:
        """Yield ``n`` rows, each with the key of its real photo as ``of``."""
        base, names = self._frame.to_dict("records"), photo_names(self._frame)
        for i in range(n):
            turn, at = divmod(i, len(base))
            new = {
                "index": i,
                "image_link": f"{turn}-{names[at]}",
                "group_id": f"{turn}-{base[at]['group_id']}",
            }
            yield {**base[at], **new, "of": self._keys[names[at]]}

    def train_settings(self) -> dict[str, Any]:
        """Return the settings that a new model is trained with, which may differ from the shipped model's."""
        extractor = EntityExtractor()
        extractor.status(self._frame.head(1))  # creates its engines
        return extractor.stages_.settings

    def write(self, folder: Path, n: int, settings: dict[str, Any]) -> Path:
        """Write ``n`` rows and a store with their records, under ``settings``; return the file of the rows."""
        store = FeatureStore(folder / "store")
        path = folder / "rows.csv"
        rows = self.rows(n)
        done: set[str] = set()
        first = True
        while batch := list(islice(rows, AT_ONCE)):
            pd.DataFrame(batch).drop(columns="of").to_csv(
                path, mode="w" if first else "a", header=first, index=False
            )
            first = False
            new = {row["image_link"]: row["of"] for row in batch if row["image_link"] not in done}
            done |= new.keys()
            fresh = {name: hashlib.sha256(name.encode()).hexdigest() for name in new}
            store.photos.append(
                [{"name": name, "bytes": 1, "mtime_ns": 1, "key": key} for name, key in fresh.items()]
            )
            for kind in settings.keys() & self._records.keys():
                found = self._records[kind]
                store.table(KIND_OF[kind], settings[kind]).append(
                    [{**found[new[name]], "key": key} for name, key in fresh.items() if new[name] in found]
                )
        return path


def repeat(once: Path, many: Path, least: int) -> int:
    """Write a candidate file repeatedly under new names until it has at least so many rows; return how many."""
    table = pq.read_table(once)
    rows, photos_there = (pc.max(table[name]).as_py() + 1 for name in ("row", "photo"))
    turns = -(-least // rows)
    with pq.ParquetWriter(many, table.schema, compression="zstd", write_statistics=False) as file:
        waiting: list[pa.Table] = []
        for turn in range(turns):
            new = table
            for name, step in (("row", rows), ("photo", photos_there), ("index", rows)):
                moved = pc.add(table[name], turn * step)
                new = new.set_column(new.schema.get_field_index(name), new.field(name), moved)
            at = new.schema.get_field_index("image_link")
            links = pc.binary_join_element_wise(f"{turn}-", table["image_link"], "")
            waiting.append(new.set_column(at, new.field("image_link"), links))
            if turn == turns - 1 or sum(part.num_rows for part in waiting) >= LINES_A_GROUP:
                together = pa.concat_tables(waiting)
                file.write_table(together, row_group_size=together.num_rows)
                waiting = []
    return turns * rows
