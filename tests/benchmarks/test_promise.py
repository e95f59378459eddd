"""What was promised and what held: counted right, from thresholds that did not see the rows they are put to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import labelled, promise
from benchmarks.labelled import Data
from hybridml.errors import HybridmlError
from hybridml.ranking.calibration import Calibrator
from hybridml.ranking.model import ModelSettings
from hybridml.ranking.ranker import RankerSettings
from hybridml.vision.text_line import OCRResult
from tests.helpers.fakes import draw_lines

CURVES = {
    0: {"": [(0.8, 0.5, 1.0)], "width": [(0.8, 0.7, 0.5)]},
    1: {"": [(0.8, 0.2, 1.0)], "width": []},
}
DECISIONS = {k: Calibrator(thresholds=curves) for k, curves in CURVES.items()}


def rows_of(*rows: tuple[int, str, float, bool]) -> pd.DataFrame:
    """Return answered rows, each in a group of its own."""
    frame = pd.DataFrame(rows, columns=["fold", "entity_name", "confidence", "right"])
    return frame.assign(answered=True, group_id=[str(i) for i in range(len(frame))])


def test_each_row_is_held_against_the_threshold_of_its_fold_and_entity() -> None:
    rows = rows_of(
        (0, "width", 0.7, True),
        (0, "width", 0.6, True),
        (0, "voltage", 0.6, True),  # no curve of its own: that of all entities
        (1, "voltage", 0.3, False),
        (1, "width", 0.99, True),  # its own curve promises nothing
    )
    assert promise.sure_of(rows, DECISIONS, 0.8).tolist() == [True, False, True, True, False]
    assert not promise.sure_of(rows, DECISIONS, 0.9).any()


def test_what_was_left_blank_is_never_published() -> None:
    rows = rows_of((0, "voltage", 0.9, False)).assign(answered=False)
    assert not promise.sure_of(rows, DECISIONS, 0.8).any()
    assert not promise.at_least(rows, 0.0).any()


def test_held_counts_the_published_only() -> None:
    rows = rows_of(*[(0, "voltage", 0.9, i < 6) for i in range(10)])
    published = np.arange(10) < 8
    found = promise.held(rows, published)
    assert (found.rows, found.answered, found.precision) == (10, 8, 0.75)
    assert found.low < 0.75 < found.high
    assert promise.held(rows, np.zeros(10, dtype=bool)).cells() == ["-", "-", "0.0%"]


def test_rows_of_one_group_tell_less_than_as_many_groups() -> None:
    rows = rows_of(*[(0, "voltage", 0.9, i % 20 < 15) for i in range(200)])
    alone = promise.held(rows, np.ones(200, dtype=bool))
    # each group right as a whole or wrong as a whole
    together = rows.sort_values("right").assign(group_id=[str(i // 10) for i in range(200)])
    clustered = promise.held(together, np.ones(200, dtype=bool))
    assert clustered.precision == alone.precision == 0.75
    assert clustered.high - clustered.low > 2 * (alone.high - alone.low)


def test_tables_say_what_was_promised_and_what_held() -> None:
    rows = rows_of(
        *[(0, "voltage", 0.9, i < 9) for i in range(10)],
        *[(1, "voltage", 0.6, i < 5) for i in range(10)],
        *[(0, "width", 0.1, False) for _ in range(5)],
    )
    (line,) = promise.by_precision(rows, DECISIONS, [0.8])
    assert [line[0], line[1], *line[3:]] == ["0.80", "0.700", "80.0%", "1 of 2"]
    assert promise.by_precision(rows, DECISIONS, [0.9])[0][1:] == ["-", "-", "0.0%", "0 of 0"]
    assert promise.by_entity(rows, DECISIONS, [0.8]) == [
        ["voltage", "20", "20", "0.700"],
        ["width", "5", "0", "-"],
    ]
    half, nine = promise.by_confidence(rows, [0.5, 0.9])
    assert [*half[:3], half[4]] == ["0.50", "0.750", "0.700", "80.0%"]
    assert [*nine[:3], nine[4]] == ["0.90", "0.900", "0.900", "40.0%"]


@pytest.fixture(scope="module")
def data() -> Data:
    rng = np.random.default_rng(0)
    entities = ["item_weight", "item_volume"]
    rows, ocr_results = [], {}
    for i in range(60):
        lines, answer = draw_lines(rng, entities[i % 2])
        ocr_results[f"p{i}.jpg"] = OCRResult(tuple(lines), 1000, 1000)
        rows.append((i, f"p{i}.jpg", str(i // 2 % 15), entities[i % 2], answer))
    frame = pd.DataFrame(rows, columns=["index", "image_link", "group_id", "entity_name", "entity_value"])
    return Data(frame, np.arange(60) // 2 % 3, list(frame["image_link"]), ocr_results, {}, 0.0)


def test_validation_labels_reach_no_threshold(data: Data, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ModelSettings(folds=3, ranker=RankerSettings(n_estimators=15, seeds=1))
    rows, decisions = promise.out_of_fold(data, settings)
    assert rows["fold"].value_counts().to_dict() == {0: 20, 1: 20, 2: 20}
    assert rows["right"].mean() > 0.5
    # the same answers as those that the cross-validation scores
    _, answers = labelled.ranker(data, "ranker", settings)
    assert sorted(rows["confidence"]) == sorted(a.confidence for a in answers)
    values = data.frame["entity_value"].where(data.fold != 0, "12345.0 gram")
    poisoned, others = promise.out_of_fold(
        replace(data, frame=data.frame.assign(entity_value=values)), settings
    )
    first = (rows["fold"] == 0).to_numpy()
    assert not poisoned["right"][first].any()
    assert poisoned["confidence"][first].tolist() == rows["confidence"][first].tolist()
    assert others[0].thresholds == decisions[0].thresholds
    assert others[1].thresholds != decisions[1].thresholds
    promise.report(rows, decisions)
    assert "folds that held" in capsys.readouterr().out


def test_rows_of_others_that_share_a_group_or_photo_are_left_out(data: Data) -> None:
    others = data.frame.assign(
        image_link=[f"other{i}.jpg" if i % 4 else f"p{i}.jpg" for i in range(60)],
        group_id=[f"g{i // 2}" if i % 3 else "1" for i in range(60)],
    )
    keys = list(others["image_link"])
    apart = [i for i in range(60) if i % 4 and i % 3]
    found = promise.unshared(replace(data, others=others, other_keys=keys))
    assert found.keys == [f"other{i}.jpg" for i in apart]
    assert list(found.frame["index"]) == apart
    assert found.others is None
    with pytest.raises(HybridmlError, match="labelled by others"):
        promise.unshared(found)
