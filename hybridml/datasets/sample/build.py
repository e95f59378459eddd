"""Puts the sample set together: products into groups, groups into tables, photos and rows onto disk."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from . import drawing, load, packaging, plate, spec_table
from .canvas import Canvas, CrowdedError
from .manifest import SampleSet, forget, remember, write_atomically
from .products import KINDS, Product, invent

Scene = Callable[[Canvas, Product, Set[str]], set[str]]

SCENES: dict[str, Scene] = {
    "drawing": drawing.render,
    "packaging": packaging.render,
    "bottle": packaging.render_bottle,
    "spec_table": spec_table.render,
    "plate": plate.render,
    "advert": plate.render_advert,
    "load": load.render,
}
# What each table begins with: together they ask for every entity.
ESSENTIALS = (
    ("furniture", "drawing", ("depth", "height", "width")),
    ("food", "packaging", ("item_weight",)),
    ("liquid", "bottle", ("item_volume",)),
    ("charger", "plate", ("voltage", "wattage")),
    ("carrier", "load", ("maximum_weight_recommendation",)),
)
SHARES = {
    "furniture": 16, "tableware": 12, "frame": 6, "organizer": 10, "food": 18, "liquid": 14, "charger": 15,
    "appliance": 9, "carrier": 12,
}  # fmt: skip
RARE = {"maximum_weight_recommendation": 6, "voltage": 3, "wattage": 3, "item_volume": 2, "depth": 2}
TEST_SHARE = 0.3
# Each ninth photo, from the sixth on, is asked for something that it does not show: some 8 % of the rows.
ABSENT_EVERY, ABSENT_FROM = 9, 5
ATTEMPTS = 30
HEAD = ("index", "image_link", "group_id", "entity_name", "entity_value")


@dataclass(frozen=True)
class Photo:
    """A drawn photo and its rows, as (entity, truth)."""

    name: str
    group: int
    data: bytes
    rows: tuple[tuple[str, str], ...]


def draw_photo(
    key: str, product: Product, scene: str, hide: Set[str], must: Set[str]
) -> tuple[bytes, set[str]]:
    """Draw one photo; return it as JPEG, and the entities it shows.

    Parameters
    ----------
    key : str
        Seed of everything random in it.
    product : Product
        What it is of.
    scene : str
        Name in :data:`SCENES`.
    hide : set of str
        Entities it must not show.
    must : set of str
        Entities it must show.

    Raises
    ------
    CrowdedError
        When the product's texts fit in no attempt.
    """
    for attempt in range(ATTEMPTS):
        rng = random.Random(f"{key}/{attempt}")
        wide = rng.randint(500, 1200)
        tall = min(1200, max(500, round(wide * rng.choice((1.0, 1.0, 1.0, 0.85, 1.2)))))
        canvas = Canvas(wide, tall, rng)
        try:
            shown = SCENES[scene](canvas, product, hide)
        except CrowdedError:
            continue
        if must <= shown and (shown or hide):
            buffer = io.BytesIO()
            canvas.finished().save(buffer, "JPEG", quality=rng.randint(62, 94))
            return buffer.getvalue(), shown
    raise CrowdedError(f"{scene} of {product.name!r} ({key}): nothing fits in {ATTEMPTS} attempts")


def _asked(rng: random.Random, shown: Set[str], must: Set[str], hide: Set[str]) -> list[str]:
    """Return the entities to ask of a photo: what it must show and hides, else one to three it shows."""
    if must:
        return sorted(must | hide)
    number = 1 if hide else rng.choices((1, 2, 3), (55, 35, 10))[0]
    # What few photos show is asked more often of them.
    order = sorted(sorted(shown), key=lambda e: rng.random() ** (1 / RARE.get(e, 1)), reverse=True)
    return sorted([*order[:number], *hide])


def _photo(
    key: str, group: int, place: int, product: Product, scene: str, must: Set[str], absent: bool
) -> Photo:
    rng = random.Random(key)
    hide = {rng.choice(sorted(product.amounts))} if absent else set()
    data, shown = draw_photo(key, product, scene, hide, must)
    rows = tuple((e, product.amounts[e].truth if e in shown else "") for e in _asked(rng, shown, must, hide))
    return Photo(f"{group}-{place}.jpg", group, data, rows)


def _table(key: str, groups: Sequence[int], photos: int) -> Iterator[Photo]:
    """Draw the photos of one table, group by group."""
    rng = random.Random(key)
    made = 0
    for number, group in enumerate(groups):
        if made == photos:
            return
        if number < len(ESSENTIALS):
            kind, first, needed = ESSENTIALS[number]
            size, must = 1, set(needed)
        else:
            kind = rng.choices(tuple(SHARES), tuple(SHARES.values()))[0]
            first, must = rng.choice(KINDS[kind].scenes), set()
            size = min(photos - made, rng.choices((1, 2, 3), (55, 30, 15))[0])
        scenes = [first] + [rng.choice(KINDS[kind].scenes) for _ in range(size - 1)]
        absent = [(made + k) % ABSENT_EVERY == ABSENT_FROM for k in range(size)]
        yield from _group(f"{key}/{number}", group, kind, scenes, must, absent)
        made += size


def _group(
    key: str, group: int, kind: str, scenes: Sequence[str], must: Set[str], absent: Sequence[bool]
) -> list[Photo]:
    """Draw the photos of one product; invent another product when the texts of one fit nowhere."""
    for variant in range(ATTEMPTS):
        product = invent(random.Random(f"{key}/{variant}"), kind)
        try:
            return [
                _photo(f"{key}/{variant}/{k}", group, k, product, scene, must, gone)
                for k, (scene, gone) in enumerate(zip(scenes, absent, strict=True))
            ]
        except CrowdedError:
            continue
    raise RuntimeError(f"no product of kind {kind!r} fits the scenes {list(scenes)}")


def _csv(photos: Sequence[Photo], truth: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = HEAD if truth else HEAD[:-1]
    writer.writerow(head)
    rows = [(p.name, p.group, *row) for p in photos for row in p.rows]
    writer.writerows((k, *row)[: len(head)] for k, row in enumerate(rows))
    return text.getvalue().encode()


def draw_set(out: Path, seed: int, photos: int, progress: bool) -> SampleSet:
    """Draw the set of ``seed``; see :func:`hybridml.datasets.sample.draw`."""
    forget(out)
    held_out = round(photos * TEST_SHARE)
    groups = random.Random(f"{seed}/groups").sample(range(100_000, 1_000_000), photos)
    files: dict[str, str] = {}
    with tqdm(total=photos, desc="drawing", unit="photo", disable=not progress) as bar:

        def table(name: str, ids: Sequence[int], count: int) -> list[Photo]:
            kept = []
            for photo in _table(f"{seed}/{name}", ids, count):
                path = f"images/{photo.name}"
                files[path] = write_atomically(out / path, photo.data)
                kept.append(photo)
                bar.update()
            return kept

        train = table("train", groups[held_out:], photos - held_out)
        test = table("test", groups[:held_out], held_out)
    for name, rows, truth in (("train", train, True), ("test", test, False), ("truth", test, True)):
        files[f"{name}.csv"] = write_atomically(out / f"{name}.csv", _csv(rows, truth))
    remember(out, seed, photos, files)
    return SampleSet(out, photos)
