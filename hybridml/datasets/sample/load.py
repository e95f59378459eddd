"""Photos that tell how much a product carries, its own weight among the numbers."""

from __future__ import annotations

from collections.abc import Callable, Set

from .canvas import DARK, WHITE, Box, Canvas, Colour, Point, ink_on, tint
from .products import Product
from .shapes import SHAPES

ENTITY = "maximum_weight_recommendation"
WORDS = (
    "MAX LOAD",
    "Max. Capacity",
    "Weight capacity",
    "Holds up to",
    "LOAD CAPACITY",
    "Belastbar bis",
    "Supports",
)


def _scale_weight(canvas: Canvas, at: Point, size: float, lines: list[str], fill: Colour) -> None:
    """A weight as on old scales, the text on its body."""
    x, y = at
    canvas.draw.ellipse(
        (x - size * 0.22, y - size * 0.75, x + size * 0.22, y - size * 0.31),
        outline=fill,
        width=max(6, int(size * 0.09)),
    )
    canvas.draw.polygon(
        [
            (x - size * 0.5, y - size * 0.4),
            (x + size * 0.5, y - size * 0.4),
            (x + size * 0.85, y + size * 0.6),
            (x - size * 0.85, y + size * 0.6),
        ],
        fill=fill,
    )
    area = (x - size * 0.5, y - size * 0.36, x + size * 0.5, y + size * 0.56)
    canvas.stack(area, [(t, size * 0.26, 0.03) for t in lines], ink_on(fill))


def _bubble(canvas: Canvas, at: Point, size: float, lines: list[str], fill: Colour) -> None:
    """A disc with text."""
    x, y = at
    canvas.draw.ellipse((x - size, y - size, x + size, y + size), fill=fill, outline=tint(fill, 0.6), width=3)
    area = (x - size * 0.78, y - size * 0.5, x + size * 0.78, y + size * 0.5)
    canvas.stack(area, [(t, size * 0.27, 0.02) for t in lines], ink_on(fill))


BADGES: tuple[Callable[[Canvas, Point, float, list[str], Colour], None], ...] = (_scale_weight, _bubble)


def _strip(canvas: Canvas, area: Box, cards: list[tuple[str, str]], product: Product) -> None:
    """Cards beside each other, each with a value and what it is."""
    left, top, right, bottom = area
    wide = (right - left) / len(cards)
    for k, (name, value) in enumerate(cards):
        x = left + wide * k
        canvas.draw.rounded_rectangle(
            (x + 5, top, x + wide - 5, bottom), 14, fill=WHITE, outline=product.colour, width=3
        )
        middle = x + wide / 2
        canvas.text(
            (middle, top + (bottom - top) * 0.36),
            value,
            (bottom - top) * 0.22,
            DARK,
            bold=0.03,
            fit=wide - 28,
        )
        canvas.text(
            (middle, top + (bottom - top) * 0.72), name, (bottom - top) * 0.15, (80, 80, 86), fit=wide - 24
        )


def render(canvas: Canvas, product: Product, hide: Set[str]) -> set[str]:
    """Draw a product with its load capacity; return the entities whose value it shows."""
    rng = canvas.rng
    canvas.paint(
        rng.choice(("plain", "gradient", "studio", "wood")),
        rng.choice((WHITE, (232, 228, 220), (214, 224, 230))),
    )
    w, h = canvas.width, canvas.height
    told: set[str] = set()
    word = rng.choice(WORDS)
    title = rng.choice(
        ("STRONG & STABLE", "Heavy Duty", f"{product.brand} {product.name}", "Built to last 10 years")
    )
    canvas.text((w / 2, h * 0.075), title, w * 0.06, ink_on(canvas.colour), bold=0.03, fit=w * 0.9)
    left = rng.random() < 0.5
    # The cards stand below the product, or above it: their weights are read first then.
    below = rng.random() < 0.55
    top = h * (0.2 if below else 0.42)
    area = (w * 0.06, top, w * 0.5, top + h * 0.48) if left else (w * 0.5, top, w * 0.94, top + h * 0.48)
    SHAPES[product.shape](canvas, area, product.colour)
    cards = [("Warranty", f"{rng.choice((2, 3, 5))} years"), ("Assembly", f"{rng.randint(5, 30)} min")]
    own = "item_weight" in product.amounts and "item_weight" not in hide and rng.random() < 0.6
    if own:
        cards.append((rng.choice(("Own weight", "Net weight", "Product weight")), product.say("item_weight")))
        told.add("item_weight")
    if "width" in product.amounts and rng.random() < 0.5:
        packed = product.amounts["width"].value * 1.2
        cards.append(("Carton", f"{packed:.0f}{product.style.spelling[product.amounts['width'].unit]}"))
    in_strip = rng.random() < 0.3
    at = (w * 0.74 if left else w * 0.26, top + h * 0.26)
    if ENTITY not in hide:
        told.add(ENTITY)
        if in_strip:
            cards.append((word, product.say(ENTITY)))
        else:
            lines = [word, product.say(ENTITY)]
            rng.choice(BADGES)(
                canvas, at, w * 0.18, lines, rng.choice((product.colour, DARK, tint(product.colour, 1.7)))
            )
    if in_strip or ENTITY in hide:
        claims = (
            "Anti-slip feet",
            "Powder coated",
            "Fits any room",
            "Folds flat",
            f"Set of {rng.randint(2, 4)}",
        )
        canvas.stack(
            (at[0] - w * 0.2, at[1] - h * 0.16, at[0] + w * 0.2, at[1] + h * 0.14),
            [(c, w * 0.04, 0.0) for c in rng.sample(claims, 3)],
            ink_on(canvas.colour),
        )
    rng.shuffle(cards)
    _strip(
        canvas,
        (w * 0.04, h * (0.76 if below else 0.16), w * 0.96, h * (0.95 if below else 0.35)),
        cards,
        product,
    )
    return told
