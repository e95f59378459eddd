"""Assembly of the sample set: products into groups, groups into tables, photos and rows to disk."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path

from tqdm import tqdm

from hybridml.datasets.csv_file import write_csv
from hybridml.utils.hashing import sha256_of

from . import drawing, packaging, table
from .canvas import Canvas, CrowdedError
from .manifest import SampleSet, forget, remember, write_atomically
from .products import KINDS, Product, invent

# Layout to the function that draws it and returns the entities shown; it must not show the given ones.
LAYOUTS: dict[str, Callable[[Canvas, Product, Set[str]], set[str]]] = {
    "drawing": drawing.render,
    "packaging": packaging.render,
    "table": table.render,
}
# The first photos of each table; together their rows have every entity.
ESSENTIALS = (
    ("furniture", "drawing", ("depth", "height", "width")),
    ("food", "packaging", ("item_weight",)),
    ("liquid", "packaging", ("item_volume",)),
    ("charger", "table", ("voltage", "wattage")),
    ("furniture", "packaging", ("maximum_weight_recommendation",)),
)
SHARES = {"furniture": 32, "tableware": 13, "food": 15, "liquid": 12, "charger": 16, "appliance": 12}
# How much more often an entity is asked for that few photos show.
RARE = {"maximum_weight_recommendation": 6, "voltage": 3, "wattage": 3, "item_volume": 2, "depth": 2}
TEST_SHARE = 0.3
# Every ninth photo, from the sixth on, gets a row for a value that it does not show: some 8 % of the rows.
ABSENT_EVERY, ABSENT_FROM = 9, 5
ATTEMPTS = 100
TABLE_COLUMNS = ("index", "image_link", "group_id", "entity_name", "entity_value")
# A photo as JPEG, and the rows that ask about it: entity to truth.
Photo = tuple[bytes, dict[str, str]]


def _photo(rng: random.Random, product: Product, layout: str, must: Set[str], absent: bool) -> Photo:
    """Draw one photo, with a row for each entity in ``must`` or else for one to three that it shows.

    Raises
    ------
    CrowdedError
        When a text does not fit, or the photo came out without what it must show.
    """
    hide = {rng.choice(sorted(product.amounts))} if absent else set()
    wide = rng.randint(500, 1200)
    tall = min(1200, max(500, round(wide * rng.choice((1.0, 1.0, 1.0, 0.85, 1.2)))))
    canvas = Canvas(wide, tall, rng)
    shown = LAYOUTS[layout](canvas, product, hide)
    if not must <= shown or not shown | hide:
        raise CrowdedError(f"{layout} of {product.name!r} shows {sorted(shown)} only")
    count = 1 if hide else rng.choices((1, 2, 3), (55, 35, 10))[0]
    order = sorted(sorted(shown), key=lambda e: rng.random() ** (1 / RARE.get(e, 1)), reverse=True)
    asked = sorted(hide | (must or set(order[:count])))
    buffer = io.BytesIO()
    canvas.finished().save(buffer, "JPEG", quality=rng.randint(62, 94))
    return buffer.getvalue(), {e: product.amounts[e].truth if e in shown else "" for e in asked}


def _group(
    key: str, kind: str, layouts: Sequence[str], must: Set[str], absent: Sequence[bool]
) -> list[Photo]:
    """Draw the photos of one product; invent another product when the texts of one do not fit."""
    for attempt in range(ATTEMPTS):
        rng = random.Random(f"{key}/{attempt}")
        product = invent(rng, kind)
        try:
            return [
                _photo(rng, product, layout, must, gone) for layout, gone in zip(layouts, absent, strict=True)
            ]
        except CrowdedError:
            continue
    raise RuntimeError(f"no product of kind {kind!r} fits the layouts {list(layouts)}")


def _table(key: str, photos: int) -> Iterator[list[Photo]]:
    """Draw the photos of one table, group by group."""
    rng = random.Random(key)
    made = number = 0
    while made < photos:
        if number < len(ESSENTIALS):
            kind, layout, needed = ESSENTIALS[number]
            layouts, must = [layout], set(needed)
        else:
            kind = rng.choices(tuple(SHARES), tuple(SHARES.values()))[0]
            size = min(photos - made, rng.choices((1, 2, 3), (55, 30, 15))[0])
            layouts, must = rng.choices(KINDS[kind].layouts, k=size), set()
        absent = [(made + k) % ABSENT_EVERY == ABSENT_FROM for k in range(len(layouts))]
        yield _group(f"{key}/{number}", kind, layouts, must, absent)
        made, number = made + len(layouts), number + 1


def draw_set(out: Path, seed: int, photos: int, progress: bool) -> SampleSet:
    """Draw the set of ``seed``; see :func:`hybridml.datasets.sample.draw`."""
    forget(out)
    held_out = round(photos * TEST_SHARE)
    ids = iter(random.Random(f"{seed}/groups").sample(range(100_000, 1_000_000), photos))
    files: dict[str, str] = {}
    rows: dict[str, list[tuple[str, int, str, str]]] = {"train": [], "test": []}
    with tqdm(total=photos, desc="drawing", unit="photo", disable=not progress) as bar:
        for name, count in (("train", photos - held_out), ("test", held_out)):
            for drawn in _table(f"{seed}/{name}", count):
                group = next(ids)
                for place, (data, asked) in enumerate(drawn):
                    photo = f"{group}-{place}.jpg"
                    files[f"images/{photo}"] = write_atomically(out / "images" / photo, data)
                    rows[name] += [(photo, group, entity, truth) for entity, truth in asked.items()]
                    bar.update()
    for name, part, columns in (("train", "train", 5), ("test", "test", 4), ("truth", "test", 5)):
        lines = ((index, *row)[:columns] for index, row in enumerate(rows[part]))
        write_csv(out / f"{name}.csv", TABLE_COLUMNS[:columns], lines)
        files[f"{name}.csv"] = sha256_of(out / f"{name}.csv")
    remember(out, seed, photos, files)
    return SampleSet(out, photos)
