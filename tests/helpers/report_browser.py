"""What a report's page shows in the browser: the rows of its list, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROWS = 60
"""Rows of the report that tests open by default."""

Open = Callable[..., "Page"]


def shown(page: Page) -> list[int]:
    """Return the indexes of the rows in the list, in order; all must be in sight."""
    return [int(text.split(" · ")[1]) for text in in_order(page, ".entity")]


def in_order(page: Page, selector: str) -> list[str]:
    """Return the text of an element of each tile, in the order of the list."""
    found: list[str] = page.evaluate(
        """selector => [...document.querySelectorAll("#grid [role=listitem]")]
            .sort((a, b) => a.ariaPosInSet - b.ariaPosInSet)
            .map(tile => tile.querySelector(selector).textContent)""",
        selector,
    )
    return found


def count(page: Page) -> int:
    """Return how many rows the list has."""
    return int(page.inner_text("#shown").split(" of ")[0])
