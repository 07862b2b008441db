"""The chapter of the report on contribution: sentences, the score of every subset, shares, pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation import wording
from consilience.evaluation.analysis import Figure, Language, Section
from consilience.evaluation.charts.dot_whisker import Score, dot_whisker
from consilience.evaluation.contribution.words import contribution_sentence, say
from consilience.evaluation.sheets import Sheet
from consilience.evaluation.wording import Sentence, group_name

Found = Mapping[str, Any]
ENDS = ("value", "low", "high")
WIDE, NARROW = 760, 350
MOST_SHOWN = 31
PAIR_ENDS = tuple(f"{key}_{end}" for key in ("synergy", "redundancy") for end in ("value", "low", "high"))
RETRAINED_ENDS = tuple(f"{key}{end}" for key in ("", "difference_") for end in ("value", "low", "high"))
CLEAR = 0.2
"""Pairs are spoken of when their overlap is at least this part of the whole gain."""


def contribution_section(found: Found, result: Found, language: Language) -> Section:
    """The whole chapter."""
    other = found.get("network", found)  # the sentence on the default prediction stands in the report's first lines
    sentences = [contribution_sentence(other, language)]
    sentences += [_members(found, language), *_largest(found, language), *_idle(found, language)]
    sentences += _pairs_said(found, language)
    blocks = [_subsets(found, language), _shares(found, language)]
    if found["pairs"]:
        blocks.append(_pairs(found, language))
    if found.get("retrained"):
        blocks.append(_retrained(found, language))
    note = say("interval", language, rows=f"{int(found['rows']):,}", count=found["members"])
    return Section("contribution", say("title", language), tuple(sentences), tuple(blocks), note)


def _members(found: Found, language: Language) -> Sentence:
    each = [value for value in found["per_member"] if value is not None]
    if len(each) < 2:
        return Sentence(say("one_member", language))
    metric = str(found["metric"])
    least, most = (wording.gap(metric, end(each), True, language) for end in (min, max))
    ends = {"least": least, "most": most}
    return Sentence(say("members", language, count=len(each), **ends))


def _largest(found: Found, language: Language) -> list[Sentence]:
    shares = {n: s for n, s in found["shares"].items() if s["value"] is not None and s["low"] is not None}
    if not shares:
        return []
    name = max(shares, key=lambda n: shares[n]["value"])
    share = shares[name]
    ends = {"low": _percent(share["low"]), "high": _percent(share["high"])}
    return [Sentence(say("carries", language, name=group_name(name, language), share=_percent(share["value"]), **ends))]


def _idle(found: Found, language: Language) -> list[Sentence]:
    """Disciplines whose Shapley value cannot be told from zero."""
    return [
        Sentence(say("idle", language, name=group_name(name, language)))
        for name, size in found["shapley"].items()
        if size["low"] is not None and size["low"] <= 0
    ]


def _pairs_said(found: Found, language: Language) -> list[Sentence]:
    """The clearest overlap and the clearest mutual need, where the interval excludes zero and they are large."""
    gain = sum(size["value"] or 0 for size in found["shapley"].values())
    said, metric = [], str(found["metric"])
    for key, sign in (("overlap", 1), ("exclusive", -1)):
        clear = [
            (sign * p["redundancy"]["value"], p)
            for p in found["pairs"]
            if p["redundancy"]["low"] is not None
            and (p["redundancy"]["low"] > 0 if sign > 0 else p["redundancy"]["high"] < 0)
            and sign * p["redundancy"]["value"] > CLEAR * gain
        ]
        if clear:
            value, pair = max(clear, key=lambda c: c[0])
            low, high = sorted(sign * pair["redundancy"][end] for end in ("low", "high"))
            size, between = (
                wording.gap(metric, value, language=language),
                wording.gap_interval(metric, low, high, language=language),
            )
            a, b = (group_name(name, language) for name in pair["pair"])
            said.append(Sentence(say(key, language, a=a, b=b, size=size, between=between)))
    return said


def _subsets(found: Found, language: Language) -> Figure:
    metric, rows = str(found["metric"]), found["subsets"]
    count = len(found["shapley"])
    names = {id(row): _called(row["groups"], list(found["shapley"]), language) for row in rows}
    parts = [
        (say("single", language), [r for r in rows if len(r["groups"]) <= 1]),
        (say("several", language), [r for r in rows if 1 < len(r["groups"]) < count]),
        (say("all", language), [r for r in rows if len(r["groups"]) == count]),
    ]
    kinds = {0: "floor", 1: "alone", count: "default"}
    drawn = [
        (heading, [_score(names[id(r)], kinds.get(len(r["groups"]), "network"), metric, r[metric]) for r in some])
        for heading, some in parts
    ]
    axis = say("axis", language, metric=wording.metric_name(metric, language))
    wide, narrow = (dot_whisker(drawn, axis, metric in wording.PERCENTAGES, width) for width in (WIDE, NARROW))
    raw = [[" + ".join(r["groups"]), *(r[metric][end] for end in ("value", "low", "high"))] for r in rows]
    shown = [[names[id(r)], *(wording.number(metric, v) for v in line[1:])] for r, line in zip(rows, raw, strict=True)]
    headers = [
        say("combination", language),
        wording.metric_name(metric, language),
        say("low", language),
        say("high", language),
    ]
    lead = say("subsets_lead", language) + ("" if found["exact"] else " " + say("some_subsets", language))
    return Figure(say("subsets", language), lead, wide, narrow, "", Sheet("subsets.csv", headers, shown, raw))


def _called(groups: list[str], every: list[str], language: Language) -> str:
    if not groups:
        return say("nothing", language)
    if len(groups) > 3 and len(groups) == len(every) - 1:
        return say("without", language, name=group_name(next(n for n in every if n not in groups), language))
    return say("all", language) if len(groups) == len(every) > 3 else _joined(groups, language)


def _joined(groups: list[str], language: Language) -> str:
    return " + ".join(group_name(group, language) for group in groups)


def _score(label: str, kind: str, metric: str, score: Found) -> Score:
    return Score(label, kind, score["value"], score["low"], score["high"], wording.number(metric, score["value"]))


def _shares(found: Found, language: Language) -> Figure:
    metric = str(found["metric"])
    scores = [
        Score(group_name(name, language), "default", s["value"], s["low"], s["high"], _percent(s["value"]))
        for name, s in found["shares"].items()
    ]
    axis = say("share_axis", language)
    wide, narrow = (dot_whisker([("", scores)], axis, True, width) for width in (WIDE, NARROW))
    shown, raw = [], []
    for name, share in found["shares"].items():
        gain, unique = found["shapley"][name], found["unique"][name]
        columns = ", ".join(found["disciplines"][name][:6])
        raw.append([name, columns, *share.values(), *gain.values(), *unique.values()])
        shown.append(
            [
                group_name(name, language),
                columns,
                f"{_percent(share['value'])}\n{_percent(share['low'])} – {_percent(share['high'])}",
                _gaps(language, metric, gain),
                _gaps(language, metric, unique),
            ]
        )
    headers = [say(key, language) for key in ("source", "columns", "share", "gain", "unique")]
    note = "" if found["exact"] else say("approximate", language)
    ends = [f"{key}_{end}" for key in ("share", "gain", "unique") for end in ("value", "low", "high")]
    sheet = Sheet("shares.csv", headers, shown, raw, 1, (1,), ("source", "columns", *ends))
    return Figure(say("shares", language), say("shares_lead", language), wide, narrow, note, sheet)


def _pairs(found: Found, language: Language) -> Figure:
    metric, shown, raw = str(found["metric"]), [], []
    for pair in found["pairs"]:
        name = " + ".join(pair["pair"])
        cells = [pair[key] for key in ("synergy", "redundancy")]
        raw.append([name, *(c[end] for c in cells for end in ("value", "low", "high"))])
        shown.append(
            [
                _joined(pair["pair"], language),
                *(_gaps(language, metric, c) for c in cells),
            ]
        )
    headers = [say(key, language) for key in ("pair", "synergy", "redundancy")]
    return Figure(
        say("pairs", language),
        "",
        "",
        "",
        "",
        Sheet("pairs.csv", headers, shown, raw, raw_headers=("pair", *PAIR_ENDS)),
    )


def _retrained(found: Found, language: Language) -> Figure:
    metric, shown, raw = str(found["metric"]), [], []
    for row in found["retrained"]:
        score, gap = row[metric], row["difference"]
        name = _called(row["groups"], list(found["shapley"]), language)
        raw.append([" + ".join(row["groups"]), *score.values(), *(gap[end] for end in ("value", "low", "high"))])
        shown.append(
            [
                name,
                f"{wording.number(metric, score['value'])}\n{wording.interval(metric, score, language)}",
                _gaps(language, metric, gap),
            ]
        )
    headers = [say("combination", language), wording.metric_name(metric, language), say("difference", language)]
    sheet = Sheet("retrained.csv", headers, shown, raw, raw_headers=("sources", *RETRAINED_ENDS))
    return Figure(say("retrained", language), say("retrained_lead", language), "", "", "", sheet)


def _percent(value: float | None) -> str:
    return wording.UNDEFINED if value is None else wording.percent(value, 0)


def _gaps(language: Language, metric: str, score: Found) -> str:
    """A difference with its interval in a second line."""
    ends = [wording.UNDEFINED if score[e] is None else wording.gap(metric, score[e], True, language) for e in ENDS]
    return f"{ends[0]}\n{ends[1]} – {ends[2]}"
