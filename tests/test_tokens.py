"""The network over tokens: the same in numpy as in torch, learned from other rows than those it scores."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hybridml import artifact, tokens_learned
from hybridml.baselines import Given
from hybridml.cli import main
from hybridml.engines import Engine
from hybridml.entities import default_entities
from hybridml.errors import ArtifactError, HybridmlError
from hybridml.extractor import EntityExtractor
from hybridml.model import Model, ModelSettings
from hybridml.ocr.textline import TextLine
from hybridml.ranker import RankerSettings
from hybridml.seen import Seen
from hybridml.table import CandidateTable, build_table
from hybridml.tokens import page, score
from hybridml.tokens.batch import Example, tensors
from hybridml.tokens.inference import scores
from hybridml.tokens.score import COLUMN, TokenScore
from hybridml.tokens.sheet import Sheet
from hybridml.training import Training
from tests.lines import line, reading
from tests.test_lstm import packages, rows_of

torch = pytest.importorskip("torch")

BOOK = default_entities()
SETTINGS = ModelSettings(
    blocks=("span", "layout"), tokens=True, folds=2, ranker=RankerSettings(n_estimators=10, seeds=1)
)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a network be learned of few rows."""
    monkeypatch.setattr(tokens_learned, "LEAST", 20)


def table_of(given: Given) -> CandidateTable:
    """Return the candidates of rows, with their sheets."""
    return build_table(
        given.keys, list(given.frame["entity_name"]), given.seen.items(), BOOK, ("span",), tokens=True
    )


def learned(given: Given) -> tuple[TokenScore, CandidateTable]:
    """Return a network that learned from rows, and their candidates."""
    table = table_of(given)
    value = [(float(text.split()[0]), "gram") for text in given.frame["entity_value"]]
    right = [sheet.right(value[row], BOOK) for row, sheet in table.sheets.items()]
    return TokenScore.fit(list(table.sheets.values()), right, BOOK, 0), table


@pytest.fixture(scope="module")
def network() -> tuple[TokenScore, CandidateTable]:
    """Return a network that learned for three epochs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score, "EPOCHS", 3)
        return learned(packages(40))


def in_torch(told: TokenScore, sheets: list[Sheet]) -> list[np.ndarray]:
    """Return what the network says in torch, in doubles."""
    from hybridml.tokens.network import TokenNetwork

    state = {name: torch.from_numpy(np.array(array)) for name, array in told.weights.items()}
    made = TokenNetwork(torch.zeros(1), torch.eye(1), state["allowed"], 64)
    made.load_state_dict(state, strict=False)
    given = tensors([Example(sheet) for sheet in sheets], 1, "cpu")
    with torch.inference_mode():
        found = made.eval().double()(*(t.double() if t.is_floating_point() else t for t in given)).numpy()
    return [f[: len(sheet.token)] for f, sheet in zip(found, sheets, strict=True)]


def test_numpy_says_what_torch_says(network: tuple[TokenScore, CandidateTable]) -> None:
    told, _ = network
    longer = rows_of(
        [["net 5 kg", "gross 7 kg"], ["a b c d e f", "1 lb 3 oz", "12 oz (340 g)", "per 100 g: 3 g of salt"]],
        ["item_weight", "item_weight"],
    )
    sheets = [*table_of(longer).sheets.values(), *table_of(packages(70, seed=3)).sheets.values()]
    assert len(sheets) == 72
    for ours, theirs in zip(scores(told.weights, sheets), in_torch(told, sheets), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_a_sheet_alone_is_scored_as_among_others(network: tuple[TokenScore, CandidateTable]) -> None:
    told, table = network
    sheets = list(table.sheets.values())
    together = scores(told.weights, sheets)
    for sheet, among in zip(sheets[:5], together, strict=False):
        np.testing.assert_allclose(scores(told.weights, [sheet])[0], among, rtol=0, atol=1e-12)


def test_is_asked_only_where_there_is_something_to_choose() -> None:
    given = rows_of(
        [["net 5 kg", "gross 7 kg"], ["net 5 kg"], ["5 kg", "5 kg"], ["10 x 20 cm"], ["nothing"]],
        ["item_weight", "item_weight", "item_weight", "width", "item_weight"],
    )
    assert list(table_of(given).sheets) == [0]
    without = build_table(given.keys, list(given.frame["entity_name"]), given.seen.items(), BOOK, ("span",))
    assert not without.sheets


def test_the_column_is_how_far_behind_the_likeliest_a_quantity_is(
    network: tuple[TokenScore, CandidateTable],
) -> None:
    told, _ = network
    given = rows_of([["net 5 kg", "gross 7 kg", "5 kg"], ["net 5 kg"]], ["item_weight", "item_weight"])
    table = table_of(given)
    column = told.column(table.candidates, table.row, table.sheets, BOOK)[:, 0]
    by_value = {c.value: x for c, x in zip(table.candidates[:3], column[:3], strict=True)}
    assert column[0] == column[2] == by_value[5.0], "one quantity, at two places"
    assert max(by_value.values()) == 0.0 > min(by_value.values())
    assert np.isnan(column[3]), "nothing to choose"


def test_learns_what_the_words_say() -> None:
    told, _ = learned(packages(120))
    held = packages(60, seed=1)
    table = table_of(held)
    column = told.column(table.candidates, table.row, table.sheets, BOOK)[:, 0]
    best = [
        table.candidates[where.start + int(np.argmax(column[where]))].value for _, where in table.groups()
    ]
    truth = [float(text.split()[0]) for text in held.frame["entity_value"]]
    assert np.mean(np.array(best) == truth) > 0.8


def training_of(given: Given) -> Training:
    """Return rows described for training."""
    return Training(Model(SETTINGS), given.frame, given.keys, list(given.seen.items()), {}, None)


def test_no_label_tells_on_its_own_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "EPOCHS", 2)
    given = packages(60)
    before = training_of(given).tokens
    assert before is not None
    from hybridml.folds import assign_folds

    part = np.asarray(assign_folds(given.frame, score.PARTS, 0)) == 0
    poisoned = given.frame.copy()
    # a candidate, but another one: the row still teaches
    poisoned.loc[part, "entity_value"] = [
        next(
            f"{line.text.split()[1]} gram"
            for line in given.seen[key].reading.lines
            if line.text.startswith("gross")
        )
        for key, p in zip(given.keys, part, strict=True)
        if p
    ]
    assert (poisoned.entity_value != given.frame.entity_value)[part].all()
    training = training_of(given)
    table = training.table
    _, described = training.described(np.zeros(60, dtype=bool))
    assert described.columns[-1] == COLUMN
    np.testing.assert_array_equal(described.X[:, -1:], before.of_rows)
    after = training_of(Given(poisoned, given.keys, given.seen, {}, {}, BOOK)).tokens
    assert after is not None
    own = part[table.row]
    np.testing.assert_array_equal(before.of_rows[own], after.of_rows[own])
    assert (before.of_rows[~own] != after.of_rows[~own]).any(), "the others' network saw them"


def test_too_few_rows_are_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_learned, "LEAST", 200)
    with pytest.raises(
        HybridmlError,
        match=r"learn from 60 rows.*these are 4\d, and it takes 200: .*\(--tokens",
    ):
        training_of(packages(60))


@pytest.fixture
def extractor(monkeypatch: pytest.MonkeyPatch) -> EntityExtractor:
    """Return an extractor whose model has a network over tokens."""
    monkeypatch.setattr(score, "EPOCHS", 3)
    given = packages(60)
    made = EntityExtractor(tokens=True, blocks=SETTINGS.blocks, looks=())
    made.model_ = Model(SETTINGS).fit(given.frame, given.keys, list(given.seen.items()))
    made.reader_, made.embedder_ = Engine("reader", "rapidocr", {}, {}), None
    made.image_reason_, made.looks_, made.look_reasons_ = None, [], {}
    return made


def test_a_model_keeps_its_network_in_the_artifact(extractor: EntityExtractor, tmp_path: Path) -> None:
    loaded = artifact.load(artifact.save(extractor, tmp_path / "m.joblib"))
    held = packages(20, seed=1)
    asked = list(held.frame["entity_name"]), list(held.seen.items())
    assert COLUMN in loaded.model_.ranker.columns_
    assert loaded.get_params()["tokens"] is True
    assert loaded.model_.answer(held.keys, *asked) == extractor.model_.answer(held.keys, *asked)


def test_answers_without_torch(extractor: EntityExtractor, tmp_path: Path) -> None:
    path = artifact.save(extractor, tmp_path / "m.joblib")
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from hybridml import artifact\n"
        "from hybridml.ocr.textline import Reading, TextLine\n"
        "lines = [TextLine(t, 1.0, ((9, y), (90, y), (90, y + 20), (9, y + 20)))\n"
        "         for t, y in (('gross 70 g', 0), ('net 50 g', 40))]\n"
        f"model = artifact.load({str(path)!r}).model_\n"
        "print(model.answer(['a'], ['item_weight'], [('a', Reading(tuple(lines), 100, 100))])[0].prediction)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() in ("50 gram", "70 gram"), done.stderr


def test_described_candidates_are_refused(extractor: EntityExtractor, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="needs the words of the photos"):
        extractor.write_candidates(pd.DataFrame(), tmp_path / "c.parquet")
    with pytest.raises(ArtifactError, match="needs the words of the photos"):
        extractor.predict_candidates(tmp_path / "c.parquet")


def test_rows_of_others_that_are_not_trusted_do_not_teach(monkeypatch: pytest.MonkeyPatch) -> None:
    given = packages(60)
    frame = given.frame.assign(source=["others" if i % 2 else "" for i in range(60)])
    model = Model(replace(SETTINGS, trust={"item_weight": 0.0}))
    monkeypatch.setattr(tokens_learned, "LEAST", 200)
    with pytest.raises(HybridmlError, match="can learn from 30 rows"):
        Training(model, frame, given.keys, list(given.seen.items()), {}, None)


def test_what_is_cut_off_the_page_is_not_scored(
    network: tuple[TokenScore, CandidateTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, _ = network
    monkeypatch.setattr(page, "MOST_TOKENS", 7)
    seen = Seen(reading([line("net 5 kg", 100, 100), line("gross 7 kg", 100, 200), small("1 kg", 300)]))
    given = replace(rows_of([["x"]], ["item_weight"]), seen={"key0": seen})
    table = table_of(given)
    column = told.column(table.candidates, table.row, table.sheets, BOOK)[:, 0]
    assert np.isnan(column).tolist() == [False, False, True]
    monkeypatch.setattr(page, "MOST_TOKENS", 4)
    assert not table_of(given).sheets, "one quantity is left: nothing to choose"


def small(text: str, top: float) -> TextLine:
    """Return a text line in small print."""
    return TextLine(text, 1.0, ((100, top), (150, top), (150, top + 8), (100, top + 8)))


def test_none_is_farther_behind_than_the_farthest(
    network: tuple[TokenScore, CandidateTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, _ = network
    given = rows_of([["net 5 kg", "gross 7 kg", "3 kg"]], ["item_weight"])
    table = table_of(given)
    sheet = table.sheets[0]
    unlikely = np.full(sheet.read.shape, -20.0)
    unlikely[1] -= 1.5
    unlikely[2] -= 40
    monkeypatch.setattr(score, "scores", lambda *_: [unlikely])
    column = told.column(table.candidates, table.row, table.sheets, BOOK)[:, 0]
    assert column.tolist() == [0.0, -1.5, score.FARTHEST]


def test_what_is_no_number_is_not_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    given = packages(30)
    broken = {
        key: Seen(
            replace(seen.reading, lines=tuple(replace(x, confidence=math.nan) for x in seen.reading.lines))
        )
        for key, seen in given.seen.items()
    }
    monkeypatch.setattr(score, "EPOCHS", 1)
    with pytest.raises(HybridmlError, match="are no numbers"):
        learned(replace(given, seen=broken))


def test_a_network_of_other_units_is_refused(extractor: EntityExtractor, tmp_path: Path) -> None:
    data = artifact.to_dict(extractor)
    data["tokens"]["weights"]["allowed"] = data["tokens"]["weights"]["allowed"][:, :3]
    with pytest.raises(ArtifactError, match="other entities or units"):
        artifact.from_dict(data)


def test_learns_from_so_many_rows_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "EPOCHS", 1)
    monkeypatch.setattr(score, "MOST", 25)
    assert learned(packages(40))[0].rows == 25


def test_the_command_asks_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[bool] = []

    def stop(_: EntityExtractor, *__: object, **___: object) -> None:
        asked.append(_._model_settings().tokens)
        raise HybridmlError("enough")

    monkeypatch.setattr(EntityExtractor, "fit", stop)
    rows = tmp_path / "rows.csv"
    packages(3).frame.to_csv(rows, index=False)
    for more in ([], ["--tokens"]):
        main(["train", "--rows", str(rows), "--images", str(tmp_path), "--model", str(tmp_path / "m"), *more])
    assert asked == [False, True]
