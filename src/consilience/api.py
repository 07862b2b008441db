"""The Python face: `fit`, `load`, `design`, `inspect`. Each step of the command line is one of these calls."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from consilience.artifacts.run_folder import RunFolder, describe_table, new_run_folder
from consilience.core.errors import InputError
from consilience.core.events import Listener, nobody
from consilience.core.recipe import Recipe, make_recipe, read_recipe
from consilience.data.inspection import inspect
from consilience.data.table import Table, read_table
from consilience.model import DataWarning, Model, load

__all__ = ["DataWarning", "Model", "design", "fit", "inspect", "load", "models", "recipe_from", "resume"]


def recipe_from(
    target: str | None = None,
    recipe: Recipe | str | Path | Mapping[str, Any] | None = None,
    settings: Sequence[str] = (),
    **fields: Any,
) -> Recipe:
    """A recipe from a file or mapping, then fields that are not None, then `a.b=c` settings, the later ones winning.

    Raises:
        InputError: when no target is named, or a field is unknown or out of range.
    """
    where = "recipe"
    if isinstance(recipe, Recipe):
        values = recipe.model_dump(mode="json")
    elif isinstance(recipe, (str, Path)):
        values, where = read_recipe(Path(recipe)), str(recipe)
    else:
        values = dict(recipe or {})
    values.update({k: v for k, v in fields.items() if v is not None})
    if target is not None:
        values["target"] = target
    if "target" not in values and not any(s.startswith("target=") for s in settings):
        raise InputError("no target column is named", fix="Give --target COLUMN (target=... in Python)")
    return make_recipe(values, tuple(settings), where)


def fit(
    train: Any,
    target: str | None = None,
    *,
    valid: Any = None,
    test: Any = None,
    recipe: Recipe | str | Path | Mapping[str, Any] | None = None,
    settings: Sequence[str] = (),
    run: str | Path | None = None,
    listener: Listener = nobody,
    **fields: Any,
) -> Model:
    """Prepare, design, train and evaluate; leaves a run folder and returns the model.

    Args:
        train: path of a table or class folder, a pandas, Polars or Arrow table, or a mapping of lists.
        target: name of the target column.
        valid, test: more tables; cut from `train` when None.
        recipe: a Recipe, a recipe file or a mapping; fields left out follow the policy.
        settings: "train.learning_rate=3e-4" and the like, laid over the recipe.
        run: folder to leave; `runs/<table>-<time>` when None.
        listener: called with every event; see `core.events`.
        fields: recipe fields by name (effort=2, seed=1, ignore=("a",), stack=False).
    Raises:
        InputError: when the input cannot be used; the message says what, where, and how to mend it.
    Example:
        >>> model = cs.fit("train.csv", target="y")            # doctest: +SKIP
        >>> model.evaluate("test.csv")["roc_auc"]              # doctest: +SKIP
        {'value': 0.93, 'low': 0.91, 'high': 0.95}
    """
    began = time.monotonic()
    chosen = recipe_from(target, recipe, settings, **fields)
    sources = {"train": train, "valid": valid, "test": test}
    tables = {name: read_table(source) for name, source in sources.items() if source is not None}
    described = {name: describe_table(table, sources[name]) for name, table in tables.items()}
    folder, note = new_run_folder(Path(run) if run else None, tables["train"].name)
    return _run(chosen, tables, described, folder, (listener, note, began))


def resume(
    run: str | Path,
    train: Any = None,
    *,
    valid: Any = None,
    test: Any = None,
    listener: Listener = nobody,
) -> Model:
    """Go on with a run that was interrupted; ends with the same model as an uninterrupted run.

    Args:
        run: the run folder. train, valid, test: the tables again where they were given in memory, else None.
    Raises:
        InputError: when the folder holds no run, or a table is not the one that the run was started with.
    """
    began = time.monotonic()
    folder = RunFolder(Path(run))
    start = folder.read_start()
    given = {"train": train, "valid": valid, "test": test}
    tables, described = {}, {}
    for name, known in start["tables"].items():
        source = given[name] if given[name] is not None else known["path"]
        if source is None:
            raise InputError(
                f"the {name} table of this run was given in memory", where=str(run), fix=f"Give it again as {name}"
            )
        tables[name] = read_table(source)
        described[name] = describe_table(tables[name], source)
        if described[name]["sha256"] != known["sha256"]:
            raise InputError(
                f"{described[name]['name']} is not the {name} table that this run was started with "
                f"({known['name']}, {known['rows']} rows, sha256 {known['sha256'][:12]}…)",
                where=str(run),
                fix="Give the same table, or start a new run",
            )
    if folder.finished:
        return load(folder.path)
    recipe = make_recipe(start["recipe"], (), str(folder.start))
    return _run(recipe, tables, described, folder, (listener, None, began))


def _run(
    recipe: Recipe,
    tables: dict[str, Table],
    described: dict[str, Any],
    folder: RunFolder,
    watch: tuple[Listener, str | None, float],
) -> Model:
    """Everything from tables to the finished run folder."""
    from consilience.pipeline import run_pipeline

    return run_pipeline(recipe, tables, described, folder, watch)


def design(
    train: Any,
    target: str | None = None,
    *,
    recipe: Recipe | str | Path | Mapping[str, Any] | None = None,
    settings: Sequence[str] = (),
    rank: bool = False,
    listener: Listener = nobody,
    **fields: Any,
) -> dict[str, Any]:
    """The network that `fit` would train, in figures, and the complete recipe; nothing is trained.

    Args:
        rank: also how well each pretrained text model of this machine would tell the target (LogME), in "rankings".

    Returns:
        {"groups": {name: {modality, columns, encoder, tokens, width, parameters, flops}}, "fusion", "head",
        "parameters", "flops", "task", "task_reason", "rows", "split", "rankings", "recipe"}.
    """
    from consilience.pipeline import design_pipeline

    return design_pipeline(recipe_from(target, recipe, settings, **fields), read_table(train), rank, listener)


def models() -> dict[str, Any]:
    """The pretrained models that a recipe can name on this machine; nothing is downloaded.

    Returns:
        {"models": [{name, kind, library, parameters, size, licence, place, folder, encoder}], "cache": the Hugging Face
        cache that was looked at, "architectures": {library: count of networks, None where it is not installed}}.
    """
    from consilience.encoders.pretrained.inventory import architectures, inventory
    from consilience.encoders.pretrained.locate import hub_cache

    found = [model._asdict() for model in inventory()]
    return {"models": found, "cache": str(hub_cache()), "architectures": architectures()}
