"""The walk through earlier blocks as sentences and a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation import wording
from consilience.evaluation.analysis import Figure, Language, Sheet
from consilience.evaluation.wording import Sentence

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "mean": "Over {blocks} blocks of time, each forecast by a model of the steps before it, the {metric} of the "
        "default prediction is {default} on average, that of the best baseline {baseline}.",
        "alone": "Over {blocks} blocks of time, each forecast by a model of the steps before it, the {metric} of the "
        "default prediction is {default} on average.",
        "better": "It is better than the best baseline from block to block, by {gap}.",
        "worse": "It loses to the best baseline from block to block, by {gap}.",
        "no difference": "From block to block it cannot be told from the best baseline: {gap}.",
        "failed": "{count} of the blocks could not be forecast: the table says why.",
        "title": "Block by block",
        "lead": "The recipe trained again for every block, on the steps before it only; the last block is the test. "
        "The best baseline is picked on each block's own windows.",
        "note": "The interval of the mean is Student's t over the blocks. Their training steps overlap, so it is "
        "somewhat too narrow; and each block has the standard deviations of its own training steps.",
        "from": "from",
        "to": "to",
        "until": "trained until",
        "rows": "windows",
        "default": "default prediction",
        "network": "network",
        "baseline": "best baseline",
        "name": "which",
        "coverage": "coverage",
        "average": "mean of {blocks}",
    },
    "zh": {
        "mean": "在 {blocks} 个时间块上（每块由只见过其之前各步的模型预报），默认预测的{metric}"
        "平均为 {default}，最佳基线为 {baseline}。",
        "alone": "在 {blocks} 个时间块上（每块由只见过其之前各步的模型预报），默认预测的{metric}平均为 {default}。",
        "better": "逐块来看，它优于最佳基线，相差 {gap}。",
        "worse": "逐块来看，它不如最佳基线，相差 {gap}。",
        "no difference": "逐块来看，它与最佳基线无法区分：{gap}。",
        "failed": "有 {count} 个块无法预报，原因见表。",
        "title": "逐块结果",
        "lead": "每个块都只用其之前的步重新训练；最后一块即测试段。最佳基线在各块自己的窗口上选出。",
        "note": "均值的区间按块取学生 t 分布。各块的训练步有重叠，区间因此略窄；"
        "各块的误差以其自身训练步的标准差为单位。",
        "from": "自",
        "to": "至",
        "until": "训练截至",
        "rows": "窗口数",
        "default": "默认预测",
        "network": "网络",
        "baseline": "最佳基线",
        "name": "名称",
        "coverage": "覆盖率",
        "average": "{blocks} 块均值",
    },
}
WHO = ("default", "network", "baseline")


def walk_sentences(found: Mapping[str, Any], language: Language) -> list[Sentence]:
    """The mean over the blocks, and whether the best baseline was beaten from block to block."""
    words, metric, mean = WORDS[language], str(found["metric"]), found["mean"]
    known = [row for row in found["blocks"] if "failed" not in row]
    said = {who: wording.measured(metric, mean[who], language) for who in mean}
    text = words["mean" if "baseline" in mean else "alone"]
    sentences = [Sentence(text.format(blocks=len(known), metric=wording.inline(metric, language), **said))]
    gap = found["difference"].get("default")
    if gap and gap["low"] is not None:
        verdict = "better" if gap["low"] > 0 else "worse" if gap["high"] < 0 else "no difference"
        tone = {"better": "good", "worse": "bad"}.get(verdict, "plain")
        size = wording.gap(metric, gap["value"], True, language)
        between = wording.gap_interval(metric, gap["low"], gap["high"], True, language)
        sentences.append(Sentence(words[verdict].format(gap=f"{size} ({between})"), tone))
    failed = len(found["blocks"]) - len(known)
    if failed:
        sentences.append(Sentence(words["failed"].format(count=failed), "bad"))
    return sentences


def walk_table(found: Mapping[str, Any], language: Language) -> Figure:
    """A row a block, the mean last; blocks that failed say why."""
    words, metric = WORDS[language], str(found["metric"])
    rows, raw = [], []
    for row in found["blocks"]:
        dates = [str(row[part]) for part in ("from", "to", "until")]
        if "failed" in row:
            rows.append([*dates, "", *([wording.UNDEFINED] * 3), str(row["failed"]), ""])
            raw.append([*dates, None, *([None] * 9), row["failed"], None])
            continue
        said = [wording.measured(metric, row[who], language) if who in row else wording.UNDEFINED for who in WHO]
        best = (row.get("baseline") or {}).get("name")
        name = wording.predictor_name(best, language=language) if best else ""
        held = wording.number("coverage", row["coverage"]["value"], language)
        rows.append([*dates, f"{row['rows']:,}", *said, name, held])
        raw.append([*dates, row["rows"], *_ends(row), best, row["coverage"]["value"]])
    mean = found["mean"]
    blocks = sum("failed" not in row for row in found["blocks"])
    said = [wording.measured(metric, mean[who], language) if who in mean else "" for who in WHO]
    rows.append([words["average"].format(blocks=blocks), "", "", "", *said, "", ""])
    raw.append(["mean", None, None, None, *_ends(mean), None, None])
    heads = [words[part] for part in ("from", "to", "until", "rows", *WHO, "name", "coverage")]
    ends = [f"{who}_{end}" for who in WHO for end in ("value", "low", "high")]
    raw_heads = ("from", "to", "until", "windows", *ends, "best_baseline", "coverage")
    sheet = Sheet("walk_forward", heads, rows, raw, labels=2, words=(2, 7), raw_headers=raw_heads)
    return Figure(words["title"], words["lead"], "", "", words["note"], sheet)


def _ends(scores: Mapping[str, Any]) -> list[float | None]:
    return [(scores.get(who) or {}).get(end) for who in WHO for end in ("value", "low", "high")]
