"""Packages of food and bottles: the contents among claims, nutrition, prices, dates and barcodes."""

from __future__ import annotations

from collections.abc import Set

from .amounts import Amount
from .canvas import DARK, WHITE, Box, Canvas, Colour, Point, ink_on, tint
from .products import Product
from .shapes import SHAPES, barcode

BACKDROPS: tuple[Colour, ...] = (
    WHITE,
    WHITE,
    (240, 236, 228),
    (222, 230, 236),
    (206, 178, 140),
    (228, 216, 222),
)
CLAIMS = {
    "item_weight": (
        "100% NATURAL",
        "NO ADDED SUGAR",
        "GLUTEN FREE",
        "VEGAN",
        "Family recipe since 1924",
        "NON-GMO",
        "Fresh & crisp",
        "Source of fibre",
        "RICH TASTE",
        "Slow roasted at 220°",
    ),
    "item_volume": (
        "100% NATURAL",
        "VEGAN",
        "98% plant based",
        "Since 1924",
        "Recycled bottle",
        "SHAKE WELL",
        "Keep cool",
        "Made in small batches",
        "Store below 25°C",
        "No. 7",
        "LIMITED EDITION",
    ),
}
NUTRIENTS = (
    ("Energy", "kcal", 60, 560),
    ("Fat", "g", 1, 34),
    ("Saturates", "g", 0, 12),
    ("Carbohydrate", "g", 4, 78),
    ("Sugars", "g", 1, 40),
    ("Protein", "g", 2, 26),
    ("Salt", "g", 0, 3),
    ("Sodium", "mg", 20, 680),
    ("Calcium", "mg", 40, 350),
    ("Iron", "mg", 1, 14),
    ("Vitamin C", "mg", 4, 80),
)
NET_WORDS = {
    ("item_weight", True): ("NET WT {}", "NET WT. {}", "Net Weight {}", "{}"),
    ("item_weight", False): ("{}", "Netto {}", "Net weight: {}", "Inhalt: {}", "e {}"),
    ("item_volume", True): ("{}", "NET {}", "Contents: {}"),
    ("item_volume", False): ("{}", "Inhalt {}", "Vol. {}", "{} e"),
}


def nutrition(canvas: Canvas, area: Box) -> None:
    """Draw a nutrition table that fills ``area``."""
    rng = canvas.rng
    left, top, right, bottom = area
    serving = rng.choice((15, 25, 28, 30, 40, 50, 55))
    picked = sorted(rng.sample(range(len(NUTRIENTS)), rng.randint(5, 8)))
    lines = [
        ("Nutrition Facts", ""),
        (f"Serving size {serving} g", ""),
        ("per", rng.choice(("100 g", "serving"))),
    ]
    for name, unit, low, high in (NUTRIENTS[k] for k in picked):
        value = rng.uniform(low, high)
        lines.append((name, f"{value:.1f} {unit}" if unit == "g" else f"{value:.0f} {unit}"))
    canvas.draw.rectangle(area, fill=WHITE, outline=DARK, width=2)
    step = (bottom - top - 8) / len(lines)
    size = min(step * 0.62, (right - left) * 0.085)
    for k, (name, value_text) in enumerate(lines):
        y = top + 4 + step * (k + 0.5)
        canvas.text(
            (left + 8, y), name, size, anchor="lm", bold=0.025 if k == 0 else 0.0, fit=(right - left) * 0.56
        )
        if value_text:
            canvas.text((right - 8, y), value_text, size, anchor="rm", fit=(right - left) * 0.36)
        canvas.draw.line([(left, y + step / 2), (right, y + step / 2)], fill=DARK, width=1)


def price(canvas: Canvas, at: Point, radius: float, imperial: bool) -> None:
    """Draw a round price sticker."""
    x, y = at
    canvas.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(232, 196, 30))
    whole, cents = canvas.rng.randint(1, 24), canvas.rng.choice((29, 49, 79, 95, 99))
    text = f"${whole}.{cents}" if imperial else f"{whole},{cents} EUR"
    canvas.try_text(at, text, radius * 0.5, DARK, fit=radius * 1.7, bold=0.025)


def net_line(canvas: Canvas, product: Product, entity: str) -> str:
    """Return the statement of contents: alone or after its words, in capitals where the package shouts."""
    text = canvas.rng.choice(NET_WORDS[entity, product.imperial]).format(product.say(entity))
    return text.upper() if product.imperial and canvas.rng.random() < 0.5 else text


def _distractors(canvas: Canvas, product: Product, entity: str) -> list[str]:
    rng = canvas.rng
    amount = product.amounts[entity]
    if entity == "item_volume":
        return [
            f"Mix {rng.choice((5, 10, 20))} ml with {rng.choice((100, 200, 500))} ml water",
            f"Sizes: {rng.choice((50, 100))} ml - {rng.choice((250, 400))} ml - {rng.choice((1, 2))} L",
            f"{rng.choice((2, 5, 12))}% alcohol",
            f"Use within {rng.choice((6, 12))} months",
            f"Makes {rng.randint(2, 9)} litres",
        ]
    share = Amount(round(amount.value / 4, 1), amount.unit)
    return [
        f"{rng.randint(4, 30)}g PROTEIN per serving",
        f"{rng.randint(2, 14)} g fibre per {rng.choice((30, 50, 100))} g",
        f"4 x {product.style.write(share)} portions",
        f"{rng.choice((10, 15, 20, 25))}% more",
        f"only {rng.randint(1, 9)} g sugar",
        f"{rng.randint(80, 290)} kcal per {rng.choice((25, 30, 40))} g",
    ]


def _front(canvas: Canvas, product: Product, entity: str, area: Box, ground: Colour, told: bool) -> None:
    """Write the front of a package: brand, name, claims, misleading numbers, the contents among them."""
    rng = canvas.rng
    wide = area[2] - area[0]
    big = wide * rng.uniform(0.12, 0.17)
    lines = [(product.brand, big, 0.03), (product.name, big * 0.75, 0.02)]
    extra = [(t, big * 0.42, 0.0) for t in rng.sample(CLAIMS[entity], rng.randint(1, 2))]
    misleading = _distractors(canvas, product, entity)
    if not told:
        # From the portions the contents could be worked out.
        misleading = [t for t in misleading if "portions" not in t]
    extra += [(t, big * rng.uniform(0.42, 0.6), 0.0) for t in rng.sample(misleading, rng.randint(1, 3))]
    if told:
        extra.append(
            (net_line(canvas, product, entity), big * rng.uniform(0.42, 0.75), rng.choice((0.0, 0.03)))
        )
    rng.shuffle(extra)
    # The contents stand low on most packages.
    if told and rng.random() < 0.4:
        extra.sort(key=lambda line: product.say(entity).lower() in line[0].lower())
    canvas.stack(
        area,
        lines + extra,
        ink_on(ground),
        slant=rng.choice((0.0, 0.0, 0.15)),
        stretch=rng.choice((0.85, 1.0, 1.1)),
    )


def _shelf_edge(canvas: Canvas, product: Product) -> None:
    """Add what lies around the package: a date, a claim of the shop, its price."""
    rng = canvas.rng
    if rng.random() < 0.4:
        day = f"{rng.randint(1, 28):02d}.{rng.randint(1, 12):02d}.20{rng.randint(25, 29)}"
        at = (canvas.width * (0.03 if rng.random() < 0.5 else 0.72), canvas.height * 0.97)
        canvas.try_text(at, f"Best before {day}", canvas.width * 0.022, ink_on(canvas.colour), anchor="lm")
    if rng.random() < 0.4:
        price(canvas, (canvas.width * 0.9, canvas.height * 0.1), canvas.width * 0.07, product.imperial)


def render(canvas: Canvas, product: Product, hide: Set[str]) -> set[str]:
    """Draw a package of food; return the entities whose value it shows."""
    rng = canvas.rng
    canvas.paint(rng.choice(("plain", "gradient", "studio", "wood")), rng.choice(BACKDROPS))
    told = "item_weight" not in hide
    w, h = canvas.width, canvas.height
    panel = rng.random() < 0.6
    left = w * (0.05 if panel else 0.22)
    area = (left, h * 0.07, left + w * 0.52, h * 0.9)
    SHAPES[product.shape](canvas, area, product.colour)
    face = (
        area[0] + w * 0.03,
        area[1] + h * 0.13,
        area[2] - w * (0.09 if product.shape == "carton" else 0.03),
        area[3] - h * 0.03,
    )
    ground = product.colour
    if rng.random() < 0.5:
        ground = rng.choice((WHITE, (246, 236, 210), tint(product.colour, 1.8)))
        canvas.draw.rounded_rectangle(face, 14, fill=ground)
    inner = (face[0] + 10, face[1] + 6, face[2] - 10, face[3] - 6)
    pack = rng.random() < 0.12 and told
    _front(canvas, product, "item_weight", inner, ground, told)
    if panel:
        x0, x1 = area[2] + w * 0.05, w * 0.97
        nutrition(canvas, (x0, h * rng.uniform(0.18, 0.25), x1, h * 0.72))
        barcode(canvas, (x0, h * 0.76, x0 + (x1 - x0) * 0.8, h * 0.88))
    if pack:
        count = rng.choice((2, 3, 6))
        canvas.try_text(
            (w * 0.5, h * 0.035), f"Pack of {count}", w * 0.035, ink_on(canvas.colour), bold=0.025
        )
    _shelf_edge(canvas, product)
    return {"item_weight"} if told else set()


def render_bottle(canvas: Canvas, product: Product, hide: Set[str]) -> set[str]:
    """Draw a bottle with its label and what a shop writes beside it; return the entities shown."""
    rng = canvas.rng
    canvas.paint(rng.choice(("plain", "gradient", "studio", "wood")), rng.choice(BACKDROPS))
    told = "item_volume" not in hide
    w, h = canvas.width, canvas.height
    aside = rng.random() < 0.5
    middle = w * (rng.choice((0.28, 0.72)) if aside else 0.5)
    half = w * rng.uniform(0.19, 0.24)
    SHAPES["bottle"](
        canvas,
        (middle - half, h * 0.05, middle + half, h * 0.94),
        tint(product.colour, rng.choice((1.0, 1.4, 1.7))),
    )
    ground = rng.choice((WHITE, (246, 236, 210), tint(product.colour, 0.6)))
    face = (middle - half, h * 0.36, middle + half, h * 0.88)
    canvas.draw.rectangle(face, fill=ground)
    _front(
        canvas, product, "item_volume", (face[0] + 10, face[1] + 6, face[2] - 10, face[3] - 6), ground, told
    )
    if aside:
        sides = (
            (middle + half + w * 0.03, w * 0.97) if middle < w / 2 else (w * 0.03, middle - half - w * 0.03)
        )
        ink = ink_on(canvas.colour)
        lines = [(product.name.upper(), w * 0.05, 0.025)]
        told_aside = _distractors(canvas, product, "item_volume")[:3] + list(CLAIMS["item_volume"])
        lines += [(t, w * 0.04, 0.0) for t in rng.sample(told_aside, 4)]
        canvas.stack((sides[0], h * 0.2, sides[1], h * 0.75), lines, ink)
    _shelf_edge(canvas, product)
    return {"item_volume"} if told else set()
