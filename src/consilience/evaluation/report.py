"""report.html: one self-contained file made from a result and its events; no script, no outside request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from consilience.core.events import Event
from consilience.core.files import write_text
from consilience.evaluation import sheets, wording
from consilience.evaluation.analysis import Figure, show_all
from consilience.evaluation.charts.svg import clean
from consilience.evaluation.figures import make_figures

SEVERITIES = ("error", "warning", "info")


def render_report(result: Mapping[str, Any], events: Sequence[Event]) -> str:
    """The report as HTML.

    Args:
        result: the content of metrics.json.
        events: the run's events, for the training curves.
    """
    environment = Environment(
        loader=PackageLoader("consilience.evaluation", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures = {name: _drawn(figure) for name, figure in make_figures(result, events).items()}
    chapters = [
        section._replace(blocks=tuple(_drawn(b) if isinstance(b, Figure) else b for b in section.blocks))
        for section in show_all(result, "en")
    ]
    return environment.get_template("report.html.j2").render(
        result=result,
        figures=figures,
        chapters=chapters,
        sections=wording.SECTIONS,
        notes=wording.NOTES,
        verdict=wording.verdict(result),
        task=wording.task_name(result),
        rows=wording.rows_sentence(result),
        metrics=sheets.metric_sheet(result, _metrics(result)),
        network=sheets.group_sheet(result),
        fusion=_fusion(result),
        findings=_findings(result),
        problems=sheets.problem_sheet(result),
        facts=_facts(result),
        tables=result.get("data") or {},
        versions=result.get("versions") or {},
        warnings=result.get("warnings") or (),
        recipe=yaml.safe_dump(plain(result.get("recipe") or {}), sort_keys=False, allow_unicode=True, width=100),
        clean=clean,
    )


def _drawn(figure: Figure) -> Figure:
    """Pictures marked as safe: charts escape what they are given."""
    wide, narrow = Markup(figure.wide), Markup(figure.narrow)
    return figure._replace(wide=wide, narrow=narrow, panels=tuple(Markup(panel) for panel in figure.panels))


def write_report(result: Mapping[str, Any], events: Sequence[Event], path: Path) -> None:
    """Write the report whole or not at all."""
    write_text(path, render_report(result, events))


def plain(value: Any) -> Any:
    """Mappings and sequences as dicts and lists, for YAML."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def _metrics(result: Mapping[str, Any]) -> list[str]:
    """Every metric of the default prediction, the primary one first."""
    primary = str(result["primary"])
    return [primary, *(metric for metric in result.get("test") or {} if metric != primary)]


def _fusion(result: Mapping[str, Any]) -> str:
    size = wording.count(int(result.get("parameters") or 0), "parameter")
    networks = int(result.get("networks") or 1)
    many = f" in {networks} networks, one a fold, whose predictions are averaged" if networks > 1 else ""
    return f"Fusion: {result.get('fusion')}. {size}{many}."


def _findings(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Errors first."""
    found = result.get("findings") or ()
    order = {severity: place for place, severity in enumerate(SEVERITIES)}
    return sorted(found, key=lambda finding: order.get(str(finding.get("severity")), len(order)))


def _facts(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Short facts of the methods section."""
    seconds = result.get("seconds") or {}
    steps = [f"{name} {wording.duration(float(s))}" for name, s in seconds.items() if s is not None]
    found = [
        ("Target", f"{result.get('target')}: {wording.task_name(result)}. {result.get('task_reason') or ''}"),
        ("Rows", wording.rows_sentence(result)),
        ("Split", str((result.get("split") or {}).get("sentence") or "")),
        ("Time", ", ".join(steps)),
        ("Seed", str(result.get("seed"))),
        ("Threads", str(result.get("threads"))),
        ("Columns left out", _ignored(result)),
        ("Made", str(result.get("created") or "")),
    ]
    return [(name, value) for name, value in found if value]


def _ignored(result: Mapping[str, Any]) -> str:
    ignored = result.get("ignored") or {}
    return "; ".join(f"{column} ({reason})" if reason else str(column) for column, reason in ignored.items())
