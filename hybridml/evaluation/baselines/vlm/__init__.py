"""A vision-language model as a system: it is shown the photo and asked for the quantity, with no reader and no ranker.

Any image-text-to-text model of the Hugging Face hub, by name or as a local folder, asked as it is or after LoRA
fine-tuning: E. Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022; with the base network in 4
bits: T. Dettmers et al., QLoRA: Efficient Finetuning of Quantized LLMs, NeurIPS 2023. Photos are prepared, and answers
repaired, as the published system did: at most 600 px, CLAHE and unsharp masking.
"""

from .system import VlmSystem

__all__ = ["VlmSystem"]
