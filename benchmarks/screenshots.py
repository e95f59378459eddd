"""Screenshots of a report for docs/: its overview, its gallery, and a card.

    python -m benchmarks.screenshots

They need Chromium, the sample set and a model trained on it (make features train), and show drawn photos only.
"""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import command
from benchmarks.browser import chromium
from hybridml.artifact.serialize import load
from hybridml.report.write import write_report
from hybridml.utils.files import atomic

WIDTH = 1280
COLOURS = 256


@dataclass(frozen=True)
class Shot:
    """A view of the page.

    Attributes
    ----------
    name : str
        Name of the picture.
    view : str
        The part of the page's address after ``#``.
    height : int
        Height of the window in pixels.
    opens : str
        Selector of the element that is clicked; may be empty.
    awaits : str
        Selector of the element to wait for.
    """

    name: str
    view: str
    height: int
    opens: str
    awaits: str


SHOTS = (
    Shot("report-overview", "tab=overview", 1500, "", "#overview figure img"),
    Shot("report-gallery", "tab=gallery&sort=loss", 860, "", ".tile-row img"),
    Shot("report-card", "tab=gallery&entity=width&outcome=right", 860, ".tile-row", ".drawing .tag"),
)


def shoot(page_path: Path, folder: Path) -> list[Path]:
    """Write a PNG of each of ``SHOTS``; return their paths.

    Parameters
    ----------
    page_path : Path
        ``index.html`` of a report.
    folder : Path
        Folder for the PNGs.
    """
    from PIL import Image

    written = []
    with chromium() as browser:
        for shot in SHOTS:
            page = browser.new_page(viewport={"width": WIDTH, "height": shot.height}, color_scheme="light")
            page.goto(f"{page_path.absolute().as_uri()}#{shot.view}")
            if shot.opens:
                page.click(shot.opens)
            page.wait_for_selector(shot.awaits)
            page.wait_for_function("[...document.images].every(image => image.complete)")
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            page.close()
            path = folder / f"{shot.name}.png"
            with atomic(path) as temporary:
                few = picture.quantize(COLOURS, dither=Image.Dither.NONE)
                few.save(temporary, format="PNG", optimize=True)
            written.append(path)
    return written


def main() -> int:
    """Report on the sample set and draw the pictures."""
    parser = command.parser(__doc__)
    parser.add_argument("--sample", type=Path, default=Path("build/sample"), help="default: %(default)s")
    parser.add_argument("--store", type=Path, default=Path("features"), help="default: %(default)s")
    parser.add_argument(
        "--model", type=Path, default=Path("models/model.joblib"), help="default: %(default)s"
    )
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="default: %(default)s")
    options = parser.parse_args()
    extractor = load(options.model).set_params(images=options.sample / "images", store=options.store)
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(
            extractor,
            options.sample / "test.csv",
            Path(folder),
            truth=options.sample / "truth.csv",
            title="the sample set",
        )
        for path in shoot(page, options.out):
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    command.run(main)
