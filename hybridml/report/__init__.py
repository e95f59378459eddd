"""What a run did, to look at: a folder of HTML with numbers, every row as a card, and suspect labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .write import write_report

__all__ = ["write_report"]


def __getattr__(name: str) -> Any:
    # a single card in a notebook needs none of what a whole report does
    if name == "write_report":
        from .write import write_report

        return write_report
    raise AttributeError(f"module 'hybridml.report' has no attribute {name!r}")
