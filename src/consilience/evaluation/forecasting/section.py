"""The chapter about forecasts, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation import wording
from consilience.evaluation.analysis import Figure, Language, Section
from consilience.evaluation.charts.lines import Axes, Line, lines
from consilience.evaluation.forecasting.walk_section import walk_sentences, walk_table
from consilience.evaluation.sheets import Sheet
from consilience.evaluation.wording import Sentence

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Forecasts, step by step",
        "grows": "The mean squared error, in standard deviations of the training steps, goes from {first} at step 1 to "
        "{last} at step {steps}.",
        "coverage": "Of the true values {held} lie between the lowest and the highest quantile; {promised} were "
        "promised.",
        "before": "Before the quantiles were moved on the validation windows it was {before}.",
        "steps": "Error by step ahead",
        "step": "step ahead",
        "error": "mean squared error, standardised",
        "default": "default prediction",
        "window": "forecast of {target} after {origin}",
        "of": "{entity}: ",
        "time": "steps from the origin",
        "past": "past",
        "truth": "truth",
        "said": "forecast",
        "low": "lowest quantile",
        "high": "highest quantile",
        "lead": "A test window; the band spans the outermost quantiles.",
        "note": "Windows overlap, so intervals draw blocks of consecutive origins ({blocks} blocks; block bootstrap, "
        "Carlstein 1986). Standardised errors are those of the literature on long horizons.",
    },
    "zh": {
        "title": "逐步预报",
        "grows": "以训练步的标准差为单位，均方误差从第 1 步的 {first} 变为第 {steps} 步的 {last}。",
        "coverage": "真实值有 {held} 落在最低与最高分位数之间；承诺为 {promised}。",
        "before": "分位数按验证窗口校准之前为 {before}。",
        "steps": "各步的误差",
        "step": "向前步数",
        "error": "均方误差（标准化）",
        "default": "默认预测",
        "window": "{origin} 之后的 {target} 预报",
        "of": "{entity}，",
        "time": "距起点的步数",
        "past": "历史",
        "truth": "真实值",
        "said": "预报",
        "low": "最低分位数",
        "high": "最高分位数",
        "lead": "一个测试窗口；色带为最外侧两个分位数之间。",
        "note": "窗口相互重叠，因此区间按连续起点的块抽样（{blocks} 块；块自助法，Carlstein 1986）。"
        "标准化误差与长时预报文献一致。",
    },
}
WIDE, NARROW = 760, 350


def forecasting_section(found: Mapping[str, Any], result: Mapping[str, Any], language: Language) -> Section:
    """The chapter from what `Forecasting.measure` gave; without its examples no window is drawn."""
    words, steps = WORDS[language], found["steps"]
    first, last = (wording.number("mse_z", steps[i]["default"]["value"], language) for i in (0, -1))
    sentences = [Sentence(words["grows"].format(first=first, last=last, steps=len(steps)))]
    held = ((result.get("test") or {}).get("coverage") or {}).get("value")
    if found["promised"] is not None and held is not None:
        shares = {
            "held": wording.percent(held, 1, language),
            "promised": wording.percent(found["promised"], 0, language),
        }
        sentences.append(Sentence(words["coverage"].format(**shares)))
        before = found.get("coverage_before")
        if before is not None:
            sentences.append(Sentence(words["before"].format(before=wording.percent(before, 1, language))))
    walked = result.get("walk_forward")
    if walked:
        sentences += walk_sentences(walked, language)
    windows = (found.get("examples") or {}).get("windows") or ()
    blocks = (
        *([walk_table(walked, language)] if walked else ()),
        _by_step(found, language),
        *(_window(window, language) for window in windows),
    )
    return Section(
        "forecasting", words["title"], tuple(sentences), blocks, words["note"].format(blocks=found["blocks"])
    )


def _by_step(found: Mapping[str, Any], language: Language) -> Figure:
    words, steps = WORDS[language], found["steps"]
    drawn = [
        Line(
            words["default"],
            [(s["step"], s["default"]["value"]) for s in steps],
            [(s["step"], s["default"]["low"], s["default"]["high"]) for s in steps],
        )
    ]
    names = [words["default"]]
    if found["baseline"]:
        names.append(wording.predictor_name(found["baseline"], language=language))
        drawn.append(Line(names[1], [(s["step"], s["baseline"]) for s in steps]))
    axes = Axes((words["step"], words["error"]))
    rows = [
        [
            str(s["step"]),
            wording.measured("mse_z", s["default"], language),
            *([wording.number("mse_z", s["baseline"], language)] if found["baseline"] else []),
        ]
        for s in steps
    ]
    raw = [[s["step"], *(s["default"][k] for k in ("value", "low", "high")), s.get("baseline")] for s in steps]
    heads = (words["step"], words["default"], "low", "high", names[-1])
    sheet = Sheet("forecast_steps", [words["step"], *names], rows, raw, raw_headers=heads)
    return Figure(words["steps"], "", lines(drawn, axes, WIDE), lines(drawn, axes, NARROW), "", sheet)


def _window(window: Mapping[str, Any], language: Language) -> Figure:
    words = WORDS[language]
    before = list(range(1 - len(window["past"]), 1))
    ahead = list(range(1, len(window["truth"]) + 1))
    band = list(zip(ahead, window["low"], window["high"], strict=True)) if window["low"] else ()
    drawn = [
        Line(words["past"], list(zip(before, window["past"], strict=True))),
        Line(words["said"], list(zip(ahead, window["said"], strict=True)), band),
        Line(words["truth"], list(zip(ahead, window["truth"], strict=True))),
    ]
    entity = words["of"].format(entity=window["entity"]) if window["entity"] else ""
    origin = str(window["origin"]).removesuffix(" 00:00:00")  # a day has no hour
    title = entity + words["window"].format(target=window["target"], origin=origin)
    title = title if entity else title[0].upper() + title[1:]
    axes = Axes((words["time"], str(window["target"])), guide=0.0)
    parts = ["truth", "said", *(["low", "high"] if window["low"] else [])]
    rows = [[str(step), *(_figure(window[p][i]) for p in parts)] for i, step in enumerate(ahead)]
    raw = [[step, *(window[p][i] for p in parts)] for i, step in enumerate(ahead)]
    sheet = Sheet(f"forecast_{window['row']}", [words["time"], *(words[p] for p in parts)], rows, raw)
    return Figure(title, words["lead"], lines(drawn, axes, WIDE), lines(drawn, axes, NARROW), "", sheet)


def _figure(value: float | None) -> str:
    return wording.UNDEFINED if value is None else f"{value:.5g}"
