"""The chapter on what forecasts rest on, over test windows drawn at random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.analysis import Figure, Language, NotApplicable, Section, Sheet
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.wording import Sentence

MOST_ROWS = 24
"""Test windows that are looked at."""
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "What forecasts rest on",
        "top": "Without {name} ({kind}) the forecast moves most: by {size} standard deviations on average.",
        "better": "The order of the past stretches is true to the model: taking them away in it moves the forecast "
        "sooner than a random order.",
        "no difference": "The order of the past stretches cannot be told from a random one: read it with care.",
        "worse": "The order of the past stretches is worse than a random one: do not rely on it.",
        "parts": "Parts taken away one at a time",
        "lead": "Each is treated as missing; mean absolute change of the forecast over {rows} of {of} test windows, in "
        "standard deviations of the training steps. Steps count from the origin (0), backwards.",
        "kind": "kind",
        "part": "part",
        "effect": "change",
        "share": "share of its kind",
        "past column": "column of the past",
        "past steps": "past steps",
        "known ahead": "known ahead",
        "source": "source",
    },
    "zh": {
        "title": "预报的依据",
        "top": "去掉 {name}（{kind}）时预报变化最大：平均 {size} 个标准差。",
        "better": "历史时段的排序忠实于模型：按此顺序去掉时段，预报比随机顺序更早变化。",
        "no difference": "历史时段的排序与随机排序无法区分，请谨慎解读。",
        "worse": "历史时段的排序不如随机排序，请勿依赖。",
        "parts": "逐一去掉各部分",
        "lead": "每次将一部分视为缺失；表中为 {of} 个测试窗口中 {rows} 个的预报平均绝对变化，"
        "以训练步的标准差为单位。步数自起点（0）向前计。",
        "kind": "类别",
        "part": "部分",
        "effect": "变化",
        "share": "在同类中的占比",
        "past column": "历史列",
        "past steps": "历史步",
        "known ahead": "预先已知",
        "source": "来源",
    },
}


@final
class ForecastReasons:
    """Effects of columns, past steps, columns known ahead and sources, and whether their order is faithful."""

    name: ClassVar[str] = "forecast_reasons"
    order: ClassVar[int] = 22
    of_forecasts: ClassVar[bool] = True

    def measure(self, evidence: Evidence) -> dict[str, Any]:
        """{"rows", "of", "parts": [{"kind", "name", "effect", "share"}], "faithfulness": {...} or None}.

        Raises:
            NotApplicable: where the target is not what follows, or no window is held out.
        """
        from consilience.explanation.faithfulness import Asked
        from consilience.explanation.forecast_reasons import effects_of, forecast_faithfulness, parts_json, parts_of
        from consilience.explanation.subject import subject_of

        if evidence.kind != "forecast":
            raise NotApplicable("the target is not what follows in time")
        total, seed = len(evidence.test), evidence.judged.seed
        if not total:
            raise NotApplicable("there are no held-out windows")
        drawn = np.sort(np.random.default_rng(seed).choice(total, min(total, MOST_ROWS), replace=False))
        rows = evidence.test.at(drawn)
        subject = subject_of(evidence.bundle, rows.features, rows.texts, rows.index, rows.frame)
        clusters = None if evidence.judged.clusters is None else evidence.judged.clusters[drawn]
        parts = parts_of(subject)
        effects = effects_of(subject, parts)
        asked = Asked(np.zeros(len(drawn), np.int64), effects, None, seed, clusters)
        return {
            "rows": len(drawn),
            "of": total,
            "parts": parts_json(parts, effects.mean(0)),
            "faithfulness": forecast_faithfulness(subject, parts, effects, asked),
        }

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        words, parts = WORDS[language], found["parts"]
        if not parts:
            return None
        top = max(parts, key=lambda part: float(part["effect"]))
        said = words["top"].format(name=top["name"], kind=words[top["kind"]], size=f"{top['effect']:.3g}")
        sentences = [Sentence(said)]
        if found["faithfulness"]:
            verdict = str(found["faithfulness"]["verdict"])
            sentences.append(Sentence(words[verdict], "bad" if verdict == "worse" else "plain"))
        rows = [[words[p["kind"]], p["name"], f"{p['effect']:.3g}", f"{p['share']:.0%}"] for p in parts]
        raw = [[p["kind"], p["name"], p["effect"], p["share"]] for p in parts]
        sheet = Sheet("forecast_reasons", [words[key] for key in ("kind", "part", "effect", "share")], rows, raw)
        lead = words["lead"].format(rows=found["rows"], of=found["of"])
        return Section(self.name, words["title"], tuple(sentences), (Figure(words["parts"], lead, "", "", "", sheet),))
