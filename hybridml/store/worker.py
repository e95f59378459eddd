"""The work of one process on photos: each is decoded once for all vision stages whose results are missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hybridml.datasets.images import RGB, decode
from hybridml.errors import HybridmlError, ImageError
from hybridml.utils.paths import content, is_remote, path_of
from hybridml.vision.processor import PhotoProcessor
from hybridml.vision.stages import Stage, StageKind
from hybridml.vision.text_line import OCRResult

from .schema import KIND_OF, embedding_record, failure_record, number_class_record, ocr_record

DIED = "the process that read it died (out of memory or a crash)"
"""Why a photo failed that takes every process down that tries it."""


@dataclass(frozen=True)
class PhotoTask:
    """A photo and the stages whose results are missing.

    Parameters
    ----------
    key, path : str
        The photo.
    stages : frozenset of str
        Kinds of stage to run.
    ocr_result : OCRResult, optional
        Its text lines, where the store has them and a stage needs them.
    """

    key: str
    path: str
    stages: frozenset[StageKind]
    ocr_result: OCRResult | None = None


@dataclass
class WorkResult:
    """Records to keep by stage, and causes of failures by photo key."""

    records: dict[StageKind, list[dict[str, Any]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    photos: int = 0

    def add(self, kind: StageKind, record: dict[str, Any]) -> None:
        """Keep a record."""
        self.records.setdefault(kind, []).append(record)

    def merge(self, other: WorkResult) -> None:
        """Take over another result."""
        for kind, records in other.records.items():
            self.records.setdefault(kind, []).extend(records)
        self.failed |= other.failed


class Worker:
    """Runs the vision stages of one process on batches of photos.

    Parameters
    ----------
    stages : iterable of Stage
        The stages.
    threads : int
        Threads of each.
    """

    def __init__(self, stages: Iterable[Stage], threads: int) -> None:
        self.processor = PhotoProcessor(stages, threads)

    def __call__(self, tasks: Sequence[PhotoTask]) -> WorkResult:
        """Work on a batch; what fails on one photo costs that photo."""
        result = WorkResult(photos=len(tasks))
        to_embed: list[tuple[PhotoTask, RGB]] = []
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
                    result.add(kind, failure_record(KIND_OF[kind], task.key, str(error)))
                continue
            except MemoryError:
                result.failed[task.key] = "not enough memory to decode it"
                continue
            self._process(task, image, result)
            if "embedding" in task.stages and task.key not in result.failed:
                to_embed.append((task, image))
        self._embed(to_embed, result)
        return result

    def _process(self, task: PhotoTask, image: RGB, result: WorkResult) -> None:
        ocr_result = task.ocr_result
        if "ocr" in task.stages:
            ocr_result = self._run(task, "ocr", result, partial(self.processor.ocr, image), ocr_record)
        if ocr_result is None:
            return
        if "number_classifier" in task.stages:
            classify = partial(self.processor.number_classes, image, ocr_result)
            self._run(task, "number_classifier", result, classify, number_class_record)
        if "second_pass" in task.stages:
            read_again = partial(self.processor.second_pass, image, ocr_result)
            self._run(task, "second_pass", result, read_again, ocr_record)

    def _run(
        self,
        task: PhotoTask,
        kind: StageKind,
        result: WorkResult,
        stage: Callable[[], Any],
        record: Callable[[str, Any, float], dict[str, Any]],
    ) -> Any:
        """Run a stage on a photo, keep the record of its output and return the output; None where it failed."""
        start = time.perf_counter()
        with self._costs_only(task, kind, result):
            output = stage()
            result.add(kind, record(task.key, output, time.perf_counter() - start))
            return output
        return None

    def _embed(self, photos: Sequence[tuple[PhotoTask, RGB]], result: WorkResult) -> None:
        if not photos:
            return
        start = time.perf_counter()
        trial = WorkResult()
        with self._costs_only(photos[0][0], "embedding", trial):
            vectors = self.processor.embed([image for _, image in photos])
            seconds = (time.perf_counter() - start) / len(photos)
            for (task, _), vector in zip(photos, vectors, strict=True):
                result.add("embedding", embedding_record(task.key, vector, seconds))
        if trial.failed and len(photos) == 1:
            result.failed |= trial.failed
        elif trial.failed:
            for photo in photos:
                self._embed([photo], result)

    @staticmethod
    @contextmanager
    def _costs_only(task: PhotoTask, kind: StageKind, result: WorkResult) -> Iterator[None]:
        """Let the failure of a stage cost its photo alone; it is not recorded, so that the next run tries again."""
        try:
            yield
        except HybridmlError:
            raise
        except Exception as error:
            result.failed[task.key] = f"the stage {kind!r} failed: {type(error).__name__}: {error}"


def _decoded(path: str) -> RGB:
    """Return a photo; raise OSError when its file cannot be opened, ImageError when it is no photo."""
    place = path_of(path)
    if is_remote(place):
        return decode(content(place), name=path)
    with open(place, "rb"):
        pass
    return decode(place)
