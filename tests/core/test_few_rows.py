"""Training steps that a small table of pictures, sounds or videos gets."""

from __future__ import annotations

import pytest

from consilience.core.policy import Shape, resolve
from consilience.core.recipe import make_recipe


def epochs(rows: int, effort: int, **columns: str) -> int:
    recipe = make_recipe({"target": "y", "effort": effort})
    return int(resolve(recipe, Shape(rows, columns, "multiclass")).train.epochs or 0)


@pytest.mark.parametrize("modality", ["image", "audio", "video"])
def test_few_rows_of_media_get_enough_steps(modality: str) -> None:
    assert epochs(60, 1, x=modality) == 150  # four steps an epoch
    assert epochs(300, 1, x=modality) == 32
    assert epochs(20, 1, x=modality) == 200
    assert epochs(600, 1, x=modality) == 12


def test_other_tables_keep_theirs() -> None:
    assert epochs(60, 1, x="number") == 50
    assert epochs(60, 3, x="image") == 100
    assert epochs(300, 1, x="image", words="text") < 32
