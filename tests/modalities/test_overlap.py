"""ROUGE against figures worked out by hand and the library's own tokens."""

from __future__ import annotations

import pytest
from rouge_score.rouge_scorer import RougeScorer

from consilience.modalities.overlap import has_no_blanks, rouge, words_of


def test_figures_by_hand() -> None:
    found = rouge("the cat sat on the mat", "the cat on a mat")
    assert found.one == pytest.approx(2 * (4 / 5) * (4 / 6) / (4 / 5 + 4 / 6))
    assert found.two == pytest.approx(2 * (1 / 4) * (1 / 5) / (1 / 4 + 1 / 5))
    assert found.longest == pytest.approx(found.one)


def test_english_agrees_with_the_library() -> None:
    wanted, said = "We propose a faster solver for sparse systems.", "A solver, faster than ours, for sparse data"
    usual = RougeScorer(["rouge1", "rouge2", "rougeL"]).score(wanted, said)
    assert tuple(rouge(wanted, said)) == pytest.approx([usual[n].fmeasure for n in ("rouge1", "rouge2", "rougeL")])


def test_chinese_counts_by_character() -> None:
    assert words_of("深度学习 GPU2") == ["深", "度", "学", "习", "gpu2"]
    assert rouge("今天天气很好", "今天天气不好").one == pytest.approx(5 / 6)
    assert has_no_blanks("深度学习 model")
    assert not has_no_blanks("the 习 model again")


def test_nothing_said_scores_nothing() -> None:
    assert tuple(rouge("some words", "")) == (0, 0, 0)
