"""The chapter about wrong rows and suspected labels, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation.analysis import Gallery, Language, Section
from consilience.evaluation.weaknesses.cards import show_card
from consilience.evaluation.wording import Sentence

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Rows to look at",
        "wrong": "{wrong} of {rows} test rows are predicted wrongly; those that the model was surest of come first.",
        "wrong_number": "{wrong} of {rows} test rows are further off than {unit}, the error that {covered} % of the "
        "other rows stay within.",
        "none_wrong": "All {rows} test rows are predicted rightly.",
        "labels": "{suspected} of {looked} validation and test rows ({share} %) have a label that the model, which did "
        "not train on them, doubts with confidence; by its own probabilities it would doubt about {expected} if no "
        "label were wrong. Some of these labels will be wrong, others are hard rows: label_review.csv lists them for "
        "a person to judge. Nothing was changed.",
        "no_labels": "No label among {looked} validation and test rows is doubted with confidence.",
        "gallery_wrong": "Most confidently wrong",
        "lead_wrong": "Test rows, the surest mistake first. Rows are counted from 0 in the table as given.",
        "lead_number": "Test rows, the largest error first. Rows are counted from 0 in the table as given.",
        "gallery_labels": "Suspected label errors",
        "lead_labels": "The label that the table gives against the one that the model suggests, most doubted first.",
        "heading": "Row {row} ({table} table)",
        "said": "Said “{said}” ({share} %), is “{answer}”.",
        "said_number": "Said {said}, is {answer}: {size} times the usual error.",
        "given": "Given “{given}” ({given_share} %), suggested “{suggested}” ({suggested_share} %).",
        "train": "main",
        "valid": "validation",
        "test": "test",
        "note": "Suspected labels by confident learning (Northcutt, Jiang and Chuang 2021).",
    },
    "zh": {
        "title": "值得查看的行",
        "wrong": "{rows} 个测试行中有 {wrong} 行预测错误；模型最有把握的错误排在最前。",
        "wrong_number": "{rows} 个测试行中有 {wrong} 行的误差超过 {unit}，即其余行中 {covered}% 所不超过的误差。",
        "none_wrong": "全部 {rows} 个测试行均预测正确。",
        "labels": "在 {looked} 个验证行和测试行中，有 {suspected} 行（{share}%）的标签受到模型有把握的怀疑"
        "（模型未用这些行训练）；按模型自身的概率，即使没有错误标签，也会有约 {expected} 行受到怀疑。"
        "其中有些标签确实有误，另一些只是难以判断：label_review.csv 列出这些行供人工复核。"
        "数据未作任何改动。",
        "no_labels": "在 {looked} 个验证行和测试行中，没有标签受到模型有把握的怀疑。",
        "gallery_wrong": "最有把握的错误",
        "lead_wrong": "测试行，最有把握的错误在前。行号从 0 开始，按原表计。",
        "lead_number": "测试行，误差最大的在前。行号从 0 开始，按原表计。",
        "gallery_labels": "可疑的标签",
        "lead_labels": "表中给出的标签与模型建议的标签，最可疑的在前。",
        "heading": "第 {row} 行（{table}表）",
        "said": "预测为“{said}”（{share}%），实为“{answer}”。",
        "said_number": "预测为 {said}，实为 {answer}：为通常误差的 {size} 倍。",
        "given": "给定“{given}”（{given_share}%），建议“{suggested}”（{suggested_share}%）。",
        "train": "主",
        "valid": "验证",
        "test": "测试",
        "note": "可疑标签的方法：置信学习（Northcutt、Jiang 与 Chuang 2021）。",
    },
}


def errors_section(found: Mapping[str, Any], language: Language) -> Section:
    """The chapter from what `Errors.measure` gave; without its examples the galleries are left out."""
    words, examples = WORDS[language], found.get("examples") or {}
    number = found["kind"] == "regression"
    sentences = [Sentence(_wrong(found, language))]
    labels = found.get("labels")
    if labels:
        pattern = words["labels" if labels["suspected"] else "no_labels"]
        share = f"{100 * labels['suspected'] / max(labels['looked'], 1):.1f}"
        sentences.append(Sentence(pattern.format(**labels, share=share)))
    blocks = []
    if examples.get("wrong"):
        lead = words["lead_number" if number else "lead_wrong"]
        cards = tuple(
            show_card(c, _heading(c, language), [_said(c, number, language)], language) for c in examples["wrong"]
        )
        blocks.append(Gallery(words["gallery_wrong"], lead, cards))
    if examples.get("labels"):
        cards = tuple(show_card(c, _heading(c, language), [_given(c, language)], language) for c in examples["labels"])
        blocks.append(Gallery(words["gallery_labels"], words["lead_labels"], cards))
    note = words["note"] if labels and labels["suspected"] else ""
    return Section("errors", words["title"], tuple(sentences), tuple(blocks), note)


def _wrong(found: Mapping[str, Any], language: Language) -> str:
    words = WORDS[language]
    counts = {"wrong": f"{found['wrong']:,}", "rows": f"{found['rows']:,}"}
    if found["kind"] == "regression":
        covered = f"{100 * found['covered']:.0f}"
        return words["wrong_number"].format(**counts, unit=f"{found['unit']:.4g}", covered=covered)
    return words["wrong" if found["wrong"] else "none_wrong"].format(**counts)


def _heading(card: Mapping[str, Any], language: Language) -> str:
    return WORDS[language]["heading"].format(row=card["row"], table=WORDS[language][card["table"]])


def _said(card: Mapping[str, Any], number: bool, language: Language) -> str:
    words = WORDS[language]
    if number:
        return words["said_number"].format(said=card["said"], answer=card["is"], size=f"{card['size']:.1f}")
    return words["said"].format(said=card["said"], answer=card["is"], share=f"{100 * card['size']:.1f}")


def _given(card: Mapping[str, Any], language: Language) -> str:
    shares = {f"{k}_share": f"{100 * card[f'{k}_confidence']:.1f}" for k in ("given", "suggested")}
    return WORDS[language]["given"].format(given=card["given"], suggested=card["suggested"], **shares)
