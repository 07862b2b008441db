from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.core.recipe import Prepare
from consilience.modalities.category import MOST_IN_SET, MOST_VALUES, Category, find_separator

SETS = ["a|b", "b|c", "a", "c|a", "b", "a|b|c", "a", "b|c"] * 3


def learned(values: list[Any]) -> dict[str, Any]:
    return Category.learn({"c": pl.Series("c", values)}, Prepare())


def test_vocabulary_is_by_frequency_then_alphabet() -> None:
    assert learned(["b", "a", "c", "c", None, ""])["vocabulary"] == [["c", "a", "b"]]


def test_unseen_values_are_present_at_zero_and_counted() -> None:
    arrays, problems = Category.arrays({"c": pl.Series("c", ["b", "new", None, ""])}, learned(["a", "b"]))
    assert arrays["index"].dtype == np.int32
    assert arrays["index"][:, 0, 0].tolist() == [2, 0, 0, 0]
    assert arrays["mask"][:, 0, 0].tolist() == [True, True, False, False]
    assert [(p.code, p.count, p.rows, p.examples) for p in problems] == [("unseen_category", 1, [1], ["'new'"])]


@pytest.mark.parametrize("pair", [(["1", "2", "1"], [1.0, 2.0, 1.0]), (["true", "false", "true"], [True, False, True])])
def test_a_value_is_the_same_whatever_type_the_file_gave_it(pair: tuple[list[Any], list[Any]]) -> None:
    facts = learned(pair[0])
    assert facts == learned(pair[1])
    arrays = [Category.arrays({"c": pl.Series("c", cells)}, facts).arrays["index"] for cells in pair]
    assert np.array_equal(*arrays)


def test_rare_values_of_a_large_vocabulary_are_dropped_and_its_size_is_bounded() -> None:
    values = [f"v{i}" for i in range(MOST_VALUES + 50) for _ in range(2)] + [f"once{i}" for i in range(200)]
    vocabulary = learned(values)["vocabulary"][0]
    assert len(vocabulary) == MOST_VALUES
    assert not any(v.startswith("once") for v in vocabulary)


def test_sets_become_several_indices() -> None:
    facts = learned(SETS)
    assert facts["separator"] == ["|"]
    assert facts["values"] == 3
    names = ["", *facts["vocabulary"][0]]
    arrays, problems = Category.arrays({"c": pl.Series("c", ["c | a", "b|zz", None, "a|a"])}, facts)
    found = [
        {names[i] for i, m in zip(*cell, strict=True) if m}
        for cell in zip(arrays["index"][:, 0], arrays["mask"][:, 0], strict=True)
    ]
    assert found == [{"c", "a"}, {"b", ""}, set(), {"a"}]
    assert [(p.count, p.rows) for p in problems] == [(1, [1])]


def test_a_full_set_loses_unseen_values_first() -> None:
    arrays = Category.arrays({"c": pl.Series("c", ["x|y|z|a|b"])}, learned(SETS)).arrays
    assert (arrays["index"][0, 0] > 0).sum() == 2


def test_list_cells_are_sets() -> None:
    lists = pl.Series("c", [["a", "b"], ["b"], None, [], [None, "c"]])
    facts = Category.learn({"c": lists}, Prepare())
    arrays = Category.arrays({"c": lists}, facts).arrays
    assert sorted(facts["vocabulary"][0]) == ["a", "b", "c"]
    assert arrays["mask"][:, 0].sum(1).tolist() == [2, 1, 0, 0, 1]
    assert Category.score(lists.drop_nulls()).score > 0.7


@pytest.mark.parametrize(
    "values",
    [
        ["red", "blue"] * 20,
        ["Smith, John", "Doe, Jane"] * 20,
        ["1,5", "2,7", "3,1"] * 20,
        [f"well, this is sentence number {i}, and it ends" for i in range(60)],
        [f"{i}|{i + 1}" for i in range(60)],
    ],
)
def test_no_separator_where_cells_are_no_sets(values: list[str]) -> None:
    assert find_separator(pl.Series(values)) is None


def test_commas_part_sets_that_recur() -> None:
    assert find_separator(pl.Series(["x, y", "y, z", "x", "z", "x, z", "y", "x, y, z"] * 5)) == ","


def test_sets_keep_at_most_sixteen_values() -> None:
    random = np.random.default_rng(0)
    values = ["|".join(f"t{i}" for i in random.permutation(30)[:20]) for _ in range(200)]
    assert learned(values)["values"] == MOST_IN_SET


def test_scores() -> None:
    assert Category.score(pl.Series(["red", "blue", "red", "green"] * 30)).score > 0.8
    assert Category.score(pl.Series([True, False])).score > 0.9
    assert Category.score(pl.Series([1, 2, 3] * 40)).score > 0.6
    assert Category.score(pl.Series(SETS)).score > 0.7
    assert Category.score(pl.Series([f"id{i}" for i in range(100)])).score < 0.2
    assert Category.score(pl.Series([0.1 * i for i in range(100)])).score < 0.1


def test_printed_lists_are_sets_without_brackets_and_quotes() -> None:
    cells = ['["red", "blue"]', "['blue', 'red']", '["blue"]', "[]", None] * 8
    found = Category.learn({"tags": pl.Series("tags", cells)}, Prepare())
    assert found["vocabulary"] == [["blue", "red"]]
    arrays, problems = Category.arrays({"tags": pl.Series("tags", cells[:5])}, found)
    pairs = zip(arrays["index"][:, 0], arrays["mask"][:, 0], strict=True)
    assert [sorted(row[mask].tolist()) for row, mask in pairs] == [[1, 2], [1, 2], [1], [], []]
    assert not problems
