"""Every sentence and name that report and terminal say about a result, in one place to be translated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

Result = Mapping[str, Any]

METRICS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "brier": "Brier score",
    "f1_macro": "F1, macro",
    "f1_micro": "F1, micro",
    "f1_weighted": "F1, weighted",
    "hamming_loss": "Hamming loss",
    "log_loss": "log loss",
    "mae": "mean absolute error",
    "median_absolute_error": "median absolute error",
    "pr_auc": "PR AUC",
    "precision_macro": "precision, macro",
    "precision_micro": "precision, micro",
    "precision_weighted": "precision, weighted",
    "r2": "R²",
    "recall_macro": "recall, macro",
    "recall_micro": "recall, micro",
    "recall_weighted": "recall, weighted",
    "rmse": "root mean squared error",
    "roc_auc": "ROC AUC",
}
PERCENTAGES = ("accuracy", "balanced_accuracy")
BOUNDED = ("f1", "precision", "recall", "roc_auc", "pr_auc", "log_loss", "brier", "hamming", "r2")
TASKS = {
    "binary": "two classes",
    "multiclass": "{classes} classes",
    "multilabel": "{classes} labels, any number of them a row",
    "regression": "a number",
}
PREDICTORS = {
    "stack": "stack of all models",
    "network": "network",
    "linear": "linear reference",
    "trees": "boosted trees",
    "majority": "most frequent class",
}
FLOORS = {"regression": "training mean", "multilabel": "most frequent labels"}
UNDEFINED = "–"


class Sentence(NamedTuple):
    """tone: "good", "bad" or "plain", which decides the mark beside it."""

    text: str
    tone: str = "plain"


def metric_name(metric: str) -> str:
    return METRICS.get(metric, metric.replace("_", " "))


def predictor_name(name: str, task: str = "") -> str:
    """stack, network, linear, trees, majority as a reader calls them."""
    if name == "majority" and task in FLOORS:
        return FLOORS[task]
    return PREDICTORS.get(name, name)


def number(metric: str, value: float | None) -> str:
    """A metric's value as it is read: 96.3 %, 0.949, 12.41; a dash where it is undefined."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    if metric in PERCENTAGES:
        return f"{100 * value:.{2 if 0.99 < value < 1 else 1}f} %"
    if metric.startswith(BOUNDED):
        return _minus(f"{value:.4f}" if 0.99 < abs(value) < 1 else f"{value:.3f}")
    return _minus(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}")


def interval(metric: str, score: Mapping[str, Any]) -> str:
    """ "94.2 to 98.1 %", or "" without an interval."""
    low, high = score.get("low"), score.get("high")
    if low is None or high is None:
        return ""
    first, last = number(metric, low), number(metric, high)
    return f"{first.removesuffix(' %') if last.endswith(' %') else first} to {last}"


def measured(metric: str, score: Mapping[str, Any]) -> str:
    """ "96.3 % (95 % interval 94.2 to 98.1 %)"."""
    between = interval(metric, score)
    value = number(metric, score.get("value"))
    return f"{value} (95 % interval {between})" if between else value


def gap(metric: str, value: float, signed: bool = False) -> str:
    """A difference: "13.0 points" for a percentage, else the metric's own unit."""
    sign = "+" if signed else ""
    if metric in PERCENTAGES:
        return _minus(f"{100 * value:{sign}.{1 if abs(value) >= 0.005 else 2}f} points")
    if metric.startswith(BOUNDED):
        return _minus(f"{value:{sign}.{3 if abs(value) >= 0.005 or value == 0 else 4}f}")
    return _minus(f"{value:{sign},.0f}" if abs(value) >= 1000 else f"{value:{sign}.4g}")


def _minus(figure: str) -> str:
    """A true minus sign."""
    return figure.replace("-", "\u2212") if figure.startswith("-") else figure


def count(value: int, one: str, many: str | None = None) -> str:
    """1 row, 2,000 rows."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def short_count(value: float) -> str:
    """1,234 · 56.8 k · 1.2 M · 3.4 G."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1000 if unit == 'k' else size):.3g} {unit}"
    return f"{value:,.0f}"


def duration(seconds: float) -> str:
    """4.2 s, 3 min 12 s, 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def task_name(result: Result) -> str:
    pattern = TASKS.get(str(result.get("task")), str(result.get("task")))
    return pattern.format(classes=len(result.get("classes") or ()))


def default_name(result: Result) -> str:
    return predictor_name(str(result.get("predictor", "network")))


def verdict(result: Result) -> list[Sentence]:
    """What the run found, most important first."""
    sentences = [Sentence(_performance(result))]
    comparison = result.get("comparison") or {}
    if pair := comparison.get("fused_single"):
        sentences.append(_joining(pair))
    if pair := comparison.get("network_linear"):
        sentences.append(_against("The network", "the linear reference", pair))
    if result.get("predictor") == "stack" and (pair := comparison.get("default_linear")):
        sentences.append(_against("The default prediction", "the linear reference", pair))
    return sentences


def _performance(result: Result) -> str:
    metric = str(result["primary"])
    score = (result.get("test") or {}).get(metric) or {}
    rows = int((result.get("rows") or {}).get("test") or 0)
    text = (
        f"On {count(rows, 'held-out row')} the {default_name(result)} predicts “{result.get('target')}” with "
        f"{_article(metric)}{metric_name(metric)} of {measured(metric, score)}"
    )
    floor = ((result.get("references") or {}).get("majority") or {}).get(metric) or {}
    if floor.get("value") is None:
        return text + "."
    return f"{text}; without looking at any column it would be {number(metric, floor['value'])}."


def _article(metric: str) -> str:
    first = metric_name(metric)[0]
    return "an " if first in "aeioAEIOFR" and not metric_name(metric).startswith("root") else "a "


def _joining(pair: Mapping[str, Any]) -> Sentence:
    single = f"“{pair.get('single')}” alone, the best single source"
    size, between = _size(pair)
    if pair["verdict"] == "better":
        return Sentence(
            f"Joining the sources helps: the network on all of them beats {single}, by {size} {between}.",
            "good",
        )
    if pair["verdict"] == "worse":
        return Sentence(
            f"Joining the sources hurts: the network on all of them loses to {single}, by {size} {between}.",
            "bad",
        )
    return Sentence(
        "Joining the sources added nothing that can be told from noise: "
        f"against {single}, the network on all of them differs by {_signed(pair)} {between}."
    )


def _against(one: str, other: str, pair: Mapping[str, Any]) -> Sentence:
    size, between = _size(pair)
    if pair["verdict"] == "better":
        return Sentence(f"{one} beats {other} by {size} {between}.", "good")
    if pair["verdict"] == "worse":
        return Sentence(f"{one} loses to {other} by {size} {between}.", "bad")
    return Sentence(f"{one} cannot be told from {other} on these rows: it differs by {_signed(pair)} {between}.")


def _size(pair: Mapping[str, Any]) -> tuple[str, str]:
    """How large, and its interval in the same direction, without signs when the interval excludes zero."""
    metric, value, low, high = (pair.get(k) for k in ("metric", "value", "low", "high"))
    name = metric_name(str(metric))
    if value is None:
        return UNDEFINED, f"of {name}"
    if low is None or high is None:
        return gap(str(metric), abs(value)), f"of {name}"
    sign, (low, high) = (-1, (high, low)) if pair["verdict"] == "worse" else (1, (low, high))
    mark = pair["verdict"] == "no difference"
    ends = f"{gap(str(metric), sign * low, mark)} to {gap(str(metric), sign * high, mark)}"
    ends = ends.replace(" points", "", 1)
    return gap(str(metric), abs(value)), f"of {name} (95 % interval {ends})"


def _signed(pair: Mapping[str, Any]) -> str:
    return UNDEFINED if pair.get("value") is None else gap(str(pair["metric"]), pair["value"], signed=True)


def weights_sentence(result: Result) -> str:
    """What the stack's weights say."""
    weights = (result.get("stack") or {}).get("weights") or {}
    if len(weights) < 2:
        return "There is nothing to combine: the network predicts alone."
    best = max(weights, key=lambda name: weights[name])
    text = (
        "The default prediction is a weighted mean of these models; the weights were found on validation "
        f"rows and add up to 1. The {predictor_name(best)} carries the most."
    )
    idle = [predictor_name(name) for name, weight in weights.items() if weight < 0.005]
    return f"{text} No weight: {', '.join(idle)}." if idle else text


def rows_sentence(result: Result) -> str:
    rows = result.get("rows") or {}
    parts = [
        f"{count(int(rows.get('train') or 0), 'training row')}",
        f"{count(int(rows.get('valid') or 0), 'validation row')}",
        f"{count(int(rows.get('test') or 0), 'test row')}",
    ]
    text = f"{parts[0]}, {parts[1]} and {parts[2]}."
    unlabelled = int(rows.get("unlabelled") or 0)
    return f"{text} {count(unlabelled, 'row')} without a target went unused." if unlabelled else text


def interval_note(result: Result) -> str:
    return (
        "Intervals are 95 % bootstrap intervals over the test rows: they say how far the figure would move "
        "with other test rows, not with another training run or another source of data."
    )


SECTIONS = {
    "verdict": "What was found",
    "models": "How good, and against what",
    "metrics": "All metrics",
    "weights": "What the default prediction is made of",
    "confusion": "Which classes are confused",
    "scatter": "Predicted against actual",
    "curves": "How training went",
    "network": "The network",
    "findings": "What to know about the data",
    "problems": "Cells that had to be repaired",
    "methods": "Methods",
}
NOTES = {
    "alone": "“only …” is the prediction from one group of columns: the network's own head for that group, "
    "trained beside the joint one.",
    "confusion": "Each row is an actual class; shades are shares of that row. Blue is right, orange is wrong.",
    "pairs": "More classes than fit a square: the pairs confused most often.",
    "scatter": "Points on the line are exact. At most 500 test rows are drawn.",
    "curves": "The ring marks the epoch whose weights scored best on the validation rows.",
    "findings_none": "No check found anything to report.",
    "problems_none": "Every cell could be read as it was.",
    "undefined": "A dash means that the metric is undefined on these rows.",
    "lower": "lower is better",
    "higher": "higher is better",
    "table": "Table",
    "download": "Download as CSV",
    "recipe": "The complete recipe",
    "versions": "Versions",
}
