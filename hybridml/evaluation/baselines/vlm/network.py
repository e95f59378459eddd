"""Loading a vision-language model and letting it answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridml.errors import HybridmlError, WeightsError
from hybridml.utils.optional import require
from hybridml.utils.registry import one_of
from hybridml.vision.torchvision_compat import import_torchvision

DTYPES = ("float32", "bfloat16", "float16")
PACKAGES = ("torch", "transformers", "peft", "accelerate")


@dataclass(frozen=True)
class NetworkSettings:
    """Which model, and in what it computes.

    Parameters
    ----------
    model : str
        Name on the hub, or a local folder.
    adapter : str
        Folder of LoRA weights that :meth:`Network.save` wrote; empty for none.
    device : str
        As torch names it: ``"cpu"``, ``"cuda"``.
    dtype : {"float32", "bfloat16", "float16"}
        Of the weights.
    four_bit : bool
        The base network in 4 bits (QLoRA): needs bitsandbytes and an NVIDIA GPU.
    """

    model: str
    adapter: str = ""
    device: str = "cpu"
    dtype: str = "float32"
    four_bit: bool = False

    def __post_init__(self) -> None:
        one_of("dtype", self.dtype, DTYPES)


class Network:
    """A model with its processor.

    Parameters
    ----------
    settings : NetworkSettings
        Which one.

    Raises
    ------
    MissingExtraError
        When a package is missing.
    WeightsError
        When its weights are not here and cannot be fetched.
    HybridmlError
        When what was asked for does not work on this machine.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        require("the system 'vlm'", PACKAGES, "vlm")
        if not settings.model:
            raise WeightsError(
                "the system 'vlm' needs a model: name one of the hub, 'HuggingFaceM4/idefics2-8b' say, or the folder "
                "of one, as its parameter model"
            )
        import_torchvision()  # what transformers prepares pictures with
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        _check_device(settings)
        dtype = getattr(torch, settings.dtype)
        extra: dict[str, Any] = {}
        if settings.four_bit:
            from transformers import BitsAndBytesConfig

            extra = {
                "quantization_config": BitsAndBytesConfig(
                    load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
                ),
                "device_map": {"": settings.device},
            }
        try:
            self.processor: Any = AutoProcessor.from_pretrained(settings.model)
            self.model: Any = AutoModelForImageTextToText.from_pretrained(
                settings.model, dtype=dtype, **extra
            )
        except (OSError, ValueError) as error:
            raise WeightsError(
                f"cannot load the vision-language model {settings.model!r} ({_first_line(error)}). Name the folder of "
                "one that is on this machine; or fetch it where there is a network, with 'hf download NAME', and set "
                "HF_HOME to where it lies"
            ) from error
        if settings.adapter:
            from peft import PeftModel

            if not (Path(settings.adapter) / "adapter_config.json").is_file():
                raise WeightsError(
                    f"no LoRA weights in {settings.adapter}: expected adapter_config.json there"
                )
            self.model = PeftModel.from_pretrained(self.model, settings.adapter)
        if not settings.four_bit:
            self.model.to(settings.device)
        self.model.eval()
        self.device = settings.device
        tokenizer = self.processor.tokenizer
        # an answer follows its prompt: what makes prompts equally long stands before them
        tokenizer.padding_side = "left"
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token

    def inputs(self, prompts: Sequence[str], photos: Sequence[NDArray[np.uint8]]) -> dict[str, Any]:
        """Return prompts with a photo each as the model takes them, on the CPU."""
        from PIL import Image

        pictures = [[Image.fromarray(photo)] for photo in photos]
        return dict(self.processor(text=list(prompts), images=pictures, padding=True, return_tensors="pt"))

    def answers(
        self, prompts: Sequence[str], photos: Sequence[NDArray[np.uint8]], new_tokens: int
    ) -> list[str]:
        """Return how the model continues each prompt: greedily, the same every time.

        Parameters
        ----------
        prompts : sequence of str
            See :func:`hybridml.evaluation.baselines.vlm.prompt.prompt`.
        photos : sequence of arrays (H, W, 3)
            One for each.
        new_tokens : int
            Tokens of an answer at most.
        """
        import torch

        inputs = {name: values.to(self.device) for name, values in self.inputs(prompts, photos).items()}
        dtype = next(self.model.parameters()).dtype
        for name, values in inputs.items():
            if values.is_floating_point():
                inputs[name] = values.to(dtype)
        with torch.inference_mode():
            written = self.model.generate(
                **inputs,
                max_new_tokens=new_tokens,
                do_sample=False,
                pad_token_id=self.processor.tokenizer.pad_token_id,
            )
        tokens = written[:, inputs["input_ids"].shape[1] :]
        return [
            text.strip() for text in self.processor.tokenizer.batch_decode(tokens, skip_special_tokens=True)
        ]

    def save(self, folder: str | Path) -> None:
        """Write what fine-tuning learned to a folder, to be named as ``adapter``."""
        self.model.save_pretrained(str(folder))

    def size(self) -> int:
        """Return the bytes of all weights."""
        return sum(p.numel() * p.element_size() for p in self.model.parameters())


def _check_device(settings: NetworkSettings) -> None:
    """Raise an error that says what to do when the device, or 4 bits, are not to be had here."""
    import torch

    if settings.device.startswith("cuda") and not torch.cuda.is_available():
        raise HybridmlError(f"device {settings.device!r}: this torch sees no such GPU; use device='cpu'")
    if settings.four_bit:
        require("four_bit=True", ["bitsandbytes"], "vlm")
        if not settings.device.startswith("cuda"):
            raise HybridmlError(
                f"four_bit=True needs an NVIDIA GPU, got device {settings.device!r}: use device='cuda', or "
                "four_bit=False"
            )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
