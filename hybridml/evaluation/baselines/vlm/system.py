"""A vision-language model in the comparison."""

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
from hybridml.datasets.labels import parse_truth
from hybridml.entities import EntitySchema
from hybridml.errors import ImageError, NotFittedError
from hybridml.evaluation.baselines.system import LABEL, PHOTOS, Given, System
from hybridml.quantity import format_quantity
from hybridml.utils.hashing import fingerprint
from hybridml.utils.registry import in_range

from .network import Network, NetworkSettings
from .photo import PhotoSettings, prepared
from .prompt import prompt, question
from .repair import repaired
from .tuning import Example, TuningSettings, tune

log = logging.getLogger(__name__)


class VlmSystem(System):
    """Asks a vision-language model for the quantity, as it is or fine-tuned on the training rows.

    A photo that cannot be decoded costs its own rows.

    Parameters
    ----------
    model, adapter, device, dtype, four_bit
        See :class:`hybridml.evaluation.baselines.vlm.network.NetworkSettings`.
    longest_side, clahe, unsharp
        See :class:`hybridml.evaluation.baselines.vlm.photo.PhotoSettings`.
    epochs, rank, alpha, dropout, learning_rate, batch, accumulate, seed
        See :class:`hybridml.evaluation.baselines.vlm.tuning.TuningSettings`; ``epochs=0`` asks the model as it is.
    questions : int
        Rows that are answered together.
    new_tokens : int
        Tokens of an answer at most.
    checkpoints : str
        Folder in which fine-tuning keeps its epochs, each run in a folder of its own rows and settings, so that an
        interrupted one goes on and none goes on with another's; empty for none.
    progress : bool
        Show progress bars.

    Attributes
    ----------
    losses_ : list of float
        Mean loss of each epoch.

    Examples
    --------
    >>> VlmSystem(model="HuggingFaceM4/idefics2-8b", device="cuda", four_bit=True, epochs=1)
    VlmSystem(model='HuggingFaceM4/idefics2-8b', device='cuda', four_bit=True, epochs=1)
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
        self.model, self.adapter, self.device, self.dtype, self.four_bit = (
            model,
            adapter,
            device,
            dtype,
            four_bit,
        )
        self.longest_side, self.clahe, self.unsharp = longest_side, clahe, unsharp
        self.epochs, self.rank, self.alpha, self.dropout = epochs, rank, alpha, dropout
        self.learning_rate, self.batch, self.accumulate, self.seed = learning_rate, batch, accumulate, seed
        self.questions, self.new_tokens = questions, new_tokens
        self.checkpoints, self.progress = checkpoints, progress

    def fit(self, given: Given) -> Self:
        """Load the model and, with ``epochs``, fine-tune it on the rows whose label is a quantity that can be given."""
        in_range("questions", self.questions, 1, 4096, whole=True)
        in_range("new_tokens", self.new_tokens, 1, 4096, whole=True)
        self._photo = PhotoSettings(self.longest_side, self.clahe, self.unsharp)
        tuning = TuningSettings(
            **{n: getattr(self, n) for n in TuningSettings.__dataclass_fields__},
        )
        self.network_ = Network(
            NetworkSettings(self.model, self.adapter, self.device, self.dtype, self.four_bit)
        )
        self.losses_: list[float] = []
        if self.epochs:
            examples = list(self._examples(given))
            with TemporaryDirectory() as own:
                folder = Path(self.checkpoints) / self._run(given) if self.checkpoints else Path(own)
                self.losses_ = tune(self.network_, examples, tuning, folder, self.progress)
        return self

    def _run(self, given: Given) -> str:
        """Return what tells this run from others: its settings and the rows it learns from."""
        rows = list(zip(given.keys, given.frame["entity_name"], given.frame[LABEL], strict=True))
        told = {
            n: v for n, v in self.get_params().items() if n not in ("checkpoints", "progress", "questions")
        }
        return fingerprint({**told, "rows": [[as_text(v) for v in row] for row in rows]})

    def _examples(self, given: Given) -> Iterator[Example]:
        truths = parse_truth(list(given.frame[LABEL]), given.schema)
        for key, name, truth in zip(given.keys, given.frame["entity_name"], truths, strict=True):
            path = given.photos.get(key or "")
            if path is None or truth.quantity is None or name not in given.schema.entities:
                continue
            try:
                images.decode(path)
            except ImageError as error:
                log.warning("not learned from: %s", error)
                continue
            asked = prompt(self.network_.processor, question(given.schema.entity(name)))
            yield Example(asked, format_quantity(*truth.quantity), partial(self._shown, path))

    def _shown(self, path: Path) -> NDArray[np.uint8]:
        return prepared(images.decode(path), self._photo)

    def predict(self, given: Given) -> list[str]:
        """Return an answer per row, empty where the model wrote no legal one or the photo cannot be shown to it."""
        self._check_fitted()
        from tqdm import tqdm

        answers = [""] * len(given)
        with tqdm(total=len(given), desc="asked", unit="row", disable=not self.progress) as bar:
            rows = iter(range(len(given)))
            while at := list(islice(rows, self.questions)):
                for i, text in self._asked(given, at).items():
                    answers[i] = repaired(
                        text, given.schema.entity(given.frame["entity_name"][i]), given.schema
                    )
                bar.update(len(at))
        return answers

    def _asked(self, given: Given, at: Sequence[int]) -> dict[int, str]:
        """Return what the model writes for the rows at some positions, without those that cannot be asked."""
        shown: dict[int, NDArray[np.uint8]] = {}
        for i in at:
            path = given.photos.get(given.keys[i] or "")
            if path is None or given.frame["entity_name"][i] not in given.schema.entities:
                continue
            try:
                shown[i] = self._shown(path)
            except ImageError as error:
                log.warning("not asked about: %s", error)
        if not shown:
            return {}
        prompts = [self._prompt(given.frame["entity_name"][i], given.schema) for i in shown]
        texts = self.network_.answers(prompts, list(shown.values()), self.new_tokens)
        return dict(zip(shown, texts, strict=True))

    def _prompt(self, entity: str, schema: EntitySchema) -> str:
        return prompt(self.network_.processor, question(schema.entity(entity)))

    def save(self, folder: str | Path) -> None:
        """Write what fine-tuning learned, to be named as ``adapter``."""
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
        """Leave the model behind: it is loaded again by ``fit``."""
        return {n: v for n, v in vars(self).items() if n != "network_"}
