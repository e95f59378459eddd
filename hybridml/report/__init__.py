"""The HTML report of a run: a folder with numbers, every row as a card, suspect labels and corrections."""

from __future__ import annotations

from .write import write_report

__all__ = ["write_report"]
