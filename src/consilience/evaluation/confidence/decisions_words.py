"""What the report says about decisions, in English and Chinese."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "What the predictions are worth to a decision",
        "useful": "Acting on the model is worth more than acting on every row or on none, for anybody whose "
        "threshold to act, "
        "a probability of “{name}”, lies between {low} and {high}.",
        "useless": "At no threshold is acting on the probability of “{name}” shown to be worth more than acting "
        "on every "
        "row or on none.",
        "half_best": "Where both mistakes cost the same, predicting “{name}” from 50 % on is best: {cost} of the "
        "test "
        "rows are decided wrongly.",
        "threshold_equal": "Where both mistakes cost the same, validation rows say to predict “{name}” from "
        "{threshold} "
        "on: on test rows that costs {cost} a row, against {usual} from 50 % on",
        "threshold_given": "With the costs given, validation rows say to predict “{name}” from {threshold} on: on "
        "test "
        "rows that costs {cost} a row, against {usual} from 50 % on",
        "saves": ", a saving of {saved} (95 % interval {between}).",
        "wastes": ", a loss of {saved} (95 % interval of the saving {between}).",
        "same": "; the difference cannot be told from noise ({saved}, 95 % interval of the saving {between}).",
        "top_one": "The likeliest class is the true one in {first} of the test rows",
        "top_more": "; the truth is among the {k} likeliest in {more}.",
        "expected": "With the costs given, predicting the class of least expected cost costs {cost} a row, "
        "against {usual} "
        "for the likeliest class",
        "quantile": "Where a unit too low costs {low} and a unit too high {high}, the best value to report is the "
        "{quantile} quantile: it costs {cost} a row, against {usual} for the prediction itself",
        "benefit": "Net benefit (decision curve)",
        "benefit_lead": "True positives a row, less false positives weighted by how much worse a missed case is "
        "than a "
        "false alarm for somebody who acts from this probability on. The higher line is the better policy.",
        "band": "The band is a 95 % interval at each point.",
        "guide_note": " The dashed line is the threshold for the costs given.",
        "model": "act on the model",
        "all": "act on every row as “{name}”",
        "none": "act on none",
        "act_from": "act from this probability of “{name}” on",
        "net_benefit": "net benefit a row",
        "threshold": "threshold",
        "top": "Among the likeliest classes",
        "among": "among the {k} likeliest",
        "likeliest": "the likeliest",
        "truth_among": "share of rows with the truth among them",
        "matrix": "Cost of each decision",
        "corner": "actual \\ predicted",
        "quantile_title": "Cost of reporting each quantile",
        "reported": "quantile reported",
        "point": "prediction reported",
        "level": "quantile",
        "cost": "cost a row",
        "quantile_note": " The dashed line is the quantile that the two costs call for.",
    },
    "zh": {
        "title": "预测对决策有多大价值",
        "useful": "对于愿意在“{name}”的概率达到 {low} 至 {high} 之间某一阈值时采取行动的人，"
        "依据模型行动优于对所有行行动，也优于完全不行动。",
        "useless": "在任何阈值下，都未能证明依据“{name}”的概率行动优于对所有行行动或完全不行动。",
        "half_best": "若两种错误代价相同，以 50 % 为阈值预测“{name}”最佳：测试行中有 {cost}判断错误。",
        "threshold_equal": "若两种错误代价相同，验证集给出的预测“{name}”的阈值为 {threshold}："
        "在测试集上每行代价为 {cost}，而阈值为 50 % 时为 {usual}",
        "threshold_given": "按给定的代价，验证集给出的预测“{name}”的阈值为 {threshold}："
        "在测试集上每行代价为 {cost}，而阈值为 50 % 时为 {usual}",
        "saves": "，节省 {saved}（95% 置信区间 {between}）。",
        "wastes": "，多花 {saved}（节省量的 95% 置信区间 {between}）。",
        "same": "；差别与噪声无法区分（{saved}，节省量的 95% 置信区间 {between}）。",
        "top_one": "最可能的类别在 {first}的测试行中就是真实类别",
        "top_more": "；真实类别在最可能的 {k} 个类别之中的比例为 {more}。",
        "expected": "按给定的代价，预测期望代价最小的类别，每行代价为 {cost}，而预测最可能的类别时为 {usual}",
        "quantile": "若每低估一个单位代价为 {low}、每高估一个单位代价为 {high}，最宜报告 {quantile} 分位数："
        "每行代价为 {cost}，而直接报告预测值时为 {usual}",
        "benefit": "净获益（决策曲线）",
        "benefit_lead": "每行的真阳性数，减去加权后的假阳性数；权重取决于在该概率下行动的人认为漏诊比误报严重多少。"
        "曲线越高，策略越好。",
        "band": "阴影为各点的 95% 置信区间。",
        "guide_note": "虚线为按给定代价得到的阈值。",
        "model": "依据模型行动",
        "all": "全部按“{name}”行动",
        "none": "完全不行动",
        "act_from": "“{name}”的概率达到此值即行动",
        "net_benefit": "每行净获益",
        "threshold": "阈值",
        "top": "在最可能的类别之中",
        "among": "在最可能的 {k} 个之中",
        "likeliest": "最可能的一个",
        "truth_among": "真实类别在其中的比例",
        "matrix": "每种决定的代价",
        "corner": "实际 \\ 预测",
        "quantile_title": "报告各分位数的代价",
        "reported": "报告该分位数",
        "point": "报告预测值",
        "level": "分位数",
        "cost": "每行代价",
        "quantile_note": "虚线为两种代价所对应的分位数。",
    },
}
