"""What a vision-language model is asked."""

from __future__ import annotations

from typing import Any

from hybridml.entities import Entity

TEXT = (
    "What is the {name} of the product in this picture? Read it off the picture. "
    "Answer with a number and one of these units: {units}. Example: {example}."
)


def question(entity: Entity) -> str:
    """Return the question for an entity, with the units that its answer may have.

    Examples
    --------
    >>> from hybridml.entities import default_entities
    >>> print(question(default_entities().entity("voltage")))
    What is the voltage of the product in this picture? Read it off the picture. Answer with a number and one of
    these units: kilovolt, millivolt, volt. Example: 12.5 kilovolt.
    """
    return TEXT.format(
        name=entity.name.replace("_", " "), units=", ".join(entity.units), example=f"12.5 {entity.units[0]}"
    )


def prompt(processor: Any, asked: str) -> str:
    """Return the text that a model continues with its answer: its own chat template around picture and question.

    A processor without a template gets the picture's token, the question and the word "Answer".
    """
    if getattr(processor, "chat_template", None):
        content = [{"type": "image"}, {"type": "text", "text": asked}]
        return str(
            processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        )
    token = getattr(processor, "image_token", "<image>")
    return f"{getattr(token, 'content', token)}{asked}\nAnswer:"
