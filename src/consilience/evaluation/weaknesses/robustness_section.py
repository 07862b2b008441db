"""The chapter about robustness, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation import wording
from consilience.evaluation.analysis import Figure, Language, Section, Sheet
from consilience.evaluation.charts.bands import Point, bands, span_of
from consilience.evaluation.weaknesses.phrases import measured, metric_words, two_lines
from consilience.evaluation.weaknesses.probes.audio import CLEAN_DECIBELS
from consilience.evaluation.wording import Sentence

MOST_PANELS = 12
PANEL = 360

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "When inputs get worse",
        "worst": "The score falls most with {wear}: {metric} {value} at {strength}, against {clean} undisturbed; "
        "difference {difference}.",
        "flat": "No change beyond noise at any strength tried: {wears}.",
        "none": "Nothing that was tried lowers the score beyond noise on these {rows} rows.",
        "wear": "{kind} (“{group}”)",
        "missing": "missing cells",
        "noise": "noise on numbers",
        "replaced": "replaced values",
        "image_noise": "noise on images",
        "blur": "blurred images",
        "dark": "darkened images",
        "audio_noise": "noise on sounds",
        "series_noise": "noise on series",
        "steps": "missing steps",
        "video_noise": "noise on videos",
        "frames": "dropped frames",
        "words": "dropped words",
        "letters": "swapped letters",
        "masked": "unknown letters",
        "mutated": "mutated letters",
        "share": "{value:.0f} %",
        "deviations": "{value:g} SD",
        "grey": "{value:g}",
        "side": "{value:g} %",
        "decibels": "{value:.0f} dB",
        "axis_missing": "cells missing",
        "axis_noise": "noise, standard deviations of the training rows",
        "axis_replaced": "cells replaced by another row's",
        "axis_image_noise": "noise, standard deviation (grey 0 to 1)",
        "axis_blur": "blur, standard deviation in % of the longer side",
        "axis_dark": "brightness lost",
        "axis_audio_noise": "signal-to-noise ratio",
        "axis_series_noise": "noise, standard deviations of the training rows",
        "axis_steps": "steps missing",
        "axis_video_noise": "noise, standard deviation (grey 0 to 1)",
        "axis_frames": "frames dropped",
        "axis_words": "words dropped",
        "axis_letters": "words with two letters swapped",
        "axis_masked": "letters made unknown",
        "axis_mutated": "letters replaced by others",
        "clean": "none",
        "lead": "Metric: {metric}, on the same test rows, from undisturbed to badly worn.",
        "not_drawn": "The {drawn} kinds of wear that change the score most are drawn; the table holds all.",
        "curves": "Score as inputs get worse",
        "patterns": "When whole sources are missing",
        "head": "input|wear|strength|{metric}|difference to undisturbed",
        "pattern_head": "sources|{metric}|difference to all",
        "all": "all sources",
        "without": "without “{discipline}”",
        "alone": "“{discipline}” alone",
        "note": "{rows} of {test_rows} test rows, worn at random; bands are 95 % intervals over these rows, not "
        "corrected for many looks. The dashed line is the undisturbed score. Whole sources are hidden on "
        "every test row.",
    },
    "zh": {
        "title": "输入变差时",
        "worst": "得分下降最多的情形是{wear}：{strength} 时{metric}为 {value}，未受干扰时为 {clean}；"
        "相差 {difference}。",
        "flat": "在所试的任何强度下都没有超出偶然的变化：{wears}。",
        "none": "在这 {rows} 行上，所试的任何干扰都没有使得分下降到超出偶然的程度。",
        "wear": "{kind}（“{group}”）",
        "missing": "单元格缺失",
        "noise": "数值噪声",
        "replaced": "取值被替换",
        "image_noise": "图像噪声",
        "blur": "图像模糊",
        "dark": "图像变暗",
        "audio_noise": "声音噪声",
        "series_noise": "序列噪声",
        "steps": "时间步缺失",
        "video_noise": "视频噪声",
        "frames": "视频丢帧",
        "words": "词语缺失",
        "letters": "字母颠倒",
        "masked": "字符未知",
        "mutated": "字符突变",
        "share": "{value:.0f}%",
        "deviations": "{value:g} σ",
        "grey": "{value:g}",
        "side": "{value:g}%",
        "decibels": "{value:.0f} dB",
        "axis_missing": "缺失的单元格",
        "axis_noise": "噪声（训练行的标准差 σ）",
        "axis_replaced": "换成其他行取值的单元格",
        "axis_image_noise": "噪声标准差（灰度 0 至 1）",
        "axis_blur": "模糊标准差（占长边的百分比）",
        "axis_dark": "损失的亮度",
        "axis_audio_noise": "信噪比",
        "axis_series_noise": "噪声（训练行的标准差 σ）",
        "axis_steps": "缺失的时间步",
        "axis_video_noise": "噪声标准差（灰度 0 至 1）",
        "axis_frames": "丢失的帧",
        "axis_words": "去掉的词语",
        "axis_letters": "有两个字母颠倒的词语",
        "axis_masked": "变为未知的字符",
        "axis_mutated": "被替换的字符",
        "clean": "无",
        "lead": "同一批测试行上的{metric}，从未受干扰到严重受损。",
        "not_drawn": "图中为对得分影响最大的 {drawn} 种干扰；表中列出全部。",
        "curves": "输入变差时的得分",
        "patterns": "整个来源缺失时",
        "head": "输入|干扰|强度|{metric}|与未受干扰时之差",
        "pattern_head": "来源|{metric}|与全部来源之差",
        "all": "全部来源",
        "without": "没有“{discipline}”",
        "alone": "仅有“{discipline}”",
        "note": "在 {test_rows} 个测试行中取 {rows} 行随机干扰；色带为这些行上的 95% 区间，未作多重比较校正。"
        "虚线为未受干扰时的得分。整个来源的缺失在全部测试行上测量。",
    },
}


def robustness_section(found: Mapping[str, Any], language: Language) -> Section:
    """The chapter from what `Robustness.measure` gave."""
    words = WORDS[language]
    blocks = [_curves(found, language)] if found["curves"] else []
    if found["patterns"]:
        blocks.append(_patterns(found, language))
    note = words["note"].format(rows=f"{found['rows']:,}", test_rows=f"{found['test_rows']:,}")
    return Section("robustness", words["title"], tuple(_sentences(found, language)), tuple(blocks), note)


def _sentences(found: Mapping[str, Any], language: Language) -> list[Sentence]:
    words, metric = WORDS[language], str(found["metric"])
    fallen = [(c, p) for c in found["curves"] for p in c["points"] if p["worse"]]
    if not fallen:
        return [Sentence(words["none"].format(rows=f"{found['rows']:,}"), "good")]
    curve, point = max(fallen, key=lambda pair: abs(pair[1]["difference"]["value"]))
    worst = words["worst"].format(
        wear=_wear(curve, language),
        metric=metric_words(metric, language),
        value=wording.number(metric, point["value"]),
        strength=_strength(point["strength"], curve, language),
        clean=wording.number(metric, found["clean"]["value"]),
        difference=measured(metric, point["difference"], language, gap=True),
    )
    flat = [_wear(c, language) for c in found["curves"] if not any(p["worse"] for p in c["points"])]
    sentences = [Sentence(worst, "bad")]
    if flat:
        joint = ", " if language == "en" else "、"
        sentences.append(Sentence(words["flat"].format(wears=joint.join(flat)), "good"))
    return sentences


def _wear(curve: Mapping[str, Any], language: Language) -> str:
    words = WORDS[language]
    return words["wear"].format(kind=words[curve["kind"]], group=wording.group_name(curve["group"], language))


def _strength(strength: float, curve: Mapping[str, Any], language: Language) -> str:
    unit = curve["unit"]
    value = (
        CLEAN_DECIBELS - strength if unit == "decibels" else 100 * strength if unit in ("share", "side") else strength
    )
    return WORDS[language][unit].format(value=round(value, 6))


def _curves(found: Mapping[str, Any], language: Language) -> Figure:
    words, metric = WORDS[language], str(found["metric"])
    clean = Point(words["clean"], *(found["clean"][k] for k in ("value", "low", "high")))
    drawn = [
        [clean, *(Point(_strength(p["strength"], c, language), p["value"], p["low"], p["high"]) for p in c["points"])]
        for c in found["curves"]
    ]
    told = sorted(found["curves"], key=_fall, reverse=True)[:MOST_PANELS]
    span, percent = span_of(drawn), metric in wording.PERCENTAGES
    panels = [
        bands(_wear(c, language), points, (words[f"axis_{c['kind']}"], metric_words(metric, language)), span, percent)
        for c, points in zip(found["curves"], drawn, strict=True)
        if c in told
    ]
    lead = words["lead"].format(metric=metric_words(metric, language))
    note = words["not_drawn"].format(drawn=len(panels)) if len(panels) < len(drawn) else ""
    return Figure(words["curves"], lead, "", "", note, _curve_sheet(found, language), tuple(panels))


def _fall(curve: Mapping[str, Any]) -> float:
    """The largest change at any strength; 0 where the score is undefined."""
    return max(abs(float(p["difference"]["value"] or 0.0)) for p in curve["points"])


def _curve_sheet(found: Mapping[str, Any], language: Language) -> Sheet:
    words, metric = WORDS[language], str(found["metric"])
    shown, raw = [], []
    for curve in found["curves"]:
        for point in curve["points"]:
            labels = [
                wording.group_name(curve["group"], language),
                words[curve["kind"]],
                _strength(point["strength"], curve, language),
            ]
            gap = two_lines(metric, point["difference"], language, gap=True)
            shown.append([*labels, two_lines(metric, point, language), gap])
            raw.append([*labels, point["value"], point["difference"]["value"]])
    headers = words["head"].format(metric=metric_words(metric, language)).split("|")
    return Sheet("robustness.csv", headers, shown, raw, 3)


def _patterns(found: Mapping[str, Any], language: Language) -> Figure:
    words, metric = WORDS[language], str(found["metric"])
    shown, raw = [], []
    for one in found["patterns"]:
        discipline, gap = wording.group_name(one["discipline"], language), one.get("difference")
        name = words[one["what"]].format(discipline=discipline)
        shown.append([name, two_lines(metric, one, language), two_lines(metric, gap, language, gap=True)])
        raw.append([name, one["value"], gap["value"] if gap else None])
    headers = words["pattern_head"].format(metric=metric_words(metric, language)).split("|")
    return Figure(words["patterns"], "", "", "", "", Sheet("missing_sources.csv", headers, shown, raw))
