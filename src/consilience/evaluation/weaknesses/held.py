"""Whether the conformal set or interval of a row holds the truth, so that slices have a coverage too."""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.evaluation.confidence.sample import binomial
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.intervals import planned_resamples, resamples_of, summary

Array = np.ndarray[Any, Any]

LEVEL = 0.9


def truth_held(evidence: Evidence) -> Array | None:
    """bool [N] of the test rows at LEVEL; None for label sets, and without validation rows to promise anything."""
    rules, target = evidence.bundle.rules, np.asarray(evidence.judged.target)
    if evidence.kind == "multilabel" or any(rule.conformal is None for rule in rules.rules.values()):
        return None
    found = rules.certain(evidence.opinion.final, evidence.opinion.has, LEVEL)
    if evidence.kind == "regression":
        return np.asarray((found[:, 0] <= target[:, 0]) & (target[:, 0] <= found[:, 1]))
    return np.asarray(found[np.arange(len(found)), target.argmax(1)])


def coverage_of(held: Array, clusters: Array | None, seed: int) -> dict[str, float]:
    """Share of rows [n] whose truth was held: exact binomial interval, or over resampled clusters."""
    if clusters is not None:
        draws = resamples_of(np.arange(len(held)), clusters, seed, planned_resamples(len(held), 1))
        return summary(float(held.mean()), np.array([float(held @ c / c.sum()) for c in draws]))
    return binomial(int(held.sum()), len(held))
