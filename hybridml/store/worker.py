"""What one process does with a photo: decode it once, then read, embed and look as the task says."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hybridml.errors import HybridmlError, ImageError
from hybridml.utils.paths import content, is_remote, path_of
from hybridml.vision.stages import Stage, StageKind
from hybridml.vision.text_line import OCRResult

from .schema import Kind, as_stored, failure_of, number_class_record, record_of

KIND_OF: dict[StageKind, Kind] = {
    "ocr": "ocr",
    "embedding": "embedding",
    "number_classifier": "number_classifier",
    "second_pass": "ocr",
}
"""Where the store keeps what an engine found."""


DIED = "the process that read it died (out of memory or a crash)"
"""Why a photo failed that takes every process down that tries it."""


@dataclass(frozen=True)
class Task:
    """A photo and the engines that have not seen it yet.

    Parameters
    ----------
    key, path : str
        The photo.
    stages : frozenset of str
        Kinds of engine to run.
    ocr_result : OCRResult, optional
        Its text lines, where the store has them and an engine needs them.
    """

    key: str
    path: str
    stages: frozenset[StageKind]
    ocr_result: OCRResult | None = None


@dataclass
class Result:
    """Records to keep by engine kind, and causes of failures by photo key."""

    records: dict[StageKind, list[dict[str, Any]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    photos: int = 0

    def add(self, kind: StageKind, record: dict[str, Any]) -> None:
        """Keep a record."""
        self.records.setdefault(kind, []).append(record)

    def merge(self, other: Result) -> None:
        """Take over another result."""
        for kind, records in other.records.items():
            self.records.setdefault(kind, []).extend(records)
        self.failed |= other.failed


class Worker:
    """The engines in one process, each loaded when first needed."""

    def __init__(self, stages: Mapping[StageKind, Stage], threads: int) -> None:
        self._stages = dict(stages)
        self._threads = threads
        self._made: dict[str, Any] = {}

    def _stage(self, kind: StageKind) -> Any:
        if kind not in self._made:
            self._made[kind] = self._stages[kind].create(self._threads)
        return self._made[kind]

    def load(self) -> None:
        """Load every engine now: the first photo need not wait, and what does not load is known."""
        for kind in self._stages:
            self._stage(kind)

    def __call__(self, tasks: Sequence[Task]) -> Result:
        """Work on ``tasks``; what fails on one photo costs that photo."""
        result = Result(photos=len(tasks))
        to_embed: list[tuple[Task, np.ndarray]] = []
        for task in tasks:
            try:
                image = _decoded(task.path)
            except OSError as error:
                # no fault of the photo's, and not recorded as one
                result.failed[task.key] = f"{task.path}: {error.strerror or error}"
                continue
            except ImageError as error:
                result.failed[task.key] = str(error)
                for kind in task.stages:
                    result.add(kind, failure_of(KIND_OF[kind], task.key, str(error)))
                continue
            except MemoryError:
                result.failed[task.key] = "not enough memory to decode it"
                continue
            self._read_and_look(task, image, result)
            if "embedding" in task.stages and task.key not in result.failed:
                to_embed.append((task, image))
        self._embed(to_embed, result)
        return result

    def _read_and_look(self, task: Task, image: np.ndarray, result: Result) -> None:
        ocr_result = task.ocr_result
        if "ocr" in task.stages:
            start = time.perf_counter()
            with self._costs_only(task, "ocr", result):
                ocr_result = as_stored(self._stage("ocr").read(image))
                result.add("ocr", record_of(task.key, ocr_result, time.perf_counter() - start))
        if ocr_result is None:
            return
        if "number_classifier" in task.stages:
            start = time.perf_counter()
            with self._costs_only(task, "number_classifier", result):
                found = self._stage("number_classifier").look(image, ocr_result.lines)
                result.add(
                    "number_classifier", number_class_record(task.key, found, time.perf_counter() - start)
                )
        if "second_pass" in task.stages:
            start = time.perf_counter()
            with self._costs_only(task, "second_pass", result):
                second = self._stage("second_pass").read(image, ocr_result)
                result.add("second_pass", record_of(task.key, second, time.perf_counter() - start))

    def _embed(self, photos: Sequence[tuple[Task, np.ndarray]], result: Result) -> None:
        if not photos:
            return
        start = time.perf_counter()
        trial = Result()
        with self._costs_only(photos[0][0], "embedding", trial):
            vectors = self._stage("embedding").embed([image for _, image in photos])
            seconds = (time.perf_counter() - start) / len(photos)
            for (task, _), vector in zip(photos, vectors, strict=True):
                result.add(
                    "embedding",
                    {"key": task.key, "error": None, "seconds": seconds, "vector": vector.astype(np.float16)},
                )
        if trial.failed and len(photos) == 1:
            result.failed |= trial.failed
        elif trial.failed:
            for photo in photos:
                self._embed([photo], result)

    @staticmethod
    @contextmanager
    def _costs_only(task: Task, what: str, result: Result) -> Iterator[None]:
        """Let an engine's failure on one photo cost that photo; it is not recorded, so the next run tries again."""
        try:
            yield
        except HybridmlError:
            raise
        except Exception as error:
            result.failed[task.key] = f"the {what} failed: {type(error).__name__}: {error}"


def _decoded(path: str) -> np.ndarray:
    """Return a photo; raise OSError when its file cannot be had, ImageError when it is none."""
    from hybridml.datasets.images import decode

    place = path_of(path)
    if is_remote(place):
        return decode(content(place), name=path)
    with open(place, "rb"):
        pass
    return decode(place)
