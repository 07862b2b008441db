"""From a result to the charts of its report, each with the table of the same figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from consilience.core.events import Event
from consilience.evaluation import sheets, wording
from consilience.evaluation.analysis import Figure
from consilience.evaluation.charts.bars import Bar, bars
from consilience.evaluation.charts.confusion import MOST_CLASSES, confusion, worst_pairs
from consilience.evaluation.charts.curves import curves
from consilience.evaluation.charts.dot_whisker import Score, dot_whisker
from consilience.evaluation.charts.scatter import scatter

Result = Mapping[str, Any]
WIDE, NARROW = 760, 350
PANEL = 360


def make_figures(result: Result, events: Sequence[Event]) -> dict[str, Figure]:
    """Every figure that the result has the numbers for."""
    made = {
        "models": _models(result),
        "weights": _weights(result),
        "confusion": _confusion(result),
        "scatter": _scatter(result),
        "curves": _curves(result, events),
    }
    return {name: figure for name, figure in made.items() if figure is not None}


def _both(draw: Callable[[int], str], narrow: int = NARROW, wide: int = WIDE) -> tuple[str, str]:
    return draw(wide), draw(narrow)


def _models(result: Result) -> Figure:
    metric = str(result["primary"])
    every, alone = sheets.predictors(result), sheets.single_sources(result)
    sections = [
        ("This run", _scores(metric, every, ("default", "network"))),
        ("References on the same rows", _scores(metric, every, ("reference", "floor"))),
        ("Single sources", _scores(metric, alone, ("alone",))),
    ]
    direction = wording.NOTES["lower" if lower_is_better(metric) else "higher"]
    axis = f"{wording.metric_name(metric)} on the test rows ({direction})"
    percent = metric in wording.PERCENTAGES
    wide, narrow = _both(lambda width: dot_whisker(sections, axis, percent, width))
    note = f"{wording.NOTES['alone'] if alone else ''} {wording.interval_note(result)}".strip()
    sheet = sheets.score_sheet(metric, [*every, *alone])
    return Figure(wording.SECTIONS["models"], "", wide, narrow, note, sheet)


def _scores(metric: str, rows: Sequence[tuple[str, str, Mapping[str, Any]]], kinds: Sequence[str]) -> list[Score]:
    found = []
    for label, kind, scores in rows:
        if kind in kinds:
            score = scores.get(metric) or {}
            ends = (score.get("value"), score.get("low"), score.get("high"))
            found.append(Score(label, kind, *ends, wording.number(metric, ends[0])))
    return found


def lower_is_better(metric: str) -> bool:
    from consilience.tasks.metrics import HIGHER_IS_BETTER

    return not HIGHER_IS_BETTER.get(metric, True)


def _weights(result: Result) -> Figure | None:
    weights = (result.get("stack") or {}).get("weights") or {}
    if len(weights) < 2:
        return None
    rows = [
        Bar(wording.predictor_name(n), w, f"{w:.2f}", "network" if n == "network" else "reference")
        for n, w in weights.items()
    ]
    title = wording.SECTIONS["weights"]
    wide, narrow = _both(lambda width: bars(rows, title, width, full=1.0))
    lead = wording.weights_sentence(result)
    return Figure(title, lead, wide, narrow, "", sheets.weight_sheet(result))


def _confusion(result: Result) -> Figure | None:
    found = result.get("confusion")
    if not found:
        return None
    labels, matrix = [str(label) for label in found["labels"]], found["matrix"]
    title = wording.SECTIONS["confusion"]
    if len(labels) <= MOST_CLASSES:
        wide, narrow = _both(lambda width: confusion(labels, matrix, ("actual", "predicted"), width))
        sheet = sheets.confusion_sheet(labels, matrix)
        return Figure(title, "", wide, narrow, wording.NOTES["confusion"], sheet)
    pairs = worst_pairs(labels, matrix)
    rows = [Bar(f"{a} → {p}", n, f"{n:,} ({100 * s:.0f} %)", "wrong") for a, p, n, s in pairs]
    wide, narrow = _both(lambda width: bars(rows, title, width))
    return Figure(title, wording.NOTES["pairs"], wide, narrow, "", sheets.pair_sheet(pairs))


def _scatter(result: Result) -> Figure | None:
    found = result.get("scatter")
    if not found or not found["actual"]:
        return None
    names = (f"actual {result.get('target')}", f"predicted {result.get('target')}")
    wide, narrow = _both(lambda w: scatter(found["actual"], found["predicted"], names, w), wide=480)
    sheet = sheets.scatter_sheet(found)
    return Figure(wording.SECTIONS["scatter"], "", wide, narrow, wording.NOTES["scatter"], sheet)


def history_of(events: Sequence[Event]) -> dict[str, list[Event]]:
    """Network → its evaluation events by epoch; of an epoch that a resumed run repeated, the last one."""
    found: dict[str, dict[int, Event]] = {}
    for event in events:
        if event.get("event") == "evaluation":
            found.setdefault(str(event.get("network", "network")), {})[int(event["epoch"])] = event
    return {name: [epochs[e] for e in sorted(epochs)] for name, epochs in found.items()}


def _curves(result: Result, events: Sequence[Event]) -> Figure | None:
    history = history_of(events)
    if not history:
        return None
    metric = str(((result.get("recipe") or {}).get("train") or {}).get("metric") or result["primary"])
    loss = {name: _points(found, lambda e: e.get("loss")) for name, found in history.items()}
    valid = {name: _points(found, lambda e: (e.get("valid") or {}).get(metric)) for name, found in history.items()}
    percent = metric in wording.PERCENTAGES
    name = f"validation {wording.metric_name(metric)}"
    panels = [curves(loss, ("epoch", "training loss"), width=PANEL)]
    if any(valid.values()):
        panels.append(curves(valid, ("epoch", name), percent, _best_epochs(events), PANEL))
    note = wording.NOTES["curves"] if _best_epochs(events) else ""
    sheet = sheets.curve_sheet(history, metric)
    return Figure(wording.SECTIONS["curves"], "", "", "", note, sheet, tuple(panels))


def _points(events: Sequence[Event], value: Callable[[Event], float | None]) -> list[tuple[int, float]]:
    found = ((int(event["epoch"]) + 1, value(event)) for event in events)
    return [(epoch, float(v)) for epoch, v in found if v is not None]


def _best_epochs(events: Sequence[Event]) -> dict[str, int]:
    """Network → epoch (from 1) of its best score; "best" in an end event: [[score, tie-breaker, epoch, fusion], …]."""
    return {
        str(event["network"]): int(event["best"][0][2]) + 1
        for event in events
        if event.get("event") == "end" and event.get("best")
    }
