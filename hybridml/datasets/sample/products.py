"""Invented products: what they are called, their true quantities, and how they write them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from hybridml.entities import default_entities

from .canvas import Colour

BRANDS = (
    "NORDHAUS", "Kalmia", "Brightwell", "OAK & RYE", "Veldora", "TINTO", "Sunfjord", "Marlowe", "PIKA",
    "Lumenta", "Harrowby", "ZESTA", "Quillon", "Fernside", "VOLTIQ", "Amberly", "Corvex", "Tavira",
)  # fmt: skip
PALETTE: tuple[Colour, ...] = (
    (186, 59, 52), (33, 92, 143), (46, 111, 74), (226, 160, 40), (92, 63, 122), (60, 62, 68),
    (199, 123, 86), (21, 128, 138), (148, 108, 66), (214, 96, 140), (96, 116, 48), (35, 44, 78),
)  # fmt: skip
# The sizes that contents come in.
CONTENTS = {
    "gram": (40, 75, 90, 100, 125, 150, 170, 200, 225, 250, 340, 375, 400, 454, 500, 680, 750, 900),
    "kilogram": (1, 1.2, 1.5, 2, 2.5, 5, 10),
    "ounce": (1.4, 2.5, 3.5, 5, 6, 8, 9.2, 10.5, 12, 14, 16, 18.5, 24, 32),
    "pound": (1, 1.5, 2, 3, 5, 10),
    "millilitre": (10, 30, 50, 75, 100, 150, 200, 236, 250, 300, 330, 400, 475, 500, 700, 750),
    "litre": (1, 1.2, 1.5, 1.7, 2, 3, 5),
    "fluid ounce": (0.5, 1, 1.7, 2, 3.4, 4, 6, 8, 8.5, 10, 12, 16, 16.9, 20, 33.8),
    "gallon": (1, 2, 5),
}
# Volts of a power supply to the watts it may deliver.
SUPPLIES = {
    5: (5, 10, 12, 15), 9: (9, 18, 27), 12: (12, 18, 24, 36, 60, 72), 19: (45, 65, 90), 20: (65, 87, 100),
    24: (24, 60, 96, 120, 240), 36: (90, 150), 48: (120, 240, 480),
}  # fmt: skip
HEATERS = (300, 450, 600, 750, 800, 1000, 1200, 1500, 1800)
# Height to width of turned shapes.
RATIOS = {"bowl": (0.35, 0.6), "vase": (1.3, 2.2), "jar": (0.9, 1.6)}
# Unit to the second unit on products sold in two systems, and to how it is written, the most frequent first.
UNITS: dict[str, tuple[str, tuple[str, ...]]] = {
    "millimetre": ("inch", ("mm", " mm", " MM")),
    "centimetre": ("inch", ("cm", " cm", "CM")),
    "inch": ("centimetre", (" in", "in", '"', " inch", " inches")),
    "gram": ("ounce", ("g", " g", " gr")),
    "kilogram": ("pound", ("kg", " kg", " KG")),
    "ounce": ("gram", (" oz", "oz", " OZ")),
    "pound": ("kilogram", (" lbs", "lbs", " lb", " LBS")),
    "millilitre": ("fluid ounce", ("ml", " ml", " mL")),
    "litre": ("fluid ounce", (" L", "L", " l", " Liter")),
    "fluid ounce": ("millilitre", (" fl oz", " FL OZ", " fl. oz", " FL. OZ.")),
    "gallon": ("litre", (" gal", " gallon")),
    "volt": ("", ("V", " V", " Volt")),
    "watt": ("", ("W", " W", " Watt")),
}
# How two units stand together; {0} is in the unit of the truth.
JOINS = ("{0} / {1}", "{0}/{1}", "{0} ({1})", "{0} | {1}", "{1} ({0})", "{1} / {0}")


@dataclass(frozen=True)
class Amount:
    """A number with one of the allowed units.

    Examples
    --------
    >>> Amount(12.0, "ounce").truth, Amount(12.0, "ounce").twin()
    ('12.0 ounce', Amount(value=340, unit='gram'))
    """

    value: float
    unit: str

    @property
    def truth(self) -> str:
        """The amount as the column ``entity_value`` has it."""
        return f"{float(self.value)} {self.unit}"

    @property
    def number(self) -> str:
        """The number without needless zeros."""
        return f"{self.value:g}"

    def times(self, factor: float) -> Amount:
        """Return a multiple of the amount, rounded as products round."""
        value = self.value * factor
        return Amount(round(value) if value >= 100 else round(value, 1 if value >= 1 else 2), self.unit)

    def twin(self) -> Amount | None:
        """Return the same quantity in the second unit that products state, or None where there is none."""
        unit = UNITS[self.unit][0]
        if not unit:
            return None
        return Amount(default_entities().convert(self.value, self.unit, unit), unit).times(1)


@dataclass(frozen=True)
class Style:
    """How one product writes its quantities: the same on all its photos."""

    spelling: dict[str, str]  # unit to how it is written, its space included
    comma: bool = False  # whether the decimal point is a comma
    dual: str = ""  # the pattern of two units, one of JOINS; empty for one unit

    @classmethod
    def of(cls, rng: random.Random, imperial: bool) -> Style:
        """Return a style at random; products of metric markets sometimes write a decimal comma."""
        spelling = {u: rng.choice(s[: rng.choice((1, 2, len(s)))]) for u, (_, s) in UNITS.items()}
        dual = rng.choice(JOINS) if rng.random() < 0.4 else ""
        return cls(spelling, not imperial and rng.random() < 0.2, dual)

    def write(self, amount: Amount) -> str:
        """Return ``amount`` in its own unit."""
        number = amount.number.replace(".", ",") if self.comma else amount.number
        return number + self.spelling[amount.unit]

    def write_twice(self, amount: Amount) -> str:
        """Return ``amount`` in two units where this style and the unit have two, else in its own."""
        twin = amount.twin()
        if not self.dual or twin is None:
            return self.write(amount)
        return self.dual.format(self.write(amount), self.write(twin))


@dataclass(frozen=True)
class Kind:
    """A sort of product; layouts and units are repeated for a greater share."""

    names: Mapping[str, tuple[str, ...]]  # shape, of shapes.SHAPES, to names of products
    layouts: tuple[str, ...]  # of build.LAYOUTS
    # lowest and highest width, height and depth in centimetres; empty where no photo gives them
    size: tuple[tuple[float, float], ...] = ()
    weight: tuple[float, float] | None = None  # in kilograms, as the load
    load: tuple[float, float] | None = None
    # entity, metric units, imperial units
    contents: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = ()
    # on the metric and the imperial market, volts to the possible watts
    volts: tuple[Mapping[int, tuple[int, ...]], ...] = ()


KINDS = {
    "furniture": Kind(
        {"cabinet": ("Storage Cabinet", "Sideboard", "Shoe Rack"), "box": ("Toy Chest", "Step Box", "Bench")},
        ("drawing", "drawing", "table", "packaging", "packaging"),
        ((28, 150), (25, 160), (18, 70)), weight=(2, 45), load=(20, 300),
    ),
    "tableware": Kind(
        {"bowl": ("Salad Bowl", "Fruit Bowl"), "vase": ("Flower Vase", "Carafe"), "jar": ("Storage Jar",)},
        ("drawing", "drawing", "table"),
        ((6, 34), (6, 34)), weight=(0.1, 2.4),
        contents=(("item_volume", ("millilitre", "litre"), ("fluid ounce",)),),
    ),
    "food": Kind(
        {
            "box": ("Rolled Oats", "Sea Salt Crackers", "Penne Rigate", "Ground Coffee"),
            "tub": ("Cocoa Powder", "Protein Powder", "Almond Butter", "Green Lentils"),
        },
        ("packaging",),
        contents=(("item_weight", ("gram", "gram", "kilogram"), ("ounce", "ounce", "pound")),),
    ),
    "liquid": Kind(
        {"bottle": ("Hand Soap", "Apple Juice", "Olive Oil", "Shampoo", "Glass Cleaner", "Oat Drink")},
        ("packaging",),
        contents=(("item_volume", ("millilitre", "millilitre", "litre"), ("fluid ounce", "gallon")),),
    ),
    "charger": Kind(
        {"box": ("AC Adapter", "USB-C Charger", "Power Supply", "LED Driver", "Laptop Charger")},
        ("table", "table", "packaging"),
        ((3, 18), (2, 8), (4, 12)), weight=(0.05, 0.9), volts=(SUPPLIES, SUPPLIES),
    ),
    "appliance": Kind(
        {"jar": ("Rice Cooker", "Air Fryer", "Ice Crusher"), "box": ("Toaster", "Waffle Maker", "Mini Oven")},
        ("table", "table", "packaging"),
        ((12, 40), (14, 45), (12, 40)), weight=(0.6, 6),
        volts=(dict.fromkeys((220, 230, 240), HEATERS), dict.fromkeys((110, 120), HEATERS)),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Product:
    """One invented product; all photos of a group show the same one."""

    name: str
    brand: str
    shape: str  # one of shapes.SHAPES
    colour: Colour
    style: Style
    amounts: Mapping[str, Amount]  # entity to the true quantity

    def say(self, entity: str) -> str:
        """Return the amount of ``entity`` as the product writes it."""
        return self.style.write_twice(self.amounts[entity])


def _length(rng: random.Random, cm: float, unit: str) -> Amount:
    value = cm * {"millimetre": 10, "centimetre": 1, "inch": 1 / 2.54}[unit]
    return Amount(max(1, round(value)) if rng.random() < 0.4 else value, unit).times(1)


def _mass(kg: float, imperial: bool, step: float) -> Amount:
    unit, value = ("pound", kg / 0.4536) if imperial else ("kilogram", kg)
    if value < 1:
        return Amount(round(value * 16, 1), "ounce") if imperial else Amount(round(value * 1000), "gram")
    return Amount(round(round(value / step) * step, 1), unit)


def invent(rng: random.Random, kind: str) -> Product:
    """Return a product of ``kind``."""
    spec = KINDS[kind]
    imperial = rng.random() < 0.5
    shape = rng.choice(tuple(spec.names))
    amounts: dict[str, Amount] = {}
    if spec.size:
        unit = "inch" if imperial else "millimetre" if rng.random() < 0.15 else "centimetre"
        for entity, limits in zip(("width", "height", "depth"), spec.size, strict=False):
            amounts[entity] = _length(rng, rng.uniform(*limits), unit)
        if shape in RATIOS:
            amounts["height"] = amounts["width"].times(rng.uniform(*RATIOS[shape]))
    if spec.weight:
        amounts["item_weight"] = _mass(rng.uniform(*spec.weight), imperial, 0.1)
    if spec.load:
        amounts["maximum_weight_recommendation"] = _mass(rng.uniform(*spec.load), imperial, 5)
    for entity, *units in spec.contents:
        unit = rng.choice(units[imperial])
        amounts[entity] = Amount(rng.choice(CONTENTS[unit]), unit)
    if spec.volts:
        volts = rng.choice(tuple(spec.volts[imperial]))
        amounts["voltage"] = Amount(volts, "volt")
        amounts["wattage"] = Amount(rng.choice(spec.volts[imperial][volts]), "watt")
    name, brand, colour = rng.choice(spec.names[shape]), rng.choice(BRANDS), rng.choice(PALETTE)
    return Product(name, brand, shape, colour, Style.of(rng, imperial), amounts)
