"""LoRA fine-tuning of a vision-language model on labelled rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridml.errors import HybridmlError
from hybridml.utils.registry import in_range

from .network import Network

IGNORED = -100
"""Label of a token that the loss leaves out, as torch's cross entropy has it."""


@dataclass(frozen=True)
class TuningSettings:
    """Settings of fine-tuning.

    Parameters
    ----------
    epochs : int
        Epochs; 0 for no fine-tuning.
    rank, alpha : int
        Rank of the LoRA matrices, and the numerator of their scale (``alpha / rank``).
    dropout : float
        Dropout of their inputs.
    learning_rate : float
        Learning rate of the first step; it falls linearly.
    batch, accumulate : int
        Rows of a step on the device, and steps whose gradients are added up.
    seed : int
        Seed of the order of rows and of the matrices.
    """

    epochs: int = 0
    rank: int = 8
    alpha: int = 16
    dropout: float = 0.05
    learning_rate: float = 1e-4
    batch: int = 2
    accumulate: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("epochs", self.epochs, 0, 1000, whole=True)
        in_range("rank", self.rank, 1, 1024, whole=True)
        in_range("alpha", self.alpha, 1, 4096, whole=True)
        in_range("dropout", self.dropout, 0, 0.9)
        in_range("learning_rate", self.learning_rate, 1e-8, 1)
        in_range("batch", self.batch, 1, 4096, whole=True)
        in_range("accumulate", self.accumulate, 1, 4096, whole=True)


@dataclass(frozen=True)
class TuningExample:
    """A training row: its prompt, its label, and a function that loads its photo."""

    prompt: str
    answer: str
    photo: Callable[[], NDArray[np.uint8]]


class Collator:
    """Collator of examples: prompts padded on the left, then the answers; only their tokens count in the loss."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def __call__(self, examples: Sequence[TuningExample]) -> dict[str, Any]:
        """Return the model's inputs and ``labels`` (rows, tokens)."""
        import torch

        inputs = self.network.inputs([e.prompt for e in examples], [e.photo() for e in examples])
        tokenizer = self.network.processor.tokenizer
        prompts = inputs["input_ids"]
        written = [
            [*tokenizer(f" {e.answer}", add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
            for e in examples
        ]
        length = max(len(tokens) for tokens in written)
        answers = torch.full((len(examples), length), tokenizer.pad_token_id, dtype=prompts.dtype)
        there = torch.zeros((len(examples), length), dtype=inputs["attention_mask"].dtype)
        for i, tokens in enumerate(written):
            answers[i, : len(tokens)] = torch.tensor(tokens)
            there[i, : len(tokens)] = 1
        labels = torch.full((len(examples), prompts.shape[1] + length), IGNORED)
        labels[:, prompts.shape[1] :] = torch.where(there.bool(), answers, IGNORED)
        behind = {"input_ids": answers, "attention_mask": there}
        for name, values in inputs.items():
            if values.shape[:2] == prompts.shape and values.ndim == 2:
                # other inputs with a value per token, such as which are the picture's, have none for an answer's
                more = behind.get(name, torch.zeros(len(examples), length, dtype=values.dtype))
                inputs[name] = torch.cat([values, more], dim=1)
        return {**inputs, "labels": labels}


def adapted(network: Network, settings: TuningSettings) -> None:
    """Add LoRA matrices to every linear layer of the network, to be trained in place of its weights."""
    import torch
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    torch.manual_seed(settings.seed)
    if getattr(network.model, "is_loaded_in_4bit", False):
        network.model = prepare_model_for_kbit_training(network.model)
    network.model = get_peft_model(
        network.model,
        LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
    )


def tune(
    network: Network,
    examples: Sequence[TuningExample],
    settings: TuningSettings,
    folder: Path,
    progress: bool = True,
) -> list[float]:
    """Fine-tune a network in place, and return the mean loss of each epoch of this run.

    The network gets LoRA matrices, and the folder a checkpoint per epoch, from which an interrupted run continues.

    Raises
    ------
    HybridmlError
        When there are no examples.
    """
    if not examples:
        raise HybridmlError("no labelled row with a photo to fine-tune on; expected at least one")
    from transformers import Trainer, TrainingArguments
    from transformers.trainer_callback import PrinterCallback
    from transformers.trainer_utils import get_last_checkpoint

    adapted(network, settings)
    folder.mkdir(parents=True, exist_ok=True)
    on_cpu = network.device == "cpu"
    trainer = Trainer(
        model=network.model,
        args=TrainingArguments(
            output_dir=str(folder),
            num_train_epochs=settings.epochs,
            per_device_train_batch_size=settings.batch,
            gradient_accumulation_steps=settings.accumulate,
            learning_rate=settings.learning_rate,
            lr_scheduler_type="linear",
            save_strategy="epoch",
            save_total_limit=1,
            logging_strategy="epoch",
            remove_unused_columns=False,
            report_to="none",
            disable_tqdm=not progress,
            use_cpu=on_cpu,
            dataloader_pin_memory=not on_cpu,
            seed=settings.seed,
        ),
        data_collator=Collator(network),
        train_dataset=examples,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(folder)))
    network.model.eval()
    return [float(line["loss"]) for line in trainer.state.log_history if "loss" in line]
