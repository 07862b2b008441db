"""Columns that divide rows into groups of people, and the groups themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.modalities.cells import as_number, as_text

Array = np.ndarray[Any, Any]

NAMES = re.compile(
    r"(?:^|_)(?:sex|gender|age|agegroup|race|ethnicity|ethnic|religion|nationality|disability|disabled|language|"
    r"mother_tongue|marital|marital_status|skin_type|skin_tone|skintype|fitzpatrick|sexual_orientation|geschlecht|"
    r"alter|sexe|sexo|edad|idade|eta|genero|ethnie|raza|raca|religione|nationalite|nacionalidad)(?:$|_)"
)
NAMES_HAN = ("性别", "年龄", "民族", "种族", "宗教", "国籍", "残疾", "语言", "婚姻", "性別", "年齢", "年齡")
AGES = re.compile(r"(?:^|_)(?:age|alter|edad|idade|eta)(?:$|_)|年龄|年齢|年齡")
BANDS = (18.0, 40.0, 65.0)
"""Edges of the bands of an age, years."""
MOST_GROUPS = 6
"""Groups of a column shown on their own, the largest; the others are one."""
FEW_VALUES = 8
MOST_COLUMNS = 6


class Groups(NamedTuple):
    """names, largest first; member: int64 [N], the group of each row, −1 where missing."""

    column: str
    names: tuple[str, ...]
    member: Array


def people_columns(names: Iterable[str]) -> list[str]:
    """Columns that by their names divide people, in the order given, at most MOST_COLUMNS."""
    found = []
    for name in names:
        plain = re.sub(r"[^\w]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)).lower()
        if NAMES.search(plain) or any(word in name for word in NAMES_HAN):
            found.append(name)
    return found[:MOST_COLUMNS]


def groups_of(column: pl.Series) -> Groups:
    """Values as groups; numbers in bands: ages at 18, 40 and 65, others in quarters."""
    text, numbers = as_text(column), as_number(column)
    given = len(text) - text.null_count()
    counts = 0 < 0.9 * given <= len(numbers) - numbers.null_count() and numbers.n_unique() > FEW_VALUES
    if counts:
        return _banded(column.name, numbers.to_numpy().astype(np.float64))
    sizes = (
        text.drop_nulls().rename("value").value_counts(name="rows").sort(["rows", "value"], descending=[True, False])
    )
    names = sizes["value"].to_list()
    kept = names if len(names) <= MOST_GROUPS else names[: MOST_GROUPS - 1]
    place = {name: number for number, name in enumerate(kept)}
    member = np.array([-1 if v is None else place.get(v, len(kept)) for v in text.to_list()], np.int64)
    return Groups(column.name, tuple(kept) if len(kept) == len(names) else (*kept, ""), member)


def _banded(name: str, values: Array) -> Groups:
    known = np.isfinite(values)
    within = bool(((values[known] >= 0) & (values[known] <= 130)).all())
    age = AGES.search(name.lower()) is not None and within and float(np.median(values[known])) >= BANDS[0]
    edges = np.array(BANDS) if age else np.unique(np.quantile(values[known], (0.25, 0.5, 0.75), method="higher"))
    band = np.searchsorted(edges, np.where(known, values, 0.0), side="right")
    shown = [f"{edge:.6g}" for edge in edges]
    labels = [f"< {shown[0]}", *(f"{a} – < {b}" for a, b in pairwise(shown)), f"≥ {shown[-1]}"]
    order = [int(b) for b in np.argsort(-np.bincount(band[known], minlength=len(labels)), kind="stable")]
    place = np.empty(len(labels), np.int64)
    place[order] = np.arange(len(labels))
    return Groups(name, tuple(labels[b] for b in order), np.where(known, place[band], -1))
