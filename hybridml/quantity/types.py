"""The types that the parser returns: quantities, bare numbers and units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Form = Literal[
    "plain",
    "range low",
    "range high",
    "product part",
    "multipack each",
    "multipack total",
    "sum",
    "sum part",
    "bound",
    "per area",
]
"""How a quantity is written.

=================  =================================================================
plain              a number and its unit
range low, high    either end of ``100-240 V`` or ``between 2 and 3 kg``
product part       one of ``10 x 5 x 3 cm``
multipack each     the 330 ml of ``6 x 330 ml``
multipack total    the 1,980 ml of ``6 x 330 ml``, which is not written there
sum                ``5 ft 10 in`` as one quantity, in the smaller unit
sum part           the 5 ft or the 10 in of ``5 ft 10 in``
bound              the 150 kg of ``max 150 kg``, ``up to 150 kg``, ``< 150 kg``
per area           the 180 g of ``180 g/m²``, which :func:`hybridml.quantity.parse` leaves out
=================  =================================================================
"""

PER_AREA: Final = "per area"
"""The form that is not a quantity of the item itself."""


@dataclass(frozen=True)
class Quantity:
    """A number with its unit, as a person would see it in a text.

    Parameters
    ----------
    value : float
        The number, never negative: a minus on a product is a dash.
    unit : str
        In the spelling of answers, e.g. ``"centimetre"``.
    span : (int, int)
        Where in the text the number and its unit stand; the number alone if its unit stands elsewhere.
    form : str
        See :data:`Form`.
    repaired : bool
        Whether an OCR error is assumed (a letter for a digit, a lost decimal point), or it may well not be a quantity
        at all (the 45 W of a model called ``TX-B3-45W``).
    part : (int, int), optional
        Position within A x B x C, from 0, and the number of factors.
    label : str, optional
        Its label in the text: the ``"L"`` of ``L20 x W10``, the ``"Height"`` of ``Height: 30 cm``.
    number_text, unit_text : str
        The number and the unit as written.
    dual : bool
        Whether a neighbour gives the same quantity in another unit: ``12 oz (340 g)``.
    """

    value: float
    unit: str
    span: tuple[int, int]
    form: Form = "plain"
    repaired: bool = False
    part: tuple[int, int] | None = None
    label: str | None = None
    number_text: str = ""
    unit_text: str = ""
    dual: bool = False


@dataclass(frozen=True)
class Number:
    """A number without a unit of its own, which is a quantity if another text declares its unit.

    The fields are as in :class:`Quantity`.
    """

    value: float
    span: tuple[int, int]
    repaired: bool = False
    part: tuple[int, int] | None = None
    label: str | None = None
    form: Form = "plain"


@dataclass(frozen=True)
class UnitMention:
    """A unit, in the spelling of answers, that a text declares for numbers elsewhere, and where it stands there."""

    unit: str
    span: tuple[int, int]
