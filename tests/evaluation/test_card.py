from __future__ import annotations

import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from consilience.evaluation.card import escaped, model_card, table
from consilience.evaluation.language import LANGUAGES

fake = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("fake_result.py"))))
HOSTILE = "a|b\n# c <script>`x`"


def full() -> dict[str, Any]:
    result: dict[str, Any] = fake.classification()
    result["contribution"] = fake.contribution()
    result["calibration"] = fake.calibration(0.021, 0.01)
    result["coverage"] = fake.coverage(0.91, 0.03)
    return result


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_says_all_that_a_reader_must_know(language: str) -> None:
    text = model_card(full(), language)
    facts = ["Mitchell", "digit", "train.parquet", "ab" * 32, "conv\\_image", "record", "target\\_leak", "temperature"]
    facts += ["0.021", "--recipe recipe.yaml", "torch 2.13.0", "patient\\_id", "2030-01-02"]
    for fact in facts:
        assert fact in text, fact
    assert text.count("\n# ") + text.startswith("# ") == 1
    assert len(re.findall(r"^## ", text, re.MULTILINE)) == 9
    assert "/home/x" not in text


def test_figures_have_intervals_and_references() -> None:
    text = model_card(full())
    assert "| stack of all models | 96.3 % | 94.3 to 98.3 % |" in text
    assert "| linear reference | 61.0 % | 59.0 to 63.0 % |" in text
    assert "| only audio | 71.7 % | 69.7 to 73.7 % |" in text
    assert "| image | +45.0 points | +40.0 to +50.0 points |" in text
    assert "hold the truth in 91.0 % of the test rows (95 % interval 88.0 % to 94.0 %)" in text
    assert "must not decide about a person on its own" in text
    assert "Not stated." in text


def test_what_was_not_measured_is_said_to_be_missing() -> None:
    result = fake.regression()
    for key in ("data", "versions", "findings", "ignored", "problems", "created"):
        del result[key]
    text = model_card(result)
    assert "The contribution of the sources was not measured." in text
    assert "Neither calibration nor coverage was measured." in text
    assert "No groups of rows were compared." in text
    assert "no external validation" in text
    assert "| root mean squared error | 1,056 | 966.1 to 1,146 |" in text


def test_a_chinese_card_is_chinese() -> None:
    text = model_card(full(), "zh")
    assert "## 预期用途" in text
    assert "| 线性参考模型 | 61.0% | 59.0%～63.0% |" in text
    own = re.sub(r"```.*?```|Model Cards for Model Reporting|consilience evaluate RUN TABLE", "", text, flags=re.DOTALL)
    details = {str(f["message"]) for f in fake.findings()}
    for line in own.splitlines():
        if not any(escaped(detail) in line for detail in details):
            assert not re.search(r"[A-Za-z]{2,}(?: [A-Za-z]+){3,}", line), line


def test_names_cannot_break_the_markdown() -> None:
    result = full()
    result["target"] = HOSTILE
    result["groups"] = {HOSTILE: {**result["groups"]["record"], "columns": [HOSTILE]}}
    result["data"]["train"]["name"] = HOSTILE
    text = model_card(result)
    assert "\n# c" not in text
    assert re.search(r"(?<!\\)<script", re.sub(r"```.*?```", "", text, flags=re.DOTALL)) is None
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("| ")]
    assert set(widths) <= {4, 5}


def test_tables() -> None:
    assert table(["a", "b"], [["1", "x|y"]]) == "| a | b |\n| --- | --- |\n| 1 | x\\|y |"
    assert table(["a"], []) == ""
