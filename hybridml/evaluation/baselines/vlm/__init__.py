"""The vision-language baseline: a model that sees the photo and is asked for the quantity, without OCR and ranker.

It takes any image-text-to-text model of the Hugging Face hub, by name or as a local folder, with or without LoRA
fine-tuning (E. Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022), and with the base network in
4 bits (T. Dettmers et al., QLoRA: Efficient Finetuning of Quantized LLMs, NeurIPS 2023). Photos are prepared as in the
published system: at most 600 px, CLAHE and unsharp masking.
"""

from .system import VlmSystem

__all__ = ["VlmSystem"]
