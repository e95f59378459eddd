"""The artifact: a fitted extractor as one joblib file of plain data.

It holds numbers, strings, arrays and LightGBM's own model text, and everything that decides an answer:
feature names and order, reader, embedding and looks with their settings (the hash of the weights is one), PCA,
priors, calibration, thresholds, entities and units, the versions it was made with, a fingerprint of what it was
trained on and the F1 reached there out of fold. Format and safety: ``docs/artifact.md``.
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
    """Return a fitted extractor as plain data."""
    extractor._check_fitted()
    model, stages = extractor.model_, extractor.stages_
    return {
        "format": FORMAT,
        "versions": model.versions,
        "stages": {
            "ocr": asdict(stages.ocr) if stages.ocr else None,
            "embedding": asdict(stages.embedding) if stages.embedding else None,
            "further": [asdict(stage) for stage in stages.further],
        },
        "image_reason": extractor.image_reason_,
        "missing_stages": dict(extractor.missing_stages_),
        "settings": asdict(model.settings),
        "features_version": FEATURES_VERSION,
        "columns": list(model.ranker.columns_),
        "entities": _schema_to_dict(model.schema),
        "ranker": model.ranker.to_dict(),
        "calibrator": model.calibrator.to_dict(),
        "embedding_pca": model.learned.embedding_pca.to_dict() if model.learned.embedding_pca else None,
        "priors": model.learned.priors.to_dict() if model.learned.priors else None,
        "weak": model.learned.weak,
        "unit_preference": model.learned.unit_preference.to_dict() if model.learned.unit_preference else None,
        "dimension_order": model.dimension_order.to_dict(),
        "weak_weight": model.weak_weight,
        "training": model.training,
    }


def from_dict(data: Mapping[str, Any], source: str = "artifact") -> EntityExtractor:
    """Return the extractor that :func:`to_dict` described; raise ArtifactError saying what differs."""
    _check_lightgbm(data["versions"]["lightgbm"], source)
    described = data["stages"]
    plugins.check(
        data["settings"]["blocks"],
        [stage for stage in (described["ocr"], described["embedding"], *described["further"]) if stage],
        source,
    )
    settings = dict(data["settings"])
    settings["blocks"] = tuple(settings["blocks"])
    settings["ranker"] = RankerSettings(**settings["ranker"])
    model = Model(ModelSettings(**settings), _schema_from_dict(data["entities"]))
    model.ranker = Ranker.from_dict(data["ranker"])
    model.calibrator = Calibrator.from_dict(data["calibrator"])
    model.learned = LearnedFeatures(
        EmbeddingPCA.from_dict(data["embedding_pca"]) if data["embedding_pca"] else None,
        Priors.from_dict(data["priors"]) if data["priors"] else None,
        bool(data["weak"]),
        UnitPreference.from_dict(data["unit_preference"]) if data.get("unit_preference") else None,
    )
    model.dimension_order = DimensionOrder.from_dict(data.get("dimension_order") or [])
    model.weak_weight = dict(data["weak_weight"])
    model.training = dict(data["training"])
    model.versions = dict(data["versions"])
    _check_columns(model, data, source)
    ocr = Stage(**described["ocr"])
    embedding = Stage(**described["embedding"]) if described["embedding"] else None
    further = tuple(Stage(**stage) for stage in described["further"])
    extractor = EntityExtractor(
        ocr=ocr.name,
        ocr_options=ocr.options or None,
        embedding=embedding.name if embedding else "none",
        resnet_weights=embedding.options.get("weights", DEFAULT_WEIGHTS) if embedding else DEFAULT_WEIGHTS,
        blocks=model.settings.blocks,
        stages=tuple(stage.name for stage in further),
        components=model.settings.components,
        priors=model.settings.priors,
        joint=model.settings.joint,
        weak_weight=model.settings.weak_weight,
        ranker=asdict(model.settings.ranker),
        folds=model.settings.folds,
        entities=model.schema,
        random_state=model.settings.random_state,
    )
    extractor.model_ = model
    extractor.stages_ = VisionStages(ocr, embedding, further)
    extractor.image_reason_ = data["image_reason"]
    extractor.missing_stages_ = dict(data["missing_stages"])
    return extractor


def _check_lightgbm(then: str, source: str) -> None:
    now = metadata.version("lightgbm")
    major = then.split(".")[0]
    if major != now.split(".")[0]:
        raise ArtifactError(
            f"{source}: its ranker was written by LightGBM {then}, and {now} is installed: another major version may "
            f"read it otherwise. pip install 'lightgbm=={major}.*' where this hybridml allows it, or train again"
        )


def _check_columns(model: Model, data: Mapping[str, Any], source: str) -> None:
    now = column_names(model.settings.blocks, model.schema)
    now += model.learned.names
    then = list(data["columns"])
    if data["features_version"] != FEATURES_VERSION:
        raise ArtifactError(
            f"{source}: candidates and features were version {data['features_version']} when it was trained, and are "
            f"{FEATURES_VERSION} in this hybridml {__version__}: the same names may mean other numbers; "
            f"{file.remedy(data['versions']['hybridml'])}"
        )
    if now != then:
        missing = [c for c in then if c not in now]
        fresh = [c for c in now if c not in then]
        raise ArtifactError(
            f"{source}: its ranker was trained on other features than this hybridml {__version__} computes "
            f"(it was written by {data['versions']['hybridml']}). "
            f"Gone since: {', '.join(missing) or 'none'}. New: {', '.join(fresh) or 'none'}; "
            f"{file.remedy(data['versions']['hybridml'])}"
        )


def _schema_to_dict(schema: EntitySchema) -> dict[str, Any]:
    def told(unit: Unit) -> dict[str, Any]:
        # left out where empty, so that an artifact from before there was such a key is saved as it was
        return {k: v for k, v in asdict(unit).items() if k != "per_area" or v}

    return {
        "units": {name: told(unit) for name, unit in schema.units.items()},
        "entities": {name: asdict(entity) for name, entity in schema.entities.items()},
        "contexts": {name: list(words) for name, words in schema.contexts.items()},
    }


def _schema_from_dict(data: Mapping[str, Any]) -> EntitySchema:
    def tupled(table: Mapping[str, Any]) -> dict[str, Any]:
        return {k: tuple(v) if isinstance(v, list | tuple) else v for k, v in table.items()}

    return EntitySchema(
        {name: Unit(**tupled(table)) for name, table in data["units"].items()},
        {name: Entity(**tupled(table)) for name, table in data["entities"].items()},
        {name: tuple(words) for name, words in data["contexts"].items()},
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
    data = file.read(path)
    with file.complete(path):
        return from_dict(data, str(path))
