"""card.md: a short account of a model for those who may use it, and of where it must not be used.

After Mitchell et al. 2019, "Model Cards for Model Reporting". What a result does not hold is said to be missing.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from consilience.core.files import write_text
from consilience.evaluation import sheets, wording
from consilience.evaluation.analysis import Figure, Section, show_all
from consilience.evaluation.charts.svg import clean
from consilience.evaluation.figures import lower_is_better
from consilience.evaluation.language import Language, language_of, plural, say
from consilience.evaluation.methods import role_name, split_sentence
from consilience.evaluation.sheets import Sheet
from consilience.evaluation.told import findings_in, tell_all

Result = Mapping[str, Any]
BY_GROUP = ("fairness", "slices")
"""Chapters of the report that compare groups of rows."""
MOST_ROWS = 20
"""Rows of a table that the card repeats from the report."""


def model_card(result: Result, language: str | None = None) -> str:
    """The card as Markdown: use, data, metrics with intervals, groups, contribution, calibration, limits, how to make
    it again, licence.

    Args:
        result: the content of metrics.json.
        language: "en" or "zh"; the recipe's `report.language` when None.
    """
    spoken = language_of(result, language)
    chapters = show_all(result, spoken)
    parts = [
        _head(result, spoken),
        _use(result, spoken),
        _data(result, spoken),
        _metrics(result, spoken),
        _groups(chapters, spoken),
        _contribution(result, spoken),
        _sure(result, spoken),
        _limits(result, spoken),
        _again(result, spoken),
        [f"## {_c('licence', spoken)}", _c("licence.none", spoken)],
    ]
    return "\n\n".join(block for part in parts for block in part if block) + "\n"


def write_card(result: Result, path: Path, language: str | None = None) -> None:
    """Write the card whole or not at all."""
    write_text(path, model_card(result, language))


def _c(name: str, language: Language, /, **values: Any) -> str:
    return say(f"card.{name}", language, **values)


def escaped(value: Any) -> str:
    """Text of a user as Markdown shows it: one line, no markup."""
    text = " ".join(clean(str(value)).split())
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return text


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; "" without rows."""
    if not rows:
        return ""
    lines = [[escaped(cell) for cell in row] for row in (headers, *rows)]
    lines.insert(1, ["---"] * len(headers))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines if line)


def _comma(language: Language) -> str:
    return say("sentences.list.comma", language)


def _head(result: Result, language: Language) -> list[str]:
    version = (result.get("versions") or {}).get("consilience", "?")
    made = _c("made", language, version=version, created=str(result.get("created") or "?")[:10])
    first, *others = wording.verdict(result, language)
    title = _c("title", language, target=escaped(result.get("target")))
    return [f"# {title}", made, escaped(first.text), _listed([escaped(other.text) for other in others])]


def _use(result: Result, language: Language) -> list[str]:
    groups = result.get("groups") or {}
    columns = sum(len(group.get("columns") or ()) for group in groups.values())
    tables = [str(each.get("name")) for each in (result.get("data") or {}).values()]
    does = _c(
        "use.does",
        language,
        target=escaped(result.get("target")),
        task=wording.task_name(result, language),
        columns=plural("column", columns, language),
        groups=escaped(_comma(language).join(groups)),
    )
    lines = [does, _c("use.for", language, tables=escaped(_comma(language).join(tables)))]
    lines += [_c(f"use.{name}", language) for name in ("not_alone", "not_elsewhere", "not_cause")]
    return [f"## {_c('use', language)}", _listed(lines)]


def _data(result: Result, language: Language) -> list[str]:
    rows = [
        [role_name(role, language), str(each.get("name")), f"{each.get('rows', '?')}", str(each.get("sha256", "?"))]
        for role, each in (result.get("data") or {}).items()
    ]
    heads = sheets.heads(["table", "group", "rows"], language)
    heads = [heads[0], "", heads[2], _c("sha", language)]
    network = sheets.group_sheet(result, language)
    said = [wording.rows_sentence(result, language), escaped(split_sentence(result, language))]
    if result.get("ignored"):
        said.append(_c("data.ignored", language, columns=escaped(_comma(language).join(result["ignored"]))))
    repaired = sum(int(problem["count"]) for problem in result.get("problems") or ())
    if repaired:
        said.append(_c("data.repaired", language, cells=plural("cell", repaired, language)))
    columns = table(network.headers[:4], [row[:4] for row in network.rows])
    return [f"## {_c('data', language)}", table(heads, rows), columns, _listed(said)]


def _metrics(result: Result, language: Language) -> list[str]:
    metric, test = str(result["primary"]), result.get("test") or {}
    direction = say(f"page.note.{'lower' if lower_is_better(metric) else 'higher'}", language)
    name = wording.metric_name(metric, language)
    every = [*sheets.predictors(result, language), *sheets.single_sources(result, language)]
    heads = sheets.heads(["model", "value", "interval"], language)
    rows = [[label, *_figures(metric, scores.get(metric) or {}, language)] for label, _, scores in every]
    heads_all = sheets.heads(["metric", "value", "interval"], language)
    rows_all = [[wording.metric_name(m, language), *_figures(m, score, language)] for m, score in test.items()]
    return [
        f"## {_c('metrics', language)}",
        _c("metrics.primary", language, metric=name, direction=direction),
        table(heads, rows),
        _c("metrics.default", language, model=wording.default_name(result, language)),
        table(heads_all, rows_all),
        wording.interval_note(result, language),
    ]


def _figures(metric: str, score: Mapping[str, Any], language: Language) -> list[str]:
    return [wording.number(metric, score.get("value"), language), wording.interval(metric, score, language)]


def _groups(chapters: Sequence[Section], language: Language) -> list[str]:
    """What the chapters about groups of rows say, with their tables."""
    found = [part for chapter in chapters if chapter.code in BY_GROUP for part in _chapter(chapter)]
    return [f"## {_c('groups', language)}", *(found or [_c("groups.none", language)])]


def _chapter(chapter: Section) -> Iterator[str]:
    yield f"### {escaped(chapter.title)}"
    yield _listed([escaped(sentence.text) for sentence in chapter.sentences])
    for block in chapter.blocks:
        if isinstance(block, Figure):
            yield escaped(block.title)
            yield _sheet(block.sheet)


def _sheet(sheet: Sheet) -> str:
    return table(sheet.headers, sheet.rows[:MOST_ROWS])


def _contribution(result: Result, language: Language) -> list[str]:
    title = f"## {_c('contribution', language)}"
    said = wording.contribution_sentence(result, language)
    if not said:
        return [title, _c("contribution.none", language)]
    metric = str(result["primary"])
    rows = []
    for name, share in ((result.get("contribution") or {}).get("shapley") or {}).items():
        low, high, value = (share.get(key) for key in ("low", "high", "value"))
        shown = wording.UNDEFINED if value is None else wording.gap(metric, value, True, language)
        known = low is not None and high is not None
        rows.append([str(name), shown, wording.gap_interval(metric, low, high, True, language) if known else ""])
    heads = [_c("contribution.head", language), _c("contribution.value", language)]
    return [title, escaped(said.text), table([*heads, say("page.head.interval", language)], rows)]


def _sure(result: Result, language: Language) -> list[str]:
    calibration, coverage = result.get("calibration") or {}, result.get("coverage") or {}
    lines = []
    if calibration.get("ece"):
        ece = wording.measured("ece", calibration["ece"], language)
        lines.append(_c("sure.ece", language, method=calibration.get("method"), ece=ece))
    reached = (coverage.get("overall") or {}).get("coverage") or {}
    if reached and None not in (coverage.get("level"), *reached.values()):
        shares = {key: wording.percent(float(reached[key]), 1, language) for key in ("value", "low", "high")}
        level = wording.percent(float(coverage["level"]), 0, language)
        lines.append(_c("sure.coverage", language, level=level, **shares))
    return [f"## {_c('sure', language)}", _listed(lines) or _c("sure.none", language)]


def _limits(result: Result, language: Language) -> list[str]:
    rows = result.get("rows") or {}
    apart = "test" in (result.get("data") or {})
    lines = [_c("limits.none" if not rows.get("test") else "limits.given" if apart else "limits.same", language)]
    for finding in tell_all(findings_in(result, (), language), language):
        if finding.severity != "info":
            text = wording.spaced([finding.why, finding.detail], language)
            told = _c("finding", language, title=finding.title, code=finding.code, text=text)
            lines.append(escaped(told))
    lines.append(_c("limits.interval", language))
    if int(result.get("networks") or 1) == 1:
        lines.append(_c("limits.one", language))
    if len(result.get("groups") or {}) > 1:
        lines.append(_c("limits.missing", language))
    return [f"## {_c('limits', language)}", _listed(lines)]


def _again(result: Result, language: Language) -> list[str]:
    tables = result.get("data") or {}
    words = ["consilience", "train", str((tables.get("train") or {}).get("name", "TABLE"))]
    words += ["--target", str(result.get("target"))]
    for role in ("valid", "test"):
        if role in tables:
            words += [f"--{role}", str(tables[role].get("name"))]
    words += ["--recipe", "recipe.yaml"]
    versions = _comma(language).join(f"{name} {version}" for name, version in (result.get("versions") or {}).items())
    command = " ".join(shlex.join(words).split()).replace("```", "")
    return [
        f"## {_c('again', language)}",
        _c("again.lead", language),
        f"```sh\n{command}\n```",
        _c("again.versions", language, seed=result.get("seed"), versions=versions) if versions else "",
    ]
