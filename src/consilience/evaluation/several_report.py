"""The report of a run with several targets: a table on top, whether learning together helped, then a chapter a target,
each of which is the whole report that a run for this target alone would have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from consilience.artifacts.run_folder import RunFolder
from consilience.core.events import Event
from consilience.core.files import write_text
from consilience.evaluation import wording
from consilience.evaluation.card import model_card, write_card
from consilience.evaluation.charts.svg import clean
from consilience.evaluation.language import Language, language_of, say
from consilience.evaluation.report import make_environment, render_report
from consilience.evaluation.several import events_of
from consilience.evaluation.sheets import Sheet
from consilience.evaluation.wording import Sentence

Result = Mapping[str, Any]
MAIN = re.compile(r"<main>(.*)</main>", re.DOTALL)
HEAD = re.compile(r'<p class="kicker">.*?</p>\s*<h1>.*?</h1>', re.DOTALL)
ENTRY = re.compile(r'<li><a href="#([^"]+)">(.*?)</a></li>')
PLACES = re.compile(r'(\bid="|\bhref="#|\bfor="|\baria-labelledby="|\baria-describedby="|url\(#)')
"""Where a page names a place of its own; in running text a quotation mark is escaped, so that nothing else fits."""


def render_several(
    result: Result, views: Mapping[str, Result], events: Sequence[Event], language: str | None = None
) -> str:
    """The report as HTML.

    Args:
        result: metrics.json of the run. views: target → its own result, examples included. events: the run's.
    """
    spoken = language_of(result, language)
    environment = make_environment()
    pages = {t: render_report(r, events_of(events, t, str(r["primary"])), spoken) for t, r in views.items()}
    chapters = [
        {
            "anchor": f"target-{i}",
            "title": say("targets.chapter", spoken, target=clean(t)),
            "body": _body(page, i),
            "contents": _contents(page, i),
        }
        for i, (t, page) in enumerate(pages.items())
    ]
    rows = wording.rows_sentence(result, spoken)
    groups = say("sentences.list.comma", spoken).join(
        clean(wording.group_name(g, spoken)) for g in result.get("groups") or {}
    )
    return environment.get_template("several.html.j2").render(
        language=spoken,
        title=say("targets.title", spoken, targets=clean(", ".join(views))),
        contents_title=say("page.contents", spoken),
        kicker=say("page.kicker", spoken),
        heading=say("targets.heading", spoken, count=len(views)),
        meta=say("targets.meta", spoken, groups=groups, rows=rows.rstrip("。.")),
        section=say("targets.section", spoken),
        sheet=target_sheet(result, views, spoken),
        together_title=say("targets.together.title", spoken),
        sentences=together_sentences(result, spoken),
        notes=_notes(result, spoken),
        chapters=chapters,
        clean=clean,
    )


def write_several(
    result: Result, views: Mapping[str, Result], events: Sequence[Event], path: Path, language: str | None = None
) -> None:
    """Write the report whole or not at all."""
    write_text(path, render_several(result, views, events, language))


def target_sheet(result: Result, views: Mapping[str, Result], language: Language = "en") -> Sheet:
    """A row a target: task, metric of the default prediction with its interval, the network, rows, loss weight."""
    names = ["target", "task", "metric", "default", "interval", "network", "rows", "weight"]
    together = result.get("together") or {}
    names += ["together"] if together else []
    shown, raw = [], []
    weights = (result.get("balance") or {}).get("weights") or {}
    for target, found in views.items():
        metric = str(found["primary"])
        score, network = (((found.get(part) or {}).get(metric)) or {} for part in ("test", "network"))
        rows = int((found.get("rows") or {}).get("test") or 0)
        weight, pair = float(weights.get(target, 1.0)), (together.get(target) or {}).get("default") or {}
        row = [
            target,
            wording.task_name(found, language),
            wording.metric_name(metric, language),
            wording.number(metric, score.get("value"), language),
            wording.interval(metric, score, language),
            wording.number(metric, network.get("value"), language),
            f"{rows:,}",
            f"{weight:.2f}",
        ]
        shown.append([*row, *([_signed(pair, language)] if together else [])])
        values = [score.get("value"), score.get("low"), score.get("high"), network.get("value"), rows, weight]
        raw.append([target, found["task"], metric, *values, *([pair.get("value")] if together else [])])
    headers = [say(f"targets.head.{name}", language) for name in names]
    raw_headers: tuple[str, ...] = ("target", "task", "metric", "value", "low", "high", "network", "rows", "weight")
    raw_headers += ("together",) if together else ()
    return Sheet("targets.csv", headers, shown, raw, words=(1, 2), raw_headers=raw_headers)


def together_sentences(result: Result, language: Language = "en") -> list[Sentence]:
    """Did learning the targets together help? One sentence a target, or that it was not measured."""
    together = result.get("together") or {}
    if not together:
        return [Sentence(say("targets.together.unknown", language))]
    return [_sentence(target, found["default"], language) for target, found in together.items()]


def _sentence(target: str, pair: Mapping[str, Any], language: Language) -> Sentence:
    verdict, metric = str(pair["verdict"]), str(pair["metric"])
    low, high = pair.get("low"), pair.get("high")
    worse, open_ = verdict == "worse", verdict == "no difference"
    value = pair.get("value")
    size = wording.UNDEFINED if value is None else wording.gap(metric, value if open_ else abs(value), open_, language)
    between = wording.UNDEFINED
    if low is not None and high is not None:
        ends = (-high, -low) if worse else (low, high)
        between = wording.gap_interval(metric, *ends, open_, language)
    key = f"targets.together.{verdict.replace(' ', '_')}"
    name = wording.metric_name(metric, language)
    text = say(key, language, target=clean(target), size=size, metric=name, between=between)
    return Sentence(text, {"better": "good", "worse": "bad"}.get(verdict, "plain"))


def _signed(pair: Mapping[str, Any], language: Language) -> str:
    """ "+0.012\\n−0.004 to +0.028"."""
    if pair.get("value") is None:
        return wording.UNDEFINED
    metric = str(pair["metric"])
    value = wording.gap(metric, pair["value"], True, language)
    if pair.get("low") is None or pair.get("high") is None:
        return value
    return f"{value}\n{wording.gap_interval(metric, pair['low'], pair['high'], True, language)}"


def _notes(result: Result, language: Language) -> dict[str, Any]:
    method = str((result.get("balance") or {}).get("method", "equal"))
    told = [say(f"targets.balance.{method}", language), say("targets.partial", language)]
    if result.get("together"):
        told.append(say("targets.together.note", language))
    return {"download": say("page.note.download", language), "table": say("page.note.table", language), "told": told}


def _body(page: str, number: int) -> Markup:
    """What stands in the page of one target, its places named apart from those of the others."""
    found = MAIN.search(page)
    assert found is not None, "a report has one main part"
    body = HEAD.sub("", found.group(1))  # the chapter's own title says it
    return Markup(PLACES.sub(rf"\g<1>t{number}-", body))


def _contents(page: str, number: int) -> list[tuple[str, Markup]]:
    """(anchor, title) of the sections of one target's page."""
    return [(f"t{number}-{anchor}", Markup(title)) for anchor, title in ENTRY.findall(page.partition("<main>")[0])]


def several_again(run: Path, language: str | None = None, path: Path | None = None) -> Path:
    """As `report.report_again`, for a run with several targets; the cards are written again where the report is.

    Raises:
        InputError: when the folder holds no finished run, or for another language.
    """
    from consilience.training.listeners.jsonl import read_events

    folder = RunFolder(run)
    folder.read_start()
    whole = folder.read_result()
    places = {target: RunFolder(run / one["folder"]) for target, one in whole["targets"].items()}
    views = {target: place.read_result() for target, place in places.items()}
    write_several(whole, views, read_events(folder.events), path or folder.report, language)
    if path is None:
        write_cards(views, places, folder.card, language)
    return path or folder.report


def write_cards(
    views: Mapping[str, Result], places: Mapping[str, RunFolder], path: Path, language: str | None = None
) -> None:
    """The card of each target in its folder, and all of them below each other in `path`."""
    for target, result in views.items():
        write_card(result, places[target].card, language)
    write_text(path, "\n---\n\n".join(model_card(result, language) for result in views.values()))
