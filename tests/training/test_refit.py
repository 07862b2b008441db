"""References that are fitted again: the rules are found on references that never saw the rows they are judged on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import mixed_table

from consilience.core.recipe import make_recipe
from consilience.data.table import read_table
from consilience.training import run
from consilience.training.data import prepare_data
from consilience.training.plan import Given, Plan, make_plan
from consilience.training.references import fit_reference

SETTINGS = {"target": "sick", "effort": 1, "ignore": ["scan", "voice"], "split": {"folds": 1, "valid": 0.3}}


def plan_of(**more: Any) -> Plan:
    frame = mixed_table(240, media=False)
    frame = frame.with_columns(patient=np.repeat(np.arange(60), 4))
    kept = {**SETTINGS, "ignore": [c for c in SETTINGS["ignore"] if c in frame.columns]}
    return make_plan(make_recipe({**kept, **more}), Given(read_table(frame)))


@pytest.mark.parametrize("group", [None, "patient"])
def test_no_reference_is_judged_on_rows_it_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str | None
) -> None:
    plan = plan_of(split={**SETTINGS["split"], "group": group}) if group else plan_of(ignore=["patient"])
    data = prepare_data(plan)
    learned: list[np.ndarray[Any, Any]] = []

    def watched(name: str, bundle: Any, parts: Any, *rest: Any) -> Any:
        learned.append(np.concatenate([index for _, index in parts]))
        return fit_reference(name, bundle, parts, *rest)

    judged: list[np.ndarray[Any, Any]] = []

    def hear(judge: Any, rows: Any, *rest: Any) -> Any:
        judged.append(rows[1])
        return run_hear(judge, rows, *rest)

    run_hear = run.hear
    monkeypatch.setattr(run, "fit_reference", watched)
    monkeypatch.setattr(run, "hear", hear)
    trained = run.train_model(plan, data, tmp_path)
    kinds = len(plan.recipe.references)
    assert len(judged) == 2
    for part, rows in enumerate(judged):
        seen = learned[part * kinds]
        assert not set(rows) & set(seen)
        assert len(seen) == len(plan.splits.train) + len(judged[1 - part])
    assert sorted(np.concatenate(judged)) == sorted(plan.splits.valid)
    np.testing.assert_array_equal(trained.valid[1], np.concatenate(judged))
    np.testing.assert_array_equal(trained.heard.target, data.sources["train"].targets.target[trained.valid[1]])
    if group:
        patients = plan.tables["train"].frame["patient"].to_numpy()
        assert not set(patients[judged[0]]) & set(patients[judged[1]])
