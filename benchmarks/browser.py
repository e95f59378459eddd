"""The browser that looks at reports: the system's Chromium, driven by Playwright, which downloads none of its own."""

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

# it would look for updates and announce itself, without a network many times at each start
_QUIET = (
    *("--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a headless browser.

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
