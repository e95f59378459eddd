"""Training samples of the number classifier: photos with agreed answers and drawings, both varied at random."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.number_classifier_drawings import IGNORED, draw
from hybridml.quantity import parse
from hybridml.vision.number_classifier.inputs import CLASSES, NetworkInput, geometry_of, has_digit, look_at
from hybridml.vision.text_line import TextLine

Labels = NDArray[np.int64]

#: Units of length.
METRES = {
    "millimetre": 0.001,
    "centimetre": 0.01,
    "metre": 1.0,
    "inch": 0.0254,
    "foot": 0.3048,
    "yard": 0.9144,
}
_SAME, _ROUNDED = 0.002, 0.025


@dataclass
class Photo:
    """A photo whose agreed answers were found among its text lines.

    Parameters
    ----------
    path : Path
        File of the photo.
    lines : list of TextLine
        Its text lines.
    labels : list of int
        One per line: index into ``CLASSES``, or ``IGNORED``.
    width, height : int
        Size of the photo when it was read.
    group : str
        Photos of one group are kept on one side of the split.
    """

    path: Path
    lines: list[TextLine]
    labels: list[int]
    width: int
    height: int
    group: str

    def view(self, size: int) -> NetworkInput:
        """Open the photo and return the input of the network."""
        image = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if image is None:
            raise OSError(f"{self.path}: is no picture")
        if image.shape[:2] != (self.height, self.width):
            image = cv2.resize(image, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return look_at(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8), self.lines, size)

    def geometry(self) -> NDArray[np.float32]:
        """Return the positions of the lines, without opening the photo."""
        return geometry_of(self.lines, self.width, self.height)


def photos(shared: Path) -> list[Photo]:
    """Return the agreed photos that share no group and no photo with the labelled ones."""
    data = shared / "data"
    with open(data / "labelled" / "train.csv", newline="") as file:
        kept = [(r["group_id"], Path(r["image_link"]).name) for r in csv.DictReader(file)]
    groups, names = {k[0] for k in kept}, {k[1] for k in kept}
    rows: dict[str, list[dict[str, str]]] = {}
    with open(data / "agreed" / "train.csv", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(Path(row["image_link"]).name, []).append(row)
    result = []
    with gzip.open(data / "readings" / "rapidocr_agreed.jsonl.gz", "rt") as lines:
        for line in lines:
            ocr_result = json.loads(line)
            name = ocr_result["image"]
            found = rows.get(name, [])
            path = data / "agreed" / "images" / name
            if not found or name in names or {r["group_id"] for r in found} & groups or not path.is_file():
                continue
            photo = _photo(path, ocr_result, found)
            if any(label != IGNORED for label in photo.labels):
                result.append(photo)
    return sorted(result, key=lambda p: p.path.name)


def _photo(path: Path, ocr_result: dict[str, Any], rows: list[dict[str, str]]) -> Photo:
    lines = [TextLine(t, c, tuple((p[0], p[1]) for p in polygon)) for t, c, polygon in ocr_result["toks"]]
    labels = []
    for line in lines:
        stated = {
            r["entity_name"] for r in rows if has_digit(line.text) and matches(line.text, r["entity_value"])
        }
        labels.append(CLASSES.index(stated.pop()) if len(stated) == 1 else IGNORED)
    return Photo(path, lines, labels, ocr_result["w"], ocr_result["h"], rows[0]["group_id"])


def matches(text: str, answer: str) -> bool:
    """Return whether ``text`` states ``answer``, or the same length in another unit, rounded."""
    number, unit = answer.split(" ", 1)
    value = float(number)
    for quantity in parse(text):
        if quantity.unit == unit and abs(quantity.value - value) <= _SAME * abs(value):
            return True
        if quantity.unit != unit and quantity.unit in METRES and unit in METRES:
            a, b = quantity.value * METRES[quantity.unit], value * METRES[unit]
            if abs(a - b) <= _ROUNDED * b:
                return True
    return False


def split(found: list[Photo], share: float, seed: int) -> tuple[list[Photo], list[Photo]]:
    """Split photos by group: those to train on, and those of the ``share`` of groups that is held out."""
    groups = sorted({p.group for p in found})
    random.Random(seed).shuffle(groups)
    held = set(groups[: round(len(groups) * share)])
    return [p for p in found if p.group not in held], [p for p in found if p.group in held]


def drawings(count: int, size: int, seed: int, only: str | None = None) -> list[tuple[NetworkInput, Labels]]:
    """Return ``count`` drawings as inputs of the network."""
    rng = random.Random(seed)
    result = []
    while len(result) < count:
        sample = _drawn(rng, size, only)
        if sample is not None:
            result.append(sample)
    return result


def _drawn(rng: random.Random, size: int, only: str | None = None) -> tuple[NetworkInput, Labels] | None:
    drawing = draw(rng, only)
    labels = np.array(drawing.labels, dtype=np.int64)
    if not (labels != IGNORED).any():
        return None
    return look_at(drawing.image, drawing.lines, size), labels


class SampleSource:
    """An endless source of batches.

    Parameters
    ----------
    found : sequence of Photo
        Training photos; opened when first drawn, then kept.
    size : int
        Side of the square.
    seed : int
        Seed of everything random.
    """

    def __init__(self, found: list[Photo], size: int, seed: int) -> None:
        self.rng = random.Random(seed)
        self.photos, self.size = found, size
        self._views: dict[int, NetworkInput] = {}
        self._deck: list[int] = []

    def batch(
        self, count: int, share: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32], Labels, Labels]:
        """Return planes, geometry, photo of each line and label of each line; ``share`` of it from photos."""
        samples = []
        while len(samples) < count:
            wanted = round(count * share) if self.photos else 0
            sample = self._real() if len(samples) < wanted else _drawn(self.rng, self.size)
            if sample is not None:
                samples.append((*varied(self.rng, *sample),))
        return stack(samples)

    def _real(self) -> tuple[NetworkInput, Labels]:
        if not self._deck:
            self._deck = list(range(len(self.photos)))
            self.rng.shuffle(self._deck)
        i = self._deck.pop()
        if i not in self._views:
            self._views[i] = self.photos[i].view(self.size)
        return self._views[i], np.array(self.photos[i].labels, dtype=np.int64)


def stack(
    samples: Iterable[tuple[NetworkInput, Labels]],
) -> tuple[NDArray[np.uint8], NDArray[np.float32], Labels, Labels]:
    """Join the labelled lines of several samples."""
    planes, geometry, photo, labels = [], [], [], []
    for i, (view, label) in enumerate(samples):
        known = label != IGNORED
        planes.append(view.planes)
        geometry.append(view.geometry[known])
        labels.append(label[known])
        photo.append(np.full(int(known.sum()), i, dtype=np.int64))
    return np.stack(planes), np.concatenate(geometry), np.concatenate(photo), np.concatenate(labels)


def varied(rng: random.Random, view: NetworkInput, labels: Labels) -> tuple[NetworkInput, Labels]:
    """Return a sample shifted, scaled, mirrored, lit differently, or with something missing."""
    planes, geometry = view.planes.copy(), view.geometry.copy()
    size = planes.shape[1]
    for i in range(len(labels)):
        if rng.random() < 0.08:
            left, top, right, bottom = (round(float(v) * size) for v in geometry[i, :4])
            planes[2, top : bottom + 1, left : right + 1] = 0
    if rng.random() < 0.5:
        planes = planes[:, :, ::-1].copy()
        geometry[:, [0, 2]] = 1 - geometry[:, [2, 0]]
        geometry[:, 4] *= -1
    if rng.random() < 0.6:
        scale = rng.uniform(0.82, 1.12)
        dx, dy = (0.5 - scale / 2 + rng.uniform(-0.06, 0.06) for _ in range(2))
        matrix = np.array([[scale, 0, dx * size], [0, scale, dy * size]])
        for i, border in enumerate((255, 0, 0)):
            planes[i] = cv2.warpAffine(planes[i], matrix, (size, size), borderValue=(border,))
        geometry[:, :4] = geometry[:, :4] * scale + np.array((dx, dy, dx, dy), dtype=np.float32)
        geometry[:, :4] = geometry[:, :4].clip(0, 1)
    gray = planes[0].astype(np.float32)
    gray = (gray - 128) * rng.uniform(0.7, 1.25) + 128 + rng.uniform(-25, 25)
    planes[0] = (255 - gray if rng.random() < 0.08 else gray).clip(0, 255).astype(np.uint8)
    planes[1] = (planes[1] * rng.uniform(0.6, 1.4)).clip(0, 255).astype(np.uint8)
    lost = rng.random()
    if lost < 0.12:
        planes[0 if lost < 0.07 else 1] = 128 if lost < 0.07 else 0
    return NetworkInput(planes, geometry), labels
