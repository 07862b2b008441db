"""The figures that lead a report are those of the prediction that users get, calibration included."""

from __future__ import annotations

import numpy as np

from consilience.artifacts.bundle import Bundle, Opinion
from consilience.artifacts.rules import sole_rules
from consilience.core.config import Choice
from consilience.core.recipe import Recipe
from consilience.evaluation.comparison import Judged
from consilience.evaluation.judgement import judge


def test_a_calibrated_network_is_judged_calibrated() -> None:
    target = np.tile(np.eye(2, dtype=np.float32), (40, 1))
    sure = np.where(target > 0, 0.99, 0.01)
    sure[::5] = sure[::5, ::-1]  # wrong as surely as right
    mild = 0.5 + 0.6 * (sure - 0.5)
    recipe = Recipe(target="y", task=Choice(type="classification"), groups={})
    facts = {"task": {"classes": ["a", "b"], "counts": [40, 40], "type": "string"}, "groups": {}}
    bundle = Bundle(recipe, facts, [], {}, sole_rules(["g"]), {"primary": "log_loss"})
    has = np.ones((80, 1), bool)
    opinion = Opinion(mild, {"network": sure}, {"g": sure}, has, sure, (sure,))
    found = judge(bundle, opinion, Judged("binary", target, np.ones(80), None, 0), np.full((80, 2), 0.5))
    assert found["test"]["log_loss"]["value"] < 0.7 * found["network"]["log_loss"]["value"]
