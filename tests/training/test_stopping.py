"""When a training has nothing left to gain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from consilience import api
from consilience.core.files import read_json
from consilience.core.policy import Shape, resolve
from consilience.core.recipe import make_recipe
from consilience.training.loop import is_done


def epochs_of(tmp_path: Path, noise: float) -> tuple[int, int]:
    """(epochs trained, epochs planned) of classes that a number tells, with `noise` of the labels turned."""
    made = np.random.default_rng(0)
    x = made.uniform(1, 2, 120) * made.choice([-1, 1], 120)
    y = (x > 0) ^ (made.random(120) < noise)
    frame = pl.DataFrame({"x": x, "y": np.where(y, "up", "down")})
    settings = (
        "train.epochs=150",
        "train.learning_rate=0.02",
        "train.batch_size=16",
        "split.folds=1",
        "references=[]",
        "report.analyses=[]",
    )
    settings += ("train.networks=1", "train.early_stopping=10")
    api.fit(frame, "y", settings=settings, run=tmp_path / "run", effort=1)
    events = [line for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines() if '"evaluation"' in line]
    return len(events), int(read_json(tmp_path / "run" / "metrics.json")["recipe"]["train"]["epochs"])


def test_sure_and_right_ends_the_training_early(tmp_path: Path) -> None:
    trained, planned = epochs_of(tmp_path, 0.0)
    assert trained < planned


@pytest.mark.parametrize(
    ("kind", "entry", "done"),
    [
        ("binary", [1.0, -0.0005], True),
        ("multiclass", [1.0, -0.1], False),
        ("binary", [0.99, -0.0005], False),
        ("regression", [1.0, -0.0005], False),
        ("binary", [1.0, float("nan")], False),
    ],
)
def test_what_leaves_nothing_to_gain(kind: str, entry: list[float], done: bool) -> None:
    assert is_done(kind, entry) is done


@pytest.mark.parametrize(("modality", "networks"), [("series", 1), ("image", 1), ("number", 3)])
def test_folds_of_costly_encoders_train_one_network_each(modality: str, networks: int) -> None:
    recipe = make_recipe({"target": "y", "effort": 3})
    resolved = resolve(recipe, Shape(60, {"x": modality}, "binary"))
    assert (resolved.split.folds, resolved.train.networks) == (5, networks)
