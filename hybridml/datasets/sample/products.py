"""Invented products: what they are called, how large, heavy and strong they are, and how they write it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .amounts import Amount, Style
from .canvas import Colour

BRANDS = (
    "NORDHAUS", "Kalmia", "Brightwell", "OAK & RYE", "Veldora", "TINTO", "Sunfjord", "Marlowe", "PIKA",
    "Lumenta", "Harrowby", "ZESTA", "Quillon", "Fernside", "VOLTIQ", "Amberly", "Corvex", "Mistral Co.",
    "Pebble", "Tavira",
)  # fmt: skip
PALETTE: tuple[Colour, ...] = (
    (186, 59, 52), (33, 92, 143), (46, 111, 74), (226, 160, 40), (92, 63, 122), (60, 62, 68),
    (199, 123, 86), (21, 128, 138), (148, 108, 66), (214, 96, 140), (96, 116, 48), (35, 44, 78),
)  # fmt: skip
# Per unit of the market: the sizes that products come in.
NET = {
    "gram": (40, 75, 90, 100, 125, 150, 170, 200, 225, 250, 340, 375, 400, 454, 500, 680, 750, 900),
    "kilogram": (1, 1.2, 1.5, 2, 2.5, 5, 10),
    "ounce": (1.4, 2.5, 3.5, 5, 6, 8, 9.2, 10.5, 12, 14, 16, 18.5, 24, 32),
    "pound": (1, 1.5, 2, 3, 5, 10),
    "millilitre": (10, 30, 50, 75, 100, 150, 200, 236, 250, 300, 330, 400, 475, 500, 700, 750),
    "litre": (1, 1.2, 1.5, 1.7, 2, 3, 5),
    "fluid ounce": (0.5, 1, 1.7, 2, 3.4, 4, 6, 8, 8.5, 10, 12, 16, 16.9, 20, 33.8),
    "gallon": (1, 2, 5),
    "quart": (1, 2, 4, 6),
}


@dataclass(frozen=True)
class Kind:
    """A sort of product.

    Parameters
    ----------
    names : mapping of str to tuple of str
        What it is called on the photo, per shape (a name in :data:`hybridml.datasets.sample.shapes.SHAPES`).
    scenes : tuple of str
        Photos that show it, names in :data:`hybridml.datasets.sample.build.SCENES`.
    size : tuple of (low, high)
        Width, height and depth in centimetres; an empty tuple where no photo gives them.
    weight, load : (low, high) or None
        In kilograms.
    volume, net : tuple of str
        Units of contents it may state, per market (metric, imperial).
    electric : bool
        Has a voltage and a wattage.
    """

    names: Mapping[str, tuple[str, ...]]
    scenes: tuple[str, ...]
    size: tuple[tuple[float, float], ...] = ()
    weight: tuple[float, float] | None = None
    load: tuple[float, float] | None = None
    volume: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    net: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    electric: bool = False


KINDS = {
    "furniture": Kind(
        {
            "cabinet": ("Storage Cabinet", "Sideboard", "Chest of Drawers"),
            "shelf": ("Wall Shelf", "Shoe Rack", "Bookcase"),
            "table": ("Side Table", "Garden Bench", "Work Desk"),
        },
        ("drawing", "drawing", "spec_table", "load"),
        ((28, 180), (30, 190), (18, 70)), weight=(3, 45), load=(20, 200),
    ),
    "tableware": Kind(
        {
            "bowl": ("Salad Bowl", "Mixing Bowl"), "mug": ("Ceramic Mug", "Coffee Cup"),
            "vase": ("Flower Vase", "Carafe"), "jar": ("Storage Jar", "Spice Jar"),
        },
        ("drawing", "drawing", "spec_table"),
        ((6, 34), (6, 34)), weight=(0.1, 2.4), volume=(("millilitre", "litre"), ("fluid ounce", "quart")),
    ),
    "frame": Kind(
        {"frame": ("Picture Frame", "Wall Mirror", "Bulletin Board")},
        ("drawing", "drawing", "spec_table"),
        ((12, 90), (15, 120), (1.2, 6)), weight=(0.2, 8),
    ),
    "organizer": Kind(
        {"box": ("Storage Box", "Toy Chest", "Lunch Box"), "cabinet": ("Desk Organizer", "Jewelry Case")},
        ("drawing", "drawing", "spec_table"),
        ((10, 60), (5, 45), (8, 45)), weight=(0.2, 5),
    ),
    "food": Kind(
        {
            "bag": ("Ground Coffee", "Trail Mix", "Basmati Rice", "Dried Mango", "Green Lentils"),
            "carton": ("Rolled Oats", "Sea Salt Crackers", "Penne Rigate", "Herbal Tea"),
            "tub": ("Cocoa Powder", "Protein Powder", "Almond Butter"),
        },
        ("packaging",),
        net=(("gram", "gram", "gram", "kilogram"), ("ounce", "ounce", "ounce", "pound")),
    ),
    "liquid": Kind(
        {
            "bottle": (
                "Hand Soap", "Apple Juice", "Olive Oil", "Shampoo", "Face Serum", "Lemon Vinegar",
                "Cold Brew", "Glass Cleaner", "Body Lotion", "Fabric Softener", "Massage Oil", "Oat Drink",
            ),
        },
        ("bottle",),
        volume=(
            ("millilitre", "millilitre", "millilitre", "litre"),
            ("fluid ounce", "fluid ounce", "fluid ounce", "gallon"),
        ),
    ),
    "charger": Kind(
        {"adapter": ("AC Adapter", "USB-C Charger", "Power Supply", "LED Driver", "Laptop Charger")},
        ("plate", "advert", "spec_table", "plate"),
        ((3, 18), (2, 8), (4, 12)), weight=(0.05, 0.9), electric=True,
    ),
    "appliance": Kind(
        {
            "mug": ("Electric Kettle", "Milk Frother"), "tub": ("Rice Cooker", "Air Fryer"),
            "jar": ("Ice Crusher", "Popcorn Maker"),
        },
        ("plate", "spec_table", "advert"),
        ((12, 40), (14, 45), (12, 40)), weight=(0.6, 6), electric=True,
    ),
    "carrier": Kind(
        {
            "table": ("Folding Stool", "Camping Table"), "shelf": ("Garage Rack", "Step Shelf"),
            "box": ("Step Box", "Storage Seat"),
        },
        ("load", "load", "spec_table"),
        ((20, 90), (20, 150), (15, 60)), weight=(0.4, 14), load=(5, 300),
    ),
}  # fmt: skip
# Height to width of shapes that are only known as such in their proportions.
RATIOS = {"bowl": (0.35, 0.6), "mug": (0.7, 1.0), "vase": (1.3, 2.2), "jar": (0.9, 1.6), "table": (0.6, 1.1)}
OUTPUTS = {  # watts that a supply of so many volts delivers
    5: (5, 10, 12, 15), 9: (9, 18, 27), 12: (12, 18, 24, 36, 60, 72), 15: (30, 45), 19: (45, 65, 90),
    20: (65, 87, 100), 24: (24, 60, 96, 120, 240), 36: (90, 150), 48: (120, 240, 480),
}  # fmt: skip


@dataclass(frozen=True)
class Product:
    """One invented product; all photos of a group show the same one.

    Parameters
    ----------
    kind : str
        Key of :data:`KINDS`.
    name, brand : str
        Its words.
    imperial : bool
        Sold where inches and ounces come first; the truth is in the units of its market.
    shape : str
        How it is drawn.
    colour : (int, int, int)
        Main colour.
    style : Style
        How it writes quantities.
    amounts : mapping of entity name to Amount
        What is true of it.
    """

    kind: str
    name: str
    brand: str
    imperial: bool
    shape: str
    colour: Colour
    style: Style
    amounts: Mapping[str, Amount]

    def say(self, entity: str) -> str:
        """Return the amount of ``entity`` as the product writes it."""
        return self.style.write_twice(self.amounts[entity])

    def with_unit_apart(self, rng: random.Random) -> tuple[Product, str]:
        """Return the product writing bare numbers for lengths, and the note that names their unit once."""
        unit = self.amounts["width"].unit
        note = rng.choice(("Unit: {}", "unit:{}", "Size ({})", "All dimensions in {}", "Angaben in {}"))
        written = {"inch": "inch"}.get(unit) or self.style.spelling[unit].strip()
        style = replace(self.style, dual="", spelling={**self.style.spelling, unit: ""})
        return replace(self, style=style), note.format(written)


def _length(rng: random.Random, low: float, high: float, unit: str) -> Amount:
    cm = rng.uniform(low, high)
    if unit == "millimetre":
        return Amount(round(cm * 10), unit)
    value = cm if unit == "centimetre" else cm / 2.54
    return Amount(
        round(value) if value >= 100 else round(value, rng.choice((0, 1, 1)) if value >= 3 else 1), unit
    )


def _mass(rng: random.Random, low: float, high: float, imperial: bool) -> Amount:
    kg = rng.uniform(low, high)
    if imperial:
        pounds = kg / 0.4536
        return Amount(round(pounds, 1), "pound") if pounds >= 1 else Amount(round(pounds * 16, 1), "ounce")
    return Amount(round(kg, 1), "kilogram") if kg >= 1 else Amount(round(kg * 1000), "gram")


def _load(rng: random.Random, low: float, high: float, imperial: bool) -> Amount:
    kg = low * (high / low) ** rng.random()
    value = kg / 0.4536 if imperial else kg
    step = 50 if value >= 300 else 10 if value >= 60 else 5
    return Amount(max(step, round(value / step) * step), "pound" if imperial else "kilogram")


def _electric(rng: random.Random, kind: str, imperial: bool) -> dict[str, Amount]:
    if kind == "charger":
        volts = rng.choice(tuple(OUTPUTS))
        return {"voltage": Amount(volts, "volt"), "wattage": Amount(rng.choice(OUTPUTS[volts]), "watt")}
    watts = rng.choice((300, 450, 600, 750, 800, 1000, 1200, 1500, 1800))
    return {
        "voltage": Amount(rng.choice((110, 120)) if imperial else rng.choice((220, 230, 240)), "volt"),
        "wattage": Amount(watts, "watt"),
    }


def invent(rng: random.Random, kind: str) -> Product:
    """Return a product of ``kind``."""
    spec = KINDS[kind]
    imperial = rng.random() < 0.5
    amounts: dict[str, Amount] = {}
    if spec.size:
        unit = "inch" if imperial else "millimetre" if rng.random() < 0.15 else "centimetre"
        for entity, (low, high) in zip(("width", "height", "depth"), spec.size, strict=False):
            amounts[entity] = _length(rng, low, high, unit)
    if spec.weight:
        amounts["item_weight"] = _mass(rng, *spec.weight, imperial)
    if spec.load:
        amounts["maximum_weight_recommendation"] = _load(rng, *spec.load, imperial)
    shape = rng.choice(tuple(spec.names))
    if shape in RATIOS and spec.size:
        width = amounts["width"]
        height = width.value * rng.uniform(*RATIOS[shape])
        amounts["height"] = Amount(
            round(height) if width.unit == "millimetre" else round(height, 1), width.unit
        )
    for entity, units in (("item_weight", spec.net), ("item_volume", spec.volume)):
        if units:
            unit = rng.choice(units[imperial])
            amounts[entity] = Amount(rng.choice(NET[unit]), unit)
    if spec.electric:
        amounts |= _electric(rng, kind, imperial)
    return Product(
        kind,
        rng.choice(spec.names[shape]),
        rng.choice(BRANDS),
        imperial,
        shape,
        rng.choice(PALETTE),
        Style.of(rng, imperial),
        amounts,
    )
