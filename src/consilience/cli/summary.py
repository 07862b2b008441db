"""Prints results: what a run found, how good each model and source is, and where the report lies."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table as Grid
from rich.text import Text

from consilience.evaluation import wording
from consilience.evaluation.language import Language, language_of, plural, say
from consilience.evaluation.sheets import predictors, single_sources
from consilience.modalities.base import Problem

MARKS = {"good": ("▲", "green"), "bad": ("▼", "red"), "plain": ("=", "dim")}
SHOWN = (
    "rouge_1",
    "rouge_2",
    "bleu",
    "chrf",
    "exact_match",
    "accuracy",
    "balanced_accuracy",
    "f1_macro",
    "roc_auc",
    "pr_auc",
    "log_loss",
    "brier",
    "rmse",
    "mae",
    "r2",
)
"""Metrics of the terminal's table after the primary one, as many as the terminal's width takes."""


def print_summary(result: Mapping[str, Any], run: Path | None, console: Console | None = None) -> None:
    """Verdict, metrics beside the references, single sources, weights, warnings, and where the report is."""
    console, language = console or _console(), language_of(result)
    console.print()
    if "targets" in result:
        _print_targets(result, run, console, language)
        return
    _print_verdict(result, console, language)
    console.print()
    console.print(_grid(result, console.width, language))
    _print_weights(result, console, language)
    _print_findings(result, console, language)
    if run is not None:
        console.print()
        console.print(Text(f"run     {run}"), soft_wrap=True)
        console.print(Text(f"report  {run / 'report.html'}"), soft_wrap=True)


def _print_targets(result: Mapping[str, Any], run: Path | None, console: Console, language: Language) -> None:
    """A table of several targets, the verdict of each, whether learning them together helped, and where the report
    is."""
    from consilience.evaluation.several_report import target_sheet, together_sentences

    sheet = target_sheet(result, result["targets"], language)
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for number, header in enumerate(sheet.headers):
        words = number < sheet.labels or number in sheet.words
        grid.add_column(Text(header), justify="left" if words else "right", overflow="fold")
    for row in sheet.rows:
        grid.add_row(*(Text(cell) for cell in row))
    console.print(grid)
    for target, found in result["targets"].items():
        console.print()
        console.print(Text(say("targets.chapter", language, target=target), style="bold"))
        _print_verdict({**found, "recipe": result.get("recipe")}, console, language)
    console.print()
    console.print(Text(say("targets.together.title", language), style="bold"))
    for sentence in together_sentences(result, language):
        _print_sentence(sentence, console)
    _print_findings(result, console, language)
    if run is not None:
        console.print()
        console.print(Text(f"run     {run}"), soft_wrap=True)
        console.print(Text(f"report  {run / 'report.html'}"), soft_wrap=True)


def print_demo(
    inspection: Any, result: Mapping[str, Any], run: Path, predictions: Path, console: Console | None = None
) -> None:
    """The demo's last words: the columns, each source alone, all together, and where everything lies."""
    console = console or _console()
    console.print()
    columns = [c for c in inspection.schema.columns if c.name != inspection.schema.target]
    seen = ", ".join(f"{c.name} ({c.modality})" for c in columns)
    console.print(Text(f"{inspection.table}: {wording.count(inspection.rows, 'row')}, {seen}"))
    metric = str(result["primary"])
    together = [("all together", "network", result.get("network") or {})]
    default = [(wording.default_name(result), "default", result.get("test") or {})]
    rows = [*single_sources(result), *together, *(default if result.get("predictor") == "stack" else [])]
    grid = _plain_grid([f"on {result['rows']['test']:,} test rows", wording.metric_name(metric), "95 % interval"])
    for label, kind, scores in rows:
        score = scores.get(metric) or {}
        cells = [label, wording.number(metric, score.get("value")), wording.interval(metric, score)]
        grid.add_row(*(Text(cell) for cell in cells), style=None if kind == "alone" else "bold")
    console.print()
    console.print(grid)
    console.print()
    _print_verdict(result, console)
    console.print()
    console.print(Text(f"predictions  {predictions}"), soft_wrap=True)
    console.print(Text(f"report       {run / 'report.html'}"), soft_wrap=True)


def print_evaluation(result: Mapping[str, Any], console: Console | None = None) -> None:
    """Metrics of a trained model on another table, beside references and single sources where judged."""
    console = console or _console()
    if hidden := result.get("hidden"):
        console.print(Text(f"treated as missing: {', '.join(hidden)}"))
    if result.get("comparison"):
        for sentence in wording.verdict({"rows": {}, "target": None, **result})[1:]:
            _print_sentence(sentence, console)
    console.print(_grid({"predictor": "network", **result}, console.width))
    _print_weights(result, console)


def print_problems(problems: Iterable[Problem], console: Console | None = None) -> None:
    """Every repair that a prediction needed, counted, on standard error."""
    console = console or Console(file=sys.stderr, highlight=False)
    for problem in problems:
        rows = wording.count(problem.count, "cell")
        example = f", for example {problem.examples[0]}" if problem.examples else ""
        line = f"warning: column {problem.column!r}: {rows}: {problem.message}{example}"
        console.print(Text(line, style="yellow"), soft_wrap=True)


def _console() -> Console:
    return Console(highlight=False)


def _print_verdict(result: Mapping[str, Any], console: Console, language: Language = "en") -> None:
    first, *others = wording.verdict(result, language)
    console.print(Text(first.text, style="bold"))
    for sentence in others:
        _print_sentence(sentence, console)


def _print_sentence(sentence: wording.Sentence, console: Console) -> None:
    mark, style = MARKS[sentence.tone]
    console.print(Text.assemble((mark, style), " ", sentence.text))


def _plain_grid(headers: Sequence[str]) -> Grid:
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for number, header in enumerate(headers):
        side: JustifyMethod = "right" if number else "left"
        grid.add_column(Text(header), justify=side, no_wrap=bool(number), overflow="fold")
    return grid


def _fitting(result: Mapping[str, Any], room: int, language: Language) -> list[str]:
    """The primary metric and those of SHOWN that were measured, as many as fit into `room` letters."""
    test, primary = result.get("test") or {}, str(result.get("primary"))
    metrics: list[str] = []
    for name in [primary, *(name for name in SHOWN if name != primary)]:
        if name in test:
            room -= max(cell_len(wording.metric_name(name, language)), 7) + 2
            if room >= 0 or not metrics:
                metrics.append(name)
    return metrics


def _grid(result: Mapping[str, Any], width: int, language: Language = "en") -> Grid:
    """Models and single sources as rows, metrics as columns; the interval of the primary metric."""
    metrics = _fitting(result, width - 40, language)
    headers = ["", *(wording.metric_name(name, language) for name in metrics)]
    headers.insert(2, say("page.head.interval", language))
    grid = _plain_grid(headers)
    for label, kind, scores in [*predictors(result, language), *single_sources(result, language)]:
        if not scores:
            continue
        cells = [label, *(wording.number(name, (scores.get(name) or {}).get("value"), language) for name in metrics)]
        cells.insert(2, wording.interval(metrics[0], scores.get(metrics[0]) or {}, language) if metrics else "")
        grid.add_row(*(Text(cell) for cell in cells), style="bold" if kind == "default" else None)
    return grid


def _print_weights(result: Mapping[str, Any], console: Console, language: Language = "en") -> None:
    weights = (result.get("stack") or {}).get("weights") or {}
    if len(weights) > 1:
        named = (f"{wording.predictor_name(n, language=language)} {weight:.2f}" for n, weight in weights.items())
        shown = say("sentences.list.comma", language).join(named)
        console.print(Text(say("sentences.summary.weights", language, weights=shown)))


def _print_findings(result: Mapping[str, Any], console: Console, language: Language) -> None:
    """One line that sums up what the report lists."""
    findings = [f for f in result.get("findings") or () if f.get("severity") in ("error", "warning")]
    repaired = sum(int(p["count"]) for p in result.get("problems") or ())
    parts = []
    if findings:
        codes = say("sentences.list.comma", language).join(dict.fromkeys(str(f["code"]) for f in findings))
        counted = plural("finding", len(findings), language)
        parts.append(say("sentences.summary.findings", language, count=counted, codes=codes))
    if repaired:
        parts.append(say("sentences.summary.repaired", language, cells=plural("cell", repaired, language)))
    if parts:
        what = say("sentences.list.and", language).join(parts)
        console.print(Text(say("sentences.summary.see", language, what=what), style="yellow"))
