"""The candidate file: rows with their described candidates, as Parquet with a line per candidate.

Every feature is a column of float32. The lines of a row stand together; the rows of a photo are in one row group, and
with them its sibling rows (see :mod:`hybridml.ranking.joint`), which have a blank ``row``. A row without a
candidate has one line with a blank ``value``. A row's own columns (``index``, ``image_link``, ...) and its ``problem``
stand on its first line. The metadata say what the candidates were made with.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hybridml.datasets.groups import PHOTO
from hybridml.datasets.rows import PRODUCT
from hybridml.errors import StoreError
from hybridml.utils.files import atomic

from .find import Candidate
from .table import CandidateTable, DescribedRows, Rows

FORMAT = 1
METADATA_KEY = b"hybridml.candidates"

LINES_A_GROUP = 8_192
"""Least number of lines in a row group, which are in memory together: fewer would make reading columns slow."""

ROW_COLUMNS = ("index", "image_link", "group_id", "entity_name", PRODUCT, PHOTO)
"""Columns of the rows that are kept, where the rows have them."""

CANDIDATE_COLUMNS = pa.schema(
    [
        ("value", pa.float64()),
        ("unit", pa.string()),
        ("family", pa.string()),
        ("line", pa.int32()),
        ("unit_line", pa.int32()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("origin", pa.string()),
        ("form", pa.string()),
        ("repaired", pa.bool_()),
        ("part", pa.int32()),
        ("parts", pa.int32()),
        ("label", pa.string()),
        ("number_text", pa.string()),
        ("left", pa.float64()),
        ("top", pa.float64()),
        ("right", pa.float64()),
        ("bottom", pa.float64()),
        ("text", pa.string()),
    ]
)
"""Columns of a candidate: the fields of :class:`hybridml.candidates.find.Candidate`, and the text of its line."""

_SAME_AS_FIELDS = CANDIDATE_COLUMNS.names[:10]
"""Those that hold the first fields of a candidate as they are."""


@dataclass(frozen=True)
class StoredRows:
    """Rows of a candidate file.

    Parameters
    ----------
    frame : data frame
        Their own columns.
    problems : list of str
        Why each cannot be answered, blank where it can.
    number, group : int arrays, one per row
        Position among all rows of the file, ascending, and row group.
    """

    frame: pd.DataFrame
    problems: list[str]
    number: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]


class CandidateWriter:
    """Writer of a candidate file, which keeps one row group in memory; see :func:`writing`.

    Parameters
    ----------
    path : Path
        The file.
    frame : data frame
        The requested rows.
    facts : mapping
        What the candidates are made with, as :func:`hybridml.prediction.from_candidates.facts_of` returns it.
    """

    def __init__(self, path: Path, frame: pd.DataFrame, facts: Mapping[str, Any]) -> None:
        self._row_columns = {name: frame[name].to_numpy() for name in ROW_COLUMNS if name in frame.columns}
        image = facts["image"]["columns"] if facts["image"] else []
        self._columns = [*facts["features"]["columns"], *image]
        whole = pd.api.types.is_integer_dtype(frame["index"])
        fields = [
            *(pa.field(name, pa.int64()) for name in ("row", "photo")),
            pa.field("index", pa.int64() if whole else pa.string()),
            *(pa.field(name, pa.string()) for name in (*list(self._row_columns)[1:], "problem")),
            *CANDIDATE_COLUMNS,
            *(pa.field(name, pa.float32(), nullable=False) for name in self._columns),
        ]
        metadata = {"format": FORMAT, "facts": facts}
        schema = pa.schema(fields, {METADATA_KEY: json.dumps(metadata, allow_nan=False).encode()})
        self.file = pq.ParquetWriter(
            path, schema, compression="zstd", write_statistics=False, write_page_checksum=True
        )
        self._waiting: list[pa.Table] = []
        self._photos = 0

    def add(self, described: DescribedRows, problem: Callable[[int], str]) -> None:
        """Add the rows of some photos, all rows of each; ``problem`` tells why a row cannot be answered."""
        rows, table = described.rows, described.table
        bare = np.setdiff1d(np.arange(len(described.positions)), table.row)
        bare = bare[[described.positions[i] is not None for i in bare]]
        of_line = np.concatenate([table.row, bare])
        first = np.ones(len(of_line), dtype=bool)
        first[1:] = of_line[1:] != of_line[:-1]
        positions = [described.positions[i] for i in of_line.tolist()]
        starts = [row if new else None for row, new in zip(positions, first.tolist(), strict=True)]
        codes, known = pd.factorize(np.array(rows.keys, dtype=object))
        photos = pd.array(self._photos + codes, dtype="Int64")
        photos[codes < 0] = pd.NA
        self._photos += len(known)
        columns: dict[str, Any] = {"row": pa.array(positions, pa.int64()), "photo": photos[of_line]}
        for name, values in self._row_columns.items():
            columns[name] = [None if row is None else values[row] for row in starts]
        columns["entity_name"] = [rows.entities[i] for i in of_line.tolist()]
        columns["problem"] = [None if row is None else problem(row) for row in starts]
        columns |= _candidate_columns(table.candidates, described.texts, len(bare))
        X = np.full((len(of_line), len(self._columns)), np.nan, np.float32)
        if len(table):
            X[: len(table), : table.X.shape[1]] = table.X
        for i, at in enumerate(of_line.tolist()):
            vector = described.projected.get(rows.keys[at] or "")
            if vector is not None:
                X[i, -len(vector) :] = vector
        columns |= {name: X[:, i] for i, name in enumerate(self._columns)}
        self._waiting.append(pa.table(columns, schema=self.file.schema))
        if sum(part.num_rows for part in self._waiting) >= LINES_A_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write the lines in memory as one row group."""
        if self._waiting:
            together = pa.concat_tables(self._waiting)
            self.file.write_table(together, row_group_size=max(together.num_rows, 1))
            self._waiting = []


def _candidate_columns(
    candidates: Sequence[Candidate], texts: Sequence[str], bare: int
) -> dict[str, list[Any]]:
    """Return the candidate columns, with ``bare`` blank lines at the end."""
    columns: dict[str, list[Any]] = {
        name: [getattr(c, name) for c in candidates] for name in (*_SAME_AS_FIELDS, "label", "number_text")
    }
    columns["part"] = [c.part and c.part[0] for c in candidates]
    columns["parts"] = [c.part and c.part[1] for c in candidates]
    for side, name in enumerate(("left", "top", "right", "bottom")):
        columns[name] = [c.box[side] for c in candidates]
    columns["text"] = list(texts)
    return {name: [*columns[name], *[None] * bare] for name in CANDIDATE_COLUMNS.names}


@contextmanager
def writing(path: str | Path, frame: pd.DataFrame, facts: Mapping[str, Any]) -> Iterator[CandidateWriter]:
    """Open a writer of candidates to ``path``, which at any time is either as it was or complete."""
    with atomic(path, StoreError) as temporary:
        writer = CandidateWriter(temporary, frame, facts)
        with writer.file:
            yield writer
            writer.flush()


class CandidateFile:
    """A file of described candidates, open for reading.

    Parameters
    ----------
    path : path
        A file that :func:`writing` wrote.

    Attributes
    ----------
    facts : dict
        What the candidates were made with.

    Raises
    ------
    StoreError
        When the file is missing, damaged or no candidate file; the message says what to do.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise StoreError(f"no candidates at {path}: write them with 'hybridml candidates --out {path}'")
        with self._readable():
            self._file = pq.ParquetFile(self.path, page_checksum_verification=True)
            kept = self._file.schema_arrow.metadata or {}
            if METADATA_KEY not in kept:
                raise StoreError(
                    f"{path} holds no candidates; expected a file that 'hybridml candidates' wrote"
                )
            metadata = json.loads(kept[METADATA_KEY])
        if metadata["format"] != FORMAT:
            raise StoreError(
                f"{path}: candidate format {metadata['format']}, but this hybridml reads format {FORMAT}: write the "
                "candidates again"
            )
        self.facts: dict[str, Any] = metadata["facts"]
        image = self.facts["image"]
        self._columns: tuple[str, ...] = tuple(self.facts["features"]["columns"])
        self._image: tuple[str, ...] = tuple(image["columns"]) if image else ()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise StoreError(
                f"{self.path} cannot be read, or is damaged ({why}): write it again with 'hybridml candidates'"
            ) from None

    def rows(self, links: Iterable[str] | None = None) -> StoredRows:
        """Return the requested rows in their order, or only those of some ``links``."""
        have = [name for name in ROW_COLUMNS if name in self._file.schema_arrow.names]
        names = ["row", *have, "problem"]
        wanted = None if links is None else pa.array(list(dict.fromkeys(links)), pa.string())
        nothing = self._file.schema_arrow.empty_table().select(names)
        parts = []
        for group in range(self._file.num_row_groups):
            # a row's first line is the one that has its link
            link = self._read(group, ["image_link"])[0]
            first = link.is_valid() if wanted is None else pc.is_in(link, wanted)
            parts.append(self._read(group, names).filter(first) if pc.any(first).as_py() else nothing)
        found = pa.concat_tables([nothing, *parts])
        order = np.argsort(found["row"].to_numpy(), kind="stable")
        found = found.take(order)
        number = found["row"].to_numpy()
        if wanted is None and not np.array_equal(number, np.arange(len(number))):
            raise StoreError(f"{self.path} lacks rows: write it again with 'hybridml candidates'")
        group_of = np.repeat(np.arange(len(parts)), [part.num_rows for part in parts])[order]
        frame = pd.DataFrame({name: found[name].to_numpy() for name in have})
        return StoredRows(frame, found["problem"].to_pylist(), number, group_of)

    def described(
        self, groups: Iterable[int], wanted: npt.NDArray[np.int64] | None
    ) -> Iterator[DescribedRows]:
        """Yield the candidates of row groups: those of the photos of the ``wanted`` rows, or all with None."""
        for group in groups:
            found = _of_photos(self._read(group), wanted)
            if found.num_rows:
                yield self._described(found)

    def _read(self, group: int, columns: Sequence[str] | None = None) -> pa.Table:
        with self._readable():
            return self._file.read_row_group(group, columns=columns, use_threads=False)

    def _described(self, found: pa.Table) -> DescribedRows:
        row, photo = _numbers(found, "row"), _numbers(found, "photo")
        entity = found["entity_name"].to_numpy()
        new = np.ones(len(row), dtype=bool)
        new[1:] = (row[1:] != row[:-1]) | (photo[1:] != photo[:-1]) | (entity[1:] != entity[:-1])
        first, of_line = np.flatnonzero(new), np.cumsum(new) - 1
        keys = [str(number) if number >= 0 else None for number in photo[first].tolist()]
        has = found["value"].is_valid()
        lines = found.filter(has)
        X = _array(lines, self._columns)
        table = CandidateTable(self._columns, X, of_line[has.to_numpy()], _candidates(lines))
        projected = {}
        if self._image:
            vectors = _array(found.take(first), self._image)
            projected = {k: v for k, v in zip(keys, vectors, strict=True) if k and not np.isnan(v).all()}
        positions = [at if at >= 0 else None for at in row[first].tolist()]
        rows = Rows(keys, entity[first].tolist())
        return DescribedRows(positions, rows, table, projected, lines["text"].to_pylist())


def _array(found: pa.Table, columns: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return some ``columns`` as one array."""
    return np.column_stack([found[name].to_numpy() for name in columns])


def _numbers(found: pa.Table, name: str) -> npt.NDArray[np.int64]:
    """Return a column of whole numbers, -1 where it is blank."""
    return np.asarray(found[name].fill_null(-1).to_numpy())


def _of_photos(found: pa.Table, wanted: npt.NDArray[np.int64] | None) -> pa.Table:
    """Return the lines of the photos of wanted rows, and of wanted rows without a photo."""
    if wanted is None:
        return found
    row, photo = _numbers(found, "row"), _numbers(found, "photo")
    own = np.isin(row, wanted)
    return found.filter(pa.array(own | ((photo >= 0) & np.isin(photo, photo[own]))))


def _candidates(found: pa.Table) -> list[Candidate]:
    def column(name: str) -> list[Any]:
        return list(found[name].to_pylist())

    parts = ((a, b) if a is not None else None for a, b in zip(column("part"), column("parts"), strict=True))
    boxes = zip(*map(column, ("left", "top", "right", "bottom")), strict=True)
    lines = zip(
        *map(column, _SAME_AS_FIELDS), parts, column("label"), column("number_text"), boxes, strict=True
    )
    return [Candidate(*line) for line in lines]
