"""Decision curve analysis (Vickers & Elkin 2006): is acting on the model better than treating everybody, or nobody?"""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.evaluation.confidence.sample import Sample

Array = np.ndarray[Any, Any]
THRESHOLDS = tuple(round(0.02 * k - 0.01, 2) for k in range(1, 51))
"""Probabilities from which on somebody would act: 1 %, 3 % … 99 %."""


def net_benefit(sample: Sample, said: Array) -> dict[str, Any]:
    """{"points": [{"threshold", "model", "all": scores, "useful"}], "useful": [from, to] or None, "prevalence"}.

    Net benefit: true positives a row, minus false positives a row times threshold / (1 − threshold). useful: the model
    is better than acting on all rows and than acting on none, beyond the intervals; the longest stretch of thresholds.

    Args:
        said: [n] probabilities of the second class.
    """
    thresholds = np.array(THRESHOLDS)
    true = (sample.actual == 1)[:, None]
    every = np.where(true, 1.0, -thresholds / (1 - thresholds))
    model = np.where(said[:, None] >= thresholds, every, 0.0)
    count = len(thresholds)
    scores = sample.ratios(np.hstack([model, every, model - every]))
    points: list[dict[str, Any]] = [
        {
            "threshold": float(threshold),
            "model": scores[k],
            "all": scores[count + k],
            "useful": bool(scores[k]["low"] > 0 and scores[2 * count + k]["low"] > 0),
        }
        for k, threshold in enumerate(thresholds)
    ]
    useful = _longest([p["useful"] for p in points])
    ends = None if useful is None else [points[useful[0]]["threshold"], points[useful[1]]["threshold"]]
    return {"points": points, "useful": ends, "prevalence": sample.rate(true[:, 0])}


def _longest(marks: list[bool]) -> tuple[int, int] | None:
    """First and last place of the longest run of marks."""
    best, start = None, None
    for place, mark in enumerate([*marks, False]):
        if mark and start is None:
            start = place
        if not mark and start is not None:
            if best is None or place - start > best[1] - best[0] + 1:
                best = (start, place - 1)
            start = None
    return best
