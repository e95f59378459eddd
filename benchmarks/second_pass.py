"""Gain of the second OCR pass, on photos whose first pass has no candidate for the entity.

    python -m benchmarks.second_pass --shared ../shared

Rows of the labelled photos count that need a second pass. A row is gained when its labelled quantity is a candidate
after the second pass and was none before, and lost the other way round; "only wrong" are rows that had no candidate
before and have no right one after. Settings are chosen on folds 0 and 1; the gain on folds 2 to 4 is the estimate for
new photos. Results of the first pass come from the feature store, or are made where it lacks them.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import command
from hybridml.candidates.find import find_candidates, for_entity, needs_second_pass
from hybridml.datasets import images
from hybridml.datasets.folds import load_folds
from hybridml.datasets.groups import photo_names
from hybridml.datasets.labels import parse_labels
from hybridml.datasets.photos import checked, photo_paths
from hybridml.entities import default_entities
from hybridml.errors import HybridmlError
from hybridml.store.feature_store import FeatureStore
from hybridml.vision.ocr.second_pass import SecondPass
from hybridml.vision.stages import ocr_stage
from hybridml.vision.text_line import OCRResult

FOLDS = Path(__file__).with_name("folds_labelled.csv")
CHOOSING = (0, 1)
SIZES = ("width", "height", "depth")

VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "whole, 1280": {"longest_side": 1280, "tiles": 1, "turns": (0,)},
    "whole, 1920": {"longest_side": 1920, "tiles": 1, "turns": (0,)},
    "whole, 1280, turned": {"longest_side": 1280, "tiles": 1, "turns": (1,)},
    "whole, 1280, both ways": {"longest_side": 1280, "tiles": 1, "turns": (0, 1)},
    "whole, 960, CLAHE": {"longest_side": 960, "tiles": 1, "turns": (0,), "clahe": 2.0},
    "2 x 2 tiles, 960": {"longest_side": 960, "tiles": 2, "turns": (0,)},
    "2 x 2 tiles, 1280": {"longest_side": 1280, "tiles": 2, "turns": (0,)},
    "tesseract, 2000": {"engine": "tesseract", "longest_side": 2000, "tiles": 1, "turns": (0,)},
}


@dataclass(frozen=True)
class Row:
    """A labelled row that needs a second pass."""

    photo: str
    entity: str
    truth: tuple[float, str] | None
    fold: int


@dataclass
class Count:
    """Effect of a second pass on some rows."""

    rows: int = 0
    gained: int = 0
    lost: int = 0
    only_wrong: int = 0
    added: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)


def quantities(ocr_result: OCRResult, entity: str) -> set[tuple[float, str]]:
    """Return the distinct quantities on a photo that could answer ``entity``."""
    schema = default_entities()
    return {(c.value, c.unit) for c in for_entity(find_candidates(ocr_result, schema), schema.entity(entity))}


def count(rows: Sequence[Row], first: dict[str, OCRResult], second: dict[str, OCRResult]) -> Count:
    """Compare the candidates before and after a second pass."""
    result = Count(by_kind={"sizes": 0, "others": 0})
    for row in rows:
        before, after = (quantities(each[row.photo], row.entity) for each in (first, second))
        result.rows += 1
        result.added += len(after - before)
        gained = row.truth in after and row.truth not in before
        result.gained += gained
        result.by_kind["sizes" if row.entity in SIZES else "others"] += gained
        result.lost += row.truth in before and row.truth not in after
        result.only_wrong += not before and bool(after) and row.truth not in after
    return result


def first_results(paths: dict[str, Path], store: Path) -> dict[str, OCRResult]:
    """Return each photo's result of the first pass, from the store where it has it."""
    stage, kept = ocr_stage(effort="best"), FeatureStore(store)
    keys = kept.photo_keys(dict(paths)) if store.is_dir() else {}
    found = dict(kept.ocr_results(stage.settings, set(keys.values())))
    ocr_results = {name: found[key] for name, key in keys.items() if key in found}
    missing = sorted(set(paths) - set(ocr_results))
    if missing:
        print(f"reading {len(missing)} photos that {store} lacks", flush=True)
        engine = stage.create()
        for name in missing:
            ocr_results[name] = engine.read(images.decode(paths[name]))
    return ocr_results


def read_again(
    second_pass: SecondPass, paths: dict[str, Path], first: dict[str, OCRResult], photos: Collection[str]
) -> tuple[dict[str, OCRResult], float, float]:
    """Return the merged results, and the wall and processor seconds a photo, without decoding."""
    merged, wall, busy = {}, 0.0, 0.0
    for name in photos:
        image = images.decode(paths[name])
        wall_start, busy_start = time.perf_counter(), time.process_time()
        merged[name] = second_pass.read(image, first[name])
        wall += time.perf_counter() - wall_start
        busy += time.process_time() - busy_start
    n = max(1, len(merged))
    return merged, wall / n, busy / n


def rows_of(frame: pd.DataFrame, first: dict[str, OCRResult], folds: Collection[int]) -> list[Row]:
    """Return the rows in ``folds`` that need a second pass."""
    schema = default_entities()
    truths = parse_labels(frame["entity_value"], schema)
    parts = zip(photo_names(frame), frame["entity_name"], truths, load_folds(FOLDS, frame), strict=True)
    return [
        Row(name, entity, truth.quantity, int(fold))
        for name, entity, truth, fold in parts
        if fold in folds and name in first and needs_second_pass(first[name], schema.entity(entity), schema)
    ]


def line(name: str, seconds: tuple[float, float], counts: Sequence[Count]) -> str:
    """Return a line of the table."""
    cells = [name, *(f"{each:.2f}" for each in seconds)]
    for each in counts:
        kinds = f"{each.by_kind['others']} + {each.by_kind['sizes']}"
        cells += [str(each.rows), kinds, str(each.lost), str(each.only_wrong), str(each.added)]
    return f"| {' | '.join(cells)} |"


def header(sets: Sequence[str]) -> str:
    """Return the head of the table."""
    cells = ["variant", "s/photo", "CPU s/photo"]
    for each in sets:
        cells += [f"{each}: rows", "gained (others + sizes)", "lost", "only wrong", "new candidates"]
    return f"| {' | '.join(cells)} |\n|{'---|' * len(cells)}"


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line and print the table."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS, metavar="NAME")
    parser.add_argument("--folds", nargs="+", type=int, default=[0, 1, 2, 3, 4], metavar="N")
    parser.add_argument("--photos", type=int, help="number of photos, drawn with seed 0 (default: all)")
    options = parser.parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    source = options.shared / "data" / "labelled"
    if not source.is_dir():
        raise HybridmlError(f"no labelled photos at {source}: name the folder with data/ as --shared")
    frame, _ = checked(source / "train.csv", truth=True)
    found = photo_paths(frame, source / "images")
    paths = {name: path for name, path in found.items() if path is not None}
    first = first_results(paths, options.store)
    rows = rows_of(frame, first, options.folds)
    photos = sorted({row.photo for row in rows})
    if options.photos is not None and options.photos < len(photos):
        photos = sorted(random.Random(0).sample(photos, options.photos))
        rows = [row for row in rows if row.photo in set(photos)]
    print(f"{len(rows)} rows need a second pass, on {len(photos)} of {len(paths)} photos\n")
    parts = {
        "folds 0-1": [row for row in rows if row.fold in CHOOSING],
        "folds 2-4": [row for row in rows if row.fold not in CHOOSING],
    }
    shown = {name: part for name, part in parts.items() if part}
    print(header(list(shown)), flush=True)
    for name in options.variants:
        second_pass = SecondPass(threads=1, **VARIANTS[name])
        second, wall, busy = read_again(second_pass, paths, first, photos)
        print(line(name, (wall, busy), [count(part, first, second) for part in shown.values()]), flush=True)


if __name__ == "__main__":
    command.run(main)
