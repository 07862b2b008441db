"""Delimiter and header of delimited text, read from its first lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from consilience.core.errors import InputError

DELIMITERS = (",", ";", "\t", "|")
SPOKEN = {";": "';'", "\t": "tab", "|": "'|'", ",": "','"}
SAMPLE = 1 << 18
"""Bytes from which the delimiter is told."""


class Dialect(NamedTuple):
    """delimiter: one character. header: the column names as written. start: bytes before the header (empty
    lines, a "sep=;" line of a spreadsheet). lines: the lines among them."""

    delimiter: str
    header: list[str]
    start: int
    lines: int


@contextmanager
def any_cell_size() -> Iterator[None]:
    """Python's csv module refuses cells over 128 KB unless told otherwise; the old limit comes back."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def detect_dialect(head: bytes, whole: bool, preferred: str | None, where: str) -> Dialect:
    """The delimiter under which most records of `head` (UTF-8) have as many fields as the header.

    Args:
        head: the first bytes of the file. whole: True when they are the whole file.
        preferred: the delimiter that the file's name promises, taken when the header holds it.

    Raises:
        InputError: when there is no header.
    """
    whole_text = head.decode("utf-8", "ignore")
    text = whole_text.lstrip("\r\n")
    said = re.match(r"sep=([^\r\n])\r?\n", text)
    if said:
        text = text[said.end() :]
    before = whole_text[: len(whole_text) - len(text)]
    if not text.strip():
        raise InputError("the file is empty", where=where)
    if said:
        candidates: tuple[str, ...] = (said[1],)
    else:
        candidates = (preferred, *DELIMITERS) if preferred else DELIMITERS
    with any_cell_size():
        records = {d: _records(text, d, whole) for d in candidates}
    if preferred and len(records[preferred][0]) > 1:
        best = preferred
    else:
        best = max(candidates, key=lambda d: _fit(records[d], d))
    return Dialect(best, records[best][0], len(before.encode()), len(before.splitlines()))


def _records(text: str, delimiter: str, whole: bool) -> list[list[str]]:
    found = [r for r in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if r]
    return found if whole or len(found) < 2 else found[:-1]  # the last record may be cut


def _fit(records: list[list[str]], delimiter: str) -> tuple[float, ...]:
    """How well a delimiter explains the records: several columns first, then agreement, then more columns."""
    width = len(records[0])
    agree = sum(len(r) == width for r in records) / len(records)
    if width == 1:  # one column of text may hold the delimiter in its sentences: take one it does not hold
        return (0.0, agree, 0.0, 0.0)
    return (1.0, round(agree, 2), float(width), float(delimiter in ";\t|"))


def clean_names(names: list[str], where: str) -> list[str]:
    """Names without blanks and byte order marks; unnamed columns become `column_N`.

    Raises:
        InputError: on duplicate names, naming them.
    """
    cleaned = [re.sub(r"^[\s\ufeff]+|[\s\ufeff]+$", "", name) for name in names]
    seen: dict[str, int] = {}
    for name in cleaned:
        if name:
            seen[name] = seen.get(name, 0) + 1
    twice = [name for name, count in seen.items() if count > 1]
    if twice:
        shown = ", ".join(repr(name) for name in twice[:5]) + (", …" if len(twice) > 5 else "")
        raise InputError(f"duplicate column names: {shown}", where=where, fix="Give every column a name of its own")
    for number, name in enumerate(cleaned, start=1):
        if not name:
            fresh = f"column_{number}"
            while fresh in seen:
                fresh += "_"
            seen[fresh] = 1
            cleaned[number - 1] = fresh
    return cleaned
