"""Comparing systems: the same folds for all, no label of a held-out row in reach, and what fails costs itself only."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hybridml.cli import main
from hybridml.cli.compare import settings_of
from hybridml.datasets import folds, photos
from hybridml.datasets.csv_file import read_csv
from hybridml.errors import HybridmlError
from hybridml.evaluation.baselines import System
from hybridml.evaluation.baselines.system import Given
from hybridml.evaluation.compare import Outcome, Source, compare, score, table
from hybridml.evaluation.compare.files import write_predictions
from hybridml.evaluation.compare.run import checked
from hybridml.evaluation.compare.scores import markdown
from hybridml.store.feature_store import FeatureStore
from tests.helpers.fakes import PixelReader, write_rows
from tests.helpers.pages import DOCS, blocks

READER = "tests.helpers.fakes:PixelReader"
QUICK = {"ranker": {"folds": 2, "ranker": {"n_estimators": 10, "seeds": 1}}, "tabular-forest": {"trees": 20}}


class OtherReader(PixelReader):
    """Reads the same, under settings of its own."""

    name = "other"


class FailsOnce(System):
    """Fails on the fold that holds the row of index 0."""

    def fit(self, given: Given) -> FailsOnce:
        return self

    def predict(self, given: Given) -> list[str]:
        if "0" in list(given.frame["index"].astype(str)):
            raise ZeroDivisionError("no luck")
        return [""] * len(given)


class TooFew(System):
    """Leaves a row out."""

    def fit(self, given: Given) -> TooFew:
        return self

    def predict(self, given: Given) -> list[str]:
        return [""] * (len(given) - 1)


class Looks(System):
    """Answers with what it was given to see: of each row's photo, as a number."""

    needs = frozenset({"photos", "vectors"})

    def fit(self, given: Given) -> Looks:
        assert not given.seen
        assert given.others is None
        return self

    def predict(self, given: Given) -> list[str]:
        assert "entity_value" not in given.frame
        assert {given.photos[key or ""].name for key in given.keys} == set(given.frame["photo"])
        return [f"{len(given.vectors[key or ''])} gram" for key in given.keys]


class Remembers(System):
    """Answers with everything that it was ever told: the labels of its training part, and what ``predict`` gets."""

    def fit(self, given: Given) -> Remembers:
        tables = [given.frame] + [given.others.frame] * (given.others is not None)
        tables += [given.labels] * (given.labels is not None)
        self.told_ = sorted(value for t in tables for value in t["entity_value"])
        return self

    def predict(self, given: Given) -> list[str]:
        told = [
            *self.told_,
            *map(str, given.frame.to_numpy().ravel()),
            repr(given.others),
            repr(given.labels),
        ]
        return [f"{sum(map(len, told))} gram {hash(tuple(told))}"] * len(given)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with rows and photos; the store is filled as tests go."""
    folder = tmp_path_factory.mktemp("compare")
    frame = write_rows(folder, 60, groups=9)
    frame.to_csv(folder / "rows.csv", index=False)
    return folder


def rows_of(folder: Path) -> pd.DataFrame:
    return photos.checked(folder / "rows.csv", truth=True, images=folder / "images")[0]


def run(folder: Path, names: list[str], frame: pd.DataFrame | None = None, **more: Any) -> dict[str, Outcome]:
    frame = rows_of(folder) if frame is None else frame
    settings: Mapping[str, Any] = {
        "images": folder / "images",
        "store": folder / "store",
        "ocr": READER,
        "looks": (),
        "embedding": "tests.helpers.fakes:MeanEmbedder",
        "workers": 1,
    }
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    return {o.system: o for o in compare(frame, fold, names, Source(**settings), settings=QUICK, **more)}


def command(folder: Path, *more: str) -> int:
    files = ["--rows", f"{folder}/rows.csv", "--images", f"{folder}/images", "--store", f"{folder}/store"]
    stages = [
        "--workers",
        "1",
        "--ocr",
        READER,
        "--looks",
        "none",
        "--embedding",
        "tests.helpers.fakes:MeanEmbedder",
    ]
    return main(["-q", "compare", *files, *stages, *more])


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    systems = ["first", "tabular-linear", "ranker"]
    wanted = [
        "--set",
        "ranker.ranker={'n_estimators': 20, 'seeds': 1}",
        "--set",
        "ranker.folds=2",
        "--set",
        "tabular-linear.encoding=label",
    ]
    out, scores, answers = tmp_path / "scores.csv", tmp_path / "scores.json", tmp_path / "answers"
    files = ["--out", str(out), "--json", str(scores), "--predictions", str(answers)]
    assert command(folder, "--folds", "3", "--systems", *systems, *wanted, *files) == 0
    printed = capsys.readouterr().out
    lines = {r["system"]: r for r in json.loads(scores.read_text())}
    assert list(lines) == systems
    assert lines["ranker"]["all"]["f1"] > lines["first"]["all"]["f1"]
    assert f"{lines['ranker']['all']['f1']:.3f}" in printed
    for line in lines.values():
        assert len(line["all"]["fold_f1"]) == 3
        assert line["all"]["f1_mean"] == pytest.approx(np.mean(line["all"]["fold_f1"]))
        assert line["all"]["f1_sd"] == pytest.approx(np.std(line["all"]["fold_f1"], ddof=1))
        assert set(line["per_entity"]) == {"item_weight", "item_volume", "width", "height"}
        assert line["predict_seconds_a_photo"] > 0
        assert line["read_seconds_a_photo"] > 0
    assert lines["first"]["bytes"] == 0 < lines["tabular-linear"]["bytes"]
    assert (lines["first"]["ocr"], lines["tabular-linear"]["ocr"]) == (READER, "")
    assert lines["tabular-linear"]["parameters"]["encoding"] == "label"
    written = pd.read_csv(out)
    assert len(written) == 3 * 5
    first = written[(written["system"] == "first") & (written["entity"] == "all")].iloc[0]
    assert first["f1"] == pytest.approx(lines["first"]["all"]["f1"], rel=1e-5)
    names = {path.name for path in answers.iterdir()}
    assert names == {
        f"{name}.csv"
        for name in (
            "first-tests.helpers.fakes-PixelReader",
            "tabular-linear",
            "ranker-tests.helpers.fakes-PixelReader",
        )
    }
    for name in names:
        assert main(["check", "--rows", f"{folder}/rows.csv", "--predictions", str(answers / name)]) == 0


def test_what_fails_is_named_and_the_rest_compared(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    systems = [
        "frist",
        "first",
        "tests.evaluation.test_compare:FailsOnce",
        "tests.evaluation.test_compare:TooFew",
        "no_module:System",
    ]
    out = tmp_path / "scores.csv"
    assert command(folder, "--folds", "3", "--systems", *systems, "--out", str(out)) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("| system")
    assert printed.count("| first ") == 2
    said = {
        line.split(": ")[1].split(" (")[0]: line for line in printed.splitlines() if line.startswith("failed")
    }
    assert len(said) == 4
    assert "unknown system 'frist'; expected one of: first" in said["frist"]
    assert "cannot import 'no_module' here" in printed
    once = next(line for line in printed.splitlines() if "FailsOnce" in line)
    fold = np.asarray(folds.assign_folds(rows_of(folder), 3, 0))[0]
    assert f"fold {fold}: ZeroDivisionError: no luck (test_compare.py, line " in once
    assert "answers for" in next(line for line in printed.splitlines() if "TooFew" in line)
    errors = {line[0]: line[-1] for line in read_csv(out).records}
    assert errors["first"] == ""
    assert "no luck" in errors["tests.evaluation.test_compare:FailsOnce"]


def test_too_few_groups_are_said_and_fewer_folds_compared(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.read_csv(folder / "rows.csv").assign(group_id=[i % 2 for i in range(60)])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    files = ["--rows", f"{tmp_path}/rows.csv", "--images", f"{folder}/images", "--store", f"{folder}/store"]
    asked = [*files, "--ocr", READER, "--looks", "none", "--workers", "1", "--systems", "first"]
    assert main(["-q", "compare", *asked, "--folds", "3"]) == 1
    told = capsys.readouterr()
    assert "| first " in told.out
    assert "error: 2 folds in place of 3: too few groups" in told.err
    frame.assign(group_id=1).to_csv(tmp_path / "rows.csv", index=False)
    assert main(["-q", "compare", *asked]) == 2
    assert "Give rows of at least two groups" in capsys.readouterr().err


def test_folds_from_a_file(folder: Path, tmp_path: Path) -> None:
    frame = rows_of(folder)
    fold = folds.assign_folds(frame, 4, seed=5)
    folds.save_folds(tmp_path / "folds.csv", frame, fold)
    scores = tmp_path / "scores.json"
    asked = ["--systems", "first", "--fold-file", f"{tmp_path}/folds.csv", "--json", str(scores)]
    assert command(folder, *asked) == 0
    assert len(json.loads(scores.read_text())[0]["all"]["fold_f1"]) == 4
    (tmp_path / "folds.csv").write_text("index,fold\n0,0\n")
    assert command(folder, *asked) == 2


def test_labels_of_validation_rows_reach_no_system(folder: Path) -> None:
    """Poisoned in one fold, also in the tables that are learned from beside the rows, they change no answer of it."""
    frame = rows_of(folder)
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    systems = ["tests.evaluation.test_compare:Remembers", "ranker", "tabular-forest"]

    def answers(frame: pd.DataFrame) -> dict[str, np.ndarray]:
        found = run(folder, systems, frame, others=frame.iloc[::2], labels=frame.iloc[1::2])
        assert not [o.error for o in found.values() if o.error]
        return {name: np.array(o.predictions, dtype=object) for name, o in found.items()}

    held = fold == fold[0]
    clean = answers(frame)
    dirty = answers(frame.assign(entity_value=frame["entity_value"].where(~held, "123.0 gram")))
    for name in systems:
        assert list(clean[name][held]) == list(dirty[name][held])
    # the poison is strong enough to be seen where it may be
    assert list(clean["tabular-forest"][~held]) != list(dirty["tabular-forest"][~held])
    remembered = (
        clean["tests.evaluation.test_compare:Remembers"],
        dirty["tests.evaluation.test_compare:Remembers"],
    )
    assert (remembered[0][~held] != remembered[1][~held]).all()


def test_only_what_is_needed_is_computed_and_given(folder: Path, tmp_path: Path) -> None:
    frame = rows_of(folder)
    names = [Path(link).name for link in frame["image_link"]]
    more = {"others": None, "labels": None}
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    source = Source(
        folder / "images",
        tmp_path,
        READER,
        stages=(),
        embedding="tests.helpers.fakes:MeanEmbedder",
        workers=1,
    )
    (outcome,) = compare(
        frame.assign(photo=names), fold, ["tests.evaluation.test_compare:Looks"], source, **more
    )
    assert outcome.error == ""
    assert set(outcome.predictions) == {"8 gram"}
    assert outcome.ocr == ""
    assert not (tmp_path / "readings").exists()
    assert len(list(FeatureStore(tmp_path).table("embedding", {"x": 1}).folder.parent.iterdir())) == 1


class Shares(System):
    """Answers with what it was told of the run."""

    def __init__(self, store: str = "own", progress: bool = True, rate: float = 0.5) -> None:
        self.store, self.progress, self.rate = store, progress, rate

    def fit(self, given: Given) -> Shares:
        return self

    def predict(self, given: Given) -> list[str]:
        return [""] * len(given)


def test_what_a_system_shares_with_the_run_is_the_run_s_unless_set(folder: Path) -> None:
    name = "tests.evaluation.test_compare:Shares"
    source = Source(folder / "images", folder / "store", READER, stages=(), workers=1)
    frame = rows_of(folder)
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    (left,) = compare(frame, fold, [name], source)
    (own,) = compare(frame, fold, [name], source, settings={name: {"store": "mine"}})
    assert left.parameters == {"store": folder / "store", "progress": False, "rate": 0.5}
    assert own.parameters == {"store": "mine", "progress": False, "rate": 0.5}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("vectors", "vectors"), ("none", "none"), ("None", None), ("a/b-8b", "a/b-8b"),
        ("cuda:0", "cuda:0"), ("/a folder/x", "/a folder/x"), ("false", False), ("True", True), ("1e-3", 1e-3),
        ("'5'", "5"), ("(" * 1000, "(" * 1000), ("a=b", "a=b"), ("", ""),
    ],
)  # fmt: skip
def test_words_are_texts(written: str, value: object) -> None:
    assert settings_of([f"lstm.photo={written}"]) == {"lstm": {"photo": value}}


def test_what_is_set_of_no_system_compared_is_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(folder, "--systems", "first", "--set", "lstn.photo=vectors") == 2
    assert "'lstn' is not among the systems compared, which are: first" in capsys.readouterr().err


def test_what_cannot_be_had_costs_those_that_need_it(folder: Path, tmp_path: Path) -> None:
    frame = rows_of(folder)
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    source = Source(
        folder / "images",
        tmp_path,
        READER,
        stages=(),
        embedding="resnet50",
        resnet_weights=f"{tmp_path}/none.pth",
        workers=1,
    )
    tabular, first = compare(frame, fold, ["tabular-linear", "first"], source)
    assert "no embedding: no weights at" in tabular.error
    assert len(first.predictions) == len(frame)
    ocr = Source(folder / "images", tmp_path, "no_module:OCREngine", stages=(), embedding="none", workers=1)
    (first,) = compare(frame, fold, ["first"], ocr)
    assert "cannot import 'no_module'" in first.error


class Greedy(System):
    """Wants what no photo has."""

    needs = frozenset({"smell"})

    def fit(self, given: Given) -> Greedy:
        return self

    def predict(self, given: Given) -> list[str]:
        return [""] * len(given)


def test_a_wish_that_no_photo_grants_costs_the_system(folder: Path) -> None:
    found = run(folder, ["tests.evaluation.test_compare:Greedy", "first"])
    assert (
        "needs must be one of 'reading', 'vectors', 'photos', got 'smell'"
        in found["tests.evaluation.test_compare:Greedy"].error
    )
    assert not found["first"].error


def test_a_photo_that_cannot_be_read_costs_its_own_rows(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frame = rows_of(folder)
    frame.loc[3, "image_link"] = "gone.png"
    found = run(folder, ["first", "ranker", "tabular-linear"], frame)
    assert [o.predictions[3] for o in found.values()] == ["", "", ""]
    assert "gone.png: no such photo in the images folder: its rows are not answered" in caplog.text


def test_each_reader_is_compared_and_what_does_not_read_once(folder: Path) -> None:
    frame = rows_of(folder)
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    source = Source(
        folder / "images",
        folder / "store",
        stages=(),
        embedding="tests.helpers.fakes:MeanEmbedder",
        workers=1,
    )
    ocr_engines = [READER, "tests.evaluation.test_compare:OtherReader"]
    found = [
        (o.system, o.ocr) for o in compare(frame, fold, ["first", "tabular-linear"], source, ocr_engines)
    ]
    assert found == [("first", READER), ("tabular-linear", ""), ("first", ocr_engines[1])]


def test_answers_that_are_no_texts_are_refused() -> None:
    assert checked(np.array(["5 gram", ""], dtype=object), 2) == ["5 gram", ""]  # type: ignore[arg-type]
    with pytest.raises(HybridmlError, match="returned nan; expected texts"):
        checked(["5 gram", float("nan")], 2)  # type: ignore[list-item]


def test_a_table_of_failures_only_names_them() -> None:
    frame = pd.DataFrame({"entity_value": ["5.0 gram"], "entity_name": ["item_weight"]})
    result = score(Outcome("mine", "tesseract", error="no luck"), frame, np.zeros(1, dtype=np.int64))
    assert table([result]) == "failed: mine (tesseract): no luck"


def test_files_are_named_for_system_and_reader(tmp_path: Path) -> None:
    frame = pd.DataFrame({"index": [3], "entity_value": ["5.0 gram"], "entity_name": ["item_weight"]})
    path = write_predictions(tmp_path / "new", Outcome("my.own:System", predictions=["5 gram"]), frame)
    assert path == tmp_path / "new" / "my.own-System.csv"
    assert path.read_text() == "index,prediction\n3,5 gram\n"
    assert write_predictions(tmp_path, Outcome("mine", error="no luck"), frame) is None


def test_columns_are_aligned() -> None:
    lines = markdown(["a", "b", "c"], [["long name", "x", "1"], ["y", "z", "1000"]]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[1] == "|-----------|---|-----:|"


def test_the_example_of_the_page(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = (b for b in blocks((DOCS / "compare.md").read_text()) if b.language == "python")
    name = "mine_of_compare_md"
    (tmp_path / f"{name}.py").write_text(example.text)
    monkeypatch.syspath_prepend(tmp_path)
    scores = tmp_path / "scores.json"
    asked = ["--systems", f"{name}:Commonest", "--set", f"{name}:Commonest.least=2", "--json", str(scores)]
    assert command(folder, *asked) == 0
    (line,) = json.loads(scores.read_text())
    assert line["parameters"] == {"least": 2}
    assert line["bytes"] > 0
    assert f"| {name}:Commonest " in capsys.readouterr().out
    monkeypatch.delitem(sys.modules, name)
