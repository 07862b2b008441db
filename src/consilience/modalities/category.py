"""Categories: indices into the training rows' vocabulary; sets of values (`a|b|c`) become several indices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, final

import numpy as np
import polars as pl

from consilience.modalities.base import Arrays, Columns, Facts, Guess, Prepared, Problem
from consilience.modalities.cells import as_text, present
from consilience.modalities.form import Form
from consilience.modalities.problems import count_problem
from consilience.modalities.wording import Wording, wording

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

FEW = 8
"""Cells up to which the vocabulary is searched from its start: making a table of it would take longer."""
MOST_VALUES = 10_000
"""Largest vocabulary of a column."""
SMALL_VOCABULARY = 100
"""Up to this many distinct values one occurrence is enough; beyond it a value must occur twice."""
MOST_IN_SET = 16
"""Most values of a set that are kept (V)."""
SAMPLE = 20_000
"""Cells that decide on a separator."""


class Limits(NamedTuple):
    """cells: least share of cells with the separator. kinds: most
    distinct items, as a share of the distinct cells. words, characters: longest item."""

    cells: float
    kinds: float
    words: int
    characters: int


SEPARATORS = {"|": Limits(0.1, 1.0, 6, 60), ";": Limits(0.1, 1.0, 6, 60), ",": Limits(0.2, 0.7, 3, 25)}
PRINTED_LIST = r"""^\s*\[\s*(["'].*["'])?\s*\]\s*$"""
"""Cells that hold a list of texts as JSON or Python prints it."""
LIST_SEPARATOR = "\x1f"
"""Joins the items of list cells; no text holds it."""


@final
class Category:
    """index int32 [N, C, V] (0 = unseen value), mask bool [N, C, V]; V = 1 unless a column holds sets."""

    media: ClassVar[bool] = False
    form: ClassVar[Form] = Form(
        field="choice", plain=True, example=lambda facts, place: next(iter(facts["vocabulary"][place]), None)
    )

    @staticmethod
    def score(column: pl.Series) -> Guess:
        """High where few short values repeat, for truth values, and for sets of values that recur."""
        if column.dtype == pl.Boolean:
            return Guess(0.95, "true or false")
        if column.dtype.is_temporal() or column.dtype == pl.Binary:
            return Guess(0.0, "no values that recur")
        found = wording(_texts(column))
        if not found.cells:
            return Guess(0.0, "every cell is empty")
        if isinstance(column.dtype, pl.List):
            return Guess(0.8, "lists of values")
        if column.dtype in (pl.Categorical,) or isinstance(column.dtype, pl.Enum):
            return Guess(0.95, "typed as categories")
        if column.dtype.is_numeric():
            return _score_numbers(column, found)
        separator = find_separator(_texts(column).drop_nulls())
        if separator is not None:
            return Guess(0.8, f"sets of recurring values separated by {separator!r}")
        return _score_texts(found)

    @staticmethod
    def learn(columns: Columns, settings: Prepare) -> Facts:
        """facts: columns; separator [C] (None = single values); vocabulary [C] lists, most frequent first;
        values V, the largest number of values a cell."""
        separators: list[str | None] = []
        vocabularies, most = [], 1
        for series in columns.values():
            text = _texts(series)
            is_list = isinstance(series.dtype, (pl.List, pl.Array))
            separator = LIST_SEPARATOR if is_list else find_separator(text.drop_nulls())
            separators.append(separator)
            vocabularies.append(_vocabulary(text, separator))
            if separator is not None:
                sizes = text.drop_nulls().str.count_matches(separator, literal=True) + 1
                most = max(most, min(MOST_IN_SET, int(sizes.quantile(0.99) or 1)))
        return {
            "columns": list(columns),
            "separator": separators,
            "vocabulary": vocabularies,
            "values": most,
        }

    @staticmethod
    def arrays(columns: Columns, facts: Facts) -> Prepared:
        rows = len(next(iter(columns.values())))
        index = np.zeros((rows, len(facts["columns"]), facts["values"]), np.int32)
        mask = np.zeros(index.shape, bool)
        problems: list[Problem] = []
        for place, name in enumerate(facts["columns"]):
            text = _texts(columns[name], facts["separator"][place])
            vocabulary = facts["vocabulary"][place]
            if facts["separator"][place] is None:
                unseen = _fill_single(text, vocabulary, index[:, place, 0], mask[:, place, 0])
            else:
                unseen = _fill_sets(text, facts["separator"][place], vocabulary, index[:, place], mask[:, place])
            message = "value is not in the vocabulary (new, or too rare in the training rows) and counts as unseen"
            problems += count_problem("unseen_category", name, message, unseen, text)
        return Prepared({"index": index, "mask": mask}, problems)

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        return arrays


def _texts(series: pl.Series, separator: str | None = LIST_SEPARATOR) -> pl.Series:
    """Cells as text; the items of list cells joined by `separator`."""
    if isinstance(series.dtype, pl.Array):
        series = series.arr.to_list()
    if not isinstance(series.dtype, pl.List):
        return as_text(series)
    items = as_text(series.explode(empty_as_null=True, keep_nulls=True))
    sizes = series.list.len().fill_null(1).clip(1).to_numpy()
    owner = pl.Series("owner", np.repeat(np.arange(len(series)), sizes))
    frame = pl.DataFrame([owner, items.rename("item")]).drop_nulls("item")
    joined = frame.group_by("owner", maintain_order=True).agg(pl.col("item").str.join(separator or "|"))
    everyone = pl.DataFrame({"owner": np.arange(len(series))}, schema={"owner": owner.dtype})
    return everyone.join(joined, on="owner", how="left", maintain_order="left")["item"].rename(series.name)


def split_items(text: pl.Series, separator: str) -> pl.DataFrame:
    """row, item: the distinct items of every non-null cell in their order, without blanks."""
    printed = text.str.contains(PRINTED_LIST)
    if printed.any():  # ["a", "b"] as JSON or Python writes it: brackets and quotes are no part of the values
        bare = text.str.strip_chars(" []").str.replace_all(r"""["']""", "")
        text = pl.select(pl.when(printed).then(bare).otherwise(text)).to_series()
    frame = pl.DataFrame({"row": np.arange(len(text)), "item": text.str.split(separator)}).drop_nulls("item")
    items = frame.explode("item").with_columns(pl.col("item").str.strip_chars())
    return items.filter(pl.col("item").str.len_bytes() > 0).unique(maintain_order=True)


def find_separator(text: pl.Series) -> str | None:
    """The separator that makes the non-null cells sets of recurring short values, or None.

    Cells count as sets only where splitting explains more than it costs: items are short, recur across cells
    and are fewer than the combinations they form. A comma must show more: it also parts names and sentences.
    """
    sample = text if len(text) <= SAMPLE else text.gather_every(-(-len(text) // SAMPLE))
    return next((s for s, limits in SEPARATORS.items() if len(sample) and _are_sets(sample, s, limits)), None)


def _are_sets(text: pl.Series, separator: str, limits: Limits) -> bool:
    if _share(text.str.contains(separator, literal=True)) < limits.cells:
        return False
    items = split_items(text, separator)["item"]
    kinds = items.n_unique()
    if not kinds or len(items) < 3 * kinds or kinds > limits.kinds * text.n_unique():
        return False
    short = (items.str.count_matches(r"\S+") <= limits.words) & (items.str.len_chars() <= limits.characters)
    sizes = text.str.count_matches(separator, literal=True) + 1
    numbers = separator == "," and _share(items.str.contains(r"^[\d\s.]*$")) > 0.5
    return _share(short) > 0.99 and _share(sizes <= 2 * MOST_IN_SET) > 0.95 and not numbers


def _share(values: pl.Series) -> float:
    return float(values.cast(pl.Float64).mean() or 0.0)  # type: ignore[arg-type]


def _vocabulary(text: pl.Series, separator: str | None) -> list[str]:
    """Values by falling frequency, ties in alphabetical order."""
    values = text.drop_nulls() if separator is None else split_items(text, separator)["item"]
    counts = pl.DataFrame({"value": values}).group_by("value").len()
    if len(counts) > SMALL_VOCABULARY:
        counts = counts.filter(pl.col("len") >= 2)
    kept = counts.sort(["len", "value"], descending=[True, False]).head(MOST_VALUES)
    return [str(value) for value in kept["value"]]


def _lookup(values: pl.Series, vocabulary: list[str]) -> np.ndarray[Any, Any]:
    """int32 [n]: 1 + place in the vocabulary, 0 where unseen or null."""
    if not vocabulary:
        return np.zeros(len(values), np.int32)
    if len(values) <= FEW:
        return np.array([_place(value, vocabulary) for value in values.to_list()], np.int32)
    places = pl.Series(range(1, len(vocabulary) + 1), dtype=pl.Int32)
    found = values.replace_strict(pl.Series(vocabulary), places, default=0, return_dtype=pl.Int32)
    return found.fill_null(0).to_numpy()


def _place(value: str | None, vocabulary: list[str]) -> int:
    return vocabulary.index(value) + 1 if value is not None and value in vocabulary else 0


def _fill_single(text: pl.Series, vocabulary: list[str], index: Any, mask: Any) -> np.ndarray[Any, Any]:
    """Fill index and mask [N] in place; returns bool [N], True where a value is unseen."""
    index[:] = _lookup(text, vocabulary)
    mask[:] = present(text)
    unseen: np.ndarray[Any, Any] = mask & (index == 0)
    return unseen


def _fill_sets(text: pl.Series, separator: str, vocabulary: list[str], index: Any, mask: Any) -> np.ndarray[Any, Any]:
    """Fill index and mask [N, V] in place; known values first, so that a full set loses only unseen ones."""
    items = split_items(text, separator)
    found = _lookup(items["item"], vocabulary)
    row = items["row"].to_numpy()
    unseen = np.zeros(len(text), bool)
    unseen[row[found == 0]] = True
    order = np.lexsort((np.arange(len(row)), found == 0, row))
    row, found = row[order], found[order]
    starts = np.searchsorted(row, row)
    place = np.arange(len(row)) - starts
    kept = place < index.shape[1]
    index[row[kept], place[kept]] = found[kept]
    mask[row[kept], place[kept]] = True
    return unseen


def _score_numbers(column: pl.Series, found: Wording) -> Guess:
    whole = not column.dtype.is_float() or bool((column == column.round()).all())
    if whole and found.distinct <= 10 and found.cells >= 2.5 * found.distinct:
        return Guess(0.7, f"whole numbers with only {found.distinct} distinct values")
    return Guess(0.2 if whole and found.fresh < 0.1 else 0.05, "numbers")


def _score_texts(found: Wording) -> Guess:
    reason = f"{found.distinct} distinct values in {found.cells} cells"
    few = found.distinct <= 20 and found.cells >= 5 * found.distinct
    if few:
        return Guess(0.85, reason)
    if found.fresh > 0.95 and found.cells >= 30:
        return Guess(0.1, reason)
    return Guess((0.85 - 0.6 * found.fresh) * math.exp(-max(0.0, found.words - 4) / 20), reason)
