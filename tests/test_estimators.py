"""scikit-learn manners: its own checks, cross-validation, grid search, pipelines, frames of mixed columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from consilience import MultimodalClassifier, MultimodalRegressor

FAST = ("train.epochs=15", "train.batch_size=32", "references=[]", "split.folds=1", "width=16", "train.threads=1")
FIT = {"effort": 1, "settings": FAST, "stack": False}
REGRESSION = {**FIT, "settings": ("train.epochs=100", *FAST[1:4], "train.threads=1")}


NOT_APPLICABLE = {
    "check_methods_subset_invariance": "asks for 1e-7: a float32 network rounds a row by the size of its batch (2e-7)",
}
"""Checks that cannot apply, with the reason; `check_array_api_input` skips itself unless SCIPY_ARRAY_API is set."""


@parametrize_with_checks([MultimodalClassifier(**FIT), MultimodalRegressor(**REGRESSION)])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_checks(estimator: Any, check: Callable[[Any], None]) -> None:
    name = getattr(check, "func", check).__name__
    if name in NOT_APPLICABLE:
        pytest.skip(NOT_APPLICABLE[name])
    check(estimator)


@pytest.mark.slow
def test_cross_val_score_and_grid_search_on_a_mixed_frame(make_table: Callable[..., pl.DataFrame]) -> None:
    frame = make_table(150, media=False).to_pandas()
    target = frame.pop("sick")
    scores = cross_val_score(MultimodalClassifier(**FIT), frame, target, cv=3, scoring="roc_auc")
    assert scores.mean() > 0.85
    search = GridSearchCV(MultimodalClassifier(**FIT), {"effort": [1, 2]}, cv=2).fit(frame, target)
    assert search.best_params_["effort"] in (1, 2)
    assert set(search.predict(frame)) <= {"yes", "no"}


def test_pipeline_and_regression() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=200), "city": random.choice(["x", "y"], 200)})
    target = 3 * frame["a"] + 2 * (frame["city"] == "x") + 100
    keep = make_column_transformer((FunctionTransformer(), ["a", "city"]), verbose_feature_names_out=False)
    regressor = MultimodalRegressor(**REGRESSION)
    pipeline = make_pipeline(keep.set_output(transform="pandas"), regressor)
    assert pipeline.fit(frame, target).score(frame, target) > 0.9


def test_classes_keep_their_type_and_order(make_table: Callable[..., pl.DataFrame]) -> None:
    frame = make_table(120, media=False)
    labels = np.where(frame["sick"].to_numpy() == "yes", 7, -2)
    model = MultimodalClassifier(**FIT).fit(frame.drop("sick"), labels)
    assert model.classes_.tolist() == [-2, 7]
    predicted = model.predict(frame.drop("sick"))
    assert predicted.dtype == labels.dtype
    probabilities = model.predict_proba(frame.drop("sick"))
    assert np.allclose(probabilities.sum(1), 1)
    assert (predicted == model.classes_[probabilities.argmax(1)]).all()
