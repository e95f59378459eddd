"""The question put to a vision-language model, and the prompt around it."""

from __future__ import annotations

from typing import Any

from hybridml.entities import Entity

PROMPT = (
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
    return PROMPT.format(
        name=entity.name.replace("_", " "), units=", ".join(entity.units), example=f"12.5 {entity.units[0]}"
    )


def prompt(processor: Any, question: str) -> str:
    """Return the text that a model continues: the model's own chat template around picture and question.

    Without a template, it is the picture's token, the question and the word "Answer".
    """
    if getattr(processor, "chat_template", None):
        content = [{"type": "image"}, {"type": "text", "text": question}]
        return str(
            processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        )
    token = getattr(processor, "image_token", "<image>")
    return f"{getattr(token, 'content', token)}{question}\nAnswer:"
