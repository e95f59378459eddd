"""Comparing systems: the same folds for all, no held-out label in reach, and a failure stops no other system."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
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
from hybridml.evaluation.baselines.system import Dataset
from hybridml.evaluation.compare import ComparisonSettings, Outcome, compare, score, table
from hybridml.evaluation.compare.files import write_predictions
from hybridml.evaluation.compare.run import checked
from hybridml.evaluation.compare.scores import markdown
from hybridml.store.feature_store import FeatureStore
from tests.helpers.fakes import PixelReader, write_rows
from tests.helpers.pages import DOCS, blocks

ENGINE = "tests.helpers.fakes:PixelReader"
QUICK = {"ranker": {"folds": 2, "ranker": {"n_estimators": 10, "seeds": 1}}, "tabular-forest": {"trees": 20}}


class OtherEngine(PixelReader):
    """Reads the same, under settings of its own."""

    name = "other"


class FailsOnce(System):
    """Fails on the fold that holds the row of index 0."""

    def fit(self, dataset: Dataset) -> FailsOnce:
        return self

    def predict(self, dataset: Dataset) -> list[str]:
        if "0" in list(dataset.frame["index"].astype(str)):
            raise ZeroDivisionError("no luck")
        return [""] * len(dataset)


class TooFew(System):
    """Leaves a row out."""

    def fit(self, dataset: Dataset) -> TooFew:
        return self

    def predict(self, dataset: Dataset) -> list[str]:
        return [""] * (len(dataset) - 1)


class SeesVectors(System):
    """Answers with the length of each photo's vector, and checks that it is given nothing else."""

    needs = frozenset({"photos", "vectors"})

    def fit(self, dataset: Dataset) -> SeesVectors:
        assert not dataset.photo_features
        assert dataset.weak_labels is None
        return self

    def predict(self, dataset: Dataset) -> list[str]:
        assert "entity_value" not in dataset.frame
        assert {dataset.photos[key or ""].name for key in dataset.keys} == set(dataset.frame["photo"])
        return [f"{len(dataset.vectors[key or ''])} gram" for key in dataset.keys]


class Remembers(System):
    """Answers with everything that it was ever given: the labels of its training rows, and what ``predict`` gets."""

    def fit(self, dataset: Dataset) -> Remembers:
        tables = [dataset.frame, dataset.labels, dataset.weak_labels and dataset.weak_labels.frame]
        self.labels_ = sorted(v for t in tables if t is not None for v in t["entity_value"])
        return self

    def predict(self, dataset: Dataset) -> list[str]:
        texts = [
            *self.labels_,
            *map(str, dataset.frame.to_numpy().ravel()),
            repr(dataset.weak_labels),
            repr(dataset.labels),
        ]
        return [f"{sum(map(len, texts))} gram {hash(tuple(texts))}"] * len(dataset)


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
        "ocr": ENGINE,
        "stages": (),
        "embedding": "tests.helpers.fakes:MeanEmbedder",
        "workers": 1,
    }
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    outcomes = compare(frame, fold, names, ComparisonSettings(**settings), parameters=QUICK, **more)
    return {outcome.system: outcome for outcome in outcomes}


def command(folder: Path, *more: str) -> int:
    files = ["--rows", f"{folder}/rows.csv", "--images", f"{folder}/images", "--store", f"{folder}/store"]
    stages = [
        "--workers",
        "1",
        "--ocr",
        ENGINE,
        "--stages",
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
    assert (lines["first"]["ocr"], lines["tabular-linear"]["ocr"]) == (ENGINE, "")
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


def test_systems_that_fail_are_named_and_the_rest_compared(
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
    failed = {
        line.split(": ")[1].split(" (")[0]: line for line in printed.splitlines() if line.startswith("failed")
    }
    assert len(failed) == 4
    assert "unknown system 'frist'; expected one of: first" in failed["frist"]
    assert "cannot import 'no_module' here" in printed
    once = next(line for line in printed.splitlines() if "FailsOnce" in line)
    fold = np.asarray(folds.assign_folds(rows_of(folder), 3, 0))[0]
    assert f"fold {fold}: ZeroDivisionError: no luck (test_compare.py, line " in once
    assert "answers for" in next(line for line in printed.splitlines() if "TooFew" in line)
    errors = {line[0]: line[-1] for line in read_csv(out).records}
    assert errors["first"] == ""
    assert "no luck" in errors["tests.evaluation.test_compare:FailsOnce"]


def test_too_few_groups_are_an_error_and_fewer_folds_compared(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.read_csv(folder / "rows.csv").assign(group_id=[i % 2 for i in range(60)])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    files = ["--rows", f"{tmp_path}/rows.csv", "--images", f"{folder}/images", "--store", f"{folder}/store"]
    asked = [*files, "--ocr", ENGINE, "--stages", "none", "--workers", "1", "--systems", "first"]
    assert main(["-q", "compare", *asked, "--folds", "3"]) == 1
    printed = capsys.readouterr()
    assert "| first " in printed.out
    assert "error: 2 folds in place of 3: too few groups" in printed.err
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
        found = run(folder, systems, frame, weak_labels=frame.iloc[::2], labels=frame.iloc[1::2])
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
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    settings = ComparisonSettings(
        folder / "images",
        tmp_path,
        ENGINE,
        stages=(),
        embedding="tests.helpers.fakes:MeanEmbedder",
        workers=1,
    )
    system = "tests.evaluation.test_compare:SeesVectors"
    (outcome,) = compare(frame.assign(photo=names), fold, [system], settings)
    assert outcome.error == ""
    assert set(outcome.predictions) == {"8 gram"}
    assert outcome.ocr == ""
    assert not (tmp_path / "ocr").exists()
    assert len(list(FeatureStore(tmp_path).table("embedding", {"x": 1}).folder.parent.iterdir())) == 1


class Shares(System):
    """Has parameters that it can share with the comparison."""

    def __init__(self, store: str = "own", progress: bool = True, rate: float = 0.5) -> None:
        self.store, self.progress, self.rate = store, progress, rate

    def fit(self, dataset: Dataset) -> Shares:
        return self

    def predict(self, dataset: Dataset) -> list[str]:
        return [""] * len(dataset)


def test_shared_parameters_are_those_of_the_comparison_unless_set(folder: Path) -> None:
    name = "tests.evaluation.test_compare:Shares"
    settings = ComparisonSettings(folder / "images", folder / "store", ENGINE, stages=(), workers=1)
    frame = rows_of(folder)
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    (left,) = compare(frame, fold, [name], settings)
    (own,) = compare(frame, fold, [name], settings, parameters={name: {"store": "mine"}})
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


def test_parameters_of_a_system_not_compared_are_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(folder, "--systems", "first", "--set", "lstn.photo=vectors") == 2
    assert "'lstn' is not among the systems compared, which are: first" in capsys.readouterr().err


def test_missing_weights_stop_only_systems_that_need_them(folder: Path, tmp_path: Path) -> None:
    frame = rows_of(folder)
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    settings = ComparisonSettings(
        folder / "images",
        tmp_path,
        ENGINE,
        stages=(),
        embedding="resnet50",
        resnet_weights=f"{tmp_path}/none.pth",
        workers=1,
    )
    tabular, first = compare(frame, fold, ["tabular-linear", "first"], settings)
    assert "no embedding: no weights at" in tabular.error
    assert len(first.predictions) == len(frame)
    (first,) = compare(frame, fold, ["first"], replace(settings, ocr="no_module:OCREngine"))
    assert "cannot import 'no_module'" in first.error


class Greedy(System):
    """Needs what no photo has."""

    needs = frozenset({"smell"})

    def fit(self, dataset: Dataset) -> Greedy:
        return self

    def predict(self, dataset: Dataset) -> list[str]:
        return [""] * len(dataset)


def test_an_unknown_need_stops_the_system(folder: Path) -> None:
    found = run(folder, ["tests.evaluation.test_compare:Greedy", "first"])
    assert (
        "needs must be one of 'ocr', 'vectors', 'photos', got 'smell'"
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


def test_each_ocr_engine_is_compared_and_systems_without_ocr_once(folder: Path) -> None:
    frame = rows_of(folder)
    fold = np.asarray(folds.assign_folds(frame, 3, 0))
    settings = ComparisonSettings(
        folder / "images",
        folder / "store",
        stages=(),
        embedding="tests.helpers.fakes:MeanEmbedder",
        workers=1,
    )
    ocr_engines = [ENGINE, "tests.evaluation.test_compare:OtherEngine"]
    found = [
        (o.system, o.ocr) for o in compare(frame, fold, ["first", "tabular-linear"], settings, ocr_engines)
    ]
    assert found == [("first", ENGINE), ("tabular-linear", ""), ("first", ocr_engines[1])]


def test_answers_that_are_no_texts_are_refused() -> None:
    assert checked(np.array(["5 gram", ""], dtype=object), 2) == ["5 gram", ""]  # type: ignore[arg-type]
    with pytest.raises(HybridmlError, match="returned nan; expected texts"):
        checked(["5 gram", float("nan")], 2)  # type: ignore[list-item]


def test_a_table_of_failures_only_names_them() -> None:
    frame = pd.DataFrame({"entity_value": ["5.0 gram"], "entity_name": ["item_weight"]})
    result = score(Outcome("mine", "tesseract", error="no luck"), frame, np.zeros(1, dtype=np.int64))
    assert table([result]) == "failed: mine (tesseract): no luck"


def test_files_are_named_for_system_and_ocr_engine(tmp_path: Path) -> None:
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
    (example,) = (b for b in blocks((DOCS / "guides" / "compare.md").read_text()) if b.language == "python")
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
