"""Splits and folds: shares, classes, groups, times, given parts, and rows without a label."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.core.errors import InputError
from consilience.core.recipe import Split
from consilience.data.split import Splits, make_folds, make_splits
from consilience.data.table import Table, read_table

N = 600


def table_of(rows: int = N, seed: int = 0) -> Table:
    random = np.random.default_rng(seed)
    names = np.array(["train", "Valid", "test"])
    return read_table(
        {
            "y": random.choice(["a", "b", "c"], rows, p=[0.7, 0.25, 0.05]).tolist(),
            "patient": random.integers(0, 60, rows).tolist(),
            "day": [f"2020-{1 + k // 28 % 12:02d}-{1 + k % 28:02d}" for k in random.integers(0, 330, rows)],
            "part": names[random.choice(3, rows, p=[0.6, 0.15, 0.25])].tolist(),
            "half": names[random.choice([0, 2], rows)].tolist(),
            "same": [1] * rows,
        }
    )


def cut(table: Table, split: Split, stratify: bool = True, seed: int = 0, **given_parts: bool) -> Splits:
    labelled = table.frame["y"].is_not_null().to_numpy()
    labels = table.frame["y"] if stratify else None
    return make_splits(
        table, labels, labelled, split, seed, given_parts.get("valid", False), given_parts.get("test", False)
    )


def without_labels(table: Table, rows: Any) -> Table:
    column = table.frame["y"].to_list()
    for row in rows:
        column[row] = None
    return Table(table.frame.with_columns(pl.Series("y", column)), None, "t")


def test_random_is_stratified_and_said() -> None:
    table = table_of()
    parts = cut(table, Split())
    assert parts.sentence == "random, stratified by class: 384 training, 96 validation, 120 test rows"
    assert parts.method == "random"
    assert np.array_equal(np.sort(np.concatenate(parts[:3])), np.arange(N))
    overall = table.frame["y"].value_counts(normalize=True).sort("y")["proportion"].to_numpy()
    for part in parts[:3]:
        assert part.dtype == np.int64
        share = table.take(part).frame["y"].value_counts(normalize=True).sort("y")["proportion"].to_numpy()
        assert np.abs(share - overall).max() < 0.01


@pytest.mark.parametrize(("rows", "valid"), [(500, 0.2), (3000, 0.15), (20_000, 0.1)])
def test_the_validation_share_falls_with_size(rows: int, valid: float) -> None:
    parts = cut(table_of(rows), Split(), stratify=False)
    assert len(parts.test) == round(0.2 * rows)
    assert len(parts.valid) == round(valid * 0.8 * rows)
    assert parts.sentence.startswith("random: ")


def test_the_same_seed_gives_the_same_rows() -> None:
    table = table_of()
    for split in (Split(), Split(group="patient")):
        one, two, other = (cut(table, split, seed=s) for s in (1, 1, 2))
        assert all(np.array_equal(a, b) for a, b in zip(one[:3], two[:3], strict=True))
        assert not np.array_equal(one.test, other.test)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=6, max_size=60), st.integers(0, 9))
def test_every_class_is_learned_from(classes: list[int], seed: int) -> None:
    table = read_table({"y": [str(c) for c in classes]})
    if len(classes) - len(set(classes)) < 2:
        with pytest.raises(InputError, match="to hold out"):
            cut(table, Split(), seed=seed)
        return
    parts = cut(table, Split(), seed=seed)
    trained = set(table.take(parts.train).frame["y"])
    assert trained == {str(c) for c in classes}
    assert len(parts.valid) > 0
    assert len(parts.test) > 0


def test_no_group_stands_on_two_sides() -> None:
    table = table_of()
    parts = cut(table, Split(group="patient"))
    patients = [set(table.take(part).frame["patient"]) for part in parts[:3]]
    assert sum(map(len, patients)) == len(set.union(*patients))
    assert abs(len(parts.test) - 0.2 * N) < 0.03 * N
    assert abs(len(parts.valid) - 0.16 * N) < 0.03 * N
    assert parts.method == "group"
    assert "by group 'patient' (60 groups, none on two sides)" in parts.sentence


def test_two_large_groups_and_missing_ones() -> None:
    table = read_table({"y": ["a", "b"] * 30, "g": ["x"] * 30 + ["y"] * 20 + [None] * 10})
    parts = cut(table, Split(group="g"))
    groups = [set(table.take(part).frame["g"].drop_nulls()) for part in parts[:3]]
    assert sum(map(len, groups)) == 2
    assert min(len(part) for part in parts[:3]) > 0


def test_time_goes_forward_and_equal_times_stay_together() -> None:
    table = table_of()
    parts = cut(table, Split(time="day"))
    train, valid, test = (table.take(part).frame["day"] for part in parts[:3])
    assert train.max() < valid.min()  # type: ignore[operator]
    assert valid.max() < test.min()  # type: ignore[operator]
    assert abs(len(test) - 0.2 * N) < 10
    assert parts.method == "time"


def test_a_given_column_is_followed() -> None:
    table = table_of()
    parts = cut(table, Split(column="part"))
    assert table.take(parts.train).frame["part"].unique().to_list() == ["train"]
    assert table.take(parts.valid).frame["part"].unique().to_list() == ["Valid"]
    assert table.take(parts.test).frame["part"].unique().to_list() == ["test"]
    assert parts.sentence.startswith("by column 'part': ")


def test_a_part_that_the_column_lacks_is_cut_from_training() -> None:
    table = table_of()
    parts = cut(table, Split(column="half", group="patient"))
    assert set(table.take(parts.valid).frame["half"]) == {"train"}
    assert set(table.take(parts.test).frame["half"]) == {"test"}
    assert not set(table.take(parts.valid).frame["patient"]) & set(table.take(parts.train).frame["patient"])
    assert "validation rows by group 'patient'" in parts.sentence


def test_parts_in_files_of_their_own() -> None:
    table = table_of()
    both = cut(table, Split(), valid=True, test=True)
    assert both.sentence == "as given: 600 training rows"
    assert both.method == "files"
    one = cut(table, Split(), test=True)
    assert len(one.test) == 0
    assert len(one.valid) == 120
    left = cut(table, Split(column="part"), test=True)
    assert "left out" in left.sentence
    assert len(left.train) + len(left.valid) < N


@pytest.mark.parametrize("split", [Split(), Split(group="patient"), Split(time="day"), Split(column="part")])
def test_rows_without_a_label_never_test_and_never_leak(split: Split) -> None:
    table = without_labels(table_of(), range(0, N, 5))
    parts = cut(table, split)
    for part in (parts.valid, parts.test):
        assert table.take(part).frame["y"].null_count() == 0
    kept = table.take(parts.train).frame["y"].null_count()
    assert kept > 0
    assert f"{kept} more without a label" in parts.sentence
    if split.group:
        held = table.take(np.concatenate([parts.valid, parts.test])).frame["patient"]
        assert not set(held) & set(table.take(parts.train).frame["patient"])
    if split.time:
        last = table.take(parts.train).frame["day"].max()
        assert last < table.take(parts.valid).frame["day"].min()  # type: ignore[operator]
    if split.method == "auto" and not (split.group or split.time or split.column):
        assert kept == N // 5


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (Split(group="patent"), "no group column 'patent'.*did you mean 'patient'"),
        (Split(group="same"), "column 'same': the group column has one value only"),
        (Split(time="y"), "column 'y': 600 cells of the time column are no times, first"),
        (Split(time="same"), "1 distinct time for 3 parts"),
        (Split(column="y"), "split names that are not known"),
        (Split(column="nope"), "no split column 'nope'"),
        (Split(method="group"), "method 'group' needs split.group"),
    ],
)
def test_what_cannot_be_split_is_refused(split: Split, message: str) -> None:
    with pytest.raises(InputError, match=message):
        cut(table_of(), split)


def test_too_few_rows_or_groups_are_refused() -> None:
    with pytest.raises(InputError, match="3 rows with a label are too few to split: 4 are the least"):
        cut(read_table({"y": ["a", "b", "a"]}), Split())
    with pytest.raises(InputError, match="6 rows of 6 classes leave 0 to hold out"):
        cut(read_table({"y": list("abcdef")}), Split())
    with pytest.raises(InputError, match="2 groups for 3 parts"):
        cut(read_table({"y": ["a", "b"] * 5, "g": ["x", "y"] * 5}), Split(group="g"))


def folds_of(table: Table, split: Split, rows: Any = None) -> list[tuple[Any, Any]]:
    labels = table.frame["y"]
    rows = np.arange(table.rows) if rows is None else rows
    return make_folds(table, rows, labels, labels.is_not_null().to_numpy(), split, 0)


def test_random_folds_are_stratified_and_cover_every_row_once() -> None:
    table = table_of()
    rows = np.arange(0, N, 2)
    folds = folds_of(table, Split(folds=4), rows)
    assert np.array_equal(np.sort(np.concatenate([valid for _, valid in folds])), rows)
    for train, valid in folds:
        assert np.array_equal(np.sort(np.concatenate([train, valid])), rows)
        assert len(valid) == 75
        counts = table.take(valid).frame["y"].value_counts().sort("y")["count"].to_numpy()
        whole = table.take(rows).frame["y"].value_counts().sort("y")["count"].to_numpy()
        assert np.abs(counts - whole / 4).max() <= 1


def test_a_class_of_one_row_is_always_learned() -> None:
    table = read_table({"y": ["a"] * 10 + ["b"] * 10 + ["c"]})
    for train, valid in folds_of(table, Split(folds=5)):
        assert 20 in train
        assert 20 not in valid


def test_group_folds_keep_groups_whole() -> None:
    table = table_of()
    folds = folds_of(table, Split(group="patient", folds=5))
    assert np.array_equal(np.sort(np.concatenate([valid for _, valid in folds])), np.arange(N))
    for train, valid in folds:
        assert not set(table.take(train).frame["patient"]) & set(table.take(valid).frame["patient"])
        assert abs(len(valid) - N / 5) < 0.03 * N


def test_folds_are_as_many_as_groups_allow() -> None:
    table = read_table({"y": ["a", "b"] * 6, "g": ["x", "x", "y", "z"] * 3})
    assert len(folds_of(table, Split(group="g", folds=5))) == 3


def test_time_folds_go_forward() -> None:
    table = table_of()
    folds = folds_of(table, Split(time="day", folds=4))
    assert len(folds) == 4
    for train, valid in folds:
        assert table.take(train).frame["day"].max() < table.take(valid).frame["day"].min()  # type: ignore[operator]


def test_rows_without_a_label_train_in_every_fold() -> None:
    table = without_labels(table_of(), range(0, N, 5))
    for train, valid in folds_of(table, Split(folds=3)):
        assert table.take(valid).frame["y"].null_count() == 0
        assert table.take(train).frame["y"].null_count() == N // 5
