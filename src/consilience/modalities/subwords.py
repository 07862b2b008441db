"""Training and using the sub-word vocabulary. The `tokenizers` library is imported on first use.

Polars cuts the text into words, all cells at once; the tokenizer then only splits at blanks and merges, in
about half the processor time of the library's own normalisers. Compatibility forms are folded (full-width
letters, ligatures: Unicode NFKC), case is folded, punctuation, symbols and runs of digits stand alone. A
mark opens each word after a blank; scripts written without blanks get none, so that a Chinese word has one
form wherever it stands in a clause. With a linear model on sub-word n-grams the mark made a point more on
SST-2 and half a point less on ChnSentiCorp, both near the noise; a unigram vocabulary scored alike and took
1.6 to 7 times as long to train.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any, final

import numpy as np
import polars as pl

from consilience.core.scripts import UNSPACED_CLASS
from consilience.modalities.cells import FEW, WHITE

PADDING, UNKNOWN = "<pad>", "<unk>"
TRAINING_TEXTS = 100_000
TRAINING_CHARACTERS = 20_000_000
LONGEST_WORD = 24
"""Characters a sub-word stands for at most; bounds the text that is read for a given number of sub-words."""
WORD_MARK = "\u2581"
WORD_START = r"(^|\s)([\p{L}--[" + UNSPACED_CLASS + "]])"
STANDS_ALONE = r"([\p{P}\p{S}--" + WORD_MARK + r"]|\p{N}+)"
NUMBER_START, NUMBER_END = "\ufdd0", "\ufdd1"
"""Marks in texts under way: code points that are no characters."""
WORD_BEGIN = re.compile(rf"(^|[{WHITE}])(\w)")
UNSPACED_LETTER = re.compile(f"[{UNSPACED_CLASS}]")
ALPHABET_SHARE = 0.6
"""Largest part of the vocabulary that single characters may take; rarer characters are unknown."""


def split_words(text: pl.Series) -> pl.Series:
    """Normalised text whose words, numbers and signs are parted by blanks.

    Example:
        >>> split_words(pl.Series(["Don't wait 10 min！"])).item()
        "▁don ' t ▁wait  10  ▁min ! "
    """
    return text.rename("text").to_frame().select(parted(pl.col("text")).alias(text.name)).to_series()


def parted(text: pl.Expr) -> pl.Expr:
    """See `split_words`."""
    folded = text.str.normalize("NFKC").str.to_lowercase()
    return folded.str.replace_all(WORD_START, "${1}" + WORD_MARK + "${2}").str.replace_all(STANDS_ALONE, " ${1} ")


def part_words(text: str) -> str:
    """`split_words` of one text, without a call of Polars, which costs more than a few texts are worth."""
    if NUMBER_START in text or NUMBER_END in text:
        return str(split_words(pl.Series([text], dtype=pl.String)).item())
    folded = unicodedata.normalize("NFKC", text).lower()
    parted = WORD_BEGIN.sub(_marked, folded).translate(_ALONE)
    return parted.replace(NUMBER_END + NUMBER_START, "").replace(NUMBER_START, " ").replace(NUMBER_END, " ")


def _marked(found: re.Match[str]) -> str:
    blank, letter = found.groups()
    return f"{blank}{WORD_MARK}{letter}" if letter.isalpha() and not UNSPACED_LETTER.match(letter) else found.group()


@final
class _Alone(dict[int, str]):
    """Code point → what `STANDS_ALONE` makes of it, looked up once; a number's characters come between marks, so that
    those of one number can be joined again."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        kind = unicodedata.category(character)[0]
        if kind == "N":
            made = NUMBER_START + character + NUMBER_END
        else:
            made = f" {character} " if kind in "PS" and character != WORD_MARK else character
        self[point] = made
        return made


_ALONE = _Alone()


def train_tokenizer(columns: list[pl.Series], vocabulary: int) -> str:
    """JSON of a byte-pair tokenizer trained on String columns without nulls; same texts, same JSON."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    words = split_words(_sample(columns))
    alphabet = _alphabet(words, int(vocabulary * ALPHABET_SHARE))
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[PADDING, UNKNOWN],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),  # exactly ours: the library's own cut breaks ties by chance
        max_token_length=LONGEST_WORD,
        show_progress=False,
    )
    tokenizer.train_from_iterator(words.to_list(), trainer)
    return str(tokenizer.to_str())


@lru_cache(maxsize=16)
def read_tokenizer(tokenizer: str) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(tokenizer)


def encode(tokenizer: str, text: pl.Series, length: int) -> list[list[int]]:
    """At most `length` sub-word ids of every cell of a String series without nulls. Runs on all threads that
    `tokenizers` may use."""
    most = length * LONGEST_WORD
    if len(text) <= FEW:
        words = [part_words(cell[:most]) for cell in text.to_list()]
    else:
        words = text.rename("text").to_frame().select(parted(pl.col("text").str.slice(0, most))).to_series().to_list()
    found = read_tokenizer(tokenizer).encode_batch_fast(words, add_special_tokens=False)
    return [encoding.ids[:length] for encoding in found]


def _sample(columns: list[pl.Series]) -> pl.Series:
    """Evenly spaced cells of all columns, within TRAINING_TEXTS and TRAINING_CHARACTERS."""
    total = sum(len(column) for column in columns)
    step = max(1, -(-total // TRAINING_TEXTS))
    cells = pl.concat([column.gather_every(step).rename("text") for column in columns])
    return cells.str.slice(0, max(200, TRAINING_CHARACTERS // max(1, len(cells))))


def _alphabet(words: pl.Series, most: int) -> list[str]:
    """The `most` commonest characters; ties by code point."""
    joined = "".join(words.to_list())
    points = np.frombuffer(joined.encode("utf-32-le", errors="ignore"), np.uint32)
    kinds, counts = np.unique(points, return_counts=True)
    order = np.lexsort((kinds, -counts))
    characters = [chr(int(kinds[i])) for i in order]
    kept = [c for c in characters if not c.isspace()][: most - 1]
    return sorted({*kept, WORD_MARK})
