"""Split conformal prediction: sets and intervals that hold the truth as often as they promise, whatever the model.

What is promised is an average over rows like the validation rows (Vovk, Gammerman & Shafer 2005; Angelopoulos & Bates
2023, "Conformal prediction: a gentle introduction"); only NumPy: serving uses this.

Classes: the score of a class is 1 − its probability (least ambiguous sets, Sadinle, Lei & Wasserman 2019). Sets built
from cumulated probabilities always hold the likeliest class, so they cover 99 % at every level where the accuracy is
99 %; these sets keep to the level instead, and are empty where even the likeliest class is less probable than usual: a
row to refer. Labels: the same for each label, among the rows that have it: of the labels that are there, the set holds
the promised share. Values: quantiles of the signed residuals in bins of the predicted value (Mondrian conformal
predictive distributions, Boström, Johansson & Löfström 2021).

Rows whose scores are tied can only be covered together, so coverage is at least what was promised. With `draws` (one
random number a row) ties are split and coverage is exact (smoothed conformal predictors, Vovk et al. 2005).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
State = dict[str, Any]

MOST_SCORES = 2_000
"""Scores kept a rule; more are merged with their neighbours, which moves coverage by 0.05 points at most."""
GROUP_ROWS = 50
"""A label or group of rows has a rule of its own from so many rows on."""
BIN_ROWS, MOST_BINS = 100, 10
"""Bins of the predicted value hold at least BIN_ROWS rows each."""
ROUNDING = 1e-9


def fit_conformal(kind: str, predictions: Array, target: Array, weight: Array, seed: int) -> State:
    """What sets and intervals are read from, as plain JSON values; one state serves every level.

    Args:
        kind: "binary", "multiclass", "multilabel" or "regression".
        predictions, target: [V, K] of rows that the model did not learn from; soft targets count as their largest
        class. weight: [V], rows of weight 0 count nothing.
        seed: unused while nothing is drawn.
    """
    rows = np.asarray(weight) > 0
    said, wanted = np.asarray(predictions, np.float64)[rows], np.asarray(target, np.float64)[rows]
    share = np.asarray(weight, np.float64)[rows]
    share = share / share.mean() if len(share) else share
    if kind == "regression":
        return {"kind": kind, "rows": len(said), **_bins(said[:, 0], wanted[:, 0], share)}
    if kind == "multilabel":
        return {"kind": kind, "rows": len(said), **_labels(1 - said, wanted >= 0.5, share)}
    scores = 1 - said[np.arange(len(said)), wanted.argmax(1)]
    return {"kind": kind, "rows": len(said), "rule": _kept(scores, share)}


def fit_conformal_by_group(
    kind: str, predictions: Array, target: Array, weight: Array, seed: int, group_codes: Array
) -> State:
    """A state for each group of at least GROUP_ROWS rows beside the overall one (Mondrian conformal prediction).

    Args:
        group_codes: [V] whole numbers or texts; their text is the key of the group.
    """
    codes = np.asarray(group_codes).astype(str)
    counted = np.asarray(weight) > 0
    groups = {}
    for code in np.unique(codes):
        rows = (codes == code) & counted
        if rows.sum() >= GROUP_ROWS:
            groups[str(code)] = fit_conformal(kind, predictions[rows], target[rows], weight[rows], seed)
    return {"overall": fit_conformal(kind, predictions, target, weight, seed), "groups": groups}


def by_group(state: State, group_codes: Array) -> list[tuple[Array, State]]:
    """(positions of rows, the state that holds for them) of a state by group; groups without one share the overall."""
    codes = np.asarray(group_codes).astype(str)
    found = [(np.flatnonzero(codes == code), own) for code, own in state["groups"].items()]
    rest = np.flatnonzero(~np.isin(codes, list(state["groups"])))
    return [(rows, own) for rows, own in [*found, (rest, state["overall"])] if len(rows)]


def prediction_sets(state: State, predictions: Array, level: float, draws: Array | None = None) -> Array:
    """bool [N, K]: the classes (labels) that cannot be ruled out at this level, 0..1.

    Args:
        predictions: [N, K] probabilities. draws: [N] uniform in [0, 1), to split ties; None = ties are all held.
    """
    scores = 1 - np.asarray(predictions, dtype=np.float64)
    share = np.ones((len(scores), 1)) if draws is None else np.asarray(draws, np.float64)[:, None]
    if state["kind"] == "multilabel":
        rules = [state["labels"].get(str(k), state["rule"]) for k in range(scores.shape[1])]
        columns = [_p_values(rule, scores[:, k : k + 1], share) for k, rule in enumerate(rules)]
        return np.asarray(np.hstack(columns) > 1 - level + ROUNDING)
    return np.asarray(_p_values(state["rule"], scores, share) > 1 - level + ROUNDING)


def prediction_intervals(state: State, predictions: Array, level: float) -> Array:
    """float64 [N, 2] (from, to) that hold the value with this probability; infinite where there were too few rows."""
    return quantiles(state, predictions, ((1 - level) / 2, (1 + level) / 2))


def quantiles(state: State, predictions: Array, levels: Sequence[float]) -> Array:
    """float64 [N, Q]: values below which the truth lies with these probabilities.

    Rounded away from the median where rows are few, so that an interval between two of them covers enough.
    """
    given = np.asarray(predictions, dtype=np.float64)[:, 0]
    place = np.searchsorted(np.asarray(state["edges"], np.float64), given, side="right")
    residuals = np.array([[_quantile(rule, level) for level in levels] for rule in state["rules"]])
    return np.asarray(given[:, None] + residuals[place])


def _p_values(rule: Mapping[str, Any], scores: Array, share: Array) -> Array:
    """How usual scores [N, K] are: the share of the rule's rows, and of the row itself, with a score as large."""
    values, mass = _read(rule)
    above = np.concatenate([np.cumsum(mass[::-1])[::-1], [0.0]])
    as_large = above[np.searchsorted(values, scores, side="left")]
    larger = above[np.searchsorted(values, scores, side="right")]
    return np.asarray((larger + share * (as_large - larger + 1)) / (mass.sum() + 1))


def _quantile(rule: Mapping[str, Any], level: float) -> float:
    """Of the residuals: the smallest value that holds `level` of the rows and of one more (largest, below one half)."""
    values, mass = _read(rule)
    if level == 0.5:
        return 0.5 * (_upper(values, mass, level) - _upper(-values[::-1], mass[::-1], level))
    if level < 0.5:
        return -_upper(-values[::-1], mass[::-1], 1 - level)
    return _upper(values, mass, level)


def _upper(values: Array, mass: Array, level: float) -> float:
    place = int(np.searchsorted(np.cumsum(mass), level * (mass.sum() + 1) - ROUNDING, side="left"))
    return float(values[place]) if place < len(values) else float("inf")


def _labels(scores: Array, present: Array, share: Array) -> State:
    """A rule for each label that enough rows have, and one for all labels together."""
    columns = scores.shape[1]
    most = max(MOST_SCORES // columns, 4 * GROUP_ROWS)
    labels = {
        str(k): _kept(scores[present[:, k], k], share[present[:, k]], most)
        for k in range(columns)
        if present[:, k].sum() >= GROUP_ROWS
    }
    row, _ = np.nonzero(present)
    return {"rule": _kept(scores[present], share[row]), "labels": labels}


def _bins(said: Array, wanted: Array, share: Array) -> State:
    """{"edges": [B − 1], "rules": [B]} of signed residuals, equally many rows a bin."""
    count = min(len(said) // BIN_ROWS, MOST_BINS)
    edges = np.unique(np.quantile(said, np.arange(1, count) / count)) if count >= 2 else np.empty(0)
    place = np.searchsorted(edges, said, side="right")
    if len(edges) and np.bincount(place, minlength=len(edges) + 1).min() < BIN_ROWS // 2:
        edges, place = np.empty(0), np.zeros(len(said), dtype=np.int64)  # ties left a bin almost empty
    most = MOST_SCORES // (len(edges) + 1)
    rules = [_kept((wanted - said)[place == b], share[place == b], most) for b in range(len(edges) + 1)]
    return {"edges": edges.tolist(), "rules": rules}


def _kept(values: Array, mass: Array, most: int = MOST_SCORES) -> State:
    """{"values": rising, "mass": rows of each}; neighbours are merged under the largest of them."""
    known, place = np.unique(values, return_inverse=True)
    rows = np.bincount(place, weights=mass, minlength=len(known))
    if len(known) > most:
        passed = np.cumsum(rows)
        part = np.minimum((passed - rows / 2) / passed[-1] * most, most - 1).astype(np.int64)
        last = np.flatnonzero(np.append(np.diff(part) > 0, True))
        known, rows = known[last], np.diff(passed[last], prepend=0.0)
    alike = bool(np.allclose(rows, 1.0))
    return {"values": known.tolist(), **({} if alike else {"mass": rows.tolist()})}


def _read(rule: Mapping[str, Any]) -> tuple[Array, Array]:
    values = np.asarray(rule["values"], dtype=np.float64)
    return values, np.asarray(rule["mass"], np.float64) if "mass" in rule else np.ones(len(values))
