"""Figures of texts and media within a budget of time; what was left out is not called missing."""

from __future__ import annotations

from consilience.watching.inputs import BURST, LEFT_OUT, SHARE, Summaries, logged_row, summary_row
from consilience.watching.reference import summarise

COLUMNS = {"age": "number", "note": "text"}
ROW = {"age": 3.0, "note": "all quiet"}


class Clock:
    """Each look at the clock takes `step` seconds."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_a_spent_budget_leaves_figures_out_and_time_fills_it_again() -> None:
    clock = Clock(BURST / 2)
    summaries = Summaries(clock)
    first = [summaries.read(ROW, COLUMNS) for _ in range(4)]
    assert first[0] == summary_row(ROW, COLUMNS)
    assert first[-1] == {"age": 3.0, "note": LEFT_OUT}
    assert summaries.read({"age": 3.0, "note": None}, COLUMNS)["note"] is None  # a missing cell stays missing
    clock.now += BURST / SHARE
    assert summaries.read(ROW, COLUMNS) == summary_row(ROW, COLUMNS)


def test_left_out_figures_are_neither_missing_nor_figures() -> None:
    found = summarise([summary_row(ROW, COLUMNS), {"age": 1.0, "note": LEFT_OUT}, {"age": 1.0, "note": None}], COLUMNS)
    assert found["note"]["missing"] == 1
    assert found["note"]["figures"]["characters"] == [9.0]


def test_figures_of_a_series_whatever_its_form() -> None:
    columns = {"s": "series"}
    for cell in ([1.0, None, 3.0, 5.0], "1,,3,5", "[1, null, 3, 5]"):
        found = summary_row({"s": cell}, columns)["s"]
        assert (found["steps"], found["missing"], found["mean"]) == (4.0, 0.25, 3.0)
        assert found["mean_step"] == 2.0
    assert summary_row({"s": "no series"}, columns)["s"] == {"unreadable": 1.0}
    assert logged_row({"s": "[1, 2, 3]"}, columns)["s"]["mean"] == 2.0
