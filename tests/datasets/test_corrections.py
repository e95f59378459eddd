"""Corrections of labels: reading, checking, applying, training and scoring."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from hybridml.artifact import serialize
from hybridml.cli import main
from hybridml.datasets.corrections import Correction, apply, read_corrections
from hybridml.datasets.links import image_name
from hybridml.errors import RowsError
from hybridml.ranking.training import training_fingerprint
from hybridml.utils.hashing import sha256_of
from tests.helpers.fakes import write_rows

HEADER = "index,entity_name,correction,value"


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def rows() -> pd.DataFrame:
    values = ["5 inch", "6 inch", "7 gram", "8 volt"]
    names = ["width", "width", "item_weight", "voltage"]
    return pd.DataFrame({"index": [10, 11, 12, 13], "entity_name": names, "entity_value": values})


def test_each_kind_of_correction_is_applied(tmp_path: Path) -> None:
    given = rows()
    path = written(
        tmp_path / "c.csv",
        "10,width,label_wrong,",
        "12,item_weight,not_in_photo,",
        "13,voltage,value,80.5 volt",
    )
    done = apply(given, read_corrections(path))
    assert done.frame["index"].tolist() == [11, 12, 13]
    assert done.frame["entity_value"].tolist() == ["6 inch", "", "80.5 volt"]
    assert done.frame.index.tolist() == [0, 1, 2]
    assert (done.left_out, done.emptied, done.changed, done.unknown) == (1, 1, 1, ())
    assert given.equals(rows()), "the frame given is left as it is"


def test_corrections_of_other_rows_are_counted_and_named() -> None:
    unknown = [
        Correction("99", "width", "label_wrong", line=2),
        Correction("10", "depth", "value", "1 inch", 3),
    ]
    done = apply(rows(), [*unknown, Correction("11", "width", "value", "66 inch", 4)])
    assert done.unknown == tuple(unknown)
    assert done.frame["entity_value"].tolist() == ["5 inch", "66 inch", "7 gram", "8 volt"]
    assert "2 about rows that are not there, the first in line 2 (index 99, width)" in str(done)


def test_text_indexes_and_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text('value,note,correction,entity_name,index\n"12.5 inch","a, b",value,width, a-1 \n')
    frame = pd.DataFrame({"index": ["a-1"], "entity_name": ["width"], "entity_value": ["1 inch"]})
    assert apply(frame, read_corrections(path)).frame["entity_value"].tolist() == ["12.5 inch"]


def test_every_fault_is_named_with_its_line(tmp_path: Path) -> None:
    lines = {
        ",width,label_wrong,": "blank index",
        "1,widht,label_wrong,": "unknown entity 'widht'",
        "2,width,wrong,": "unknown correction 'wrong'; expected one of: label_wrong, not_in_photo, value",
        "3,width,value,": "cannot take '' for a value of width",
        "4,width,value,5 gram": "cannot take '5 gram' for a value of width; expected a number and a unit",
        "5,width,value,five inch": "cannot take 'five inch'",
        "6,width,not_in_photo,5 inch": "not_in_photo with the value '5 inch'",
        "7,width,label_wrong,": "",
        "7,width,not_in_photo,": "index 7, width is corrected in line 9, too",
    }
    with pytest.raises(RowsError) as caught:
        read_corrections(written(tmp_path / "c.csv", *lines))
    message = str(caught.value).splitlines()
    assert "8 faults" in message[0]
    expected = [f"c.csv, line {i}: {what}" for i, what in enumerate(lines.values(), 2) if what]
    assert all(want in got for want, got in zip(expected, message[1:], strict=True))


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("index,prediction\n1,5 gram\n")
    with pytest.raises(
        RowsError, match="no column 'entity_name'; expected index,entity_name,correction,value"
    ):
        read_corrections(path)
    every = [
        Correction(str(i), name, "label_wrong")
        for i, name in zip(rows()["index"], rows()["entity_name"], strict=True)
    ]
    with pytest.raises(RowsError, match="leave out all of 4 rows"):
        apply(rows(), every)


def test_evaluate_scores_by_corrected_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = rows().assign(image_link=[f"{i}.jpg" for i in range(4)], group_id="g")
    truth.loc[3, "entity_value"] = "eight volts or so"
    truth.to_csv(tmp_path / "truth.csv", index=False)
    (tmp_path / "p.csv").write_text("index,prediction\n10,9 inch\n11,66 inch\n12,\n13,8 volt\n")
    given = ["evaluate", "--truth", f"{tmp_path}/truth.csv", "--predictions", f"{tmp_path}/p.csv"]
    scores = tmp_path / "scores.json"
    assert main(["-q", *given, "--json", str(scores)]) == 0
    before = json.loads(scores.read_text())["all"]
    assert (before["rows"], before["tp"], before["fp"], before["fn"]) == (4, 0, 3, 1)
    capsys.readouterr()

    right = [
        "10,width,label_wrong,",
        "11,width,value,66 inch",
        "12,item_weight,not_in_photo,",
        "13,voltage,value,8 volt",
    ]
    path = written(tmp_path / "c.csv", *right)
    assert main(["-q", *given, "--json", str(scores), "--corrections", str(path)]) == 0
    after = json.loads(scores.read_text())["all"]
    assert (after["rows"], after["tp"], after["fp"], after["fn"], after["tn"]) == (3, 2, 0, 0, 1)
    assert after["unreadable_labels"] == 0


def test_train_learns_from_corrected_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = write_rows(tmp_path, 40)
    right = frame["entity_value"].tolist()
    frame.loc[[0, 8], "entity_value"] = ["unreadable", "999.0 gram"]
    frame.to_csv(tmp_path / "rows.csv", index=False)
    given = [f"0,{frame['entity_name'][0]},value,{right[0]}", f"8,{frame['entity_name'][8]},label_wrong,"]
    path = written(tmp_path / "c.csv", *given, "77,width,label_wrong,")
    files = ["--images", f"{tmp_path}/images", "--store", f"{tmp_path}/store", "--workers", "1"]
    stages = ["--ocr", "tests.helpers.fakes:PixelReader", "--embedding", "none", "--stages", "none"]
    model = tmp_path / "model.joblib"
    rows = ["--rows", f"{tmp_path}/rows.csv", "--corrections", str(path)]
    assert main(["-q", "train", *rows, *files, *stages, "--model", str(model)]) == 0
    printed = capsys.readouterr().err
    assert "1 rows left out, 0 with nothing to find, 1 with another value" in printed
    assert "1 about rows that are not there, the first in line 4 (index 77, width)" in printed
    assert not Path(f"{model}.faults.csv").exists(), "the label that could not be read is corrected"

    learned = serialize.load(model).model_.training
    corrected = frame.assign(entity_value=right).drop(index=8)
    keys = [sha256_of(tmp_path / "images" / image_name(link)) for link in corrected["image_link"]]
    assert learned["rows"] == 39
    assert learned["fingerprint"] == training_fingerprint(corrected, keys), "of the labels as corrected"
