from __future__ import annotations

import io
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rich.console import Console

from consilience.cli.summary import print_demo, print_evaluation, print_problems, print_summary
from consilience.data.inspection import inspect
from consilience.modalities.base import Problem

fake = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "evaluation" / "fake_result.py")))


def console() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=140, highlight=False), file


def summary(result: dict[str, Any], run: Path | None = None) -> str:
    screen, file = console()
    print_summary(result, run, screen)
    return file.getvalue()


def line_of(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def test_the_summary_gives_verdict_figures_weights_and_report(tmp_path: Path) -> None:
    text = summary(fake.classification(), tmp_path / "run")
    places = [text.index(words) for words in ("On 300 held-out rows", "▲ Joining", "stack of all models  ")]
    assert places == sorted(places)
    assert "96.3 %  94.3 to 98.3 %" in line_of(text, "stack of all models")
    assert "61.0 %" in line_of(text, "linear reference")
    assert "83.3 %" in line_of(text, "only image")
    assert "weights of the stack: network 0.83, linear reference 0.00, boosted trees 0.17" in text
    assert "2 findings about data and run (near_duplicate_image, target_leak) and 1,207 cells repaired" in text
    assert line_of(text, "report").endswith(str(tmp_path / "run" / "report.html"))


def test_a_loss_is_marked_and_said() -> None:
    text = summary(fake.regression())
    assert "▼ The network loses to the linear reference by 224" in text
    assert "training mean" in text
    assert "weights of the stack" not in text
    assert "report.html" not in text


def test_markup_in_names_is_only_text() -> None:
    result = fake.classification()
    result["alone"] = {"[bold red]x[/]": result["alone"]["image"]}
    result["target"] = "[link=http://x]y"
    text = summary(result)
    assert "only [bold red]x[/]" in text
    assert "“[link=http://x]y”" in text


def test_the_demo_ends_with_each_source_alone_and_all_together(tmp_path: Path) -> None:
    seen = inspect({"age": [i * 1.5 for i in range(40)], "digit": ["a", "b"] * 20}, "digit", fast=True)
    screen, file = console()
    print_demo(seen, fake.classification(), tmp_path / "run", tmp_path / "predictions.parquet", screen)
    text = file.getvalue()
    places = [text.index(words) for words in ("age (number)", "only image", "only audio", "all together", "Joining")]
    assert places == sorted(places)
    assert "95.7 %" in line_of(text, "all together")
    assert "predictions.parquet" in text
    assert "report.html" in text


def test_an_evaluation_prints_with_and_without_judgement() -> None:
    screen, file = console()
    result = fake.classification()
    print_evaluation({"task": "multiclass", "primary": "accuracy", "test": result["test"], "hidden": ["audio"]}, screen)
    assert "treated as missing: audio" in file.getvalue()
    assert "96.3 %" in file.getvalue()
    screen, file = console()
    keys = ("task", "primary", "test", "network", "references", "alone", "comparison", "stack", "predictor")
    print_evaluation({key: result[key] for key in keys}, screen)
    assert "Joining the sources helps" in file.getvalue()
    assert "only audio" in file.getvalue()


def test_repairs_are_counted_on_a_line_each() -> None:
    screen, file = console()
    problem = Problem("not_a_number", "[b]age", "not a number; treated as missing", 1204, [3], ["'n/a'"])
    print_problems([problem], screen)
    assert file.getvalue().strip() == (
        "warning: column '[b]age': 1,204 cells: not a number; treated as missing, for example 'n/a'"
    )
    screen, file = console()
    print_problems([], screen)
    assert file.getvalue() == ""
