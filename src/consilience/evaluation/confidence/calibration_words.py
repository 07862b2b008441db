"""What the report says about calibration, in English and Chinese."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Can the probabilities be taken at their word?",
        "honest": "Yes: {of} differs from what came true by {ece} percentage points (95 % interval {between}) on "
        "average. "
        "Perfectly honest probabilities would differ by {chance} on so many rows by chance alone (up to {most}).",
        "too_high": "Not quite: {of} differs from what came true by {ece} percentage points (95 % interval "
        "{between}) on average, "
        "more than chance explains (up to {most}). It is too high, by {lean} points on average.",
        "too_low": "Not quite: {of} differs from what came true by {ece} percentage points (95 % interval "
        "{between}) on average, "
        "more than chance explains (up to {most}). It is too low, by {lean} points on average.",
        "uneven": "Not quite: {of} differs from what came true by {ece} percentage points (95 % interval "
        "{between}) on average, "
        "more than chance explains (up to {most}): too high in some ranges, too low in others.",
        "unchanged": "The probabilities are the model's own: on validation rows no calibration was better than none.",
        "changed_better": "Calibration on validation rows brought this error from {before} to {after} points, and "
        "log loss "
        "down by {gain} (95 % interval {between}).",
        "changed_worse": "Calibration on validation rows did not carry over: this error went from {before} to "
        "{after} points, "
        "and log loss up by {gain} (95 % interval of the improvement {between}).",
        "changed_same": "Calibration on validation rows changed this error from {before} to {after} points; by "
        "log loss the "
        "difference cannot be told from noise ({gain}, 95 % interval {between}).",
        "of_class": "the stated probability of “{name}”",
        "of_top": "the stated probability of the likeliest class",
        "of_labels": "the stated probability of a label",
        "observed_class_1": "share of rows in the class",
        "observed_top_class": "share of rows where it was right",
        "observed_labels": "share of labels that were there",
        "figure": "Stated against observed",
        "lead": "Dots on the dashed line are honest; below it the stated probability is too high, above it too low.",
        "note": "{bins} bins of equally many of {rows} test rows; whiskers are 95 % intervals. The strip counts how "
        "often each probability is stated.",
        "dots": "as predicted",
        "rings": "before calibration",
        "line": "honest",
        "dot": "stated {predicted}, observed {observed}, {rows} rows",
        "step": "calibration",
        "stated": "stated",
        "came": "observed",
        "rows": "rows",
        "before": "before",
        "after": "after",
        "value": "value",
        "table_one": "Calibration error and losses",
        "table": "Before and after calibration",
        "ece": "expected calibration error (ECE), percentage points",
        "brier": "Brier score",
        "log_loss": "log loss",
        "table_note": "Lower is better. Small print: 95 % bootstrap interval.",
    },
    "zh": {
        "title": "概率可以照字面相信吗？",
        "honest": "可以：{of}与实际情况平均相差 {ece} 个百分点（95% 置信区间 {between}）。"
        "即使概率完全准确，在这么多行上仅因偶然也会相差 {chance} 个百分点（最多 {most}）。",
        "too_high": "不完全可以：{of}与实际情况平均相差 {ece} 个百分点（95% 置信区间 {between}），"
        "超出偶然所能解释的范围（最多 {most}）。概率平均偏高 {lean} 个百分点。",
        "too_low": "不完全可以：{of}与实际情况平均相差 {ece} 个百分点（95% 置信区间 {between}），"
        "超出偶然所能解释的范围（最多 {most}）。概率平均偏低 {lean} 个百分点。",
        "uneven": "不完全可以：{of}与实际情况平均相差 {ece} 个百分点（95% 置信区间 {between}），"
        "超出偶然所能解释的范围（最多 {most}）：有的区间偏高，有的区间偏低。",
        "unchanged": "概率即模型原本的输出：在验证集上，没有任何校准方法优于不校准。",
        "changed_better": "用验证集校准后，误差由 {before} 变为 {after} 个百分点，对数损失降低 {gain}"
        "（95% 置信区间 {between}）。",
        "changed_worse": "验证集上的校准未能推广：误差由 {before} 变为 {after} 个百分点，对数损失升高 {gain}"
        "（改善量的 95% 置信区间 {between}）。",
        "changed_same": "用验证集校准后，误差由 {before} 变为 {after} 个百分点；按对数损失，差别与噪声无法区分"
        "（{gain}，95% 置信区间 {between}）。",
        "of_class": "“{name}”的预测概率",
        "of_top": "最可能类别的预测概率",
        "of_labels": "标签的预测概率",
        "observed_class_1": "实际属于该类的比例",
        "observed_top_class": "预测正确的比例",
        "observed_labels": "标签实际存在的比例",
        "figure": "预测概率与实际比例",
        "lead": "落在虚线上的点表示概率准确；在虚线下方表示概率偏高，在上方表示概率偏低。",
        "note": "将 {rows} 行测试数据等量分为 {bins} 组；竖线为 95% 置信区间。下方条带为各概率出现的次数。",
        "dots": "最终预测",
        "rings": "校准前",
        "line": "完全准确",
        "dot": "预测 {predicted}，实际 {observed}，{rows} 行",
        "step": "校准",
        "stated": "预测概率",
        "came": "实际比例",
        "rows": "行数",
        "before": "校准前",
        "after": "校准后",
        "value": "数值",
        "table_one": "校准误差与损失",
        "table": "校准前后对比",
        "ece": "期望校准误差（ECE），百分点",
        "brier": "Brier 分数",
        "log_loss": "对数损失",
        "table_note": "越低越好。小字为 95% 自助法（bootstrap）置信区间。",
    },
}
