"""What a modality is: how to recognise a column, learn facts from it, and turn cells into arrays.

A modality is stateless and NumPy only. It stops at a canonical form (ids, uint8 image, waveform). Rows never see
each other in `arrays`, so the cache may run it on slices, in parallel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

Columns = Mapping[str, pl.Series]
Arrays = dict[str, np.ndarray[Any, Any]]
Facts = dict[str, Any]

EXAMPLES_KEPT = 20


class Guess(NamedTuple):
    """How well a column fits a modality: score in 0..1 and the reason in plain words."""

    score: float
    reason: str


@dataclass
class Problem:
    """A repair that preparation made: `count` cells of `column`; the first rows and messages as examples.

    code: snake_case, one of unreadable_media, unseen_category, unseen_letter, no_sequence, not_a_number, bound,
    not_a_date, not_a_series, unread_points, too_many_channels, absent_column.
    rows: row numbers in the table as given, 0-based, at most 20.
    """

    code: str
    column: str
    message: str
    count: int = 0
    rows: list[int] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)


class Prepared(NamedTuple):
    """Arrays of a slice of rows, and what had to be repaired (row numbers counted from the slice's start)."""

    arrays: Arrays
    problems: list[Problem]


class Modality(Protocol):
    """The contract; `tests/contracts/` runs it over the registry."""

    media: ClassVar[bool]
    """True when cells are files or bytes. Such columns arrive as pl.Binary, or as pl.String of absolute paths."""

    # form: ClassVar[Form], optional: what the layers above should know of the cells; see `modalities.form`.

    @staticmethod
    def score(column: pl.Series) -> Guess:
        """How well a sample of non-null cells fits. Never opens files: extensions and magic bytes are enough."""
        ...

    @staticmethod
    def learn(columns: Columns, settings: Prepare) -> Facts:
        """JSON facts from training rows; always with `"columns": [names]` in a fixed order."""
        ...

    @staticmethod
    def arrays(columns: Columns, facts: Facts) -> Prepared:
        """Canonical arrays, first axis = rows, fixed shapes and dtypes for given facts; always one named "mask".

        mask: bool [N, C] (C columns) or [N, C, L] for sequences; False where a cell (or position) is missing.
        Values under a False mask are 0. A cell that cannot be read is missing and counted in a Problem.
        """
        ...

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        """Cut padding that no row of a batch needs (sequences); other modalities return `arrays` unchanged."""
        ...


def merge_problems(parts: Sequence[tuple[int, list[Problem]]]) -> list[Problem]:
    """Problems of several slices as one list; each part is (row number of the slice's first row, problems)."""
    merged: dict[tuple[str, str], Problem] = {}
    for offset, problems in parts:
        for problem in problems:
            known = merged.setdefault(
                (problem.code, problem.column), Problem(problem.code, problem.column, problem.message)
            )
            known.count += problem.count
            room = EXAMPLES_KEPT - len(known.rows)
            known.rows += [offset + row for row in problem.rows[:room]]
            known.examples += problem.examples[:room]
    return list(merged.values())
