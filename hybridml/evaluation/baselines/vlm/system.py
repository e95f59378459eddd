"""The vision-language baseline as a system."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from hybridml.datasets import images
from hybridml.datasets.groups import as_text
from hybridml.datasets.labels import parse_labels
from hybridml.entities import EntitySchema
from hybridml.errors import ImageError, NotFittedError
from hybridml.evaluation.baselines.system import LABEL, PHOTOS, Dataset, System
from hybridml.quantity import format_quantity
from hybridml.utils.hashing import fingerprint
from hybridml.utils.registry import in_range

from .network import Network, NetworkSettings
from .photo import PhotoSettings, prepared
from .prompt import prompt, question, repaired
from .tuning import TuningExample, TuningSettings, tune

log = logging.getLogger(__name__)


class VlmSystem(System):
    """A vision-language model that is asked for the quantity, as it is or fine-tuned on the training rows.

    The rows of a photo that cannot be decoded get no answer.

    Parameters
    ----------
    model, adapter, device, dtype, four_bit
        See :class:`hybridml.evaluation.baselines.vlm.network.NetworkSettings`.
    longest_side, clahe, unsharp
        See :class:`hybridml.evaluation.baselines.vlm.photo.PhotoSettings`.
    epochs, rank, alpha, dropout, learning_rate, batch, accumulate, seed
        See :class:`hybridml.evaluation.baselines.vlm.tuning.TuningSettings`; with ``epochs=0`` the model is not
        fine-tuned.
    questions : int
        Rows per batch.
    new_tokens : int
        Maximum number of tokens of an answer.
    checkpoints : str
        Folder for the checkpoints of fine-tuning; empty for none. Each run has a subfolder of its own, named for its
        rows and settings, from which an interrupted run continues.
    progress : bool
        Show progress bars.

    Attributes
    ----------
    losses_ : list of float
        Mean loss of each epoch.

    Examples
    --------
    >>> VlmSystem(model="HuggingFaceM4/idefics2-8b", device="cuda", four_bit=True, epochs=1)
    VlmSystem(device='cuda', epochs=1, four_bit=True,
              model='HuggingFaceM4/idefics2-8b')
    """

    needs: ClassVar[frozenset[str]] = frozenset({PHOTOS})

    def __init__(
        self,
        model: str = "",
        adapter: str = "",
        device: str = "cpu",
        dtype: str = "float32",
        four_bit: bool = False,
        longest_side: int = 600,
        clahe: float = 2.0,
        unsharp: float = 0.5,
        epochs: int = 0,
        rank: int = 8,
        alpha: int = 16,
        dropout: float = 0.05,
        learning_rate: float = 1e-4,
        batch: int = 2,
        accumulate: int = 8,
        seed: int = 0,
        questions: int = 4,
        new_tokens: int = 24,
        checkpoints: str = "",
        progress: bool = True,
    ) -> None:
        self.model, self.adapter = model, adapter
        self.device, self.dtype, self.four_bit = device, dtype, four_bit
        self.longest_side, self.clahe, self.unsharp = longest_side, clahe, unsharp
        self.epochs, self.rank, self.alpha, self.dropout = epochs, rank, alpha, dropout
        self.learning_rate, self.batch, self.accumulate, self.seed = learning_rate, batch, accumulate, seed
        self.questions, self.new_tokens = questions, new_tokens
        self.checkpoints, self.progress = checkpoints, progress

    def fit(self, dataset: Dataset) -> Self:
        """Load the model and, with ``epochs``, fine-tune it on the rows whose label is a quantity."""
        in_range("questions", self.questions, 1, 4096, whole=True)
        in_range("new_tokens", self.new_tokens, 1, 4096, whole=True)
        self._photo = PhotoSettings(self.longest_side, self.clahe, self.unsharp)
        tuning = TuningSettings(**{n: getattr(self, n) for n in TuningSettings.__dataclass_fields__})
        self.network_ = Network(
            NetworkSettings(self.model, self.adapter, self.device, self.dtype, self.four_bit)
        )
        self.losses_: list[float] = []
        if self.epochs:
            examples = list(self._examples(dataset))
            with TemporaryDirectory() as own:
                folder = Path(self.checkpoints) / self._run(dataset) if self.checkpoints else Path(own)
                self.losses_ = tune(self.network_, examples, tuning, folder, self.progress)
        return self

    def _run(self, dataset: Dataset) -> str:
        """Return a fingerprint of this run: of its settings and the rows it learns from."""
        rows = list(zip(dataset.keys, dataset.frame["entity_name"], dataset.frame[LABEL], strict=True))
        ignored = ("checkpoints", "progress", "questions")
        settings = {n: v for n, v in self.get_params().items() if n not in ignored}
        return fingerprint({**settings, "rows": [[as_text(v) for v in row] for row in rows]})

    def _examples(self, dataset: Dataset) -> Iterator[TuningExample]:
        truths = parse_labels(list(dataset.frame[LABEL]), dataset.schema)
        for key, name, truth in zip(dataset.keys, dataset.frame["entity_name"], truths, strict=True):
            path = dataset.photos.get(key or "")
            if path is None or truth.quantity is None or name not in dataset.schema.entities:
                continue
            try:
                images.decode(path)
            except ImageError as error:
                log.warning("not trained on: %s", error)
                continue
            yield TuningExample(
                self._prompt(name, dataset.schema),
                format_quantity(*truth.quantity),
                partial(self._prepared, path),
            )

    def _prepared(self, path: Path) -> NDArray[np.uint8]:
        return prepared(images.decode(path), self._photo)

    def predict(self, dataset: Dataset) -> list[str]:
        """Return an answer per row, empty where the model wrote no legal one or the photo cannot be decoded."""
        self._check_fitted()
        from tqdm import tqdm

        answers = [""] * len(dataset)
        with tqdm(total=len(dataset), desc="vlm", unit="row", disable=not self.progress) as bar:
            rows = iter(range(len(dataset)))
            while at := list(islice(rows, self.questions)):
                for i, text in self._generated(dataset, at).items():
                    answers[i] = repaired(
                        text, dataset.schema.entity(dataset.frame["entity_name"][i]), dataset.schema
                    )
                bar.update(len(at))
        return answers

    def _generated(self, dataset: Dataset, at: Sequence[int]) -> dict[int, str]:
        """Return what the model writes for the rows at some positions, without those whose photo is missing."""
        photos: dict[int, NDArray[np.uint8]] = {}
        for i in at:
            path = dataset.photos.get(dataset.keys[i] or "")
            if path is None or dataset.frame["entity_name"][i] not in dataset.schema.entities:
                continue
            try:
                photos[i] = self._prepared(path)
            except ImageError as error:
                log.warning("not asked about: %s", error)
        if not photos:
            return {}
        prompts = [self._prompt(dataset.frame["entity_name"][i], dataset.schema) for i in photos]
        texts = self.network_.answers(prompts, list(photos.values()), self.new_tokens)
        return dict(zip(photos, texts, strict=True))

    def _prompt(self, entity: str, schema: EntitySchema) -> str:
        return prompt(self.network_.processor, question(schema.entity(entity)))

    def save(self, folder: str | Path) -> None:
        """Write the fine-tuned weights to a folder, to be named as ``adapter``."""
        self._check_fitted()
        self.network_.save(folder)

    def size(self) -> int:
        """Return the bytes of the model's weights, those of LoRA included.

        Raises
        ------
        NotFittedError
            Before ``fit``, which loads the model.
        """
        self._check_fitted()
        return self.network_.size()

    def _check_fitted(self) -> None:
        if not hasattr(self, "network_"):
            raise NotFittedError("no vision-language model is loaded: call fit, which loads it, first")

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the model: ``fit`` loads it again."""
        return {n: v for n, v in vars(self).items() if n != "network_"}
