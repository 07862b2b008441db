"""Both languages have the same keys and, in each pattern, the same placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter


def assert_same_words(words: Mapping[str, Mapping[str, str]]) -> None:
    assert words["en"].keys() == words["zh"].keys()
    for key in words["en"]:
        one, other = ({f for _, f, _, _ in Formatter().parse(words[lang][key]) if f} for lang in ("en", "zh"))
        assert one == other, key
