"""Electric products: rating plates, and adverts with one large number."""

from __future__ import annotations

from collections.abc import Set

from .amounts import Amount
from .canvas import DARK, WHITE, Canvas, Colour, ink_on, tint
from .products import Product
from .shapes import SHAPES

PLATES: tuple[Colour, ...] = ((30, 30, 33), (52, 54, 60), (200, 202, 206), (236, 236, 232))


def _amps(product: Product) -> str:
    return f"{product.amounts['wattage'].value / product.amounts['voltage'].value:.2g}A"


def _lines(canvas: Canvas, product: Product, hide: Set[str]) -> tuple[list[str], set[str]]:
    rng, write, amounts = canvas.rng, product.style.write, product.amounts
    volts, watts = write(amounts["voltage"]), write(amounts["wattage"])
    model = f"MODEL: {rng.choice('ABKMXT')}{rng.choice('DLPRS')}-{rng.randint(100, 9900)}"
    told = set()
    if product.kind == "charger":
        lines = [product.name.upper(), model]
        mains = rng.choice(
            ("100-240V~ 50/60Hz 1.5A", "AC 100-240V 50/60Hz", "120V~ 60Hz 0.8A", "220-240V~ 50Hz")
        )
        supply = [f"{rng.choice(('INPUT', 'Input', 'PRI'))}: {mains}"]
        if "voltage" not in hide:
            word, current = rng.choice(("OUTPUT", "Output", "SEC")), rng.choice(("", "DC "))
            supply.append(f"{word}: {current}{volts} {_amps(product)}")
            told.add("voltage")
        if rng.random() < 0.3:
            supply.reverse()
        lines += supply
        if "wattage" not in hide and rng.random() < 0.8:
            lines.insert(
                rng.randint(1, len(lines)),
                rng.choice(("{}", "{} MAX", "Power: {}", "Total output {}")).format(watts),
            )
            told.add("wattage")
    else:
        lines = [product.name.upper(), model]
        rating = []
        if "voltage" not in hide:
            rating.append(f"{volts}~ {rng.choice((50, 60))}Hz")
            told.add("voltage")
        if "wattage" not in hide:
            rating.append(watts)
            told.add("wattage")
        lines += ["   ".join(rating)] if rng.random() < 0.5 else rating
    extra = [
        f"S/N {rng.randint(10**8, 10**9)}",
        f"Ta: {rng.choice((40, 45))}°C",
        "IP44",
        "Made in P.R.C.",
        "CAUTION: for indoor use only",
        f"Standby {write(Amount(0.3, 'watt'))}",
        f"Peak {write(Amount(amounts['wattage'].value * 2, 'watt'))}",
    ]
    for text in rng.sample(extra, rng.randint(2, 4)):
        lines.insert(rng.randint(1, len(lines)), text)
    return lines, told


def render(canvas: Canvas, product: Product, hide: Set[str]) -> set[str]:
    """Draw a rating plate on its device; return the entities whose value it shows."""
    rng = canvas.rng
    canvas.paint(
        rng.choice(("plain", "gradient", "wood", "studio")),
        rng.choice((WHITE, (226, 228, 232), (196, 160, 120))),
    )
    w, h = canvas.width, canvas.height
    ground = rng.choice(PLATES)
    device = (w * 0.07, h * rng.uniform(0.1, 0.2), w * 0.93, h * rng.uniform(0.8, 0.9))
    canvas.draw.rounded_rectangle(device, 40, fill=tint(ground, 0.8), outline=tint(ground, 0.5), width=4)
    plate = (device[0] + w * 0.06, device[1] + h * 0.06, device[2] - w * 0.06, device[3] - h * 0.06)
    canvas.draw.rounded_rectangle(plate, 16, fill=ground, outline=tint(ground, 1.5), width=2)
    ink = ink_on(ground)
    lines, told = _lines(canvas, product, hide)
    size = w * rng.uniform(0.034, 0.044)
    sized = [(product.brand, size * 1.7, 0.03)] + [(t, size, rng.choice((0.0, 0.02))) for t in lines]
    inner = (plate[0] + 20, plate[1] + 8, plate[2] - 20, plate[3] - h * 0.09)
    canvas.stack(inner, sized, ink, align=rng.choice("lm"), stretch=rng.choice((0.85, 1.0)))
    marks = plate[3] - h * 0.045
    for k, mark in enumerate(("CE", "FC", "UL")):
        canvas.try_text((plate[2] - 40 - k * 60, marks), mark, h * 0.035, ink, bold=0.025)
    canvas.draw.rectangle((plate[0] + 20, marks - 14, plate[0] + 48, marks + 14), outline=ink, width=3)
    return told


def render_advert(canvas: Canvas, product: Product, hide: Set[str]) -> set[str]:
    """Draw an advert: one large number, smaller ones that mislead; return the entities shown."""
    rng, write, amounts = canvas.rng, product.style.write, product.amounts
    ground = rng.choice((tint(product.colour, 0.45), tint(product.colour, 1.75), (24, 26, 34)))
    canvas.paint(rng.choice(("gradient", "plain")), ground)
    ink = ink_on(ground)
    w, h = canvas.width, canvas.height
    told: set[str] = set()
    watts = amounts["wattage"]
    smaller = [write(Amount(max(3, round(watts.value * s)), "watt")) for s in (0.6, 0.3)]
    head = [(rng.choice(("FAST & SAFE", "POWER TO GO", "Made for every day", product.brand)), w * 0.05, 0.02)]
    big = [(product.name.upper(), w * 0.07, 0.03)]
    if "wattage" not in hide:
        big.append((write(watts), w * rng.uniform(0.12, 0.18), 0.03))
        told.add("wattage")
    ports = [(f"{rng.choice(('USB-A', 'Port 2', 'Eco mode'))}: {smaller[1]}", w * 0.035, 0.0)]
    if rng.random() < 0.6:
        ports.append((f"{rng.choice(('USB-C', 'Port 1', 'Medium'))}: {smaller[0]}", w * 0.035, 0.0))
    lines = ports + big if rng.random() < 0.6 else big + ports
    canvas.stack((w * 0.06, h * 0.05, w * 0.94, h * 0.5), head + lines, ink)
    SHAPES[product.shape](canvas, (w * 0.1, h * 0.56, w * 0.44, h * 0.92), tint(product.colour, 1.3))
    facts = [
        f"Up to {rng.randint(2, 6)}x faster",
        f"{rng.choice((1.5, 2, 3))} m cable",
        f"{rng.choice((12, 24))} months warranty",
    ]
    if product.kind == "charger":
        facts.append(rng.choice(("Works on 100-240V", "Input AC 120V")))
    if "voltage" not in hide and rng.random() < 0.75:
        facts.append(
            rng.choice(("Output {}", "{} / " + _amps(product), "Rated {}", "{}")).format(
                write(amounts["voltage"])
            )
        )
        told.add("voltage")
    rng.shuffle(facts)
    card = (w * 0.5, h * 0.56, w * 0.95, h * 0.93)
    canvas.draw.rounded_rectangle(card, 18, fill=WHITE)
    canvas.stack(
        (card[0] + 16, card[1] + 10, card[2] - 16, card[3] - 10),
        [(f, w * 0.036, 0.0) for f in facts],
        DARK,
        align="l",
    )
    return told
