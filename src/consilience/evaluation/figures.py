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
from consilience.evaluation.history import best_epochs, history_of
from consilience.evaluation.language import Language, say

Result = Mapping[str, Any]
WIDE, NARROW = 760, 350
PANEL = 360


def make_figures(result: Result, events: Sequence[Event], language: Language = "en") -> dict[str, Figure]:
    """Every figure that the result has the numbers for."""
    made = {
        "models": _models(result, language),
        "weights": _weights(result, language),
        "confusion": _confusion(result, language),
        "scatter": _scatter(result, language),
        "curves": _curves(result, events, language),
    }
    return {name: figure for name, figure in made.items() if figure is not None}


def _both(draw: Callable[[int], str], narrow: int = NARROW, wide: int = WIDE) -> tuple[str, str]:
    return draw(wide), draw(narrow)


def _models(result: Result, language: Language) -> Figure:
    metric = str(result["primary"])
    every, alone = sheets.predictors(result, language), sheets.single_sources(result, language)
    sections = [
        (say("page.models.run", language), _scores(metric, every, ("default", "network"), language)),
        (say("page.models.references", language), _scores(metric, every, ("reference", "floor"), language)),
        (say("page.models.alone", language), _scores(metric, alone, ("alone",), language)),
    ]
    direction = say(f"page.note.{'lower' if lower_is_better(metric) else 'higher'}", language)
    axis = say("page.models.axis", language, metric=wording.inline(metric, language), direction=direction)
    percent = metric in wording.PERCENTAGES
    wide, narrow = _both(lambda width: dot_whisker(sections, axis, percent, width))
    about = say("page.note.alone", language) if alone else ""
    note = wording.spaced([about, wording.interval_note(result, language)], language)
    sheet = sheets.score_sheet(metric, [*every, *alone], language)
    return Figure(say("page.section.models", language), "", wide, narrow, note, sheet)


def _scores(
    metric: str, rows: Sequence[tuple[str, str, Mapping[str, Any]]], kinds: Sequence[str], language: Language
) -> list[Score]:
    found = []
    for label, kind, scores in rows:
        if kind in kinds:
            score = scores.get(metric) or {}
            ends = (score.get("value"), score.get("low"), score.get("high"))
            found.append(Score(label, kind, *ends, wording.number(metric, ends[0], language)))
    return found


def lower_is_better(metric: str) -> bool:
    from consilience.tasks.metrics import HIGHER_IS_BETTER

    return not HIGHER_IS_BETTER.get(metric, True)


def _weights(result: Result, language: Language) -> Figure | None:
    weights = (result.get("stack") or {}).get("weights") or {}
    if len(weights) < 2:
        return None
    rows = [
        Bar(
            wording.predictor_name(n, language=language),
            w,
            f"{w:.2f}",
            "network" if n == "network" else "reference",
        )
        for n, w in weights.items()
    ]
    title = say("page.section.weights", language)
    wide, narrow = _both(lambda width: bars(rows, title, width, full=1.0))
    lead = wording.weights_sentence(result, language)
    return Figure(title, lead, wide, narrow, "", sheets.weight_sheet(result, language))


def _confusion(result: Result, language: Language) -> Figure | None:
    found = result.get("confusion")
    if not found:
        return None
    labels, matrix = [str(label) for label in found["labels"]], found["matrix"]
    title = say("page.section.confusion", language)
    if len(labels) <= MOST_CLASSES:
        names = (say("page.axis.actual", language), say("page.axis.predicted", language))
        wide, narrow = _both(lambda width: confusion(labels, matrix, names, width, language))
        sheet = sheets.confusion_sheet(labels, matrix, language)
        return Figure(title, "", wide, narrow, say("page.note.confusion", language), sheet)
    pairs = worst_pairs(labels, matrix)
    rows = [Bar(f"{a} → {p}", n, f"{n:,} ({wording.percent(s, 0, language)})", "wrong") for a, p, n, s in pairs]
    wide, narrow = _both(lambda width: bars(rows, title, width))
    return Figure(title, say("page.note.pairs", language), wide, narrow, "", sheets.pair_sheet(pairs, language))


def _scatter(result: Result, language: Language) -> Figure | None:
    found = result.get("scatter")
    if not found or not found["actual"]:
        return None
    target = result.get("target")
    names = (
        say("page.axis.actual_of", language, target=target),
        say("page.axis.predicted_of", language, target=target),
    )
    wide, narrow = _both(lambda w: scatter(found["actual"], found["predicted"], names, w, language), wide=480)
    sheet = sheets.scatter_sheet(found, language)
    note = say("page.note.scatter", language)
    return Figure(say("page.section.scatter", language), "", wide, narrow, note, sheet)


def _curves(result: Result, events: Sequence[Event], language: Language) -> Figure | None:
    history = history_of(events)
    if not history:
        return None
    metric = str(((result.get("recipe") or {}).get("train") or {}).get("metric") or result["primary"])
    loss = {name: _points(found, lambda e: e.get("loss")) for name, found in history.items()}
    valid = {name: _points(found, lambda e: (e.get("valid") or {}).get(metric)) for name, found in history.items()}
    percent = metric in wording.PERCENTAGES
    epoch, losses = say("page.axis.epoch", language), say("page.axis.loss", language)
    name = say("page.axis.valid", language, metric=wording.inline(metric, language))
    panels = [curves(loss, (epoch, losses), width=PANEL, language=language)]
    if any(valid.values()):
        panels.append(curves(valid, (epoch, name), percent, best_epochs(events), PANEL, language))
    note = say("page.note.curves", language) if best_epochs(events) else ""
    sheet = sheets.curve_sheet(history, metric, language)
    return Figure(say("page.section.curves", language), "", "", "", note, sheet, tuple(panels))


def _points(events: Sequence[Event], value: Callable[[Event], float | None]) -> list[tuple[int, float]]:
    found = ((int(event["epoch"]) + 1, value(event)) for event in events)
    return [(epoch, float(v)) for epoch, v in found if v is not None]
