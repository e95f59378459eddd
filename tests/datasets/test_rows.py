"""Tables of rows and predictions: what is accepted, what is refused, what is held out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridml.datasets.groups import hold_out, photo_names
from hybridml.datasets.links import image_name
from hybridml.datasets.predictions import read_predictions, write_predictions
from hybridml.datasets.rows import RowFault, read_rows, validate
from hybridml.entities import parse_entities
from hybridml.errors import RowsError

HEADER = "index,image_link,group_id,entity_name,entity_value"


def write(tmp_path, *lines, header=HEADER):
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def table(n=4, **columns):
    base = {
        "index": range(n),
        "image_link": [f"https://example.org/{i}.jpg" for i in range(n)],
        "group_id": [str(i) for i in range(n)],
        "entity_name": ["width"] * n,
    }
    return pd.DataFrame({**base, **columns})


# ------------------------------------------------------------------------- reading


def test_reads_rows(tmp_path):
    path = write(tmp_path, "3,https://e.org/a.jpg,0077,width,5.0 inch", "1, b.jpg ,8,item_weight,")
    frame, _ = read_rows(path, truth=True)
    assert frame["index"].tolist() == [3, 1]
    assert frame["index"].dtype == np.int64
    assert frame["group_id"].tolist() == ["0077", "8"]
    assert frame["image_link"].tolist() == ["https://e.org/a.jpg", "b.jpg"]
    assert frame["entity_value"].tolist() == ["5.0 inch", ""]


def test_keeps_other_columns_and_does_without_labels(tmp_path):
    path = write(tmp_path, "7,a.jpg,1,width,x", header="index,image_link,group_id,entity_name,shelf")
    frame, _ = read_rows(path)
    assert list(frame.columns) == ["index", "image_link", "group_id", "entity_name", "shelf"]
    assert frame["shelf"].tolist() == ["x"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1", "2"], [1, 2]),
        (["-1", "0"], [-1, 0]),
        (["1", "x2"], ["1", "x2"]),
        (["007", "7"], ["007", "7"]),
        (["1.5", "2"], ["1.5", "2"]),
        (["9" * 30, "2"], ["9" * 30, "2"]),
        (["٣", "2"], ["٣", "2"]),
    ],
)
def test_index_is_kept_as_read(tmp_path, texts, expected):
    path = write(tmp_path, *(f"{t},{i}.jpg,1,width," for i, t in enumerate(texts)))
    assert read_rows(path)[0]["index"].tolist() == expected


@pytest.mark.parametrize(
    ("header", "truth", "message"),
    [
        ("index,image_link,group_id,entity_name", True, "no column 'entity_value'; add it"),
        ("index,image_link,entity_name,entity_value", None, "no column 'group_id'"),
        ("Index,image_link,group_id,entity_name", None, "no column 'index'; rename 'Index'"),
        ("index,image_url,group,entity_name", None, "2 faults"),
        ("index,image_links,group_id,entity_name", False, "rename 'image_links'"),
    ],
)
def test_missing_columns(tmp_path, header, truth, message):
    path = write(tmp_path, ",".join("x" for _ in header.split(",")), header=header)
    with pytest.raises(RowsError, match=message) as caught:
        read_rows(path, truth=truth)
    assert f"{path}, line 1: " in str(caught.value)
    assert "found: " in str(caught.value)


def test_a_header_alone_is_no_table(tmp_path):
    with pytest.raises(RowsError, match="no rows below the header"):
        read_rows(write(tmp_path))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["1,a.jpg,1,width,", "1,b.jpg,1,width,"], r"line 3, column index: 1 is also in line 2"),
        (['1,"a\n.jpg",1,width,', "2,b.jpg,1,width,", "2,c.jpg,1,width,"], r"line 5, .*also in line 4"),
        (["1,a.jpg,1,width,", ",b.jpg,1,width,"], r"line 3, column index: blank"),
        (
            ["1,x/a.jpg,1,width,", "2,y/a.jpg,1,width,"],
            r"line 3, column image_link: y/a.jpg and x/a.jpg \(line 2\).*, a.jpg;",
        ),
        (["1,x/a b.jpg,1,width,", "2,http://x.org/a%20b.jpg,1,width,"], "one base name, a b.jpg"),
    ],
)
def test_what_makes_a_table_unusable(tmp_path, lines, message):
    with pytest.raises(RowsError, match=message):
        read_rows(write(tmp_path, *lines))


def test_of_two_urls_a_download_can_make_two_files(tmp_path):
    frame, _ = read_rows(
        write(tmp_path, "1,http://x.org/a.jpg,1,width,", "2,http://y.org/a.jpg?w=3,2,width,")
    )
    assert photo_names(frame) == ["a.jpg", "a.jpg"]


def test_every_unusable_fault_is_counted(tmp_path):
    path = write(tmp_path, *(f"5,{i}.jpg,1,width," for i in range(40)))
    with pytest.raises(RowsError, match=r"\(39 faults\)") as caught:
        read_rows(path)
    assert str(caught.value).count("also in line 2") == 20
    assert str(caught.value).endswith("... and 19 more")


def test_one_link_in_several_rows_is_fine(tmp_path):
    read_rows(write(tmp_path, "1,http://x.org/a.jpg,1,width,", "2,http://x.org/a.jpg,1,depth,"))


FAULTY = [
    ("4,a.jpg,1,Height,5 inch", "entity_name", "unknown entity 'Height'; did you mean 'height'?"),
    ("4,a.jpg,1,colour,5 inch", "entity_name", "unknown entity 'colour'; expected one of: depth"),
    ("4,a.jpg,1,,5 inch", "entity_name", "blank; "),
    ("4,,1,width,5 inch", "image_link", "blank; expected a URL"),
    ("4,https://e.org/,1,width,5 inch", "image_link", "names no file"),
    ("4,https://e.org/..%2Fa.jpg,1,width,5 inch", "image_link", "outside the images folder"),
    ("4,a.jpg,1,width,about so wide", "entity_value", "cannot read the label 'about so wide'"),
]


@pytest.mark.parametrize(("line", "column", "problem"), FAULTY)
def test_faults_of_one_row_are_collected(tmp_path, line, column, problem):
    path = write(tmp_path, "3,z.jpg,1,width,1 inch", line, "5,y.jpg,1,width,2 inch")
    frame, faults = read_rows(path)
    assert len(frame) == 3
    [fault] = faults
    assert (fault.line, fault.index, fault.column) == (3, 4, column)
    assert problem in fault.problem
    assert str(fault).startswith(f"line 3, index 4, column {column}: ")


def test_faults_are_in_the_order_of_lines(tmp_path):
    path = write(tmp_path, *(line.replace("4,", f"{i},", 1) for i, (line, _, _) in enumerate(FAULTY)))
    _, faults = read_rows(path)
    assert [f.line for f in faults] == list(range(2, 2 + len(FAULTY)))
    assert all(isinstance(f, RowFault) for f in faults)


def test_labels_are_not_looked_at_unless_asked(tmp_path):
    path = write(tmp_path, "4,a.jpg,1,width,about so wide")
    assert read_rows(path, truth=False)[1] == []


def test_a_schema_of_ones_own(tmp_path):
    schema = parse_entities(
        'format = 1\n[units.lumen]\nfamily = "light"\nfactor = 1\n[entities.brightness]\nunits = ["lumen"]\n'
    )
    path = write(tmp_path, "1,a.jpg,1,brightness,", "2,b.jpg,1,width,")
    _, faults = read_rows(path, schema=schema)
    assert [(f.index, f.column) for f in faults] == [(2, "entity_name")]


# ---------------------------------------------------------------------- data frames


def test_a_data_frame_is_validated_into_one_form():
    frame = table(3, group_id=[748919.0, None, 12.0], entity_value=["5 inch", None, float("nan")])
    frame.index = [9, 9, 9]
    before = frame.copy()
    checked, _ = validate(frame, truth=True)
    assert checked["group_id"].tolist() == ["748919", "", "12"]
    assert checked["entity_value"].tolist() == ["5 inch", "", ""]
    assert checked.index.tolist() == [0, 1, 2]
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("dtype", ["object", "string", "category"])
def test_any_kind_of_text_column(dtype):
    frame = table(2, entity_value=pd.Series(["5 inch", None], dtype=dtype))
    frame["entity_name"] = frame["entity_name"].astype(dtype)
    assert validate(frame, truth=True)[0]["entity_value"].tolist() == ["5 inch", ""]


def test_faults_of_a_data_frame_name_its_rows():
    with pytest.raises(RowsError, match="the data frame, row 2, column index: 0 is also in row 1"):
        validate(table(2, index=[0, 0]))
    with pytest.raises(RowsError, match="orders, row 2, column index: blank"):
        validate(table(2, index=[0, None]), source="orders")
    _, (fault,) = validate(table(2, entity_name=["width", "?"]))
    assert (fault.line, fault.column) == (2, "entity_name")


# --------------------------------------------------------------------- image names


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://m.example.com/images/I/61I9XdN6OFL.jpg", "61I9XdN6OFL.jpg"),
        ("https://m.example.com/images/I/21%2Bi5.jpg", "21+i5.jpg"),
        ("https://m.example.com/images/I/21+i5.jpg?w=1&u=/b.png#x/y", "21+i5.jpg"),
        ("https://m.example.com/a.jpg#top?no", "a.jpg"),
        ("https://m.example.com/b%C3%BCro.png", "büro.png"),
        (" https://m.example.com/a.jpg ", "a.jpg"),
        ("file:///home/me/a.jpg", "a.jpg"),
        ("photos/100%25.jpg", "100%25.jpg"),
        ("what? #1.jpg", "what? #1.jpg"),
        ("photos\\a.jpg", "a.jpg"),
        ("../photos/a.jpg", "a.jpg"),
        ("..jpg", "..jpg"),
    ],
)
def test_image_name(link, name):
    assert image_name(link) == name


@pytest.mark.parametrize(
    "link",
    [
        "",
        "  ",
        "photos/",
        "..",
        "photos/..",
        ".",
        "https://example.org",
        "https://example.org/",
        "https://example.org?a.jpg",
        "https://example.org/%2E%2E",
        "https://example.org/..%2Fa.jpg",
        "https://example.org/..%5Ca.jpg",
        "https://example.org/%2Fetc%2Fpasswd",
        "https://example.org/a%00.jpg",
        "https://example.org/a%0A.jpg",
        "https://example.org/%FF.jpg",
        "a\x00.jpg",
        "a" * 256,
        "https://example.org/" + "%C3%BC" * 128,
    ],
)
def test_names_that_are_refused(link):
    with pytest.raises(RowsError):
        image_name(link)


@given(st.text(), st.sampled_from(["", "https://example.org/", "https://example.org/%2e%2e%2f", "../"]))
def test_no_name_leads_out_of_the_folder(text, before):
    try:
        name = image_name(before + text)
    except RowsError:
        return
    assert name not in ("", ".", "..")
    assert not set(name) & set("/\\\0")


# ------------------------------------------------------------------------ holding out


def test_hold_out_shares_nothing():
    rng = np.random.default_rng(0)
    n = 600
    frame = table(n, group_id=rng.integers(0, 120, n).astype(str))
    frame["image_link"] = [
        f"{i}.jpg" for i in np.where(rng.random(n) < 0.95, np.arange(n), rng.integers(0, n, n))
    ]
    frame["entity_name"] = rng.choice(["width", "height", "voltage"], n)
    train, test = hold_out(frame, 0.25, seed=3)
    assert sorted([*train["index"], *test["index"]]) == list(range(n))
    assert train["index"].is_monotonic_increasing
    assert not set(train["group_id"]) & set(test["group_id"])
    assert not set(train["image_link"]) & set(test["image_link"])
    assert 0.2 < len(test) / n < 0.3
    for entity in ("width", "height", "voltage"):
        assert 0.17 < (test["entity_name"] == entity).sum() / (frame["entity_name"] == entity).sum() < 0.33
    again, _ = hold_out(frame, 0.25, seed=3)
    assert again.equals(train)
    assert not hold_out(frame, 0.25, seed=4)[0].equals(train)


def test_hold_out_that_cannot_be():
    with pytest.raises(RowsError, match="form 1 part"):
        hold_out(table(5, group_id=["g"] * 5))
    for share in (0, 1, -0.5, 2):
        with pytest.raises(RowsError, match="share must be"):
            hold_out(table(5), share)


def test_hold_out_of_two_parts():
    train, test = hold_out(table(10, group_id=["a"] * 9 + ["b"]))
    assert (len(train), len(test)) == (9, 1)


# ------------------------------------------------------------------------ predictions


def test_predictions_round_trip(tmp_path):
    frame = pd.DataFrame(
        {
            "value": range(5),
            "index": [5, 3, 9, 0, 1],
            "prediction": ["1.5 fluid ounce", "", None, float("nan"), "2 gram"],
        }
    )
    path = tmp_path / "out" / "predictions.csv"
    write_predictions(path, frame)
    assert path.read_bytes() == b"index,prediction\n5,1.5 fluid ounce\n3,\n9,\n0,\n1,2 gram\n"
    read = read_predictions(path)
    assert read["index"].tolist() == [5, 3, 9, 0, 1]
    assert read["index"].dtype == np.int64
    assert read["prediction"].tolist() == ["1.5 fluid ounce", "", "", "", "2 gram"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("index,answer\n1,x\n", "no column 'prediction'; expected index,prediction, found index,answer"),
        ("id,prediction\n1,x\n", "no column 'index'"),
        ("index,prediction\n1,x\n1,y\n", "line 3, column index: 1 is also in line 2"),
        ("index,prediction\n,x\n", "line 2, column index: blank"),
    ],
)
def test_predictions_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(RowsError, match=message):
        read_predictions(path)


def test_write_predictions_needs_its_columns(tmp_path):
    with pytest.raises(RowsError, match="no column 'prediction'"):
        write_predictions(tmp_path / "p.csv", pd.DataFrame({"index": [1]}))
    assert not list(tmp_path.iterdir())


# -------------------------------------------------------------------------- real data


@pytest.mark.parametrize(
    ("name", "faulty"),
    [
        ("labelled/train.csv", []),
        ("agreed/train.csv", []),
        ("hand_corrected.csv", [("entity_name", "did you mean 'height'")]),
    ],
)
def test_real_tables(shared, name, faulty):
    rows = pd.read_csv(shared / "data" / name, dtype=str)
    rows["index"] = range(len(rows))
    frame, faults = validate(rows, truth=True)
    assert len(frame) == len(rows) > 1000
    assert [f.column for f in faults] == [column for column, _ in faulty]
    assert all(text in f.problem for f, (_, text) in zip(faults, faulty, strict=True))
    assert frame["index"].dtype == np.int64
