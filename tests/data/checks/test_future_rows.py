from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from consilience.data.findings import NotApplicable
from consilience.data.split import Splits

NONE = np.zeros(0, np.int64)


def visits(rows: int = 600, drift: float = 0.8, seed: int = 0) -> dict[str, Any]:
    """The share of the ill falls from one half ± drift / 2 over the years."""
    random = np.random.default_rng(seed)
    day = random.integers(0, 1500, rows)
    ill = random.random(rows) < 0.5 + drift * (day / 1500 - 0.5)
    when = np.datetime64("2018-01-01") + day
    return {"visit": [str(d) for d in when], "pulse": random.normal(70, 9, rows), "y": np.where(ill, "ill", "well")}


def cut(test: Any, rows: int = 600, method: str = "random") -> Splits:
    return Splits(np.setdiff1d(np.arange(rows), test), NONE, np.sort(test), method, "")


def chosen(rows: int = 600) -> Any:
    return np.random.default_rng(9).permutation(rows)[:120]


def test_a_random_split_of_data_that_drift(look: Any) -> None:
    (found,) = look("future_rows", visits(), "y", splits=cut(chosen()))
    assert found.severity == "warning"
    assert found.columns == ("visit",)
    assert 0.4 < found.details["share"] < 0.6
    assert "split.time=visit" in found.message


def test_the_latest_rows_as_test_are_no_leak(look: Any) -> None:
    table = visits()
    assert look("future_rows", table, "y", splits=cut(np.argsort(table["visit"])[-120:])) == []
    with pytest.raises(NotApplicable, match="by time"):
        look("future_rows", table, "y", splits=cut(chosen(), method="time"))


def test_without_drift_only_when_the_user_names_the_column(look: Any) -> None:
    table = visits(drift=0.0)
    assert look("future_rows", table, "y", splits=cut(chosen())) == []
    (found,) = look("future_rows", table, "y", splits=cut(chosen()), time="visit")
    assert found.severity == "warning"


def test_a_given_test_table_and_a_number_that_drifts(look: Any) -> None:
    random = np.random.default_rng(3)
    day = random.integers(0, 1000, 400)
    table = {"visit": [str(d) for d in np.datetime64("2018-01-01") + day], "y": day / 200 + random.normal(size=400)}
    (found,) = look("future_rows", table, "y", test={key: values[:80] for key, values in table.items()})
    assert found.details["drift"] > 0.5
    assert "rows of the train table" in found.message


def test_dates_of_birth_and_tables_without_dates(look: Any) -> None:
    table = visits()
    born = {"date_of_birth": table["visit"], "pulse": table["pulse"], "y": table["y"]}
    with pytest.raises(NotApplicable):
        look("future_rows", born, "y", splits=cut(chosen()))
    with pytest.raises(NotApplicable, match="no test rows"):
        look("future_rows", table, "y")
