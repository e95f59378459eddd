"""Tables of specifications and rating plates: the values of several entities, each with its name."""

from __future__ import annotations

from collections.abc import Sequence, Set

from .canvas import DARK, WHITE, Box, Canvas, Colour, ink_on, tint
from .products import Product
from .shapes import SHAPES

PLATES: tuple[Colour, ...] = ((30, 30, 33), (52, 54, 60), (200, 202, 206), (236, 236, 232))
TABLE_TITLES = ("Specifications", "TECHNICAL DATA", "Product Details", "Parameters", "Technische Daten")
NAMES = {
    "width": ("Width", "Breite", "Product width"),
    "height": ("Height", "Hoehe", "Product height"),
    "depth": ("Depth", "Tiefe", "Product depth"),
    "item_weight": ("Weight", "Net weight", "Product Weight", "Gewicht"),
    "maximum_weight_recommendation": ("Max load", "Weight capacity", "Load capacity", "Max. Belastung"),
    "item_volume": ("Capacity", "Volume", "Fassungsvermoegen"),
    "voltage": ("Voltage", "Rated voltage", "Output voltage", "Spannung"),
    "wattage": ("Power", "Wattage", "Rated power", "Leistung"),
}
SIDES = ("width", "height", "depth")
Entries = list[tuple[str, str]]


def lined(canvas: Canvas, area: Box, entries: Sequence[tuple[str, str]], colour: Colour) -> None:
    """Draw (name, value) rows that fill ``area``, every other one on a light tint of ``colour``."""
    left, top, right, bottom = area
    step = (bottom - top) / len(entries)
    split = left + (right - left) * 0.46
    size = min(step * 0.45, (right - left) * 0.055)
    canvas.draw.rectangle(area, WHITE, tint(colour, 1.5))
    for k, (name, value) in enumerate(entries):
        y = top + step * k
        if k % 2 == 0:
            canvas.draw.rectangle((left, y, right, y + step), tint(colour, 1.82))
        canvas.text((left + 10, y + step / 2), name, size, align="l", fit=split - left - 24, bold=0.02)
        canvas.text((split + 8, y + step / 2), value, size, align="l", fit=right - split - 20)


def _distractors(canvas: Canvas, product: Product, plate: bool) -> Entries:
    """Return rows about something else, among them weights, sizes and voltages that are no answer."""
    rng, write, amounts = canvas.rng, product.style.write, product.amounts
    rows = [("Model", f"{rng.choice('ABKMXT')}{rng.choice('DLPRS')}-{rng.randint(100, 9900)}")]
    if "voltage" in amounts:
        amperes = amounts["wattage"].value / amounts["voltage"].value
        peak = write(amounts["wattage"].times(2))
        rows += [("Current", f"{amperes:.2g} A"), ("Standby", "0.5 W"), ("Peak", peak), ("Ta", "40°C")]
        if amounts["voltage"].value < 100:
            rows.append(("Input", rng.choice(("100-240V AC", "AC 110-240 V", "230V~", "120V~ 60Hz 0.8A"))))
    if not plate:
        packed = [amounts[s].times(rng.uniform(1.1, 1.5)).number for s in SIDES if s in amounts]
        rows += [
            ("Package size", " x ".join(packed) + product.style.spelling[amounts["width"].unit]),
            ("Gross weight", write(amounts["item_weight"].times(rng.uniform(1.1, 1.5)))),
            ("Material", rng.choice(("Stainless steel", "Solid oak", "ABS + PC", "Ceramic", "Bamboo"))),
            ("Thickness", rng.choice(("8 mm", "12 mm", "18 mm"))),
            ("Warranty", f"{rng.choice((12, 24, 36))} months"),
        ]
    return rows


def _entries(canvas: Canvas, product: Product, hide: Set[str], plate: bool) -> tuple[Entries, set[str]]:
    """Return the rows in order and the entities whose values are among them."""
    rng, amounts = canvas.rng, product.amounts
    spelling = product.style.spelling[amounts["width"].unit]
    stated = ("voltage", "wattage") if plate else sorted(amounts)
    shown = {e for e in stated if e not in hide and (e in SIDES or rng.random() < 0.85)}
    sides = [s for s in SIDES if s in amounts]
    entries: Entries = []
    together = shown >= set(sides) and rng.random() < 0.3
    if together:
        # All sides in one row; only the letters say which is which.
        parts = [f"{s[0].upper()} {amounts[s].number}" for s in sides]
        entries.append(("Dimensions", " x ".join(parts) + spelling))
    unit_in_name = not product.style.dual and rng.random() < 0.25
    for entity in sorted(shown - set(sides) if together else shown):
        name = "" if plate and rng.random() < 0.3 else rng.choice(NAMES[entity])
        if unit_in_name and entity in SIDES:
            entries.append((f"{name} ({spelling.strip()})", amounts[entity].number))
        else:
            entries.append((name, product.say(entity)))
    entries += rng.sample(_distractors(canvas, product, plate), rng.randint(3, 5))
    rng.shuffle(entries)
    return entries, shown


def _plate(canvas: Canvas, product: Product, entries: Entries) -> None:
    """Draw a device from its back, the entries on its rating plate."""
    rng, w, h = canvas.rng, canvas.width, canvas.height
    ground = rng.choice(PLATES)
    device = (w * 0.07, h * rng.uniform(0.1, 0.2), w * 0.93, h * rng.uniform(0.8, 0.9))
    plate = (device[0] + w * 0.05, device[1] + h * 0.05, device[2] - w * 0.05, device[3] - h * 0.05)
    canvas.draw.rounded_rectangle(device, 40, tint(ground, 0.8), tint(ground, 0.5), 4)
    canvas.draw.rounded_rectangle(plate, 16, ground, tint(ground, 1.5), 2)
    size = w * rng.uniform(0.034, 0.044)
    lines = [(product.brand, size * 1.6, 0.03), (product.name.upper(), size, 0.02)]
    lines += [(f"{name}: {value}" if name else value, size, 0.0) for name, value in entries]
    inner = (plate[0] + 20, plate[1] + 8, plate[2] - 20, plate[3] - 8)
    canvas.stack(inner, lines, ink_on(ground), rng.choice("lm"))


def render(canvas: Canvas, product: Product, hide: Set[str]) -> set[str]:
    """Draw a table of specifications or a rating plate; return the entities whose value it shows."""
    rng, w, h = canvas.rng, canvas.width, canvas.height
    canvas.paint(rng.choice((WHITE, WHITE, (236, 240, 244), (214, 200, 180))))
    plate = "voltage" in product.amounts and rng.random() < 0.5
    entries, shown = _entries(canvas, product, hide, plate)
    if plate:
        _plate(canvas, product, entries)
        return shown
    title = rng.choice((*TABLE_TITLES, product.name.upper()))
    canvas.text((w / 2, h * 0.075), title, w * 0.058, DARK, bold=0.025, fit=w * 0.9)
    left = w * 0.05
    if rng.random() < 0.45:
        left = w * 0.36
        SHAPES[product.shape](canvas, (w * 0.05, h * 0.35, w * 0.31, h * 0.65), product.colour)
    lined(canvas, (left, h * 0.15, w * 0.96, h * 0.95), entries, product.colour)
    return shown
