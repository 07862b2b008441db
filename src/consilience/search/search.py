"""The whole search: plan once, trials on validation rows, the best recipe trained as an ordinary run, a page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

from consilience.artifacts.run_folder import RunFolder
from consilience.core.errors import InputError
from consilience.core.events import Listener
from consilience.core.files import read_json, write_json, write_text
from consilience.core.recipe import Recipe, dump_recipe, make_recipe
from consilience.data.table import Table
from consilience.model import Model, load
from consilience.pipeline import run_pipeline
from consilience.search.at_once import run_at_once
from consilience.search.bench_files import without_test
from consilience.search.default_space import default_space
from consilience.search.folder import SearchFolder, locked
from consilience.search.outcome import outcome
from consilience.search.page import render_page
from consilience.search.space import Space, check_space, dump_space, make_space, value_at
from consilience.search.study import Limits, Sitting, enqueue_first, open_study, run_trials
from consilience.search.together import Yard
from consilience.search.trial import Bench
from consilience.several import run_several
from consilience.training.plan import Given, make_plan
from consilience.training.plan_several import make_plans


class Found(NamedTuple):
    """folder: of the search. result: the content of `result.json`. model: the run of the best recipe."""

    folder: Path
    result: dict[str, Any]
    model: Model


class Asked(NamedTuple):
    """recipe: as given. space: None for the default one. tables, described: see `pipeline.run_pipeline`."""

    recipe: Recipe
    space: Space | None
    tables: dict[str, Table]
    described: dict[str, Any]


def run_search(asked: Asked, folder: SearchFolder, limits: Limits, listener: Listener) -> Found:
    """
    Args:
        folder: new, or that of a search to go on with (then recipe and space are those it was started with).
    Raises:
        InputError: when the input cannot be used, another process searches here, or no trial finished.
    """
    began = time.monotonic()
    bench = _bench(asked, listener)
    plan = bench.plan
    space = asked.space or default_space(asked.recipe, plan)
    check_space(asked.recipe, space)
    with locked(folder):
        if not folder.start.is_file():
            folder.write_start(_start(asked, space, limits))
        yards = _yards(bench, listener) if bench.views else {}
        study = open_study(folder, bench, limits)
        enqueue_first(study, {path: value_at(plan.recipe, path) for path in space}, space)
        sitting = Sitting(bench, space, limits, folder, listener)
        (run_trials if limits.at_once == 1 and limits.cluster is None else run_at_once)(study, sitting)
        found = outcome(study, bench, space)
        if found["best"] is None:
            errors = [trial["error"] for trial in found["trials"] if trial["error"]]
            said = f"; the first said: {errors[0]}" if errors else ""
            raise InputError(f"not one of {len(found['trials'])} trials finished{said}", where=str(folder.path))
        best = bench.recipe(found["best"]["values"])
        write_text(folder.best, dump_recipe(best))
        listener({"event": "stage", "name": f"Training the best recipe (trial {found['best']['number']})"})
        model = _train_best(best, asked, folder, (listener, None, began))
        result = _told(found, (space, yards), model, time.monotonic() - began)
        write_text(folder.page, render_page(result, asked.recipe.report.language))
        write_json(folder.result, result)
    return Found(folder.path, result, model)


def _bench(asked: Asked, listener: Listener) -> Bench:
    given = Given(asked.tables["train"], asked.tables.get("valid"), asked.tables.get("test"))
    if not asked.recipe.targets:
        return Bench(asked.recipe, without_test(make_plan(asked.recipe, given, listener)))
    plans = make_plans(asked.recipe, given, listener)
    views = {target: without_test(view) for target, view in plans.views.items()}
    return Bench(asked.recipe, without_test(plans.joint), views=views)


def _yards(bench: Bench, listener: Listener) -> dict[str, Yard]:
    """How each of several targets is judged; a warning names those that no trial is judged by."""
    yards = bench.yards(listener)
    for target in bench.views:
        if target not in yards:
            why = "its weight is 0, or its validation rows all have one value"
            message = f"trials are not judged by target {target!r}: {why}"
            listener({"event": "warning", "code": "search", "message": message})
    return yards


def _start(asked: Asked, space: Space, limits: Limits) -> dict[str, Any]:
    return {
        "recipe": asked.recipe.model_dump(mode="json"),
        "space": dump_space(space),
        "tables": asked.described,
        "trials": limits.trials,
        "minutes": limits.minutes,
        "pruner": limits.pruner,
    }


def _train_best(best: Recipe, asked: Asked, folder: SearchFolder, watch: tuple[Listener, str | None, float]) -> Model:
    """The ordinary run of the best recipe; one that was cut off goes on, a finished one is read."""
    run = RunFolder(folder.run)
    if run.finished:
        return load(run.path)
    if best.targets:
        return run_several(best, dict(asked.tables), asked.described, run, watch)
    return run_pipeline(best, dict(asked.tables), asked.described, run, watch)


def _told(
    found: dict[str, Any], searched: tuple[Space, dict[str, Yard]], model: Model, seconds: float
) -> dict[str, Any]:
    """The content of `result.json`; figures of test rows stand in "test", of several targets in "targets"."""
    space, yards = searched
    metrics = model.metrics
    told = {**found, "version": 1, "target": metrics["target"], "space": dump_space(space), "seconds": seconds}
    told["rows"] = metrics["rows"]
    if "targets" not in metrics:
        return {**told, "primary": metrics["primary"], "test": metrics["test"]}
    judged = {target: yard._asdict() for target, yard in yards.items()}
    parts = {
        target: {**{name: part[name] for name in ("task", "primary", "test", "rows")}, "judged": judged.get(target)}
        for target, part in metrics["targets"].items()
    }
    return {**told, "targets": parts}


def read_search(folder: SearchFolder) -> tuple[dict[str, Any], Recipe, Space]:
    """(start, recipe, space) of a search that was begun."""
    start = folder.read_start()
    recipe = make_recipe(start["recipe"], (), str(folder.start))
    return start, recipe, make_space(start["space"], str(folder.start))


def finished_search(folder: SearchFolder) -> Found | None:
    """What a finished search found; None where it is not finished."""
    if not folder.result.is_file():
        return None
    return Found(folder.path, dict(read_json(folder.result)), load(folder.run))
