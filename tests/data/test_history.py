"""`history`: the past of an id, without a word of the row itself, of later rows or of rows at the same time."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.core.recipe import History, Recipe
from consilience.data.history import add_history, made_columns, place_history, settle_history, without_words
from consilience.data.schema import detect
from consilience.data.table import Table, read_table

ASKED = History(id="student", order="step", columns=("skill", "right"), by=("skill",), numbers=("right",), past=3)


def logs(rows: int = 60, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "student": [f"p{i % 4}" for i in range(rows)],
            "step": np.arange(rows) // 4,
            "skill": random.choice(["add", "take away", "times"], rows),
            "right": random.integers(0, 2, rows),
        }
    )


def told(frame: pl.DataFrame, history: History = ASKED) -> pl.DataFrame:
    table, problems = add_history(read_table(frame), history)
    assert problems == []
    return table.frame


def naive(frame: pl.DataFrame, row: int) -> dict[str, Any]:
    """The same by looking at every row."""
    rows = frame.with_row_index().to_dicts()
    own = rows[row]
    before = [r for r in rows if r["student"] == own["student"] and r["step"] < own["step"]]
    before.sort(key=lambda r: (r["step"], r["index"]))
    same = [r for r in before if r["skill"] == own["skill"]]
    since = [sum(1 for r in before if r["step"] >= s["step"]) for s in same]

    def figures(part: list[dict[str, Any]], end: str) -> dict[str, Any]:
        right = [r["right"] for r in part]
        return {
            f"history mean right{end}": np.mean(right) if right else None,
            f"history recent right{end}": np.mean(right[-5:]) if right else None,
            f"history last right{end}": right[-1] if right else None,
        }

    words = [f"{r['skill'].replace(' ', '_')}={r['right']}" for r in before[::-1][:3]]
    return {
        "history": " ".join([f"{own['skill'].replace(' ', '_')}=?", *words]),
        "history rows": len(before),
        **figures(before, ""),
        "history rows same skill": len(same),
        "history since same skill": since[-1] if since else None,
        **figures(same, " same skill"),
    }


@pytest.mark.parametrize("shuffled", [False, True])
def test_every_figure_and_word_is_what_a_loop_over_the_rows_finds(shuffled: bool) -> None:
    frame = logs().sample(fraction=1, shuffle=True, seed=3) if shuffled else logs()
    found = told(frame)
    assert found.columns == [*frame.columns, *made_columns(ASKED)]
    for row, one in enumerate(found.to_dicts()):
        for name, value in naive(frame, row).items():
            assert one[name] == (pytest.approx(value) if isinstance(value, float) else value), (row, name)


def test_the_future_and_the_row_itself_change_nothing() -> None:
    frame = logs()
    late = pl.col("step") >= 7
    other = frame.with_columns(
        pl.when(late).then(1 - pl.col("right")).otherwise("right").alias("right"),
        pl.when(pl.col("step") > 7).then(pl.lit("new")).otherwise("skill").alias("skill"),
    )
    until = pl.col("step") <= 7
    made = made_columns(ASKED)
    assert told(frame).filter(until).select(made).equals(told(other).filter(until).select(made))
    fewer = told(frame.filter(until)).select(made)
    assert told(frame).filter(until).select(made).equals(fewer)


def test_other_ids_change_nothing() -> None:
    frame = logs()
    alone = told(frame.filter(pl.col("student") == "p2"))
    assert told(frame).filter(pl.col("student") == "p2").equals(alone)


def test_rows_at_the_same_time_do_not_see_one_another() -> None:
    frame = pl.DataFrame({"student": ["a"] * 4, "step": [1, 2, 2, 3], "skill": ["x"] * 4, "right": [1, 0, 0, 1]})
    found = told(frame)
    assert found["history"].to_list() == ["x=?", "x=? x=1", "x=? x=1", "x=? x=0 x=0 x=1"]
    assert found["history mean right same skill"].to_list() == [None, 1, 1, pytest.approx(1 / 3)]
    assert found["history rows"].to_list() == [0, 1, 1, 3]
    assert found["history since same skill"].to_list() == [None, 1, 1, 1]


def test_rows_without_id_or_order_have_no_past_and_are_in_nobodys() -> None:
    frame = pl.DataFrame(
        {
            "student": ["a", None, "a", "a", None],
            "step": ["1", "1", None, "3", "2"],
            "skill": ["x"] * 5,
            "right": [1] * 5,
        }
    )
    table, problems = add_history(read_table(frame), ASKED)
    assert table.frame["history rows"].to_list() == [0, None, None, 1, None]
    assert table.frame["history"].to_list() == ["x=?", None, None, "x=? x=1", None]
    assert [(p.code, p.count, p.rows) for p in problems] == [("no_place_in_history", 3, [1, 2, 4])]


def test_missing_cells_and_absent_columns_are_unknown() -> None:
    frame = pl.DataFrame({"student": ["a"] * 3, "step": [1, 2, 3], "skill": ["x", None, None], "right": [1, None, 0]})
    found = told(frame)
    assert found["history"].to_list() == ["x=?", "?=? x=1", "?=? ?=? x=1"]
    assert found["history mean right"].to_list() == [None, 1, 1]
    assert found["history last right"].to_list() == [None, 1, 1]
    assert found["history rows same skill"].to_list() == [0, None, None]
    table, problems = add_history(read_table(frame.drop("right")), ASKED)
    assert [(p.code, p.column) for p in problems] == [("absent_column", "right")]
    assert table.frame["history"].to_list()[1] == "?=? x=?"


def test_a_table_that_has_the_columns_or_lacks_the_id_stays_as_it_is() -> None:
    made = told(logs())
    assert add_history(Table(made, None, "t"), ASKED)[0].frame is made
    bare = logs().drop("student")
    assert add_history(Table(bare, None, "t"), ASKED)[0].frame is bare


def test_booleans_from_any_file_are_numbers_and_dates_order_rows() -> None:
    frame = pl.DataFrame(
        {
            "id": ["a", "a", "a"],
            "day": ["2024-02-01", "2024-01-31", "2024-03-01"],
            "ok": [True, False, True],
            "y": [1, 0, 1],
        }
    )
    recipe = Recipe(target="y", history=History(id="id", order="day", columns=("ok",)))
    for given in (frame, frame.with_columns(pl.col("ok").cast(pl.String))):
        settled = settle_history(recipe, read_table(given))
        assert settled.history is not None
        assert settled.history.numbers == ("ok",)
        found = told(given, settled.history)
        assert found["history mean ok"].to_list() == [0, None, 0.5]
        assert found["history"].to_list() == ["false", None, "true false"]


def test_settling_splits_by_id_and_gathers_what_is_made() -> None:
    recipe = Recipe(target="right", history=ASKED.model_copy(update={"numbers": None}))
    settled = settle_history(recipe, read_table(logs()))
    assert settled.split.group == "student"
    assert settled.history is not None
    assert settled.history.numbers == ("right",)
    assert settled.groups["history"].columns == ("history",)
    assert settled.encoders["history"].type == "token_history"
    assert settled.disciplines == {"history": made_columns(settled.history)}
    assert place_history(settled, settled.history, made_columns(ASKED)) == settled
    assert place_history(recipe, settled.history, made_columns(ASKED)).groups == settled.groups
    assert place_history(recipe, None, ()) is recipe
    timed = recipe.model_copy(update={"split": recipe.split.model_copy(update={"time": "step"})})
    assert settle_history(timed, read_table(logs())).split.group is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": {"method": "random"}}, "rows drawn at random would know one another's targets"),
        ({"history": {"id": "pupil", "columns": ["skill"]}}, "no history column 'pupil'"),
        ({"history": {"id": "student", "columns": ["skill"], "into": "skill"}}, "history makes a column of this name"),
        ({"history": {"id": "own", "columns": ["skill"]}}, "no value stands in two rows at different times"),
    ],
)
def test_what_cannot_be_told_is_refused(change: dict[str, Any], message: str) -> None:
    values = {"target": "right", "history": ASKED.model_dump(), **change}
    table = read_table(logs().with_columns(pl.int_range(pl.len()).alias("own")))
    with pytest.raises(InputError, match=message):
        settle_history(Recipe(**values), table)


def test_checks_for_copies_do_not_read_the_words() -> None:
    schema = detect(Table(told(logs()), None, "t"), "right", overrides={"history": "text"})
    assert schema.modalities["history"] == "text"
    assert set(schema.modalities) - set(without_words(schema, ASKED).modalities) == {"history"}
    assert without_words(schema, None) is schema


def test_figures_that_hold_nothing_are_left_out() -> None:
    frame = logs().with_columns(pl.int_range(pl.len()).cast(pl.String).alias("skill"))
    settled = settle_history(Recipe(target="right", history=ASKED), read_table(frame))
    assert settled.columns["history since same skill"] == "ignore"
    assert "history since same skill" not in settled.groups["history figures"].columns
    assert "history rows" in settled.groups["history figures"].columns
