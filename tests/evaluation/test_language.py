from __future__ import annotations

import itertools
import re
import runpy
import string
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from consilience.core.errors import InputError
from consilience.evaluation import wording
from consilience.evaluation.language import LANGUAGES, catalogue, language_of, plural, say, words
from consilience.evaluation.methods import methods_paragraph
from consilience.evaluation.report import render_report
from consilience.tasks.metrics import HIGHER_IS_BETTER

fake = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("fake_result.py"))))
ENGLISH = re.compile(r"[A-Za-z]{2,}(?: [A-Za-z]+){3,}")
"""Four English words in a row: no name is that long in the crafted results."""


def fields(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}


@pytest.mark.parametrize("name", catalogue.CATALOGUES)
def test_languages_have_the_same_keys_and_placeholders(name: str) -> None:
    english = words(name, "en")
    for language in LANGUAGES:
        other = words(name, language)
        assert list(other) == list(english), language
        for key, pattern in other.items():
            assert fields(pattern) == fields(english[key]), key
            assert pattern.strip(), key


@pytest.mark.parametrize("name", catalogue.CATALOGUES)
def test_chinese_is_chinese(name: str) -> None:
    for key, pattern in words(name, "zh").items():
        bare = re.sub(r"\{[^}]*\}|`[^`]*`|Model Cards for Model Reporting", "", pattern)
        assert not ENGLISH.search(bare), (key, bare)
        assert not re.search(r"[\u4e00-\u9fff],|[\u4e00-\u9fff]\.", bare), (key, "Latin punctuation")


def test_every_metric_and_every_check_has_words() -> None:
    for metric in HIGHER_IS_BETTER:
        assert wording.metric_name(metric, "zh") != metric.replace("_", " ") or metric == "r2"
    docs = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")
    for code in re.findall(r"^## (\w+)$", docs, re.MULTILINE):
        catalogue_name = "data_findings" if f"title.{code}" in words("data_findings", "en") else "run_checks"
        assert say(f"{catalogue_name}.title.{code}", "zh")


def visible(html: str) -> str:
    """What a reader sees, without what is marked as English, without code, recipe and versions."""
    html = re.sub(r"(?s)<style>.*?</style>|<pre>.*?</pre>|<code.*?</code>", " ", html)
    html = re.sub(r'(?s)<(span|div) lang="en">.*?</\1>', " ", html)
    html = re.sub(r"(?s)<p class=\"versions\">.*?</p>", " ", html)
    said = re.findall(r'aria-label="([^"]*)"|alt="([^"]*)"', html)
    return re.sub(r"<[^>]+>", "\n", html) + "\n".join("".join(pair) for pair in said)


CRAFTED = {
    "classification": (fake.classification(), fake.events()),
    "regression": (fake.regression(), fake.events(("fold0", "fold1"), 6, "rmse")),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_chinese_report_holds_no_english_sentence(name: str) -> None:
    html = render_report(*CRAFTED[name], "zh")
    assert '<html lang="zh-CN">' in html
    assert "主要结论" in html
    found = ENGLISH.findall(visible(html))
    assert [words for words in found if words != "days since admission"] == []


def test_a_chinese_report_says_the_verdict_with_figures_and_intervals() -> None:
    html = render_report(fake.classification(), fake.events(), "zh")
    assert "准确率为 96.3%（95% 置信区间 94.3%～98.3%）" in html
    assert "合并各数据来源有帮助" in html
    assert "准确率相差 12.4 个百分点（95% 置信区间 8.6～16.2 个百分点）" in html
    assert "泄露答案的列" in html
    assert '<span lang="en">Column “final_diagnosis” alone predicts' in html


def test_the_recipe_names_the_language() -> None:
    result = fake.classification()
    result["recipe"]["report"] = {"language": "zh"}
    assert 'lang="zh-CN"' in render_report(result, [])
    assert 'lang="en"' in render_report(result, [], "en")
    assert language_of({}) == "en"
    with pytest.raises(InputError, match="no language 'cn'"):
        language_of({}, "cn")


def test_plurals() -> None:
    assert [plural("row", n) for n in (1, 2000)] == ["1 row", "2,000 rows"]
    assert [plural("row", n, "zh") for n in (1, 2000)] == ["1 行", "2,000 行"]


def test_values_with_braces_stay_as_they_are() -> None:
    result = fake.classification()
    result["target"] = "{0} {metric} {{"
    assert "“{0} {metric} {{”" in wording.verdict(result)[0].text
    assert "“{0} {metric} {{”" in methods_paragraph(result, "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_methods_paragraph_names_every_setting_that_matters(language: Any) -> None:
    result = fake.classification()
    result["calibration"] = {"method": "isotonic"}
    result["recipe"]["split"] = {"group": "patient"}
    result["split"] = {"method": "group", "sentence": "", "folds": 5}
    text = methods_paragraph(result, language)
    facts = ["digit", "conv_image", "1,080", "abababababab…", "train.parquet", "patient", "gated", "412,345"]
    facts += ["adamw", "0.002", "isotonic", "1,000", "Breiman 1996", "torch 2.13.0", "0.83", "5"]
    for fact in facts:
        assert fact in text, fact


def test_contribution_replaces_the_old_sentence() -> None:
    result = fake.classification()
    result["contribution"] = fake.contribution()
    said = " ".join(s.text for s in wording.verdict(result))
    assert "together they beat “image” alone, the best single source, by 12.4 points" in said
    assert "the network on all of them" not in said
    chinese = wording.verdict(result, "zh")[1]
    assert chinese.text == (
        "融合有帮助：就全部模型的组合而言，各来源合用比单独使用最好的来源“图像”的准确率提高 12.4 个百分点"
        "（95% 置信区间 8.6～16.2 个百分点）。"
    )
    assert chinese.tone == "good"


def test_leaks_stand_first() -> None:
    result = fake.classification()
    html = render_report(result, [])
    assert html.index('id="leaks"') < html.index('id="verdict"') < html.index('id="models"')
    block = html[html.index('id="leaks"') : html.index('id="verdict"')]
    assert block.index("target_leak") < block.index("near_duplicate_image"), "errors first"
    assert "constant_column" not in block
    result["findings"] = [{**f, "severity": "info"} for f in result["findings"]]
    assert 'id="leaks"' not in render_report(result, [])


def test_every_anchor_of_the_contents_exists_once() -> None:
    for name in CRAFTED:
        html = render_report(*CRAFTED[name])
        anchors = re.findall(r'href="#([^"]+)"', html)
        assert len(anchors) == len(set(anchors)) >= 9
        for anchor in anchors:
            assert html.count(f'id="{anchor}"') == 1, anchor


def test_headings_step_down_one_at_a_time() -> None:
    levels = [int(level) for level in re.findall(r"<h(\d)", render_report(*CRAFTED["classification"]))]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))


def test_finding_codes_are_those_of_the_checks() -> None:
    from consilience.core.registry import names

    assert {f"title.{code}" for code in names("check")} <= set(words("data_findings", "zh"))
