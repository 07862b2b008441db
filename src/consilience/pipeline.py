"""The five steps in a row: plan, data, training, evaluation, report; each leaves its file in the run folder."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.run_folder import RunFolder
from consilience.artifacts.store import plain, save_bundle
from consilience.core.errors import ConsilienceError
from consilience.core.events import Event, Listener, nobody
from consilience.core.recipe import Recipe
from consilience.core.registry import get, names
from consilience.data.checks.base import View
from consilience.data.features import in_memory
from consilience.data.findings import run_checks
from consilience.data.history import without_words
from consilience.data.table import Table
from consilience.evaluation.card import write_card
from consilience.evaluation.checks.base import check_result
from consilience.evaluation.judgement import learn_prior
from consilience.evaluation.report import write_report
from consilience.evaluation.result import describe_run, evaluate_run, finding_dicts, versions
from consilience.evaluation.weaknesses.label_review import write_label_review
from consilience.evaluation.weaknesses.requests import check_report
from consilience.fusion.model import assemble
from consilience.model import Model
from consilience.training.data import Data, prepare_data
from consilience.training.describe import describe
from consilience.training.listeners.jsonl import JsonLines, read_events
from consilience.training.listeners.tensorboard import TensorBoard
from consilience.training.plan import Given, Plan, make_plan
from consilience.training.rank_models import RANKED, Ranked, models_for, rank_models
from consilience.training.run import Trained, train_model

AUDIT, AUDIT_ROWS = ("near_duplicate_image",), 20_000
"""Slow checks that look for rows on both sides of the split, made in a run too where all tables have so few rows."""
SAMPLE = 64
"""Rows prepared to describe a network."""


class Teach(Protocol):
    """Another run has a say in this one."""

    def plan(self, plan: Plan) -> Plan:
        """The plan with what the other run knows; before anything is prepared."""
        ...

    def teach(self, plan: Plan, data: Data, checkpoints: Path) -> tuple[Plan, Data]:
        """Plan and data as they are trained on; what is written into `checkpoints` is gone on from."""
        ...


@dataclass
class Watch:
    """Listeners of a run, and the seconds that each stage took."""

    listeners: list[Listener]
    began: float
    seconds: dict[str, float] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)

    def lap(self, name: str, since: float) -> float:
        """Note the seconds of a stage; returns the time now."""
        now = time.monotonic()
        self.seconds[name] = now - since
        return now


def run_pipeline(
    recipe: Recipe,
    tables: dict[str, Table],
    described: dict[str, Any],
    folder: RunFolder,
    watch: tuple[Listener, str | None, float],
    teach: Teach | None = None,
) -> Model:
    """From tables to a finished run folder.

    Args:
        teach: see `distillation`.
        described: table → {"name", "path", "rows", "sha256"}, kept so that the run can be resumed.
        watch: (listener, note to say first or None, start time of the whole command).
    """
    listener, note, began = watch
    plan = make_plan(recipe, Given(tables["train"], tables.get("valid"), tables.get("test")), listener)
    plan = teach.plan(plan) if teach else plan
    classes = [str(c) for c in plan.facts["task"].get("classes") or ()]
    check_report(recipe.report, plan.tables["train"].frame, classes)
    with fresh_folder(folder):
        return _steps(plan, recipe, (tables, described, teach), folder, Watch([listener], began), note)


@contextmanager
def fresh_folder(folder: RunFolder) -> Iterator[None]:
    """A new run folder that vanishes when the input turns out unusable before training has begun."""
    new = not folder.path.exists()
    folder.path.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except ConsilienceError:
        if new and not folder.checkpoints.exists():
            shutil.rmtree(folder.path, ignore_errors=True)
        raise


def _steps(
    plan: Plan,
    recipe: Recipe,
    given: tuple[dict[str, Table], dict[str, Any], Teach | None],
    folder: RunFolder,
    keeper: Watch,
    note: str | None,
) -> Model:
    tables, described, teach = given
    began = keeper.began
    folder.write_start(recipe, plan.recipe, described)
    with ExitStack() as stack:
        keeper.listeners += [stack.enter_context(one) for one in trackers(plan.recipe, folder)]
        if note:
            keeper({"event": "warning", "code": "moved", "message": note})
        for message in (*plan.warnings, *left_out(plan)):
            keeper({"event": "warning", "code": "plan", "message": message})
        findings = find_in_tables(plan, keeper)
        data = prepare_data(plan, keeper)
        if teach:
            plan, data = teach.teach(plan, data, folder.checkpoints)
        tables.clear()  # media cells are in the cache now: training must not hold them too
        plan = lighter(plan)
        now = keeper.lap("prepare", began)
        trained = train_model(plan, data, folder.checkpoints, keeper)
        now = keeper.lap("train", now)
        keeper({"event": "stage", "name": "evaluate"})
        trained.bundle.meta.update(bundle_meta(plan, data))
        save_bundle(trained.bundle, folder.bundle)
        result = measure_run(plan, data, trained, folder, keeper)
        result["findings"] = finding_dicts(findings)
        result["data"] = described
        result["findings"] += find_in_run(result, read_events(folder.events), keeper)
        now = keeper.lap("evaluate", now)
        result["seconds"] = {**keeper.seconds, "total": now - began}
        keeper({"event": "end", "network": "all", "seconds": now - began})
    write_report(result, read_events(folder.events), folder.report)
    write_card(result, folder.card)
    result["seconds"]["evaluate"] += time.monotonic() - now
    result["seconds"]["total"] = time.monotonic() - began
    folder.write_result(result)
    write_label_review(result, folder.path)
    return Model(trained.bundle, folder.path)


def trackers(recipe: Recipe, folder: RunFolder) -> Iterator[Any]:
    """What reads the events of a run into files: each is closed with the run.

    Raises:
        InputError: for a tracker that is unknown. MissingExtraError: for one that is not installed.
    """
    yield JsonLines(folder.events)
    yield TensorBoard(folder.tensorboard)
    for name in recipe.train.track:
        yield get("tracker", name)(folder.path, recipe.model_dump(mode="json"))


def left_out(plan: Plan) -> list[str]:
    """Columns that the user did not leave out and that are no evidence all the same."""
    asked = {*plan.recipe.ignore, plan.recipe.split.column, plan.recipe.split.group}
    return [
        f"column {c.name!r} is left out: {c.reason}"
        for c in plan.schema.columns
        if c.modality == "ignore" and c.name not in asked and c.name != plan.target
    ]


def find_in_tables(plan: Plan, listener: Listener) -> Any:
    """What the checks of the data found, told as warnings too."""
    view = View(
        table=plan.tables["train"],
        schema=without_words(plan.schema, plan.recipe.history),
        target=plan.target,
        kind=plan.task.kind,
        splits=plan.splits,
        others={n: t for n, t in plan.tables.items() if n != "train"},
        time=plan.recipe.split.time,
        seed=plan.recipe.seed,
    )
    rows = sum(table.rows for table in plan.tables.values())
    if plan.recipe.series is not None:  # rows are windows, which overlap: duplicates and rare values mean nothing
        found, _ = run_checks(view, codes=["unreadable_media"], listener=listener)
        return found
    codes = [c for c in names("check") if not get("check", c).slow or (c in AUDIT and rows <= AUDIT_ROWS)]
    if plan.recipe.history is not None:  # ids with a short past are alike without being copies
        codes.remove("duplicate_rows")
    found, _ = run_checks(view, codes=codes, listener=listener)
    for finding in found:
        if finding.severity != "info":
            listener({"event": "warning", "code": finding.code, "message": finding.message})
    return found


def find_in_run(result: dict[str, Any], events: Sequence[Event], listener: Listener) -> list[dict[str, Any]]:
    """What the checks of the run found, in English: the report words them again in its language."""
    found, _ = check_result(result, events)
    for finding in found:
        if finding.severity != "info":
            listener({"event": "warning", "code": finding.code, "message": finding.message})
    return finding_dicts(found)


def lighter(plan: Plan) -> Plan:
    """The plan without the media columns of its tables."""
    from dataclasses import replace

    media = [c for c, m in plan.recipe.columns.items() if m != "ignore" and get("modality", m).media]
    tables = {name: replace(table, frame=table.frame.drop(media, strict=False)) for name, table in plan.tables.items()}
    return replace(plan, tables=tables)


def bundle_meta(plan: Plan, data: Data) -> dict[str, Any]:
    """Plain facts that travel with a bundle; see `artifacts.bundle.Bundle`."""
    source, train = data.rows(plan, "train")
    prior = learn_prior(plan.task.kind, source.targets.target[train], source.targets.weight[train])
    return {"primary": plan.task.primary, "kind": plan.task.kind, "prior": prior, "versions": versions()}


def measure_run(plan: Plan, data: Data, trained: Trained, folder: RunFolder, listener: Listener) -> dict[str, Any]:
    """The described and measured parts of `metrics.json`."""
    import torch

    source, _ = data.rows(plan, "train")
    network = describe(trained.bundle.networks[0], plan.recipe, source.features)
    return plain(  # type: ignore[no-any-return]
        {
            **describe_run(plan, data, trained, network),
            **evaluate_run(plan, data, trained, folder.checkpoints, listener),
            "valid": _validation(plan, trained),
            "threads": torch.get_num_threads(),
        }
    )


def _validation(plan: Plan, trained: Trained) -> dict[str, float]:
    """Metrics of the default prediction on the rows that chose it: optimistic, for comparing recipes only."""
    from consilience.tasks.metrics import scores

    heard = trained.heard
    _, predictions = trained.bundle.rules.apply(heard.sources, heard.has)
    return scores(plan.task.kind, heard.target, heard.weight, predictions)


def design_pipeline(recipe: Recipe, table: Table, rank: bool = False, listener: Listener = nobody) -> dict[str, Any]:
    """The network of a recipe and table in figures; see `consilience.design`."""
    plan = make_plan(recipe, Given(table), listener)
    rankings = _rankings(plan, listener) if rank else plan.rankings
    sample = plan.tables["train"].take(plan.splits.train[:SAMPLE].astype(np.int64))
    features = in_memory(sample, plan.facts["groups"], plan.recipe.prepare)
    network = assemble(plan.recipe, plan.facts, plan.task.outputs)
    return {
        **describe(network, plan.recipe, features),
        "task": plan.task.kind,
        "task_reason": plan.task_reason,
        "rows": {
            "train": len(plan.splits.train),
            "valid": len(plan.splits.valid),
            "test": len(plan.splits.test),
        },
        "split": plan.splits.sentence,
        "folds": len(plan.folds) or 1,
        "ignored": {c.name: c.reason for c in plan.schema.columns if c.modality == "ignore"},
        "rankings": {group: [ranked._asdict() for ranked in found] for group, found in rankings.items()},
        "recipe": plan.recipe.model_dump(mode="json"),
    }


def _rankings(plan: Plan, listener: Listener) -> dict[str, list[Ranked]]:
    """Group of texts, images or sounds → the pretrained models of this machine, the best first; groups without any are
    left out.

    Raises:
        InputError: when this machine has no model for any of the groups.
    """
    frame = plan.tables["train"].frame[plan.splits.train]
    encoded = plan.task.encode(frame[plan.target])
    asked = {name: group for name, group in plan.recipe.groups.items() if group.modality in RANKED}
    able = {name: group for name, group in asked.items() if models_for(group)}
    return {
        name: plan.rankings.get(name) or rank_models(frame, group, plan.recipe.prepare, encoded, listener)
        for name, group in (able or asked).items()
    }


def train_pipeline(recipe: Recipe, table: Table, folder: Path) -> Bundle:
    """Plan, data and training only: a bundle without evaluation and run folder; `folder` holds checkpoints."""
    plan = make_plan(recipe, Given(table))
    data = prepare_data(plan)
    trained = train_model(plan, data, folder)
    trained.bundle.meta.update(bundle_meta(plan, data))
    return trained.bundle
