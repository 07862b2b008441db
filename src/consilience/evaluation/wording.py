"""What report and terminal say about a result, in the language asked for; the words are in `evaluation.language`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from consilience.evaluation.language import Language, known, plural, say, words

__all__ = ["METRICS", "PERCENTAGES", "Language", "Sentence", "gap", "interval", "measured", "metric_name", "number"]

Result = Mapping[str, Any]

METRICS = {
    name.removeprefix("metric."): label for name, label in words("names", "en").items() if name.startswith("metric.")
}
"""Metric → its English name."""
PERCENTAGES = ("accuracy", "balanced_accuracy", "exact_match")
BOUNDED: tuple[str, ...] = (
    "skill",
    "f1",
    "precision",
    "recall",
    "roc_auc",
    "pr_auc",
    "log_loss",
    "brier",
    "hamming",
    "r2",
    "rouge",
    "concord",
)
UNDEFINED = "–"
IDLE = 0.005
"""A weight of the stack below it is none."""


class Sentence(NamedTuple):
    """tone: "good", "bad" or "plain", which decides the mark beside it."""

    text: str
    tone: str = "plain"


def metric_name(metric: str, language: Language = "en") -> str:
    key = f"names.metric.{metric}"
    return say(key, language) if known(key) else metric.replace("_", " ")


def inline(metric: str, language: Language = "en") -> str:
    """A metric's name inside a sentence: Chinese sets a space before Latin letters."""
    name = metric_name(metric, language)
    return f" {name}" if language == "zh" and name[0].isascii() else name


def predictor_name(name: str, task: str = "", language: Language = "en") -> str:
    """stack, network, linear, trees, majority as a reader calls them."""
    for key in (f"names.floor.{task}" if name == "majority" else "", f"names.predictor.{name}"):
        if known(key):
            return say(key, language)
    return name


def group_name(name: Any, language: Language = "en") -> str:
    """A group of columns as a reader calls it: one that bears its modality's name is called so in the page's language,
    the two halves of a forecast as well; a name that somebody gave stays.
    """
    for key in (f"names.group.{name}", f"names.modality.{name}"):
        if known(key):
            return say(key, language)
    return str(name)


def the(name: str, language: Language = "en") -> str:
    """A predictor inside a sentence: "the network"."""
    key = f"names.the.{name}"
    return say(key, language) if known(key) else f"“{name}”"


def number(metric: str, value: float | None, language: Language = "en") -> str:
    """A metric's value as it is read: 96.3 %, 0.949, 12.41; a dash where it is undefined."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    if metric in PERCENTAGES:
        return percent(value, 2 if 0.99 < value < 1 else 1, language)
    if metric.startswith(BOUNDED):
        return _minus(f"{value:.4f}" if 0.99 < abs(value) < 1 else f"{value:.3f}")
    return _minus(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}")


def percent(share: float, digits: int = 1, language: Language = "en") -> str:
    """0.963 → "96.3 %"; Chinese sets no space before the sign."""
    return _minus(f"{100 * share:.{digits}f}{'%' if language == 'zh' else ' %'}")


def interval(metric: str, score: Mapping[str, Any], language: Language = "en") -> str:
    """ "94.2 to 98.1 %", or "" without an interval."""
    low, high = score.get("low"), score.get("high")
    if low is None or high is None:
        return ""
    first, last = number(metric, low, language), number(metric, high, language)
    if last.endswith(" %"):
        first = first.removesuffix(" %")
    return say("sentences.number.interval", language, low=first, high=last)


def measured(metric: str, score: Mapping[str, Any], language: Language = "en") -> str:
    """ "96.3 % (95 % interval 94.2 to 98.1 %)"."""
    between = interval(metric, score, language)
    value = number(metric, score.get("value"), language)
    return say("sentences.number.measured", language, value=value, between=between) if between else value


def gap(metric: str, value: float, signed: bool = False, language: Language = "en") -> str:
    """A difference: "13.0 points" for a percentage, else the metric's own unit."""
    figure = _figure(metric, value, signed)
    return say("sentences.number.points", language, value=figure) if metric in PERCENTAGES else figure


def gap_interval(metric: str, low: float, high: float, signed: bool = False, language: Language = "en") -> str:
    """ "8.6 to 16.2 points"."""
    ends = {"low": _figure(metric, low, signed), "high": gap(metric, high, signed, language)}
    return say("sentences.number.interval", language, **ends)


def _figure(metric: str, value: float, signed: bool) -> str:
    sign = "+" if signed else ""
    if metric in PERCENTAGES:
        return _minus(f"{100 * value:{sign}.{1 if abs(value) >= 0.005 else 2}f}")
    if metric.startswith(BOUNDED):
        return _minus(f"{value:{sign}.{3 if abs(value) >= 0.005 or value == 0 else 4}f}")
    return _minus(f"{value:{sign},.0f}" if abs(value) >= 1000 else f"{value:{sign}.4g}")


def _minus(figure: str) -> str:
    """A true minus sign; no sign before a figure that reads as nothing ("−0.000" would promise a direction)."""
    if figure[:1] in ("-", "+") and not any(digit in figure for digit in "123456789"):
        return figure[1:]
    return figure.replace("-", "\u2212") if figure.startswith("-") else figure


def count(value: int, one: str, many: str | None = None) -> str:
    """1 row, 2,000 rows: English nouns outside the catalogues."""
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


def task_name(result: Result, language: Language = "en") -> str:
    key = f"names.task.{result.get('task')}"
    return say(key, language, classes=len(result.get("classes") or ())) if known(key) else str(result.get("task"))


def default_name(result: Result, language: Language = "en") -> str:
    return predictor_name(str(result.get("predictor", "network")), language=language)


def verdict(result: Result, language: Language = "en") -> list[Sentence]:
    """What the run found, most important first."""
    sentences = [Sentence(_performance(result, language))]
    comparison = result.get("comparison") or {}
    if (pair := comparison.get("default_majority")) and pair["verdict"] != "better":
        sentences.append(_against("default", pair, language, "majority"))
    if joined := contribution_sentence(result, language):
        sentences.append(joined)
    elif pair := comparison.get("fused_single"):
        sentences.append(_joining(pair, language))
    if pair := comparison.get("network_linear"):
        sentences.append(_against("network", pair, language))
    if pair := comparison.get("network_lead"):
        sentences.append(_against("network", pair, language, "lead"))
    if pair := comparison.get("network_baseline"):
        sentences.append(_against("network", pair, language, str(pair["baseline"])))
    if result.get("predictor") == "stack" and (pair := comparison.get("default_baseline")):
        sentences.append(_default_against(result, pair, language, str(pair["baseline"])))
    if result.get("predictor") == "stack" and (pair := comparison.get("default_linear")):
        sentences.append(_default_against(result, pair, language))
    return sentences


def contribution_sentence(result: Result, language: Language = "en") -> Sentence | None:
    """What joining brought, for the default prediction; None where it was not measured."""
    from consilience.evaluation.contribution import words

    found = result.get("contribution") or {}
    return words.contribution_sentence(found, language) if "synergy" in found else None


def _performance(result: Result, language: Language) -> str:
    metric = str(result["primary"])
    score = (result.get("test") or {}).get(metric) or {}
    rows = int((result.get("rows") or {}).get("test") or 0)
    name = metric_name(metric, language)
    text = say(
        "sentences.performance",
        language,
        rows=plural(f"held_out{_windows(result)}", rows, language),
        model=the(str(result.get("predictor", "network")), language),
        target=result.get("target"),
        metric=f"{_article(name)}{name}" if language == "en" else inline(metric, language),
        measured=measured(metric, score, language),
    )
    floor = ((result.get("references") or {}).get("majority") or {}).get(metric) or {}
    if floor.get("value") is None:
        return say("sentences.performance.end", language, text=text)
    shown = number(metric, floor["value"], language)
    return say("sentences.performance.floor", language, text=text, floor=shown)


def _article(name: str) -> str:
    return "an " if name[0] in "aeioAEIOFR" and not name.startswith(("root", "ROUGE")) else "a "


def _joining(pair: Mapping[str, Any], language: Language) -> Sentence:
    key = f"sentences.joining.{str(pair['verdict']).replace(' ', '_')}"
    return Sentence(say(key, language, single=pair.get("single"), by=_by(pair, language)), _tone(pair))


def _default_against(result: Result, pair: Mapping[str, Any], language: Language, other: str = "linear") -> Sentence:
    """The default prediction against a reference; where the stack is that reference, there is nothing to compare."""
    weight = ((result.get("stack") or {}).get("weights") or {}).get(other) or 0.0
    if weight >= 1 - IDLE:
        return Sentence(say("sentences.against.same", language, other=the(other, language)))
    return _against("default", pair, language, other)


def _against(one: str, pair: Mapping[str, Any], language: Language, other: str = "linear") -> Sentence:
    key = f"sentences.against.{str(pair['verdict']).replace(' ', '_')}"
    name, rival = say(f"sentences.against.{one}", language), the(other, language)
    return Sentence(say(key, language, one=name, other=rival, by=_by(pair, language)), _tone(pair))


def _tone(pair: Mapping[str, Any]) -> str:
    return {"better": "good", "worse": "bad"}.get(str(pair["verdict"]), "plain")


def _by(pair: Mapping[str, Any], language: Language) -> str:
    """How large a difference is, of which metric, and its interval in the same direction: "12.4 points of accuracy
    (95 % interval 8.6 to 16.2 points)". Signs are left out where the interval excludes zero.
    """
    metric, value, low, high = (pair.get(k) for k in ("metric", "value", "low", "high"))
    metric, name = str(metric), metric_name(str(metric), language)
    signed = pair["verdict"] == "no difference"
    if value is None:
        return say("sentences.number.by_alone", language, size=UNDEFINED, metric=name)
    size = gap(metric, value if signed else abs(value), signed, language)
    if low is None or high is None:
        return say("sentences.number.by_alone", language, size=size, metric=name)
    sign, (low, high) = (-1, (high, low)) if pair["verdict"] == "worse" else (1, (low, high))
    between = gap_interval(metric, sign * low, sign * high, signed, language)
    return say("sentences.number.by", language, size=size, metric=name, between=between)


def weights_sentence(result: Result, language: Language = "en") -> str:
    """What the stack's weights say."""
    weights = (result.get("stack") or {}).get("weights") or {}
    if len(weights) < 2:
        return say("sentences.weights.none", language)
    best = max(weights, key=lambda name: weights[name])
    most = the(best, language)
    text = say("sentences.weights", language, best=most[0].upper() + most[1:])
    idle = [predictor_name(name, language=language) for name, weight in weights.items() if weight < IDLE]
    if not idle:
        return text
    names = say("sentences.list.comma", language).join(idle)
    return spaced([text, say("sentences.weights.idle", language, names=names)], language)


def _windows(result: Result) -> str:
    """Forecasts are judged on windows of steps, everything else on rows."""
    return "_window" if result.get("task") == "forecast" else ""


def rows_sentence(result: Result, language: Language = "en") -> str:
    rows = result.get("rows") or {}
    noun = _windows(result)
    parts = {name: plural(name + noun, int(rows.get(name) or 0), language) for name in ("train", "valid", "test")}
    text = say("sentences.rows", language, **parts)
    unlabelled = int(rows.get("unlabelled") or 0)
    if not unlabelled:
        return text
    left = say("sentences.rows.unlabelled", language, rows=plural("row", unlabelled, language))
    return spaced([text, left], language)


def spaced(sentences: list[str], language: Language) -> str:
    """Sentences one after another: Chinese sets no space between them."""
    return ("" if language == "zh" else " ").join(sentence for sentence in sentences if sentence)


def interval_note(result: Result, language: Language = "en") -> str:
    return say("sentences.intervals", language)
