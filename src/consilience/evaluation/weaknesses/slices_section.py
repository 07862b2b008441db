"""The chapter about slices, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from consilience.evaluation import wording
from consilience.evaluation.analysis import Figure, Language, Section, Sheet
from consilience.evaluation.charts.dot_whisker import Score, dot_whisker
from consilience.evaluation.weaknesses.phrases import chance, literals_words, measured, metric_words, two_lines
from consilience.evaluation.wording import Sentence

WIDE, NARROW = 760, 350
LABELS = 400.0
"""px for what slices are called."""

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Where it is weaker",
        "weak": "Weaker where {slice}: {metric} {value} on {rows} rows, against {rest} on the others; difference "
        "{difference}, p {p} after correction for every slice measured.",
        "strong": "Better where {slice}: {metric} {value} on {rows} rows, against {rest} on the others; difference "
        "{difference}, p {p} after correction.",
        "no_evidence": "Where {slice}, the model cannot be told from how it does elsewhere: {metric} {value} on {rows} "
        "rows, difference {difference}.",
        "too_few": "Where {slice}: {rows} rows, too few to tell.",
        "none": "No part of the rows was found where the model is weaker beyond chance: {measured} candidate slices, "
        "the worst of all combinations of up to three of {looked} conditions, were measured on rows that did not "
        "choose them.",
        "nothing": "No part of the rows was large enough to be looked at on its own.",
        "found": "Slices found by search",
        "named": "Slices you named",
        "all": "all rows measured",
        "note_validation": "Found on {rows_found_on} validation rows and measured on {rows} test rows. ",
        "note_test": "Found on one half of the test rows ({rows_found_on}) and measured on the other ({rows}). ",
        "note": "Search: SliceLine (Sagadeeva and Boehm 2021). Correction for many looks: Holm (1979), at {level}. "
        "Slices that are not called weak are what was looked at, not something found.",
        "verdict_weak": "weaker",
        "verdict_strong": "better",
        "verdict_no_evidence": "no evidence",
        "verdict_too_few": "too few rows",
        "head": "slice,rows,{metric},on the other rows,difference,p,corrected p,verdict",
        "held": "90 % set or interval holds",
        "inside": "{primary} within",
        "axis": "{metric} on the rows measured",
    },
    "zh": {
        "title": "模型较弱之处",
        "weak": "{slice}时较弱：{rows} 行的{metric}为 {value}，其余行为 {rest}；相差 {difference}，"
        "对所有测量过的子集校正后 p {p}。",
        "strong": "{slice}时较好：{rows} 行的{metric}为 {value}，其余行为 {rest}；相差 {difference}，校正后 p {p}。",
        "no_evidence": "{slice}时，与其余行没有可辨别的差异：{rows} 行的{metric}为 {value}，相差 {difference}。",
        "too_few": "{slice}：只有 {rows} 行，无法判断。",
        "none": "没有发现模型明显较弱、超出偶然的子集：从 {looked} 个条件（最多三个组合）中选出"
        "最差的 {measured} 个候选子集，并在未参与挑选的行上测量。",
        "nothing": "没有足够大的子集可以单独考察。",
        "found": "搜索得到的子集",
        "named": "您指定的子集",
        "all": "全部测量行",
        "note_validation": "在 {rows_found_on} 行验证数据上寻找，在 {rows} 行测试数据上测量。",
        "note_test": "在一半测试数据（{rows_found_on} 行）上寻找，在另一半（{rows} 行）上测量。",
        "note": "搜索方法：SliceLine（Sagadeeva 与 Boehm 2021）。多重比较校正：Holm（1979），水平 {level}。"
        "未被称为较弱的子集只是考察过的内容，并非发现。",
        "verdict_weak": "较弱",
        "verdict_strong": "较好",
        "verdict_no_evidence": "无证据",
        "verdict_too_few": "行数太少",
        "head": "子集,行数,{metric},其余行,差异,p,校正后 p,结论",
        "held": "90% 集合（区间）包含真值",
        "inside": "子集内的 {primary}",
        "axis": "测量行上的{metric}",
    },
}


def slices_section(found: Mapping[str, Any], language: Language) -> Section:
    """The chapter from what `Slices.measure` gave."""
    words = WORDS[language]
    sentences = [_sentence(s, found, language) for s in found["named"]]
    weak = [s for s in found["found"] if s["verdict"] == "weak"]
    sentences += [_sentence(s, found, language) for s in weak]
    if not weak:
        pattern = words["none"] if found["found"] else words["nothing"]
        sentences.append(Sentence(pattern.format(measured=len(found["found"]), looked=found["looked"])))
    blocks = tuple(
        _figure((words[part], f"slices_{part}.csv", overall), found[part], found, language)
        for part, overall in (("named", found["overall_named"]), ("found", found["overall"]))
        if found[part]
    )
    origin = words[f"note_{found['found_on']}"].format(rows_found_on=found["rows_found_on"], rows=found["rows"])
    note = origin + words["note"].format(level=found["level"]) if found["found"] else ""
    return Section("slices", words["title"], tuple(sentences), blocks, note)


def slice_words(one: Mapping[str, Any], language: Language) -> str:
    """What a slice is called: the user's own condition, or its literals."""
    return str(one["condition"]) if "condition" in one else literals_words(one["literals"], language)


def _sentence(one: Mapping[str, Any], found: Mapping[str, Any], language: Language) -> Sentence:
    metric, verdict = str(found["metric"]), str(one["verdict"])
    name = slice_words(one, language)
    text = WORDS[language][verdict].format(
        slice=f"“{name}”" if "condition" in one else name,
        metric=metric_words(metric, language),
        rows=f"{one['rows']:,}",
        value=measured(metric, one["value"], language),
        rest=wording.number(metric, one["rest"]["value"]),
        difference=measured(metric, one["difference"], language, gap=True),
        p=chance(one["adjusted_p"]),
    )
    return Sentence(text, {"weak": "bad", "strong": "good"}.get(verdict, "plain"))


def _figure(
    what: tuple[str, str, float], slices: Sequence[Mapping[str, Any]], found: Mapping[str, Any], language: Language
) -> Figure:
    words, metric = WORDS[language], str(found["metric"])
    title, file, overall = what
    whole = Score(words["all"], "default", overall, None, None, wording.number(metric, overall))
    scores = [
        Score(
            slice_words(s, language),
            "reference" if s["verdict"] == "weak" else "floor" if s["verdict"] == "too_few" else "network",
            s["value"]["value"],
            s["value"]["low"],
            s["value"]["high"],
            wording.number(metric, s["value"]["value"]),
        )
        for s in slices
    ]
    axis = words["axis"].format(metric=metric_words(metric, language))
    percent = metric in wording.PERCENTAGES
    wide, narrow = (dot_whisker([("", [whole]), (title, scores)], axis, percent, w, LABELS) for w in (WIDE, NARROW))
    return Figure(title, "", wide, narrow, "", _sheet(file, slices, found, language))


def _sheet(file: str, slices: Sequence[Mapping[str, Any]], found: Mapping[str, Any], language: Language) -> Sheet:
    words, metric, primary = WORDS[language], str(found["metric"]), str(found["primary"])
    headers = words["head"].format(metric=metric_words(metric, language)).split(",")
    inside = any(s.get("primary") for s in slices)
    if inside:
        headers.append(words["inside"].format(primary=metric_words(primary, language)))
    held = any(s.get("coverage") for s in slices)
    if held:
        headers.append(words["held"])
    shown, raw = [], []
    for one in slices:
        name, verdict = slice_words(one, language), words[f"verdict_{one['verdict']}"]
        figures = [f"{one['rows']:,}", _cell(metric, one["value"]), wording.number(metric, one["rest"]["value"])]
        figures += [two_lines(metric, one["difference"], language, gap=True), chance(one["p"])]
        shown.append([name, *figures, chance(one["adjusted_p"]), verdict])
        values = [one[key]["value"] for key in ("value", "rest", "difference")]
        raw.append([name, one["rows"], *values, one["p"], one["adjusted_p"], verdict])
        if inside:
            shown[-1].append(_cell(primary, one.get("primary") or {}))
            raw[-1].append((one.get("primary") or {}).get("value"))
        if held:
            shown[-1].append(_cell("accuracy", one.get("coverage") or {}))
            raw[-1].append((one.get("coverage") or {}).get("value"))
    return Sheet(file, headers, shown, raw, 1, (7,))


def _cell(metric: str, score: Mapping[str, Any]) -> str:
    value, between = wording.number(metric, score.get("value")), wording.interval(metric, score)
    return f"{value}\n{between}" if between else value
