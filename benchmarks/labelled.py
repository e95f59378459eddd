"""The real labelled rows with the features of their photos, and the cross-validation over them.

Weakly labelled rows and labels without photos are used for training only. In each fold everything that shares a group
or a photo with the validation rows is dropped from every table.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybridml.datasets import links, photos
from hybridml.datasets.groups import photo_names
from hybridml.datasets.labels import read_labels
from hybridml.entities import default_entities
from hybridml.errors import HybridmlError
from hybridml.evaluation import compare, metrics
from hybridml.evaluation.baselines import Dataset, system
from hybridml.evaluation.baselines.ranker import training_table
from hybridml.prediction.from_photo import answer_photos
from hybridml.ranking.answer import Answer
from hybridml.ranking.calibration import Calibrator
from hybridml.ranking.model import Model, ModelSettings
from hybridml.ranking.training import TrainingData, train
from hybridml.store.extraction import extract
from hybridml.store.feature_store import FeatureStore
from hybridml.vision.presets import DEFAULT_PRESET
from hybridml.vision.stages import Stage, VisionStages, embedding_stage, further_stages, ocr_stage

FOLDS = Path(__file__).parent / "folds_labelled.csv"


@dataclass
class Result:
    """Out-of-fold answers of one system; of a ranker also the calibrator of each fold's model."""

    name: str
    ocr: str
    predictions: list[str]
    confidence: list[float] = field(default_factory=list)
    fold_f1: list[float] = field(default_factory=list)
    calibrators: dict[int, Calibrator] = field(default_factory=dict)


@dataclass(frozen=True)
class Data:
    """Rows with their folds and the features of their photos.

    ``weak_labels`` are weakly labelled rows, with their keys in ``weak_keys``; ``labels`` are labels without photos.
    Either may be missing.
    """

    frame: pd.DataFrame
    fold: np.ndarray
    keys: list[str | None]
    ocr_results: dict[str, Any]
    vectors: dict[str, np.ndarray]
    seconds_a_photo: float
    weak_labels: pd.DataFrame | None = None
    weak_keys: list[str | None] = field(default_factory=list)
    labels: pd.DataFrame | None = None
    second_pass_seconds: float = 0.0
    second_pass_photos: int = 0


@dataclass(frozen=True)
class Sources:
    """Folder with the tables, and the feature store.

    Parameters
    ----------
    shared : Path
        Folder with ``data/``.
    store : Path
        Feature store.
    """

    shared: Path
    store: Path

    def folder(self, name: str) -> Path:
        """Return the folder of one table; raise HybridmlError when it does not exist."""
        folder = self.shared / "data" / name
        if not folder.is_dir():
            raise HybridmlError(f"no photos at {folder}: name the folder that has data/ with --shared")
        return folder

    def rows(self, name: str) -> pd.DataFrame:
        """Return the checked rows of one table."""
        return photos.checked(self.folder(name) / "train.csv", truth=True)[0]

    def labels(self) -> pd.DataFrame:
        """Return the labels without photos, some of them with the text of their photo."""
        folder = self.shared / "data"
        return read_labels(folder / "labels_only.csv.gz", folder / "text_only.csv.gz")


def stages_of(
    ocr: str,
    embedding: str = "none",
    weights: str = "IMAGENET1K_V2",
    further: Sequence[str] | None = None,
    effort: str = DEFAULT_PRESET,
) -> VisionStages:
    """Return the vision stages by name, and print which are not available."""
    first = ocr_stage(ocr, None, effort)
    embedder, reason = embedding_stage(embedding, weights)
    found, reasons = further_stages(further, first, None, effort)
    for name, why in reasons.items():
        print(f"stage {name!r} is left out: {why}")
    if reason and embedding != "none":
        print(f"embedding: none ({reason})")
    return VisionStages(first, embedder, tuple(found))


def load(
    frame: pd.DataFrame,
    fold: np.ndarray,
    sources: Sources,
    stages: VisionStages,
    weak_labels: bool = False,
    labels: bool = False,
) -> Data:
    """Extract what the store lacks, and return the rows with the features of their photos."""
    store = FeatureStore(sources.store)
    keys, failed = _keys(frame, sources, "labelled", store, stages)
    more = sources.rows("agreed") if weak_labels else None
    weak_keys: list[str | None] = []
    if more is not None:
        weak_keys, _ = _keys(more, sources, "agreed", store, stages)
    for name, cause in failed.items():
        print(f"failed: {name}: {cause}", file=sys.stderr)
    own = {k for k in keys if k}
    present = own | {k for k in weak_keys if k}
    assert stages.ocr is not None

    def seconds(stage: Stage | None) -> list[float]:
        records = store.table_of(stage).records(own) if stage else ()
        return [record["seconds"] for record in records if record["error"] is None]

    first, second = seconds(stages.ocr), seconds(stages.second_pass)
    return Data(
        frame,
        fold,
        keys,
        dict(store.photo_features(stages.settings, present)),
        dict(store.embeddings(stages.embedding.settings, present)) if stages.embedding else {},
        float(np.mean(first)) if first else float("nan"),
        more,
        weak_keys,
        sources.labels() if labels else None,
        float(np.sum(second)),
        len(second),
    )


def _keys(
    frame: pd.DataFrame,
    sources: Sources,
    name: str,
    store: FeatureStore,
    stages: VisionStages,
) -> tuple[list[str | None], dict[str, str]]:
    report = extract(frame, sources.folder(name) / "images", store, stages, default_entities())
    return [report.keys.get(photo) for photo in photo_names(frame)], report.failed


def training_part(data: Data, keep: np.ndarray) -> tuple[pd.DataFrame, list[str | None], list[Any], Any, Any]:
    """Return frame, keys, photo features, vectors and labels of the rows where ``keep`` holds.

    Nothing in them shares a group or a photo with the other rows.
    """
    own = Dataset(data.frame, data.keys, data.ocr_results, data.vectors, {}, default_entities())
    weak_labels = (
        None if data.weak_labels is None else replace(own, frame=data.weak_labels, keys=data.weak_keys)
    )
    everything = replace(own, weak_labels=weak_labels, labels=data.labels)
    return training_table(compare.training_rows(everything, keep))


def fit(data: Data, keep: np.ndarray, settings: ModelSettings) -> Model:
    """Fit a model on the rows where ``keep`` holds, and on nothing that shares a group or photo with the other rows."""
    return train(TrainingData(*training_part(data, keep), settings=settings))


def answers_of(model: Model, data: Data, keep: np.ndarray) -> list[Answer]:
    """Return a model's answers for the rows where ``keep`` holds."""
    part = only(data, keep)
    ocr_results = [
        (key, part.ocr_results[key]) for key in dict.fromkeys(part.keys) if key in part.ocr_results
    ]
    return answer_photos(model, part.keys, list(part.frame["entity_name"]), ocr_results, part.vectors.items())


def ranker(
    data: Data,
    name: str,
    settings: ModelSettings,
    weak_weights: dict[int, dict[str, float]] | None = None,
    only: int | None = None,
) -> tuple[Result, list[Answer]]:
    """Answer every row with a model that was trained on neither its group nor its photo.

    ``weak_weights`` collects the weak-label weights of each fold; those that it already has are used. With ``only``,
    only the rows of one fold are answered.
    """
    answers: list[Answer] = [Answer(e) for e in data.frame["entity_name"]]
    calibrators = {}
    for k in np.unique(data.fold) if only is None else [only]:
        known = (weak_weights or {}).get(int(k))
        model = fit(data, data.fold != k, replace(settings, weak_weight=known) if known else settings)
        if weak_weights is not None:
            weak_weights.setdefault(int(k), model.weak_weight)
        calibrators[int(k)] = model.calibrator
        held = data.fold == k
        for i, answer in zip(np.flatnonzero(held), answers_of(model, data, held), strict=True):
            answers[i] = answer
    predictions, confidence = [a.prediction for a in answers], [a.confidence for a in answers]
    return Result(name, "", predictions, confidence, calibrators=calibrators), answers


def without_stages(data: Data, stages: Sequence[str]) -> Data:
    """Return the data as if some further vision stages had not run."""
    return replace(data, ocr_results=dict(system.without_stages(data.ocr_results, stages)))


def kept(values: Sequence[Any], keep: np.ndarray) -> list[Any]:
    """Return the values where ``keep`` holds."""
    return [value for value, k in zip(values, keep, strict=False) if k]


def only(data: Data, keep: np.ndarray) -> Data:
    """Return the data of the rows where ``keep`` holds, for scoring."""
    frame = data.frame[keep].reset_index(drop=True)
    return replace(data, frame=frame, fold=data.fold[keep], keys=kept(data.keys, keep))


def with_fold_f1(result: Result, data: Data) -> Result:
    """Add the F1 of each fold."""
    truth = list(data.frame["entity_value"])
    for k in np.unique(data.fold):
        at = np.flatnonzero(data.fold == k)
        result.fold_f1.append(metrics.score([truth[i] for i in at], [result.predictions[i] for i in at]).f1)
    return result


def corrected(frame: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows with labels corrected by hand, empty where the photo does not show it, and which were checked."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    by_row = {
        (links.image_name(link), entity): value
        for link, entity, value in zip(table.image_link, table.entity_name, table.entity_value, strict=True)
    }
    names = photo_names(frame)
    values = [
        by_row.get((name, entity), value)
        for name, entity, value in zip(names, frame.entity_name, frame.entity_value, strict=True)
    ]
    checked = np.array([(n, e) in by_row for n, e in zip(names, frame.entity_name, strict=True)])
    changed = sum(a != b for a, b in zip(values, frame.entity_value, strict=True))
    empty = sum(not v for v in values)
    print(f"hand-corrected labels: {checked.sum()} rows checked, {changed} changed, {empty} now empty")
    return frame.assign(entity_value=values), checked
