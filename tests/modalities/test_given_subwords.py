"""Texts cut by a tokenizer that was given: its ids, its signs, the places of words in the text as written."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from consilience.core.errors import InputError
from consilience.core.recipe import Prepare
from consilience.modalities.given_subwords import pieces_of, read_given
from consilience.modalities.text import Text


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    words = ["<p>", "<u>", "<b>", "<e>", "<m>", "good", "film", "##s", "the"]
    made = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="<u>"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="<b> $A <e>", pair=None, special_tokens=[("<b>", 2), ("<e>", 3)]
    )
    made.enable_padding(length=30)
    made.enable_truncation(5)
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def test_cells_get_the_signs_and_ids_of_the_tokenizer(tokenizer: Path) -> None:
    cells = pl.Series("t", ["The FILMS", None, "good " * 40])
    facts = Text.learn({"t": cells}, Prepare(tokenizer=str(tokenizer), max_tokens=6))
    assert facts["style"] == "pretrained"
    assert facts["length"] == 6
    arrays = Text.arrays({"t": cells}, facts).arrays
    assert arrays["ids"][:, 0].tolist() == [[2, 8, 6, 7, 3, 0], [0] * 6, [2, 5, 5, 5, 5, 3]]
    assert arrays["mask"].sum(-1)[:, 0].tolist() == [5, 0, 6]


def test_signs_are_named_by_the_files_beside_it_or_are_the_usual_ones(tokenizer: Path) -> None:
    assert read_given(tokenizer)[1:] == (0, 0)
    values = {"pad_token": "<b>", "mask_token": {"content": "<m>"}, "unk_token": "<u>"}
    (tokenizer.parent / "tokenizer_config.json").write_text(json.dumps(values), encoding="utf-8")
    assert read_given(tokenizer)[1:] == (2, 4)


def test_pieces_stand_where_the_user_wrote_them(tokenizer: Path) -> None:
    given = read_given(tokenizer).tokenizer
    text = "The  FILMS good film"
    pieces, cut = pieces_of(given, text, 6)
    assert [(p.word, text[p.start : p.end]) for p in pieces[1:-1]] == [(0, "The"), (1, "FILM"), (1, "S"), (2, "good")]
    assert pieces[0].word is pieces[-1].word is None
    assert cut
    assert not pieces_of(given, "good", 6)[1]


def test_what_is_no_tokenizer_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"without tokenizer\.json"):
        read_given(tmp_path / "tokenizer.json")
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="not readable as a tokenizer"):
        read_given(tmp_path / "tokenizer.json")
