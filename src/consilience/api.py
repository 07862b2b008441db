"""The Python face: `fit`, `load`, `design`, `inspect`, `search`, `distill`; a step of the command
line is one of these calls."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consilience.artifacts.run_folder import RunFolder, describe_table, new_run_folder
from consilience.core.errors import InputError
from consilience.core.events import Listener, nobody
from consilience.core.recipe import Recipe, make_recipe, read_recipe
from consilience.data.inspection import inspect
from consilience.data.table import Table, read_table
from consilience.model import DataWarning, Model, load
from consilience.training.nodes import follow, follows, leading, refuse_launched

if TYPE_CHECKING:
    from consilience.distillation.distill import Distilled
    from consilience.search.search import Found

Target = str | Sequence[str] | None
"""A target column, or several."""

__all__ = [
    "DataWarning",
    "Model",
    "design",
    "distill",
    "fit",
    "inspect",
    "load",
    "models",
    "prune",
    "recipe_from",
    "resume",
    "resume_search",
    "search",
    "traffic",
]


def recipe_from(
    target: Target = None,
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
        values["target"] = target if isinstance(target, str) else list(target)
    if "target" not in values and not any(s.startswith("target=") for s in settings):
        raise InputError("no target column is named", fix="Give --target COLUMN (target=... in Python)")
    return make_recipe(values, tuple(settings), where)


def fit(
    train: Any,
    target: Target = None,
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
        target: name of the target column, or a list of names for several targets that one network learns.
        valid, test: more tables; cut from `train` when None.
        recipe: a Recipe, a recipe file or a mapping; fields left out follow the policy.
        settings: "train.learning_rate=3e-4" and the like, laid over the recipe.
        run: folder to leave; `runs/<table>-<time>` when None.
        listener: called with every event; see `core.events`.
        fields: recipe fields by name (effort=2, seed=1, ignore=("a",), stack=False).
    Several processes that `torchrun` started train together, and each returns the model: see `training.nodes`.

    Raises:
        InputError: when the input cannot be used; the message says what, where, and how to mend it.
    Example:
        >>> model = cs.fit("train.csv", target="y")            # doctest: +SKIP
        >>> model.evaluate("test.csv")["roc_auc"]              # doctest: +SKIP
        {'value': 0.93, 'low': 0.91, 'high': 0.95}
    """
    began = time.monotonic()
    if follows():
        return load(follow())
    with leading() as leave:
        chosen = recipe_from(target, recipe, settings, **fields)
        sources = {"train": train, "valid": valid, "test": test}
        tables = {name: read_table(source) for name, source in sources.items() if source is not None}
        described = {name: describe_table(table, sources[name]) for name, table in tables.items()}
        folder, note = new_run_folder(Path(run) if run else None, tables["train"].name)
        model = _run(chosen, tables, described, folder, (listener, note, began))
        leave(folder.path)
    return model


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
    if follows():
        return load(follow())
    with leading() as leave:
        folder = RunFolder(Path(run))
        start = folder.read_start()
        given = {"train": train, "valid": valid, "test": test}
        tables, described = _tables_again(start["tables"], given, folder.path)
        if not folder.finished:
            recipe = make_recipe(start["recipe"], (), str(folder.start))
            if any(objective.type == "distil" for objective in recipe.objectives):
                fix = "Start it again: consilience distill or prune, with the same --out"
                raise InputError("a run that another one teaches cannot go on alone", where=str(folder.path), fix=fix)
            _run(recipe, tables, described, folder, (listener, None, began))
        leave(folder.path)
    return load(folder.path)


def _tables_again(
    known: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any], folder: Path
) -> tuple[dict[str, Table], dict[str, Any]]:
    """The tables that a run or search was started with, and their descriptions.

    Args:
        known: what the folder says of them. given: the tables again, None where the folder knows the path.
    Raises:
        InputError: when a table was in memory and is not given, or is another one.
    """
    tables, described = {}, {}
    for name, first in known.items():
        source = given[name] if given[name] is not None else first["path"]
        if source is None:
            raise InputError(
                f"the {name} table of this run was given in memory", where=str(folder), fix=f"Give it again as {name}"
            )
        tables[name] = read_table(source)
        described[name] = describe_table(tables[name], source)
        if described[name]["sha256"] != first["sha256"]:
            raise InputError(
                f"{described[name]['name']} is not the {name} table that this run was started with "
                f"({first['name']}, {first['rows']} rows, sha256 {first['sha256'][:12]}…)",
                where=str(folder),
                fix="Give the same table, or start a new run",
            )
    return tables, described


def _run(
    recipe: Recipe,
    tables: dict[str, Table],
    described: dict[str, Any],
    folder: RunFolder,
    watch: tuple[Listener, str | None, float],
) -> Model:
    """Everything from tables to the finished run folder."""
    if recipe.targets:
        from consilience.several import run_several

        return run_several(recipe, tables, described, folder, watch)
    from consilience.pipeline import run_pipeline

    return run_pipeline(recipe, tables, described, folder, watch)


def design(
    train: Any,
    target: Target = None,
    *,
    recipe: Recipe | str | Path | Mapping[str, Any] | None = None,
    settings: Sequence[str] = (),
    rank: bool = False,
    listener: Listener = nobody,
    **fields: Any,
) -> dict[str, Any]:
    """The network that `fit` would train, in figures, and the complete recipe; nothing is trained.

    Args:
        rank: also how well each pretrained model of this machine would tell the target (LogME), in "rankings".

    Returns:
        {"groups": {name: {modality, columns, encoder, tokens, width, parameters, flops}}, "fusion", "head",
        "parameters", "flops", "task", "task_reason", "rows", "split", "rankings", "recipe"}.
    """
    chosen = recipe_from(target, recipe, settings, **fields)
    if chosen.targets:
        from consilience.several import design_several

        return design_several(chosen, read_table(train), listener)
    from consilience.pipeline import design_pipeline

    return design_pipeline(chosen, read_table(train), rank, listener)


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


def search(
    train: Any,
    target: Target = None,
    *,
    valid: Any = None,
    test: Any = None,
    recipe: Recipe | str | Path | Mapping[str, Any] | None = None,
    settings: Sequence[str] = (),
    space: str | Path | Mapping[str, Any] | None = None,
    trials: int = 30,
    minutes: float | None = None,
    pruner: str = "median",
    at_once: int = 1,
    cluster: str | None = None,
    out: str | Path | None = None,
    listener: Listener = nobody,
    **fields: Any,
) -> Found:
    """Try recipes on the validation rows, train the best one as an ordinary run, and read the test rows once.

    Args:
        train, target, valid, test, recipe, settings, fields: as for `fit`; the recipe is where the search begins.
        space: recipe field → {"low", "high", "log"} or {"choices"}, or a YAML file of that; around the policy's own
            recipe when None.
        trials: how many in all. minutes: no trial begins later. pruner: "median", "hyperband" or "none".
        at_once: trials under way at a time, each in a worker process. cluster: address of a Ray cluster whose machines
            train them; this machine alone when None.
        out: folder to leave; `searches/<table>-<time>` when None.
    Returns:
        Found(folder, result, model): result is what `result.json` says; model the run of the best recipe.
    Raises:
        InputError: when the input cannot be used, or no trial finished.
    Example:
        >>> found = cs.search("train.csv", target="y", trials=20)      # doctest: +SKIP
        >>> found.result["best"]["values"]["train.learning_rate"]      # doctest: +SKIP
        0.0041
    """
    from consilience.search.folder import new_search_folder
    from consilience.search.search import Asked, run_search
    from consilience.search.space import make_space, read_space
    from consilience.search.study import make_limits

    refuse_launched("a search", "Start it without torchrun: --at-once and --cluster divide the trials")
    limits = make_limits(trials, minutes, pruner, at_once, cluster)
    chosen = recipe_from(target, recipe, settings, **fields)
    wanted = read_space(Path(space)) if isinstance(space, (str, Path)) else make_space(space) if space else None
    sources = {"train": train, "valid": valid, "test": test}
    tables = {name: read_table(source) for name, source in sources.items() if source is not None}
    described = {name: describe_table(table, sources[name]) for name, table in tables.items()}
    folder = new_search_folder(Path(out) if out else None, tables["train"].name)
    return run_search(Asked(chosen, wanted, tables, described), folder, limits, listener)


def resume_search(
    out: str | Path,
    train: Any = None,
    *,
    valid: Any = None,
    test: Any = None,
    trials: int | None = None,
    minutes: float | None = None,
    at_once: int = 1,
    cluster: str | None = None,
    listener: Listener = nobody,
) -> Found:
    """Go on with a search that was interrupted: finished trials are kept, the one that was cut off goes on.

    Args:
        out: the search folder. train, valid, test: the tables again where they were given in memory. trials, minutes:
            other limits than the search was started with. at_once, cluster: see `search`; of this sitting.
    Raises:
        InputError: when the folder holds no search, a table is another one, or a finished search is to be longer.
    """
    from consilience.search.folder import SearchFolder
    from consilience.search.search import Asked, finished_search, read_search, run_search
    from consilience.search.study import make_limits

    refuse_launched("a search", "Start it without torchrun: --at-once and --cluster divide the trials")
    folder = SearchFolder(Path(out))
    start, recipe, space = read_search(folder)
    done = finished_search(folder)
    if done is not None:
        if trials is not None and trials > len(done.result["trials"]):
            fix = f"Begin a new search from its best recipe: --recipe {folder.best}"
            raise InputError("this search is over, its test rows were read", where=str(out), fix=fix)
        return done
    tables, described = _tables_again(start["tables"], {"train": train, "valid": valid, "test": test}, folder.path)
    limits = make_limits(trials or start["trials"], minutes or start["minutes"], start["pruner"], at_once, cluster)
    return run_search(Asked(recipe, space, tables, described), folder, limits, listener)


def distill(
    run: str | Path,
    train: Any = None,
    *,
    valid: Any = None,
    test: Any = None,
    effort: int = 1,
    teacher: str = "stack",
    temperature: float = 2.0,
    weight: float = 0.7,
    out: str | Path | None = None,
    settings: Sequence[str] = (),
    listener: Listener = nobody,
) -> Distilled:
    """Train a small student on what a finished run's model says of its training rows, and compare the two on test rows.

    Args:
        run: run folder of the teacher. train, valid, test: its tables again where they were given in memory.
        effort: size of the student. teacher: "stack" (the whole model, whose linear reference stays beside the student
            where it counts) or "network". temperature, weight: see `training.objectives.distil`.
        out: run folder of the student; `<run>-student` when None. settings: "width=48" and the like, for the student.
    Returns:
        Distilled(model, result): result is what `distill.json` says.
    Raises:
        InputError: when the folder holds no finished run, a table is another one, or a setting is refused.
    """
    from consilience.distillation.distill import Task, run_distillation, student_folder
    from consilience.distillation.student import kept_references, make_lesson, student_recipe
    from consilience.distillation.teachable import check_teachable

    began = time.monotonic()
    refuse_launched("distillation", "Start it without torchrun")
    lesson = make_lesson(effort, teacher, temperature, weight)
    model, start, (tables, described) = _finished(run, {"train": train, "valid": valid, "test": test})
    check_teachable(model.bundle, "distilled")
    kept = kept_references(model.bundle.weights, lesson.voice)
    recipe = student_recipe(start["recipe"], lesson, settings, kept)
    wanted = student_folder(Path(run), Path(out) if out else None)
    folder, note = new_run_folder(wanted, tables["train"].name)
    return run_distillation(Task(model, recipe, lesson, tables, described), folder, (listener, note, began))


def _finished(
    run: str | Path, given: Mapping[str, Any]
) -> tuple[Model, dict[str, Any], tuple[dict[str, Table], dict[str, Any]]]:
    """Model of a finished run, what the run was started with, and its tables again; see `_tables_again`."""
    source = RunFolder(Path(run))
    start = source.read_start()
    model = load(source.path)
    return model, start, _tables_again(start["tables"], given, source.path)


def traffic(
    video: str | Path,
    out: str | Path,
    *,
    calibration: str | Path | Mapping[str, Any] | None = None,
    line: str | Sequence[float] | None = None,
    detector: Any = "motion",
    signal: tuple[float, float] = (1800.0, 4.0),
    annotate: bool = True,
    listener: Listener = nobody,
) -> dict[str, Any]:
    """Vehicles in the video of a fixed camera: detected, tracked, counted by type and direction, their speed measured.

    Args:
        out: folder for vehicles.csv, minutes.csv, forecast.csv, plots, annotated.mp4 and summary.json.
        calibration: {"image": four [x, y] in pixels, "ground": the same in metres}, or its JSON file; without it speeds
            are in pixels a second.
        line: "x0,y0,x1,y1" or four numbers, pixels; laid across the main flow when None.
        detector: "motion", a run or bundle folder of a model that finds boxes (its classes become the types), a network
            of torchvision whose weights are on this machine, or any callable frame (BGR uint8 [H, W, 3]) →
            (boxes [n, 4], scores [n], classes).
        signal: saturation flow (vehicles an hour of green) and lost time (seconds a phase) for the green times.

    Returns:
        The summary, see `applications.traffic.watch.watch`.
    Raises:
        InputError: when the video, the calibration or the line cannot be used.
    """
    from consilience.applications.traffic.start import make_options
    from consilience.applications.traffic.watch import watch

    given = make_options(calibration, line, detector, signal)
    return watch(Path(video), Path(out), given._replace(video=annotate), listener)


def prune(
    run: str | Path,
    train: Any = None,
    *,
    valid: Any = None,
    test: Any = None,
    share: float = 0.5,
    importance: str = "taylor",
    teacher: str = "stack",
    temperature: float = 2.0,
    weight: float = 0.7,
    out: str | Path | None = None,
    settings: Sequence[str] = (),
    listener: Listener = nobody,
) -> Distilled:
    """Remove channels from the convolutions of a finished run's network, train what is left with the run as its
    teacher, and compare the two on test rows.

    Args:
        run: run folder. train, valid, test: its tables again where they were given in memory.
        share: of the channels of each layer that convolves. importance: "taylor" (what the loss would change without a
            channel) or "magnitude" (its weights).
        teacher, temperature, weight: see `distill`. out: folder of the narrower run; `<run>-pruned` when None.
        settings: "train.epochs=8" and the like, for the narrower run.
    Returns:
        Distilled(model, result): result is what `prune.json` says.
    Raises:
        InputError: when the folder holds no finished run, a table is another one, or nothing can be removed.
    """
    from consilience.distillation.distill import Task
    from consilience.distillation.prune import make_cut, narrow_recipe, run_pruning
    from consilience.distillation.student import make_lesson
    from consilience.distillation.teachable import check_teachable

    began = time.monotonic()
    refuse_launched("pruning", "Start it without torchrun")
    cut, lesson = make_cut(share, importance), make_lesson(1, teacher, temperature, weight)
    model, _, (tables, described) = _finished(run, {"train": train, "valid": valid, "test": test})
    check_teachable(model.bundle, "pruned")
    recipe = narrow_recipe(model.bundle, lesson, settings)
    wanted = Path(out) if out else Path(run).with_name(f"{Path(run).name}-pruned")
    folder, note = new_run_folder(wanted, tables["train"].name)
    return run_pruning(Task(model, recipe, lesson, tables, described), cut, folder, (listener, note, began))
