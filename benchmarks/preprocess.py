"""Effect of preprocessing on OCR: recall of the labelled quantity, and seconds a photo.

    python -m benchmarks.preprocess --rows train.csv --images images --engine rapidocr

A row counts as read when :func:`hybridml.quantity.parse` finds its labelled quantity in a text line (the same value,
and a unit that means the label's for this entity), and its number as read when the bare number is anywhere in the text.
The photos are a seeded sample; every variant reads the same ones, in one process on one thread. ``--keep DIR`` keeps
the OCR results for the next run.
"""

from __future__ import annotations

import json
import math
import os
import random
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import command
from hybridml.datasets import images
from hybridml.datasets.links import image_name
from hybridml.entities import default_entities
from hybridml.utils.hashing import fingerprint
from hybridml.vision.ocr import OCREngine, create
from hybridml.vision.presets import PRESETS

Variants = dict[str, Mapping[str, Any]]

COMMON: Variants = {
    "default": {},
    "1280": {"longest_side": 1280},
    "1000": {"longest_side": 1000},
    "1600": {"longest_side": 1600},
    "600 + CLAHE + unsharp": {"longest_side": 600, "clahe": 2.0, "unsharp": 1.0},
    "CLAHE": {"clahe": 2.0},
    "unsharp": {"unsharp": 1.0},
    "doubled below 400": {"enlarge_below": 400},
    "doubled below 640": {"enlarge_below": 640},
    "doubled below 800": {"enlarge_below": 800},
}
QUICK = PRESETS["balanced"].ocr["rapidocr"]
WIDE = {**QUICK, "least_width": 320}
VARIANTS: dict[str, Variants] = {
    "rapidocr": {
        **COMMON,
        "detector max 736": {"detector_side": 736},
        "detector max 512": {"detector_side": 512},
        "detector max 1120": {"detector_side": 1120},
        "detector max 1280": {"detector_side": 1280},
        "detector min 736": {"detector_side": 736, "detector_limit": "min"},
        "detector max 736, CLAHE": {"detector_side": 736, "clahe": 2.0},
        "text score 0.3": {"text_score": 0.3},
        "box score 0.5": {"box_score": 0.5},
        "unclip 1.4": {"unclip_ratio": 1.4},
        "unclip 1.9": {"unclip_ratio": 1.9},
        "classifier": {"turned": "classify"},
        "tall only": {"sure_score": 0.0},
        "trimmed": {"trim": True},
        "trimmed, 736": {**WIDE, "precision": "float32"},
        "trimmed, 736, mixed": {**WIDE, "precision": "mixed"},
        "trimmed, 736, int8": {**WIDE, "precision": "int8"},
        "trimmed, 736, int8, width 192": {**QUICK, "precision": "int8", "least_width": 192},
        "trimmed, 736, int8, width 48": {**QUICK, "precision": "int8", "least_width": 48},
        "balanced": QUICK,
        "balanced, width 320": WIDE,
        "balanced, width 128": {**QUICK, "least_width": 128},
        "balanced, all characters": {**QUICK, "characters": "all"},
        "balanced, scaled by area": {**QUICK, "scaling": "area"},
        "fast": PRESETS["fast"].ocr["rapidocr"],
    },
    "tesseract": {
        **COMMON,
        "upright only": {"turned": False},
        "text score 0.3": {"text_score": 0.3},
        "turned score 0.6": {"turned_score": 0.6},
        "doubled below 1281, at most 2000": {"enlarge_below": 1281, "longest_side": 2000},
        "psm 12": {"psm": 12},
    },
}
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
LABEL = re.compile(r"(\d+(?:\.\d+)?) ([a-z ]+)")


def sample(rows: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Return the labelled rows of ``count`` photos, of those with one plain value for a label."""
    rows = rows[rows["entity_value"].fillna("").map(lambda value: LABEL.fullmatch(value) is not None)]
    links = sorted(set(rows["image_link"]))
    chosen = set(random.Random(seed).sample(links, min(count, len(links))))
    return rows[rows["image_link"].isin(chosen)]


def read_all(ocr: OCREngine, paths: Iterable[Path]) -> dict[str, Any]:
    """Read every photo; return texts by file name, and seconds of wall clock and processor a photo."""
    texts: dict[str, list[str]] = {}
    wall = busy = 0.0
    for path in paths:
        photo = images.decode(path)
        if not texts:
            ocr.read(photo)  # models load on first use
        before, clock = time.perf_counter(), os.times()
        texts[path.name] = [line.text for line in ocr.read(photo).lines]
        after = os.times()
        wall += time.perf_counter() - before
        # user, system, children's user and system: Tesseract is a child
        busy += sum(after[:4]) - sum(clock[:4])
    return {"texts": texts, "wall": wall / len(texts), "busy": busy / len(texts)}


def score(rows: pd.DataFrame, texts: dict[str, Sequence[str]]) -> dict[str, list[tuple[bool, bool]]]:
    """Return, by entity, whether each row's quantity and its number were read."""
    from hybridml.quantity import parse

    schema = default_entities()
    found: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    parsed: dict[str, list[Any]] = {}
    for row in rows.itertuples():
        label = LABEL.fullmatch(str(row.entity_value))
        assert label is not None
        value, unit, entity = float(label[1]), label[2], schema.entity(str(row.entity_name))
        name = image_name(str(row.image_link))
        lines = texts[name]
        if name not in parsed:
            parsed[name] = [quantity for line in lines for quantity in parse(line)]
        quantity_read = any(
            entity.unit_for(q.unit) == unit and math.isclose(q.value, value, rel_tol=1e-9)
            for q in parsed[name]
        )
        numbers = {float(n.replace(",", ".")) for line in lines for n in NUMBER.findall(line)}
        found[entity.name].append((quantity_read, value in numbers))
    return found


def table(results: dict[str, tuple[dict[str, Any], dict[str, list[tuple[bool, bool]]]]]) -> str:
    """Return the results as a Markdown table."""
    size = ("width", "height", "depth")
    lines = [
        "| variant | recall | of sizes | of others | number read | s/photo | CPU s/photo |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, (texts, found) in results.items():
        parts = (
            [hit for each in found.values() for hit in each],
            [hit for entity, each in found.items() if entity in size for hit in each],
            [hit for entity, each in found.items() if entity not in size for hit in each],
        )
        recalls = [f"{sum(q for q, _ in part) / max(1, len(part)):.3f}" for part in parts]
        numbers = f"{sum(n for _, n in parts[0]) / len(parts[0]):.3f}"
        times = [f"{texts['wall']:.2f}", f"{texts['busy']:.2f}"]
        lines.append(f"| {' | '.join([name, *recalls, numbers, *times])} |")
    rows = sum(map(len, next(iter(results.values()))[1].values())) if results else 0
    return "\n".join([*lines, "", f"{rows} rows"])


def kept(ocr: OCREngine, paths: list[Path], folder: Path | None) -> dict[str, Any]:
    """Return what :func:`read_all` returns, from ``folder`` where it has it for the same settings."""
    if folder is None:
        return read_all(ocr, paths)
    key = fingerprint({"ocr": ocr.settings(), "photos": [path.name for path in paths]})
    file = folder / f"{key}.json"
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(read_all(ocr, paths)), encoding="utf-8")
    result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return result


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line and print the table."""
    parser = command.parser(__doc__)
    parser.add_argument("--rows", type=Path, required=True, help="CSV with labels")
    parser.add_argument("--images", type=Path, required=True, help="folder with its photos")
    parser.add_argument("--engine", choices=sorted(VARIANTS), default="rapidocr")
    parser.add_argument("--variants", nargs="+", help="names of variants (default: all of the engine's)")
    parser.add_argument("--photos", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for OCR results, to read each variant once")
    options = parser.parse_args(argv)
    variants = VARIANTS[options.engine]
    unknown = sorted(set(options.variants or ()) - set(variants))
    if unknown:
        parser.error(f"unknown variants {', '.join(unknown)}; the engine has: {', '.join(variants)}")
    rows = sample(pd.read_csv(options.rows, dtype={"entity_value": str}), options.photos, options.seed)
    paths = [options.images / image_name(link) for link in sorted(set(rows["image_link"]))]
    results = {}
    for name in options.variants or variants:
        ocr = create(options.engine, threads=1, **variants[name])
        texts = kept(ocr, paths, options.keep)
        results[name] = (texts, score(rows, texts["texts"]))
        print(f"{name}: {texts['wall']:.2f} s a photo", flush=True)
    print(table(results))


if __name__ == "__main__":
    command.run(main)
