"""Several targets: the table on top of the report, and whether learning them together helped."""

WORDS = {
    "en": {
        "heading": "{count} targets, one network",
        "title": "Report: {targets}",
        "section": "All targets",
        "chapter": "Target “{target}”",
        "meta": "Learned together from {groups}. {rows}.",
        "head.target": "target",
        "head.task": "task",
        "head.metric": "metric",
        "head.default": "value",
        "head.interval": "95 % interval",
        "head.network": "network",
        "head.rows": "test rows",
        "head.weight": "loss weight",
        "head.together": "together − alone",
        "together.title": "Did learning them together help?",
        "together.unknown": "Whether learning the targets together helped was not measured: train with "
        "--set report.alone=true (each target is then trained alone too, and compared on the same test rows).",
        "together.better": "“{target}”: learning together helps, by {size} of {metric} "
        "(95 % interval {between}) against a model that learned it alone.",
        "together.worse": "“{target}”: learning together hurts, by {size} of {metric} "
        "(95 % interval {between}) against a model that learned it alone.",
        "together.no_difference": "“{target}”: learning together cannot be told from learning it alone "
        "({metric} differs by {size}, 95 % interval {between}).",
        "together.note": "Positive: learning together is better. Both models trained on the same rows with the same "
        "settings; the alone model only on rows that know the target. Interval: paired bootstrap over test rows; it "
        "does not hold the chance of another training run.",
        "together.network": "The networks themselves, without references: {value} ({metric}, 95 % interval {between}).",
        "balance.equal": "The losses of the targets weigh the same.",
        "balance.given": "The losses of the targets weigh as the recipe says.",
        "balance.learned": "The losses of the targets are weighted by learned uncertainty (Kendall et al. 2018).",
        "partial": "A row that lacks one target still teaches the others: a row counts for a target where it has it.",
    },
    "zh": {
        "heading": "{count} 个目标，一个网络",
        "title": "报告：{targets}",
        "section": "全部目标",
        "chapter": "目标“{target}”",
        "meta": "由 {groups} 共同学习。{rows}。",
        "head.target": "目标",
        "head.task": "任务",
        "head.metric": "指标",
        "head.default": "数值",
        "head.interval": "95% 置信区间",
        "head.network": "网络",
        "head.rows": "测试行数",
        "head.weight": "损失权重",
        "head.together": "共同 − 单独",
        "together.title": "共同学习有帮助吗？",
        "together.unknown": "未测量共同学习是否有帮助：请以 --set report.alone=true 训练"
        "（每个目标还会单独训练，并在相同的测试行上比较）。",
        "together.better": "“{target}”：共同学习有帮助，优于单独学习的模型，"
        "{metric}相差 {size}（95% 置信区间 {between}）。",
        "together.worse": "“{target}”：共同学习有害，不如单独学习的模型，"
        "{metric}相差 {size}（95% 置信区间 {between}）。",
        "together.no_difference": "“{target}”：共同学习与单独学习无法区分"
        "（{metric}相差 {size}，95% 置信区间 {between}）。",
        "together.note": "正值：共同学习更好。两个模型使用相同的行和相同的设置训练；单独模型只使用已知该目标的行。"
        "区间：对测试行的配对自助法；不包含另一次训练的随机性。",
        "together.network": "仅比较网络本身，不含参考模型：{value}（{metric}，95% 置信区间 {between}）。",
        "balance.equal": "各目标的损失权重相同。",
        "balance.given": "各目标的损失按配方加权。",
        "balance.learned": "各目标的损失按学到的不确定性加权（Kendall 等，2018）。",
        "partial": "缺少一个目标的行仍可用于学习其他目标：一行只在有该目标处计入。",
    },
}
