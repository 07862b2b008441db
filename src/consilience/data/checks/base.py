"""The contract of a check, and the view of the data that it looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import polars as pl

from consilience.core.events import Listener, nobody
from consilience.data.findings import Finding, NotApplicable, Severity
from consilience.data.schema import IGNORE, Schema
from consilience.data.split import Splits
from consilience.data.table import Table
from consilience.data.window_view import WindowsSeen
from consilience.modalities.cells import as_text
from consilience.modalities.form import LINE, Form, form_of

__all__ = ["Check", "Finding", "NotApplicable", "Pool", "Severity", "View", "read_as"]

Indices = np.ndarray[Any, np.dtype[np.int64]]


def read_as(modality: str | None) -> Form:
    """The form of a column's cells; those of a column that is left out are lines."""
    return form_of(modality) if modality and modality != IGNORE else LINE


class Pool(NamedTuple):
    """Rows of one column (or of several) from all sides, so that twins across sides can be looked for."""

    frame: pl.DataFrame
    side: Indices
    """[N] index into `names`."""
    row: Indices
    """[N] row number within the row's own table."""
    names: tuple[str, ...]
    """What messages call the sides; side 0 holds the training rows."""

    def take(self, index: Indices) -> Pool:
        return Pool(self.frame[index], self.side[index], self.row[index], self.names)

    def pair(self, one: int, other: int) -> str:
        """Two positions in words: "rows 3 and 90", or with the tables' names where there are several."""
        if len(self.names) == 1:
            return f"rows {self.row[one]} and {self.row[other]}"
        return (
            f"row {self.row[one]} of {self.names[self.side[one]]} and "
            f"row {self.row[other]} of {self.names[self.side[other]]}"
        )

    def sample(self, most: int, seed: int) -> Pool:
        """At most `most` rows, spread evenly over the sides' shares, in the order given."""
        if len(self.side) <= most:
            return self
        return self.take(np.sort(np.random.default_rng(seed).choice(len(self.side), most, replace=False)))


@dataclass(frozen=True)
class View:
    """All that a check may look at. Media cells of every table are absolute paths or bytes."""

    table: Table
    schema: Schema
    target: str | None = None
    kind: str | None = None
    """"binary", "multiclass", "multilabel", "regression", or None without a target."""
    splits: Splits | None = None
    """How the table's rows are divided, where that is known already."""
    others: Mapping[str, Table] = field(default_factory=dict)
    """"valid" and "test" tables, where given."""
    time: str | None = None
    """The column that the user says rows are ordered by."""
    windows: WindowsSeen | None = None
    """What the windows of a table of steps would be, where the recipe cuts them."""
    seed: int = 0
    listener: Listener = nobody
    """Hears the progress of slow checks."""

    def inputs(self, *modalities: str) -> list[str]:
        """Input columns in table order; with names of modalities only those."""
        found = self.schema.modalities
        return [c for c in self.table.frame.columns if c in found and (not modalities or found[c] in modalities)]

    def recurring(self) -> bool:
        """Whether equal rows may be chance: no input is of a modality whose cells hardly ever repeat."""
        return all(form_of(self.schema.modalities[c]).recurs for c in self.inputs())

    def labels(self) -> pl.Series:
        """The target as text, null where it is missing.

        Raises:
            NotApplicable: without a target, or when no row has one.
        """
        if self.target is None:
            raise NotApplicable("no target was given")
        labels = as_text(self.table.frame[self.target])
        if labels.null_count() == len(labels):
            raise NotApplicable("no row has a target")
        return labels

    def classes(self) -> pl.Series:
        """`labels()` of a task with classes.

        Raises:
            NotApplicable: when the target is not a class too.
        """
        labels = self.labels()
        if self.kind not in ("binary", "multiclass"):
            raise NotApplicable(f"the target is not a class ({self.kind or 'unknown task'})")
        return labels

    def pool(self, columns: Sequence[str]) -> Pool:
        """The named columns' rows of every table as text; bytes and lists stand as a hash of their content."""
        tables = [self.table, *self.others.values()]
        frame = pl.concat([_cells(t.frame, columns) for t in tables])
        row = np.concatenate([np.arange(t.rows, dtype=np.int64) for t in tables])
        side = np.repeat(np.arange(len(tables), dtype=np.int64), [t.rows for t in tables])
        sides = _called(dict(zip(("train", *self.others), tables, strict=True)))
        if self.splits is not None:
            for index, part in ((len(sides), "valid"), (len(sides) + 1, "test")):
                side[getattr(self.splits, part)] = index
            sides += ["the validation rows", "the test rows"]
        return Pool(frame, side, row, tuple(sides))

    def media(self, column: str) -> list[str | bytes | None]:
        """Cells of a media column in the order of `pool`: paths, bytes, or None where empty."""
        found: list[str | bytes | None] = []
        for table in (self.table, *self.others.values()):
            if column in table.frame.columns:
                found += table.frame[column].to_list()
            else:
                found += [None] * table.rows
        return found


class Check(Protocol):
    """One code, one file, one test, one anchor in `docs/checks.md`. Built without arguments."""

    code: ClassVar[str]
    title: ClassVar[str]
    severity: ClassVar[Severity]
    """The usual severity; a finding may carry another."""
    slow: ClassVar[bool]
    """True when it decodes media or fits models; `--fast` leaves it out."""

    def look(self, view: View) -> list[Finding]:
        """Findings; an empty list says that nothing was found.

        Raises:
            NotApplicable: when it could not look.
        """
        ...


def _called(tables: Mapping[str, Table]) -> list[str]:
    """What messages call the tables: their files where these tell them apart, else their roles."""
    names = [table.name for table in tables.values()]
    if len(set(names)) == len(names) and all(table.folder is not None for table in tables.values()):
        return names
    return [f"the {role} table" for role in tables]


def _cells(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The columns as text whatever type the file gave them; an absent column is null."""
    found = []
    for name in columns:
        if name not in frame.columns:
            found.append(pl.Series(name, [None] * frame.height, dtype=pl.String))
        elif frame[name].dtype == pl.Binary or frame[name].dtype.is_nested():  # as text, long lists would take minutes
            found.append(frame[name].hash(1).cast(pl.String).set(frame[name].is_null(), None))
        else:
            found.append(as_text(frame[name]))
    return pl.DataFrame(found)
