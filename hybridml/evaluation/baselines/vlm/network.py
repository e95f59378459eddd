"""The vision-language model: its settings, weights and generated answers."""

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
    """Settings of the model.

    Parameters
    ----------
    model : str
        Name on the hub, or a local folder.
    adapter : str
        Folder of LoRA weights that :meth:`Network.save` wrote; empty for none.
    device : str
        Torch's name of the device: ``"cpu"``, ``"cuda"``.
    dtype : {"float32", "bfloat16", "float16"}
        Type of the weights.
    four_bit : bool
        Load the base network in 4 bits (QLoRA): needs bitsandbytes and an NVIDIA GPU.
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

    Raises
    ------
    MissingExtraError
        When a package is missing.
    WeightsError
        When its weights are neither here nor to be downloaded.
    HybridmlError
        When this machine does not support a setting.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        require("the system 'vlm'", PACKAGES, "vlm")
        if not settings.model:
            raise WeightsError(
                "the system 'vlm' needs a model: set its parameter model to a name on the hub, such as "
                "'HuggingFaceM4/idefics2-8b', or to the folder of one"
            )
        import_torchvision()  # transformers prepares pictures with it
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
                "one on this machine, or download it with 'hf download NAME' where there is a network and set HF_HOME "
                "to its folder"
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
        # the answer follows the prompt, so the padding stands before it
        tokenizer.padding_side = "left"
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token

    def inputs(self, prompts: Sequence[str], photos: Sequence[NDArray[np.uint8]]) -> dict[str, Any]:
        """Return the model's inputs for prompts with a photo each, on the CPU."""
        from PIL import Image

        pictures = [[Image.fromarray(photo)] for photo in photos]
        return dict(self.processor(text=list(prompts), images=pictures, padding=True, return_tensors="pt"))

    def answers(
        self, prompts: Sequence[str], photos: Sequence[NDArray[np.uint8]], new_tokens: int
    ) -> list[str]:
        """Return how the model continues each prompt about its photo (H, W, 3), by at most ``new_tokens`` tokens.

        It decodes greedily, so that the answers are the same every time.
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
        """Write the fine-tuned weights to a folder, to be named as ``adapter``."""
        self.model.save_pretrained(str(folder))

    def size(self) -> int:
        """Return the bytes of all weights."""
        return sum(p.numel() * p.element_size() for p in self.model.parameters())


def _check_device(settings: NetworkSettings) -> None:
    """Raise an error that says what to do when this machine has no such device, or cannot load 4 bits."""
    import torch

    if settings.device.startswith("cuda") and not torch.cuda.is_available():
        raise HybridmlError(f"device {settings.device!r}: torch sees no such GPU here; use device='cpu'")
    if settings.four_bit:
        require("four_bit=True", ["bitsandbytes"], "vlm")
        if not settings.device.startswith("cuda"):
            raise HybridmlError(
                f"four_bit=True needs an NVIDIA GPU, got device {settings.device!r}: use device='cuda', or "
                "four_bit=False"
            )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
