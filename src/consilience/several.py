"""A run with several targets: one network, then evaluation, report and card target by target.

Each target leaves a folder of its own under `targets/`, as a run for it alone would, and the run's `metrics.json` and
report hold all of them. See docs/decisions/0015-several-targets.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from consilience.artifacts.run_folder import RunFolder
from consilience.artifacts.store import plain, save_bundle
from consilience.core.errors import InputError
from consilience.core.events import Event, Listener, nobody
from consilience.core.recipe import Recipe
from consilience.data.features import in_memory
from consilience.data.table import Table
from consilience.evaluation.result import finding_dicts
from consilience.evaluation.several import compare_alone, distinct, events_of, joint_result, judged_rows
from consilience.evaluation.several_report import write_cards, write_several
from consilience.evaluation.weaknesses.label_review import write_label_review
from consilience.evaluation.weaknesses.requests import check_report
from consilience.fusion.model import assemble
from consilience.model import Model
from consilience.pipeline import (
    SAMPLE,
    Watch,
    bundle_meta,
    find_in_run,
    find_in_tables,
    fresh_folder,
    left_out,
    lighter,
    measure_run,
    trackers,
)
from consilience.training.data import prepare_data
from consilience.training.describe import describe
from consilience.training.listeners.jsonl import read_events
from consilience.training.plan import Given
from consilience.training.plan_several import Plans, make_plans
from consilience.training.run_several import TrainedTogether, train_together

Results = dict[str, dict[str, Any]]
"""Target → its result, as `metrics.json` of a run for it alone."""


def run_several(
    recipe: Recipe,
    tables: dict[str, Table],
    described: dict[str, Any],
    folder: RunFolder,
    watch: tuple[Listener, str | None, float],
) -> Model:
    """`pipeline.run_pipeline` for a recipe with several targets.

    Raises:
        InputError: when the input cannot be used; the message says what, where, and how to mend it.
    """
    listener, note, began = watch
    plans = make_plans(recipe, Given(tables["train"], tables.get("valid"), tables.get("test")), listener)
    plans = _with_costs(plans)
    for plan in plans.views.values():
        classes = [str(c) for c in plan.facts["task"].get("classes") or ()]
        check_report(plan.recipe.report, plan.tables["train"].frame, classes)
    with fresh_folder(folder):
        return _steps(plans, recipe, (tables, described), folder, (Watch([listener], began), note))


def _steps(
    plans: Plans,
    recipe: Recipe,
    given: tuple[dict[str, Table], dict[str, Any]],
    folder: RunFolder,
    watch: tuple[Watch, str | None],
) -> Model:
    (tables, described), (keeper, note) = given, watch
    joint, began = plans.joint, keeper.began
    folder.write_start(recipe, joint.recipe, described)
    with ExitStack() as stack:
        keeper.listeners += [stack.enter_context(one) for one in trackers(joint.recipe, folder)]
        if note:
            keeper({"event": "warning", "code": "moved", "message": note})
        for message in (*joint.warnings, *left_out(next(iter(plans.views.values())))):
            keeper({"event": "warning", "code": "plan", "message": message})
        findings = {target: finding_dicts(find_in_tables(plan, keeper)) for target, plan in plans.views.items()}
        data = prepare_data(joint, keeper)
        tables.clear()  # media cells are in the cache now: training must not hold them too
        plans = _lighter(plans)
        now = keeper.lap("prepare", began)
        trained = train_together(plans, data, folder.checkpoints, keeper)
        now = keeper.lap("train", now)
        for target, view in trained.bundle.views.items():
            view.meta.update(bundle_meta(plans.views[target], trained.data[target]))
        save_bundle(trained.bundle, folder.bundle)
        results = _results(plans, trained, folder, keeper)
        together = _together(plans, trained, folder, keeper) if joint.recipe.report.alone else {}
        for target, result in results.items():
            own = events_of(read_events(folder.events), target, str(result["primary"]))
            result |= {"data": described, "findings": findings[target]}
            result["findings"] = findings[target] + find_in_run(result, own, keeper)
        now = keeper.lap("evaluate", now)
        keeper({"event": "end", "network": "all", "seconds": now - began})
    seconds = {**keeper.seconds, "total": now - began}
    whole = joint_result(plans.joint, _log_variances(trained), results)
    whole |= {"together": together, "data": described, "seconds": seconds}
    whole["findings"] = distinct(f for result in results.values() for f in result["findings"])
    for result in results.values():
        result["seconds"] = seconds
    _write(folder, plain(whole), results, read_events(folder.events))
    return Model(trained.bundle, folder.path)


def _results(plans: Plans, trained: TrainedTogether, folder: RunFolder, keeper: Watch) -> Results:
    """Everything measured on the test rows, target by target."""
    found: Results = {}
    for number, (target, plan) in enumerate(plans.views.items()):
        keeper({"event": "stage", "name": f"evaluate {target}"})
        place = target_folder(folder, number, target)
        result = measure_run(plan, trained.data[target], trained.views[target], place, keeper)
        result["rows"]["unlabelled"] = 0  # a row without this target has taught another one
        found[target] = result
    return found


def _together(plans: Plans, trained: TrainedTogether, folder: RunFolder, keeper: Watch) -> dict[str, Any]:
    """Target → what learning it together with the others brought (`report.alone`)."""
    found = {}
    for number, (target, plan) in enumerate(plans.views.items()):
        keeper({"event": "stage", "name": f"train {target} alone ({number + 1} of {len(plans.views)})"})
        data = trained.data[target]
        rows = judged_rows(plan, data)
        if not len(rows.target):
            continue
        found[target] = compare_alone(
            plan, data, trained.views[target], rows, folder.checkpoints / f"alone-{number}", _Quiet(keeper)
        )
    return plain(found)  # type: ignore[no-any-return]


class _Quiet:
    """Passes on only what is no part of the run's own course: networks trained for comparison are not in its curves."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def __call__(self, event: Event) -> None:
        if event["event"] == "progress":
            self._listener(event)


def _log_variances(trained: TrainedTogether) -> list[list[float]]:
    return [n.balance.log_variances.tolist() for n in trained.bundle.networks if n.balance is not None]


def _write(folder: RunFolder, whole: dict[str, Any], results: Results, events: list[Event]) -> None:
    """Report, card and metrics of the run, and of each target in a folder of its own."""
    places = {target: target_folder(folder, number, target) for number, target in enumerate(results)}
    whole["targets"] = {}
    for target, result in results.items():
        places[target].write_result(result)
        write_label_review(result, places[target].path)
        whole["targets"][target] = {**_slim(result), "folder": places[target].path.relative_to(folder.path).as_posix()}
    write_several(whole, results, events, folder.report)
    write_cards(results, places, folder.card)
    folder.write_result(whole)


def _slim(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result without what stands above the targets, and without rows shown one by one."""
    shared = ("data", "recipe", "versions", "created", "seconds", "seed", "version")
    return {
        name: {k: v for k, v in part.items() if k != "examples"} if isinstance(part, dict) else part
        for name, part in result.items()
        if name not in shared
    }


def target_folder(folder: RunFolder, number: int, target: str) -> RunFolder:
    """Where what belongs to one target lies in a run: `targets/0-label`."""
    name = re.sub(r"[^0-9A-Za-z_-]+", "-", target).strip("-") or "target"
    return RunFolder(folder.path / "targets" / f"{number}-{name}")


def _lighter(plans: Plans) -> Plans:
    joint = lighter(plans.joint)
    return Plans(joint, {target: replace(plan, tables=joint.tables) for target, plan in plans.views.items()})


def _with_costs(plans: Plans) -> Plans:
    """`report.costs` belongs to the targets that have so many classes.

    Raises:
        InputError: when no target has.
    """
    costs = plans.joint.recipe.report.costs
    if costs is None:
        return plans
    views, fitting = {}, 0
    for target, plan in plans.views.items():
        fits = plan.task.kind in ("binary", "multiclass") and len(costs) == plan.task.outputs
        fitting += fits
        report = plan.recipe.report if fits else plan.recipe.report.model_copy(update={"costs": None})
        views[target] = replace(plan, recipe=plan.recipe.model_copy(update={"report": report}))
    if not fitting:
        raise InputError(f"no target has {len(costs)} classes", where="report.costs")
    return Plans(plans.joint, views)


def design_several(recipe: Recipe, table: Table, listener: Listener = nobody) -> dict[str, Any]:
    """`pipeline.design_pipeline` for a recipe with several targets; "task" and "task_reason" tell all of them."""
    plans = make_plans(recipe, Given(table), listener)
    plan = plans.joint
    sample = plan.tables["train"].take(plan.splits.train[:SAMPLE])
    features = in_memory(sample, plan.facts["groups"], plan.recipe.prepare)
    network = assemble(plan.recipe, plan.facts, plan.task.outputs)
    kinds = {target: one.task.kind for target, one in plans.views.items()}
    return {
        **describe(network, plan.recipe, features),
        "task": ", ".join(f"{target}: {kind}" for target, kind in kinds.items()),
        "task_reason": plan.task_reason,
        "targets": kinds,
        "rows": {name: len(getattr(plan.splits, name)) for name in ("train", "valid", "test")},
        "split": plan.splits.sentence,
        "folds": len(plan.folds) or 1,
        "ignored": {c.name: c.reason for c in plan.schema.columns if c.modality == "ignore"},
        "rankings": {},
        "recipe": plan.recipe.model_dump(mode="json"),
    }


def train_several(recipe: Recipe, table: Table, folder: Path) -> Model:
    """Plans, data and training only: a model without evaluation and run folder; `folder` holds checkpoints."""
    plans = make_plans(recipe, Given(table))
    trained = train_together(plans, prepare_data(plans.joint), folder)
    for target, view in trained.bundle.views.items():
        view.meta.update(bundle_meta(plans.views[target], trained.data[target]))
    return Model(trained.bundle)
