"""The chapter about boxes, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation.analysis import Card, Figure, Gallery, Language, Section
from consilience.evaluation.charts.lines import Axes, Line, lines
from consilience.evaluation.sheets import Sheet
from consilience.evaluation.wording import Sentence

MOST_CURVES = 12
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Boxes",
        "best": "Of {rows} images, {best} is found best (average precision {best_ap} at half overlap) and {worst} "
        "worst ({worst_ap}).",
        "one": "On {rows} images, {best} is found with an average precision of {best_ap} at half overlap.",
        "counted": "Above the thresholds that validation images chose, {said} boxes are said, {right} of them rightly, "
        "where {boxes} are.",
        "curves": "Precision and recall",
        "lead": "Each class at half overlap, from the surest box on. Thresholds: the best F1 on validation images.",
        "recall": "recall",
        "precision": "precision",
        "file": "boxes",
        "pictures": "Images with the surest mistakes",
        "pictures_lead": "Green: rightly found. Red: said where there is none. Orange: there and not found. Only boxes "
        "above the threshold are drawn. Rows are counted from 0.",
        "heading": "Row {row}",
        "counts": "{right} rightly found, {wrong} wrong, {missed} not found.",
        "surest": "The surest mistake has a score of {surest}.",
        "headers": "class|boxes|AP (IoU 0.5)|95 % interval|AP (IoU 0.5 to 0.95)|threshold|said|right|count error",
        "note": "Average precision as COCO measures it; intervals by drawing images again. Labels that do not name "
        "every box make precision look lower than it is.",
    },
    "zh": {
        "title": "目标框",
        "best": "在 {rows} 张图像上，{best} 检测得最好（IoU 0.5 的平均精度为 {best_ap}），{worst} 最差（{worst_ap}）。",
        "one": "在 {rows} 张图像上，{best} 在 IoU 0.5 的平均精度为 {best_ap}。",
        "counted": "按验证图像所选的阈值，共给出 {said} 个框，其中 {right} 个正确；实际有 {boxes} 个框。",
        "curves": "精确率与召回率",
        "lead": "各类别在 IoU 0.5 的曲线，从最有把握的框开始。阈值：验证图像上 F1 最高之处。",
        "recall": "召回率",
        "precision": "精确率",
        "file": "boxes",
        "pictures": "最有把握的错误所在的图像",
        "pictures_lead": "绿色：正确找到。红色：本无目标却给出。橙色：有目标而未找到。"
        "只画出高于阈值的框。行号从 0 开始。",
        "heading": "第 {row} 行",
        "counts": "正确 {right} 个，错误 {wrong} 个，遗漏 {missed} 个。",
        "surest": "最有把握的错误得分为 {surest}。",
        "headers": "类别|框数|AP（IoU 0.5）|95% 区间|AP（IoU 0.5–0.95）|阈值|给出|正确|计数误差",
        "note": "平均精度按 COCO 的方法计算；区间由图像重抽样得到。若标注遗漏了部分目标，精确率会显得偏低。",
    },
}


def boxes_section(found: Mapping[str, Any], language: Language) -> Section:
    """The chapter from what `Boxes.measure` gave; without its examples the pictures are left out."""
    words = WORDS[language]
    blocks: list[Figure | Gallery] = [_curves(found, language)]
    pictures = (found.get("examples") or {}).get("pictures") or []
    if pictures:
        cards = tuple(_card(one, words) for one in pictures)
        blocks.append(Gallery(words["pictures"], words["pictures_lead"], cards))
    return Section("boxes", words["title"], _sentences(found, words), tuple(blocks), words["note"])


def _sentences(found: Mapping[str, Any], words: Mapping[str, str]) -> tuple[Sentence, ...]:
    classes = [one for one in found["classes"] if one["boxes"] and one["ap_50"]["value"] is not None]
    if not classes:
        return ()
    classes.sort(key=lambda one: -one["ap_50"]["value"])
    best, worst = classes[0], classes[-1]
    said = words["best" if len(classes) > 1 else "one"].format(
        rows=f"{found['rows']:,}",
        best=best["label"],
        best_ap=_number(best["ap_50"]["value"]),
        worst=worst["label"],
        worst_ap=_number(worst["ap_50"]["value"]),
    )
    totals = {key: f"{sum(one[key] for one in found['classes']):,}" for key in ("said", "right", "boxes")}
    return Sentence(said), Sentence(words["counted"].format(**totals))


def _curves(found: Mapping[str, Any], language: Language) -> Figure:
    words = WORDS[language]
    drawn = sorted(found["curves"].items(), key=lambda one: one[0])[:MOST_CURVES]
    series = [Line(label, [(float(r), float(p)) for r, p in points]) for label, points in drawn]
    axes = Axes((words["recall"], words["precision"]), (True, True), (0.0, 1.0))
    wide, narrow = (lines(series, axes, width) if series else "" for width in (760, 350))
    headers = words["headers"].split("|")
    shown, raw = [], []
    for one in found["classes"]:
        at_half, mean = one["ap_50"], one["ap"]
        span = f"{_number(at_half['low'])} – {_number(at_half['high'])}"
        shown.append([one["label"], f"{one['boxes']:,}", _number(at_half["value"]), span, _number(mean["value"]),
                      _number(one["threshold"]), f"{one['said']:,}", f"{one['right']:,}",
                      _number(one["count_error"])])  # fmt: skip
        raw.append([one["label"], one["boxes"], at_half["value"], span, mean["value"], one["threshold"], one["said"],
                    one["right"], one["count_error"]])  # fmt: skip
    return Figure(words["curves"], words["lead"], wide, narrow, "", Sheet(words["file"], headers, shown, raw))


def _card(one: Mapping[str, Any], words: Mapping[str, str]) -> Card:
    rows = [words["counts"].format(right=one["right"], wrong=one["wrong"], missed=one["missed"])]
    if one["surest"] > 0:
        rows.append(words["surest"].format(surest=_number(one["surest"])))
    heading = words["heading"].format(row=one["row"])
    return Card(heading, tuple(rows), ((heading, str(one["image"])),))


def _number(value: float | None) -> str:
    return "–" if value is None or value != value else f"{value:.3f}"
