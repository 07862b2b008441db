"""Text: sub-word ids from a byte-pair vocabulary trained on the training rows (Sennrich et al. 2016,
arXiv 1508.07909). No language is assumed: runs of characters without spaces are merged like words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
import polars as pl

from consilience.modalities.base import Arrays, Columns, Facts, Guess, Prepared
from consilience.modalities.cells import as_text, present
from consilience.modalities.subwords import encode, read_tokenizer, train_tokenizer
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

    0 is padding and 1 an unknown character. A longer text is cut after L sub-words.
    """

    media: ClassVar[bool] = False

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
        """facts: columns; tokenizer (JSON text of `tokenizers`); vocabulary, its size; length L."""
        texts = {name: as_text(series).drop_nulls() for name, series in columns.items()}
        tokenizer = train_tokenizer(list(texts.values()), settings.vocabulary)
        limit = settings.max_tokens or LONGEST
        lengths = [_lengths(tokenizer, series, limit) for series in texts.values()]
        longest = max((float(np.quantile(found, COVERED)) for found in lengths if len(found)), default=0.0)
        return {
            "columns": list(columns),
            "tokenizer": tokenizer,
            "vocabulary": read_tokenizer(tokenizer).get_vocab_size(),
            "length": int(min(limit, max(SHORTEST, math.ceil(longest)))),
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
            found = encode(facts["tokenizer"], text.drop_nulls() if text.null_count() else text, length)
            filled = np.arange(length) < np.array([len(i) for i in found], np.int64).reshape(-1, 1)
            block = np.zeros(filled.shape, dtype)
            block[filled] = np.concatenate(found) if found else np.zeros(0, dtype)
            ids[filled_rows, place], mask[filled_rows, place] = block, filled
        return Prepared({"ids": ids, "mask": mask}, [])

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        """Cut to the longest text of the batch, rounded up to a multiple of 4."""
        used = np.flatnonzero(arrays["mask"].reshape(-1, arrays["mask"].shape[-1]).any(axis=0))
        longest = int(used[-1]) + 1 if len(used) else 1
        length = -(-longest // SHORTEST) * SHORTEST
        return {name: array[..., :length] for name, array in arrays.items()}


def _lengths(tokenizer: str, text: pl.Series, limit: int) -> np.ndarray[Any, Any]:
    """Sub-words of up to MEASURED cells, none counted beyond `limit`."""
    sample = text.gather_every(max(1, -(-len(text) // MEASURED)))
    return np.array([len(ids) for ids in encode(tokenizer, sample, limit)], np.int64)
