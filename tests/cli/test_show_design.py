from __future__ import annotations

import io
import runpy
from pathlib import Path
from typing import Any

from rich.console import Console

from consilience.cli.show_design import print_design

groups = runpy.run_path(str(Path(__file__).parents[1] / "evaluation" / "fake_result.py"))["groups"]


def design() -> dict[str, Any]:
    fusion = {"type": "auto", "candidates": ["concat", "gated"], "width": 96, "parameters": 30_000}
    return {
        "groups": groups(),
        "fusion": fusion,
        "head": {"outputs": 10, "parameters": 970},
        "parameters": 412_345,
        "flops": 86_000_000,
        "task": "multiclass",
        "task_reason": "10 distinct values",
        "rows": {"train": 960, "valid": 120, "test": 120},
        "split": "Random, stratified by class.",
        "folds": 5,
        "ignored": {"id": "identifier"},
        "recipe": {},
    }


def shown(value: dict[str, Any]) -> str:
    file = io.StringIO()
    print_design(value, Console(file=file, width=140, highlight=False))
    return file.getvalue()


def test_the_network_is_printed_in_figures() -> None:
    text = shown(design())
    for words in (
        "task multiclass: 10 distinct values",
        "rows 960 train, 120 valid, 120 test",
        "left out id (identifier)",
        "number_periodic",
        "height and 2 more",
        "24.5 M",
        "fusion auto of concat, gated, the better on validation rows, width 96, 30,000 parameters",
        "head 10 outputs, 970 parameters",
        "network 412,345 parameters, 86 M FLOPs a row; 5 networks, one a fold",
    ):
        assert words in text, words


def test_the_least_a_design_holds_prints() -> None:
    text = shown({"groups": {"[b]x": groups()["record"]}, "fusion": "concat", "parameters": 5, "flops": 7})
    assert "[b]x" in text
    assert "fusion concat" in text
    assert "network 5 parameters, 7 FLOPs a row" in text
