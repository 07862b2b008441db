"""search.html: the trials as one self-contained page, in the report's clothes; and the terminal's table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation import wording
from consilience.evaluation.analysis import Figure, Section, Sheet
from consilience.evaluation.charts.bars import Bar, bars
from consilience.evaluation.charts.lines import Axes, Line, lines
from consilience.evaluation.charts.svg import clean
from consilience.evaluation.language import Language
from consilience.evaluation.wording import Sentence
from consilience.search.study import brief, short
from consilience.search.words import WORDS, say

Result = Mapping[str, Any]
MOST_COURSES = 14
WIDE, NARROW = 760, 350


def render_page(result: Result, language: Language = "en") -> str:
    """The page as HTML, from the content of result.json."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loaders = [PackageLoader(f"consilience.{name}", "templates") for name in ("search", "evaluation")]
    environment = Environment(
        loader=ChoiceLoader(loaders), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    figures = [f for f in (_history(result, language), _importances(result, language), _courses(result, language)) if f]
    blocks = [f._replace(wide=Markup(f.wide), narrow=Markup(f.narrow)) for f in figures]
    table = Figure(say(language, "trials"), "", "", "", "", trial_sheet(result, language))
    section = Section("trials", say(language, "title"), tuple(sentences(result, language)), (*blocks, table))
    return environment.get_template("search.html.j2").render(
        language="zh-Hans" if language == "zh" else "en",
        title=say(language, "page"),
        lead=say(language, "lead", trials=len(result["trials"]), **_counts(result)),
        target=", ".join(result["targets"]) if "targets" in result else str(result["target"]),
        section=section,
        notes={key: WORDS[language][key] for key in ("download", "table")},
        clean=clean,
    )


def _counts(result: Result) -> dict[str, int]:
    states = [trial["state"] for trial in result["trials"]]
    return {state: states.count(state) for state in ("finished", "pruned", "failed")}


def sentences(result: Result, language: Language = "en") -> list[Sentence]:
    """What the search found, in words: the best trial, and the best recipe on test rows."""
    metric, best, first = str(result["metric"]), result["best"], result["first"]
    value = wording.number(metric, best["value"], language)
    facts = {"metric": wording.inline(metric, language), "value": value}
    if first and best["number"] != first["number"]:
        before = wording.number(metric, first["value"], language)
        found = [Sentence(say(language, "better", number=best["number"], first=before, **facts), "good")]
    else:
        found = [Sentence(say(language, "same", **facts), "plain")]
    if "targets" not in result:
        return [*found, *_tested(result, "test", language)]
    found.append(Sentence(say(language, "skill"), "plain"))
    for target, part in result["targets"].items():
        found += _tested(part, "test_of", language, target)
    return found


def _tested(part: Result, key: str, language: Language, target: str = "") -> list[Sentence]:
    """The primary metric on test rows, where there are any."""
    primary = str(part["primary"])
    score = (part.get("test") or {}).get(primary)
    if not score:
        return []
    ends = {k: wording.number(primary, score[k], language) for k in ("value", "low", "high")}
    rows = f"{int(part['rows']['test']):,}"
    said = say(language, key, rows=rows, metric=wording.inline(primary, language), target=target, **ends)
    return [Sentence(said, "plain")]


def trial_sheet(result: Result, language: Language = "en") -> Sheet:
    """Every trial with its values, the best first, those without a value last."""
    paths = list(result["space"])
    metric = str(result["metric"])
    sign = 1 if result["higher_is_better"] else -1
    order = sorted(result["trials"], key=lambda t: (t["value"] is None, -sign * (t["value"] or 0.0), t["number"]))
    shown, raw = [], []
    for trial in order:
        values = [trial["values"].get(path) for path in paths]
        state = say(language, str(trial["state"]))
        score = wording.number(metric, trial["value"], language) if trial["value"] is not None else "–"
        seconds = "–" if trial["seconds"] is None else f"{trial['seconds']:.1f}"
        cells = [say(language, "own") if v is None else brief(v) for v in values]
        shown.append([str(trial["number"]), state, score, *cells, seconds, str(trial["error"] or "")])
        raw.append([trial["number"], trial["state"], trial["value"], *values, trial["seconds"], trial["error"]])
    heads = [say(language, "trial"), say(language, "state"), wording.metric_name(metric, language)]
    heads += [*map(short, paths), say(language, "seconds"), say(language, "note")]
    return Sheet("trials.csv", heads, shown, raw, 1, (1, len(heads) - 1))


def _history(result: Result, language: Language) -> Figure | None:
    metric, higher = str(result["metric"]), bool(result["higher_is_better"])
    found = [(t["number"], t["value"]) for t in result["trials"] if t["value"] is not None]
    if len(found) < 2:
        return None
    best: list[tuple[float, float]] = []
    for number, value in found:
        so_far = best[-1][1] if best else value
        best.append((number, max(so_far, value) if higher else min(so_far, value)))
    series = [Line(say(language, "each"), found), Line(say(language, "best"), best)]
    axes = Axes((say(language, "trial"), wording.metric_name(metric, language)), (False, metric in wording.PERCENTAGES))
    rows = [[number, value, top] for (number, value), (_, top) in zip(found, best, strict=True)]
    heads = [say(language, "trial"), wording.metric_name(metric, language), say(language, "best")]
    cells = [[str(n), *(wording.number(metric, v, language) for v in (value, top))] for n, value, top in rows]
    sheet = Sheet("history.csv", heads, cells, rows)
    wide, narrow = lines(series, axes, WIDE), lines(series, axes, NARROW)
    return Figure(say(language, "history"), say(language, "history_lead"), wide, narrow, "", sheet)


def _importances(result: Result, language: Language) -> Figure | None:
    shares = result["importances"]
    if not shares:
        return None
    rows = [Bar(short(path), share, f"{share:.2f}") for path, share in shares.items()]
    title = say(language, "importances")
    sheet = Sheet(
        "importances.csv",
        [say(language, "field"), say(language, "share")],
        [[path, f"{share:.3f}"] for path, share in shares.items()],
        [[path, share] for path, share in shares.items()],
    )
    lead = say(language, "importances_lead")
    return Figure(title, lead, bars(rows, title, WIDE, 1.0), bars(rows, title, NARROW, 1.0), "", sheet)


def _courses(result: Result, language: Language) -> Figure | None:
    metric = str(result["metric"])
    found = [trial for trial in result["trials"] if len(trial["course"]) > 1][-MOST_COURSES:]
    if not found:
        return None
    series = [Line(f"{t['number']}", [(step + 1, value) for step, value in t["course"]]) for t in found]
    axes = Axes((say(language, "step"), wording.metric_name(metric, language)), (False, metric in wording.PERCENTAGES))
    raw = [[trial["number"], step + 1, value] for trial in found for step, value in trial["course"]]
    heads = [say(language, "trial"), say(language, "step"), wording.metric_name(metric, language)]
    cells = [[str(n), str(step), wording.number(metric, value, language)] for n, step, value in raw]
    lead = say(language, "courses_lead", count=len(found))
    wide, narrow = lines(series, axes, WIDE), lines(series, axes, NARROW)
    return Figure(say(language, "courses"), lead, wide, narrow, "", Sheet("courses.csv", heads, cells, raw, 2))
