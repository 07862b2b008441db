"""Media cells: a path or bytes. Everything that opens a file of a cell goes through here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from consilience.core.errors import InputError
from consilience.modalities.base import EXAMPLES_KEPT, Guess, Problem
from consilience.modalities.cells import as_text

Cell = str | bytes
LARGEST_FILE = 1 << 30
"""Bytes; a larger file is refused unread."""
SAMPLE = 2_000
"""Training cells whose headers are read for statistics."""


class UnreadableError(Exception):
    """A media cell cannot be decoded; the message says why in a few words."""


def located(series: pl.Series) -> Iterator[tuple[int, Cell]]:
    """(row, cell) of the non-missing cells of a String (paths) or Binary column; empty cells are missing."""
    cells = series if series.dtype == pl.Binary else as_text(series)
    return ((row, cell) for row, cell in enumerate(cells.to_list()) if cell)


def read_bytes(cell: Cell, most: int = -1) -> bytes:
    """A cell's file, or its first `most` bytes; of a cell of bytes always the whole.

    Raises:
        UnreadableError: when there is no such file, it is empty, too large or may not be read.
    """
    if isinstance(cell, bytes):
        return cell
    try:
        with open(cell, "rb") as file:
            size = file.seek(0, 2)
            if size > LARGEST_FILE:
                raise UnreadableError(f"file of {size / 2**30:.1f} GiB, the limit is 1 GiB")
            file.seek(0)
            data = file.read(most)
    except OSError as error:
        raise UnreadableError(no_file(error)) from None
    except ValueError:  # a null character in the path
        raise UnreadableError("not a path") from None
    if not data:
        raise UnreadableError("file is empty")
    return data


def none_readable(column: str, kind: str, failures: list[str]) -> InputError:
    """What `learn` raises when cells were given and not one can be read."""
    return InputError(
        f"none of the {len(failures)} {kind} cells looked at can be read (first: {failures[0]})",
        where=f"column {column!r}",
        fix=f"Paths count from the table's folder. Mend the files or leave the column out: --ignore {column}",
    )


def no_file(error: OSError) -> str:
    return "file not found" if isinstance(error, FileNotFoundError) else (error.strerror or str(error)).lower()


def beginning(data: bytes) -> str:
    """How a file starts, for messages about files that are not what their name says."""
    return f"starts with {data[:12]!r}"


def unreadable(column: str, failures: list[tuple[int, Cell, str]]) -> list[Problem]:
    """One Problem for (row, cell, reason) failures; examples read "path: reason"."""
    if not failures:
        return []
    shown = failures[:EXAMPLES_KEPT]
    examples = [f"{cell if isinstance(cell, str) else 'bytes'}: {reason}" for _, cell, reason in shown]
    message = "media cell cannot be read and counts as missing"
    return [Problem("unreadable_media", column, message, len(failures), [row for row, _, _ in shown], examples)]


def sampled(series: pl.Series, most: int = SAMPLE) -> list[Cell]:
    """At most `most` non-missing cells, evenly spaced over the rows: the same for the same column."""
    present = np.flatnonzero(series.is_not_null().to_numpy())
    if len(present) > most:
        present = present[np.linspace(0, len(present) - 1, most).astype(np.int64)]
    return [cell for _, cell in located(series.gather(present))]


def guess_media(column: pl.Series, kind: str, extensions: frozenset[str], starts: Callable[[bytes], Any]) -> Guess:
    """Guess from extensions (paths) or first bytes (binary cells); no file is opened."""
    if column.dtype == pl.Binary:
        heads = [cell[:64] for cell in column.to_list() if cell]
        share = sum(bool(starts(head)) for head in heads) / len(heads) if heads else 0.0
        return Guess(0.99 * share**2, f"{share:.0%} of the cells start like {kind} files")
    if column.dtype not in (pl.String, pl.Categorical):
        return Guess(0.0, "neither paths nor bytes")
    cells = [cell.strip() for cell in column.cast(pl.String).to_list() if cell and cell.strip()]
    paths = [c for c in cells if len(c) < 4096 and "\n" not in c and "://" not in c]
    share = sum(Path(p).suffix.lower() in extensions for p in paths) / len(cells) if cells else 0.0
    return Guess(0.98 * share**2, f"{share:.0%} of the cells end like {kind} files")
