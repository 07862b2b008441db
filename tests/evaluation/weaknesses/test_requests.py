from __future__ import annotations

import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.core.recipe import Report
from consilience.evaluation.weaknesses.requests import check_report

FRAME = pl.DataFrame({"age": [1, 2], "sex": ["F", "M"], "scan": pl.Series([b"x", None], dtype=pl.Binary)})


def test_what_can_be_asked() -> None:
    check_report(Report(slices=("age>1 & sex==F", "scan is missing"), fairness=("sex",)), FRAME, ())


@pytest.mark.parametrize("asked", [{"slices": ("agee>1",)}, {"slices": ("sex>F",)}, {"fairness": ("sexx",)}])
def test_what_cannot(asked: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(InputError):
        check_report(Report.model_validate(asked), FRAME, ("a", "b"))
