"""Report pages open in one headless browser: fixtures, made known in conftest.py, for the tests that look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.browser import chromium
from hybridml.errors import MissingExtraError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROWS = 60
Open = Callable[..., "Page"]


# Not of the session: while Playwright runs, its event loop is the thread's, and no test can run one of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as opened:
            yield opened
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def written_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a report of sixty rows."""
    from tests.helpers import report_folder

    return report_folder.write(tmp_path_factory.mktemp("report"), [report_folder.row(i) for i in range(ROWS)])


@pytest.fixture(scope="module")
def browser_context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def opened(browser_context: BrowserContext, written_report: Path) -> Iterator[Open]:
    """Give a function that opens a page; nothing it does may leave its folder or end in an error."""
    asked: list[tuple[Path, str]] = []
    errors: list[str] = []

    def open_page(hash_: str = "", path: Path = written_report, script: str = "") -> Page:
        page = browser_context.new_page()
        page.on("request", lambda request: asked.append((path, request.url)))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        if script:
            page.add_init_script(script)
        page.goto(path.as_uri() + hash_)
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    open_page.errors = errors  # type: ignore[attr-defined]
    yield open_page
    for page in browser_context.pages:
        page.evaluate("try { localStorage.clear() } catch {}")
        page.close()
    for path, url in asked:
        assert url.startswith((path.parent.as_uri() + "/", "blob:")), url
    assert not errors


def shown(page: Page) -> list[int]:
    """Return the indexes of the rows in the list, in order; all must be in sight."""
    return [int(one.split(" · ")[1]) for one in in_order(page, ".entity")]


def in_order(page: Page, selector: str) -> list[str]:
    found: list[str] = page.evaluate(
        """selector => [...document.querySelectorAll("#grid [role=listitem]")]
            .sort((a, b) => a.ariaPosInSet - b.ariaPosInSet)
            .map(tile => tile.querySelector(selector).textContent)""",
        selector,
    )
    return found


def count(page: Page) -> int:
    return int(page.inner_text("#shown").split(" of ")[0])
