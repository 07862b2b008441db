"""Text: sub-word ids from a byte-pair vocabulary trained on the training rows (Sennrich et al. 2016,
arXiv 1508.07909), or from the tokenizer of a pretrained network. No language is assumed: runs of characters without
spaces are merged like words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
import polars as pl

from consilience.modalities.base import Arrays, Columns, Facts, Guess, Prepared
from consilience.modalities.cells import as_text, present
from consilience.modalities.form import Form
from consilience.modalities.given_subwords import STYLE, encode_given, read_given
from consilience.modalities.subwords import PADDING, UNKNOWN, encode, read_tokenizer, train_tokenizer
from consilience.modalities.trimming import without_padding
from consilience.modalities.whole_words import learn_words
from consilience.modalities.wording import wording

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

LONGEST = 256
"""Most sub-words kept of a cell unless the recipe says more."""
SHORTEST = 4
COVERED = 0.98
"""Share of the training cells that are kept whole."""
MEASURED = 20_000
"""Training cells whose length is measured."""


@final
class Text:
    """ids uint16 (int32 above 65,536 entries) [N, C, L], mask bool [N, C, L], a prefix of True.

    0 is padding and 1 an unknown character. A longer text is cut after L sub-words. With a given tokenizer the ids
    are its own, signs of begin and end among them; what is padding to it, the facts say.
    """

    media: ClassVar[bool] = False
    form: ClassVar[Form] = Form({"type": ["string", "null"]}, "text", recurs=False, example=lambda facts, place: "text")

    @staticmethod
    def score(column: pl.Series) -> Guess:
        """High where cells have several words (or, without spaces, several characters) and rarely repeat."""
        if column.dtype not in (pl.String, pl.Categorical):
            return Guess(0.0, "no text")
        found = wording(column)
        if not found.cells:
            return Guess(0.0, "every cell is empty")
        score = 0.9 * (1 - math.exp(-found.words / 3)) * min(1.0, found.fresh / 0.3)
        return Guess(score, f"{found.words:.1f} words a cell, {found.fresh:.0%} of the cells distinct")

    @staticmethod
    def learn(columns: Columns, settings: Prepare) -> Facts:
        """facts: columns; tokenizer (JSON text of `tokenizers`); vocabulary, its size; length L. With a given tokenizer
        also style, and padding and unknown, ids.

        Raises:
            InputError: when the given tokenizer cannot be read.
        """
        texts = {name: as_text(series).drop_nulls() for name, series in columns.items()}
        given: dict[str, Any] = {}
        if settings.tokenizer is not None:
            tokenizer, padding, unknown = read_given(Path(settings.tokenizer))
            given = {"style": STYLE, "padding": padding, "unknown": unknown}
        elif settings.pieces == "words":
            tokenizer = learn_words(list(texts.values()), settings.vocabulary, (PADDING, UNKNOWN))
            given = {"style": STYLE, "padding": 0, "unknown": 1}
        else:
            tokenizer = train_tokenizer(list(texts.values()), settings.vocabulary)
        limit = settings.max_tokens or LONGEST
        lengths = [_lengths({"tokenizer": tokenizer, **given}, series, limit) for series in texts.values()]
        longest = max((float(np.quantile(found, COVERED)) for found in lengths if len(found)), default=0.0)
        return {
            "columns": list(columns),
            "tokenizer": tokenizer,
            "vocabulary": read_tokenizer(tokenizer).get_vocab_size(),
            "length": int(min(limit, max(SHORTEST, math.ceil(longest)))),
            **given,
        }

    @staticmethod
    def arrays(columns: Columns, facts: Facts) -> Prepared:
        rows, length = len(next(iter(columns.values()))), facts["length"]
        dtype = np.uint16 if facts["vocabulary"] <= 65_536 else np.int32
        ids = np.zeros((rows, len(facts["columns"]), length), dtype)
        mask = np.zeros(ids.shape, bool)
        for place, name in enumerate(facts["columns"]):
            text = as_text(columns[name])
            filled_rows = np.flatnonzero(present(text))
            found = _encode(facts, text.drop_nulls() if text.null_count() else text, length)
            filled = np.arange(length) < np.array([len(i) for i in found], np.int64).reshape(-1, 1)
            block = np.zeros(filled.shape, dtype)
            block[filled] = np.concatenate(found) if found else np.zeros(0, dtype)
            ids[filled_rows, place], mask[filled_rows, place] = block, filled
        return Prepared({"ids": ids, "mask": mask}, [])

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        """Cut to the longest text of the batch, rounded up to a multiple of 4."""
        return without_padding(arrays, SHORTEST)


def _encode(facts: Facts, text: pl.Series, length: int) -> list[list[int]]:
    encoded = encode_given if facts.get("style") == STYLE else encode
    return encoded(facts["tokenizer"], text, length)


def _lengths(facts: Facts, text: pl.Series, limit: int) -> np.ndarray[Any, Any]:
    """Sub-words of up to MEASURED cells, none counted beyond `limit`."""
    sample = text.gather_every(max(1, -(-len(text) // MEASURED)))
    return np.array([len(ids) for ids in _encode(facts, sample, limit)], np.int64)
