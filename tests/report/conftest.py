"""Fixtures of the report's tests, made once per worker process: a browser, a page written by hand, a real report."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from benchmarks.browser import chromium
from hybridml import EntityExtractor
from hybridml.artifact import serialize
from hybridml.cli import main
from hybridml.errors import MissingExtraError
from hybridml.report.write import write_report
from tests.helpers import report_folder
from tests.helpers.fakes import OPTIONS, write_photo, write_rows
from tests.helpers.lines import line
from tests.helpers.report_browser import ROWS, Open

HOSTILE = "<img src=x onerror=alert(1)>.png"


# Not of the session: while Playwright runs, its event loop is the thread's, and tests of other rooms run their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as opened:
            yield opened
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="package")
def browser_context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture(scope="package")
def written_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a report of sixty rows, written by hand."""
    return report_folder.write(tmp_path_factory.mktemp("report"), [report_folder.row(i) for i in range(ROWS)])


@pytest.fixture
def opened(browser_context: BrowserContext, written_report: Path) -> Iterator[Open]:
    """Return a function that opens a page, which must neither leave its folder nor end in an error."""
    requests: list[tuple[Path, str]] = []
    errors: list[str] = []

    def open_page(hash_: str = "", path: Path = written_report, script: str = "") -> Page:
        page = browser_context.new_page()
        page.on("request", lambda request: requests.append((path, request.url)))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
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
    for path, url in requests:
        assert url.startswith((path.parent.as_uri() + "/", "blob:")), url
    assert not errors


@dataclass(frozen=True)
class Run:
    """A fitted extractor and 120 rows to report on, in a folder with their photos."""

    folder: Path
    fitted: EntityExtractor
    rows: pd.DataFrame


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return rows with a photo of hostile name and text, a broken photo, an unknown entity and a wrong label."""
    folder = tmp_path_factory.mktemp("run")
    rows = write_rows(folder, 120, seed=1)
    write_photo(folder / "images" / HOSTILE, [line("<script>alert(2)</script> Net weight 77 g", 50, 50)])
    rows.loc[0, ["image_link", "entity_name", "entity_value"]] = [HOSTILE, "item_weight", "77.0 gram"]
    (folder / "images" / "photo1_1.png").write_bytes(b"no photo")
    rows.loc[2, "entity_name"] = "colour"
    rows.loc[4, "entity_value"] = "999.0 gram"
    fitted = EntityExtractor(folder / "images", folder / "store", **OPTIONS).fit(write_rows(folder, 80))
    return Run(folder, fitted, rows)


@pytest.fixture(scope="package")
def out(run: Run) -> Path:
    """Return the folder of a report on the rows, written by the library."""
    page = write_report(run.fitted, run.rows, run.folder / "out", title="a <b>title</b>")
    assert page == run.folder / "out" / "index.html"
    return page.parent


@pytest.fixture(scope="package")
def commanded(run: Run) -> Path:
    """Return the folder of a report on the rows, written by the command, with 100 labels and another run."""
    folder = run.folder
    run.rows.drop(columns="entity_value").to_csv(folder / "rows.csv", index=False)
    run.rows[:100].to_csv(folder / "truth.csv", index=False)
    other = run.fitted.predict(run.rows)[["index", "prediction"]]
    other.loc[8, "prediction"] = "1 gram"
    other.to_csv(folder / "other.csv", index=False)
    files = {
        "--rows": folder / "rows.csv",
        "--truth": folder / "truth.csv",
        "--against": folder / "other.csv",
        "--images": folder / "images",
        "--store": folder / "store",
        "--model": serialize.save(run.fitted, folder / "model.joblib"),
        "--out": folder / "commanded",
    }
    arguments = [text for option, path in files.items() for text in (option, str(path))]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["-q", "report", *arguments, "--workers", "1", "--photo-side", "200"]) == 0
    assert printed.getvalue() == f"{folder / 'commanded' / 'index.html'}\n"
    return folder / "commanded"
