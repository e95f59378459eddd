"""Packaging: what a product contains, delivers or carries, among claims and numbers that mislead."""

from __future__ import annotations

from collections.abc import Set

from .canvas import WHITE, Box, Canvas, Colour, ink_on, tint
from .products import Product
from .shapes import SHAPES
from .table import lined

GROUNDS: tuple[Colour, ...] = (WHITE, WHITE, (240, 236, 228), (222, 230, 236), (206, 178, 140), (24, 26, 34))
# The headline of a package is the first of these that the product has.
PHRASES = {
    "maximum_weight_recommendation": (
        "MAX LOAD {}", "Holds up to {}", "Weight capacity: {}", "Supports {}", "Belastbar bis {}",
    ),
    "wattage": ("{}", "{}", "{} MAX", "Power: {}"),
    "item_volume": ("Contents: {}", "NET {}", "Inhalt {}", "Vol. {}", "{}"),
    "item_weight": ("NET WT {}", "NET WT. {}", "Net weight: {}", "Netto {}", "{}"),
}  # fmt: skip
# What stands beside the headline, where the product has it.
FURTHER = {
    "wattage": ("voltage", ("Output {}", "Rated {}", "Voltage: {}", "{}")),
    "maximum_weight_recommendation": ("item_weight", ("Own weight {}", "Net weight: {}", "Weighs only {}")),
}
# What else is written on a package, by its headline: ``{n}`` is a small number, ``{part}`` a part of the headline.
CLAIMS = {
    "item_weight": (
        "100% NATURAL", "GLUTEN FREE", "Family recipe since 1924", "NON-GMO", "Slow roasted at 220°",
        "{n}g PROTEIN per serving", "{n} g fibre per 100 g", "Now {n}% more", "{n}0 kcal per 30 g",
    ),
    "item_volume": (
        "98% plant based", "Since 1924", "SHAKE WELL", "Store below 25°C", "LIMITED EDITION",
        "Mix {n} ml with 500 ml water", "Also in {n}0 ml", "{n}% alcohol", "Makes {n} litres",
    ),
    "wattage": (
        "FAST & SAFE", "Made for every day", "24 months warranty", "Up to {n}x faster", "{n} m cable",
        "Fuse 250V", "Standby 0.5 W", "Eco mode: {part}", "Level 2: {part}",
    ),
    "maximum_weight_recommendation": (
        "STRONG & STABLE", "Heavy Duty", "Anti-slip feet", "{n} years warranty", "Set of {n}",
        "Assembly {n} min", "Carton {n}0 cm", "Shelf {part}", "Tray {part}",
    ),
}  # fmt: skip
NUTRIENTS = (
    ("Energy", "kcal", 60, 560), ("Fat", "g", 1, 34), ("Carbohydrate", "g", 4, 78), ("Sugars", "g", 1, 40),
    ("Protein", "g", 2, 26), ("Salt", "g", 0, 3), ("Sodium", "mg", 20, 680), ("Calcium", "mg", 40, 350),
)  # fmt: skip
Lines = list[tuple[str, float, float]]


def _nutrition(canvas: Canvas, area: Box) -> None:
    rng = canvas.rng
    rows = [("Nutrition", "per 100 g"), ("Serving size", f"{rng.choice((15, 25, 28, 30, 40, 55))} g")]
    for name, unit, low, high in rng.sample(NUTRIENTS, rng.randint(5, 8)):
        rows.append((name, f"{rng.uniform(low, high):.{int(unit == 'g')}f} {unit}"))
    lined(canvas, area, rows, (90, 90, 90))


def _lines(canvas: Canvas, product: Product, hide: Set[str], big: float) -> tuple[Lines, set[str]]:
    """Return the lines of the front as (text, size, bold), and the entities whose values are among them."""
    rng = canvas.rng
    headline = next(e for e in PHRASES if e in product.amounts)
    part = product.style.write(product.amounts[headline].times(rng.choice((0.2, 0.3, 0.6))))
    claims = [
        t.format(n=rng.randint(2, 9), part=part) for t in rng.sample(CLAIMS[headline], rng.randint(2, 5))
    ]
    lines = [(t, big * rng.uniform(0.35, 0.55), 0.0) for t in claims]
    shown = set()
    if headline in FURTHER and FURTHER[headline][0] not in hide and rng.random() < 0.7:
        entity, words = FURTHER[headline]
        shown.add(entity)
        lines.append((rng.choice(words).format(product.say(entity)), big * rng.uniform(0.4, 0.6), 0.0))
    if headline not in hide:
        shown.add(headline)
        text = rng.choice(PHRASES[headline]).format(product.say(headline))
        lines.append((text, big * rng.uniform(0.6, 1.3), rng.choice((0.0, 0.03))))
    rng.shuffle(lines)
    return [(product.brand, big, 0.03), (product.name, big * 0.75, 0.02), *lines], shown


def render(canvas: Canvas, product: Product, hide: Set[str]) -> set[str]:
    """Draw a package with what is written on it; return the entities whose value it shows."""
    rng, w, h = canvas.rng, canvas.width, canvas.height
    canvas.paint(rng.choice(GROUNDS))
    contents = "width" not in product.amounts
    panel = contents and product.shape != "bottle" and rng.random() < 0.6
    half = w * rng.uniform(0.21, 0.25)
    middle = w * (rng.choice((0.28, 0.72)) if panel or not contents else 0.5)
    beside = (middle + half + w * 0.04, w * 0.96) if middle < w / 2 else (w * 0.04, middle - half - w * 0.04)
    top, bottom = (0.06, 0.93) if contents else (0.32, 0.72)
    area = (middle - half, h * top, middle + half, h * bottom)
    outline = SHAPES[product.shape](canvas, area, product.colour)
    if panel:
        _nutrition(canvas, (beside[0], h * 0.22, beside[1], h * rng.uniform(0.7, 0.8)))
    if contents:
        (left, low), (right, _) = outline.width
        high = max(outline.height[0][1] + h * 0.05, h * (0.36 if product.shape == "bottle" else 0.2))
        face = (left + w * 0.02, high, right - w * 0.02, low - h * 0.04)
        ground = rng.choice((WHITE, (246, 236, 210), tint(product.colour, 0.75)))
        canvas.draw.rounded_rectangle(face, 10, ground)
    else:
        face, ground = (beside[0], h * 0.2, beside[1], h * 0.9), canvas.colour
    inner: Box = (face[0] + w * 0.02, face[1], face[2] - w * 0.02, face[3])
    lines, shown = _lines(canvas, product, hide, w * rng.uniform(0.06, 0.09))
    canvas.stack(inner, lines, ink_on(ground))
    corner = 0.12 if middle > w / 2 else 0.88
    note = f"{'Best before' if contents else 'Made in'} {rng.randint(1, 12):02d}/{rng.randint(2024, 2029)}"
    price = f"${rng.randint(1, 24)}.{rng.choice((29, 49, 79, 95, 99))}"
    for x, y, text, size in ((0.2, 0.97, note, 0.024), (corner, 0.07, price, 0.04)):
        if rng.random() < 0.4:
            canvas.text((w * x, h * y), text, w * size, ink_on(tint(canvas.colour, 0.8)))
    return shown
