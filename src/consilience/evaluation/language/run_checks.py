"""What the checks of a finished run say."""

WORDS = {
    "en": {
        "title.leak": "Leak between training and test",
        "title.lost_coverage": "Prediction sets that miss their promise",
        "title.miscalibration": "Probabilities that do not mean what they say",
        "title.overfitting": "Learned the training rows by heart",
        "title.too_few_rows": "Too few test rows to tell",
        "title.underfitting": "Learned too little",
        "title.unstable_seeds": "Networks that disagree on joining",
        "title.unused_discipline": "Discipline that brought nothing",
        "title.worse_than_linear": "Worse than a linear model",
        "leak.codes": "The checks of the data found {codes}: the scores may be too good. See these findings for the "
        "rows and columns; mend them and train again.",
        "lost_coverage.below": "Sets and intervals promise to hold the truth in {level} of the rows; on the test rows "
        "they did in {value} (95 % interval {low} to {high}). The test rows probably differ from the validation rows: "
        "do not rely on the sets before you know why.",
        "lost_coverage.above": "Sets and intervals hold the truth in {value} of the test rows (95 % interval {low} to "
        "{high}), more often than the {level} promised: they are wider than they need to be.",
        "miscalibration.ece": "The expected calibration error is {ece}, surely above {most}: do not read the "
        "probabilities as frequencies. More validation rows let the calibration do better.",
        "overfitting.kept": "The weights kept have a validation loss {rise} above its lowest ({count} of {total} "
        "networks): the network is too sure of itself. Try --set train.metric=log_loss, more dropout, or a lower "
        "--effort.",
        "overfitting.later": "After the epoch that was kept, the validation loss rose by {rise} while the training "
        "loss fell ({count} of {total} networks). The weights kept are not touched by it; fewer epochs would do.",
        "overfitting.gap": "On the validation rows {metric} was {valid}, on the test rows it is {test}: further apart "
        "than chance explains. Either much was tried on the validation rows, or the test rows come from elsewhere.",
        "too_few_rows.few": "There are {rows} test rows, fewer than {least}: every figure is rough. Read the "
        "intervals, not the values.",
        "too_few_rows.floor": "{metric} is {value}; {floor} would be reached without looking at any column. The "
        "interval holds it, so these rows cannot tell the model from a guess.",
        "underfitting.floor": "The network reaches {metric} of {value}, no better than {floor} without looking at any "
        "column. Check the target and the columns, or raise --effort.",
        "underfitting.falling": "The validation loss still fell by {fall} over the last tenth of the epochs ({count} "
        "of {total} networks): more epochs (--effort, or --set train.epochs=...) may still bring something.",
        "unstable_seeds.spread": "What joining brought differs between {members} networks that differ in their seed "
        "only: {between}. Do not trust the verdict of this run alone; train with more networks "
        "(--set train.networks=5) or more rows.",
        "unused_discipline.nothing": "“{name}” contributes {share} of {metric} (95 % interval {between}): that cannot "
        "be told from nothing. Predictions may do as well without it.",
        "unused_discipline.hurts": "“{name}” contributes {share} of {metric} (95 % interval {between}): it makes "
        "predictions worse. Try a run without it (--ignore).",
        "worse_than_linear.default": "The default prediction loses to the linear reference by {size} of {metric}, "
        "beyond the interval. Use the linear reference, or find out what the network does not see.",
        "worse_than_linear.network": "The network alone loses to the linear reference by {size} of {metric}, beyond "
        "the interval.",
    },
    "zh": {
        "title.leak": "训练数据与测试数据之间存在泄露",
        "title.lost_coverage": "预测集未达到承诺的覆盖率",
        "title.miscalibration": "概率不准确",
        "title.overfitting": "过拟合：死记训练数据",
        "title.too_few_rows": "测试数据过少，无法判断",
        "title.underfitting": "欠拟合：学到的太少",
        "title.unstable_seeds": "各网络对合并的作用看法不一",
        "title.unused_discipline": "没有贡献的学科",
        "title.worse_than_linear": "不如线性模型",
        "leak.codes": "数据检查发现 {codes}：成绩可能偏高。具体行与列见相应条目，请修正后重新训练。",
        "lost_coverage.below": "预测集和预测区间承诺在 {level} 的数据中包含真值，而在测试数据上只有 {value}"
        "（95% 置信区间 {low}～{high}）。测试数据可能与验证数据不同，查明原因之前请勿依赖预测集。",
        "lost_coverage.above": "预测集和预测区间在 {value} 的测试数据中包含真值（95% 置信区间 {low}～{high}），"
        "高于承诺的 {level}：它们比必要的更宽。",
        "miscalibration.ece": "期望校准误差为 {ece}，明显高于 {most}：请勿把概率当作发生频率。增加验证数据可改善校准。",
        "overfitting.kept": "所保留权重的验证损失比最低值高 {rise}（{total} 个网络中的 {count} 个）：网络过于自信。"
        "可尝试 --set train.metric=log_loss、增大随机失活率，或降低 --effort。",
        "overfitting.later": "在所保留的轮次之后，验证损失上升了 {rise}，而训练损失继续下降"
        "（{total} 个网络中的 {count} 个）。所保留的权重不受影响，减少轮数即可。",
        "overfitting.gap": "{metric}在验证数据上为 {valid}，在测试数据上为 {test}：差距超出偶然波动。"
        "可能是在验证数据上尝试过多，或测试数据来源不同。",
        "too_few_rows.few": "测试数据只有 {rows} 行，少于 {least} 行：各项数字都很粗略。请看区间，不要只看数值。",
        "too_few_rows.floor": "{metric}为 {value}；不看任何列也能达到 {floor}。区间包含了该值，"
        "因此这些数据无法区分模型与猜测。",
        "underfitting.floor": "神经网络的{metric}为 {value}，并不优于不看任何列时的 {floor}。请检查目标列和各输入列，"
        "或提高 --effort。",
        "underfitting.falling": "在最后十分之一的轮次中，验证损失仍下降了 {fall}（{total} 个网络中的 {count} 个）："
        "增加轮数（--effort 或 --set train.epochs=...）可能仍有收益。",
        "unstable_seeds.spread": "{members} 个仅随机种子不同的网络，其合并增益并不一致：{between}。"
        "请勿仅凭本次运行下结论；请用更多网络（--set train.networks=5）或更多数据训练。",
        "unused_discipline.nothing": "“{name}”对{metric}的贡献为 {share}（95% 置信区间 {between}），无法与零区分。"
        "去掉它，预测可能同样好。",
        "unused_discipline.hurts": "“{name}”对{metric}的贡献为 {share}（95% 置信区间 {between}）：它使预测变差。"
        "请尝试去掉它再训练（--ignore）。",
        "worse_than_linear.default": "默认预测不如线性参考模型，{metric}相差 {size}，超出置信区间。"
        "请使用线性参考模型，或查明神经网络忽略了什么。",
        "worse_than_linear.network": "神经网络单独预测不如线性参考模型，{metric}相差 {size}，超出置信区间。",
    },
}
