"""What a report's sections write while they are made: tables, pictures, numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from hybridml.datasets.csv_file import write_csv
from hybridml.entities import EntitySchema

from .sections import Picture


@dataclass
class Sheet:
    """Writes tables and pictures to a report's folder, and keeps the numbers.

    Parameters
    ----------
    out : path
        The folder: tables go to ``tables/``, pictures to ``plots/``.
    schema : EntitySchema or None
        Entities and units; None for the packaged ones.
    numbers : dict
        What was said so far, by name.
    files : list of str
        What was written so far, from the folder.
    """

    out: Path
    schema: EntitySchema | None
    numbers: dict[str, Any] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def path(self, file: str) -> Path:
        """Return where a file of the report goes that is about to be written, and note it."""
        self.files.append(file)
        return self.out / file

    def table(self, name: str, table: pd.DataFrame) -> str:
        """Write a table and keep it among the numbers; return its file."""
        filled = table.astype(object).where(table.notna(), "")
        write_csv(self.path(f"tables/{name}.csv"), list(table.columns), filled.itertuples(index=False))
        self.numbers[name] = table.to_dict("records")
        return f"{name}.csv"

    def picture(self, name: str, words: str, draw: Callable[[Path], None]) -> Picture:
        """Draw a picture; return its file and words."""
        path = self.path(f"plots/{name}.svg")
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(path)
        return Picture(path.name, words)
