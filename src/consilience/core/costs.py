"""The cost of each mistake, as a user gives it in `report.costs`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from consilience.core.errors import InputError

FIELD = "report.costs"


def check_costs(costs: Sequence[Sequence[float]], classes: Sequence[str]) -> None:
    """A row an actual class, a column a predicted one, in the order of the classes.

    Raises:
        InputError: when there is not one row and one column a class, a cost is not a finite number, or being right
        costs more than being wrong.
    """
    names = ", ".join(str(c) for c in classes[:20]) + (", …" if len(classes) > 20 else "")
    shape = f"{len(classes)} rows of {len(classes)} numbers, in the order {names}"
    if len(costs) != len(classes):
        raise InputError(f"{len(costs)} rows of costs for {len(classes)} classes", where=FIELD, fix=f"give {shape}")
    for number, (name, row) in enumerate(zip(classes, costs, strict=True)):
        if len(row) != len(classes):
            what = f"row {number + 1} (actual {name!r}) has {len(row)} costs for {len(classes)} classes"
            raise InputError(what, where=FIELD, fix=f"give {shape}")
        if not all(math.isfinite(cost) for cost in row):
            raise InputError(f"row {number + 1} (actual {name!r}) holds a cost that is no finite number", where=FIELD)
        if row[number] > min(row):
            what = f"row {number + 1}: predicting {name!r} rightly costs {row[number]:g}, a mistake only {min(row):g}"
            raise InputError(what, where=FIELD, fix="the diagonal holds the lowest cost of its row, 0 as a rule")
