"""Vision stages: the OCR engine, number classifier, second pass and embedding of a run, with all of their settings."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from hybridml.datasets import images
from hybridml.errors import ArtifactError, HybridmlError, MissingExtraError, WeightsError
from hybridml.utils.hashing import fingerprint
from hybridml.utils.registry import SettingsError

from . import embedding, ocr
from .number_classifier import NumberClassifier
from .ocr.second_pass import SecondPass
from .presets import DEFAULT_PRESET, FURTHER_STAGES, preset_of

log = logging.getLogger(__name__)

StageKind = Literal["ocr", "embedding", "number_classifier", "second_pass"]

DEFAULT_OCR = "rapidocr"
DEFAULT_EMBEDDING = "none"
DEFAULT_WEIGHTS = "IMAGENET1K_V2"


@dataclass(frozen=True)
class Stage:
    """A vision stage: its kind, its name, and the settings with which it is created.

    Parameters
    ----------
    kind : {"ocr", "embedding", "number_classifier", "second_pass"}
        What the stage does.
    name : str
        As registered, or ``module:name``.
    options : mapping
        Keyword arguments for its creation.
    settings : mapping
        Everything that changes a result, as the created stage reports it. The store keeps results under the
        fingerprint of these settings.
    """

    kind: StageKind
    name: str
    options: Mapping[str, Any]
    settings: Mapping[str, Any]

    def create(self, threads: int | None = None) -> Any:
        """Create the stage and check that it has the settings that are kept here.

        Parameters
        ----------
        threads : int, optional
            Threads of a packaged stage; changes no result.

        Raises
        ------
        ArtifactError
            When what is installed has other settings, such as another version: its results must not be mixed
            with those of this stage.
        """
        options = dict(self.options)
        if threads is not None and ":" not in self.name:
            options["threads"] = threads
        created = _create(self.kind, self.name, options)
        now = _settings(self.kind, self.name, created, self.options)
        if now != dict(self.settings):
            differ = "; ".join(_differences(self.settings, now).values())
            raise ArtifactError(
                f"the {self.kind} {self.name!r} on this machine is not the one that the model was trained with: "
                f"{differ}. Install what it was trained with, or train again"
            )
        return created


@dataclass(frozen=True)
class VisionStages:
    """The vision stages of a run.

    Parameters
    ----------
    ocr : Stage or None
        The OCR engine; None where photos are only embedded.
    embedding : Stage or None
        The embedding of the whole photo; None without one.
    further : tuple of Stage
        What else works on a photo, in this order: number classifier, second pass.
    """

    ocr: Stage | None
    embedding: Stage | None = None
    further: tuple[Stage, ...] = ()

    def __iter__(self) -> Iterator[Stage]:
        """Return an iterator over the stages that there are."""
        return (stage for stage in (self.ocr, self.embedding, *self.further) if stage is not None)

    @property
    def settings(self) -> dict[str, Mapping[str, Any]]:
        """Settings of each stage by its kind: the keys under which the store holds their results."""
        return {stage.kind: stage.settings for stage in self}

    @property
    def first(self) -> VisionStages:
        """The same stages without the second pass, which only some photos get."""
        return self.without(["second_pass"])

    @property
    def second_pass(self) -> Stage | None:
        """The second pass, None without one."""
        return next((stage for stage in self.further if stage.kind == "second_pass"), None)

    def without(self, kinds: Collection[str]) -> VisionStages:
        """Return the same stages without the further stages of some kinds."""
        return replace(self, further=tuple(stage for stage in self.further if stage.kind not in kinds))

    def adopted(self) -> VisionStages:
        """Return the stages of a model as this machine has them.

        Results are kept under the versions that made them. A stage that is not installed stays as it was: results of
        it that the store holds can be ranked without it.

        Raises
        ------
        ArtifactError
            When more than the version of a library differs: weights, models or settings. Raised by
            :meth:`Stage.create`.
        """
        if self.ocr is None:
            return self
        ocr = _adopted(self.ocr, self.ocr.options)
        after = {"ocr": fingerprint(ocr.settings)}
        further = (
            _adopted(stage, {**stage.options, **after} if "ocr" in stage.options else stage.options)
            for stage in self.further
        )
        return replace(self, ocr=ocr, further=tuple(further))


LIBRARIES = ("rapidocr", "onnxruntime", "tesseract", "torch")
"""Settings that are versions of libraries; another version may change the last digit of a result, no more."""


def _adopted(stage: Stage, options: Mapping[str, Any]) -> Stage:
    try:
        settings = _settings(stage.kind, stage.name, _create(stage.kind, stage.name, options), options)
    except MissingExtraError:
        return stage
    now = replace(stage, options=dict(options), settings=settings)
    if settings == dict(stage.settings) or _essence(settings) != _essence(stage.settings):
        # other weights or settings are refused when the stage is used
        return stage
    if versions := [text for key, text in _differences(stage.settings, settings).items() if key in LIBRARIES]:
        log.warning(
            "vision stage %s (%s) runs with another library version than in training (%s): results may differ slightly",
            stage.kind,
            stage.name,
            "; ".join(versions),
        )
    return now


def _essence(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _essence(value) if isinstance(value, Mapping) else value
        for key, value in settings.items()
        if key not in (*LIBRARIES, "after")
    }


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:
    """Return a text with the old and the new value of each setting that differs."""
    return {
        key: f"{key} was {then.get(key)!r} and is {now.get(key)!r}"
        for key in sorted({*now, *then})
        if now.get(key) != then.get(key)
    }


def _create(kind: StageKind, name: str, options: Mapping[str, Any]) -> Any:
    if kind == "ocr":
        return ocr.create(name, **options)
    if kind in ("number_classifier", "second_pass"):
        own = {k: v for k, v in options.items() if k != "ocr"}
        return NumberClassifier(**own) if kind == "number_classifier" else SecondPass(**own)
    return embedding.create(name, **options)


def _settings(kind: StageKind, name: str, created: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    # results that depend on text lines depend on the OCR engine
    after = {"after": options["ocr"]} if "ocr" in options else {}
    own = created.settings()
    try:
        settings = {kind: name, "decoding": images.VERSION, **after, **own}
        fingerprint(settings)
        kept: dict[str, Any] = json.loads(json.dumps(settings))  # as an artifact keeps them: tuples are lists
    except (TypeError, ValueError) as error:
        raise SettingsError(
            f"the {kind} {name!r}: settings() must return a mapping of names to plain values: {error}"
        ) from error
    return kept


def further_stages(
    names: Sequence[str] | None,
    ocr_stage: Stage,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    effort: str = DEFAULT_PRESET,
) -> tuple[list[Stage], dict[str, str]]:
    """Return the stages besides OCR and embedding.

    Parameters
    ----------
    names : sequence of str, optional
        Of ``"number_classifier"`` and ``"second_pass"``; by default those of the preset.
    ocr_stage : Stage
        The OCR stage on whose text lines they work.
    options : mapping, optional
        Settings of each by name, in place of those of the preset.
    effort : str
        Name of the preset, of :data:`hybridml.vision.presets.PRESETS`.

    Returns
    -------
    stages : list of Stage
    reasons : dict of str to str
        Name to reason of each stage that is not available, such as missing weights; also logged as a warning.
    """
    made: list[Stage] = []
    reasons: dict[str, str] = {}
    wanted = preset_of(effort)
    given = {**wanted.stage_options, **(options or {})}
    for name in wanted.further if names is None else names:
        if name not in FURTHER_STAGES:
            raise HybridmlError(
                f"unknown vision stage {name!r}; expected some of: {', '.join(FURTHER_STAGES)}"
            )
        own = dict(given.get(name, {}))
        own["ocr"] = fingerprint(ocr_stage.settings)
        try:
            settings = _settings(name, name, _create(name, name, own), own)
        except (WeightsError, MissingExtraError) as error:
            if (options or {}).get(name):
                raise
            log.warning("going on WITHOUT %s: %s", name, error)
            reasons[name] = f"not available: {error}"
            continue
        made.append(Stage(name, name, own, settings))
    return made, reasons


def ocr_stage(
    name: str = DEFAULT_OCR, options: Mapping[str, Any] | None = None, effort: str = DEFAULT_PRESET
) -> Stage:
    """Return the stage of the OCR engine called ``name``.

    Parameters
    ----------
    name : str
        As registered, or ``module:name``.
    options : mapping, optional
        Settings that differ from those of the preset.
    effort : str
        As in :data:`hybridml.vision.presets.PRESETS`.

    Raises
    ------
    MissingExtraError
        When the engine is not installed; the message says what to type.
    """
    options = {**preset_of(effort).ocr.get(name, {}), **(options or {})}
    return Stage("ocr", name, options, _settings("ocr", name, _create("ocr", name, options), options))


def embedding_stage(
    name: str = DEFAULT_EMBEDDING, weights: str = DEFAULT_WEIGHTS, options: Mapping[str, Any] | None = None
) -> tuple[Stage | None, str | None]:
    """Return the stage of the embedding called ``name``, or the reason why there is none.

    Parameters
    ----------
    name : str
        ``"resnet50"``, ``"none"`` or ``module:name``.
    weights : str
        For ``"resnet50"``: ``"IMAGENET1K_V2"``, the path of a state_dict, or ``"random"``.
    options : mapping, optional
        Further options of the embedding.

    Returns
    -------
    stage : Stage or None
        None when there are no image features.
    reason : str or None
        Why there are none, for reports and the artifact.

    Raises
    ------
    WeightsError
        When the weights of an embedding that was asked for are not available.
    """
    if name == "none":
        return None, "not asked for (--embedding none)"
    options = dict(options or {})
    if name == "resnet50":
        options["weights"] = weights
    created = _create("embedding", name, options)
    return Stage("embedding", name, options, _settings("embedding", name, created, options)), None
