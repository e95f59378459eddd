"""Photos a second, processor time and memory of the vision stages, compared with the usual ways.

    python -m benchmarks.speed --shared ../shared --photos 200 --processes 2

All systems work on the same photos of labelled/, drawn with a seed, one system after the other, with the same number of
processes and one thread each:

usual      pytesseract on the original photo and torchvision's ResNet-50, eager, photo by photo
usual-1    the same with OMP_THREAD_LIMIT=1, which few scripts set
stock      RapidOCR as it comes, and ResNet-50, eager, in batches of 16
fast, balanced, best      'hybridml features --effort NAME'

Seconds are from the first photo to the last; the time to start processes and load models, which a run takes once, is a
column of its own. Recall is the share of the photos' rows that have the label's quantity among their candidates.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import command
from benchmarks.labelled import Sources
from hybridml.candidates.find import find_candidates, for_entity, ocr_result_for
from hybridml.datasets.groups import photo_names
from hybridml.datasets.photos import photo_paths
from hybridml.entities import default_entities
from hybridml.evaluation import metrics
from hybridml.quantity import format_quantity
from hybridml.store.extraction import extract
from hybridml.vision.photo_features import as_photo_features
from hybridml.vision.presets import PRESETS
from hybridml.vision.text_line import OCRResult, TextLine

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
BATCH = 16

_read: Callable[[str], OCRResult] | None = None
_embed: Callable[[Sequence[str]], None] | None = None


def _resnet() -> Callable[[Sequence[str]], None]:
    """Return a function that embeds photos as the usual script does; random weights cost the same."""
    import torch
    from PIL import Image

    from hybridml.vision.torchvision_compat import import_torchvision

    vision = import_torchvision()
    from torchvision import transforms

    torch.set_num_threads(1)
    network = vision.models.resnet50(weights=None)
    network.fc = torch.nn.Identity()
    network.eval()
    steps = [transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()]
    prepared = transforms.Compose(
        [*steps, transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
    )

    def embed(paths: Sequence[str]) -> None:
        with torch.no_grad():
            network(torch.stack([prepared(Image.open(path).convert("RGB")) for path in paths]))

    return embed


def _stacked(texts: Sequence[str]) -> OCRResult:
    """Return texts without positions as lines below each other."""
    lines = []
    for i, text in enumerate(texts):
        top, right = 30.0 * i, 10.0 * max(len(text), 1)
        lines.append(TextLine(text, 1.0, ((0, top), (right, top), (right, top + 20), (0, top + 20))))
    return OCRResult(tuple(lines), 1000, 1000)


def _usual() -> Callable[[str], OCRResult]:
    import pytesseract
    from PIL import Image

    def read(path: str) -> OCRResult:
        text = pytesseract.image_to_string(Image.open(path))
        return _stacked([line for line in text.splitlines() if line.strip()])

    return read


def _stock() -> Callable[[str], OCRResult]:
    import logging

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    from rapidocr import RapidOCR

    stage = RapidOCR(params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": 1})

    def read(path: str) -> OCRResult:
        found = stage(path)
        if found.boxes is None:
            return OCRResult((), 1, 1)
        height, width = found.img.shape[:2]
        return OCRResult(
            tuple(
                TextLine(text, float(score), tuple((float(x), float(y)) for x, y in box))
                for text, score, box in zip(found.txts, found.scores, found.boxes, strict=True)
            ),
            width,
            height,
        )

    return read


def _start(system: str, first: str) -> None:
    global _read, _embed
    _read, _embed = (_stock if system == "stock" else _usual)(), _resnet()
    _read(first)
    _embed([first])


def _script(paths: Sequence[str]) -> list[OCRResult]:
    assert _read is not None
    assert _embed is not None
    found = [_read(path) for path in paths]
    _embed(paths)
    return found


def _cost() -> tuple[float, float]:
    """Return the processor time of this process and its finished children, and the wall clock."""
    now = time.perf_counter()
    for child in active_children():
        child.join()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used), now


def run_script(
    system: str, paths: dict[str, Path], processes: int
) -> tuple[dict[str, Any], dict[str, float]]:
    """Read photos as a usual script does; return OCR results by name, and the cost."""
    size = 1 if system.startswith("usual") else BATCH
    listed = [str(path) for path in paths.values()]
    batches = [listed[i : i + size] for i in range(0, len(listed), size)]
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _start, (system, listed[0]))
    begun = time.perf_counter()
    # every process is started and loaded before the clock that counts
    list(pool.map(time.sleep, [1.0] * processes))
    started = time.perf_counter()
    found = [ocr_result for batch in pool.map(_script, batches) for ocr_result in batch]
    wall = time.perf_counter() - started
    pool.shutdown()
    cost = {"start": started - begun, "wall": wall, "cpu": _cost()[0]}
    return dict(zip(paths, found, strict=True)), cost


def run_hybridml(
    effort: str, frame: pd.DataFrame, images: Path, processes: int
) -> tuple[dict[str, Any], dict[str, float]]:
    """Run the vision stages as 'hybridml features' does; return photo features by name, and the cost."""

    from benchmarks.labelled import stages_of
    from hybridml.store.feature_store import FeatureStore

    schema = default_entities()
    stages = stages_of("rapidocr", effort=effort)
    with tempfile.TemporaryDirectory() as folder:
        begun = _cost()
        few = frame[frame["image_link"].isin(frame["image_link"].unique()[:processes])]
        extract(few, images, FeatureStore(Path(folder) / "few"), stages, schema, processes, progress=False)
        started = _cost()
        store = FeatureStore(Path(folder) / "store")
        report = extract(frame, images, store, stages, schema, processes, progress=False)
        ended = _cost()
        names = {key: name for name, key in report.keys.items()}
        settings = stages.settings
        found = {names[key]: photo for key, photo in store.photo_features(settings, names)}
        seconds = ", ".join(
            f"{stage.kind} {np.sum([r['seconds'] for r in table.records(names)]) / report.photos:.2f}"
            for stage in stages
            for table in [store.table_of(stage)]
        )
    print(f"{effort}, seconds a photo: {seconds}", flush=True)
    start, photos = started[1] - begun[1], report.photos
    # the time to start includes the few photos, so the difference is that of the others
    share = photos / max(photos - processes, 1)
    cpu = (ended[0] - started[0]) - (started[0] - begun[0])
    return found, {"start": start, "wall": (ended[1] - started[1] - start) * share, "cpu": cpu * share}


def recall(frame: pd.DataFrame, found: dict[str, Any]) -> float:
    """Return the share of rows whose label is among the candidates of their photo."""
    schema = default_entities()
    candidates = []
    for name, asked in zip(photo_names(frame), frame["entity_name"], strict=True):
        entity = schema.entity(asked)
        photo = as_photo_features(found.get(name, OCRResult((), 1, 1)))
        among = for_entity(find_candidates(ocr_result_for(photo, entity, schema), schema), entity)
        candidates.append([format_quantity(c.value, c.unit) for c in among])
    return float(np.mean(metrics.reachable(list(frame["entity_value"]), candidates)))


def measure(system: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return recall and cost of one system, measured in this process, which is best a new one."""
    sources = Sources(options.shared, Path("features"))
    frame = sources.rows("labelled")
    links = sorted(frame["image_link"].unique())
    drawn = links if not options.photos else random.Random(options.seed).sample(links, options.photos)
    frame = frame[frame["image_link"].isin(drawn)].reset_index(drop=True)
    images = sources.folder("labelled") / "images"
    if system in PRESETS:
        found, cost = run_hybridml(system, frame, images, options.processes)
    else:
        paths = {name: path for name, path in photo_paths(frame, images).items() if path}
        found, cost = run_script(system, paths, options.processes)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    photos = len(drawn)
    return {
        "system": system,
        "photos": photos,
        "photos a second": photos / cost["wall"],
        "CPU s a photo": cost["cpu"] / photos,
        "s to start": cost["start"],
        "peak MB a process": peak,
        "recall": recall(frame, found),
    }


def _apart(system: str, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Measure one system in a process of its own."""
    environment = {**os.environ, **ONE_THREAD}
    if system == "usual":
        environment.pop("OMP_NUM_THREADS")
    if system == "usual-1":
        environment["OMP_THREAD_LIMIT"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        command = [sys.executable, "-m", "benchmarks.speed", "--one", system, "--json", str(out)]
        for name in ("shared", "photos", "processes", "seed"):
            command += [f"--{name}", str(getattr(options, name))]
        if subprocess.run(command, env=environment).returncode:
            print(f"{system}: failed, see above")
            return
        yield json.loads(out.read_text())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    every = ["usual", "usual-1", "stock", *PRESETS]
    command.add_shared(parser)
    parser.add_argument("--photos", type=int, default=200, help="0 for all (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=2, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--systems", nargs="+", choices=every, default=every)
    parser.add_argument("--json", type=Path, help="write the results to this file")
    parser.add_argument("--one", choices=every, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.one:
        options.json.write_text(json.dumps(measure(options.one, options)), encoding="utf-8")
        return 0
    results = [result for system in options.systems for result in _apart(system, options)]
    if results:
        print(f"| {' | '.join(results[0])} |\n|{'---|' * len(results[0])}")
    for result in results:
        cells = [f"{v:.3g}" if isinstance(v, float) else str(v) for v in result.values()]
        cells[-1] = f"{result['recall']:.3f}"
        print(f"| {' | '.join(cells)} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0 if len(results) == len(options.systems) else 1


if __name__ == "__main__":
    command.run(main)
