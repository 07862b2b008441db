"""Each check of a run on crafted results: where it must speak, where it must not, and where it cannot look."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from consilience.core.registry import get, names
from consilience.data.findings import NotApplicable
from consilience.evaluation.checks.base import check_result
from consilience.evaluation.language import say, words
from consilience.evaluation.report import render_report

fake = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "fake_result.py")))
Result = dict[str, Any]


def good() -> Result:
    """A result in which no check finds anything."""
    result: Result = fake.classification()
    result["findings"] = []
    result["contribution"] = fake.contribution()
    for part in ("shapley", "shares"):
        result["contribution"][part]["record"] = fake.score(0.05, 0.02)
    result["calibration"] = fake.calibration(0.02, 0.01)
    result["coverage"] = fake.coverage(0.91, 0.03)
    return result


def course(valid: list[float], train: list[float] | None = None, best: int = 0) -> list[dict[str, Any]]:
    train = train or [2.0 - 0.1 * i for i in range(len(valid))]
    rows = [
        {"event": "evaluation", "network": "network", "epoch": i, "loss": t, "valid": {"log_loss": v}}
        for i, (v, t) in enumerate(zip(valid, train, strict=True))
    ]
    return [*rows, {"event": "end", "network": "network", "best": [[0.9, -0.1, best, "gated"]], "seconds": 1.0}]


FLAT = course([1.0, 0.5, 0.4, 0.4, 0.41], best=3)


def look(code: str, result: Result, events: Any = FLAT) -> list[Any]:
    found: list[Any] = get("run_check", code)().look(result, events, "en")
    return found


def change(**parts: Any) -> Callable[[Result], None]:
    return lambda result: result.update(parts)


def lose(name: str, stack: bool = True) -> Callable[[Result], None]:
    def apply(result: Result) -> None:
        result["comparison"][name] = fake.pair(-0.05, 0.02, "worse")
        result["predictor"] = "stack" if stack else "network"

    return apply


def contribution(**parts: Any) -> Callable[[Result], None]:
    return lambda result: result["contribution"].update(parts)


def guess(part: str, value: float, half: float) -> Callable[[Result], None]:
    def apply(result: Result) -> None:
        result[part]["accuracy"] = fake.score(value, half)
        result["references"]["majority"]["accuracy"] = fake.score(0.5, 0.05)

    return apply


def nothing(result: Result) -> None:
    pass


FIRES = [
    ("leak", "error", change(findings=fake.findings()), FLAT, "target_leak, near_duplicate_image"),
    ("leak", "warning", change(findings=fake.findings()[:1]), FLAT, "near_duplicate_image"),
    (
        "lost_coverage",
        "warning",
        change(coverage={"level": 0.9, "overall": {"coverage": fake.score(0.8, 0.05)}}),
        FLAT,
        "80.0 % (95 % interval 75.0 % to 85.0 %)",
    ),
    (
        "lost_coverage",
        "info",
        change(coverage={"level": 0.9, "overall": {"coverage": fake.score(0.97, 0.01)}}),
        FLAT,
        "wider than they need",
    ),
    ("miscalibration", "warning", change(calibration={"ece": fake.score(0.09, 0.02)}), FLAT, "0.09 (95 % interval"),
    ("overfitting", "warning", nothing, course([1.0, 0.4, 0.5, 0.6], best=3), "50 % above its lowest (1 of 1"),
    ("overfitting", "info", nothing, course([1.0, 0.4, 0.5, 0.6], best=1), "rose by 50 %"),
    ("overfitting", "warning", change(valid={"accuracy": 0.9999}, test=fake.scores(0.9)), FLAT, "further apart"),
    ("too_few_rows", "warning", change(rows={"train": 300, "valid": 50, "test": 60}), FLAT, "60 test rows"),
    ("too_few_rows", "warning", guess("test", 0.53, 0.06), FLAT, "53.0 % (95 % interval 47.0 to 59.0 %)"),
    ("underfitting", "warning", guess("network", 0.49, 0.06), FLAT, "no better than 50.0 %"),
    ("underfitting", "info", nothing, course([1.0, 0.8, 0.6, 0.4], best=3), "still fell by 33 %"),
    ("unstable_seeds", "warning", contribution(per_member=[0.12, -0.02, 0.2]), FLAT, "3 networks"),
    ("unstable_seeds", "warning", contribution(per_member=[0.02, 0.2]), FLAT, "+2.0 to +20.0 points"),
    ("unused_discipline", "info", contribution(shapley=fake.contribution()["shapley"]), FLAT, "“record” contributes"),
    (
        "unused_discipline",
        "warning",
        contribution(shapley={"a": fake.score(0.2, 0.1), "b": fake.score(-0.05, 0.02)}),
        FLAT,
        "“b” contributes −5.0 points of accuracy (95 % interval −7.0 to −3.0 points): it makes",
    ),
    ("worse_than_linear", "error", lose("default_linear"), FLAT, "by 5.0 points of accuracy"),
    ("worse_than_linear", "warning", lose("network_linear"), FLAT, "The network alone"),
    ("worse_than_linear", "error", lose("network_linear", stack=False), FLAT, "The network alone"),
]


@pytest.mark.parametrize(("code", "severity", "spoil", "events", "words"), FIRES)
def test_it_fires(code: str, severity: str, spoil: Any, events: Any, words: str) -> None:
    result = good()
    spoil(result)
    (finding,) = look(code, result, events)
    assert (finding.code, finding.severity) == (code, severity)
    assert words in finding.message


@pytest.mark.parametrize("code", names("run_check"))
def test_it_is_silent_where_all_is_well(code: str) -> None:
    assert look(code, good()) == []


@pytest.mark.parametrize("code", names("run_check"))
def test_it_says_that_it_cannot_look(code: str) -> None:
    with pytest.raises(NotApplicable):
        look(code, {"primary": "accuracy"}, [])


@pytest.mark.parametrize(
    ("code", "spoil"),
    [
        ("miscalibration", change(calibration={"ece": fake.score(0.06, 0.02)})),
        ("too_few_rows", guess("test", 0.49, 0.06)),
        ("unstable_seeds", contribution(per_member=[-0.01, 0.02], verdict="no evidence")),
        ("worse_than_linear", change(comparison={"default_linear": fake.pair(-0.01, 0.02, "no difference")})),
    ],
)
def test_what_cannot_be_told_from_chance_is_no_finding(code: str, spoil: Any) -> None:
    result = good()
    spoil(result)
    assert look(code, result) == []


def test_regression_counts_downwards() -> None:
    result = {**good(), **{k: v for k, v in fake.regression().items() if k != "findings"}}
    found = {f.code: f.severity for f in check_result(result, [])[0]}
    assert found["worse_than_linear"] == "error"
    assert "underfitting" not in found
    result["network"]["rmse"] = fake.score(4000.0, 100)
    assert "underfitting" in {f.code for f in check_result(result, [])[0]}


def test_findings_come_worst_first_and_in_chinese_too() -> None:
    result = good()
    lose("default_linear")(result)
    contribution(shapley=fake.contribution()["shapley"])(result)
    found, skipped = check_result(result, FLAT)
    assert [f.severity for f in found] == ["error", "info"]
    assert skipped == []
    chinese, _ = check_result(result, FLAT, "zh")
    assert chinese[0].title == "不如线性模型"
    assert "准确率相差 5.0 个百分点" in chinese[0].message
    stored = {**result, "findings": [f._asdict() for f in found]}
    html = render_report(stored, FLAT, "zh")
    assert chinese[0].message in html
    assert found[0].message not in html
    assert found[0].message in render_report(stored, FLAT)


def test_every_check_is_documented_and_titled() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "checks.md").read_text(encoding="utf-8")
    anchors = re.findall(r"^## (\w+)$", docs, re.MULTILINE)
    for code in names("run_check"):
        check = get("run_check", code)
        assert anchors.count(code) == 1
        assert check.code == code
        assert check.title == say(f"run_checks.title.{code}")
        assert any(key.startswith(f"{code}.") for key in words("run_checks", "en"))
