from __future__ import annotations

import pytest

from consilience.core.costs import check_costs
from consilience.core.errors import InputError


def test_a_square_of_finite_costs_is_taken() -> None:
    check_costs(((0, 1), (5, 0)), ["no", "yes"])
    check_costs(((-1, 1, 2), (5, 0, 1), (3, 3, 3)), ["a", "b", "c"])


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        (((0, 1),), "1 rows of costs for 2 classes"),
        (((0, 1), (1,)), "row 2 .actual 'yes'. has 1 costs"),
        (((0, float("nan")), (1, 0)), "row 1 .actual 'no'. holds a cost"),
        (((0, 1), (1, 2)), "row 2: predicting 'yes' rightly costs 2, a mistake only 1"),
    ],
)
def test_an_error_names_the_field_and_the_row(costs, said: str) -> None:
    with pytest.raises(InputError, match=rf"report\.costs: {said}"):
        check_costs(costs, ["no", "yes"])
