"""Folds: linked rows stay together, sizes are even, and a file of folds fits its rows."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridml.datasets.folds import assign_folds, load_folds, rows_sharing, save_folds
from hybridml.datasets.groups import held_out_rows, linked_groups, photo_names
from hybridml.datasets.rows import read_rows
from hybridml.errors import RowsError


def table(groups, photos, entities=None):
    n = len(groups)
    return pd.DataFrame(
        {
            "index": range(n),
            "image_link": [f"https://example.org/{p}.jpg" if p != "" else "" for p in photos],
            "group_id": [str(g) for g in groups],
            "entity_name": entities if entities is not None else ["width"] * n,
        }
    )


def random_table(n, groups, seed=0):
    rng = np.random.default_rng(seed)
    return table(
        rng.integers(0, groups, n),
        np.where(rng.random(n) < 0.97, np.arange(n), rng.integers(0, n, n)),
        rng.choice(["width", "height", "voltage"], n, p=[0.6, 0.3, 0.1]),
    )


def slow_groups(groups, photos):
    """Merge rows that share a group or a photo until nothing changes."""
    part = list(range(len(groups)))
    changed = True
    while changed:
        changed = False
        for i in range(len(part)):
            for j in range(i):
                same = (groups[i] and groups[i] == groups[j]) or (photos[i] and photos[i] == photos[j])
                if same and part[i] != part[j]:
                    old, new = max(part[i], part[j]), min(part[i], part[j])
                    part = [new if p == old else p for p in part]
                    changed = True
    return part


rows_strategy = st.lists(
    st.tuples(st.sampled_from(["", *"abcdef"]), st.sampled_from(["", *"uvwxyz"])), min_size=1, max_size=14
)


@settings(deadline=None)
@given(rows_strategy)
def test_linked_groups_against_merging_by_hand(rows):
    groups, photos = zip(*rows, strict=True)
    ours = linked_groups(table(groups, photos)).tolist()
    theirs = slow_groups(groups, photos)
    assert len(set(zip(ours, theirs, strict=True))) == len(set(ours)) == len(set(theirs))


@settings(deadline=None)
@given(rows_strategy, st.integers(2, 4), st.integers(0, 3))
def test_folds_share_nothing(rows, n_folds, seed):
    groups, photos = zip(*rows, strict=True)
    frame = table(groups, photos)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            folds = assign_folds(frame, n_folds, seed)
        except RowsError:
            assert len(set(slow_groups(groups, photos))) == 1
            return
    assert set(folds) == set(range(min(n_folds, len(set(slow_groups(groups, photos))))))
    for names in (groups, photos):
        found = pd.DataFrame({"name": names, "fold": folds.to_numpy()})
        assert (found[found["name"] != ""].groupby("name")["fold"].nunique() == 1).all()


def test_empty_table_has_no_groups():
    assert linked_groups(table([], [])).tolist() == []


def test_photos_are_identified_by_base_name():
    frame = table(["1", "2", "3"], ["a", "b", "c"])
    frame["image_link"] = ["https://x.org/a.jpg?w=1", "photos/a.jpg", None]
    assert linked_groups(frame).tolist() == [0, 0, 1]
    assert photo_names(frame) == ["a.jpg", "a.jpg", ""]


def test_folds_are_even():
    frame = random_table(3000, 400)
    folds = assign_folds(frame, 5)
    assert folds.index.equals(frame.index)
    assert folds.name == "fold"
    assert folds.value_counts().max() - folds.value_counts().min() <= 12
    by_entity = pd.crosstab(frame["entity_name"], folds)
    assert (by_entity.max(axis=1) <= 1.25 * by_entity.mean(axis=1)).all()


def test_folds_are_the_same_each_time_and_others_by_seed():
    frame = random_table(500, 80)
    assert assign_folds(frame, seed=1).equals(assign_folds(frame, seed=1))
    assert not assign_folds(frame, seed=1).equals(assign_folds(frame, seed=2))
    shifted = frame.set_axis(range(1000, 1500), axis=0)
    assert assign_folds(shifted, seed=1).tolist() == assign_folds(frame, seed=1).tolist()
    assert assign_folds(shifted, seed=1).index.equals(shifted.index)


def test_a_huge_group_is_named():
    frame = table(["big"] * 40 + list(range(60)), range(100))
    with pytest.warns(UserWarning, match="40% of the rows are linked"):
        folds = assign_folds(frame)
    assert folds.attrs == {"groups": 61, "largest_share": 0.4}
    assert sorted(folds.value_counts()) == [15, 15, 15, 15, 40]


def test_even_folds_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert assign_folds(random_table(500, 100)).attrs["largest_share"] < 0.2


def test_fewer_groups_than_folds():
    frame = table(["a", "b", "c"], range(3))
    with pytest.warns(UserWarning, match="made 3 folds instead of 5"):
        assert sorted(assign_folds(frame)) == [0, 1, 2]


def test_folds_that_cannot_be():
    with pytest.raises(RowsError, match="cannot split 3 rows"):
        assign_folds(table(["a"] * 3, range(3)))
    with pytest.raises(RowsError, match="n_folds must be at least 2"):
        assign_folds(table(["a", "b"], range(2)), 1)


def test_more_folds_than_rows_of_any_entity():
    frame = table(range(8), range(8), ["width", "height", "depth", "voltage"] * 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sorted(assign_folds(frame, 4).value_counts()) == [2, 2, 2, 2]


# ---------------------------------------------------------------------------- holding out


@pytest.mark.parametrize("share", [0.05, 0.2, 1 / 3, 0.4, 0.75])
def test_the_share_held_out_is_met(share):
    frame = random_table(3000, 400)
    held = held_out_rows(frame, share, 0)
    assert held.mean() == pytest.approx(share, abs=0.01)
    by_entity = pd.Series(held).groupby(frame["entity_name"].to_numpy()).mean()
    assert by_entity.to_numpy() == pytest.approx(share, abs=0.03)
    assert not set(frame["group_id"][held]) & set(frame["group_id"][~held])
    assert held.tolist() == held_out_rows(frame, share, 0).tolist()
    assert held.tolist() != held_out_rows(frame, share, 1).tolist()


@settings(deadline=None)
@given(rows_strategy, st.floats(0.01, 0.99), st.integers(0, 3))
def test_held_out_rows_share_nothing(rows, share, seed):
    groups, photos = zip(*rows, strict=True)
    held = held_out_rows(table(groups, photos), share, seed)
    assert held.any() == (len(set(slow_groups(groups, photos))) > 1)
    assert not held.all()
    for names in (groups, photos):
        sides = [{name for name, h in zip(names, held, strict=True) if h == side} for side in (True, False)]
        assert not sides[0] & sides[1] - {""}


# ------------------------------------------------------------------------------ files


def test_folds_round_trip(tmp_path):
    frame = random_table(200, 50)
    folds = assign_folds(frame)
    path = tmp_path / "folds.csv"
    save_folds(path, frame, folds)
    assert load_folds(path, frame).equals(folds)
    mixed = frame.sample(frac=1, random_state=0)
    assert load_folds(path, mixed).equals(folds.loc[mixed.index])


def test_folds_of_other_rows(tmp_path):
    frame = table(["a", "a", "b", "c"], range(4))
    path = tmp_path / "folds.csv"
    save_folds(path, frame, pd.Series([0, 0, 1, 1]))
    with pytest.raises(RowsError, match=r"1 folds have no row \(first: 3\)"):
        load_folds(path, frame[:3])
    with pytest.raises(RowsError, match=r"1 rows have no fold \(first: 17\)"):
        load_folds(path, frame.assign(index=[0, 1, 2, 17]))
    with pytest.raises(RowsError, match="group b is in folds 0 and 1"):
        load_folds(path, frame.assign(group_id=["a", "b", "b", "c"]))
    with pytest.raises(RowsError, match=r"photo p\.jpg is in folds 0 and 1"):
        load_folds(path, frame.assign(image_link=["p.jpg", "q.jpg", "p.jpg", ""]))
    with pytest.raises(RowsError, match="3 folds were given for 4 rows"):
        save_folds(path, frame, pd.Series([0, 1, 2]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("index,part\n0,1\n", "no column 'fold'"),
        ("index,fold\n0,1\n1,-1\n", "line 3, column fold: '-1'"),
        ("index,fold\n0,one\n1,1\n", "line 2, column fold: 'one'"),
        ("index,fold\n0,1\n1,1\n1,0\n", "2 indexes in 3 lines"),
    ],
)
def test_files_that_are_no_folds(tmp_path, text, message):
    path = tmp_path / "folds.csv"
    path.write_text(text)
    with pytest.raises(RowsError, match=message):
        load_folds(path, table(["a", "b"], range(2)))


# ---------------------------------------------------------------------------- sharing


def test_rows_sharing():
    held = table(["1", "2", ""], ["a", "b", ""])
    other = table(["1", "9", "9", ""], ["x", "b", "y", ""])
    assert rows_sharing(other, held).tolist() == [True, True, False, False]
    assert rows_sharing(other.drop(columns="image_link"), held).tolist() == [True, False, False, False]
    assert rows_sharing(other.drop(columns="group_id"), held).tolist() == [False, True, False, False]
    assert rows_sharing(pd.DataFrame({"image": ["b.jpg", "z.jpg"]}), held).tolist() == [True, False]
    assert rows_sharing(pd.DataFrame({"group_id": [2.0, None]}), held).tolist() == [True, False]
    assert rows_sharing(other[:0], held).tolist() == []


def test_rows_sharing_needs_something_to_go_by():
    with pytest.raises(RowsError, match="expected a column group_id, image_link or image, found: text"):
        rows_sharing(pd.DataFrame({"text": ["a"]}), table(["1"], ["a"]))


# -------------------------------------------------------------------------- real data


def test_real_rows_are_split_evenly(shared):
    frame, _ = read_rows(shared / "data" / "labelled" / "train.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folds = assign_folds(frame)
    assert folds.attrs["largest_share"] < 0.12
    assert folds.value_counts().between(185, 225).all()
    by_entity = pd.crosstab(frame["entity_name"], folds)
    assert by_entity.loc["depth"].between(20, 22).all()


def test_other_tables_share_much_with_the_real_rows(shared):
    frame, _ = read_rows(shared / "data" / "labelled" / "train.csv")
    boxes = pd.read_csv(shared / "data" / "boxes.csv")
    assert rows_sharing(boxes, frame).all()
    agreed, _ = read_rows(shared / "data" / "agreed" / "train.csv")
    assert 0.3 < rows_sharing(agreed, frame).mean() < 0.7
