"""What the contribution chapter says, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation import wording
from consilience.evaluation.wording import Language, Sentence

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "What joining brought",
        "stack": "the stack of all models",
        "network": "the network alone",
        "helps": "Joining the sources helps: together they beat “{single}” alone, the best single source, by {size} of "
        "{metric} (95 % interval {between}), for {speaker}.",
        "hurts": "Joining the sources hurts: together they lose to “{single}” alone, the best single source, by {size} "
        "of {metric} (95 % interval {between}), for {speaker}.",
        "no evidence": "Joining the sources brought nothing that can be told from noise: against “{single}” alone, "
        "the best single source, together they differ by {size} of {metric} (95 % interval {between}), for "
        "{speaker}.",
        "members": "Over {count} independent trainings the difference went from {least} to {most}.",
        "one_member": "There is one training only: the interval covers other test rows, not other seeds.",
        "carries": "The largest share of the gain, {share}, is due to “{name}” (95 % interval {low} to {high}).",
        "idle": "“{name}” added nothing that can be told from noise.",
        "overlap": "“{a}” and “{b}” tell much of the same: their gains overlap by {size} (95 % interval {between}).",
        "exclusive": "“{a}” and “{b}” need each other: together they bring {size} more than the sum of what each "
        "brings (95 % interval {between}).",
        "nothing": "nothing (no column)",
        "subsets": "Score of every combination of sources",
        "subsets_lead": "Sources left out are treated as missing in every row; the weights of the models were found "
        "for each combination on validation rows.",
        "some_subsets": "With more than five sources: each alone, all but one, and all.",
        "shares": "Share of each source in the gain (Shapley)",
        "shares_lead": "What a source adds, averaged over all orders in which they could join; the shares add up to "
        "100 %. A share that is positive but not unique is told by another source too.",
        "approximate": "Approximated from joining first and joining last, since there are more than five sources.",
        "pairs": "Pairs of sources",
        "retrained": "Trained again without a source",
        "retrained_lead": "The check by masking asks a model that has learned from all sources; here a model was "
        "trained from the start with some of the columns only.",
        "interval": "Intervals: 95 %, over resamples of the test rows ({rows}) and of {count} trainings.",
        "source": "source",
        "share": "share of the gain",
        "gain": "gain",
        "unique": "lost without it",
        "pair": "pair",
        "synergy": "above the better one",
        "redundancy": "told by both",
        "low": "95 % from",
        "high": "to",
        "columns": "columns",
        "combination": "sources",
        "axis": "{metric} on the test rows",
        "share_axis": "share of the gain over no column at all",
        "single": "One source",
        "several": "Several sources",
        "all": "All",
        "without": "without {name}",
        "only": "only {name}",
        "difference": "all minus this",
    },
    "zh": {
        "title": "融合带来了什么",
        "stack": "全部模型的组合",
        "network": "单独的神经网络",
        "helps": "融合有帮助：就{speaker}而言，各来源合用比单独使用最好的来源“{single}”的{metric}提高 {size}"
        "（95% 置信区间 {between}）。",
        "hurts": "融合有害：就{speaker}而言，各来源合用比单独使用最好的来源“{single}”的{metric}变差 {size}"
        "（95% 置信区间 {between}）。",
        "no evidence": "没有证据表明融合带来了好处（无法与噪声区分）：就{speaker}而言，"
        "各来源合用与单独使用最好的来源“{single}”的{metric}相差 {size}（95% 置信区间 {between}）。",
        "members": "在 {count} 次独立训练中，该差值介于 {least} 与 {most} 之间。",
        "one_member": "仅有一次训练：区间只反映测试样本的不确定性，不反映随机种子的不确定性。",
        "carries": "收益中最大的一份（{share}）来自“{name}”（95% 置信区间 {low} 至 {high}）。",
        "idle": "“{name}”没有带来可与噪声区分的信息。",
        "overlap": "“{a}”与“{b}”的信息大量重复：两者收益重叠 {size}（95% 置信区间 {between}）。",
        "exclusive": "“{a}”与“{b}”相互依赖：合用比两者各自收益之和多 {size}（95% 置信区间 {between}）。",
        "nothing": "无（不使用任何列）",
        "subsets": "各种来源组合的得分",
        "subsets_lead": "未列出的来源在所有行中按缺失处理；每种组合的模型权重均在验证集上确定。",
        "some_subsets": "来源超过五个时：列出单个来源、去掉一个来源以及全部来源。",
        "shares": "各来源在收益中所占份额（Shapley 值）",
        "shares_lead": "一个来源所增加的得分，对所有加入顺序取平均；各份额合计为 100%。"
        "份额为正而不可或缺部分很小，说明其信息也可由其他来源提供。",
        "approximate": "来源超过五个，以最先加入与最后加入的平均值近似。",
        "pairs": "来源两两之间",
        "retrained": "去掉来源后重新训练",
        "retrained_lead": "遮蔽检验所询问的是学习过全部来源的模型；此处则只用部分列从头训练模型。",
        "interval": "区间：95%，对测试样本（{rows} 行）与 {count} 次训练重抽样得到。",
        "source": "来源",
        "share": "收益份额",
        "gain": "收益",
        "unique": "去掉它的损失",
        "pair": "一对来源",
        "synergy": "超过较好一方",
        "redundancy": "两者重复",
        "low": "95% 下限",
        "high": "上限",
        "columns": "列",
        "combination": "来源",
        "axis": "测试集上的{metric}",
        "share_axis": "占（相对不使用任何列的）收益的份额",
        "single": "单个来源",
        "several": "多个来源",
        "all": "全部",
        "without": "去掉 {name}",
        "only": "仅 {name}",
        "difference": "全部减去该项",
    },
}


def say(key: str, language: str, **values: Any) -> str:
    return WORDS[language][key].format(**values)


def contribution_sentence(found: Mapping[str, Any], language: Language) -> Sentence:
    """The verdict of one speaker in one sentence."""
    verdict, metric, size = str(found["verdict"]), str(found["metric"]), found["synergy"]
    signed, lost = verdict == "no evidence", verdict == "hurts"
    value, low, high = size["value"], size["low"], size["high"]
    if lost:
        value, low, high = -value, -high, -low
    text = say(
        verdict,
        language,
        single=wording.group_name(found["best_single"], language),
        size=wording.gap(metric, value, signed, language),
        metric=wording.inline(metric, language),
        between=wording.gap_interval(metric, low, high, signed, language),
        speaker=say(str(found["speaks_of"]), language),
    )
    return Sentence(text, {"helps": "good", "hurts": "bad"}.get(verdict, "plain"))
