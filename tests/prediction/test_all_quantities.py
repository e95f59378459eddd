"""Every quantity on a photo: what each most probably is, and which of them belong together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hybridml
from hybridml.candidates.features import PhotoContext, describe
from hybridml.candidates.find import Candidate, ocr_result_for
from hybridml.candidates.table import CandidateTable, DescribedRows, Rows
from hybridml.cli import main
from hybridml.prediction.all_quantities import Group, PhotoQuantities, find_quantities
from hybridml.prediction.grouping import PlacedQuantity, group_quantities, text_blocks
from hybridml.ranking.answer import Answer
from hybridml.ranking.model import Model, Projection, Ranked
from hybridml.vision.number_classifier import CLASSES
from hybridml.vision.outline import Outline
from hybridml.vision.photo_features import PhotoFeatures, as_photo_features
from hybridml.vision.text_line import OCRResult, TextLine
from tests.helpers.fakes import OPTIONS, write_photo, write_rows
from tests.helpers.lines import line, ocr_result

Chance = Callable[[str, Candidate], float]


class FakeModel(Model):
    """A model whose probabilities come from the test."""

    def __init__(self, chance: Chance) -> None:
        super().__init__()
        self._chance = chance
        self.ranker.columns_ = ["keywords.own_near", "keywords.rival_near"]

    def describe(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        photos: Iterable[tuple[str, PhotoFeatures | OCRResult]],
        project: Projection | None = None,
    ) -> Iterator[DescribedRows]:
        """Yield the photos; their rows are described when they are ranked."""
        table = CandidateTable((), np.zeros((0, 0), np.float32), np.zeros(0, np.int64), [])
        found = {key: as_photo_features(photo) for key, photo in photos}
        yield DescribedRows(range(len(keys)), Rows(keys, entities), table, {}, [], found)

    def rank(self, described: DescribedRows) -> Iterator[tuple[int, Ranked]]:
        """Yield each row's candidates with the probabilities of the test."""
        rows = described.rows
        for row, (key, entity) in enumerate(zip(rows.keys, rows.entities, strict=True)):
            yield row, self._row(entity, described.photos[key or ""])

    def _row(self, name: str, photo: PhotoFeatures) -> Ranked:
        entity = self.schema.entity(name)
        used = ocr_result_for(photo, entity, self.schema)
        candidates, columns = describe(PhotoContext(used, self.schema), entity, ["keywords"])
        if not candidates:
            return Ranked(Answer(name), photo)
        p = np.array([self._chance(name, c) for c in candidates])
        X = np.stack([columns[column] for column in self.ranker.columns_], axis=1)
        best: dict[tuple[float, str], int] = {}
        for i in np.argsort(-p, kind="stable").tolist():
            best.setdefault((candidates[i].value, candidates[i].unit), i)
        order = [(i, float(p[i])) for i in best.values()]
        none = np.zeros(len(p))
        second = used is photo.second_pass
        return Ranked(Answer(name), photo, candidates, X, np.log(p), none, order, second)


def equal(entity: str, candidate: Candidate) -> float:
    return 0.4


def quantities(
    found: PhotoFeatures | OCRResult, chance: Chance = equal, outline: Outline | None = None
) -> PhotoQuantities:
    outlines = {"photo": outline} if outline else None
    photos = [("photo", as_photo_features(found))]
    [(key, photo)] = find_quantities(FakeModel(chance), photos, None, outlines)
    assert key == "photo"
    return photo


def values(group: Group) -> set[tuple[str, str]]:
    return {(item.entity, item.prediction) for item in group.items}


def number_classes(lines: Sequence[TextLine], *classes: str) -> np.ndarray:
    """Return the output of a number classifier that takes the number of each line for one class."""
    rows = np.full((len(lines), len(CLASSES)), 0.05, dtype=np.float32)
    for row, name in zip(rows, classes, strict=True):
        row[CLASSES.index(name)] = 0.65
    return rows


def test_two_products_are_two_groups() -> None:
    lines = [
        line("NET WT 500 g", 50, 500),
        line("Contents 900 ml", 50, 540),
        line("NET WT 200 g", 700, 500),
        line("Contents 300 ml", 700, 540),
    ]
    photo = quantities(ocr_result(lines), lambda entity, c: 0.8 if c.value in (500, 900) else 0.1)
    assert [values(group) for group in photo.groups] == [
        {("item_weight", "500 gram"), ("item_volume", "900 millilitre")},
        {("item_weight", "200 gram"), ("item_volume", "300 millilitre")},
    ]
    left, _, right, _ = photo.groups[1].box
    assert left >= 700
    assert right <= 1000


def test_values_of_one_product_are_one_group_however_far_apart() -> None:
    lines = [line("230 V", 20, 20), line("500 g", 800, 950)]
    assert [values(group) for group in quantities(ocr_result(lines)).groups] == [
        {("voltage", "230 volt"), ("item_weight", "500 gram")}
    ]


def test_a_quantity_in_two_units_is_one() -> None:
    lines = [line("12 in", 100, 100), line("(30.5 cm)", 100, 125)]
    photo = PhotoFeatures(ocr_result(lines), number_classes=number_classes(lines, "width", "width"))
    (group,) = quantities(photo, lambda entity, c: 0.6 if c.unit == "centimetre" else 0.3).groups
    (item,) = group.items
    assert (item.entity, item.prediction, item.confidence) == ("width", "30.5 centimetre", 0.6)
    assert ("width", "12 inch", 0.3) in [(a.entity, a.prediction, a.confidence) for a in item.alternatives]


def test_the_number_classifier_tells_which_dimension() -> None:
    lines = [line("30 cm", 100, 100), line("40 cm", 600, 500)]
    (group,) = quantities(
        PhotoFeatures(ocr_result(lines), number_classes=number_classes(lines, "depth", "height"))
    ).groups
    assert values(group) == {("depth", "30 centimetre"), ("height", "40 centimetre")}
    others = {a.entity for item in group.items for a in item.alternatives}
    assert others == {"width", "height", "depth"}


def test_the_same_number_twice_is_two_dimensions_by_the_score_of_each_place() -> None:
    lines = [line("30 cm", 100, 500, angle=-90), line("30 cm", 600, 900)]

    def chance(entity: str, c: Candidate) -> float:
        here = {"height": c.line == 0, "width": c.line == 1}.get(entity, False)
        return 0.7 if here else 0.1

    (group,) = quantities(ocr_result(lines), chance).groups
    boxes = {item.entity: item.box for item in group.items}
    assert boxes["height"][0] < 200
    assert boxes["width"][0] >= 600


def test_keywords_tell_which_weight_it_is() -> None:
    lines = [line("Net weight: 5 kg", 50, 100), line("Max load: 100 kg", 50, 800)]
    groups = quantities(ocr_result(lines)).groups
    assert {item for group in groups for item in values(group)} == {
        ("item_weight", "5 kilogram"),
        ("maximum_weight_recommendation", "100 kilogram"),
    }


def test_an_ounce_is_a_weight_rather_than_a_volume() -> None:
    def chance(entity: str, c: Candidate) -> float:
        return 0.9 if entity == "item_volume" else 0.3

    (group,) = quantities(ocr_result([line("8 oz", 50, 100)]), chance).groups
    (item,) = group.items
    assert item.prediction == "8 ounce"
    assert ("item_volume", "8 fluid ounce") in [(a.entity, a.prediction) for a in item.alternatives]
    assert values(quantities(ocr_result([line("8 fl oz", 50, 100)]), chance).groups[0]) == {
        ("item_volume", "8 fluid ounce")
    }


def test_parts_of_a_product_are_different_dimensions() -> None:
    (group,) = quantities(
        ocr_result([line("10 x 20 x 30 cm", 50, 100)]), lambda entity, c: 0.5 if entity == "width" else 0.2
    ).groups
    assert sorted(item.entity for item in group.items) == ["depth", "height", "width"]
    assert sorted(item.value for item in group.items) == [10, 20, 30]


def test_a_part_of_a_product_takes_the_entity_of_the_drawing() -> None:
    lines = [line("10 x 20 x 30 cm", 50, 100), line("30 cm", 600, 600)]
    photo = PhotoFeatures(ocr_result(lines), number_classes=number_classes(lines, "depth", "width"))
    (group,) = quantities(photo).groups
    thirty = [item for item in group.items if item.value == 30]
    assert [(item.entity, len(item.again)) for item in thirty] == [("width", 1)]


def test_a_repeated_quantity_is_one_item_with_two_boxes() -> None:
    (group,) = quantities(ocr_result([line("500 g", 50, 100), line("500 g", 50, 130)])).groups
    (item,) = group.items
    assert item.again == ((50, 130, 100, 150),)
    assert group.box == (50, 100, 100, 150)


def test_a_sum_and_its_parts_are_one_mention() -> None:
    photo = PhotoFeatures(ocr_result([line("5 ft 10 in", 50, 100)]))
    (group,) = quantities(photo, lambda entity, c: 0.7 if c.form == "sum" else 0.1).groups
    (item,) = group.items
    assert (item.prediction, item.form) == ("70 inch", "sum")
    assert {a.prediction for a in item.alternatives} >= {"5 foot", "10 inch"}


def test_a_multipack_has_its_total_and_what_each_pack_holds() -> None:
    def chance(entity: str, candidate: Candidate) -> float:
        return 0.1 if candidate.form == "multipack each" else 0.6

    found = quantities(ocr_result([line("4 x 28 g = 112 g", 100, 100)]), chance)
    (group,) = found.groups
    assert {item.prediction for item in group.items} == {"112 gram", "28 gram"}


def test_the_second_pass_counts_where_the_first_shows_nothing() -> None:
    first = ocr_result([line("500 g", 50, 100), line("blurred", 50, 500)])
    second = ocr_result([line("501 g", 50, 100), line("230 V", 50, 500)])
    (group,) = quantities(PhotoFeatures(first, second_pass=second)).groups
    assert values(group) == {("item_weight", "500 gram"), ("voltage", "230 volt")}
    (volt,) = [item for item in group.items if item.entity == "voltage"]
    assert (volt.text, volt.box) == ("230 V", (50, 500, 100, 520))


def test_dimensions_around_one_outline_are_one_group() -> None:
    lines = [line("30 cm", 480, 250), line("10 cm", 480, 720), line("20 cm", 90, 500), line("2 cm", 720, 480)]
    found = PhotoFeatures(
        ocr_result(lines), number_classes=number_classes(lines, "width", "width", "height", "width")
    )
    outline = Outline((200, 300, 700, 700), 1.0, 1000, 1000)
    assert len(quantities(found, outline=outline).groups) == 1
    assert len(quantities(found).groups) > 1
    busy = Outline((0, 0, 1000, 1000), 1.0, 1000, 1000)
    assert len(quantities(found, outline=busy).groups) > 1


def test_a_photo_without_quantities_has_no_group() -> None:
    for lines in ([], [line("Made with care", 10, 10)]):
        photo = quantities(ocr_result(lines))
        assert photo.groups == ()
        assert list(photo.frame()["entity_name"]) == []
        assert json.loads(json.dumps(photo.to_dict())) == {
            "width": 1000,
            "height": 1000,
            "groups": [],
        }


def test_as_plain_data_and_as_a_table() -> None:
    photo = quantities(ocr_result([line("NET WT 500 g", 50, 500), line("230 V", 50, 540)]))
    (group,) = json.loads(json.dumps(photo.to_dict()))["groups"]
    weight = next(item for item in group["items"] if item["entity"] == "item_weight")
    assert (weight["text"], weight["line"], weight["confidence"]) == ("500 gram", "NET WT 500 g", 0.4)
    assert len(weight["box"]) == len(group["box"]) == 4
    assert {"entity": "maximum_weight_recommendation", "text": "500 gram", "confidence": 0.4} in weight[
        "alternatives"
    ]
    table = photo.frame()
    assert list(table["group"]) == [1, 1]
    assert set(table["prediction"]) == {"500 gram", "230 volt"}


def test_photos_keep_their_order() -> None:
    photos = [(f"photo{i}", PhotoFeatures(ocr_result([line(f"{i + 1} V")]))) for i in range(5)]
    found = [(key, w.groups[0].items[0].value) for key, w in find_quantities(FakeModel(equal), photos)]
    assert found == [(f"photo{i}", i + 1) for i in range(5)]


# ---------------------------------------------------------------- layout


@pytest.mark.parametrize(
    ("second", "same"),
    [
        (line("500 g", 250, 100), True),  # the next cell of the row
        (line("500 g", 250, 100, size=40), False),  # much larger print
        (line("500 g", 400, 100), False),
        (line("500 g", 100, 150), True),  # the line below
        (line("500 g", 100, 200), False),
    ],
)
def test_a_quantity_belongs_to_the_words_beside_and_above_it(second: TextLine, same: bool) -> None:
    lines = [line("Weight", 100, 100), second]
    block = text_blocks(lines, np.array([False, True]))
    assert (block[0] == block[1]) is np.bool_(same)


def test_quantities_side_by_side_may_be_two_products() -> None:
    lines = [line("500 g", 100, 100), line("200 g", 250, 100)]
    assert text_blocks(lines, np.array([True, True])).tolist() == [0, 1]


def test_blocks_with_the_same_quantity_join() -> None:
    lines = [line("500 g", 100, 100), line("500 g", 800, 900), line("200 g", 800, 100)]
    placed = [
        PlacedQuantity(0, "item_weight", 500),
        PlacedQuantity(1, "item_weight", 500),
        PlacedQuantity(2, "item_weight", 200),
    ]
    assert group_quantities(lines, placed).tolist() == [0, 0, 1]
    assert group_quantities(lines, []).tolist() == []


# ---------------------------------------------------------------- photo to answers


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    extractor = hybridml.EntityExtractor(folder / "images", folder / "store", **OPTIONS)
    hybridml.save(extractor.fit(write_rows(folder, 48)), folder / "model.joblib")
    lines = [line("Net weight 300 g", 50, 50), line("Height 40 cm", 500, 900, angle=-90)]
    write_photo(folder / "photo.png", lines)
    return folder / "model.joblib"


def test_read_all_is_as_sure_as_read(model: Path) -> None:
    photo = model.parent / "photo.png"
    (answer,) = hybridml.read(photo, ["height"], model=model)
    found = [item for group in hybridml.read_all(photo, model=model).groups for item in group.items]
    assert {item.prediction for item in found} == {"300 gram", "40 centimetre"}
    assert [(i.prediction, i.confidence, i.box) for i in found if i.entity == "height"] == [
        (answer.prediction, answer.confidence, answer.box)
    ]


def test_read_all_at_the_command_line(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, files = str(model.parent / "photo.png"), ["--model", str(model)]
    (tmp_path / "bad.jpg").write_text("no photo")
    assert main(["read", photo, str(tmp_path / "bad.jpg"), "--all", *files]) == 0
    out, err = capsys.readouterr()
    cells: list[list[str]] = [text.split("\t") for text in out.splitlines()]
    assert {(c[0], c[3]) for c in cells} == {(photo, "300 gram"), (photo, "40 centimetre")}
    assert all(int(c[1]) >= 1 and 0 <= float(c[4]) <= 1 for c in cells)
    assert "bad.jpg" in err
    assert main(["read", photo, "--all", "--json", *files]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["photo"] == photo
    assert {item["text"] for group in told["groups"] for item in group["items"]} == {c[3] for c in cells}
    with pytest.raises(SystemExit):
        main(["read", photo, "--all", "--entity", "width", *files])


def test_the_outline_found_for_the_layout_changes_no_confidence(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = model.parent / "photo.png"

    def found() -> set[tuple[str, float]]:
        groups = hybridml.read_all(photo, model=model).groups
        return {(item.prediction, item.confidence) for group in groups for item in group.items}

    before = found()
    outline = Outline((0, 0, 9, 9), 1.0, 1000, 1000)
    monkeypatch.setattr("hybridml.prediction.from_photo.find_outline", lambda image: outline)
    assert found() == before
