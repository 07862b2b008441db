"""The page of a look at drift: a sentence for each alarm, then every column before and now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader

from consilience.evaluation.wording import metric_name

WIDTH = 360
MOST_BARS = 8
"""Categories that are drawn, the commonest first."""


def monitor_page(found: Mapping[str, Any]) -> str:
    """HTML that stands alone. found: what `monitor` returned."""
    alarmed = {look["column"] for look in found["alarms"]}
    was, now = found["columns"]["reference"], found["columns"]["now"]
    names = sorted((c for c in was if c in now), key=lambda c: c not in alarmed)
    panels = [
        {
            "column": c,
            "modality": was[c]["modality"],
            "alarm": c in alarmed,
            "missing": found["missing"][c],
            "plot": _plot(was[c], now[c], _figure(c, found["looks"])),
        }
        for c in names
    ]
    shown = _figure("prediction", found["looks"], "prediction")
    predictions = _plot(found["predictions"]["reference"], found["predictions"]["now"], shown)
    return str(_template().render(found=found, panels=panels, predictions=predictions, metric_name=metric_name))


def prometheus(found: Mapping[str, Any]) -> str:
    """Gauges in Prometheus' text format, for the textfile collector of its node exporter."""
    lines = [
        "# TYPE consilience_drift_alarms gauge",
        f"consilience_drift_alarms {len(found['alarms'])}",
        "# TYPE consilience_drift_effect gauge",
    ]
    for look in found["looks"]:
        labels = f'column="{_label(look["column"])}",kind="{look["kind"]}"'
        lines.append(f"consilience_drift_effect{{{labels}}} {look['effect']:.6g}")
    lines.append("# TYPE consilience_missing_share gauge")
    lines += [f'consilience_missing_share{{column="{_label(c)}"}} {m[1]:.6g}' for c, m in found["missing"].items()]
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _figure(column: str, looks: Sequence[Mapping[str, Any]], kind: str = "distribution") -> str | None:
    return next((k["figure"] for k in looks if k["column"] == column and k["kind"] == kind and k["figure"]), None)


def _plot(was: Mapping[str, Any], now: Mapping[str, Any], figure: str | None) -> str:
    if was.get("counts") and now.get("counts"):
        return _bars(was["counts"], now["counts"])
    figures, today = was.get("figures") or was, now.get("figures") or now
    name = figure or next((n for n in ("value", "confidence") if figures.get(n)), "")
    if name and figures.get(name) and today.get(name):
        return _curves(figures[name], today[name], name)
    return ""


def _curves(was: Sequence[float], now: Sequence[float], name: str) -> str:
    """Both distribution functions: share of values below, against the value."""
    low, high = min(was[0], now[0]), max(was[-1], now[-1])
    span = (high - low) or 1.0

    def path(values: Sequence[float]) -> str:
        shares = np.linspace(0, 1, len(values))
        return " ".join(
            f"{10 + (WIDTH - 20) * (v - low) / span:.1f},{110 - 100 * s:.1f}"
            for v, s in zip(values, shares, strict=True)
        )

    return (
        f'<svg viewBox="0 0 {WIDTH} 135" role="img" aria-label="distribution of {escape(name)}">'
        f'<line x1="10" y1="110" x2="{WIDTH - 10}" y2="110" class="axis"/>'
        f'<polyline points="{path(was)}" class="was"/><polyline points="{path(now)}" class="now"/>'
        f'<text x="10" y="128">{low:.4g}</text><text x="{WIDTH - 10}" y="128" text-anchor="end">{high:.4g}</text>'
        f'<text x="{WIDTH / 2}" y="128" text-anchor="middle">{escape(name.replace("_", " "))}</text></svg>'
    )


def _bars(was: Mapping[str, int], now: Mapping[str, int]) -> str:
    """Share of each category, before above now."""
    totals = max(sum(was.values()), 1), max(sum(now.values()), 1)
    shares = {n: (was.get(n, 0) / totals[0], now.get(n, 0) / totals[1]) for n in {*was, *now}}
    names = sorted(shares, key=lambda n: (-max(shares[n]), n))[:MOST_BARS]
    parts = []
    for i, name in enumerate(names):
        y, (a, b) = 24 * i, shares[name]
        parts.append(
            f'<text x="0" y="{y + 15}">{escape(name[:18])}</text>'
            f'<rect x="130" y="{y + 3}" width="{180 * a:.1f}" height="7" class="was"/>'
            f'<rect x="130" y="{y + 11}" width="{180 * b:.1f}" height="7" class="now"/>'
            f'<text x="{WIDTH}" y="{y + 15}" text-anchor="end">{b:.0%}</text>'
        )
    return f'<svg viewBox="0 0 {WIDTH} {24 * len(names)}" role="img" aria-label="shares">{"".join(parts)}</svg>'


@cache
def _template() -> Any:
    loader = PackageLoader("consilience.watching", "templates")
    return Environment(loader=loader, autoescape=True).get_template("monitor.html.j2")
