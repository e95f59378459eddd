"""An OCR engine that takes its time and logs what it reads, and extractions in processes that can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybridml.datasets.images import fingerprint
from hybridml.store.feature_store import FeatureStore, FeatureTable
from hybridml.vision.stages import ocr_stage
from hybridml.vision.text_line import OCRResult
from tests.helpers import ROOT
from tests.helpers.fakes import PixelReader, write_photo
from tests.helpers.lines import line

READER = "tests.helpers.slow:LoggedReader"
EMBEDDING = "tests.helpers.fakes:MeanEmbedder"
LOG = "HYBRIDML_TEST_LOG"
SHARD, BATCH = 6, 2


class LoggedReader(PixelReader):
    """Reads hidden text after a moment, and notes it in the file that the environment names."""

    name = "logged"

    def settings(self) -> dict[str, Any]:
        return {"engine": self.name, "version": self.version}

    def read(self, image: np.ndarray) -> OCRResult:
        time.sleep(0.01)
        found = super().read(image)
        with open(os.environ[LOG], "a") as file:
            file.write(f"{found.lines[0].text}\n")
        return found


def write_texts(folder: Path, n: int) -> dict[str, str]:
    """Write ``n`` photos and their rows; return text on it to content key for each."""
    keys, rows = {}, []
    for i in range(n):
        path = folder / "images" / f"{i:03}.png"
        write_photo(path, [line(f"{i} g")])
        keys[f"{i} g"] = fingerprint(path)
        rows.append((i, path.name, f"g{i % 5}", "item_weight"))
    frame = pd.DataFrame(rows, columns=["index", "image_link", "group_id", "entity_name"])
    frame.to_csv(folder / "rows.csv", index=False)
    return keys


def start(
    folder: Path, store: str = "store", rows: str = "rows.csv", workers: int = 1
) -> subprocess.Popen[bytes]:
    """Start an extraction in a process group of its own, with small shards that merge by three."""
    code = (
        "from hybridml.datasets.photos import checked\n"
        "from hybridml.entities import default_entities\n"
        "from hybridml.store import extraction, process_pool, shards\n"
        "from hybridml.store.feature_store import FeatureStore\n"
        "from hybridml.vision.stages import VisionStages, embedding_stage, ocr_stage\n"
        f"extraction.SHARD, process_pool.BATCH, shards.MANY = {SHARD}, {BATCH}, 3\n"
        "if __name__ == '__main__':\n"
        f"    stages = VisionStages(ocr_stage({READER!r}), embedding_stage({EMBEDDING!r})[0])\n"
        f"    rows, store = checked({f'{folder}/{rows}'!r})[0], FeatureStore({f'{folder}/{store}'!r})\n"
        f"    extraction.extract(rows, {f'{folder}/images'!r}, store, stages, default_entities(), {workers}, False)\n"
    )
    script = folder / f"{store}_{Path(rows).stem}.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), LOG: str(folder / "log")}
    return subprocess.Popen([sys.executable, str(script)], env=environment, start_new_session=True)


def logged(folder: Path) -> list[str]:
    """Return the texts that were read so far, in order."""
    path = folder / "log"
    return path.read_text().split("\n")[:-1] if path.exists() else []


def ocr_results(folder: Path, store: str = "store") -> FeatureTable:
    """Return the table of OCR results that such extractions fill."""
    return FeatureStore(folder / store).table("ocr", ocr_stage(READER).settings)


def content(folder: Path, store: str = "store") -> dict[str, dict[str, dict[str, Any]]]:
    """Return every record of a store by table and key, without the seconds that it took."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for path in sorted((folder / store).glob("*/*/settings.json")):
        kind = path.parent.parent.name
        table = FeatureTable(folder / store, kind, json.loads(path.read_text()))  # type: ignore[arg-type]
        found[kind] = {
            r["key"]: {k: v for k, v in r.items() if k != "seconds"} for r in table.records(table.keys())
        }
    return found
