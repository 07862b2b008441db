"""The vocabulary of targets can be read back."""

from __future__ import annotations

import numpy as np

from consilience.tasks.writing.vocabulary import from_ids, lengths, to_ids, train_vocabulary

TEXTS = [
    "Don't wait 10 min, please!",
    "The X-ray shows (almost) nothing.",
    "两名患者 出院了。",
    "A line\nand another",
] * 3


def test_texts_come_back_with_case_signs_and_blanks() -> None:
    tokenizer = train_vocabulary(TEXTS, 200)
    ids = to_ids(tokenizer, TEXTS, 3, 60)
    assert from_ids(tokenizer, ids, 3) == TEXTS
    assert train_vocabulary(TEXTS, 200) == tokenizer
    assert ((ids == 3).sum(1) == 1).all()
    assert (lengths(tokenizer, TEXTS) == (ids >= 0).sum(1) - 1).all()


def test_a_long_text_has_no_end_and_unknown_letters_are_left_out() -> None:
    tokenizer = train_vocabulary(TEXTS, 200)
    ids = to_ids(tokenizer, [TEXTS[0]], 3, 4)
    assert (ids >= 0).all()
    assert 3 not in ids
    assert from_ids(tokenizer, to_ids(tokenizer, ["wait Ω please"], 3, 20), 3) == ["wait  please"]
    assert from_ids(tokenizer, np.full((1, 4), -1), 3) == [""]
