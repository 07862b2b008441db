from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from consilience.core.recipe import Prepare
from consilience.modalities.subwords import encode, split_words, train_tokenizer
from consilience.modalities.text import Text

ENGLISH = [f"the patient was seen {n} times and was discharged in good health" for n in range(40)]
CHINESE = [f"患者就诊{n}次后出院，恢复良好，建议定期复查。" for n in range(40)]
SETTINGS = Prepare(vocabulary=400)


def test_sub_words_of_a_language_without_spaces_are_longer_than_characters() -> None:
    cells = pl.Series("t", CHINESE)
    facts = Text.learn({"t": cells}, SETTINGS)
    mask = Text.arrays({"t": cells}, facts).arrays["mask"]
    assert mask.sum() < 0.6 * cells.str.len_chars().sum()


def test_case_width_and_ligatures_are_folded() -> None:
    tokenizer = train_tokenizer([pl.Series(ENGLISH)], 400)
    plain, other = encode(tokenizer, pl.Series(["the patient fine", "The ＰＡＴＩＥＮＴ ﬁne"]), 50)
    assert plain == other


def test_punctuation_signs_and_digits_stand_alone() -> None:
    (words,) = split_words(pl.Series(["Don't wait 10min，好的！€5☃x"]))
    assert words.split() == ["▁don", "'", "t", "▁wait", "10", "min", ",", "好的", "!", "€", "5", "☃", "x"]


def test_only_words_after_a_blank_are_marked() -> None:
    (words,) = split_words(pl.Series(["two words\n(third) 中文 สวัสดี"]))
    assert words.split() == ["▁two", "▁words", "(", "third", ")", "中文", "สวัสดี"]


def test_ids_are_a_prefix_with_zero_padding_and_one_for_the_unknown() -> None:
    facts = Text.learn({"t": pl.Series("t", ENGLISH)}, SETTINGS)
    cells = pl.Series("t", ["the patient", None, "", "☃ 患", "the " * 1000])
    arrays = Text.arrays({"t": cells}, facts).arrays
    assert arrays["ids"].dtype == np.uint16
    assert arrays["ids"].shape == arrays["mask"].shape == (5, 1, facts["length"])
    assert (np.diff(arrays["mask"].astype(int), axis=-1) <= 0).all()
    assert arrays["mask"].any(-1)[:, 0].tolist() == [True, False, False, True, True]
    assert not arrays["ids"][~arrays["mask"]].any()
    assert arrays["ids"][arrays["mask"]].min() >= 1
    assert set(arrays["ids"][3][arrays["mask"][3]]) == {1}
    assert arrays["ids"].max() < facts["vocabulary"] <= 400


def test_length_covers_nearly_all_rows_and_is_bounded() -> None:
    cells = pl.Series("t", ["a b c d e f"] * 99 + ["a " * 5000])
    assert Text.learn({"t": cells}, Prepare()).get("length") == 6
    assert Text.learn({"t": pl.Series("t", ["a " * 5000] * 9)}, Prepare())["length"] == 256
    assert Text.learn({"t": pl.Series("t", ["a " * 5000] * 9)}, Prepare(max_tokens=300))["length"] == 300


def test_trim_cuts_padding_only() -> None:
    facts = Text.learn({"t": pl.Series("t", ENGLISH)}, SETTINGS)
    whole = Text.arrays({"t": pl.Series("t", ["the patient", None])}, facts).arrays
    cut = Text.trim(whole)
    assert cut["ids"].shape[-1] < whole["ids"].shape[-1]
    assert cut["mask"].sum() == whole["mask"].sum()
    assert Text.trim({k: v[1:] for k, v in whole.items()})["ids"].shape[-1] >= 1


@pytest.mark.parametrize("cells", [[None, None], ["", " "], []])
def test_a_column_without_text_is_learned(cells: list[str | None]) -> None:
    series = pl.Series("t", cells, dtype=pl.String)
    facts = Text.learn({"t": series}, SETTINGS)
    assert not Text.arrays({"t": series}, facts).arrays["mask"].any()


def test_another_process_trains_the_same_tokenizer() -> None:
    code = (
        "import sys, polars as pl; from consilience.modalities.subwords import train_tokenizer; "
        f"sys.stdout.write(train_tokenizer([pl.Series({CHINESE + ENGLISH!r})], 90))"
    )
    path = str(Path(__file__).parents[2] / "src")
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=True,
    )
    assert run.stdout.decode() == train_tokenizer([pl.Series(CHINESE + ENGLISH)], 90)


def test_scores() -> None:
    assert Text.score(pl.Series(ENGLISH)).score > 0.8
    assert Text.score(pl.Series(CHINESE)).score > 0.8
    assert Text.score(pl.Series(["red", "blue"] * 50)).score < 0.1
    assert Text.score(pl.Series([1, 2])).score == 0
