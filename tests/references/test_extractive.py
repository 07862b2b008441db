"""Lead and TextRank: what they cut out, what they choose, and how they come back."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.core.registry import get
from consilience.modalities.text_codes import from_codes, to_codes
from consilience.references.base import Rows, State
from consilience.references.lead import first
from consilience.references.sentences import Cut, sentences_of
from consilience.references.textrank import central, centrality

BODY = [f"Point {i} is made. Then there is item {i}, at length and with care. Nobody reads this." for i in range(30)]


def rows() -> Rows:
    return Rows({}, {"title": pl.Series(["short"] * 30), "body": pl.Series(BODY)})


def fitted(name: str, wanted: list[str]) -> Any:
    component = get("reference", name)
    model = component(component.Config(), {"groups": {}}, "text")
    model.fit(rows(), to_codes(wanted, 120), np.ones(30), 0, 1)
    return model


def test_lead_chooses_column_unit_and_number() -> None:
    model = fitted("lead", [f"Point {i} is made." for i in range(30)])
    assert model.cut == Cut("body", "sentences", 1)
    assert from_codes(model.predict(rows()))[3] == "Point 3 is made."
    by_words = fitted("lead", [" ".join(text.split()[:10]) for text in BODY])
    assert by_words.cut == Cut("body", "words", 10)


@pytest.mark.parametrize("name", ["lead", "textrank"])
def test_comes_back_from_its_state_and_spares_the_search(name: str) -> None:
    model = fitted(name, [f"Then there is item {i}, at length and with care." for i in range(30)])
    said = model.predict(rows())
    again = get("reference", name)(get("reference", name).Config(), {"groups": {}}, "text")
    again.restore(State(dict(model.state().values), {}))
    assert np.array_equal(again.predict(rows()), said)
    second = get("reference", name)(get("reference", name).Config(**model.settled()), {"groups": {}}, "text")
    second.fit(rows(), to_codes(["other"] * 30, 120), np.ones(30), 0, 1)
    assert second.cut == model.cut


@pytest.mark.parametrize("name", ["lead", "textrank"])
def test_a_missing_cell_gives_an_empty_text(name: str) -> None:
    model = fitted(name, BODY)
    hidden = Rows({}, {c: pl.Series([None] * 2, dtype=pl.String) for c in ("title", "body")})
    assert from_codes(model.predict(hidden)) == ["", ""]


def test_the_sentence_that_shares_most_words_is_central() -> None:
    text = "Cats sleep all day. The storm hit cats and dogs in the town. Dogs in the town were safe after the storm."
    assert "storm hit" in central(text, Cut("", "sentences", 1))
    assert central(text, Cut("", "sentences", 9)) == text
    rank = centrality([["a", "b"], ["a", "b", "c"], ["c", "d"], ["x", "y"]])
    assert rank.sum() == pytest.approx(1)
    assert rank.argmax() == 1
    assert rank.argmin() == 3


def test_pagerank_agrees_with_the_closed_form() -> None:
    sentences = [["a", "b", "c"], ["a", "b"], ["b", "c", "d"], ["d", "a"]]
    count = len(sentences)
    weight = np.zeros((count, count))
    for i in range(count):
        for j in range(count):
            if i != j:
                shared = len(set(sentences[i]) & set(sentences[j]))
                weight[i, j] = shared / (np.log(len(sentences[i])) + np.log(len(sentences[j])))
    step = weight / weight.sum(1, keepdims=True)
    exact = np.linalg.solve(np.eye(count) - 0.85 * step.T, np.full(count, 0.15 / count))
    assert centrality(sentences) == pytest.approx(exact, abs=1e-4)


def test_sentences_and_first_words() -> None:
    assert sentences_of("One. Two!  三。四") == ["One.", "Two!", "三。", "四"]
    assert first("a b c d", Cut("", "words", 2)) == "a b"
    assert first("今天天气很好", Cut("", "words", 2)) == "今天"
    assert sentences_of("") == []
    assert central("", Cut("", "sentences", 2)) == ""
