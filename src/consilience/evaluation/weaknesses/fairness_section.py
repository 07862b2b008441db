"""The chapter about fairness, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation import wording
from consilience.evaluation.analysis import Figure, Language, Section, Sheet
from consilience.evaluation.charts.dot_whisker import Score, dot_whisker
from consilience.evaluation.weaknesses.phrases import chance, measured, two_lines
from consilience.evaluation.wording import Sentence

WIDE, NARROW = 760, 350
UNSHARED = ("bias", "mae")
"""Rates in the unit of the target; all others are shares."""
LISTED = 12
"""Differences shown of a column; all can be downloaded."""
UNDRAWN = ("calibration", "bias")
"""Rates about zero, which share no axis with the others."""

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Fairness by group",
        "differs": "By “{column}”, the largest difference that is more than noise: {rate} is {value} for {group} and "
        "{reference_value} for {reference}; difference {difference}, p {p} after correction for all {looks} "
        "comparisons.",
        "no_evidence": "No difference between groups can be told from noise. The largest seen, by “{column}”: {rate} "
        "is {value} for {group} and {reference_value} for {reference}; difference {difference}, p {p} after "
        "correction for all {looks} comparisons.",
        "none": "No rate of two groups rests on enough rows to be compared.",
        "others": "Also more than noise, by “{column}”: {rate}, {group} against {reference}: {difference}.",
        "too_few": "Too few rows to compare in “{column}”: {groups}.",
        "figure": "By “{column}”",
        "rates_table": "Rates by “{column}”",
        "differences_table": "Differences to the largest group, “{column}”",
        "listed": "The {listed} surest of {many} differences; the download holds all.",
        "other": "other",
        "accuracy": "accuracy",
        "selection": "share predicted “{class}”",
        "tpr": "share of actual “{class}” found (TPR)",
        "fpr": "share of others wrongly called “{class}” (FPR)",
        "ppv": "share of those called “{class}” that are (PPV)",
        "calibration": "mean probability less share of “{class}”",
        "bias": "mean of predicted less actual",
        "mae": "mean absolute error",
        "axis": "rate on the test rows",
        "rates_head": "group|rate|value|rows it is a share of",
        "differences_head": "group|rate|difference|ratio|p|corrected p|verdict",
        "verdict_differs": "more than noise",
        "verdict_no_evidence": "no evidence",
        "note": "Groups are compared with the largest group of their column. Where groups differ in how often the "
        "outcome occurs, not every rate can be equal at once. Intervals are not corrected for many looks; the "
        "corrected p is (Holm 1979). What is fair depends on what a prediction is used for: no figure decides it.",
    },
    "zh": {
        "title": "按人群的公平性",
        "differs": "按“{column}”，超出偶然的最大差异：{group}的{rate}为 {value}，{reference}为 {reference_value}；"
        "相差 {difference}，对全部 {looks} 次比较校正后 p {p}。",
        "no_evidence": "各组之间没有可与偶然区分的差异。观察到的最大差异，按“{column}”：{group}的{rate}为 {value}，"
        "{reference}为 {reference_value}；相差 {difference}，对全部 {looks} 次比较校正后 p {p}。",
        "none": "没有任何两组的比率有足够行数可供比较。",
        "others": "同样超出偶然，按“{column}”：{rate}，{group}与{reference}相比：{difference}。",
        "too_few": "“{column}”中行数太少、无法比较的组：{groups}。",
        "figure": "按“{column}”",
        "rates_table": "按“{column}”的比率",
        "differences_table": "与最大组的差异，“{column}”",
        "listed": "{many} 个差异中最确定的 {listed} 个；下载文件包含全部。",
        "other": "其他",
        "accuracy": "准确率",
        "selection": "预测为“{class}”的比例",
        "tpr": "实际“{class}”被找出的比例（TPR）",
        "fpr": "其余被误判为“{class}”的比例（FPR）",
        "ppv": "预测为“{class}”者中正确的比例（PPV）",
        "calibration": "“{class}”的平均概率减实际比例",
        "bias": "预测减实际的平均值",
        "mae": "平均绝对误差",
        "axis": "测试行上的比率",
        "rates_head": "组|比率|数值|所占的行数",
        "differences_head": "组|比率|差异|比值|p|校正后 p|结论",
        "verdict_differs": "超出偶然",
        "verdict_no_evidence": "无证据",
        "note": "各组与该列中最大的组比较。若各组的结局发生率不同，则不可能所有比率同时相等。区间未作多重比较校正，"
        "校正后的 p 值已作校正（Holm 1979）。何为公平取决于预测的用途，任何数字都不能代为决定。",
    },
}


def fairness_section(found: Mapping[str, Any], language: Language) -> Section:
    """The chapter from what `Fairness.measure` gave."""
    words, largest = WORDS[language], found["largest"]
    looks = sum(len(column["differences"]) for column in found["columns"])
    sentences = [Sentence(words["none"])]
    if largest is not None:
        tone = "bad" if largest["verdict"] == "differs" else "plain"
        sentences = [Sentence(words[largest["verdict"]].format(**_facts(largest, found, language), looks=looks), tone)]
    for column in found["columns"]:
        others = [d for d in column["differences"] if d["verdict"] == "differs" and d != largest]
        for one in sorted(others, key=lambda d: -abs(d["difference"]["value"]))[:3]:
            sentences.append(Sentence(words["others"].format(**_facts(one, found, language)), "bad"))
        if column["too_few"]:
            small = ", ".join(f"{_group(g['group'], language)} ({g['rows']})" for g in column["too_few"])
            sentences.append(Sentence(words["too_few"].format(column=column["column"], groups=small)))
    blocks = [block for column in found["columns"] for block in _blocks(column, language)]
    return Section("fairness", words["title"], tuple(sentences), tuple(blocks), words["note"])


def _facts(one: Mapping[str, Any], found: Mapping[str, Any], language: Language) -> dict[str, str]:
    """What a sentence about a difference says."""
    rates = next(c["rates"] for c in found["columns"] if c["column"] == one["column"])
    values = {r["group"]: r["value"] for r in rates if (r["rate"], r["class"]) == (one["rate"], one["class"])}
    unit = _unit(one["rate"])
    return {
        "column": str(one["column"]),
        "rate": _rate(one, language),
        "group": f"“{_group(one['group'], language)}”",
        "reference": f"“{_group(one['reference'], language)}”",
        "value": wording.number(unit, values[one["group"]]),
        "reference_value": wording.number(unit, values[one["reference"]]),
        "difference": measured(unit, one["difference"], language, gap=True),
        "p": chance(one["adjusted_p"]),
    }


def _unit(rate: str) -> str:
    """A metric that is written as the rate is: shares as percentages."""
    return "mae" if rate in UNSHARED else "accuracy"


def _rate(one: Mapping[str, Any], language: Language) -> str:
    return WORDS[language][one["rate"]].format(**{"class": one["class"]})


def _group(name: str, language: Language) -> str:
    return name or WORDS[language]["other"]


def _blocks(column: Mapping[str, Any], language: Language) -> list[Figure]:
    words, name = WORDS[language], column["column"]
    keys = list(dict.fromkeys((r["rate"], r["class"]) for r in column["rates"] if r["rate"] not in UNDRAWN))
    if len({k for _, k in keys}) > 2:  # several classes: the one rate that differs by class
        keys = [key for key in keys if key[0] in ("accuracy", "tpr")]
    sections = []
    for key in keys:
        rows = [r for r in column["rates"] if (r["rate"], r["class"]) == key]
        sections.append((_rate(rows[0], language), [_score(r, column, language) for r in rows]))
    percent = keys[0][0] not in UNSHARED
    wide, narrow = (dot_whisker(sections, words["axis"], percent, width) for width in (WIDE, NARROW))
    figure = words["figure"].format(column=name)
    found = [Figure(figure, "", wide, narrow, "", _rates_sheet(column, language))]
    if column["differences"]:
        title = words["differences_table"].format(column=name)
        many = len(column["differences"])
        note = words["listed"].format(listed=LISTED, many=many) if many > LISTED else ""
        found.append(Figure(title, "", "", "", note, _differences_sheet(column, language)))
    return found


def _score(rate: Mapping[str, Any], column: Mapping[str, Any], language: Language) -> Score:
    kind = "network" if rate["group"] == column["reference"] else "reference"
    shown = wording.number(_unit(rate["rate"]), rate["value"])
    return Score(_group(rate["group"], language), kind, rate["value"], rate["low"], rate["high"], shown)


def _rates_sheet(column: Mapping[str, Any], language: Language) -> Sheet:
    shown, raw = [], []
    for rate in column["rates"]:
        labels = [_group(rate["group"], language), _rate(rate, language)]
        shown.append([*labels, two_lines(_unit(rate["rate"]), rate, language), f"{rate['of']:,}"])
        raw.append([*labels, rate["value"], rate["of"]])
    return Sheet(f"rates_{column['column']}.csv", WORDS[language]["rates_head"].split("|"), shown, raw, 2)


def _differences_sheet(column: Mapping[str, Any], language: Language) -> Sheet:
    words = WORDS[language]
    shown, raw = [], []
    for one in sorted(column["differences"], key=lambda d: float(d["p"])):
        labels = [_group(one["group"], language), _rate(one, language)]
        ratio, verdict = one.get("ratio") or {}, words[f"verdict_{one['verdict']}"]
        cells = [
            two_lines(_unit(one["rate"]), one["difference"], language, gap=True),
            two_lines("ratio", ratio, language),
        ]
        shown.append([*labels, *cells, chance(one["p"]), chance(one["adjusted_p"]), verdict])
        raw.append([*labels, one["difference"]["value"], ratio.get("value"), one["p"], one["adjusted_p"], verdict])
    return Sheet(
        f"differences_{column['column']}.csv", words["differences_head"].split("|"), shown[:LISTED], raw, 2, (6,)
    )
