"""CSV files: every dialect that is read, and the errors that name a line."""

from __future__ import annotations

import pytest

from hybridml.datasets.csv_file import check_faults, read_csv, write_csv
from hybridml.errors import RowsError


@pytest.mark.parametrize(
    ("raw", "header", "records", "lines"),
    [
        (b"a,b\n1,2\n3,4\n", ("a", "b"), [["1", "2"], ["3", "4"]], [2, 3]),
        (b"a,b\r\n1,2\r\n3,4", ("a", "b"), [["1", "2"], ["3", "4"]], [2, 3]),
        (b"a,b\r1,2\r3,4\r", ("a", "b"), [["1", "2"], ["3", "4"]], [2, 3]),
        (b"\xef\xbb\xbfa,b\n1,2\n", ("a", "b"), [["1", "2"]], [2]),
        (b'\xef\xbb\xbf"a", b\n1,2\n', ("a", "b"), [["1", "2"]], [2]),
        (b'a,b\n"1\nx\ny",2\n3,4\n', ("a", "b"), [["1\nx\ny", "2"], ["3", "4"]], [2, 5]),
        (b'a,b\r\n"1\r\nx",2\r\n3,4\r\n', ("a", "b"), [["1\r\nx", "2"], ["3", "4"]], [2, 4]),
        (b'"a\n1",b\n5,6\n', ("a\n1", "b"), [["5", "6"]], [3]),
        (b"a,b\n\n1,2\n\n\n3,4\n\n", ("a", "b"), [["1", "2"], ["3", "4"]], [3, 6]),
        ('a,b\n"x, ""y""",µ\n'.encode(), ("a", "b"), [['x, "y"', "µ"]], [2]),
        (b"a,b\n", ("a", "b"), [], []),
    ],
)
def test_reads(tmp_path, raw, header, records, lines):
    path = tmp_path / "table.csv"
    path.write_bytes(raw)
    file = read_csv(path)
    assert (file.header, file.records, file.lines) == (header, records, lines)
    assert file.columns() == {name: [r[i] for r in records] for i, name in enumerate(header)}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n\n", "empty"),
        (b"a,b\n1,2\n3\n", "line 3: 1 fields, expected 2"),
        (b"a,b\n[1.0, 2.0] volt,2\n", "line 2: 3 fields, expected 2"),
        (b'a,b\n1,2\n"3\n4,5\n', "line 3: not valid CSV"),
        (b'a,b\n1,2\n"3"x,4\n', "line 3: not valid CSV"),
        ("a,b\n1,2\n3,µ\n".encode("latin-1"), "line 3: not UTF-8 .byte 0xb5."),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"a,b\n1,\x00\n", "line 2: not a text file"),
        (b"PK\x03\x04\x00\x00", "line 1: not a text file"),
        (b"a;b\n1;2\n", "semicolons; expected commas"),
        (b"a\tb\n1\t2\n", "tabs; expected commas"),
        (b"a,b,a\n1,2,3\n", "'a' is there more than once"),
    ],
)
def test_names_the_fault(tmp_path, raw, message):
    path = tmp_path / "table.csv"
    path.write_bytes(raw)
    with pytest.raises(RowsError, match=message) as caught:
        read_csv(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_what_is_not_a_file(tmp_path, name):
    with pytest.raises(RowsError, match="cannot read"):
        read_csv(tmp_path / name)


def test_a_long_list_of_faults_is_cut():
    with pytest.raises(RowsError) as caught:
        check_faults("t.csv", "bad", [f"fault {i};" for i in range(30)])
    text = str(caught.value)
    assert "30 faults" in text
    assert "fault 19;" in text
    assert "fault 20;" not in text
    assert text.endswith("... and 10 more")


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "below" / "t.csv"
    for records in ([(1, "a, b"), (2, 'c "d"')], [(3, "x\ny")]):
        write_csv(path, ("i", "t"), records)
        assert read_csv(path).records == [[str(i), t] for i, t in records]
    assert [p.name for p in path.parent.iterdir()] == ["t.csv"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "t.csv"
    write_csv(path, ("i",), [(1,)])

    def failing():
        yield (2,)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_csv(path, ("i",), failing())
    assert path.read_text() == "i\n1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_path_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RowsError, match="cannot write"):
        write_csv(tmp_path / "file" / "t.csv", ("i",), [])
    with pytest.raises(RowsError, match="cannot write"):
        write_csv(tmp_path, ("i",), [])
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
