"""Tables of specifications: names on the left, values on the right, sometimes with the unit in the head."""

from __future__ import annotations

from collections.abc import Callable, Set

from .amounts import Amount
from .canvas import DARK, WHITE, Box, Canvas, ink_on, tint
from .products import Product
from .shapes import SHAPES

UNIT_APART = 0.12
TITLES = (
    "Specifications",
    "TECHNICAL DATA",
    "Product Details",
    "Parameters",
    "Product Info",
    "Technische Daten",
)
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


def _packed(canvas: Canvas, amount: Amount) -> Amount:
    return Amount(round(amount.value * canvas.rng.uniform(1.1, 1.5), 1), amount.unit)


def _distractors(canvas: Canvas, product: Product) -> list[tuple[str, str]]:
    rng, write, amounts = canvas.rng, product.style.write, product.amounts
    rows = [
        ("Model", f"{rng.choice('ABKMXT')}{rng.choice('DLPRS')}-{rng.randint(100, 9900)}"),
        (
            "Material",
            rng.choice(("Stainless steel", "Solid oak", "ABS + PC", "Ceramic", "Bamboo", "Aluminium")),
        ),
        ("Colour", rng.choice(("Black", "White", "Natural", "Grey", "Navy blue"))),
        ("Warranty", f"{rng.choice((12, 24, 36))} months"),
        ("Quantity", f"{rng.choice((1, 2, 4, 6, 10))} pcs"),
        ("Certificates", "CE, RoHS, FCC"),
    ]
    if "item_weight" in amounts:
        word = rng.choice(("Gross weight", "Shipping weight", "Packed weight"))
        rows.append((word, write(_packed(canvas, amounts["item_weight"]))))
    if "width" in amounts:
        packed = [_packed(canvas, amounts[s]).number for s in SIDES if s in amounts]
        rows.append(("Package size", " x ".join(packed) + product.style.spelling[amounts["width"].unit]))
    if "voltage" in amounts:
        rows += [("Frequency", "50/60 Hz"), ("Standby power", "0.5 W"), ("Current", f"{rng.randint(1, 5)} A")]
        rows.append(("Cable length", rng.choice(("1.5 m", "1.8 m"))))
    else:
        rows.append(("Thickness", rng.choice(("8 mm", "12 mm", "18 mm"))))
    if product.kind == "charger":
        rows.append(("Input", rng.choice(("100-240V AC", "AC 110-240 V", "230V~"))))
    return rows


def _entries(canvas: Canvas, product: Product, hide: Set[str]) -> tuple[list[tuple[str, str]], set[str]]:
    """Return the rows of the table in order and the entities they tell."""
    rng = canvas.rng
    bare = "width" in product.amounts and not product.style.spelling[product.amounts["width"].unit]
    told = {e for e in product.amounts if e not in hide and (e in SIDES or rng.random() < 0.85)}
    entries: list[tuple[str, str]] = []
    sides = [s for s in SIDES if s in product.amounts]
    if sides and rng.random() < 0.35 and not hide & set(sides):
        # All sides in one row; only with letters does it say which is which.
        parts = [f"{s[0].upper()} {product.amounts[s].number}" for s in sides]
        entries.append(
            ("Dimensions", " x ".join(parts) + product.style.spelling[product.amounts[sides[0]].unit])
        )
        rest = told - set(sides)
    else:
        rest = told
    head = {e: rng.choice(NAMES[e]) for e in sorted(rest)}
    heads_unit = not bare and bool(rest & set(SIDES)) and not product.style.dual and rng.random() < 0.25
    for entity, name in head.items():
        amount = product.amounts[entity]
        if heads_unit and entity in SIDES:
            entries.append((f"{name} ({product.style.spelling[amount.unit].strip()})", amount.number))
        else:
            entries.append((name, product.say(entity)))
    others = _distractors(canvas, product)
    entries += rng.sample(others, min(len(others), rng.randint(3, 5)))
    rng.shuffle(entries)
    return entries, told


def _lined(canvas: Canvas, area: Box, entries: list[tuple[str, str]], product: Product) -> None:
    left, top, right, bottom = area
    step = (bottom - top) / len(entries)
    split = left + (right - left) * 0.46
    size = min(step * 0.42, (right - left) * 0.052)
    for k, (name, value) in enumerate(entries):
        y = top + step * k
        if k % 2 == 0:
            canvas.draw.rectangle((left, y, right, y + step), fill=tint(product.colour, 1.82))
        canvas.draw.line([(left, y + step), (right, y + step)], fill=(150, 150, 155), width=1)
        canvas.text((left + 12, y + step / 2), name, size, anchor="lm", fit=split - left - 24, bold=0.02)
        canvas.text((split + 8, y + step / 2), value, size, anchor="lm", fit=right - split - 20)
    canvas.draw.line([(split, top), (split, bottom)], fill=(150, 150, 155), width=1)


def _badges(canvas: Canvas, area: Box, entries: list[tuple[str, str]], product: Product) -> None:
    left, top, right, bottom = area
    step = (bottom - top) / len(entries)
    split = left + (right - left) * 0.42
    size = min(step * 0.38, (right - left) * 0.05)
    shade = tint(product.colour, 0.7)
    for k, (name, value) in enumerate(entries):
        y = top + step * (k + 0.5)
        canvas.draw.rounded_rectangle((left, y - step * 0.36, split, y + step * 0.36), 10, fill=shade)
        canvas.text(((left + split) / 2, y), name, size, ink_on(shade), fit=split - left - 20)
        canvas.text((split + 16, y), value, size, DARK, anchor="lm", fit=right - split - 24)


def _columns(canvas: Canvas, area: Box, entries: list[tuple[str, str]], product: Product) -> None:
    """Cards in two columns, the value above its name."""
    left, top, right, bottom = area
    rows = (len(entries) + 1) // 2
    wide, step = (right - left) / 2, (bottom - top) / rows
    size = min(step * 0.24, wide * 0.1)
    for k, (name, value) in enumerate(entries):
        x, y = left + wide * (k % 2), top + step * (k // 2)
        canvas.draw.rounded_rectangle(
            (x + 6, y + 6, x + wide - 6, y + step - 6), 12, fill=tint(product.colour, 1.85)
        )
        canvas.text((x + wide / 2, y + step * 0.36), value, size * 1.15, bold=0.03, fit=wide - 30)
        canvas.text((x + wide / 2, y + step * 0.7), name, size * 0.85, (90, 90, 96), fit=wide - 30)


LAYOUTS: tuple[Callable[[Canvas, Box, list[tuple[str, str]], Product], None], ...] = (
    _lined,
    _lined,
    _badges,
    _columns,
)


def render(canvas: Canvas, product: Product, hide: Set[str]) -> set[str]:
    """Draw a table of specifications; return the entities whose value it shows."""
    rng = canvas.rng
    canvas.paint(rng.choice(("plain", "plain", "gradient")), rng.choice((WHITE, WHITE, (236, 240, 244))))
    w, h = canvas.width, canvas.height
    canvas.text(
        (w / 2, h * 0.075),
        rng.choice((*TITLES, product.name.upper())),
        w * 0.058,
        product.colour,
        bold=0.025,
        fit=w * 0.9,
    )
    left = w * 0.05
    if rng.random() < 0.45:
        left = w * 0.36
        SHAPES[product.shape](canvas, (w * 0.05, h * 0.35, w * 0.31, h * 0.65), product.colour)
    if "width" in product.amounts and rng.random() < UNIT_APART:
        product, note = product.with_unit_apart(rng)
        canvas.text((w * 0.95, h * 0.125), note, w * 0.028, anchor="rm")
    entries, told = _entries(canvas, product, hide)
    rng.choice(LAYOUTS)(canvas, (left, h * 0.15, w * 0.96, h * 0.95), entries, product)
    return told
