"""Which findings about the data are leaks, and the sentence that the report's first lines say of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from consilience.evaluation.analysis import Language
from consilience.evaluation.wording import Sentence

ACROSS = ("group_leak", "duplicate_rows", "near_duplicate_text", "near_duplicate_image", "future_rows")
"""Leaks between the two sides of a split: `details` says how many rows are "across"."""
SEVERITIES = ("error", "warning")

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "group_leak": "{rows} of {total} {side} share a “{columns}” with the training rows: the scores may not hold "
        "for a new one.",
        "duplicate_rows": "{rows} of {total} {side} stand in the training rows too, input for input: their scores say "
        "nothing about new data.",
        "near_duplicate_text": "{rows} of {total} {side} hold nearly the text (“{columns}”) of a training row: the "
        "scores look better than they are.",
        "near_duplicate_image": "{rows} of {total} {side} show a picture (“{columns}”) of the training rows: the "
        "scores look better than they are.",
        "future_rows": "{rows} of {total} training rows are dated (“{columns}”) after the middle one of {side}, and "
        "the scores may not hold for rows still to come.",
        "target_leak": "“{columns}” alone tells “{target}” almost perfectly: if it is not known beforehand, the scores "
        "are worth nothing.",
        "words": "The texts in “{columns}” say the answer ({words}): if they are written afterwards, the scores are "
        "too good.",
        "source": "“{columns}” says where a row comes from and alone tells “{target}”: the model may have learned the "
        "place instead.",
        "test": "test rows",
        "valid": "validation rows",
        "rows_of": "rows of {name}",
    },
    "zh": {
        "group_leak": "{side}的 {total} 行中有 {rows} 行与训练数据共有同一个“{columns}”："
        "对新的“{columns}”，得分可能不成立。",
        "duplicate_rows": "{side}的 {total} 行中有 {rows} 行的输入与训练数据完全相同：其得分不能说明对新数据的表现。",
        "near_duplicate_text": "{side}的 {total} 行中有 {rows} 行的文本（“{columns}”）与训练行几乎相同：得分偏高。",
        "near_duplicate_image": "{side}的 {total} 行中有 {rows} 行的图像（“{columns}”）也出现在训练数据中：得分偏高。",
        "future_rows": "{total} 个训练行中有 {rows} 行的日期（“{columns}”）晚于{side}的中位日期："
        "对今后的数据，得分可能不成立。",
        "target_leak": "仅凭“{columns}”几乎就能得知“{target}”：若它并非事先可知，这些得分没有意义。",
        "words": "“{columns}”中的文本直接说出了答案（{words}）：若它写于结果之后，得分偏高。",
        "source": "“{columns}”说明数据来自何处，仅凭它就能推知“{target}”：模型学到的可能是来源而非目标。",
        "test": "测试数据",
        "valid": "验证数据",
        "rows_of": "{name}",
    },
}


def leak_findings(findings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The findings (as in metrics.json) that are leaks, errors first: known targets, and rows on both sides.

    Findings that are good to know (severity info) are left out, and copies that stand on one side only.
    """
    found = []
    for finding in findings:
        crosses = finding["code"] in ACROSS and bool((finding.get("details") or {}).get("across"))
        if (crosses or finding["code"] == "target_leak") and finding["severity"] in SEVERITIES:
            found.append(finding)
    return sorted(found, key=lambda f: SEVERITIES.index(f["severity"]))


def leak_sentence(finding: Mapping[str, Any], language: Language, target: str = "") -> Sentence:
    """What a finding of `leak_findings` says, in one sentence.

    Args:
        target: name of the target column.
    """
    details = finding.get("details") or {}
    across: Mapping[str, int] = details.get("across") or {}
    of: Mapping[str, int] = details.get("of") or {}
    side = max(across, key=lambda name: ("valid" not in name, across[name])) if across else ""
    code = str(finding["code"])
    pattern = "words" if "words" in details else "source" if details.get("source") else code
    text = WORDS[language][pattern].format(
        rows=f"{across.get(side, 0):,}",
        total=f"{of.get(side, 0):,}",
        side=_side(side, language),
        columns=", ".join(str(c) for c in finding.get("columns") or ()),
        words=", ".join(str(w) for w in details.get("words") or ()),
        target=target,
    )
    return Sentence(text, "bad")


def _side(name: str, language: Language) -> str:
    """What the checks call a side, in words: "the test rows", "the test table", or a file's name."""
    words = WORDS[language]
    if name in ("the test rows", "the test table"):
        return words["test"]
    if name in ("the validation rows", "the valid table"):
        return words["valid"]
    return words["rows_of"].format(name=name)
