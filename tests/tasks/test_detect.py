from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.tasks.classification import Classification
from consilience.tasks.detect import detect_task
from consilience.tasks.multilabel import Multilabel
from consilience.tasks.regression import Regression


def column(values: list[object], dtype: pl.DataType | None = None) -> pl.Series:
    return pl.Series("y", values, dtype=dtype, strict=False)


@pytest.mark.parametrize(
    ("values", "task", "kind"),
    [
        (["yes", "no"] * 20, "classification", "binary"),
        ([0, 1] * 20, "classification", "binary"),
        ([0.0, 1.0, None] * 20, "classification", "binary"),
        ([0.3, 0.7] * 20, "classification", "binary"),
        ([True, False] * 20, "classification", "binary"),
        (["正面", "负面", "中性"] * 20, "classification", "multiclass"),
        (list(range(10)) * 10, "classification", "multiclass"),
        ([str(i) for i in range(10)] * 10, "classification", "multiclass"),
        (list(range(100)) * 3, "regression", "regression"),
        ([i * 0.37 for i in range(50)], "regression", "regression"),
        ([1.5, 2.5, 3.5] * 20, "regression", "regression"),
        ([str(i * 0.37) for i in range(60)] + ["n/a", None], "regression", "regression"),
        ([str(i * 0.37) for i in range(99)] + ["broken"], "regression", "regression"),
        (["a|b", "b", "a|c", "c"] * 10, "multilabel", "multilabel"),
        ([["a", "b"], ["b"], []] * 10, "multilabel", "multilabel"),
        (list(range(12)) * 2, "regression", "regression"),
        ([*list(range(9)) * 10, 15], "regression", "regression"),
        ([f"${i}.50" for i in range(60)], "regression", "regression"),
        ([f"{i} days" for i in range(60)], "regression", "regression"),
    ],
)
def test_task_follows_from_the_cells(values: list[object], task: str, kind: str) -> None:
    found = detect_task(column(values))
    assert (found.task, found.kind) == (task, kind)
    assert found.reason.startswith(kind)


def test_every_kind_of_doubt_says_how_to_overrule() -> None:
    assert "task.type=classification" in detect_task(column(list(range(100)) * 3)).reason
    assert "task.type=regression" in detect_task(column(list(range(10)) * 10)).reason
    assert "task.type=classification" in detect_task(column(["a|b", "b", "a|c", "c"] * 10)).reason
    assert "1 cells are no numbers" in detect_task(column([str(i / 3) for i in range(99)] + ["x"])).reason


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([None, None, ""], "every cell is missing"),
        (["a"] * 9, "constant: every cell is 'a'"),
        ([3.0] * 9, "constant: every cell is '3'"),
        (["a", "a", "b", "b", "c"], "class 'c' with one row only"),
        (["a", "a", "b", "c"], "classes 'b', 'c' with one row only"),
        ([f"id{i}" for i in range(500)], "looks like an identifier or free text"),
        ([f"id{i}" for i in range(1500)] * 2, "looks like an identifier or free text"),
        (["x", "y"], "looks like an identifier or free text"),
    ],
)
def test_unusable_targets_are_one_clear_line(values: list[object], message: str) -> None:
    with pytest.raises(InputError, match="target column 'y'") as caught:
        detect_task(column(values))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_dates_and_bytes_are_no_targets() -> None:
    with pytest.raises(InputError, match="cannot be a target"):
        detect_task(pl.Series("y", ["2024-01-01", "2024-01-02"]).str.to_date())
    with pytest.raises(InputError, match="every cell is missing"):
        detect_task(pl.Series("y", [b"a", b"b"]))


def test_the_users_choice_is_checked_not_questioned() -> None:
    assert detect_task(column(list(range(30)) * 3), "classification").kind == "multiclass"
    assert detect_task(column([0, 1] * 9), "regression").kind == "regression"
    assert "task.type=regression" in detect_task(column([0, 1] * 9), "regression").reason
    with pytest.raises(InputError, match="regression needs numbers, received 'a'"):
        detect_task(column(["a", "b"] * 3), "regression")
    with pytest.raises(InputError, match="constant: every number is 1"):
        detect_task(column(["1", "x"] * 3), "regression")


def test_soft_labels_are_recognised() -> None:
    values = pl.Series("y", [{"cat": 0.2, "dog": 0.8}, {"cat": 1.0, "dog": 0.0}])
    assert detect_task(values)[:2] == ("classification", "binary")


def test_tasks_score_their_own_columns() -> None:
    numbers, words = column([i / 7 for i in range(60)]), column(["a", "b"] * 20)
    assert Regression.score(numbers).score == 1
    assert Classification.score(numbers).score == 0
    assert Classification.score(words).score == 1
    assert Multilabel.score(words).score == 0
    assert Multilabel.score(column(["a|b", "b|c", "c"] * 9)).score == 1
    assert "constant" in Classification.score(column(["a"] * 4)).reason


def test_two_million_cells_take_seconds_at_most() -> None:
    import time

    values = pl.Series("y", np.random.default_rng(0).integers(0, 5, 2_000_000))
    began = time.process_time()
    assert detect_task(values).kind == "multiclass"
    assert time.process_time() - began < 10


def test_a_lonely_number_among_few_is_a_class_too_small_and_the_way_out_is_said() -> None:
    with pytest.raises(InputError, match=r"class '2' with one row only.*As an amount: --set task\.type=regression"):
        detect_task(column([0, 1] * 30 + [2]))
    with pytest.raises(InputError) as raised:
        detect_task(column(["a", "b"] * 30 + ["c"]))
    assert "amount" not in str(raised.value)
