"""What a reader stumbles over: signs before nothing, names of groups, intervals without their value, labels cut off."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from consilience.evaluation import wording
from consilience.evaluation.charts.dot_whisker import Score, dot_whisker
from consilience.evaluation.charts.svg import in_lines, text_width, tick_below
from consilience.evaluation.forecasting.halves import forecast_halves
from consilience.evaluation.intervals import summary
from consilience.evaluation.methods import facts_of, split_sentence

FORECAST: dict[str, Any] = {
    "task": "forecast",
    "target": "sold",
    "primary": "mase",
    "predictor": "stack",
    "rows": {"train": 9, "valid": 1, "test": 4},
    "groups": {"past": {"columns": ["past"]}, "future": {"columns": ["future"]}},
    "split": {"method": "time"},
    "ignored": {"origin": "left out as asked", "part": "left out as asked", "shop": "x", "note": "left out as asked"},
    "recipe": {"series": {"time": "day", "id": "shop", "past": 28, "horizon": 7, "known": ["price"], "calendar": True}},
    "test": {"mase": {"value": 0.5, "low": 0.4, "high": 0.6}},
    "stack": {"weights": {"network": 0.0, "past_linear": 1.0}},
    "comparison": {
        "default_baseline": {"metric": "mase", "value": -0.0, "low": -0.0, "high": 0.0, "verdict": "no difference",
                             "baseline": "past_linear"},
    },
}  # fmt: skip


def test_no_sign_stands_before_nothing() -> None:
    assert wording.gap("mase", -0.0, True) == wording.gap("mase", 0.0, True) == "0"
    assert wording.gap("roc_auc", 0.0, True) == "0.000"
    assert wording.percent(-0.001, 0) == "0 %"
    assert wording.gap("roc_auc", -0.25, True) == "−0.250"
    assert wording.gap("roc_auc", 0.25, True) == "+0.250"


def test_a_stack_of_one_model_is_called_by_its_name() -> None:
    said = [sentence.text for sentence in wording.verdict(FORECAST)]
    assert said[0].startswith("On 4 held-out windows")
    assert said[1].startswith("The default prediction is that of the linear map of the past")
    assert "cannot be told" not in " ".join(said)
    assert wording.weights_sentence(FORECAST).count("The linear map of the past carries the most.") == 1


def test_groups_are_called_in_the_language_of_the_page() -> None:
    assert wording.group_name("number") == "number"
    assert wording.group_name("number", "zh") == "数值"
    assert wording.group_name("past", "zh") == "历史"
    assert wording.group_name("radiology", "zh") == "radiology"


def test_a_forecast_says_what_it_is_made_of() -> None:
    assert forecast_halves(FORECAST, "en") == (
        "“past” is the last 28 steps of the forecast columns and every other column of numbers. “future” is what is "
        "known of the 7 steps ahead: price, the calendar."
    )
    assert forecast_halves({**FORECAST, "task": "regression"}, "en") == ""
    assert split_sentence(FORECAST) == "Rows were divided by “day”: the latest rows were held out."
    series = {"series": {"time": None}}
    assert (
        split_sentence({**FORECAST, "recipe": series})
        == "Rows were divided in their order: the last ones were held out."
    )
    left = dict(facts_of(FORECAST))["Columns left out"]
    assert left == "note (left out as asked)"


def test_an_interval_holds_its_value() -> None:
    found = summary(0.6, np.linspace(0.65, 0.8, 50))
    assert found["low"] == 0.6 < found["high"]
    assert np.isnan(summary(float("nan"), np.zeros(0))["low"])


def test_labels_stay_inside_the_picture() -> None:
    x = float(re.search(r'x="([\d.]+)"', tick_below(355.0, 10.0, "100 %", 360))[1])  # type: ignore[index]
    assert x + text_width("100 %") / 2 <= 360
    axis = "mean size of the effect, percentage points of the predicted class's probability"
    assert len(in_lines(axis, 350)) == 2
    drawn = dot_whisker([("", [Score("a", "default", 1.0, 0.5, 2.0, "1.0")])], axis, False, 350)
    assert all(line in drawn for line in (line.replace("'", "&#x27;") for line in in_lines(axis, 350)))
