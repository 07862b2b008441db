"""Calibration of the default prediction: the method that validation rows show to be better, or none.

Cross-validated log loss compares the candidates; the simplest one that cannot be told from the best within one standard
error is taken (Breiman et al. 1984), so few rows or good probabilities mean little change. Only NumPy and SciPy:
serving uses this.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.artifacts.calibrators import (
    Fit,
    apply,
    fit_biased,
    fit_isotonic,
    fit_temperature,
    is_separate,
    row_loss,
    scores,
)
from consilience.artifacts.forecast_bands import move_bands

Array = np.ndarray[Any, Any]

FOLDS = 5
LEAST_ROWS = 30
"""Fewer labelled validation rows tell nothing: no change."""
BIASED_ROWS, BIASED_ROWS_A_COLUMN = 200, 20
TRUSTED_ROWS = 500
ISOTONIC_ROWS, ISOTONIC_COLUMNS = 1_000, 20
"""With more columns there is no isotonic regression: too few rows a class, too many knots."""
MOST_ROWS = 20_000
"""More rows are sampled down to this many: the parameters are few."""


def fit_calibration(kind: str, predictions: Array, target: Array, weight: Array, seed: int) -> dict[str, Any]:
    """How to calibrate predictions of this kind, as plain JSON values.

    Args:
        kind: "binary", "multiclass", "multilabel" or "regression" (which is left unchanged).
        predictions: [V, K] probabilities of rows that the model did not learn from. target: [V, K], may be soft.
        weight: [V], rows of weight 0 count nothing.

    Returns:
        {"kind", "method": "none" | "temperature" | "biased" | "isotonic", its parameters, "rows": rows it was fitted
        on, "log_loss": {method: cross-validated log loss}}.
    """
    if kind == "regression":
        return {"kind": kind, "method": "none", "rows": 0, "log_loss": {}}
    separate = is_separate(kind)
    rows = _rows(np.asarray(weight), seed)
    if len(rows) < LEAST_ROWS:
        return {"kind": kind, "method": "none", "rows": len(rows), "log_loss": {}}
    said, wanted = _columns(kind, predictions)[rows], _columns(kind, target)[rows]
    share = np.asarray(weight, np.float64)[rows]
    share = share / share.mean()
    losses = {"none": row_loss(separate, said, wanted)}
    candidates = _candidates(separate, len(rows), said.shape[1])
    for name, fit in candidates.items():
        losses[name] = _held_out(separate, fit, (said, wanted, share), seed)
    means = {name: float(loss @ share / share.sum()) for name, loss in losses.items()}
    method = _simplest(losses, share)
    parameters = candidates[method](separate, scores(separate, said), wanted, share) if method in candidates else {}
    return {"kind": kind, "method": method, **parameters, "rows": len(rows), "log_loss": means}


def calibrate(state: dict[str, Any], predictions: Array) -> Array:
    """Calibrated predictions, float64 [N, K]; the given ones where the method is "none"."""
    given = np.asarray(predictions, dtype=np.float64)
    if state["method"] == "none":
        return given
    if state["kind"] == "forecast":
        return move_bands(state, given)
    if state["kind"] == "binary":
        one = apply(True, state, given[:, 1:])
        return np.hstack([1 - one, one])
    return apply(is_separate(state["kind"]), state, given)


def _columns(kind: str, values: Array) -> Array:
    """Of two classes the second only."""
    every = np.asarray(values, dtype=np.float64)
    return every[:, 1:] if kind == "binary" else every


def _rows(weight: Array, seed: int) -> Array:
    """Labelled rows, at most MOST_ROWS of them, in random order."""
    return np.random.default_rng(seed).permutation(np.flatnonzero(weight > 0))[:MOST_ROWS]


def _candidates(separate: bool, rows: int, columns: int) -> dict[str, Fit]:
    """From simple to flexible, those for which there are rows enough."""
    found: dict[str, Fit] = {"temperature": fit_temperature}
    if rows >= max(BIASED_ROWS, BIASED_ROWS_A_COLUMN * columns):
        found["biased"] = fit_biased
    if rows >= ISOTONIC_ROWS and columns <= ISOTONIC_COLUMNS:
        found["isotonic"] = fit_isotonic
    return found


def _held_out(separate: bool, fit: Fit, rows: tuple[Array, Array, Array], seed: int) -> Array:
    """Log loss [V] of each row when the method was fitted on the other folds."""
    said, wanted, share = rows
    fold = np.random.default_rng([seed, 1]).permutation(len(said)) % FOLDS
    loss = np.zeros(len(said))
    for number in range(FOLDS):
        learn, test = fold != number, fold == number
        state = fit(separate, scores(separate, said[learn]), wanted[learn], share[learn])
        loss[test] = row_loss(separate, apply(separate, state, said[test]), wanted[test])
    return loss


def _simplest(losses: dict[str, Array], share: Array) -> str:
    """The first method that is not worse than the best by more than one standard error of the difference.

    A temperature is one parameter: from TRUSTED_ROWS on it need only be better than none, not surely so.
    """
    total = {name: float(loss @ share) for name, loss in losses.items()}
    best = min(total, key=lambda name: total[name])
    helped = len(share) >= TRUSTED_ROWS and total.get("temperature", np.inf) < total["none"]
    from_here = [name for name in losses if name != "none" or not helped]
    for name in from_here:
        loss = losses[name]
        behind = loss - losses[best]
        mean = behind @ share / share.sum()
        error = np.sqrt(((behind - mean) ** 2) @ share**2) / share.sum()
        if mean <= error:
            return name
    return best
