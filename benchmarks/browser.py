"""Headless browser for reports: the system's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hybridml.errors import MissingExtraError
from hybridml.utils.optional import require

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")

# otherwise it looks for updates at each start, several times without a network
_QUIET = (
    *("--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Return a context manager of a headless browser.

    Raises
    ------
    MissingExtraError
        When Playwright or the browser is not installed.
    """
    require("looking at reports", ["playwright"], "dev")
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise MissingExtraError(
            "looking at reports needs Chromium, which is not installed: apt-get install chromium"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        yield browser
        browser.close()
