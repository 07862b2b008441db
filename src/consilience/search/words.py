"""Every word of a search's page in English and Chinese: `say("en", "trial")`."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "page": "Search",
        "title": "What the trials found",
        "lead": "{trials} trials: {finished} finished, {pruned} ended early, {failed} failed. Trials were judged on "
        "validation rows; test rows were read once, for the best recipe.",
        "better": "Trial {number} is best: {metric} {value} on validation rows, {first} for the first trial. The best "
        "of many looks better than it is; the test rows say how good it is.",
        "same": "No trial beats the first one: {metric} {value} on validation rows.",
        "test": "The best recipe on {rows} test rows: {metric} {value} (95 % interval {low} to {high}).",
        "skill": "Skill: for each target the share of the way from the training rows' usual value to a perfect "
        "prediction, by its primary metric; then the mean over the targets.",
        "test_of": "{target}, the best recipe on {rows} test rows: {metric} {value} (95 % interval {low} to {high}).",
        "history": "Trials in order",
        "history_lead": "The metric of each finished trial on validation rows, and the best so far.",
        "each": "trial",
        "best": "best so far",
        "courses": "Courses of the trials",
        "courses_lead": "The metric after each epoch, also of trials that ended early (the last {count}).",
        "step": "epoch",
        "importances": "Which fields matter",
        "importances_lead": "Share of the metric's variance that each field explains (functional ANOVA).",
        "field": "field",
        "share": "share",
        "trials": "All trials",
        "trial": "trial",
        "state": "state",
        "seconds": "seconds",
        "note": "note",
        "finished": "finished",
        "pruned": "ended early",
        "failed": "failed",
        "own": "own",
        "download": "Download as CSV",
        "table": "Table: {title}",
    },
    "zh": {
        "page": "搜索",
        "title": "各次试验的结果",
        "lead": "共 {trials} 次试验：{finished} 次完成，{pruned} 次提前结束，{failed} 次失败。试验只在验证行上评判；"
        "测试行只为最佳配方读取一次。",
        "better": "第 {number} 次试验最好：验证行上 {metric} 为 {value}，第一次试验为 {first}。"
        "众多试验中的最佳值偏乐观，真实水平以测试行为准。",
        "same": "没有试验胜过第一次：验证行上 {metric} 为 {value}。",
        "test": "最佳配方在 {rows} 个测试行上：{metric} {value}（95 % 区间 {low} 至 {high}）。",
        "skill": "技能分：按各目标的主要指标，从训练行的常见值到完美预测所走过的比例，再对目标取平均。",
        "test_of": "{target}：最佳配方在 {rows} 个测试行上：{metric} {value}（95 % 区间 {low} 至 {high}）。",
        "history": "按顺序的试验",
        "history_lead": "每次完成的试验在验证行上的指标，以及迄今最佳值。",
        "each": "试验",
        "best": "迄今最佳",
        "courses": "试验的过程",
        "courses_lead": "每轮之后的指标，包括提前结束的试验（最后 {count} 次）。",
        "step": "轮次",
        "importances": "哪些字段重要",
        "importances_lead": "每个字段所解释的指标方差在搜索空间中的份额（函数型方差分析）。",
        "field": "字段",
        "share": "份额",
        "trials": "全部试验",
        "trial": "试验",
        "state": "状态",
        "seconds": "秒",
        "note": "备注",
        "finished": "完成",
        "pruned": "提前结束",
        "failed": "失败",
        "own": "默认",
        "download": "下载 CSV",
        "table": "表格：{title}",
    },
}


def say(language: str, key: str, **values: object) -> str:
    return WORDS[language][key].format(**values)
