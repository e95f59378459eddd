"""The question put to a vision-language model, the prompt around it, and the legal answer in its reply."""

from __future__ import annotations

from typing import Any

from hybridml.entities import Entity, EntitySchema
from hybridml.quantity import format_quantity, parse

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


def repaired(text: str, entity: Entity, schema: EntitySchema) -> str:
    """Return the first quantity in a text that can answer ``entity``, as a submission writes it; empty for none.

    Units may be spelled in any way, and become those of the entity: an ounce of a volume is a fluid ounce. A quantity
    of another family, or a number alone, is no answer.

    Examples
    --------
    >>> from hybridml.entities import default_entities
    >>> schema = default_entities()
    >>> repaired("The weight is 1.5kg (3.3 lbs).", schema.entity("item_weight"), schema)
    '1.5 kilogram'
    >>> repaired("12 cm", schema.entity("item_weight"), schema)
    ''
    """
    for quantity in parse(text, schema):
        unit = entity.unit_for(quantity.unit)
        if unit is not None:
            return format_quantity(quantity.value, unit)
    return ""
