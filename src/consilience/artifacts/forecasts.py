"""Forecasts of a table of steps: what follows the last step of each entity, with the time of every step ahead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from consilience.artifacts.bundle import CHUNK, Bundle
from consilience.core.errors import InputError
from consilience.data.forecast_layout import layout_of
from consilience.data.table import Table
from consilience.data.windows import PAST, every_window, tail_windows
from consilience.modalities.base import Problem

Array = np.ndarray[Any, Any]


def is_steps(bundle: Bundle, table: Table) -> bool:
    """Whether windows must be cut from the table first: the model forecasts, and its rows are steps, not windows."""
    return bundle.recipe.series is not None and PAST not in table.frame.columns


def windows_to_judge(bundle: Bundle, table: Table) -> tuple[Table, list[Problem]]:
    """The windows of every origin of a table of steps; a table that holds no steps stays as it is.

    Raises:
        InputError: where the table has too few steps, or none of the series' columns.
    """
    if not is_steps(bundle, table):
        return table, []
    return every_window(table, bundle.recipe, bundle.facts["windows"])


def forecast_steps(
    bundle: Bundle, tables: Iterable[Table], hidden: Iterable[str] = ()
) -> tuple[pl.DataFrame, list[Problem]]:
    """The steps after the last one of each entity, one row an entity, step and target.

    Args:
        tables: parts of one table of steps, in their order.
    Returns:
        columns: the entity's (where the recipe names one), time, step (1 …), target (where there are several),
        prediction, and quantile:<level>; and the repairs that were made.
    Raises:
        InputError: where no step has a value.
    """
    parts = list(tables)
    whole = replace(parts[0], frame=pl.concat([part.frame for part in parts], how="diagonal_relaxed"))
    windows, ahead, problems = tail_windows(whole, bundle.recipe, bundle.facts["windows"])
    said = []
    more: list[Problem] = []
    for opinion, more in bundle.opinions(windows, hidden, CHUNK):  # noqa: B007 (the last one counts all)
        said.append(opinion.final)
    lost = [p for p in more if p.code != "absent_column" or p.column in bundle.facts["windows"]["others"]]
    return _long(bundle, ahead, np.concatenate(said)), [*problems, *lost]


def _long(bundle: Bundle, ahead: pl.DataFrame, predictions: Array) -> pl.DataFrame:
    """Predictions [N, H × K' × (1 + Q)] beside the N × H steps that they are of."""
    layout, targets = layout_of(bundle.task.kind), bundle.facts["task"]["targets"]
    said = layout.said(predictions).reshape(-1, 1 + len(layout.levels))
    frame = ahead
    if len(targets) > 1:
        rows = np.repeat(np.arange(ahead.height), len(targets))
        frame = ahead[rows.tolist()].with_columns(pl.Series("target", targets * ahead.height))
    names = ["prediction", *(f"quantile:{level:g}" for level in layout.levels)]
    return frame.with_columns(pl.Series(name, said[:, i].astype(np.float32)) for i, name in enumerate(names))


def check_steps(level: float | None, abstain: float | None) -> None:
    """
    Raises:
        InputError: for what a forecast does not answer.
    """
    if level is not None or abstain is not None:
        raise InputError(
            "forecasts come with quantiles: there is no set, interval or referral to choose",
            where="--level" if level is not None else "--abstain",
            fix="Train with other quantiles: --set task.quantiles=[0.05,0.95] --set task.type=forecast",
        )
