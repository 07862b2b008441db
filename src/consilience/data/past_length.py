"""How many steps of the past a window reads, where the recipe leaves it open: fewer where the series are short."""

from __future__ import annotations

from collections.abc import Mapping

from consilience.core.recipe import Recipe
from consilience.data.step_parts import parts_of
from consilience.data.table import Table
from consilience.data.windows import join_tables
from consilience.modalities.cells import as_text

PAST = "past"


def settle_past(tables: Mapping[str, Table], recipe: Recipe) -> Recipe:
    """The recipe with `series.past` such that half of the longest entity's training steps, less the horizon, lie in a
    window at most; as it is where the user set it, or the usual length fits.

    Raises:
        InputError: as `step_parts.parts_of`, and for an unknown entity column.
    """
    series = recipe.series
    if series is None or PAST in series.model_fields_set:
        return recipe
    joined, given = join_tables(tables)
    part, _ = parts_of(joined, given, series, recipe.split)
    steps = int((part == 0).sum())
    if series.id is not None and steps:
        names = as_text(joined.require(series.id, "entity column")).filter(part == 0)
        steps = int(names.value_counts()["count"].max())  # type: ignore[arg-type]
    past = max(1, min(series.past, (steps - series.horizon) // 2))
    if past == series.past:
        return recipe
    return recipe.model_copy(update={"series": series.model_copy(update={PAST: past})})
