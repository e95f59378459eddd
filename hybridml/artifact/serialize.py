"""Saving and loading: a fitted extractor as one file of plain data.

The file holds numbers, strings, arrays and LightGBM's own model text, and everything that decides an answer: names and
order of the features, vision stages with their settings (the hash of their weights is one), PCA, priors, calibration,
thresholds, entities and units, the versions it was made with, a fingerprint of the training rows and the F1 reached on
them out of fold. Format and safety: ``docs/reference/artifact.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from hybridml import __version__
from hybridml.candidates.features import VERSION as FEATURES_VERSION
from hybridml.candidates.features import column_names
from hybridml.entities import Entity, EntitySchema, Unit
from hybridml.errors import ArtifactError
from hybridml.estimator import EntityExtractor
from hybridml.ranking.calibration import Calibrator
from hybridml.ranking.dimension_order import DimensionOrder
from hybridml.ranking.embedding_pca import EmbeddingPCA
from hybridml.ranking.label_priors import Priors
from hybridml.ranking.learned_features import LearnedFeatures
from hybridml.ranking.model import Model, ModelSettings
from hybridml.ranking.ranker import Ranker, RankerSettings
from hybridml.ranking.unit_preference import UnitPreference
from hybridml.vision.stages import DEFAULT_WEIGHTS, Stage, VisionStages

from . import file, plugins
from .file import FORMAT


def to_dict(extractor: EntityExtractor) -> dict[str, Any]:
    """Return a fitted extractor as plain data.

    Raises
    ------
    NotFittedError
        When the extractor is not fitted.
    """
    model, stages = extractor._check_fitted(), extractor.stages_
    learned = model.learned
    return {
        "format": FORMAT,
        "versions": model.versions,
        "stages": {
            "ocr": _stage_to_dict(stages.ocr),
            "embedding": _stage_to_dict(stages.embedding),
            "further": [_stage_to_dict(stage) for stage in stages.further],
        },
        "image_reason": extractor.image_reason_,
        "missing_stages": dict(extractor.missing_stages_),
        "settings": asdict(model.settings),
        "features_version": FEATURES_VERSION,
        "columns": list(model.ranker.columns_),
        "entities": asdict(model.schema),
        "ranker": model.ranker.to_dict(),
        "calibrator": model.calibrator.to_dict(),
        "embedding_pca": learned.embedding_pca.to_dict() if learned.embedding_pca else None,
        "priors": learned.priors.to_dict() if learned.priors else None,
        "weak": learned.weak,
        "unit_preference": learned.unit_preference.to_dict() if learned.unit_preference else None,
        "dimension_order": model.dimension_order.to_dict(),
        "weak_weight": model.weak_weight,
        "training": model.training,
    }


def _stage_to_dict(stage: Stage | None) -> dict[str, Any] | None:
    return asdict(stage) if stage else None


def from_dict(data: Mapping[str, Any], source: str = "artifact") -> EntityExtractor:
    """Return the extractor that :func:`to_dict` described.

    Parameters
    ----------
    data : mapping
        Plain data, which may be damaged or made to do harm.
    source : str
        Name used in errors.

    Raises
    ------
    ArtifactError
        When something is missing, has another type, or is not what this version of the code can use.
    MissingExtraError
        When a feature block of the user's own cannot be imported.
    """
    with file.complete(source):
        _check_lightgbm(data["versions"]["lightgbm"])
        described = data["stages"]
        ocr = Stage(**described["ocr"])
        embedding = Stage(**described["embedding"]) if described["embedding"] else None
        stages = VisionStages(ocr, embedding, tuple(Stage(**stage) for stage in described["further"]))
        plugins.check(data["settings"]["blocks"], stages)
        model = _model_from_dict(data)
        _check_columns(model, data)
        weights = (embedding.options if embedding else {}).get("weights", DEFAULT_WEIGHTS)
        extractor = EntityExtractor(
            ocr=ocr.name,
            ocr_options=ocr.options or None,
            embedding=embedding.name if embedding else "none",
            resnet_weights=weights,
            stages=tuple(stage.name for stage in stages.further),
            entities=model.schema,
            **asdict(model.settings),
        )
        extractor.model_ = model
        extractor.stages_ = stages
        extractor.image_reason_ = data["image_reason"]
        extractor.missing_stages_ = dict(data["missing_stages"])
        return extractor


def _model_from_dict(data: Mapping[str, Any]) -> Model:
    model = Model(_settings_from_dict(data["settings"]), _schema_from_dict(data["entities"]))
    model.ranker = Ranker.from_dict(data["ranker"])
    model.calibrator = Calibrator.from_dict(data["calibrator"])
    model.learned = LearnedFeatures(
        EmbeddingPCA.from_dict(data["embedding_pca"]) if data["embedding_pca"] else None,
        Priors.from_dict(data["priors"]) if data["priors"] else None,
        bool(data["weak"]),
        UnitPreference.from_dict(data["unit_preference"]) if data["unit_preference"] else None,
    )
    model.dimension_order = DimensionOrder.from_dict(data["dimension_order"])
    model.weak_weight = {entity: float(weight) for entity, weight in data["weak_weight"].items()}
    model.training = dict(data["training"])
    model.versions = dict(data["versions"])
    return model


def _settings_from_dict(data: Mapping[str, Any]) -> ModelSettings:
    ranker = RankerSettings(**data["ranker"])
    return ModelSettings(**{**data, "blocks": tuple(data["blocks"]), "ranker": ranker})


def _schema_from_dict(data: Mapping[str, Any]) -> EntitySchema:
    def tuples(table: Mapping[str, Any]) -> dict[str, Any]:
        return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}

    return EntitySchema(
        {name: Unit(**tuples(table)) for name, table in data["units"].items()},
        {name: Entity(**tuples(table)) for name, table in data["entities"].items()},
        tuples(data["contexts"]),
    )


def _check_lightgbm(then: str) -> None:
    now = metadata.version("lightgbm")
    major = then.split(".")[0]
    if major != now.split(".")[0]:
        raise ArtifactError(
            f"its ranker was written by LightGBM {then}, and {now} is installed: another major version may read it "
            f"otherwise. pip install 'lightgbm=={major}.*' where this hybridml allows it, or train again"
        )


def _check_columns(model: Model, data: Mapping[str, Any]) -> None:
    """Refuse a model whose features are not those that this version computes."""
    then = list(data["columns"])
    writer = data["versions"]["hybridml"]
    if data["features_version"] != FEATURES_VERSION:
        raise ArtifactError(
            f"candidates and features were version {data['features_version']} when it was trained, and are "
            f"{FEATURES_VERSION} in this hybridml {__version__}: the same names may mean other numbers; "
            f"{file.remedy(writer)}"
        )
    now = [*column_names(model.settings.blocks, model.schema), *model.learned.names]
    if now != then:
        gone = ", ".join(name for name in then if name not in now)
        new = ", ".join(name for name in now if name not in then)
        raise ArtifactError(
            f"its ranker was trained on other features than this hybridml {__version__} computes (it was written by "
            f"{writer}). Gone since: {gone or 'none'}. New: {new or 'none'}; {file.remedy(writer)}"
        )


def save(extractor: EntityExtractor, path: str | Path) -> Path:
    """Write a fitted extractor to ``path``, whole or not at all."""
    return file.write(to_dict(extractor), path)


def load(path: str | Path) -> EntityExtractor:
    """Return the extractor that was saved at ``path``. Nothing in the file is ever run, whoever made it.

    Parameters
    ----------
    path : path
        A file that :func:`save` or ``hybridml train`` wrote.

    Raises
    ------
    ArtifactError
        When there is no such file, it is no artifact, is damaged, holds anything but plain data, or this version of
        the code cannot use it; the message says what was found and what to do.
    """
    return from_dict(file.read(path), str(path))
