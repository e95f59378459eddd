"""The commands, on a small set of photos that a fake OCR engine reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import hybridml
from hybridml.cli import COMMANDS, main, parser
from hybridml.cli.outputs import check_outputs
from tests.helpers.fakes import write_rows

PIXELS = ["--ocr", "tests.helpers.fakes:PixelReader", "--stages", "none"]
OTHER = "tests.helpers.slow:LoggedReader"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with rows, photos, and a model trained by the commands."""
    folder = tmp_path_factory.mktemp("cli")
    frame = write_rows(folder, 120, groups=11)
    frame.loc[::9, "entity_value"] = "999.0 gram"  # so that no confidence is certain
    frame.to_csv(folder / "rows.csv", index=False)
    assert main(["-q", "split", "--rows", f"{folder}/rows.csv", "--out", f"{folder}/split"]) == 0
    both = ["--rows", f"{folder}/rows.csv", "--rows", f"{folder}/split/test.csv"]  # with the same indexes
    assert main(["-q", "features", *both, *files(folder), *PIXELS]) == 0
    rows = ["--rows", f"{folder}/split/train.csv"]
    assert main(["-q", "train", *rows, *files(folder), *PIXELS, "--model", f"{folder}/model.joblib"]) == 0
    return folder


def files(folder: Path) -> list[str]:
    return ["--images", f"{folder}/images", "--store", f"{folder}/store", "--workers", "1"]


def predict(folder: Path, rows: Path, out: Path, *more: str) -> int:
    model = ["--model", f"{folder}/model.joblib", "--out", str(out)]
    return main(["-q", "predict", "--rows", str(rows), *files(folder), *model, *more])


def test_split_shares_no_group_and_no_photo(folder: Path) -> None:
    train, test, truth = (pd.read_csv(folder / "split" / f"{n}.csv") for n in ("train", "test", "truth"))
    assert len(train) + len(test) == 120
    assert not set(train["group_id"]) & set(test["group_id"])
    assert "entity_value" not in test.columns
    assert list(truth["index"]) == list(test["index"])


def test_answers_are_accepted_and_scored(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, out = folder / "split" / "test.csv", tmp_path / "answers.csv"
    truth = folder / "split" / "truth.csv"
    assert predict(folder, rows, out, "--truth", str(truth), "--truth-is", "held out") == 0
    printed = capsys.readouterr().out
    assert "groups and photos were not trained on (held out)" in printed
    assert "WAS TRAINED ON" not in printed
    assert main(["check", "--rows", str(rows), "--predictions", str(out)]) == 0
    assert list(pd.read_csv(out).columns) == ["index", "prediction"]

    scores = tmp_path / "scores.json"
    arguments = ["evaluate", "--truth", str(truth), "--predictions", str(out), "--json", str(scores)]
    assert main(arguments) == 0
    assert "oracle F1" in capsys.readouterr().out
    result = json.loads(scores.read_text())
    assert result["all"]["f1"] > 0.7
    assert result["all"]["oracle_f1"] >= result["all"]["f1"]
    assert set(result["per_entity"]) == {"item_weight", "item_volume", "width", "height"}

    first = json.loads(Path(f"{out}.details.jsonl").read_text().splitlines()[0])
    assert {"value", "unit", "confidence", "box", "runner_ups", "candidates", "text"} <= set(first)


def test_f1_on_rows_trained_on_is_labelled(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = folder / "split" / "train.csv"
    assert predict(folder, rows, tmp_path / "a.csv", "--truth", str(rows)) == 0
    printed = capsys.readouterr().out
    assert "WAS TRAINED ON: no measure of quality" in printed
    assert "were not trained on" not in printed


def test_blanks_what_is_not_sure_enough(folder: Path, tmp_path: Path) -> None:
    rows = folder / "split" / "test.csv"
    answered = []
    for number, more in enumerate(([], ["--min-confidence", "0.9"], ["--min-confidence", "0.9999"])):
        assert predict(folder, rows, tmp_path / f"{number}.csv", *more) == 0
        table = pd.read_csv(tmp_path / f"{number}.csv", keep_default_na=False)
        answered.append((table["prediction"] != "").sum())
    assert answered[0] >= answered[1] >= answered[2] == 0
    assert answered[0] > 0
    assert predict(folder, rows, tmp_path / "p.csv", "--precision", "0.9") == 0


def test_answers_stand_in_the_order_of_the_rows(folder: Path, tmp_path: Path) -> None:
    # the rows of a photo need not be adjacent, and none are in the order of the store
    frame = pd.read_csv(folder / "split" / "test.csv").sample(frac=1, random_state=1)
    entities = ["item_weight", "width", "height"]
    rows = pd.concat([frame.assign(entity_name=entity) for entity in entities]).assign(
        index=range(3 * len(frame))
    )
    rows = rows.sample(frac=1, random_state=2)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    assert predict(folder, tmp_path / "rows.csv", tmp_path / "a.csv") == 0
    extractor = hybridml.load(folder / "model.joblib").set_params(
        images=folder / "images", store=folder / "store", workers=1
    )
    expected = extractor.predict(rows)
    written = pd.read_csv(tmp_path / "a.csv", keep_default_na=False)
    assert list(written["index"]) == list(rows["index"])
    assert list(written["prediction"]) == list(expected["prediction"])
    details = [json.loads(line) for line in Path(f"{tmp_path}/a.csv.details.jsonl").read_text().splitlines()]
    for record, row, answer in zip(details, rows.itertuples(), expected.itertuples(), strict=True):
        assert (record["index"], record["image_link"]) == (row.index, row.image_link)
        assert (record["entity_name"], record["prediction"]) == (row.entity_name, answer.prediction)
        assert record["confidence"] == answer.confidence
        assert tuple(record["candidates"]) == answer.candidates
        assert [other["value"] for other in record["runner_ups"]] == [r.value for r in answer.runner_ups]
    assert not list(tmp_path.glob(".*"))


def test_status_and_partial_answers_of_half_a_run(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = pd.read_csv(folder / "split" / "test.csv")
    images, store = tmp_path / "images", tmp_path / "store"
    for link in frame["image_link"]:
        name = link.rsplit("/", 1)[1]
        images.mkdir(exist_ok=True)
        (images / name).write_bytes((folder / "images" / name).read_bytes())
    (images / "bad.png").write_bytes(b"")
    monkeypatch.setenv("HYBRIDML_TEST_LOG", str(tmp_path / "log"))
    bad = {"index": -1, "image_link": "bad.png", "group_id": "g", "entity_name": "width"}
    gone = {"index": -2, "image_link": "gone.png", "group_id": "g", "entity_name": "width"}
    pd.concat([frame, pd.DataFrame([bad, gone])]).to_csv(tmp_path / "all.csv", index=False)
    pd.concat([frame.head(5), pd.DataFrame([bad])]).to_csv(tmp_path / "some.csv", index=False)
    own = ["--images", str(images), "--store", str(store), "--workers", "1"]
    embedding = ["--embedding", "tests.helpers.fakes:MeanEmbedder"]
    some = ["-q", "features", "--rows", f"{tmp_path}/some.csv", *own, *embedding]
    assert main([*some, *PIXELS]) == 0
    assert main([*some, "--looks", "none", "--ocr", OTHER]) == 0
    (shard, *_) = store.glob("embedding/*/part-*.parquet")
    shard.rename(shard.with_suffix(".damaged"))
    (store / "photos" / ".part-1.parquet.2.tmp").write_bytes(b"half")
    files_before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    capsys.readouterr()

    ask = ["features", "--rows", f"{tmp_path}/all.csv", *own, *PIXELS, *embedding, "--status"]
    assert main([*ask, "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["photos"], status["known"], status["absent"]) == (len(frame) + 2, 6, 1)
    ocr, embedded = status["tables"]
    assert (ocr["done"], ocr["failed"], ocr["missing"]) == (5, 1, len(frame) - 4)
    assert (embedded["done"], embedded["failed"], embedded["missing"]) == (0, 0, len(frame) + 2)
    assert "empty" in status["causes"]["bad.png"]
    assert [table["records"] for table in status["others"]] == [6]
    assert OTHER in status["others"][0]["what"]
    assert [Path(name).suffix for name in status["damaged"]] == [".damaged"]
    assert len(status["unfinished"]) == 1
    assert main(ask) == 0
    said = capsys.readouterr().out
    assert "bad.png: " in said
    assert "set aside as damaged" in said
    assert "other settings" in said
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == files_before

    assert main([*some, *PIXELS]) == 0
    out = ["--model", f"{folder}/model.joblib", "--out", f"{tmp_path}/a.csv", "--partial"]
    capsys.readouterr()
    assert main(["-q", "predict", "--rows", f"{tmp_path}/all.csv", *own, *out]) == 0
    assert f"{len(frame) - 5} rows left blank" in capsys.readouterr().err
    answers = pd.read_csv(tmp_path / "a.csv", keep_default_na=False)
    assert len(answers) == len(frame) + 2
    assert (answers["prediction"].head(5) != "").any()
    assert (answers["prediction"][5:] == "").all()
    details = Path(f"{tmp_path}/a.csv.details.jsonl").read_text().splitlines()
    problems = [json.loads(line)["problem"] for line in details]
    assert problems[:5] == [""] * 5
    assert set(problems[5:-2]) == {"not read yet"}
    assert "empty" in problems[-2]
    assert "no such photo" in problems[-1]
    assert {Path(link).name for link in pd.read_csv(f"{tmp_path}/a.csv.faults.csv")["image_link"]} == {
        "bad.png",
        "gone.png",
    }


def test_faulty_rows_are_named_and_the_others_answered(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.read_csv(folder / "split" / "test.csv", dtype=str)
    frame.loc[0, "entity_name"] = "colour"
    frame.loc[1, "image_link"] = "gone.jpg"
    frame.to_csv(tmp_path / "rows.csv", index=False)
    assert predict(folder, tmp_path / "rows.csv", tmp_path / "a.csv") == 0
    told = capsys.readouterr().err
    assert "colour" in told
    assert "gone.jpg" in told
    assert "2 rows have a fault" in told
    table = pd.read_csv(tmp_path / "a.csv", keep_default_na=False)
    assert (table["prediction"] == "").head(2).all()
    assert (table["prediction"] != "").sum() >= len(table) - 4
    faults = pd.read_csv(tmp_path / "a.csv.faults.csv")
    assert list(faults["index"].astype(str)) == list(frame["index"].head(2))
    assert "line 2" in faults["problem"][0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("index,image_link,group_id\n1,a.jpg,1\n", "entity_name"),
        ("index,image_link,group_id,entity_name\n1,a.jpg,1,width\n1,b.jpg,1,width\n", "line 3"),
        ("index,image_link,group_id,entity_name\n1,x/a.jpg,1,width\n2,y/a.jpg,1,width\n", "y/a.jpg"),
    ],
)
def test_unusable_tables_are_refused_with_their_place(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    (tmp_path / "rows.csv").write_text(content)
    assert predict(folder, tmp_path / "rows.csv", tmp_path / "a.csv") == 2
    told = capsys.readouterr().err
    assert "rows.csv" in told
    assert said in told
    assert not (tmp_path / "a.csv").exists()


def test_check_prints_a_line_per_fault(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = folder / "split" / "test.csv"
    assert predict(folder, rows, tmp_path / "a.csv") == 0
    capsys.readouterr()
    lines = (tmp_path / "a.csv").read_text().splitlines()
    index = lines[1].split(",")[0]
    lines[1] = f"{index},5 furlong"
    (tmp_path / "a.csv").write_text("\n".join(lines[:-1]))
    assert main(["check", "--rows", str(rows), "--predictions", str(tmp_path / "a.csv")]) == 1
    printed = capsys.readouterr().out
    assert "furlong" in printed
    assert len(printed.splitlines()) >= 3


def test_read_single_photos(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = str(next((folder / "images").iterdir()))
    (tmp_path / "bad.jpg").write_bytes(b"")
    model = ["--model", f"{folder}/model.joblib"]
    assert main(["read", photo, str(tmp_path / "bad.jpg"), *model]) == 0
    captured = capsys.readouterr()
    assert "gram" in captured.out
    assert "bad.jpg" in captured.err
    assert main(["read", photo, "--entity", "width", "--json", *model]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["unit"] == "centimetre"
    assert main(["read", str(tmp_path / "bad.jpg"), *model]) == 2
    assert main(["read", photo, "--model", str(tmp_path / "none.joblib")]) == 2
    assert "make features train" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    usage, text = capsys.readouterr().out.split("\n\n", 1)
    assert usage.startswith(f"usage: hybridml {command}")
    assert f"\n  hybridml {command} " in text.split("options:")[0]


def test_older_option_names_work_and_are_not_in_the_help() -> None:
    for old, new, value, expected in (
        ("--looks", "--stages", "regions,second", ("number_classifier", "second_pass")),
        ("--others", "--weak-labels", "b.csv", "b.csv"),
    ):
        for name in (old, new):
            parsed = parser(["train"]).parse_args(["train", "--rows", "a.csv", name, value])
            assert getattr(parsed, new.removeprefix("--").replace("-", "_")) == expected
        usage = (
            next(a for a in parser(["train"])._actions if a.dest == "command").choices["train"].format_help()
        )
        assert new in usage
        assert old not in usage
    without = ["predict", "--without", "regions", "--without", "second_pass"]
    assert parser(["predict"]).parse_args(without).without == ["number_classifier", "second_pass"]


def test_the_help_loads_neither_engines_nor_numpy() -> None:
    code = (
        "import sys, hybridml\n"
        "from hybridml.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "assert not {'numpy', 'pandas', 'sklearn', 'hybridml.estimator'} & set(sys.modules)\n"
        "from hybridml.estimator import EntityExtractor\n"
        "bad = {'torch', 'torchvision', 'cv2', 'rapidocr', 'pytesseract', 'onnxruntime', 'PIL', 'dask'}\n"
        "sys.exit(', '.join(bad & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(f"\n    {command}" in done.stdout for command in COMMANDS)


# ------------------------------------------------------------------- where commands write


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with files, links and folders that commands may be given."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv", "m", "sd/train.csv"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(name)
    Path("link.csv").symlink_to("a.csv")
    Path("sd/test.csv").symlink_to("../b.csv")
    Path("loop").symlink_to(".")
    return tmp_path


def state(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("split --rows sd/train.csv --out sd", "--out would overwrite sd/train.csv, which --rows reads"),
        ("split --rows b.csv --out sd", "--out would overwrite b.csv (as sd/test.csv), which --rows"),
        ("explore --rows sd/units.csv --out loop/sd", "would overwrite sd/units.csv (as loop/sd/units.csv)"),
        ("download --rows x/download.faults.csv --images x", "--images would overwrite x/download.faults"),
        ("features --rows a.csv --rows x/faults.csv --store x", "--store would overwrite x/faults.csv"),
        ("train --rows a.csv --model a.csv", "--model would overwrite a.csv, which --rows reads"),
        ("train --rows a.csv --labels b.csv m.faults.csv --model m", "m.faults.csv, which --labels reads"),
        ("predict --rows a.csv --out a.csv", "--out would overwrite a.csv, which --rows reads"),
        ("predict --rows a.csv --out link.csv", "overwrite a.csv (as link.csv), which --rows reads"),
        ("predict --rows link.csv --out a.csv", "overwrite link.csv (as a.csv), which --rows reads"),
        ("predict --rows a.csv --truth b.csv --out ./b.csv", "b.csv (as ./b.csv), which --truth reads"),
        ("predict --candidates m2 --out m2", "overwrite m2, which --candidates reads"),
        ("predict --rows a.csv --out m", "--out would overwrite m, which --model reads"),
        ("predict --rows a.csv --details a.csv", "--details would overwrite a.csv, which --rows reads"),
        ("predict --rows p.details.jsonl --out p --no-details", "overwrite p.details.jsonl, which --rows"),
        ("predict --rows a.csv --out p --details p", "--out and --details would write two files to p;"),
        ("predict --rows a.csv --out p --details p.faults.csv", "would write two files to p.faults.csv;"),
        ("candidates --rows a.csv --out a.csv", "--out would overwrite a.csv, which --rows reads"),
        ("evaluate --truth a.csv --predictions b.csv --json a.csv", "a.csv, which --truth reads"),
        ("evaluate --truth a.csv --predictions b --json b.details.jsonl", "which --predictions reads"),
        ("compare --rows a.csv --json a.csv", "--json would overwrite a.csv, which --rows reads"),
        ("compare --rows a.csv --out p --json p", "--out and --json would write two files to p;"),
        ("compare --rows x/first-r.csv --systems first --ocr r --predictions x", "--predictions would overw"),
        ("report --rows a.csv --against sd --out sd", "--out would overwrite sd, which --against reads"),
        ("report --rows r.faults.csv --out r/", "--out would overwrite r.faults.csv, which --rows reads"),
    ],
)
def test_nothing_is_written_over_what_is_read_or_written_besides(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, line: str, said: str
) -> None:
    monkeypatch.setenv("HYBRIDML_MODEL", "m")
    before = state(here)
    assert main(line.split()) == 2
    (told,) = capsys.readouterr().err.splitlines()[-1:]
    assert said in told
    assert told.endswith(("; name another place to write to", "; name a place for each"))
    assert state(here) == before


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("split --rows a.csv --out a.csv", "--out: a.csv"),
        ("split --rows a.csv --out b.csv/x", "--out: b.csv"),
        ("explore --rows a.csv --out b.csv", "--out: b.csv"),
        ("download --rows a.csv --images b.csv", "--images: b.csv"),
        ("train --rows a.csv --model b.csv/m", "--model: b.csv"),
        ("predict --rows a.csv --out b.csv/p --no-details", "--out: b.csv"),
        ("evaluate --truth a.csv --predictions b.csv --json m/x", "--json: m"),
        ("compare --rows a.csv --store b.csv", "--store: b.csv"),
        ("compare --rows a.csv --predictions b.csv", "--predictions: b.csv"),
        ("report --rows a.csv --out b.csv", "--out: b.csv"),
    ],
)
def test_a_file_in_place_of_a_folder_is_refused_at_once(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, line: str, said: str
) -> None:
    monkeypatch.setenv("HYBRIDML_MODEL", "m")
    before = state(here)
    assert main(line.split()) == 2
    assert f"{said} is a file; give a folder in its place" in capsys.readouterr().err.splitlines()[-1]
    assert state(here) == before


def test_answers_into_a_pipe_have_nothing_beside_them(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows, out = folder / "split" / "test.csv", tmp_path / "answers.csv"
    assert predict(folder, rows, out) == 0
    details, truth = tmp_path / "details.jsonl", folder / "split" / "truth.csv"
    capfd.readouterr()
    for more in (["--truth", str(truth)], ["--details", str(details)]):
        assert predict(folder, rows, Path("/dev/stdout"), *more) == 0
        said = capfd.readouterr()
        assert said.out == out.read_text()
        assert not list(Path("/dev").glob("stdout.*"))
    assert details.read_bytes() == Path(f"{out}.details.jsonl").read_bytes()
    assert "rows answered; details in" in said.err


def test_several_outputs_may_go_into_one_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    check_outputs({}, {"--out": [tmp_path / "pipe"], "--details": [tmp_path / "pipe"]})


def test_a_file_in_place_of_the_images_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = folder / "split" / "test.csv"
    options = ["--rows", str(rows), "--images", str(rows), "--store", f"{tmp_path}/store"]
    model, out = ["--model", f"{folder}/model.joblib"], ["--out", f"{tmp_path}/out"]
    asked = [["predict", *options, *model, *out], ["explore", *options, *out, "--no-plots"]]
    for line in asked:
        assert main(["-q", *line]) == 2
        assert f"the images folder {rows} is a file; give a folder" in capsys.readouterr().err
    below = [f"{rows}/below" if value == str(rows) and i == 4 else value for i, value in enumerate(asked[1])]
    assert main(["-q", *below]) == 2
    assert "no folder" in capsys.readouterr().err


def test_without_a_command_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main([])
    assert done.value.code == 0
    assert "predict" in capsys.readouterr().out
