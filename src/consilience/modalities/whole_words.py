"""A vocabulary of whole words, parted by blanks and read as written: for texts that are lists of codes."""

from __future__ import annotations

import polars as pl

SAMPLE = 200_000
"""Cells that the vocabulary is counted in."""


def learn_words(columns: list[pl.Series], most: int, signs: tuple[str, str]) -> str:
    """JSON of a tokenizer of the commonest words of String columns without nulls; same texts, same JSON.

    A word that stands in one place only is unknown: nothing can be learned of it.

    Args:
        most: entries of the vocabulary, the two signs among them. signs: of padding (id 0) and of an unknown word (1).
    Example:
        >>> import json
        >>> words = learn_words([pl.Series(["12=1 8=0", "12=1"])], 64, ("<pad>", "<unk>"))
        >>> json.loads(words)["model"]["vocab"]
        {'<pad>': 0, '<unk>': 1, '12=1': 2}
    """
    from tokenizers import Tokenizer, models, pre_tokenizers

    total = sum(len(column) for column in columns)
    step = max(1, -(-total // SAMPLE))
    cells = pl.concat([column.gather_every(step).rename("word") for column in columns])
    words = cells.str.split(" ").explode().drop_nulls().value_counts()
    words = words.filter((pl.col("count") > 1) & ~pl.col("word").is_in(["", *signs]))
    kept = words.sort("count", "word", descending=[True, False])["word"].head(most - len(signs)).to_list()
    vocabulary = {word: number for number, word in enumerate([*signs, *kept])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=signs[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return str(tokenizer.to_str())
