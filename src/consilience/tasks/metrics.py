"""Every metric that judges predictions, weighted, vectorised and quick enough for a thousand bootstrap
resamples.

A `Judge` sorts and counts once; `Judge.at(weight)` then gives the metrics under any row weights, so a
resample is a vector of counts. Figures agree with scikit-learn's; an undefined metric is NaN.

What averages mean: macro F1, precision and recall average over the classes that occur among targets or
predictions; macro ROC AUC and PR AUC are one-vs-rest and average over the classes with both positive and
negative rows. PR AUC is average precision. The Brier score of two classes counts the positive class once; of
more classes it sums over them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.tasks.boxes.precision import BoxPrecision
from consilience.tasks.forecasting.measures import Forecasts
from consilience.tasks.measures import (
    Concordance,
    Confusion,
    Errors,
    LabelSets,
    Measure,
    Probability,
    Ranking,
)
from consilience.tasks.text_measures import Exact, Overlap, Translation

Array = np.ndarray[Any, Any]

_AVERAGED = tuple(f"{m}_{a}" for m in ("precision", "recall", "f1") for a in ("macro", "micro", "weighted"))
_CLASSES = ("accuracy", "balanced_accuracy", *_AVERAGED, "roc_auc", "pr_auc", "matthews", "log_loss", "brier")

METRICS: dict[str, tuple[str, ...]] = {
    "binary": _CLASSES,
    "multiclass": _CLASSES,
    "multilabel": ("accuracy", "hamming_loss", *_AVERAGED, "roc_auc", "pr_auc", "log_loss", "brier"),
    "boxes": ("map_50", "map", "map_75", "recall_50"),
    "forecast": ("mse_z", "mae_z", "rmse", "mae", "mase", "smape", "wape", "pinball_z", "coverage"),
    "regression": ("rmse", "mae", "median_absolute_error", "r2", "concordance"),
    "text": ("rouge_l", "rouge_1", "rouge_2", "bleu", "chrf", "exact_match"),
}
"""Kind → metric names in the order reports print them. `accuracy` of label sets: the whole set is right."""

_LOWER = {"log_loss", "brier", "hamming_loss", "rmse", "mae", "median_absolute_error"}
_LOWER |= {"mse_z", "mae_z", "mase", "smape", "wape", "pinball_z"}
HIGHER_IS_BETTER: dict[str, bool] = {name: name not in _LOWER for names in METRICS.values() for name in names}

PRIMARY: dict[str, str] = {
    "binary": "roc_auc",
    "multiclass": "accuracy",
    "multilabel": "roc_auc",
    "regression": "rmse",
    "boxes": "map_50",
    "forecast": "mse_z",
    "text": "rouge_l",
}
"""Kind → the metric that picks checkpoints and heads reports. For label sets a metric without a threshold:
with rare labels F1 at one half stays 0 for epochs."""


_FAMILIES: dict[str, tuple[type[Measure], ...]] = {
    "binary": (Confusion, Ranking, Probability),
    "multiclass": (Confusion, Ranking, Probability),
    "multilabel": (LabelSets, Ranking, Probability),
    "boxes": (BoxPrecision,),
    "forecast": (Forecasts,),
    "regression": (Errors, Concordance),
    "text": (Overlap, Translation, Exact),
}


class Judge:
    """Predictions of some rows, made ready to be measured under many row weights.

    Args:
        kind: "binary", "multiclass", "multilabel", "regression" or "text".
        target: [N, K], see `Targets`; soft class shares count as their largest class, but for log loss and
        Brier.
        weight: [N]; rows of weight 0 are left out.
        predictions: [N, K], see `Task.predictions`.
        only: a metric name when no other is needed.

    Attributes:
        rows: int64, positions of the rows that count.
        columns: numbers a row that every resample goes through.
    """

    def __init__(self, kind: str, target: Array, weight: Array, predictions: Array, only: str | None = None) -> None:
        self.kind = kind
        self.names = (only,) if only else METRICS[kind]
        self.rows = np.flatnonzero(np.asarray(weight) > 0)
        self.weight = np.asarray(weight, dtype=np.float64)[self.rows]
        exact = np.float32 if kind == "forecast" else np.float64  # many steps a row: their errors are summed in float64
        wanted = np.asarray(target, dtype=exact)[self.rows]
        given = np.asarray(predictions, dtype=exact)[self.rows]
        self.columns = 1 if kind == "forecast" else target.shape[1]
        self.measures: list[Measure] = [
            family(kind, wanted, given) for family in _FAMILIES[kind] if set(family.names) & set(self.names)
        ]

    def at(self, counts: Array | None = None) -> dict[str, float]:
        """Metrics with every row's weight multiplied by `counts` float64 [len(rows)] (all ones when None)."""
        weight = self.weight if counts is None else self.weight * counts
        if not weight.sum() > 0:
            return dict.fromkeys(self.names, float("nan"))
        found: dict[str, float] = {}
        for measure in self.measures:
            found |= measure.at(weight)
        return {name: float(found[name]) for name in self.names}


def scores(kind: str, target: Array, weight: Array, predictions: Array) -> dict[str, float]:
    """Every metric of the kind, in the order of METRICS.

    Args:
        target: [N, K]. weight: [N]. predictions: [N, K], probabilities or values.
    """
    return Judge(kind, target, weight, predictions).at()
