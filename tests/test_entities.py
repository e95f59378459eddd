"""Entity files of a user: what they may contain, what is refused, and what the parser makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hybridml import quantity
from hybridml.candidates.find import find_candidates
from hybridml.cli import main
from hybridml.entities import EntitySchema, default_entities, load_entities, parse_entities
from hybridml.errors import EntityError
from hybridml.vision.text_line import OCRResult
from tests.helpers.lines import line

UNIT = '[units.{name}]\nfamily = "own"\nfactor = 1\n{more}\n'


def own(text: str, base: EntitySchema | None = None) -> EntitySchema:
    return parse_entities(f"format = 1\n{text}", "own.toml", base or default_entities())


def with_unit(name: str, *spellings: str) -> EntitySchema:
    listed = ", ".join(f'"{s}"' for s in spellings)
    return own(
        UNIT.format(name=f'"{name}"', more=f"spellings = [{listed}]") + f'[entities.own]\nunits = ["{name}"]'
    )


def parsed(text: str, schema: EntitySchema) -> list[tuple[float, str]]:
    return [(q.value, q.unit) for q in quantity.parse(text, schema) if not q.repaired]


@pytest.mark.parametrize(
    ("name", "spellings", "text", "value"),
    [
        ("milliampere hour", ["mAh"], "Akku 5000mAh", 5000.0),
        ("ampere hour", ["Ah"], "12V 7.2 AH battery", 7.2),
        ("percent", ["%", "% vol"], "alc. 12.5% vol.", 12.5),
        ("degree celsius", ["°C", "degrees c"], "up to 180°C", 180.0),
        ("litre per minute", ["l/min"], "flow 10 l/min", 10.0),
        ("square metre", ["m²", "m2"], "area 20 m²", 20.0),
        ("piece", ["pcs", "pieces"], "100 pcs", 100.0),
        ("kilometre per hour", ["km/h"], "25 km/h", 25.0),
    ],
)
def test_units_that_the_packaged_file_has_not_are_read(
    name: str, spellings: list[str], text: str, value: float
) -> None:
    assert (value, name) in parsed(text, with_unit(name, *spellings))
    assert name not in {unit for _, unit in parsed(text, default_entities())}


def test_a_unit_of_ones_own_changes_nothing_beside_it() -> None:
    schema = with_unit("percent", "%")
    for text in ("30% off 250 g", "$5 for 2 kg", "20 x 30 cm", "€ 7"):
        assert [q for q in parsed(text, schema) if q[1] != "percent"] == parsed(text, default_entities())


def test_letters_of_dimensions_are_not_taken_for_units() -> None:
    schema = with_unit("hour", "h")
    assert parsed("20W x 10D x 30H", schema) == []
    assert parsed("runs 30 h", schema) == [(30.0, "hour")]


def test_a_number_beside_a_word_of_ones_own_takes_the_unit_declared_elsewhere() -> None:
    schema = own('[entities.width]\nextends = true\nkeywords = ["Zollbreite"]')
    ocr_result = OCRResult((line("30 zollbreite", 0, 0), line("Angaben in cm", 0, 100)), 400, 200)
    assert [(c.value, c.unit) for c in find_candidates(ocr_result, schema)] == [(30.0, "centimetre")]
    assert find_candidates(ocr_result) == []


def test_a_table_that_extends_adds_to_the_packaged_one() -> None:
    before = default_entities()
    schema = own(
        '[units.inch]\nextends = true\nspellings = ["tommer", "inch"]\n'
        '[entities.width]\nextends = true\nkeywords = ["Bredde"]\nunits = ["inch"]\n'
        '[entities.item_volume]\nextends = true\nreads_as = { pound = "pint" }'
    )
    assert schema.unit("inch").spellings == (*before.unit("inch").spellings, "tommer")
    assert (schema.unit("inch").factor, schema.unit("inch").system) == (2.54, "imperial")
    assert schema.entity("width").keywords == (*before.entity("width").keywords, "bredde")
    assert schema.entity("width").units == before.entity("width").units
    assert schema.entity("width").axis == "level"
    assert schema.entity("item_volume").reads_as == {"ounce": "fluid ounce", "pound": "pint"}
    assert parsed("6 tommer", schema) == [(6.0, "inch")]


def test_a_table_that_does_not_extend_replaces() -> None:
    schema = own('[entities.width]\nunits = ["inch"]\nkeywords = ["bredde"]')
    assert schema.entity("width").units == ("inch",)
    assert schema.entity("width").keywords == ("bredde",)
    assert schema.entity("height") == default_entities().entity("height")


def test_units_may_differ_by_case_only() -> None:
    schema = own(
        UNIT.format(name="milliwatt", more='exact = ["mW"]').replace('"own"', '"power"')
        + UNIT.format(name="megawatt", more='exact = ["MW"]').replace('"own"', '"power"')
        + '[entities.peak]\nunits = ["milliwatt", "megawatt"]'
    )
    assert parsed("5 mW", schema) == [(5.0, "milliwatt")]
    assert parsed("5 MW", schema) == [(5.0, "megawatt")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[units.x]\nfamily = 'own'", "needs 'family'"),
        ("[units.x]\nfamily = 'own'\nfactor = true", "needs 'family'"),
        ("[units.x]\nfamily = 'own'\nfactor = 0", "above 0"),
        ("[units.x]\nfamily = 'own'\nfactor = nan", "above 0"),
        ("[units.x]\nfamily = 'own'\nfactor = 1\nsystem = 'old'", "'metric', 'imperial'"),
        ("[units.x]\nfamily = 'own'\nfactor = 1\nspelling = ['y']", "no such key: 'spelling'.*spellings"),
        ("[units.x]\nfamily = 'own'\nfactor = 1\nspellings = 'y'", "list of strings"),
        (
            "[units.x]\nfamily = 'own'\nfactor = 1\nspellings = ['KG.']",
            "'kg' is a spelling of both 'kilogram' and 'x'",
        ),
        ("[units.x]\nfamily = 'own'\nfactor = 1\nexact = ['mV']", "'mV' is a spelling of both"),
        ("[units.'l/min']\nfamily = 'own'\nfactor = 1", "letters a to z"),
        ("[units.x]\nextends = true", "nothing of that name to extend"),
        ("[units.inch]\nextends = 'yes'", "must be true or false"),
        ("[units]\nx = 1", r"\[units.x\]: must be a table"),
        ("[entities.x]\nkeywords = ['y']", "needs 'units' of one family, got none"),
        ("[entities.x]\nunits = ['gram', 'volt']", "of one family, got .'mass', 'voltage'"),
        ("[entities.x]\nunits = ['stone']", "unit 'stone' has no .units. table; known are: .*gram"),
        ("[entities.x]\nunits = ['gram']\nreads_as = { volt = 'kilogram' }", "none of its 'units'"),
        ("[entities.x]\nunits = ['gram']\naxis = 'up'", "'upright'"),
        ("[entities.x]\nunits = ['gram']\nkeyword = ['y']", "no such key: 'keyword'.*keywords"),
        ("[unit.x]\nfamily = 'own'", "nothing is known of 'unit'"),
        ("[contexts]\nx = 1", "list of strings"),
        ("[units.x", "not valid TOML"),
    ],
)
def test_a_fault_is_named_with_file_and_table(text: str, message: str) -> None:
    with pytest.raises(EntityError, match=f"^own.toml: .*{message}"):
        own(text)


def test_the_packaged_file_alone_and_left_out(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        f"format = 1\n{UNIT.format(name='lumen', more='')}[entities.light]\nunits = ['lumen']", "utf-8"
    )
    assert set(load_entities(file).entities) == {*default_entities().entities, "light"}
    assert set(load_entities(file, extend=False).entities) == {"light"}
    with pytest.raises(EntityError, match=r"cannot read the entity file .*gone\.toml"):
        load_entities(tmp_path / "gone.toml")
    file.write_text("", "utf-8")
    with pytest.raises(EntityError, match="expected 'format = 1' at the top, got None"):
        load_entities(file)


def test_split_knows_entities_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        "format = 1\n"
        + UNIT.format(name='"ampere hour"', more='spellings = ["Ah"]')
        + '[entities.battery_capacity]\nunits = ["ampere hour"]\n'
    )
    rows = [f"{i},{i}.jpg,g{i},battery_capacity,{i + 1} ampere hour" for i in range(10)]
    (tmp_path / "rows.csv").write_text(
        "index,image_link,group_id,entity_name,entity_value\n" + "\n".join(rows) + "\n"
    )
    line = ["-q", "split", "--rows", f"{tmp_path}/rows.csv", "--out", f"{tmp_path}/out"]
    assert main([*line, "--entities", f"{tmp_path}/own.toml"]) == 0
    kept = [
        len((tmp_path / "out" / f"{name}.csv").read_text().splitlines()) - 1 for name in ("train", "test")
    ]
    assert sum(kept) == 10
    assert min(kept) > 0
