"""Windows of a table of steps: no look-ahead, parts forward in time, repairs counted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.core.recipe import Recipe, make_recipe
from consilience.data.table import Table, read_table
from consilience.data.windows import FUTURE, PAST, every_window, tail_windows, training_windows

PAST_STEPS, HORIZON = 12, 4


def long_table(days: int = 60, entities: int = 3) -> pl.DataFrame:
    random = np.random.default_rng(1)
    rows = []
    for e in range(entities):
        for day in range(days):
            value = 10 * e + np.sin(day / 7 * 2 * np.pi) + random.normal(0, 0.1)
            moment = datetime(2024, 1, 1) + timedelta(days=day)
            rows.append((f"shop{e}", moment, value, float(day % 3), f"news {day % 5}", "north"))
    return pl.DataFrame(rows, schema=["shop", "day", "sold", "price", "news", "region"], orient="row")


def recipe(**series: Any) -> Recipe:
    usual = {"time": "day", "id": "shop", "values": ["sold"], "past": PAST_STEPS, "horizon": HORIZON}
    split = series.pop("split", {})
    block = {**usual, "known": ["price"], "static": ["region"], **series}
    return make_recipe({"target": "sold", "series": block, "split": split})


def cut(frame: pl.DataFrame, chosen: Recipe | None = None) -> Any:
    return training_windows({"train": read_table(frame)}, chosen or recipe())


def test_a_window_holds_past_future_and_target() -> None:
    frame = long_table()
    found = cut(frame).table.frame
    first = found.filter(pl.col("shop") == "shop1")[0]
    steps = frame.filter(pl.col("shop") == "shop1")["sold"].to_numpy()
    place = frame.filter(pl.col("shop") == "shop1")["day"].to_list().index(first["origin"][0])
    assert np.allclose(first[PAST].to_numpy()[0, :, 0], steps[place - PAST_STEPS + 1 : place + 1], atol=1e-5)
    assert np.allclose(first["sold"].to_numpy()[0, :HORIZON], steps[place + 1 : place + 1 + HORIZON], atol=1e-5)
    assert first["news"][0] == f"news {place % 5}"
    assert first[FUTURE].to_numpy().shape[1] == HORIZON


def test_nothing_after_the_origin_is_read() -> None:
    frame = long_table()
    chosen = recipe(known=[])
    before = cut(frame, chosen).table.frame
    row = before.filter(pl.col("part") == "train")[5]
    later = (pl.col("day") > row["origin"][0]) if row["origin"].len() else pl.lit(False)
    changed = frame.with_columns(
        pl.when(later).then(pl.col("sold").reverse() * 7 + 3).otherwise(pl.col("sold")).alias("sold"),
        pl.when(later).then(pl.lit("other")).otherwise(pl.col("news")).alias("news"),
    )
    after = cut(changed, chosen).table.frame
    same = after.filter((pl.col("shop") == row["shop"][0]) & (pl.col("origin") == row["origin"][0]))
    inputs = [c for c in row.columns if c != "sold"]
    assert same.select(inputs).equals(row.select(inputs))
    assert not same["sold"].equals(row["sold"])


def test_no_window_reaches_from_one_part_into_the_next() -> None:
    found = cut(long_table()).table.frame
    parts = {name: part for (name,), part in found.group_by("part")}
    step = timedelta(days=1)
    assert max(parts["train"]["origin"]) + HORIZON * step < min(parts["valid"]["origin"]) + step
    assert max(parts["valid"]["origin"]) + HORIZON * step < min(parts["test"]["origin"]) + step


def test_statistics_come_from_training_steps() -> None:
    frame = long_table()
    last = frame.with_columns(
        pl.when(pl.col("day") > datetime(2024, 2, 20)).then(1e6).otherwise(pl.col("sold")).alias("sold")
    )
    one, other = cut(frame).facts, cut(last).facts
    assert one["mean"] == other["mean"]
    assert one["sd"] == other["sd"]
    assert one["naive_error"] == other["naive_error"]


def test_gaps_and_repeated_times_are_counted() -> None:
    frame = long_table(entities=1)
    holed = frame.filter(pl.col("day") != datetime(2024, 1, 20))
    twice = pl.concat([holed, holed.filter(pl.col("day") == datetime(2024, 1, 10)).with_columns(sold=pl.lit(99.0))])
    found = cut(twice)
    counts = {problem.code: problem.count for problem in found.problems}
    assert counts == {"gap": 1, "duplicate_time": 1}
    windows = found.table.frame.filter(pl.col("origin") == datetime(2024, 1, 21))
    values = windows[PAST].to_numpy()[0, :, 0]
    assert np.isnan(values[-2])
    assert values[0] == 99


def test_short_series_are_named() -> None:
    short = long_table(days=5, entities=1).with_columns(shop=pl.lit("tiny"))
    notes = cut(pl.concat([long_table(), short])).notes
    assert any("'tiny'" in note for note in notes)


def test_a_wide_table_without_times() -> None:
    frame = pl.DataFrame({f"s{i}": np.sin(np.arange(80) + i) for i in range(3)})
    chosen = make_recipe({"target": "*", "series": {"past": 8, "horizon": 2}})
    found = training_windows({"train": read_table(frame)}, chosen)
    assert found.facts["values"] == ["s0", "s1", "s2"]
    assert found.table.frame["*"].to_numpy().shape[1] == 2 * 3 + 3


def test_parts_named_by_a_column() -> None:
    frame = long_table(entities=1).with_columns(pl.Series("where", ["train"] * 30 + ["valid"] * 15 + ["test"] * 15))
    found = cut(frame, recipe(split={"column": "where"})).table.frame
    assert found.filter(pl.col("part") == "valid").height == 15 - HORIZON + 1
    assert "where" not in found.columns


def test_tables_of_their_own_reach_back_into_the_training_steps() -> None:
    frame = long_table(entities=1)
    parts = {"train": frame[:45], "test": frame[45:]}
    found = training_windows({name: read_table(part) for name, part in parts.items()}, recipe()).table.frame
    assert found.filter(pl.col("part") == "test")["origin"].min() == datetime(2024, 1, 1) + timedelta(days=44)


def test_one_window_an_entity_after_the_last_step() -> None:
    frame = long_table()
    facts = cut(frame).facts
    coming = frame.filter(pl.col("day") == datetime(2024, 2, 29)).with_columns(
        day=pl.lit(datetime(2024, 3, 1)), sold=pl.lit(None, dtype=pl.Float64), price=pl.lit(5.0)
    )
    windows, ahead, _ = tail_windows(read_table(pl.concat([frame, coming])), recipe(), facts)
    assert windows.rows == 3
    assert ahead["time"][0] == datetime(2024, 3, 1)
    assert ahead["step"].to_list() == [1, 2, 3, 4] * 3
    prices = windows.frame[FUTURE].to_numpy()[0, :, 0]
    assert prices[0] == 5
    assert np.isnan(prices[1:]).all()


def test_few_steps_are_padded_in_front_and_counted() -> None:
    frame = long_table()
    facts = cut(frame).facts
    windows, _, problems = tail_windows(read_table(frame.filter(pl.col("day") < datetime(2024, 1, 4))), recipe(), facts)
    past = windows.frame[PAST].to_numpy()[:, :, 0]
    assert np.isnan(past[:, :-3]).all()
    assert not np.isnan(past[:, -3:]).any()
    assert [p.count for p in problems if p.code == "short_past"] == [3]


def test_every_origin_of_another_table() -> None:
    frame = long_table()
    facts = cut(frame).facts
    found, _ = every_window(read_table(frame), recipe(), facts)
    assert found.rows == 3 * (60 - PAST_STEPS - HORIZON + 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"values": ["solt"]}, "solt"),
        ({"known": ["prise"]}, "prise"),
        ({"id": None}, "series.id"),
        ({"past": 500}, "no window"),
        ({"split": {"method": "random"}}, "forward in time"),
        ({"frequency": "often"}, "no frequency"),
        ({"time": "news"}, "no times"),
    ],
)
def test_what_cannot_be_cut_says_why(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as raised:
        cut(long_table(), recipe(**change))
    assert words in str(raised.value)


def test_many_steps_are_spaced_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consilience.data.windows.CELLS", 1_000)
    found = cut(long_table())
    assert "one origin every" in found.notes[1]
    assert found.table.rows < 60
    assert isinstance(found.table, Table)


class TestCategoriesKnownAhead:
    def table(self) -> pl.DataFrame:
        kind = pl.when(pl.col("day").dt.weekday() > 5).then(pl.lit("rest")).otherwise(pl.lit("work"))
        return long_table().with_columns(kind.alias("kind"))

    def test_each_step_ahead_has_a_column(self) -> None:
        windows = cut(self.table(), recipe(known=["price", "kind"]))
        assert (windows.facts["known"], windows.facts["kinds"]) == (["price"], ["kind"])
        row = windows.table.frame[7]
        for step in range(1, HORIZON + 1):
            day = row["origin"][0] + timedelta(days=step)
            assert row[f"kind +{step}"][0] == ("rest" if day.isoweekday() > 5 else "work")
        assert "kind" not in windows.facts["others"]

    def test_numbers_may_be_called_categories(self) -> None:
        chosen = recipe(known=["price"]).model_copy(update={"columns": {"price": "category"}})
        windows = cut(long_table(), chosen)
        assert windows.facts["kinds"] == ["price"]
        assert FUTURE in windows.table.frame.columns  # the calendar

    def test_after_the_last_step_only_what_is_known_is_read_and_what_lacks_is_counted(self) -> None:
        frame, chosen = self.table(), recipe(known=["kind"])
        facts = cut(frame, chosen).facts
        last = frame["day"].max()
        assert isinstance(last, datetime)
        more = pl.DataFrame(
            {"shop": ["shop1"] * 2, "day": [last + timedelta(days=d) for d in (1, 2)], "kind": ["feast", "work"]}
        )
        table = read_table(pl.concat([frame, more], how="diagonal"))
        windows, _, problems = tail_windows(table, chosen, facts)
        assert windows.frame.filter(pl.col("shop") == "shop1")["kind +1"].to_list() == ["feast"]
        assert windows.frame.filter(pl.col("shop") == "shop0")["kind +1"].to_list() == [None]
        (lacking,) = [p for p in problems if p.code == "missing_ahead"]
        assert lacking.count == 3 * HORIZON - 2

    def test_too_many_columns_are_refused(self) -> None:
        with pytest.raises(InputError, match="need more than 2,000 columns"):
            cut(self.table(), recipe(known=["kind"], horizon=2_500))
