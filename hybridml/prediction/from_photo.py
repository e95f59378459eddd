"""One photo at a time: the whole way from a file to answers, without a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hybridml.artifact.pretrained import model_path
from hybridml.candidates.find import needs_second_pass
from hybridml.ranking.answer import Answer
from hybridml.store.schema import as_stored, number_classes_as_stored
from hybridml.vision.outline import find_outline
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.stages import Stage, adopted

if TYPE_CHECKING:
    from .all_quantities import WholePhoto


class PhotoPredictor:
    """Reads photos with a trained model; engines are loaded once, when first needed.

    Parameters
    ----------
    model : path, optional
        An artifact; by default the one that :func:`model_path` finds.
    """

    def __init__(self, model: str | Path | None = None) -> None:
        from hybridml.artifact import serialize

        path = model_path(model)
        self._extractor = serialize.load(path)
        made = self._extractor
        made.ocr_, made.further_ = adopted(made.ocr_, made.further_)
        self._stages: dict[str, Any] = {}

    def read(self, photo: Any, entities: Sequence[str] | None = None) -> list[Answer]:
        """Answer what a photo shows.

        Parameters
        ----------
        photo : path, bytes, PIL image or array
            See :func:`hybridml.datasets.images.decode`.
        entities : sequence of str, optional
            What to read, each with an answer, be it empty. By default every entity, those with an answer.

        Returns
        -------
        list of Answer

        Raises
        ------
        ImageError
            When the photo cannot be decoded.
        EntityError
            When an entity is not known to the model.
        """
        from hybridml.datasets.images import decode

        model = self._extractor.model_
        asked = (
            [model.schema.entity(name).name for name in entities] if entities else list(model.schema.entities)
        )
        image = decode(photo)
        photo_features = self._see(image, asked)
        answers = model.answer(
            ["photo"] * len(asked), asked, [("photo", photo_features)], self._vectors(image)
        )
        return answers if entities else [a for a in answers if a.prediction]

    def read_all(self, photo: Any) -> WholePhoto:
        """Find every quantity on a photo.

        Parameters
        ----------
        photo : path, bytes, PIL image or array
            See :func:`hybridml.datasets.images.decode`.

        Returns
        -------
        WholePhoto
            The quantities by region and entity, each with its probability.

        Raises
        ------
        ImageError
            When the photo cannot be decoded.
        MissingExtraError
            Without OpenCV, which finds the product's outline: what stands around it belongs together.
        """
        from hybridml.datasets.images import decode
        from hybridml.utils.optional import require

        from .all_quantities import whole_photos

        require("finding the product's outline", ["cv2"])
        model = self._extractor.model_
        image = decode(photo)
        photo_features = self._see(image, list(model.schema.entities))
        block = model.image_block
        projected = block.project(self._vectors(image)) if block else {}
        found = whole_photos(
            model, [("photo", photo_features)], lambda _: projected, {"photo": find_outline(image)}
        )
        return next(whole for _, whole in found)

    def _vectors(self, image: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Return the photo's embedding as the store would give it back; none where the model sees no images."""
        embedder = self._extractor.embedder_
        if self._extractor.model_.image_block is None or embedder is None:
            return []
        vector = self._stage(embedder).embed([image])[0]
        return [("photo", vector.astype(np.float16).astype(np.float32))]

    def _see(self, image: np.ndarray, asked: Sequence[str]) -> PhotoFeatures:
        """Return what reading and looking find, as the store would give it back."""
        made, schema = self._extractor, self._extractor.model_.schema
        ocr_result = as_stored(self._stage(made.ocr_).read(image))
        photo_features = PhotoFeatures(ocr_result)
        for stage in made.further_:
            if stage.kind == "number_classifier":
                found = self._stage(stage).look(image, ocr_result.lines)
                photo_features = replace(photo_features, number_classes=number_classes_as_stored(found))
            elif any(needs_second_pass(ocr_result, schema.entity(e), schema) for e in asked):
                photo_features = replace(
                    photo_features, second_pass=as_stored(self._stage(stage).read(image, ocr_result))
                )
        return photo_features

    def _stage(self, stage: Stage) -> Any:
        if stage.kind not in self._stages:
            self._stages[stage.kind] = stage.create()
        return self._stages[stage.kind]
