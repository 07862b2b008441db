"""scikit-learn manners: `MultimodalClassifier` and `MultimodalRegressor`.

They work in `cross_val_score`, `GridSearchCV` and `Pipeline`; X is a frame of mixed columns or an array of numbers.
All rows given to `fit` are training and validation rows: the caller's own split is the test.
"""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    check_array,
    check_is_fitted,
    column_or_1d,
)

from consilience.data.table import Table, read_table
from consilience.model import DataWarning, Model

TARGET = "target"


class _Multimodal(BaseEstimator):  # type: ignore[misc]
    """Abstract: what both estimators share. See the subclasses."""

    _task: str

    def __init__(
        self,
        *,
        effort: int = 3,
        recipe: Any = None,
        settings: tuple[str, ...] = (),
        stack: bool = True,
        random_state: int | None = 0,
    ) -> None:
        self.effort = effort
        self.recipe = recipe
        self.settings = settings
        self.stack = stack
        self.random_state = random_state

    def _train(self, table: Table, target: pl.Series) -> None:
        from consilience.api import recipe_from
        from consilience.pipeline import train_pipeline

        if table.rows != len(target):
            raise ValueError(f"X has {table.rows} rows, y has {len(target)}")
        if table.rows < 2:
            raise ValueError(f"n_samples = {table.rows}: at least 2 rows are needed to train and validate")
        name = TARGET
        while name in table.frame.columns:
            name += "_"
        recipe = recipe_from(
            name,
            self.recipe,
            (*self.settings, f"task.type={self._task}", "split.test=0"),
            effort=self.effort,
            stack=self.stack,
            seed=0 if self.random_state is None else int(self.random_state),
        )
        whole = Table(table.frame.with_columns(target.alias(name)), table.folder, "X")
        with tempfile.TemporaryDirectory(prefix="consilience-") as folder:
            self.model_ = Model(train_pipeline(recipe, whole, Path(folder)))

    def _table(self, X: Any, reset: bool) -> Table:
        """X as a table; remembers or checks its columns as scikit-learn's estimators do."""
        _check_feature_names(self, X, reset=reset)
        if not issparse(X) and (hasattr(X, "columns") or isinstance(X, (Table, dict)) or hasattr(X, "schema")):
            table = read_table(X) if not isinstance(X, Table) else X
            frame = table.frame.rename({c: str(c) for c in table.frame.columns})
            if frame.width == 0 or frame.height == 0:
                raise ValueError(f"Found array with {frame.height} sample(s) and {frame.width} feature(s)")
            _check_n_features(self, np.empty((1, frame.width)), reset=reset)
            return Table(frame, table.folder, "X")
        array = check_array(X, dtype=None, ensure_all_finite="allow-nan", estimator=self, input_name="X")
        _check_n_features(self, array, reset=reset)
        if array.dtype.kind in "OUS":
            return replace(read_table({f"x{i}": column.tolist() for i, column in enumerate(array.T)}), name="X")
        return Table(pl.DataFrame({f"x{i}": c for i, c in enumerate(array.T.astype(np.float64))}), None, "X")

    def _judged(self, X: Any, call: str) -> Any:
        check_is_fitted(self, "model_")
        table = self._table(X, reset=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if table.name == "X" else "default", DataWarning)
            return getattr(self.model_, call)(table)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.non_deterministic = False
        return tags


class MultimodalClassifier(ClassifierMixin, _Multimodal):  # type: ignore[misc]
    """Classifier for a frame of mixed columns.

    Args:
        effort: the one dial, 1 to 5. recipe: a Recipe, recipe file or mapping. settings: ("train.epochs=3",).
        stack: combine the network with the references. random_state: seed of everything random.
    Attributes:
        classes_: [K] class labels. model_: the trained `Model`. n_features_in_, feature_names_in_.
    Example:
        >>> MultimodalClassifier(effort=1).fit(frame, y).predict_proba(frame)     # doctest: +SKIP
    """

    _task = "classification"

    def fit(self, X: Any, y: Any) -> MultimodalClassifier:
        """X: [N, C] frame or array; y: [N] labels.

        Raises:
            ValueError: for fewer than two rows or classes, or labels that are no classes.
        """
        table = self._table(X, reset=True)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds one class only ({self.classes_[0]!r}): a classifier needs two classes")
        self._train(table, pl.Series(TARGET, [f"class{c:06d}" for c in codes]))
        return self

    def predict_proba(self, X: Any) -> np.ndarray[Any, Any]:
        """[N, K] probabilities in the order of `classes_`."""
        return np.asarray(self._judged(X, "predict_proba"), np.float64)

    def predict(self, X: Any) -> np.ndarray[Any, Any]:
        """[N] labels of `classes_`."""
        check_is_fitted(self, "model_")
        return np.asarray(self.classes_[self.predict_proba(X).argmax(1)])


class MultimodalRegressor(RegressorMixin, _Multimodal):  # type: ignore[misc]
    """Regressor for a frame of mixed columns; arguments and attributes as `MultimodalClassifier`."""

    _task = "regression"

    def fit(self, X: Any, y: Any) -> MultimodalRegressor:
        """X: [N, C] frame or array; y: [N] finite numbers.

        Raises:
            ValueError: for fewer than two rows, or targets that are not finite.
        """
        table = self._table(X, reset=True)
        values = np.asarray(column_or_1d(y, warn=True), np.float64)
        if not np.isfinite(values).all():
            raise ValueError("y contains NaN or infinity")
        self._train(table, pl.Series(TARGET, values))
        return self

    def predict(self, X: Any) -> np.ndarray[Any, Any]:
        """[N] predictions in the unit of y."""
        return np.asarray(self._judged(X, "predict"), np.float64)
