"""The sub-words that a target text is written in: byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909).

Unlike the vocabulary of an input text this one can be read back: case, signs and blanks are kept (a mark stands for a
blank, as in SentencePiece, Kudo & Richardson 2018). The `tokenizers` library is imported on first use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from consilience.modalities.subwords import read_tokenizer

Array = np.ndarray[Any, Any]

PADDING, UNKNOWN, BEGIN, END = "<pad>", "<unk>", "<begin>", "<end>"
ALPHABET_SHARE = 0.6
"""Largest part of the vocabulary that single characters may take; rarer ones cannot be written."""
LONGEST_PIECE = 24


def train_vocabulary(texts: Sequence[str], most: int) -> str:
    """JSON of a tokenizer of at most `most` sub-words; same texts, same JSON. Ids 0..3 are padding, unknown, begin
    and end."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Punctuation()]
    )
    tokenizer.decoder = decoders.Metaspace()
    alphabet = _alphabet(texts, int(most * ALPHABET_SHARE))
    trainer = trainers.BpeTrainer(
        vocab_size=most,
        min_frequency=2,
        special_tokens=[PADDING, UNKNOWN, BEGIN, END],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),  # exactly ours: the library's own cut breaks ties by chance
        max_token_length=LONGEST_PIECE,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return str(tokenizer.to_str())


def to_ids(tokenizer: str, texts: Sequence[str], end: int, length: int) -> Array:
    """int64 [N, length]: sub-words, then `end` (where there is room), then −1."""
    ids = np.full((len(texts), length), -1, dtype=np.int64)
    encoded = read_tokenizer(tokenizer).encode_batch_fast(list(texts), add_special_tokens=False)
    for row, encoding in zip(ids, encoded, strict=True):
        found = [*encoding.ids, end][:length]
        row[: len(found)] = found
    return ids


def lengths(tokenizer: str, texts: Sequence[str]) -> Array:
    """Sub-words of each text, int64 [N]."""
    encoded = read_tokenizer(tokenizer).encode_batch_fast(list(texts), add_special_tokens=False)
    return np.array([len(encoding.ids) for encoding in encoded], dtype=np.int64)


def from_ids(tokenizer: str, ids: Array, end: int) -> list[str]:
    """Texts of rows [N, L] up to the first `end` or negative id."""
    cut = []
    for row in np.asarray(ids, dtype=np.int64):
        stop = np.flatnonzero((row == end) | (row < 0))
        cut.append(row[: stop[0] if len(stop) else len(row)].tolist())
    return [text.strip() for text in read_tokenizer(tokenizer).decode_batch(cut, skip_special_tokens=True)]


def _alphabet(texts: Sequence[str], most: int) -> list[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    ranked = sorted((c for c in counts if not c.isspace() or c == "\n"), key=lambda c: (-counts[c], c))
    return sorted({*ranked[: most - 1], "\u2581"})
