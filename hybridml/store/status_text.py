"""The status of a feature store as text for people."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence

from .status import StoreStatus, TableStatus

LISTED = 5
"""Items of a list that are printed before they are only counted."""


def text_of(status: StoreStatus) -> str:
    """Return what a store has, what failed and what is missing as lines of text."""
    lines = [
        f"{status.root}: {status.photos} photos in the rows, {status.known} of them known to the store, "
        f"{status.absent} neither known nor in the images folder",
        "",
        *_table(["", "done", "failed", "missing", "shards", "MB", "newest", "folder"], status.tables),
    ]
    if any(table.missing is None for table in status.tables):
        lines.append(
            "Which photos need a second pass shows only after the first: how many are missing is not known."
        )
    lines += _listed("failed", [f"{name}: {cause}" for name, cause in status.causes.items()])
    causes = Counter(status.no_photo.values()).most_common()
    lines += _listed("causes of photos that are not there", [f"{n} x {cause}" for cause, n in causes])
    if status.others:
        header = ["", "photos", "shards", "MB", "newest", "folder"]
        lines += ["", "other settings", *_table(header, status.others)]
    lines += _listed(
        "set aside as damaged; their photos are worked on again, and the files can be deleted", status.damaged
    )
    lines += _listed("temporary files of a run that goes on or was killed", status.unfinished)
    return "\n".join(lines)


def _table(header: Sequence[str], tables: Iterable[TableStatus]) -> list[str]:
    rows = [list(header)]
    for t in tables:
        counts = [t.done, t.failed, t.missing] if "done" in header else [t.records]
        cells = ["-" if n is None else str(n) for n in counts]
        rows.append([t.what, *cells, str(t.shards), f"{t.bytes / 1e6:.1f}", _ago(t.newest), t.folder])
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    last = len(header) - 1
    return [
        "  ".join(
            cell.ljust(width) if i in (0, last) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _listed(title: str, items: Sequence[str]) -> list[str]:
    if not items:
        return []
    more = [f"  ... and {len(items) - LISTED} more"] if len(items) > LISTED else []
    return ["", f"{len(items)} {title}", *(f"  {item}" for item in items[:LISTED]), *more]


def _ago(moment: float | None) -> str:
    """Return how long ago a moment was."""
    if moment is None:
        return "-"
    seconds = max(time.time() - moment, 0.0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
