"""The arithmetic of `data.history`: figures and words of the rows that come before, for rows sorted by id and order."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

ROW, ID, ORDER, WORD, OWN = "row", "id", "order", "word", "own"
"""Columns of the sorted rows; beside them "number <column>" (Float64) and "by <column>" (String)."""
RECENT = 5
"""Rows of a recent mean."""
FIGURES = ("mean", "recent", "last")


def figure_names(into: str, numbers: Sequence[str], by: Sequence[str]) -> list[str]:
    """Names of the figures, in the order of `past_figures`."""
    names = [f"{into} rows", *(f"{into} {figure} {c}" for c in numbers for figure in FIGURES)]
    for column in by:
        names += [f"{into} rows same {column}", f"{into} since same {column}"]
        names += [f"{into} {figure} {c} same {column}" for c in numbers for figure in FIGURES]
    return names


def past_figures(rows: pl.DataFrame, into: str, numbers: Sequence[str], by: Sequence[str]) -> pl.DataFrame:
    """The column `row` and one a figure of `figure_names`, Float64: how many rows come before; mean, mean of the latest
    five and last known value of each number; the same of earlier rows of the same value in each column of `by`, and how
    many rows ago there was one. Null where nothing is known.

    Args:
        rows: sorted by id, order and row; see the module's columns.
    """
    rows = rows.with_columns(pl.int_range(pl.len()).over(ID).alias("place"))
    found = rows.with_columns(
        pl.int_range(pl.len()).over(ID).alias(f"{into} rows"),
        *_numbers(numbers, [ID], into, ""),
    )
    for column in by:
        keys, same = [ID, f"by {column}"], f" same {column}"
        found = found.with_columns(
            pl.int_range(pl.len()).over(keys).alias(f"{into} rows{same}"),
            pl.col("place").shift(1).over(keys).alias(f"{into} since{same}"),
            *_numbers(numbers, keys, into, same),
        )
    found = _before_ties(found, into, numbers, by)
    for column in by:
        found = found.with_columns(pl.col("place").sub(pl.col(f"{into} since same {column}")).alias("ago"))
        found = found.with_columns(pl.col("ago").alias(f"{into} since same {column}"))
        known = pl.col(f"by {column}").is_not_null()
        same_names = figure_names(into, numbers, [column])[len(figure_names(into, numbers, [])) :]
        found = found.with_columns(pl.when(known).then(pl.col(n)).alias(n) for n in same_names)
    return found.select(ROW, *(pl.col(n).cast(pl.Float64) for n in figure_names(into, numbers, by)))


def _numbers(numbers: Sequence[str], keys: list[str], into: str, same: str) -> list[pl.Expr]:
    """Figures of each number over the rows before, those of equal order among them; `_before_ties` mends that."""
    found = []
    for column in numbers:
        value = pl.col(f"number {column}")
        known = value.is_not_null().cast(pl.Int64)
        total, count = value.fill_null(0).cum_sum().shift(1), known.cum_sum().shift(1)
        recent = value.shift(1).rolling_mean(RECENT, min_samples=1)
        steps = (pl.when(count > 0).then(total / count), recent, value.forward_fill().shift(1))
        for figure, step in zip(FIGURES, steps, strict=True):
            found.append(step.over(keys).alias(f"{into} {figure} {column}{same}"))
    return found


def _before_ties(found: pl.DataFrame, into: str, numbers: Sequence[str], by: Sequence[str]) -> pl.DataFrame:
    """Rows of one id and equal order all get what the first of them has: they do not see one another."""
    if found.select(ID, ORDER).is_unique().all():
        return found
    overall = figure_names(into, numbers, [])
    found = found.with_columns(pl.col(n).first().over(ID, ORDER) for n in ["place", *overall])
    for column in by:
        same = figure_names(into, numbers, [column])[len(overall) :]
        found = found.with_columns(pl.col(n).first().over(ID, ORDER, f"by {column}") for n in same)
    return found


def past_words(rows: pl.DataFrame, past: int) -> pl.Series:
    """The row's own word where it has one, then those of at most `past` rows before it, the newest first; null where
    there are none.

    Args:
        rows: sorted by id, order and row, as `past_figures` takes them.
    """
    at = pl.col("at").first()
    places = rows.with_row_index("at").select(at.over(ID).alias("start"), at.over(ID, ORDER).alias("end"))
    words, own = rows[WORD].to_list(), rows[OWN].to_list()
    found: list[str | None] = []
    for start, end, said in zip(places["start"], places["end"], own, strict=True):
        earlier = words[max(start, end - past) : end][::-1]
        found.append(" ".join([said, *earlier] if said is not None else earlier) or None)
    return pl.Series(found, dtype=pl.String)
