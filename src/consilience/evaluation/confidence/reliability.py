"""Expected calibration error and reliability bins of any kind of classification, with intervals.

What is compared (Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017): of two classes the probability of the second one
with how often it was the truth; of more classes the probability of the likeliest with how often it was right; of labels
every probability with whether the label was there. Bins are of equal mass (Nguyen & O'Connor 2015).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.evaluation.confidence.sample import Sample
from consilience.evaluation.intervals import summary

Array = np.ndarray[Any, Any]

BINS, BIN_ROWS = 15, 10
"""Bins; fewer where they would hold less than BIN_ROWS rows."""
FEWEST_BINS = 3
NULL_DRAWS = 2_000
HISTOGRAM = 20


def claims(kind: str, predictions: Array, target: Array) -> tuple[Array, Array]:
    """(stated probability, whether it came true) float64 [n, C]: C = 1, or one column a label."""
    if kind == "multilabel":
        return predictions, (target >= 0.5).astype(np.float64)
    if kind == "binary":
        return predictions[:, 1:], (target.argmax(1) == 1).astype(np.float64)[:, None]
    right = predictions.argmax(1) == target.argmax(1)
    return predictions.max(1)[:, None], right.astype(np.float64)[:, None]


def bin_of(stated: Array) -> Array:
    """int64 [n, C]: equal-mass bins over all claims, equal probabilities in one bin."""
    flat = stated.ravel()
    count = int(np.clip(len(flat) // BIN_ROWS, FEWEST_BINS, BINS))
    edges = np.unique(np.quantile(flat, np.arange(1, count) / count))
    return np.asarray(np.searchsorted(edges, stated, side="right"))


def reliability_of(sample: Sample, predictions: Array) -> dict[str, Any]:
    """{"ece": score, "bins": [{"predicted", "observed": score, "rows"}], "by_chance": {"value", "high"}, "lean"}.

    ece: its interval is bootstrapped; each resample's own upward bias is taken off. by_chance: ECE that honest
    probabilities would show on so few rows, its mean and 97.5th percentile (Bröcker & Smith 2007). lean: mean stated
    probability minus share that came true.
    """
    stated, true = claims(sample.kind, predictions, sample.target)
    place = bin_of(stated)
    count = int(place.max()) + 1
    sums = sample.sums(np.hstack([_by_bin(place, v, count) for v in (np.ones_like(stated), stated, true)]))
    mass, said, came = sums[:, :count], sums[:, count : 2 * count], sums[:, 2 * count :]
    errors = np.abs(said - came).sum(1) / mass.sum(1)
    lean = (said - came).sum(1) / mass.sum(1)
    return {
        "ece": centred(errors[0], errors[1:]),
        "bins": _bins(sample, (mass, said, came), place),
        "by_chance": _by_chance(sample, stated, place),
        "lean": summary(lean[0], lean[1:]),
    }


def centred(value: float, draws: Array) -> dict[str, float]:
    """The percentile interval, moved so that the mean of the draws is the value: resampling adds noise of its own to a
    sum of absolute deviations. Not below 0.
    """
    found = summary(value, draws - (np.mean(draws) - value))
    return {name: max(end, 0.0) for name, end in found.items()}


def histogram(stated: Array) -> list[float]:
    """Claims in HISTOGRAM bins of equal width from 0 to 1."""
    return [float(n) for n in np.histogram(stated, bins=HISTOGRAM, range=(0, 1))[0]]


def _by_bin(place: Array, values: Array, count: int) -> Array:
    """[n, B]: for each row the sum of its claims' values in each bin."""
    rows = np.arange(len(place))[:, None]
    flat = np.bincount((rows * count + place).ravel(), weights=values.ravel(), minlength=len(place) * count)
    return flat.reshape(len(place), count)


def _bins(sample: Sample, sums: tuple[Array, Array, Array], place: Array) -> list[dict[str, Any]]:
    from consilience.evaluation.confidence.sample import binomial

    mass, said, came = sums
    found = []
    for b in range(mass.shape[1]):
        rows = int((place == b).sum())
        if rows == 0:
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            draws = came[1:, b] / mass[1:, b]
        observed = summary(came[0, b] / mass[0, b], draws)
        if sample.is_plain and place.shape[1] == 1:
            observed = binomial(round(came[0, b] / sample.weight[0]), rows)
        found.append({"predicted": float(said[0, b] / mass[0, b]), "observed": observed, "rows": rows})
    return found


def _by_chance(sample: Sample, stated: Array, place: Array) -> dict[str, float]:
    """Claims that come true independently, each with its stated probability: sums of a bin are nearly normal."""
    weight = np.broadcast_to(sample.weight[:, None], stated.shape)
    variance = np.bincount(place.ravel(), weights=(weight**2 * stated * (1 - stated)).ravel())
    drawn = np.random.default_rng([sample.seed, 12]).normal(size=(NULL_DRAWS, len(variance)))
    errors = np.abs(drawn * np.sqrt(np.maximum(variance, 0))).sum(1) / weight.sum()
    return {"value": float(errors.mean()), "high": float(np.percentile(errors, 97.5))}
