"""Texts that are lists of codes keep their codes whole."""

from __future__ import annotations

import json

import polars as pl

from consilience.core.recipe import Prepare
from consilience.modalities.text import Text


def learned(cells: list[str | None], **settings: int) -> dict[str, object]:
    return Text.learn({"h": pl.Series("h", cells, dtype=pl.String)}, Prepare(pieces="words", **settings))


def test_codes_are_entries_as_they_stand_and_the_newest_is_first() -> None:
    facts = learned(["s12=? s12=1 s8=0", "s12=? s12=1", None, "s8=0 S8=0"])
    vocabulary = json.loads(str(facts["tokenizer"]))["model"]["vocab"]
    assert vocabulary == {"<pad>": 0, "<unk>": 1, "s12=1": 2, "s12=?": 3, "s8=0": 4}
    arrays = Text.arrays({"h": pl.Series(["s12=1 s8=0 s99=1", None, "S8=0"])}, facts).arrays
    assert arrays["ids"][:, 0, :3].tolist() == [[2, 4, 1], [0, 0, 0], [1, 0, 0]]
    assert arrays["mask"].sum(-1)[:, 0].tolist() == [3, 0, 1]


def test_the_vocabulary_and_the_length_are_bounded() -> None:
    cells = [" ".join(f"w{i % 90}" for i in range(k, k + 300)) for k in range(3)]
    facts = learned(cells, vocabulary=64, max_tokens=20)
    assert facts["vocabulary"] == 64
    assert facts["length"] == 20
    assert learned(cells, vocabulary=64) == learned(cells, vocabulary=64)


def test_cells_without_words_can_be_learned() -> None:
    facts = learned([None, None])
    assert facts["vocabulary"] == 2
    assert not Text.arrays({"h": pl.Series("h", [None], dtype=pl.String)}, facts).arrays["mask"].any()
