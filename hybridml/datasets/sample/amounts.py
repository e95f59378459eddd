"""Quantities as products state them: rounded, converted, spelled, given in one unit or two."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hybridml.entities import default_entities

# How each unit is written on the sample's products; the first is the most frequent.
SPELLINGS = {
    "millimetre": ("mm", " mm", " MM"),
    "centimetre": ("cm", " cm", "CM", " cm"),
    "metre": ("m", " m"),
    "inch": (" in", "in", '"', " inch", " inches"),
    "foot": (" ft", "ft", "'"),
    "milligram": ("mg", " mg"),
    "gram": ("g", " g", " gr"),
    "kilogram": ("kg", " kg", " KG"),
    "ounce": (" oz", "oz", " OZ"),
    "pound": (" lbs", "lbs", " lb", " LBS"),
    "millilitre": ("ml", " ml", " mL"),
    "centilitre": ("cl", " cl"),
    "litre": (" L", "L", " l", " Liter"),
    "fluid ounce": (" fl oz", " FL OZ", " fl. oz", " FL. OZ."),
    "gallon": (" gal", " gallon"),
    "quart": (" qt", " quart"),
    "volt": ("V", " V", " Volt"),
    "watt": ("W", " W", " Watt"),
    "kilowatt": ("kW", " kW"),
}
# The unit that stands beside another one on products sold in two systems.
TWINS = {
    "millimetre": "inch",
    "centimetre": "inch",
    "metre": "foot",
    "inch": "centimetre",
    "foot": "centimetre",
    "gram": "ounce",
    "kilogram": "pound",
    "ounce": "gram",
    "pound": "kilogram",
    "millilitre": "fluid ounce",
    "litre": "fluid ounce",
    "centilitre": "fluid ounce",
    "fluid ounce": "millilitre",
    "gallon": "litre",
    "quart": "litre",
}
JOINS = ("{} / {}", "{}/{}", "{} ({})", "{} | {}")


@dataclass(frozen=True)
class Amount:
    """A number with one of the units that answers use.

    Examples
    --------
    >>> Amount(12.0, "ounce").truth, Amount(12.0, "ounce").twin()
    ('12.0 ounce', Amount(value=340, unit='gram'))
    """

    value: float
    unit: str

    @property
    def truth(self) -> str:
        """The form of the column ``entity_value``."""
        return f"{float(self.value)} {self.unit}"

    @property
    def number(self) -> str:
        """The number without needless zeros."""
        return f"{self.value:g}"

    def twin(self) -> Amount | None:
        """Return the same quantity in the unit that products state beside this one, rounded as they do."""
        unit = TWINS.get(self.unit)
        if unit is None:
            return None
        value = default_entities().convert(self.value, self.unit, unit)
        return Amount(round(value) if value >= 100 else round(value, 1 if value >= 1 else 2), unit)


@dataclass(frozen=True)
class Style:
    """How one product writes its quantities: the same on all its photos.

    Parameters
    ----------
    spelling : dict
        Unit to how it is written, its space included.
    comma : bool
        Decimal comma.
    dual : str
        ``""`` for one unit, else a pattern for two.
    label_first : bool
        Of two units, whether the one that the truth uses comes first.
    """

    spelling: dict[str, str] = field(default_factory=dict)
    comma: bool = False
    dual: str = ""
    label_first: bool = True

    @classmethod
    def of(cls, rng: random.Random, imperial: bool) -> Style:
        """Draw a style; products of metric markets sometimes write a decimal comma."""
        spelling = {u: rng.choice(s[: rng.choice((1, 2, len(s)))]) for u, s in SPELLINGS.items()}
        dual = rng.choice(JOINS) if rng.random() < 0.4 else ""
        return cls(spelling, not imperial and rng.random() < 0.2, dual, rng.random() < 0.65)

    def write(self, amount: Amount) -> str:
        """Return ``amount`` in its own unit."""
        number = amount.number.replace(".", ",") if self.comma else amount.number
        return number + self.spelling[amount.unit]

    def write_twice(self, amount: Amount) -> str:
        """Return ``amount`` in two units where this style and the unit have two, else in its own."""
        twin = amount.twin()
        if not self.dual or twin is None:
            return self.write(amount)
        pair = [self.write(amount), self.write(twin)]
        return self.dual.format(*(pair if self.label_first else pair[::-1]))
