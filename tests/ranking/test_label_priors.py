"""Label priors: usual values count more, few labels count as none, and no row sees the labels of its own group."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hybridml.candidates.find import find_candidates
from hybridml.candidates.table import CandidateTable
from hybridml.datasets.labels import read_labels
from hybridml.entities import default_entities
from hybridml.errors import RowsError
from hybridml.ranking.label_priors import MIN_LABELS, PRIOR_COLUMNS, Priors, label_table
from tests.helpers.lines import line, ocr_result

SCHEMA = default_entities()


def labels(n: int = 60) -> pd.DataFrame:
    rows = [("item_weight", "500 gram", str(i % 3)) for i in range(n)]
    rows += [
        ("item_weight", "7 gram", "0"),
        ("item_weight", "nonsense", "0"),
        ("item_weight", "2 kilogram", "1"),
    ]
    return pd.DataFrame(rows, columns=["entity_name", "entity_value", "group_id"])


def priors_of(texts: list[str], fitted: Priors, groups: list[str] | None = None) -> np.ndarray:
    candidates = find_candidates(ocr_result([line(" ".join(texts))]))
    n = len(candidates)
    table = CandidateTable((), np.zeros((n, 0), np.float32), np.zeros(n, np.int64), candidates)
    return fitted.columns(table, ["item_weight"], SCHEMA, groups)


def test_usual_values_count_more_than_rare_ones() -> None:
    fitted = Priors.fit(label_table(labels(), SCHEMA))
    exact = priors_of(["500 g", "501 g"], fitted)[:, PRIOR_COLUMNS.index("prior.exact")]
    assert exact[0] > exact[1] + 1


def test_a_count_of_few_labels_is_none() -> None:
    fitted = Priors.fit(label_table(labels(), SCHEMA))
    exact = priors_of(["7 g", "8 g"], fitted)[:, PRIOR_COLUMNS.index("prior.exact")]
    assert exact[0] == exact[1]
    assert all(n >= MIN_LABELS for t in fitted.to_dict().values() for n in t["n"])


def test_a_training_row_never_sees_the_labels_of_its_own_group() -> None:
    base, poison = labels(), labels()
    poison.loc[poison["group_id"] == "0", "entity_value"] = "9 ton"
    a, b = (Priors.fit(label_table(t, SCHEMA)) for t in (base, poison))
    np.testing.assert_allclose(priors_of(["500 g", "9 g"], a, ["0"]), priors_of(["500 g", "9 g"], b, ["0"]))
    assert not np.allclose(priors_of(["500 g", "9 g"], a, ["1"]), priors_of(["500 g", "9 g"], b, ["1"]))


def test_plain_data_restores_the_priors() -> None:
    fitted = Priors.fit(label_table(labels(), SCHEMA))
    again = Priors.from_dict(fitted.to_dict())
    np.testing.assert_array_equal(priors_of(["500 g", "2 kg"], fitted), priors_of(["500 g", "2 kg"], again))


def test_a_table_of_labels_without_a_column_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("entity_name,value\nwidth,1 inch\n")
    with pytest.raises(RowsError, match="entity_value"):
        read_labels(path)
    with pytest.raises(RowsError, match="cannot be read"):
        read_labels(tmp_path / "nothing.csv")
