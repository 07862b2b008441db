"""The tables of a report: what is shown, and the same figures unrounded as CSV for download."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from consilience.evaluation import wording

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


def predictors(result: Result) -> list[tuple[str, str, Mapping[str, Any]]]:
    """(label, kind, {metric: score}) of everything that predicted: default, network, references, floor."""
    task = str(result.get("task"))
    rows = [(wording.default_name(result), "default", result.get("test") or {})]
    if result.get("predictor") == "stack":
        rows.append((wording.predictor_name("network"), "network", result.get("network") or {}))
    for name, scores in (result.get("references") or {}).items():
        kind = "floor" if name == "majority" else "reference"
        rows.append((wording.predictor_name(name, task), kind, scores))
    return rows


def single_sources(result: Result) -> list[tuple[str, str, Mapping[str, Any]]]:
    """(label, "alone", {metric: score}) of each group's own prediction."""
    return [(f"only {group}", "alone", scores) for group, scores in (result.get("alone") or {}).items()]


def score_sheet(metric: str, rows: Sequence[tuple[str, str, Mapping[str, Any]]]) -> Sheet:
    """One metric of every predictor, with its interval."""
    shown, raw = [], []
    for label, _, scores in rows:
        score = scores.get(metric) or {}
        ends = [score.get("value"), score.get("low"), score.get("high")]
        shown.append([label, *(wording.number(metric, value) for value in ends)])
        raw.append([label, *ends])
    return Sheet(f"{metric}.csv", ["", wording.metric_name(metric), "95 % from", "to"], shown, raw)


def metric_sheet(result: Result, metrics: Sequence[str]) -> Sheet:
    """Every metric (rows) of every predictor (columns), interval under the value."""
    columns = predictors(result)
    shown, raw = [], []
    for metric in metrics:
        cells = [scores.get(metric) or {} for _, _, scores in columns]
        shown.append([wording.metric_name(metric), *(_with_interval(metric, cell) for cell in cells)])
        for (label, _, _), cell in zip(columns, cells, strict=True):
            raw.append([metric, label, cell.get("value"), cell.get("low"), cell.get("high")])
    return Sheet("metrics.csv", ["", *(label for label, _, _ in columns)], shown, raw)


def _with_interval(metric: str, score: Mapping[str, Any]) -> str:
    value, between = wording.number(metric, score.get("value")), wording.interval(metric, score)
    return f"{value}\n{between}" if between else value


def weight_sheet(result: Result) -> Sheet:
    weights = (result.get("stack") or {}).get("weights") or {}
    shown = [[wording.predictor_name(name), f"{weight:.3f}"] for name, weight in weights.items()]
    return Sheet("weights.csv", ["model", "weight"], shown, [[n, w] for n, w in weights.items()])


def confusion_sheet(labels: Sequence[str], matrix: Sequence[Sequence[int]]) -> Sheet:
    raw = [[label, *counts] for label, counts in zip(labels, matrix, strict=True)]
    shown = [[str(cell) for cell in row] for row in raw]
    return Sheet("confusion.csv", ["actual \\ predicted", *labels], shown, raw)


def pair_sheet(pairs: Sequence[tuple[str, str, int, float]]) -> Sheet:
    shown = [[a, p, f"{n:,}", f"{100 * s:.1f} %"] for a, p, n, s in pairs]
    return Sheet("confused.csv", ["actual", "predicted", "rows", "share of actual"], shown, [list(p) for p in pairs], 2)


def scatter_sheet(scatter: Mapping[str, Any]) -> Sheet:
    raw = [[a, p] for a, p in zip(scatter["actual"], scatter["predicted"], strict=True)]
    shown = [[wording.number("value", cell) for cell in row] for row in raw]
    return Sheet("scatter.csv", ["actual", "predicted"], shown, raw, 0)


def curve_sheet(history: Mapping[str, Sequence[Mapping[str, Any]]], metric: str) -> Sheet:
    """Loss and validation metric by network and epoch."""
    shown, raw = [], []
    for network, events in history.items():
        for event in events:
            loss, valid = event.get("loss"), (event.get("valid") or {}).get(metric)
            epoch = int(event["epoch"]) + 1
            raw.append([network, epoch, loss, valid])
            shown.append([network, str(epoch), wording.number("loss", loss), wording.number(metric, valid)])
    name = wording.metric_name(metric)
    return Sheet("curves.csv", ["network", "epoch", "training loss", f"validation {name}"], shown, raw)


def group_sheet(result: Result) -> Sheet:
    shown, raw = [], []
    for name, group in (result.get("groups") or {}).items():
        sizes = [group.get(key) or 0 for key in ("tokens", "width", "parameters", "flops")]
        columns = [str(column) for column in group.get("columns") or ()]
        labels = [str(name), str(group.get("modality")), str(group.get("encoder"))]
        shown.append([*labels, _list(columns), *(wording.short_count(size) for size in sizes)])
        raw.append([*labels, ", ".join(columns), *sizes])
    headers = ["group", "modality", "encoder", "columns", "tokens", "width", "parameters", "FLOPs a row"]
    return Sheet("network.csv", headers, shown, raw, 3, (3,))


def _list(names: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def problem_sheet(result: Result) -> Sheet:
    shown, raw = [], []
    for problem in result.get("problems") or ():
        rows = [str(row) for row in problem.get("rows") or ()]
        examples = [str(example) for example in problem.get("examples") or ()]
        labels = [str(problem.get("table") or ""), str(problem["column"]), str(problem["message"])]
        cells = [f"{int(problem['count']):,}", _list(rows, 4), _list(examples, 2)]
        shown.append([*labels, *cells])
        raw.append([*labels, problem["count"], " ".join(rows), "; ".join(examples)])
    return Sheet("repairs.csv", ["table", "column", "what", "cells", "rows", "for example"], shown, raw, 3, (4, 5))
