"""Everything measured on held-out rows: metrics with intervals, references, single sources, comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.artifacts.bundle import Bundle, Opinion
from consilience.evaluation.comparison import Judged, compare
from consilience.evaluation.intervals import RESAMPLES, with_intervals
from consilience.references.majority import majority_predictions
from consilience.tasks.metrics import HIGHER_IS_BETTER

Array = np.ndarray[Any, Any]
SCATTER_POINTS = 500
FEWER = 400
"""Resamples of what stands beside the default prediction: comparisons draw their own."""


def judge(bundle: Bundle, opinion: Opinion, rows: Judged, prior: Array) -> dict[str, Any]:
    """The measured part of `metrics.json` for held-out rows.

    Args:
        opinion: the bundle's predictions for the rows.
        prior: predictions [N, K] that ignore every input (class shares or mean of the training rows).
    Returns:
        {"test", "network", "stack", "references", "alone", "comparison", "confusion", "scatter", "predictor"}.
    """

    def measured(predictions: Array, resamples: int = RESAMPLES) -> dict[str, Any]:
        common = (rows.kind, rows.target, rows.weight, predictions, rows.seed)
        return with_intervals(*common, resamples=resamples, clusters=rows.clusters)

    references = {n: p for n, p in opinion.sources.items() if n != "network"}
    stacked = len(bundle.weights) > 1
    network = measured(opinion.sources["network"])
    return {
        "predictor": "stack" if stacked else "network",
        "test": network if opinion.final is opinion.sources["network"] else measured(opinion.final),
        "network": network,
        "stack": {"weights": bundle.weights},
        "references": {
            **{name: measured(p, FEWER) for name, p in references.items()},
            "majority": measured(prior, FEWER),
        },
        "alone": {group: measured(p, FEWER) for group, p in opinion.alone.items()},
        "comparison": _comparisons(bundle, opinion, rows, prior),
        "confusion": _confusion(bundle, opinion.final, rows),
        "scatter": _scatter(opinion.final, rows),
    }


def _comparisons(bundle: Bundle, opinion: Opinion, rows: Judged, prior: Array) -> dict[str, Any]:
    primary = bundle.meta.get("primary") or bundle.task.primary
    default = "the stack" if len(bundle.weights) > 1 else "the network"
    found = {}
    if rows.kind != "text":
        found["default_majority"] = compare(rows, primary, (default, opinion.final), ("guessing", prior))
    if "linear" in opinion.sources:
        linear = ("the linear reference", opinion.sources["linear"])
        found["network_linear"] = compare(rows, primary, ("the network", opinion.sources["network"]), linear)
        found["default_linear"] = compare(rows, primary, (default, opinion.final), linear)
    if "lead" in opinion.sources:
        lead = ("the beginning of the text", opinion.sources["lead"])
        found["network_lead"] = compare(rows, primary, ("the network", opinion.sources["network"]), lead)
    if rows.kind in ("forecast", "boxes"):
        found |= _baselines(opinion, rows, primary, default)
    if len(opinion.alone) > 1:
        single = best_single(opinion.alone, rows, primary)
        fused = ("the network on all sources", opinion.sources["network"])
        pair = compare(rows, primary, fused, (f"{single} alone", opinion.alone[single]))
        found["fused_single"] = {**pair, "single": single}
    return found


def _baselines(opinion: Opinion, rows: Judged, primary: str, default: str) -> dict[str, Any]:
    """Network and default prediction against the baseline that is best on these very rows: the hardest to beat."""
    references = {n: p for n, p in opinion.sources.items() if n != "network"}
    if not references:
        return {}
    best = best_single(references, rows, primary)
    rival = (f"the best baseline ({best})", references[best])
    network = compare(rows, primary, ("the network", opinion.sources["network"]), rival)
    found = {"network_baseline": {**network, "baseline": best}}
    if opinion.final is not opinion.sources["network"]:
        found["default_baseline"] = {**compare(rows, primary, (default, opinion.final), rival), "baseline": best}
    return found


def best_single(alone: dict[str, Array], rows: Judged, metric: str) -> str:
    """The group (or other name) whose prediction scores best."""
    from consilience.tasks.metrics import scores

    sign = 1 if HIGHER_IS_BETTER[metric] else -1

    def merit(group: str) -> float:
        value = sign * scores(rows.kind, rows.target, rows.weight, alone[group])[metric]
        return value if np.isfinite(value) else -np.inf

    return max(alone, key=merit)


def prior_predictions(bundle: Bundle, count: int) -> Array:
    """Class shares or mean of the training rows for `count` rows; kept in the bundle's meta as "prior"."""
    return np.tile(np.asarray(bundle.meta["prior"], np.float64), (count, 1))


def learn_prior(kind: str, target: Array, weight: Array) -> list[float]:
    """What to predict when nothing is known: one row of predictions, from training rows."""
    return [float(v) for v in majority_predictions(kind, target, weight, 1)[0]]


def _confusion(bundle: Bundle, predictions: Array, rows: Judged) -> dict[str, Any] | None:
    if rows.kind not in ("binary", "multiclass"):
        return None
    classes = [str(c) for c in bundle.facts["task"]["classes"]]
    known = rows.weight > 0
    actual, predicted = rows.target[known].argmax(1), predictions[known].argmax(1)
    counts = np.bincount(actual * len(classes) + predicted, minlength=len(classes) ** 2)
    return {"labels": classes, "matrix": counts.reshape(len(classes), -1).tolist()}


def _scatter(predictions: Array, rows: Judged) -> dict[str, Any] | None:
    if rows.kind != "regression":
        return None
    actual = rows.target[rows.weight > 0, 0]
    predicted = predictions[rows.weight > 0, 0]
    chosen = np.random.default_rng(rows.seed).permutation(len(actual))[:SCATTER_POINTS]
    return {"actual": actual[chosen].tolist(), "predicted": predicted[chosen].tolist()}
