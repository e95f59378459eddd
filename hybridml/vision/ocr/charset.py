"""The characters of a recognizer. Most that it knows are East Asian, and leaving them out saves time."""

from __future__ import annotations

from typing import Any

# Of this module: counts up with every change that changes a copy.
VERSION = 1

EAST_ASIAN = 0x2E80
"""The first code point of the East Asian scripts; what lies below is kept."""

KEY = "character"
"""Where PP-OCR's recognizers hold their characters, a line each."""


def kept(characters: list[str]) -> list[int]:
    """Return which characters are not East Asian.

    Examples
    --------
    >>> kept(["a", "5", "米", "µ", "克"])
    [0, 1, 3]
    """
    return [i for i, text in enumerate(characters) if text and max(map(ord, text)) < EAST_ASIAN]


def western(network: Any) -> Any:
    """Take the East Asian characters from a recognizer, in place: from its last layer and from its list.

    What stands in such a script is then read as what looks most like it, or as nothing.

    Parameters
    ----------
    network : onnx.ModelProto
        One of PP-OCR's, whose last matrix has a column for the blank, each character, and the space.

    Raises
    ------
    ValueError
        When the network is built otherwise.
    """
    from onnx import numpy_helper

    held = [entry for entry in network.metadata_props if entry.key == KEY]
    if not held:
        raise ValueError("it does not hold the list of its characters")
    characters = held[0].value.splitlines()
    keep = kept(characters)
    classes = len(characters) + 2
    columns = [0, *(i + 1 for i in keep), classes - 1]
    found = [tensor for tensor in network.graph.initializer if tensor.dims and tensor.dims[-1] == classes]
    if len(found) != 2:
        raise ValueError(f"it has {len(found)} layers over {classes} characters, expected 2")
    for tensor in found:
        values = numpy_helper.to_array(tensor)[..., columns]
        tensor.CopyFrom(numpy_helper.from_array(values.copy(), tensor.name))
    for value in (*network.graph.output, *network.graph.value_info):
        sides = value.type.tensor_type.shape.dim
        if sides and sides[-1].dim_value == classes:
            sides[-1].dim_value = len(columns)
    held[0].value = "\n".join(characters[i] for i in keep)
    return network
