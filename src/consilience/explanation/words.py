"""Every word of the explanations in English and Chinese: `say("en", "row", row=3)`."""

from __future__ import annotations

from typing import Any

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Why the model predicts what it predicts",
        "page": "Explanations",
        "lead_page": "{count} rows, explained one by one.",
        "matters_title": "What moves the predictions",
        "matters_lead": "Mean size of each source's share of a prediction, and of each column's effect, over "
        "{rows} held-out rows; {unit}.",
        "shares_note": "Shares are Shapley values over hidden sources{sampled}.",
        "columns_note": "A column's effect compares the row with the values that training rows have in that column.",
        "sampled": ", estimated from random orders",
        "sources": "sources",
        "columns": "columns",
        "axis": "mean size of the effect, {unit}",
        "unit_class": "percentage points of the predicted class's probability",
        "unit_value": "in the target's own unit",
        "size": "mean size",
        "low": "95 % from",
        "high": "to",
        "top": "On average “{name}” moves a prediction most: by {size} (95 % interval {low} to {high}).",
        "examples_title": "Single rows",
        "examples_lead": "Blue speaks for the prediction, orange (underlined "
        "or hatched) against it. The shares of the "
        "sources add up from what the model says with every source hidden to what it predicts. Words, regions and "
        "moments explain the network's part of the prediction, columns the whole model.",
        "faith_title": "Are these explanations true to the model?",
        "faith_lead": "The pieces that matter most are taken away first "
        "(deletion) or put back first (insertion), and "
        "the area under the predicted class's probability is compared with a random order on the same rows. "
        "Positive differences mean that the explanations know better than chance what the model looks at.",
        "faith_note": "After Petsiuk et al. 2018. Differences in percentage points of probability, with 95 % bootstrap "
        "intervals over rows; a predicted number counts in standard deviations of the target.",
        "faith_better": "The {pieces} that are pointed out are those that the model looks at: without them its "
        "prediction falls by {value} {unit} more than without random "
        "ones (mean over the curve; 95 % interval {low} to {high}).",
        "faith_same": "For {pieces} the explanations cannot be told "
        "from random ones on these rows (deletion {value} {unit}, "
        "95 % interval {low} to {high}): do not rely on them.",
        "faith_worse": "For {pieces} the explanations are worse than "
        "random ones (deletion {value} {unit}, 95 % interval {low} "
        "to {high}): do not rely on them.",
        "area_class": "points",
        "area_value": "standard deviations",
        "pieces_text": "words",
        "pieces_sequence": "letters of the sequences",
        "pieces_image": "regions of the pictures",
        "pieces_audio": "moments of the sounds",
        "pieces_series": "stretches of the series",
        "pieces_video": "frames of the videos",
        "pieces_table": "columns",
        "pieces_other": "parts of the cells",
        "of_group": "{pieces} ({group})",
        "faith_what": "what",
        "faith_model": "model explained",
        "faith_method": "method",
        "faith_rows": "rows",
        "faith_deletion": "deletion: better than random by",
        "faith_insertion": "insertion: better than random by",
        "stack": "whole model",
        "network": "network",
        "integrated gradients": "integrated gradients",
        "occlusion": "occlusion",
        "row": "Row {row}",
        "predicted": "predicted {prediction}",
        "sure": "predicted {prediction} ({probability})",
        "actual": "actually {actual}",
        "explains": "explains {name} ({probability})",
        "right": "sure and right",
        "unsure": "least sure",
        "wrong": "sure and wrong",
        "near": "closest to the truth",
        "far": "furthest from the truth",
        "nothing": "With every source hidden: {probability}.",
        "missing": "missing",
        "alike": "Similar training rows: {rows}.",
        "alike_one": "{row} ({label})",
        "flip": "It would predict {prediction} if {changes}.",
        "flip_number": "It would predict {prediction} if {changes}.",
        "flip_one": "{column} were {to} instead of {before}",
        "and": " and ",
        "no_flip": "No change of one or two columns within the values seen in training would change the prediction.",
        "overlay": "{column}: where it looks",
        "heard": "{column}: {seconds} s to the right, 0 to {highest} Hz upwards",
        "moment": "Strongest at {start} to {end} s, {low} to {high} Hz.",
        "stretch": "{column}: strongest at the steps {start} to {end}.",
        "course": "{column}: {steps} steps to the right; blue stretches speak for it, orange ones against it",
        "watched": "Strongest in the frame of {start} to {end} s.",
        "listen": "{column}",
        "note_rows": "Similar training rows cannot be shown: {reason}.",
        "words_left": "…",
    },
    "zh": {
        "title": "模型为何如此预测",
        "page": "预测解释",
        "lead_page": "逐行解释，共 {count} 行。",
        "matters_title": "哪些信息影响预测",
        "matters_lead": "在 {rows} 行留出数据上，各信息来源对预测的贡献以及各列影响的平均大小；单位：{unit}。",
        "shares_note": "贡献为逐一隐藏信息来源得到的 Shapley 值{sampled}。",
        "columns_note": "某列的影响，是将该行的取值换成训练数据中该列的取值后，预测的平均变化。",
        "sampled": "（由随机顺序估计）",
        "sources": "信息来源",
        "columns": "列",
        "axis": "影响的平均大小，{unit}",
        "unit_class": "预测类别概率的百分点",
        "unit_value": "目标变量自身的单位",
        "size": "平均大小",
        "low": "95 % 区间下限",
        "high": "上限",
        "top": "平均而言，“{name}”对预测影响最大：{size}（95 % 区间 {low} 至 {high}）。",
        "examples_title": "逐行示例",
        "examples_lead": "蓝色支持该预测，橙色（带下划线或斜纹）反对该预测。"
        "各信息来源的贡献相加，恰好等于从“隐藏全部来源”到“实际预测”的差。"
        "词语、图像区域和声音片段解释的是神经网络部分，各列解释的是整个模型。",
        "faith_title": "这些解释是否忠实于模型？",
        "faith_lead": "先去掉（删除）或先放回（插入）最重要的部分，"
        "计算预测类别概率曲线下的面积，并与同一批行上的随机顺序比较。"
        "差值为正，说明解释确实比随机更清楚模型依据什么。",
        "faith_note": "方法见 Petsiuk 等（2018）。差值以概率的百分点计，附按行自助法得到的 95 % 区间；"
        "预测数值时以目标变量的标准差计。",
        "faith_better": "所指出的{pieces}确实是模型的依据：去掉它们后，预测比随机去掉时多下降 "
        "{value} {unit}（曲线平均值；95 % 区间 {low} 至 {high}）。",
        "faith_same": "在这些行上，{pieces}的解释与随机解释无法区分（删除差值 "
        "{value} {unit}，95 % 区间 {low} 至 {high}）：请勿依赖。",
        "faith_worse": "{pieces}的解释不如随机解释（删除差值 {value} {unit}，95 % 区间 {low} 至 {high}）：请勿依赖。",
        "area_class": "个百分点",
        "area_value": "个标准差",
        "pieces_text": "词语",
        "pieces_sequence": "序列字符",
        "pieces_image": "图像区域",
        "pieces_audio": "声音片段",
        "pieces_series": "序列片段",
        "pieces_video": "视频帧",
        "pieces_table": "列",
        "pieces_other": "单元格的各部分",
        "of_group": "{pieces}（{group}）",
        "faith_what": "内容",
        "faith_model": "所解释的模型",
        "faith_method": "方法",
        "faith_rows": "行数",
        "faith_deletion": "删除：优于随机",
        "faith_insertion": "插入：优于随机",
        "stack": "整个模型",
        "network": "神经网络",
        "integrated gradients": "积分梯度",
        "occlusion": "遮挡",
        "row": "第 {row} 行",
        "predicted": "预测 {prediction}",
        "sure": "预测 {prediction}（{probability}）",
        "actual": "实际 {actual}",
        "explains": "解释类别 {name}（{probability}）",
        "right": "有把握且正确",
        "unsure": "最没有把握",
        "wrong": "有把握但错误",
        "near": "最接近真值",
        "far": "偏离真值最远",
        "nothing": "隐藏全部信息来源时：{probability}。",
        "missing": "缺失",
        "alike": "相似的训练行：{rows}。",
        "alike_one": "{row}（{label}）",
        "flip": "若{changes}，则会预测 {prediction}。",
        "flip_number": "若{changes}，则会预测 {prediction}。",
        "flip_one": "{column} 由 {before} 变为 {to}",
        "and": "，且 ",
        "no_flip": "在训练数据出现过的取值范围内，改变一列或两列都不会改变预测。",
        "overlay": "{column}：模型关注之处",
        "heard": "{column}：横轴为时间（共 {seconds} 秒），纵轴为频率（0 至 {highest} Hz）",
        "moment": "最强处：{start} 至 {end} 秒，{low} 至 {high} Hz。",
        "stretch": "{column}：第 {start} 至 {end} 步影响最大。",
        "course": "{column}：向右共 {steps} 步；蓝色片段支持，橙色片段反对",
        "watched": "最强处：{start} 至 {end} 秒的画面。",
        "listen": "{column}",
        "note_rows": "无法给出相似的训练行：{reason}。",
        "words_left": "……",
    },
}


def say(language: str, key: str, **values: Any) -> str:
    """A pattern of WORDS filled in."""
    return WORDS[language][key].format(**values)


def chance(value: float) -> str:
    """A probability as it is read: 93 %, 99.7 %, 0.3 %."""
    if value > 0.9995 or value < 0.0005:
        return "> 99.9 %" if value > 0.5 else "< 0.1 %"
    return f"{100 * value:.1f} %" if not 0.05 <= value <= 0.95 else f"{100 * value:.0f} %"


def amount(value: float, is_class: bool, signed: bool = False) -> str:
    """An effect: points of probability with one digit (two where it is small), or the target's unit."""
    sign = "+" if signed else ""
    if is_class:
        points = 100 * value
        if abs(points) < 0.005:
            return "0"
        text = f"{points:{sign}.{1 if abs(points) >= 0.1 else 2}f}"
    else:
        text = f"{value:{sign}.3g}"
    return text.replace("-", "\u2212") if text.startswith("-") else text
