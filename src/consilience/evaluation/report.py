"""report.html: one self-contained file made from a result and its events; no script, no outside request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from consilience.artifacts.run_folder import RunFolder
from consilience.core.events import Event
from consilience.core.files import write_text
from consilience.evaluation import sheets, wording
from consilience.evaluation.analysis import Figure, Section, show_all
from consilience.evaluation.card import write_card
from consilience.evaluation.charts.svg import clean
from consilience.evaluation.figures import make_figures
from consilience.evaluation.forecasting.halves import forecast_halves
from consilience.evaluation.language import Language, language_of, plural, say, words
from consilience.evaluation.leaks import tell_leaks
from consilience.evaluation.methods import facts_of, methods_paragraph, role_name
from consilience.evaluation.told import findings_in, tell_all

Result = Mapping[str, Any]
FIRST = ("contribution",)
"""Chapters that stand before the metrics."""


def make_environment() -> Environment:
    """What renders the templates of reports; an unknown name in one is an error."""
    return Environment(
        loader=PackageLoader("consilience.evaluation", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_report(result: Result, events: Sequence[Event], language: str | None = None) -> str:
    """The report as HTML.

    Args:
        result: the content of metrics.json, with examples.
        events: the run's events, for the training curves.
        language: "en" or "zh"; the recipe's `report.language` when None.
    Raises:
        InputError: for another language.
    """
    spoken = language_of(result, language)
    environment = make_environment()
    chapters = [_marked(section) for section in show_all(result, spoken)]
    figures = {name: _drawn(figure) for name, figure in make_figures(result, events, spoken).items()}
    page = {
        "result": result,
        "language": spoken,
        "figures": figures,
        "first": [chapter for chapter in chapters if chapter.code in FIRST],
        "chapters": [chapter for chapter in chapters if chapter.code not in FIRST],
        "notes": _named("note", spoken),
        "sections": _named("section", spoken),
        "clean": clean,
        **_words(result, findings_in(result, events, spoken), spoken),
        **_tables(result, spoken),
    }
    page["contents"] = _contents(page)
    return environment.get_template("report.html.j2").render(page)


def _words(result: Result, found: Sequence[Mapping[str, Any]], language: Language) -> dict[str, Any]:
    """Every sentence of the page. A leak is left out of the findings: it stands on the page's first lines."""
    target = clean(str(result["target"]))
    facts = {"task": wording.task_name(result, language), "rows": wording.rows_sentence(result, language)}
    groups = say("sentences.list.comma", language).join(
        clean(wording.group_name(group, language)) for group in result.get("groups") or {}
    )
    return {
        "title": say("page.title", language, target=target),
        "contents_title": say("page.contents", language),
        "kicker": say("page.kicker", language),
        "heading": say("page.heading", language, target=target),
        "meta": say("page.meta" if groups else "page.meta.bare", language, **facts, groups=groups),
        "leaks": tell_leaks(result, language),
        "verdict": wording.verdict(result, language),
        "fusion": _fusion(result, language),
        "halves": forecast_halves(result, language),
        "findings": tell_all([f for f in found if f.get("code") != "leak"], language),
        "warnings": result.get("warnings") or (),
        "warning": say("names.severity.warning", language),
        "paragraph": methods_paragraph(result, language),
        "facts": facts_of(result, language),
        "tables": [
            (role_name(role, language), table, _rows(table, language))
            for role, table in (result.get("data") or {}).items()
        ],
        "versions": result.get("versions") or {},
        "recipe": yaml.safe_dump(plain(result.get("recipe") or {}), sort_keys=False, allow_unicode=True, width=100),
    }


def _tables(result: Result, language: Language) -> dict[str, Any]:
    metrics = sheets.metric_sheet(result, _metrics(result), language)
    heads = sheets.heads(["metric", "model", "value", "low", "high"], language)
    return {
        "metrics": metrics,
        "metrics_file": metrics._replace(headers=heads),
        "network": sheets.group_sheet(result, language),
        "problems": sheets.problem_sheet(result, language),
    }


def _rows(table: Mapping[str, Any], language: Language) -> str:
    return plural("row", int(table["rows"]), language) if table.get("rows") is not None else ""


def _named(prefix: str, language: Language) -> dict[str, str]:
    """The page's words of one prefix: note.table → table."""
    start = f"{prefix}."
    return {k.removeprefix(start): v for k, v in words("page", language).items() if k.startswith(start)}


def _contents(page: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(anchor, title) of every section on the page, in order."""
    sections, figures = page["sections"], page["figures"]
    names = ["verdict", *(c.code for c in page["first"]), "models", "metrics", *(c.code for c in page["chapters"])]
    names += [name for name in ("weights", "confusion", "scatter", "curves") if name in figures]
    names += ["network", "findings", "problems", "methods"]
    titles = {**sections, **{c.code: c.title for c in (*page["first"], *page["chapters"])}}
    return [(name, titles[name]) for name in (["leaks"] if page["leaks"] else []) + names]


def _marked(section: Section) -> Section:
    return section._replace(blocks=tuple(_drawn(b) if isinstance(b, Figure) else b for b in section.blocks))


def _drawn(figure: Figure) -> Figure:
    """Pictures marked as safe: charts escape what they are given."""
    wide, narrow = Markup(figure.wide), Markup(figure.narrow)
    return figure._replace(wide=wide, narrow=narrow, panels=tuple(Markup(panel) for panel in figure.panels))


def write_report(result: Result, events: Sequence[Event], path: Path, language: str | None = None) -> None:
    """Write the report whole or not at all."""
    write_text(path, render_report(result, events, language))


def report_again(run: Path, language: str | None = None, path: Path | None = None) -> Path:
    """Write the report of a finished run again, from its folder alone; in the folder itself the model card too.

    Args:
        language: "en" or "zh"; the recipe's when None.
        path: file to write; the run's report.html when None.
    Returns:
        the file written.
    Raises:
        InputError: when the folder holds no finished run, or for another language.
    """
    from consilience.training.listeners.jsonl import read_events

    folder = RunFolder(run)
    folder.read_start()
    result = folder.read_result()
    if result.get("task") == "several":
        from consilience.evaluation.several_report import several_again

        return several_again(run, language, path)
    write_report(result, read_events(folder.events), path or folder.report, language)
    if path is None:
        write_card(result, folder.card, language)
    return path or folder.report


def plain(value: Any) -> Any:
    """Mappings and sequences as dicts and lists, for YAML."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def _metrics(result: Result) -> list[str]:
    """Every metric of the default prediction, the primary one first."""
    primary = str(result["primary"])
    return [primary, *(metric for metric in result.get("test") or {} if metric != primary)]


def _fusion(result: Result, language: Language) -> str:
    networks = int(result.get("networks") or 1)
    many = say("sentences.fusion.networks", language, networks=networks) if networks > 1 else ""
    size = plural("parameter", int(result.get("parameters") or 0), language)
    return say("sentences.fusion", language, fusion=result.get("fusion"), parameters=size, networks=many)
