"""Thresholds of a pattern come from rows that have it by nature, where there are enough."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from consilience.artifacts.rules import Rules
from consilience.core.recipe import make_recipe
from consilience.training.rules import Heard, find_rules, masks_of, together

RECIPE = make_recipe(
    {
        "target": "y",
        "columns": {"a": "number", "b": "text", "c": "image"},
        "groups": {m: {"columns": [c], "modality": m} for c, m in (("a", "number"), ("b", "text"), ("c", "image"))},
        "disciplines": {"record": ["a", "b"]},
    }
)


def heard(rows: int, sure: float, has: list[bool], seed: int = 0) -> Heard:
    random = np.random.default_rng(seed)
    target = np.eye(2)[random.integers(0, 2, rows)]
    right = random.random(rows) < sure
    said = np.where(right[:, None], target, 1 - target) * 0.6 + 0.2
    return Heard({"network": said}, target, np.ones(rows), np.tile(has, (rows, 1)))


def test_masks_hide_whole_disciplines() -> None:
    assert masks_of(RECIPE) == [frozenset(), frozenset({"number", "text"}), frozenset({"image"})]


@pytest.mark.parametrize(("rows", "natural"), [(60, True), (20, False)])
def test_natural_rows_make_the_thresholds_of_their_pattern(rows: int, natural: bool) -> None:
    plan = SimpleNamespace(recipe=RECIPE, task=SimpleNamespace(kind="binary"))
    complete = heard(400, 0.9, [True, True, True])
    lacking = heard(rows, 0.5, [True, True, False], 1)
    every = together([complete, lacking])
    hidden = together([complete, lacking])
    rules: Rules = find_rules(plan, masks_of(RECIPE), [every, hidden, hidden])  # type: ignore[arg-type]
    state = rules.of({"number", "text"}).conformal
    assert state is not None
    assert bool(state.get("natural")) is natural
    assert state["rows"] == (rows if natural else 400 + rows)
    assert rules.of({"number"}) is rules.complete, "a pattern without a rule follows the complete one"
