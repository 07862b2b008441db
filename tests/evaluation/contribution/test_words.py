"""Both languages say the same things, and the chapter is made from plain JSON values."""

from __future__ import annotations

import string

import pytest

from consilience.evaluation.contribution.section import contribution_section
from consilience.evaluation.contribution.words import WORDS, contribution_sentence


def score(value: float, half: float = 0.01) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def found(verdict: str = "helps", gain: float = 0.05) -> dict:
    subsets = [([], 0.5), (["image"], 0.8), (["note"], 0.7), (["image", "note"], 0.8 + gain)]
    return {
        "speaks_of": "stack",
        "metric": "accuracy",
        "subsets": [{"groups": g, "accuracy": score(v)} for g, v in subsets],
        "shapley": {"image": score(0.2), "note": score(0.0)},
        "shares": {"image": score(0.9), "note": score(0.1)},
        "unique": {"image": score(0.1), "note": score(0.0)},
        "exact": True,
        "pairs": [{"pair": ["image", "note"], "synergy": score(gain), "redundancy": score(0.15)}],
        "synergy": score(gain),
        "best_single": "image",
        "members": 3,
        "per_member": [0.04, 0.05, 0.06],
        "verdict": verdict,
        "rows": 500,
        "of": 500,
        "disciplines": {"image": ["scan"], "note": ["note"]},
    }


def fields(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name}


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    for key, pattern in WORDS["en"].items():
        assert fields(pattern) == fields(WORDS["zh"][key]), key


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_chapter_shows_every_subset(language: str) -> None:
    section = contribution_section(found(), {}, language)
    assert section.sentences[0].tone == "good"
    assert [len(block.sheet.rows) for block in section.blocks] == [4, 2, 1]
    assert all(block.wide.startswith("<svg") for block in section.blocks[:2])
    assert any("note" in s.text for s in section.sentences)


def test_the_sentence_tells_size_and_interval_in_the_direction_of_the_verdict() -> None:
    assert "by 5.0 points of accuracy (95 % interval 4.0 to 6.0 points)" in contribution_sentence(found(), "en").text
    lost = contribution_sentence(found("hurts", -0.05), "en")
    assert lost.tone == "bad"
    assert "by 5.0 points of accuracy (95 % interval 4.0 to 6.0 points)" in lost.text
    open_ = contribution_sentence(found("no evidence", 0.0), "en").text
    assert "−1.0 to +1.0 points" in open_
