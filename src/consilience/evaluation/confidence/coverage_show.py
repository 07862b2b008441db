"""Coverage in words, pictures and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from consilience.evaluation.analysis import Figure, Sheet
from consilience.evaluation.charts.dot_whisker import Score, dot_whisker
from consilience.evaluation.charts.reliability import Dot, Names, reliability
from consilience.evaluation.confidence.coverage_words import WORDS
from consilience.evaluation.confidence.phrases import (
    BETWEEN,
    Form,
    cell,
    level,
    measured,
    percent,
    quantity,
    raw,
    shown,
    tidy,
)
from consilience.evaluation.language import language_of
from consilience.evaluation.wording import Sentence, group_name

WIDE, NARROW = 760, 350
MOST_CLASSES, MOST_NAMED = 30, 3
CLOSE, NORMAL = 0.02, 1.96
"""Coverage this near its level keeps the promise, however narrow its interval."""


def verdict_of(coverage: Mapping[str, Any], promised: float, learned: int) -> str:
    """ "kept", "more" or "less" than was promised, beyond what test rows and the `learned` validation rows can vary."""
    value, low, high = (coverage.get(k) for k in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "kept"
    half = (high - value if value < promised else value - low) / NORMAL
    margin = NORMAL * math.sqrt(half**2 + promised * (1 - promised) / max(learned, 1))
    if abs(value - promised) <= max(margin, CLOSE):
        return "kept"
    return "less" if value < promised else "more"


def _falls_short(found: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    return verdict_of(part["coverage"], found["level"], found["validation_rows"]) == "less"


def sentences(found: Mapping[str, Any], language: str) -> tuple[Sentence, ...]:
    return (_overall(found, language), *_patterns_said(found, language), *_classes_said(found, language))


def _overall(found: Mapping[str, Any], language: str) -> Sentence:
    words, overall, kind = WORDS[language], found["overall"], found["kind"]
    verdict = verdict_of(overall["coverage"], found["level"], found["validation_rows"])
    form = _form(kind)
    text = words[f"overall_{_sort(kind)}"].format(
        level=level(found["level"]),
        coverage=measured(overall["coverage"], percent, language),
        verdict=words[f"verdict_{verdict}"],
    )
    if _sort(kind) == "values":
        width = measured(overall["size"], form, language)
        text += words["endless"] if overall["unbounded"] else words["width"].format(size=width)
    else:
        size, single = measured(overall["size"], form, language), percent(overall["single"]["value"])
        text += words[f"size_{_sort(kind)}"].format(size=size, single=single)
        if overall["empty"]["value"]:
            text += words[f"empty_{_sort(kind)}"].format(empty=percent(overall["empty"]["value"]))
    return Sentence(tidy(text, language), "bad" if verdict == "less" else "good")


def _patterns_said(found: Mapping[str, Any], language: str) -> list[Sentence]:
    """Where sources are missing: one sentence for those that fall short, or that none does."""
    words, patterns = WORDS[language], found["patterns"]
    if not patterns:
        return []
    short = [p for p in patterns if _falls_short(found, p)]
    if not short:
        return [Sentence(words["patterns_kept"].format(count=len(patterns)), "good")]
    worst = sorted(short, key=lambda p: float(p["coverage"]["value"]))[:MOST_NAMED]
    named = BETWEEN[language]["list"].join(
        words["named" if p["natural"] else "named_hidden"].format(
            name=_present(p, language), coverage=percent(p["coverage"]["value"])
        )
        for p in worst
    )
    text = words["patterns_short"].format(short=len(short), count=len(patterns), named=named)
    return [Sentence(tidy(text, language), "bad")]


def _classes_said(found: Mapping[str, Any], language: str) -> list[Sentence]:
    words, classes = WORDS[language], found["classes"]
    short = [c for c in classes if _falls_short(found, c)]
    if not short:
        return []
    worst = sorted(short, key=lambda c: float(c["coverage"]["value"]))[:MOST_NAMED]
    named = BETWEEN[language]["list"].join(
        words["named_class"].format(name=c["class"], coverage=percent(c["coverage"]["value"])) for c in worst
    )
    text = words["classes_short"].format(short=len(short), count=len(classes), named=named)
    return [Sentence(tidy(text, language))]


def blocks(found: Mapping[str, Any], language: str) -> tuple[Figure, ...]:
    made = [_levels(found, language)]
    if found["quantiles"]:
        made.append(_quantiles(found, language))
    if found["patterns"]:
        made.append(_patterns(found, language))
    if len(found["classes"]) > 2:
        made.append(_classes(found, language))
    if found["group_conditional"]:
        made.append(_conditional(found, language))
    return tuple(made)


def _levels(found: Mapping[str, Any], language: str) -> Figure:
    words, sets = WORDS[language], found["kind"] != "regression"
    form = _form(found["kind"])
    headers = [words[k] for k in ("promised", "coverage", "size" if sets else "mean_width")]
    extra = ("single", "empty") if sets else ()
    shown_, raw_ = [], []
    for row in found["levels"]:
        cells = [cell(row["coverage"], percent, language), cell(row["size"], form, language)]
        shown_.append([level(row["level"]), *cells, *(cell(row[k], percent, language) for k in extra)])
        raw_ += [[row["level"], k, *raw(row[k])] for k in ("coverage", "size", *extra)]
    sheet = Sheet("coverage.csv", [*headers, *(words[k] for k in extra)], shown_, raw_)
    return Figure(words["levels"], "", "", "", words["levels_note"], sheet)


def _quantiles(found: Mapping[str, Any], language: str) -> Figure:
    words = WORDS[language]
    dots = [_dot(q, language) for q in found["quantiles"]]
    names = Names(words["promised"], words["below"], words["quantile"], "", words["exact"])
    wide, narrow = (reliability(dots, (), (), names, width) for width in (400, NARROW))
    shown_ = [[level(q["level"]), cell(q["below"], percent, language)] for q in found["quantiles"]]
    raw_ = [[q["level"], *raw(q["below"])] for q in found["quantiles"]]
    sheet = Sheet("quantiles.csv", [words["promised"], words["below"]], shown_, raw_)
    return Figure(words["quantiles"], words["quantiles_lead"], wide, narrow, "", sheet)


def _dot(found: Mapping[str, Any], language: str) -> Dot:
    share = found["below"]
    said = f"{level(found['level'])}: {measured(share, percent, language)}"
    return Dot(found["level"], share["value"], share["low"], share["high"], said)


def _patterns(found: Mapping[str, Any], language: str) -> Figure:
    words = WORDS[language]
    natural, hidden = ([p for p in found["patterns"] if p["natural"] is kind] for kind in (True, False))
    overall = {"coverage": found["overall"]["coverage"], "size": found["overall"]["size"], "rows": found["rows"]}
    sections = [
        (words["all_rows"], [_score(words["as_given"], "default", overall["coverage"])]),
        (words["natural"], [_score(_present(p, language), "network", p["coverage"]) for p in natural]),
        (words["hidden"], [_score(_present(p, language), "alone", p["coverage"]) for p in hidden]),
    ]
    lines = [(words["as_given"], words["all_rows"], overall)]
    lines += [(_present(p, language), words["natural" if p["natural"] else "hidden"], p) for p in found["patterns"]]
    lead = words["patterns_lead"].format(level=level(found["level"]))
    return _whiskers((words["patterns"], lead, "patterns.csv"), sections, lines, (_form(found["kind"]), language))


def _classes(found: Mapping[str, Any], language: str) -> Figure:
    words = WORDS[language]
    worst = sorted(found["classes"], key=lambda c: c["coverage"]["value"])[:MOST_CLASSES]
    scores = [_score(c["class"], "network", c["coverage"]) for c in worst]
    axis = words["coverage"]
    wide, narrow = (dot_whisker([("", scores)], axis, True, width) for width in (WIDE, NARROW))
    shown_ = [[c["class"], f"{c['rows']:,}", cell(c["coverage"], percent, language)] for c in found["classes"]]
    raw_ = [[c["class"], c["rows"], *raw(c["coverage"])] for c in found["classes"]]
    sheet = Sheet("coverage_by_class.csv", [words["class"], words["rows"], words["coverage"]], shown_, raw_)
    lead = words["classes_lead"].format(level=level(found["level"]))
    return Figure(words["classes"], lead, wide, narrow, "", sheet)


def _conditional(found: Mapping[str, Any], language: str) -> Figure:
    words, patterns = WORDS[language], found["group_conditional"]["patterns"]
    lines = [(_present(p, language) if p["own"] else words["others"], "", p) for p in patterns]
    sections = [("", [_score(name, "network", p["coverage"]) for name, _, p in lines])]
    heading = (words["conditional"], words["conditional_lead"], "coverage_group_conditional.csv")
    return _whiskers(heading, sections, lines, (_form(found["kind"]), language))


def _whiskers(
    heading: tuple[str, str, str],
    sections: Sequence[tuple[str, Sequence[Score]]],
    lines: Sequence[tuple[str, str, Mapping[str, Any]]],
    look: tuple[Form, str],
) -> Figure:
    title, lead, file = heading
    form, language = look
    words = WORDS[language]
    wide, narrow = (dot_whisker(sections, words["coverage"], True, width) for width in (WIDE, NARROW))
    shown_, raw_ = [], []
    for name, kind, line in lines:
        cells = [cell(line["coverage"], percent, language), cell(line["size"], form, language)]
        shown_.append([name, kind, f"{line['rows']:,}", *cells])
        raw_.append([name, kind, line["rows"], line["coverage"]["value"], line["size"]["value"]])
    headers = ["", "", words["rows"], words["coverage"], words["size" if form is not quantity else "mean_width"]]
    return Figure(title, lead, wide, narrow, "", Sheet(file, headers, shown_, raw_, 1, (1,)))


def _score(label: str, kind: str, coverage: Mapping[str, Any]) -> Score:
    ends = (coverage.get("value"), coverage.get("low"), coverage.get("high"))
    return Score(label, kind, *ends, shown(percent, ends[0]))


def _present(pattern: Mapping[str, Any], language: str) -> str:
    words, names = WORDS[language], [group_name(name, language_of({}, language)) for name in pattern["present"]]
    return words["only"].format(names=" + ".join(names)) if names else words["nothing"]


def _sort(kind: str) -> str:
    return {"regression": "values", "multilabel": "labels"}.get(kind, "sets")


def _form(kind: str) -> Form:
    return quantity if kind == "regression" else _count


def _count(value: float) -> str:
    return f"{value:.2f}"
