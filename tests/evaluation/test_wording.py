from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from consilience.evaluation import wording
from consilience.tasks.metrics import HIGHER_IS_BETTER

fake_result = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("fake_result.py"))))


def said(result: dict[str, Any]) -> str:
    return " ".join(sentence.text for sentence in wording.verdict(result))


def test_every_metric_has_a_name() -> None:
    assert set(HIGHER_IS_BETTER) <= set(wording.METRICS)


@pytest.mark.parametrize(
    ("metric", "value", "shown"),
    [
        ("accuracy", 0.9634, "96.3 %"),
        ("accuracy", 0.99526, "99.53 %"),
        ("accuracy", 1.0, "100.0 %"),
        ("roc_auc", 0.9492, "0.949"),
        ("roc_auc", 0.99856, "0.9986"),
        ("r2", -0.25, "−0.250"),
        ("rmse", 1234.56, "1,235"),
        ("mae", 0.001234567, "0.001235"),
        ("log_loss", None, "–"),
        ("brier", float("nan"), "–"),
    ],
)
def test_numbers_are_rounded_for_reading(metric: str, value: float | None, shown: str) -> None:
    assert wording.number(metric, value) == shown


def test_the_verdict_says_what_how_good_and_whether_joining_helps() -> None:
    result = fake_result.classification()
    first, joining, network, default = wording.verdict(result)
    assert "300 held-out rows" in first.text
    assert "an accuracy of 96.3 % (95 % interval 94.3 to 98.3 %)" in first.text
    assert "without looking at any column it would be 10.0 %" in first.text
    assert joining.tone == "good"
    assert "beats “image” alone, the best single source, by 12.4 points" in joining.text
    assert "(95 % interval 8.6 to 16.2 points)" in joining.text
    assert network.text.startswith("The network beats the linear reference by 34.7 points")
    assert default.text.startswith("The default prediction beats")


def test_a_network_that_loses_is_said_to_lose() -> None:
    first, joining, network = wording.verdict(fake_result.regression())
    assert first.text.startswith("On 300 held-out rows the network predicts “price (€)” with a root mean")
    assert joining.tone == "plain"
    assert "added nothing that can be told from noise" in joining.text
    assert "differs by −8.3" in joining.text
    assert "(95 % interval −38.3 to +21.7)" in joining.text
    assert network.tone == "bad"
    assert network.text.startswith("The network loses to the linear reference by 224 of root mean squared error")
    assert network.text.endswith("(95 % interval 154 to 294).")


def test_joining_that_hurts_is_said_to_hurt() -> None:
    result = fake_result.classification()
    result["comparison"]["fused_single"] = {**fake_result.pair(-0.03, 0.01, "worse"), "single": "audio"}
    assert "hurts: the network on all of them loses to “audio” alone" in said(result)
    assert "by 3.0 points of accuracy (95 % interval 2.0 to 4.0 points)" in said(result)


def test_undefined_values_are_said_without_figures() -> None:
    result = fake_result.classification()
    result["test"]["accuracy"] = {"value": None, "low": None, "high": None}
    result["comparison"]["network_linear"] |= {
        "value": None,
        "low": None,
        "high": None,
        "verdict": "no difference",
    }
    assert "an accuracy of –;" in said(result)
    assert "differs by – of accuracy" in said(result)


def test_weights_of_nothing_are_named() -> None:
    sentence = wording.weights_sentence(fake_result.classification())
    assert "The network carries the most" in sentence
    assert sentence.endswith("No weight: linear reference.")


@pytest.mark.parametrize(("seconds", "shown"), [(4.21, "4.2 s"), (254.3, "4 min 14 s"), (7500, "2 h 5 min")])
def test_durations(seconds: float, shown: str) -> None:
    assert wording.duration(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(9216, "9,216"), (184_320, "184 k"), (24.5e6, "24.5 M"), (3.1e9, "3.1 G")]
)
def test_short_counts(value: float, shown: str) -> None:
    assert wording.short_count(value) == shown
