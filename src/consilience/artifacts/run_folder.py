"""The folder that a training run leaves: where each file lies, and how a run is found again."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from consilience.core.errors import InputError
from consilience.core.files import read_json, write_json, write_text
from consilience.core.recipe import Recipe, dump_recipe
from consilience.data.table import Table


@dataclass(frozen=True)
class RunFolder:
    """Paths inside a run folder."""

    path: Path

    @property
    def bundle(self) -> Path:
        return self.path / "bundle"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.json"

    @property
    def examples(self) -> Path:
        """Rows shown one by one, with pictures and sounds: what the report needs beside the metrics."""
        return self.path / "examples.json"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def card(self) -> Path:
        """The model card."""
        return self.path / "card.md"

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.yaml"

    @property
    def start(self) -> Path:
        """What the run was started with: recipe as given, tables and their digests."""
        return self.path / "run.json"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def finished(self) -> bool:
        return self.metrics.is_file() and self.bundle.is_dir()

    def write_result(self, result: dict[str, Any]) -> None:
        """metrics.json, and examples.json with what each part of the result holds under "examples"."""
        parts = {name: part for name, part in result.items() if isinstance(part, dict) and "examples" in part}
        write_json(self.examples, {name: part["examples"] for name, part in parts.items()})
        slim = {name: {k: v for k, v in part.items() if k != "examples"} for name, part in parts.items()}
        write_json(self.metrics, {**result, **slim})

    def read_result(self) -> dict[str, Any]:
        """The whole result, examples included.

        Raises:
            InputError: when the run is not finished.
        """
        if not self.metrics.is_file():
            raise InputError("the run is not finished: it holds no metrics.json", where=str(self.path))
        result = dict(read_json(self.metrics))
        examples = read_json(self.examples) if self.examples.is_file() else {}
        return {**result, **{name: {**result[name], "examples": found} for name, found in examples.items()}}

    def write_start(self, given: Recipe, resolved: Recipe, tables: dict[str, dict[str, Any]]) -> None:
        """run.json with the recipe as given, recipe.yaml with every field filled."""
        write_json(self.start, {"recipe": given.model_dump(mode="json"), "tables": tables})
        write_text(self.recipe, dump_recipe(resolved))

    def read_start(self) -> dict[str, Any]:
        """
        Raises:
            InputError: when the folder holds no run.
        """
        if not self.start.is_file():
            raise InputError(
                "not a run folder: it holds no run.json",
                where=str(self.path),
                fix="Give the folder that `consilience train` printed",
            )
        return dict(read_json(self.start))


def new_run_folder(wanted: Path | None, table: str) -> tuple[RunFolder, str | None]:
    """An empty run folder, and a note when an earlier run stood there: it is moved aside, never overwritten.

    Raises:
        InputError: when the folder holds other files.
    """
    if wanted is None:
        stem = re.sub(r"[^0-9A-Za-z_-]+", "-", Path(table).name.split(".")[0]) or "run"
        wanted = Path("runs") / f"{stem}-{datetime.now():%Y%m%d-%H%M%S}"
        while wanted.exists():
            wanted = wanted.with_name(wanted.name + "-2")
    note = None
    if wanted.is_file():
        raise InputError("a file of this name stands there", where=str(wanted), fix="Give another --run folder")
    if wanted.is_dir() and any(wanted.iterdir()):
        if not (wanted / "run.json").exists():
            raise InputError(
                "the folder is not empty and holds no run", where=str(wanted), fix="Give another --run folder"
            )
        aside = next(p for i in range(1, 10_000) if not (p := wanted.with_name(f"{wanted.name}.{i}")).exists())
        wanted.rename(aside)
        note = f"{wanted} held an earlier run: it is now {aside}"
    return RunFolder(wanted), note


def find_bundle(path: Path) -> Path:
    """The bundle folder that a run folder or a bundle folder stands for.

    Raises:
        InputError: when the path is neither, or the run is unfinished.
    """
    if (path / "manifest.json").is_file():
        return path
    run = RunFolder(path)
    if not path.is_dir():
        raise InputError("no such run folder", where=str(path))
    if run.bundle.is_dir():
        return run.bundle
    if run.start.is_file():
        raise InputError(
            "this run is not finished", where=str(path), fix=f"Finish it with: consilience train --resume {path}"
        )
    raise InputError("neither a run folder nor a model", where=str(path))


def describe_table(table: Table, source: Any) -> dict[str, Any]:
    """{"name", "path", "rows", "sha256"}: path is None for tables in memory; the digest is the file's, or that of
    the cells where there is no file."""
    path = Path(source).resolve() if isinstance(source, (str, Path)) else None
    digest = hashlib.sha256()
    if path is not None and path.is_file():
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    else:
        digest.update(json.dumps([str(t) for t in table.frame.schema.items()]).encode())
        for column in table.frame.columns:
            for start in range(0, max(table.rows, 1), 65_536):
                part = table.frame.slice(start, 65_536).select(column)
                digest.update(part.write_ipc(None).getvalue())
    return {
        "name": table.name,
        "path": str(path) if path else None,
        "rows": table.rows,
        "sha256": digest.hexdigest(),
    }
