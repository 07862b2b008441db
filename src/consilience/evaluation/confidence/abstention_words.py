"""What the report says about abstention, in English and Chinese."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "When to leave the decision to a person",
        "half": "Of all test rows {every} are wrong; of the half that the model is surest of, {half}.",
        "half_values": "Over all test rows the mean absolute error is {every}; over the half with the narrowest "
        "intervals, {half}.",
        "promise_yes": "To keep the error at or under {wanted}, predict from a confidence of {threshold} on and "
        "refer the "
        "other rows. On test rows this keeps {kept} of the rows with an error of {error}: the promise held.",
        "promise_open": "To keep the error at or under {wanted}, predict from a confidence of {threshold} on and "
        "refer "
        "the other rows. On test rows this keeps {kept} of the rows with an error of {error}: above what was asked, "
        "but not by more than chance explains.",
        "promise_no": "To keep the error at or under {wanted}, validation rows gave a confidence of {threshold}. "
        "On test "
        "rows this keeps {kept} of the rows with an error of {error}: the promise did not hold.",
        "none": "No threshold can promise an error of at most {wanted} with {sure} confidence: the model is not good "
        "enough, or there are too few validation rows.",
        "figure": "Error of the rows kept",
        "figure_values": "Error of the rows kept",
        "lead": "Rows are referred to a person from the least confident on; the line is the error of those that "
        "are kept.",
        "lead_values": "Rows are referred to a person from the widest interval on; the line is the error of those "
        "kept.",
        "every": "nothing referred",
        "kept": "rows kept",
        "error": "error",
        "error_values": "mean absolute error",
        "note": "The band is a 95 % interval at each point. Mean over the curve (AURC): {area}; lower is better.",
        "wanted": "error wanted",
        "threshold": "confidence from",
        "held": "promise",
        "held_yes": "held",
        "held_open": "not contradicted",
        "held_no": "broken",
        "held_none": "none possible",
        "table": "Thresholds for a promised error",
        "table_note": "Thresholds were found on validation rows by learn-then-test, to hold with {sure} confidence; "
        "rows kept and error are of test rows, with 95 % intervals.",
    },
    "zh": {
        "title": "何时应交由人来判断",
        "half": "全部测试行的错误率为 {every}；在模型最有把握的一半中为 {half}。",
        "half_values": "全部测试行的平均绝对误差为 {every}；在预测区间最窄的一半中为 {half}。",
        "promise_yes": "要把错误率控制在 {wanted} 以内，应只在置信度达到 {threshold} 时给出预测，其余转交人工。"
        "在测试集上，这样保留 {kept}的行，错误率为 {error}：承诺得到兑现。",
        "promise_open": "要把错误率控制在 {wanted} 以内，应只在置信度达到 {threshold} 时给出预测，其余转交人工。"
        "在测试集上，这样保留 {kept}的行，错误率为 {error}：高于要求，但未超出偶然所能解释的范围。",
        "promise_no": "要把错误率控制在 {wanted} 以内，验证集给出的置信度阈值为 {threshold}。"
        "在测试集上，这样保留 {kept}的行，错误率为 {error}：承诺未能兑现。",
        "none": "没有任何阈值能以 {sure} 的把握保证错误率不超过 {wanted}：模型不够好，或验证集行数太少。",
        "figure": "所保留行的错误率",
        "figure_values": "所保留行的误差",
        "lead": "从置信度最低的行开始转交人工；曲线为所保留行的错误率。",
        "lead_values": "从预测区间最宽的行开始转交人工；曲线为所保留行的误差。",
        "every": "不转交",
        "kept": "保留的行",
        "error": "错误率",
        "error_values": "平均绝对误差",
        "note": "阴影为各点的 95% 置信区间。曲线平均值（AURC）：{area}；越低越好。",
        "wanted": "要求的错误率",
        "threshold": "置信度阈值",
        "held": "承诺",
        "held_yes": "兑现",
        "held_open": "未被否定",
        "held_no": "未兑现",
        "held_none": "无法保证",
        "table": "保证错误率的阈值",
        "table_note": "阈值用 learn-then-test 方法在验证集上求得，以 {sure} 的把握成立；"
        "保留的行与错误率为测试集上的结果，附 95% 置信区间。",
    },
}
