from __future__ import annotations

from importlib import import_module
from string import Formatter

import pytest

PARTS = ("abstention", "calibration", "coverage", "decisions")


@pytest.mark.parametrize("part", PARTS)
def test_both_languages_say_the_same_things_with_the_same_figures(part: str) -> None:
    words = import_module(f"consilience.evaluation.confidence.{part}_words").WORDS
    assert set(words["en"]) == set(words["zh"])
    for key, pattern in words["en"].items():
        fields = [{name for _, name, _, _ in Formatter().parse(p) if name} for p in (pattern, words["zh"][key])]
        assert fields[0] == fields[1], key
        english = pattern.format_map(dict.fromkeys(fields[0], ""))
        assert any("\u4e00" <= c <= "\u9fff" for c in words["zh"][key]) or not any(c.isalpha() for c in english), key
