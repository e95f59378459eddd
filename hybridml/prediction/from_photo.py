"""Answers from a single photo, straight from the file, without a feature store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.candidates.find import needs_second_pass
from hybridml.datasets.images import RGB, decode
from hybridml.ranking.answer import Answer
from hybridml.ranking.model import Model
from hybridml.vision.outline import find_outline
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.processor import PhotoProcessor
from hybridml.vision.stages import VisionStages
from hybridml.vision.text_line import OCRResult

from .all_quantities import PhotoQuantities, find_quantities

PHOTO_KEY = "photo"


class PhotoPredictor:
    """Answers photos with a trained model; its vision stages are loaded once, when first needed.

    Parameters
    ----------
    model : Model
        The trained model.
    stages : VisionStages
        Its vision stages, as this machine has them.
    """

    def __init__(self, model: Model, stages: VisionStages) -> None:
        self._model, self._stages = model, stages
        self._processor = PhotoProcessor(stages)

    def read(self, photo: Any, entities: Sequence[str] | None = None) -> list[Answer]:
        """Answer entities on a photo.

        Parameters
        ----------
        photo : path, bytes, PIL image or array
            See :func:`hybridml.datasets.images.decode`.
        entities : sequence of str, optional
            What to read; there is an answer to each, which may be empty. By default every entity.

        Returns
        -------
        list of Answer
            One per entity of ``entities``; by default those that are not empty.

        Raises
        ------
        ImageError
            When the photo cannot be decoded.
        EntityError
            When an entity is not known to the model.
        """
        schema = self._model.schema
        asked = [schema.entity(name).name for name in entities] if entities else list(schema.entities)
        image = decode(photo)
        features = self._extract(image, asked)
        keys = [PHOTO_KEY] * len(asked)
        answers = answer_photos(self._model, keys, asked, [(PHOTO_KEY, features)], self._vectors(image))
        return answers if entities else [answer for answer in answers if answer.prediction]

    def read_all(self, photo: Any) -> PhotoQuantities:
        """Find every quantity on a photo, which is given as for :meth:`read`; see :func:`find_quantities`."""
        image = decode(photo)
        features = self._extract(image, self._model.schema.entities)
        outlines = {PHOTO_KEY: find_outline(image)}
        pca = self._model.embedding_pca
        projected = pca.project(self._vectors(image)) if pca else {}
        found = find_quantities(self._model, [(PHOTO_KEY, features)], lambda _: projected, outlines)
        return next(quantities for _, quantities in found)

    def _extract(self, image: RGB, asked: Iterable[str]) -> PhotoFeatures:
        schema, processor = self._model.schema, self._processor
        first = processor.ocr(image)
        number_classes = second_pass = None
        for stage in self._stages.further:
            if stage.kind == "number_classifier":
                number_classes = processor.number_classes(image, first)
            elif any(needs_second_pass(first, schema.entity(name), schema) for name in asked):
                second_pass = processor.second_pass(image, first)
        return PhotoFeatures(first, number_classes, second_pass)

    def _vectors(self, image: RGB) -> list[tuple[str, npt.NDArray[np.float32]]]:
        """Return the embedding of the photo; nothing where the model has no embedding."""
        if self._model.embedding_pca is None or self._stages.embedding is None:
            return []
        return [(PHOTO_KEY, self._processor.embed([image])[0])]


def answer_photos(
    model: Model,
    keys: Sequence[str | None],
    entities: Sequence[str],
    photos: Iterable[tuple[str, PhotoFeatures | OCRResult]],
    vectors: Iterable[tuple[str, npt.NDArray[np.float32]]] = (),
) -> list[Answer]:
    """Answer rows from the features of their photos.

    Parameters
    ----------
    model : Model
        The trained model.
    keys, entities : sequences, one per row
        The row's photo, None when there is none, and its entity.
    photos : iterable of (key, PhotoFeatures or OCRResult)
        Each photo once, in any order.
    vectors : iterable of (key, array of (n_features,)), optional
        The embeddings of the photos, in any order.

    Returns
    -------
    list of Answer, one per row
        An answer without value where nothing is answered.
    """
    projected = model.embedding_pca.project(vectors) if model.embedding_pca else {}
    answers = [Answer(entity) for entity in entities]
    for described in model.describe(keys, entities, photos, lambda _: projected):
        for row, ranked in model.rank(described):
            answers[row] = ranked.answer
    return answers
