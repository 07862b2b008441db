"""A trained model as a user holds it: predict, evaluate, and where its run folder is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from consilience.artifacts.bundle import CHUNK, Bundle, Opinion, joined_opinions
from consilience.artifacts.decoding import decoding
from consilience.artifacts.forecasts import check_steps, forecast_steps, is_steps, windows_to_judge
from consilience.artifacts.run_folder import RunFolder, find_bundle
from consilience.artifacts.several import opinions_of_views, view_named
from consilience.artifacts.store import load_bundle
from consilience.core.errors import InputError, nearest
from consilience.core.events import Listener, nobody
from consilience.core.files import read_json
from consilience.data.clusters import cluster_codes, cluster_column
from consilience.data.history import pieces
from consilience.data.table import Table, read_table
from consilience.data.windows import ORIGIN, block_codes
from consilience.modalities.base import Problem, merge_problems
from consilience.tasks.answers import answers_of
from consilience.tasks.several import named_columns

Array = np.ndarray[Any, Any]


class DataWarning(UserWarning):
    """Something in a table had to be repaired to predict: a counted, named cause."""


class Model:
    """A bundle and the folder that it came from.

    Attributes:
        bundle: recipe, facts, networks, references and weights.
        run: the run folder, or None for a bundle that stands alone.
        metrics: the result of the run (`metrics.json`); empty for a bundle that stands alone and holds none.
        problems: the repairs that the last prediction made.
    """

    def __init__(self, bundle: Bundle, run: Path | None = None, metrics: Path | None = None) -> None:
        self.bundle, self.run = bundle, run
        metrics = RunFolder(run).metrics if run else metrics
        self.metrics: dict[str, Any] = read_json(metrics) if metrics and metrics.is_file() else {}
        self.problems: list[Problem] = []

    @property
    def targets(self) -> list[str]:
        """What the model predicts: one column, or several."""
        return list(self.bundle.views) or [self.bundle.recipe.target]

    def of(self, target: str | None = None) -> Model:
        """The model of one target: of several the one that is named, everything of a model of one target with it.

        Raises:
            InputError: when there is no such target, or there are several and none is named.
        """
        view = view_named(self.bundle, target)
        if view is self.bundle:
            return self
        found = Model(view, self.run)
        found.metrics = (self.metrics.get("targets") or {}).get(view.recipe.target) or {}
        return found

    @property
    def classes(self) -> list[str] | None:
        """Class names in the order of `predict_proba`'s columns; None for regression and for several targets."""
        classes = None if self.bundle.views else self.bundle.facts["task"].get("classes")
        return [str(c) for c in classes] if classes is not None else None

    @property
    def groups(self) -> list[str]:
        """Names of the groups of columns, which `hidden` can name."""
        return self.bundle.groups

    @property
    def report(self) -> Path | None:
        """The run's report.html."""
        path = RunFolder(self.run).report if self.run else None
        return path if path and path.is_file() else None

    def write_report(self, *, language: str | None = None, path: str | Path | None = None) -> Path:
        """Write the run's report again; returns the file written.

        Args:
            language: "en" or "zh"; the recipe's `report.language` when None.
            path: file to write; the run's report.html when None.
        Raises:
            InputError: for a bundle that stands alone, an unfinished run or another language.
        """
        from consilience.evaluation.report import report_again

        if self.run is None:
            raise InputError("this model has no run folder, so there is nothing to report")
        return report_again(self.run, language, Path(path) if path else None)

    def predict(self, table: Any, *, hidden: Iterable[str] = ()) -> Any:
        """[N] predictions: class names (of the target's own type) or numbers; of a forecast the steps after the last
        one of each entity, as in `predict_table`. Of several targets {target: [N]}.

        Args:
            table: anything that `fit` takes; the target column may be missing. Absent columns, unseen categories,
                broken media and empty cells are predicted too, with a counted DataWarning.
            hidden: groups to treat as missing.
        Raises:
            InputError: when the table has none of the model's columns.
        """
        found = self.predict_table(table, hidden=hidden)
        if self.bundle.views:
            return {target: found[target].to_numpy() for target in self.targets}
        return found["prediction"].to_numpy()

    def predict_proba(self, table: Any, *, hidden: Iterable[str] = ()) -> Array:
        """[N, K] probabilities in the order of `classes` (multi-label: one probability a label).

        Raises:
            InputError: for a regression model, and as `predict`.
        """
        if self.bundle.views:
            raise InputError("each target has probabilities of its own", fix="Use of(target).predict_proba")
        if what := answers_of(self.bundle.task).no_probabilities:
            raise InputError(f"a {what} has no probabilities", fix="Use predict")
        predictions, self.problems = self.bundle.predict(read_table(table), hidden)
        _warn(self.problems)
        return predictions

    def predict_table(
        self,
        table: Any,
        *,
        hidden: Iterable[str] = (),
        level: float | None = None,
        abstain: float | None = None,
        settings: Sequence[str] = (),
    ) -> pl.DataFrame:
        """A frame with "prediction" and, for classes, "probability:<class>" columns; one row a row of the table.
        Forecasts: one row an entity, step and target after the last step (`artifacts.forecasts.forecast_steps`). Of
        several targets "label", "label:probability:<class>", "age", "age:low" …

        Args:
            level: also "set", the classes that hold the true one with this probability (joined by " | "; empty: no
                class is likely enough, refer the row), or for numbers "low" and "high".
            abstain: also "refer", True for rows that a person should decide, so that the error rate of the others stays
                at most this (an error rate that the run was trained to look for).
            settings: of a model that writes texts: how, "method=sample" say; see `tasks.writing.search.Decoding`.
        """
        asked: dict[str, Any] = {"hidden": hidden, "level": level, "abstain": abstain, "settings": settings}
        parts = list(self.predict_chunks([read_table(table)], **asked))
        _warn(self.problems)
        return pl.concat(parts)

    def predict_chunks(
        self,
        tables: Iterable[Table],
        *,
        hidden: Iterable[str] = (),
        level: float | None = None,
        abstain: float | None = None,
        settings: Sequence[str] = (),
    ) -> Iterator[pl.DataFrame]:
        """Predictions table by table, in constant memory; `problems` counts over all of them; see `predict_table`.

        Raises:
            InputError: when `level` is not between 0 and 1, the run knows no threshold for `abstain`, and as `predict`.
        """
        from consilience.evaluation.confidence.columns import check_level

        check_level(level)
        if self.bundle.recipe.series is not None:
            first, *others = tables
            if is_steps(self.bundle, first):
                check_steps(level, abstain)
                found, self.problems = forecast_steps(self.bundle, [first, *others], hidden)
                yield found
                return
            tables = [first, *others]
        thresholds = thresholds_of(self, abstain)
        offset, seen = 0, []
        with decoding(self.bundle, settings):
            for table in pieces(tables, self.bundle.recipe.history):
                problems: list[Problem] = []
                chunks = _columns(self.bundle, table, hidden, level, thresholds)
                for columns, problems in chunks:  # noqa: B007 (the last one counts all)
                    yield pl.DataFrame(columns)
                seen.append((offset, problems))
                offset += table.rows
                self.problems = merge_problems(seen)

    def evaluate(self, table: Any, *, hidden: Iterable[str] = ()) -> dict[str, Any]:
        """{metric: {"value", "low", "high"}} of the default prediction on a labelled table, 95 % intervals. Of several
        targets {target: that} for those that the table has.

        Raises:
            InputError: when the target column is missing or holds no known label.
        """
        from consilience.evaluation.intervals import with_intervals

        if self.bundle.views:
            return _of_each(self, read_table(table), lambda one, rows: one.evaluate(rows, hidden=hidden))
        rows, opinion = self.opinion(read_table(table), hidden)
        return with_intervals(rows.kind, rows.target, rows.weight, opinion.final, rows.seed, clusters=rows.clusters)

    def judge(self, table: Any) -> dict[str, Any]:
        """Default prediction, network, references and single groups on a labelled table; see
        `evaluation.judgement.judge`. Of several targets {target: that} for those that the table has."""
        from consilience.evaluation.judgement import judge, prior_predictions

        if self.bundle.views:
            return _of_each(self, read_table(table), lambda one, rows: one.judge(rows))
        rows, opinion = self.opinion(read_table(table), ())
        return judge(self.bundle, opinion, rows, prior_predictions(self.bundle, len(rows.target)))

    def explain(
        self,
        table: Any,
        rows: Sequence[int] | None = None,
        class_name: str | None = None,
        *,
        fixed: Sequence[str] = (),
        target: str | None = None,
        listener: Listener = nobody,
    ) -> list[dict[str, Any]]:
        """Why the model predicts what it predicts: a plain dictionary a row; see `explanation.explain.explain_rows`.

        Args:
            rows: row numbers of the table, from 0; all when None. class_name: class to explain; the predicted one when
                None. fixed: columns that no counterfactual may change. target: of several the one to explain.
        Raises:
            InputError: for a row, class or column that does not exist.
        """
        if self.bundle.exported is not None:
            raise InputError(
                "an exported model holds no weights to trace a prediction through",
                fix="Explain with the run folder that it was exported from",
            )
        from consilience.explanation.table_rows import explain_table

        model = (view_named(self.bundle, target), self.run)
        return explain_table(model, read_table(table), rows, class_name, fixed, listener)

    def opinion(self, table: Table, hidden: Iterable[str]) -> tuple[Any, Opinion]:
        """The labelled rows of a table as (Judged, Opinion)."""
        from consilience.evaluation.comparison import Judged

        table, repairs = windows_to_judge(self.bundle, table)
        target, task = self.bundle.recipe.target, self.bundle.task
        if target not in table.frame.columns:
            raise InputError(
                f"no column is named {target!r}, the model's target",
                where=table.name,
                fix=nearest(target, table.frame.columns),
            )
        targets = task.encode(table.frame[target])
        if not (targets.weight > 0).any():
            raise InputError(f"column {target!r} holds no label that the model knows", where=table.name)
        parts = []
        for opinion, problems in self.bundle.opinions(table, hidden, CHUNK):
            parts.append(opinion)
            self.problems = [*repairs, *problems]
        series = self.bundle.recipe.series
        if series is not None:
            clusters = block_codes(table.frame[ORIGIN], series.horizon) if ORIGIN in table.frame.columns else None
        else:
            clusters = cluster_codes(table.frame, cluster_column(self.bundle.recipe))
        rows = Judged(task.kind, targets.target, targets.weight, clusters, self.bundle.recipe.seed)
        return rows, joined_opinions(parts)


def _warn(problems: Iterable[Problem]) -> None:
    for problem in problems:
        warnings.warn(DataWarning(say(problem)), stacklevel=4)


def thresholds_of(model: Model, abstain: float | None) -> dict[str, float]:
    """Target → confidence below which a row is referred; of several targets those that know the error rate.

    Raises:
        InputError: when none does.
    """
    from consilience.evaluation.confidence.columns import refer_threshold

    if abstain is None:
        return {}
    if not model.bundle.views:
        return {model.bundle.recipe.target: refer_threshold(model.metrics, abstain)}
    every = model.metrics.get("targets") or {}
    found, refused = {}, []
    for target in model.targets:
        try:
            found[target] = refer_threshold(every.get(target) or {}, abstain)
        except InputError as error:
            refused.append(error)
    if not found:
        raise refused[0]
    return found


def _columns(
    bundle: Bundle,
    table: Table,
    hidden: Iterable[str],
    level: float | None,
    thresholds: Mapping[str, float],
) -> Iterator[tuple[dict[str, Any], list[Problem]]]:
    """Columns of each chunk of rows, with all Problems found so far."""
    if not bundle.views:
        for opinion, problems in bundle.opinions(table, hidden):
            yield _told(bundle, opinion, hidden, level, thresholds), problems
        return
    for opinions, problems in opinions_of_views(bundle, table, hidden):
        columns: dict[str, Any] = {}
        for target, opinion in opinions.items():
            columns |= named_columns(target, _told(bundle.views[target], opinion, hidden, level, thresholds))
        yield columns, problems


def _told(
    bundle: Bundle, opinion: Opinion, hidden: Iterable[str], level: float | None, thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """Prediction, probabilities, set or interval, and whether to refer the row."""
    from consilience.evaluation.confidence.columns import certain_columns, refer_column

    columns: dict[str, Any] = bundle.task.decode(opinion.final)
    if level is not None:
        columns |= certain_columns(bundle, opinion, level, hidden)
    if bundle.recipe.target in thresholds:
        columns |= refer_column(bundle, opinion, thresholds[bundle.recipe.target])
    return columns


def _of_each(model: Model, table: Table, call: Callable[[Model, Table], Any]) -> dict[str, Any]:
    """Target → what is said of it, for the targets that the table has.

    Raises:
        InputError: when the table has none of them.
    """
    there = [target for target in model.targets if target in table.frame.columns]
    if not there:
        shown = ", ".join(map(repr, model.targets))
        raise InputError(f"the table holds none of the model's targets ({shown})", where=table.name)
    found = {}
    for target in there:
        one = model.of(target)
        found[target] = call(one, table)
        model.problems = one.problems
    return found


def say(problem: Problem) -> str:
    """A repair as one line: column, count, what was done, first rows."""
    rows = f" (rows {', '.join(str(r) for r in problem.rows[:5])})" if problem.rows else ""
    example = f"; for example {problem.examples[0]}" if problem.examples else ""
    return f"column {problem.column!r}: {problem.count} × {problem.code}: {problem.message}{rows}{example}"


def load(path: str | Path) -> Model:
    """The model of a run folder or bundle folder, after checking every file's hash.

    Raises:
        InputError: when the path holds no finished run or bundle, or a file was changed.
    """
    path = Path(path)
    bundle = find_bundle(path)
    alone = bundle == path
    return Model(load_bundle(bundle), None if alone else path, bundle / "metrics.json")
