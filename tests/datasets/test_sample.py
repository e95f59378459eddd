"""The sample set: reproducible, complete, with all entities in both tables, and legible."""

from __future__ import annotations

import csv
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from hybridml.datasets.sample import SampleSet, draw
from hybridml.datasets.sample.build import LAYOUTS
from hybridml.datasets.sample.canvas import Canvas, CrowdedError, text_mask
from hybridml.datasets.sample.manifest import is_complete
from hybridml.datasets.sample.products import KINDS, Amount, Product, Style, invent
from hybridml.datasets.sample.shapes import SHAPES
from hybridml.entities import default_entities
from hybridml.errors import HybridmlError, MissingExtraError
from hybridml.quantity import parse

PHOTOS = 30


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return draw(tmp_path_factory.mktemp("sample"), seed=3, photos=PHOTOS)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def drawings(layout: str, hiding: bool = False) -> Iterator[tuple[Canvas, Product, set[str], set[str]]]:
    """Draw twenty photos of a layout; yield canvas, product, entities shown and entities that must be hidden."""
    kinds = [k for k, kind in KINDS.items() if layout in kind.layouts]
    for number in range(20):
        rng = random.Random(f"{layout}/{number}")
        product = invent(rng, rng.choice(kinds))
        gone = {rng.choice(sorted(product.amounts))} if hiding and number % 2 else set()
        canvas = Canvas(900, 900, rng)
        try:
            yield canvas, product, LAYOUTS[layout](canvas, product, gone), gone
        except CrowdedError:
            continue


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_same_seed_same_bytes(drawn: SampleSet, tmp_path: Path) -> None:
    again = draw(tmp_path, seed=3, photos=PHOTOS)
    assert again.drawn
    assert contents(tmp_path) == contents(drawn.folder)


def test_other_seed_differs_and_replaces(tmp_path: Path) -> None:
    draw(tmp_path, seed=0, photos=20)
    first = contents(tmp_path)
    (tmp_path / "images" / "mine.png").write_bytes(b"kept")
    second = draw(tmp_path, seed=1, photos=20)
    assert second.drawn
    now = contents(tmp_path)
    assert now.pop("images/mine.png") == b"kept"
    assert not {v for k, v in now.items() if k.endswith(".jpg")} & set(first.values())
    # Photos of the older set are gone: they belong to no row.
    assert len([k for k in now if k.endswith(".jpg")]) == 20


def test_complete_set_is_not_redrawn(drawn: SampleSet) -> None:
    before = {p: p.stat().st_mtime_ns for p in drawn.folder.rglob("*")}
    again = draw(drawn.folder, seed=3, photos=PHOTOS)
    assert not again.drawn
    assert {p: p.stat().st_mtime_ns for p in drawn.folder.rglob("*")} == before


@pytest.mark.parametrize("harm", ["remove photo", "change photo", "change table", "break manifest"])
def test_damaged_set_is_not_complete(drawn: SampleSet, tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(drawn.folder, folder)
    assert is_complete(folder, 3, PHOTOS)
    photo = next((folder / "images").glob("*.jpg"))
    if harm == "remove photo":
        photo.unlink()
    elif harm == "change photo":
        photo.write_bytes(photo.read_bytes()[:-10])
    elif harm == "change table":
        (folder / "truth.csv").write_text("index\n")
    else:
        (folder / "manifest.json").write_text("[")
    assert not is_complete(folder, 3, PHOTOS)


def test_damaged_set_is_redrawn(tmp_path: Path) -> None:
    draw(tmp_path, seed=0, photos=20)
    whole = contents(tmp_path)
    next((tmp_path / "images").glob("*.jpg")).unlink()
    assert draw(tmp_path, seed=0, photos=20).drawn
    assert contents(tmp_path) == whole


def test_counts(drawn: SampleSet) -> None:
    train, truth = rows(drawn.train), rows(drawn.truth)
    photos = {r["image_link"] for r in train + truth}
    assert len(photos) == PHOTOS == len(list(drawn.images.iterdir()))
    assert len({r["image_link"] for r in truth}) == round(PHOTOS * 0.3)
    assert PHOTOS <= len(train + truth) <= 2 * PHOTOS
    for table in (train, truth):
        assert [r["index"] for r in table] == [str(k) for k in range(len(table))]


def test_photos_are_product_sized(drawn: SampleSet) -> None:
    for path in drawn.images.iterdir():
        with Image.open(path) as image:
            assert 500 <= min(image.size) <= max(image.size) <= 1200, path


def test_tables_share_no_group_and_no_photo(drawn: SampleSet) -> None:
    train, truth = rows(drawn.train), rows(drawn.truth)
    assert not {r["group_id"] for r in train} & {r["group_id"] for r in truth}
    assert not {r["image_link"] for r in train} & {r["image_link"] for r in truth}


@pytest.mark.parametrize(("seed", "photos"), [(0, 20), (5, 20), (5, 43)])
def test_every_entity_and_an_absent_row_in_both_tables(tmp_path: Path, seed: int, photos: int) -> None:
    sample = draw(tmp_path, seed=seed, photos=photos)
    for table in (rows(sample.train), rows(sample.truth)):
        shown = {r["entity_name"] for r in table if r["entity_value"]}
        assert shown == set(default_entities().entities)
        assert any(not r["entity_value"] for r in table)


def test_truth_is_test_with_answers(drawn: SampleSet) -> None:
    test, truth = rows(drawn.test), rows(drawn.truth)
    assert list(test[0]) == ["index", "image_link", "group_id", "entity_name"]
    assert test == [{k: v for k, v in r.items() if k != "entity_value"} for r in truth]


def test_truth_is_written_as_answers_are(drawn: SampleSet) -> None:
    for row in rows(drawn.train) + rows(drawn.truth):
        if row["entity_value"]:
            number, unit = row["entity_value"].split(" ", 1)
            assert re.fullmatch(r"\d+\.\d+", number), row
            assert float(number) > 0
            assert unit in default_entities().entity(row["entity_name"]).units, row


def test_one_truth_for_a_product(drawn: SampleSet) -> None:
    seen: dict[tuple[str, str], str] = {}
    for row in rows(drawn.train) + rows(drawn.truth):
        if row["entity_value"]:
            key = (row["group_id"], row["entity_name"])
            assert seen.setdefault(key, row["entity_value"]) == row["entity_value"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_shows_what_it_returns_and_hides_what_it_must(layout: str) -> None:
    complete = 0
    for canvas, product, shown, gone in drawings(layout, hiding=True):
        complete += 1
        assert not shown & gone
        assert shown <= set(product.amounts)
        text = "\n".join(t for t, _ in canvas.texts).lower().replace(",", ".")
        for entity in shown:
            assert product.amounts[entity].number in text, (product, entity)
        for entity in gone & {"item_weight", "item_volume", "voltage", "wattage"}:
            said = product.say(entity).lower().replace(",", ".")
            assert not re.search(rf"(?<![\d.-]){re.escape(said)}", text), (product, entity)
    assert complete >= 12


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_has_values_that_mislead(layout: str) -> None:
    families = {unit: set(e.units) for e in default_entities().entities.values() for unit in e.units}
    misled = 0
    for canvas, product, shown, _ in drawings(layout):
        read = {(q.value, q.unit) for text, _ in canvas.texts for q in parse(text)}
        for amount in (product.amounts[entity] for entity in shown):
            right = [(a.value, a.unit) for a in (amount, amount.twin()) if a]
            misled += any(u in families[amount.unit] and (v, u) not in right for v, u in read)
    assert misled >= 10


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_text_touches_another_or_leaves_the_photo(layout: str) -> None:
    for canvas, *_ in drawings(layout):
        boxes = [box for _, box in canvas.texts]
        for k, (left, top, right, bottom) in enumerate(boxes):
            assert min(left, top) >= 0
            assert max(right, bottom) <= 900
            for x0, y0, x1, y1 in boxes[:k]:
                assert right <= x0 or x1 <= left or bottom <= y0 or y1 <= top


def test_some_values_are_given_in_two_units() -> None:
    duals = {
        product.say(entity)
        for layout in LAYOUTS
        for canvas, product, shown, _ in drawings(layout)
        for entity in shown
        if product.amounts[entity].twin() and product.style.dual
        if any(product.say(entity) in text for text, _ in canvas.texts)
    }
    assert len(duals) >= 8
    assert all(len(parse(text)) == 2 for text in duals)


def test_every_kind_names_layouts_and_shapes_that_exist() -> None:
    for kind in KINDS.values():
        assert set(kind.layouts) <= set(LAYOUTS)
        assert set(kind.names) <= set(SHAPES)


@pytest.mark.parametrize(
    ("amount", "twin"),
    [
        (Amount(340, "gram"), Amount(12.0, "ounce")),
        (Amount(57, "inch"), Amount(145, "centimetre")),
        (Amount(330, "pound"), Amount(150, "kilogram")),
        (Amount(8.5, "fluid ounce"), Amount(251, "millilitre")),
        (Amount(12, "volt"), None),
    ],
)
def test_twin(amount: Amount, twin: Amount | None) -> None:
    assert amount.twin() == twin


@pytest.mark.parametrize(
    ("style", "written"),
    [
        (Style({"gram": " g"}), "12.5 g"),
        (Style({"gram": "g"}, comma=True), "12,5g"),
        (Style({"gram": "g", "ounce": " oz"}, dual="{0} / {1}"), "12.5g / 0.44 oz"),
        (Style({"gram": "g", "ounce": " oz"}, dual="{1} ({0})"), "0.44 oz (12.5g)"),
    ],
)
def test_style_writes(style: Style, written: str) -> None:
    assert style.write_twice(Amount(12.5, "gram")) == written


def test_every_character_written_has_a_letterform() -> None:
    def ink(letter: str) -> bytes:
        return text_mask(letter, 40).tobytes()

    missing = ink("\ue123")
    written = {
        c for layout in LAYOUTS for canvas, *_ in drawings(layout) for text, _ in canvas.texts for c in text
    }
    assert len(written) > 60
    assert not [c for c in sorted(written - {" "}) if ink(c) == missing]


def test_vertical_text_is_upright_text_turned() -> None:
    flat, up = text_mask("12 cm", 30), text_mask("12 cm", 30, angle=-90)
    assert abs(flat.width - up.height) <= 2
    assert abs(flat.height - up.width) <= 2


def test_canvas_refuses_text_over_text_and_outside() -> None:
    canvas = Canvas(300, 100)
    canvas.text((150, 50), "first", 30)
    with pytest.raises(CrowdedError, match="second"):
        canvas.text((150, 55), "second", 30)
    with pytest.raises(CrowdedError, match="outside"):
        canvas.text((290, 20), "outside", 30)


def test_too_few_photos(tmp_path: Path) -> None:
    with pytest.raises(HybridmlError, match=r"at least 20.*got 5"):
        draw(tmp_path, photos=5)


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HybridmlError, match="cannot write the sample set"):
        draw(tmp_path / "file" / "below", photos=20)


def test_without_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r'pip install "\.\[read\]"'):
        draw(tmp_path, photos=20)


def test_import_is_light() -> None:
    code = "import sys, hybridml.datasets.sample; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
