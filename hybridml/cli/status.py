"""``hybridml features --status``: what the store has, as text or JSON."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hybridml.store.status import StoreStatus, TableStatus

SHOWN = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this module."""
    parser.add_argument(
        "--status", action="store_true", help="say what is there, failed and missing; read nothing"
    )
    parser.add_argument("--json", action="store_true", help="with --status: as JSON")


def say(status: StoreStatus, as_json: bool) -> None:
    """Print what a store has."""
    print(json.dumps(asdict(status), indent=1) if as_json else "\n".join(lines(status)))


def lines(status: StoreStatus) -> list[str]:
    """Return what a store has as lines of text."""
    told = [
        f"{status.root}: {status.photos} photos asked about, {status.known} of them known to the store, "
        f"{status.absent} neither known nor in the images folder",
        "",
        *_table(["", "done", "failed", "missing", "shards", "MB", "newest", "folder"], status.tables),
    ]
    if any(table.missing is None for table in status.tables):
        told.append(
            "A second look is taken where the first reading shows nothing usable: missing is not known."
        )
    told += _listed("failed", [f"{name}: {cause}" for name, cause in status.causes.items()])
    told += _listed("causes of photos that are not there", _counted(status.no_photo.values()))
    if status.others:
        told += [
            "",
            "other settings",
            *_table(["", "photos", "shards", "MB", "newest", "folder"], status.others),
        ]
    told += _listed(
        "set aside as damaged; what they held is done again, and they can be deleted", status.damaged
    )
    told += _listed("temporary files, of a run that goes on or was killed", status.unfinished)
    return told


def _table(header: Sequence[str], tables: Sequence[TableStatus]) -> list[str]:
    rows = [list(header)]
    for t in tables:
        counts = [t.done, t.failed, t.missing] if "done" in header else [t.records]
        told = ["-" if n is None else str(n) for n in counts]
        rows.append([t.what, *told, str(t.shards), f"{t.bytes / 1e6:.1f}", _ago(t.newest), t.folder])
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
    more = [f"  ... and {len(items) - SHOWN} more"] if len(items) > SHOWN else []
    return ["", f"{len(items)} {title}", *(f"  {item}" for item in items[:SHOWN]), *more]


def _counted(causes: Iterable[str]) -> list[str]:
    """Return each cause with how many photos it cost, the most common first."""
    return [f"{n} x {cause}" for cause, n in Counter(causes).most_common()]


def _ago(moment: float | None) -> str:
    """Return how long ago a moment was."""
    if moment is None:
        return "-"
    seconds = max(time.time() - moment, 0.0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
