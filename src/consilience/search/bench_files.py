"""What all trials share as files, for workers elsewhere to read: JSON, Arrow and safetensors, nothing is pickled."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from safetensors.numpy import load_file, save_file

from consilience.core.config import validate
from consilience.core.errors import InputError
from consilience.core.files import atomic, read_json, write_json
from consilience.core.recipe import Recipe
from consilience.core.registry import get
from consilience.data.schema import Column, Schema
from consilience.data.split import Splits
from consilience.data.table import Table
from consilience.search.trial import Bench
from consilience.training.plan import Plan
from consilience.training.plan_several import views_of

CONTENT, ROWS = "bench.json", "rows.safetensors"
PROBES = 64
"""Media files that a worker looks for before it trains: a place that lacks them would train on missing cells."""


def write_bench(bench: Bench, folder: Path) -> str:
    """Write everything that `read_bench` needs into `folder`; earlier files there are replaced.

    Returns:
        The digest of the files: who finds the same one elsewhere has the same bench.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plan = bench.plan
    for name, table in plan.tables.items():
        with atomic(folder / f"{name}.arrow") as path:
            table.frame.write_ipc(path)
    arrays = {name: np.ascontiguousarray(getattr(plan.splits, name)) for name in ("train", "valid", "test")}
    for number, fold in enumerate(plan.folds):
        arrays |= {f"fold{number}_{side}": np.ascontiguousarray(rows) for side, rows in enumerate(fold)}
    with atomic(folder / ROWS) as path:
        save_file(arrays, path)
    content = {
        "given": bench.given.model_dump(mode="json"),
        "recipe": plan.recipe.model_dump(mode="json"),
        "facts": plan.facts,
        "schema": {"columns": [column._asdict() for column in plan.schema.columns], "target": plan.schema.target},
        "task_reason": plan.task_reason,
        "tables": {name: _described(table) for name, table in plan.tables.items()},
        "split": {"method": plan.splits.method, "sentence": plan.splits.sentence},
        "folds": len(plan.folds),
        "probes": _probes(plan),
        "digests": {name: _digest(folder / name) for name in (ROWS, *(f"{table}.arrow" for table in plan.tables))},
    }
    write_json(folder / CONTENT, json.loads(json.dumps(content)))
    return digest_of(folder)


def digest_of(folder: Path) -> str:
    """The digest of a bench's files, "" where there are none."""
    return _digest(folder / CONTENT) if (folder / CONTENT).is_file() else ""


def bench_content(folder: Path) -> dict[str, np.ndarray[Any, np.dtype[np.uint8]]]:
    """File name → its bytes, for a worker that cannot read the folder."""
    return {file.name: np.fromfile(file, np.uint8) for file in sorted(folder.iterdir()) if file.is_file()}


def keep_content(content: dict[str, np.ndarray[Any, np.dtype[np.uint8]]], folder: Path) -> None:
    """Write what `bench_content` read.

    Raises:
        InputError: for a name that is no plain file name.
    """
    for name, data in content.items():
        if Path(name).name != name:
            raise InputError(f"{name!r} is no name of a bench's file")
        data.tofile(folder / name)


def read_bench(folder: Path) -> Bench:
    """The bench that `write_bench` wrote.

    Raises:
        InputError: when a file has changed since, or media files that it names are not found here.
    """
    content = read_json(folder / CONTENT)
    for name, known in content["digests"].items():
        if _digest(folder / name) != known:
            raise InputError(f"{name} has changed since the search began", where=str(folder))
    _find_media(content["probes"])
    arrays = load_file(folder / ROWS)
    recipe = validate(Recipe, content["recipe"], str(folder / CONTENT))
    assert recipe.task is not None, "a bench holds a resolved recipe"
    columns = tuple(Column(**{**c, "examples": tuple(c["examples"])}) for c in content["schema"]["columns"])
    plan = Plan(
        recipe,
        Schema(columns, content["schema"]["target"]),
        recipe.task.build("task", content["facts"]["task"]),
        content["task_reason"],
        content["facts"],
        {name: _table(folder / f"{name}.arrow", described) for name, described in content["tables"].items()},
        Splits(arrays["train"], arrays["valid"], arrays["test"], **content["split"]),
        [(arrays[f"fold{i}_0"], arrays[f"fold{i}_1"]) for i in range(content["folds"])],
        (),
    )
    views = {}
    if recipe.targets:
        views = views_of(plan, dict.fromkeys(recipe.targets, plan.task_reason), dict.fromkeys(recipe.targets, ()))
    return Bench(validate(Recipe, content["given"], str(folder / CONTENT)), plan, views=views)


def without_test(plan: Plan) -> Plan:
    """The plan as trials may see it: a test table is not even prepared, test rows of the table are in no split."""
    tables = {name: table for name, table in plan.tables.items() if name != "test"}
    return replace(plan, tables=tables, splits=plan.splits._replace(test=plan.splits.test[:0]))


def _described(table: Table) -> dict[str, Any]:
    return {"folder": None if table.folder is None else str(table.folder.resolve()), "name": table.name}


def _table(path: Path, described: dict[str, Any]) -> Table:
    folder = described["folder"]
    return Table(pl.read_ipc(path), None if folder is None else Path(folder), described["name"])


def _probes(plan: Plan) -> list[str]:
    """A few media files that the tables name and that are there."""
    media = [c for c, modality in plan.schema.modalities.items() if get("modality", modality).media]
    found: list[str] = []
    for table in plan.tables.values():
        for column in media:
            cells = table.frame[column] if column in table.frame.columns else None
            if cells is None or cells.dtype != pl.String:
                continue
            named = cells.drop_nulls()
            spread = named.gather_every(max(1, len(named) // PROBES))
            found += [cell for cell in spread if Path(cell).is_absolute() and Path(cell).is_file()][:PROBES]
    return found


def _find_media(probes: list[str]) -> None:
    lost = next((path for path in probes if not Path(path).is_file()), None)
    if lost is not None:
        fix = "Put them into a folder that every machine has, or give the media as bytes in a Parquet table"
        raise InputError("a media file of the table is not found on this machine", where=lost, fix=fix)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
