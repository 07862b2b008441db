"""Sub-words of a tokenizer that comes with a pretrained network: its own ids, signs of begin and end, own lengths.

The cell is read as written: the tokenizer's own rules fold case and cut words, exactly as when the network was trained.
Only the `tokenizers` library is needed, in training and in service.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from consilience.core.errors import InputError
from consilience.modalities.subwords import LONGEST_WORD

STYLE = "pretrained"
"""`facts["style"]` of a group whose tokenizer was given."""
PADDINGS = ("[PAD]", "<pad>", "<|endoftext|>", "</s>")
UNKNOWNS = ("[MASK]", "<mask>", "[UNK]", "<unk>")
"""Names of the sign for padding and for a hidden word, where the files beside the tokenizer name none."""
COMPANIONS = ("tokenizer_config.json", "special_tokens_map.json")


class Given(NamedTuple):
    """tokenizer: its JSON, without cutting and padding of its own. padding, unknown: ids; unknown stands for a word
    that is hidden, and is the mask of a masked language model where there is one."""

    tokenizer: str
    padding: int
    unknown: int


class Piece(NamedTuple):
    """A sub-word of a cell. word: the number of its word, None of a sign of begin or end. start, end: characters."""

    word: int | None
    start: int
    end: int


def read_given(path: Path) -> Given:
    """Read a `tokenizer.json` and the names of its signs from the files beside it.

    Raises:
        InputError: when the file is missing or no tokenizer.
    """
    from tokenizers import Tokenizer

    if not path.is_file():
        fix = "Save it with AutoTokenizer.from_pretrained(folder).save_pretrained(folder)"
        raise InputError("the model comes without tokenizer.json", where=str(path), fix=fix)
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library's errors have no narrower class
        raise InputError(f"not readable as a tokenizer: {error}", where=str(path)) from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    named = _named(path.parent)
    padding = _first(tokenizer, (named.get("pad_token"), *PADDINGS))
    unknown = _first(tokenizer, (named.get("mask_token"), named.get("unk_token"), *UNKNOWNS))
    padding = 0 if padding is None else padding  # without a sign of its own: what stands under a mask never matters
    return Given(tokenizer.to_str(), padding, padding if unknown is None else unknown)


def encode_given(tokenizer: str, text: pl.Series, length: int) -> list[list[int]]:
    """At most `length` ids of every cell of a String series without nulls, the closing sign kept where it is cut."""
    cells = text.str.slice(0, length * LONGEST_WORD).to_list()
    found = _cutting(tokenizer, length).encode_batch_fast(cells, add_special_tokens=True)
    return [encoding.ids for encoding in found]


def pieces_of(tokenizer: str, text: str, length: int) -> tuple[list[Piece], bool]:
    """The sub-words of one cell, as many as `encode_given` gives ids, and whether the text goes on after them."""
    shown = text[: length * LONGEST_WORD]
    encoding = _cutting(tokenizer, length).encode(shown, add_special_tokens=True)
    pieces = [Piece(w, *place) for w, place in zip(encoding.word_ids, encoding.offsets, strict=True)]
    return pieces, bool(encoding.overflowing) or len(shown) < len(text)


@lru_cache(maxsize=16)
def _cutting(tokenizer: str, length: int) -> Any:
    """The tokenizer, set to cut after `length` sub-words."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_str(tokenizer)
    found.enable_truncation(length)
    return found


def _named(folder: Path) -> dict[str, str]:
    """Kind of sign (pad_token, mask_token, …) → how the tokenizer writes it."""
    found: dict[str, str] = {}
    for name in COMPANIONS:
        if (folder / name).is_file():
            values = json.loads((folder / name).read_text(encoding="utf-8"))
            for kind, value in values.items():
                written = value.get("content") if isinstance(value, dict) else value
                if kind.endswith("_token") and isinstance(written, str):
                    found.setdefault(kind, written)
    return found


def _first(tokenizer: Any, names: tuple[str | None, ...]) -> int | None:
    ids = (tokenizer.token_to_id(name) for name in names if name)
    return next((int(found) for found in ids if found is not None), None)
