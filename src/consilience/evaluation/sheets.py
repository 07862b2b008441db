"""The tables of a report: what is shown, and the same figures unrounded as CSV for download."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from consilience.evaluation import wording
from consilience.evaluation.language import Language, known, say

Result = Mapping[str, Any]
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class Sheet(NamedTuple):
    """name (of the downloaded file), headers, rows as shown, and rows unrounded.

    labels: how many of the first columns are row headers. words: other columns that hold text, aligned left.
    raw_headers: of the unrounded rows, where they have other columns than those shown.
    """

    name: str
    headers: list[str]
    rows: list[list[str]]
    raw: list[list[Any]]
    labels: int = 1
    words: tuple[int, ...] = ()
    raw_headers: tuple[str, ...] = ()

    @property
    def data_uri(self) -> str:
        """The unrounded table as a CSV `data:` address."""
        return "data:text/csv;charset=utf-8," + quote(csv_text(self.raw_headers or self.headers, self.raw))


def csv_text(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """CSV with a byte-order mark, for spreadsheets to read UTF-8; text like a formula is quoted."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for row in [headers, *rows]:
        writer.writerow([_inert(cell) for cell in row])
    return "\ufeff" + file.getvalue()


def _inert(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_SIGNS) else cell


def predictors(result: Result, language: Language = "en") -> list[tuple[str, str, Mapping[str, Any]]]:
    """(label, kind, {metric: score}) of everything that predicted: default, network, references, floor."""
    task = str(result.get("task"))
    rows = [(wording.default_name(result, language), "default", result.get("test") or {})]
    if result.get("predictor") == "stack":
        rows.append((wording.predictor_name("network", language=language), "network", result.get("network") or {}))
    for name, scores in (result.get("references") or {}).items():
        kind = "floor" if name == "majority" else "reference"
        rows.append((wording.predictor_name(name, task, language), kind, scores))
    return rows


def single_sources(result: Result, language: Language = "en") -> list[tuple[str, str, Mapping[str, Any]]]:
    """(label, "alone", {metric: score}) of each group's own prediction."""
    alone = result.get("alone") or {}
    return [
        (say("sentences.only", language, group=wording.group_name(group, language)), "alone", scores)
        for group, scores in alone.items()
    ]


def heads(names: Sequence[str], language: Language) -> list[str]:
    """Table headers by their name in the catalogue; "" stays empty."""
    return [say(f"page.head.{name}", language) if name else "" for name in names]


def score_sheet(metric: str, rows: Sequence[tuple[str, str, Mapping[str, Any]]], language: Language = "en") -> Sheet:
    """One metric of every predictor, with its interval."""
    shown, raw = [], []
    for label, _, scores in rows:
        score = scores.get(metric) or {}
        ends = [score.get("value"), score.get("low"), score.get("high")]
        shown.append([label, *(wording.number(metric, value, language) for value in ends)])
        raw.append([label, *ends])
    headers = ["", wording.metric_name(metric, language), *heads(["from", "to"], language)]
    return Sheet(f"{metric}.csv", headers, shown, raw)


def metric_sheet(result: Result, metrics: Sequence[str], language: Language = "en") -> Sheet:
    """Every metric (rows) of every predictor (columns), interval under the value."""
    columns = predictors(result, language)
    shown, raw = [], []
    for metric in metrics:
        cells = [scores.get(metric) or {} for _, _, scores in columns]
        name = wording.metric_name(metric, language)
        shown.append([name, *(_with_interval(metric, cell, language) for cell in cells)])
        for (label, _, _), cell in zip(columns, cells, strict=True):
            raw.append([metric, label, cell.get("value"), cell.get("low"), cell.get("high")])
    return Sheet("metrics.csv", ["", *(label for label, _, _ in columns)], shown, raw)


def _with_interval(metric: str, score: Mapping[str, Any], language: Language) -> str:
    value, between = wording.number(metric, score.get("value"), language), wording.interval(metric, score, language)
    return f"{value}\n{between}" if between else value


def weight_sheet(result: Result, language: Language = "en") -> Sheet:
    weights = (result.get("stack") or {}).get("weights") or {}
    shown = [[wording.predictor_name(name, language=language), f"{weight:.3f}"] for name, weight in weights.items()]
    return Sheet("weights.csv", heads(["model", "weight"], language), shown, [[n, w] for n, w in weights.items()])


def confusion_sheet(labels: Sequence[str], matrix: Sequence[Sequence[int]], language: Language = "en") -> Sheet:
    raw = [[label, *counts] for label, counts in zip(labels, matrix, strict=True)]
    shown = [[str(cell) for cell in row] for row in raw]
    return Sheet("confusion.csv", [*heads(["square"], language), *labels], shown, raw)


def pair_sheet(pairs: Sequence[tuple[str, str, int, float]], language: Language = "en") -> Sheet:
    shown = [[a, p, f"{n:,}", wording.percent(s, language=language)] for a, p, n, s in pairs]
    axes = [say("page.axis.actual", language), say("page.axis.predicted", language)]
    headers = [*axes, *heads(["rows", "share"], language)]
    return Sheet("confused.csv", headers, shown, [list(p) for p in pairs], 2)


def scatter_sheet(scatter: Mapping[str, Any], language: Language = "en") -> Sheet:
    raw = [[a, p] for a, p in zip(scatter["actual"], scatter["predicted"], strict=True)]
    shown = [[wording.number("value", cell) for cell in row] for row in raw]
    headers = [say("page.axis.actual", language), say("page.axis.predicted", language)]
    return Sheet("scatter.csv", headers, shown, raw, 0)


def curve_sheet(history: Mapping[str, Sequence[Mapping[str, Any]]], metric: str, language: Language = "en") -> Sheet:
    """Loss and validation metric by network and epoch."""
    shown, raw = [], []
    for network, events in history.items():
        for event in events:
            loss, valid = event.get("loss"), (event.get("valid") or {}).get(metric)
            epoch = int(event["epoch"]) + 1
            raw.append([network, epoch, loss, valid])
            called = wording.predictor_name(network, language=language)
            figures = [wording.number("loss", loss), wording.number(metric, valid, language)]
            shown.append([called, str(epoch), *figures])
    name = say("page.axis.valid", language, metric=wording.inline(metric, language))
    axes = [say("page.axis.epoch", language), say("page.axis.loss", language)]
    return Sheet("curves.csv", [*heads(["network"], language), *axes, name], shown, raw)


def group_sheet(result: Result, language: Language = "en") -> Sheet:
    shown, raw = [], []
    for name, group in (result.get("groups") or {}).items():
        sizes = [group.get(key) or 0 for key in ("tokens", "width", "parameters", "flops")]
        columns = [str(column) for column in group.get("columns") or ()]
        labels = [
            wording.group_name(name, language),
            modality_name(group.get("modality"), language),
            str(group.get("encoder")),
        ]
        shown.append([*labels, listed(columns, 6, language), *(wording.short_count(size) for size in sizes)])
        raw.append([*labels, ", ".join(columns), *sizes])
    names = ["group", "modality", "encoder", "columns", "tokens", "width", "parameters", "flops"]
    return Sheet("network.csv", heads(names, language), shown, raw, 3, (3,))


def modality_name(modality: Any, language: Language) -> str:
    key = f"names.modality.{modality}"
    return say(key, language) if known(key) else str(modality)


def listed(names: Sequence[str], most: int, language: Language) -> str:
    """a, b, c and 4 more."""
    comma = say("sentences.list.comma", language)
    if len(names) <= most:
        return comma.join(names)
    return say("sentences.list.more", language, shown=comma.join(names[:most]), rest=len(names) - most)


def problem_sheet(result: Result, language: Language = "en") -> Sheet:
    shown, raw = [], []
    for problem in result.get("problems") or ():
        rows = [str(row) for row in problem.get("rows") or ()]
        examples = [str(example) for example in problem.get("examples") or ()]
        table = str(problem.get("table") or "")
        table = say(f"names.table.{table}", language) if known(f"names.table.{table}") else table
        labels = [table, str(problem["column"]), _problem(problem, language)]
        cells = [f"{int(problem['count']):,}", listed(rows, 4, language), listed(examples, 2, language)]
        shown.append([*labels, *cells])
        raw.append([*labels, problem["count"], " ".join(rows), "; ".join(examples)])
    names = ["table", "column", "what", "cells", "numbers", "example"]
    return Sheet("repairs.csv", heads(names, language), shown, raw, 3, (4, 5))


def _problem(problem: Mapping[str, Any], language: Language) -> str:
    """What was repaired: in English as the modality says it, else by its code."""
    key = f"data_findings.problem.{problem.get('code')}"
    return say(key, language) if language != "en" and known(key) else str(problem["message"])
