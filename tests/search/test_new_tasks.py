"""Search on what is no class or value: boxes keep an encoder that makes maps, forecasts have rivals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl
import pytest

import consilience
from consilience.core.errors import InputError
from consilience.core.recipe import make_recipe
from consilience.data.table import read_table
from consilience.search.default_space import default_space
from consilience.training.plan import Given, make_plan
from consilience.training.variant import Memory, vary_plan


def boxes(folder: Path, rows: int = 16) -> Path:
    random = np.random.default_rng(0)
    found = []
    for i in range(rows):
        image = random.integers(0, 40, (32, 32, 3)).astype(np.uint8)
        cv2.rectangle(image, (i % 8, 4), (i % 8 + 12, 16), (80, 80, 255), -1)
        cv2.imwrite(str(folder / f"{i}.png"), image)
        found.append({"picture": f"{i}.png", "things": f'[{{"label": "tile", "box": [{i % 8}, 4, {i % 8 + 12}, 16]}}]'})
    pl.DataFrame(found).write_csv(folder / "t.csv")
    return folder / "t.csv"


def test_boxes_keep_their_encoder(tmp_path: Path) -> None:
    path = boxes(tmp_path)
    values = {"target": "things", "effort": 3, "prepare": {"image_size": 32}}
    plan = make_plan(make_recipe(values, (), "test"), Given(read_table(path), None, None))
    space = default_space(make_recipe(values, (), "test"), plan)
    assert "encoders.image" not in space
    assert "train.learning_rate" in space
    other = make_recipe({**values, "encoders": {"image": {"type": "conv_image"}}}, (), "test")
    with pytest.raises(InputError, match="pyramid"):
        vary_plan(plan, other, Memory())
    smaller = vary_plan(plan, make_recipe({**values, "prepare": {"image_size": 16}}, (), "test"), Memory())
    assert smaller.task.positions < plan.task.positions


def test_a_search_for_boxes_ends_in_a_run(tmp_path: Path) -> None:
    fields: Any = {
        "effort": 1,
        "prepare": {"image_size": 32, "workers": 0},
        "train": {"epochs": 1, "threads": 1},
        "encoders": {"image": {"type": "pyramid_image", "channels": 4, "width": 8, "blocks": [0, 0, 0, 0]}},
    }
    space = {"train.learning_rate": {"low": 1e-3, "high": 1e-2, "log": True}, "width": {"choices": [8, 16]}}
    found = consilience.search(
        boxes(tmp_path), target="things", recipe=fields, space=space, trials=2, out=tmp_path / "search"
    )
    assert found.result["primary"] == "map_50"
    assert [trial["state"] for trial in found.result["trials"]] == ["finished", "finished"]


def test_a_forecast_has_rival_encoders() -> None:
    steps = pl.DataFrame({"day": range(80), "sold": [float(i % 7) for i in range(80)]})
    values = {"target": "sold", "effort": 3, "series": {"time": "day", "past": 14, "horizon": 2}}
    recipe = make_recipe(values, (), "test")
    plan = make_plan(recipe, Given(read_table(steps), None, None))
    choices = default_space(recipe, plan)["encoders.series"].choices
    assert {"linear_series", "conv_series", "patch_series"} <= set(choices)
