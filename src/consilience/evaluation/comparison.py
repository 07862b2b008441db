"""Is one prediction better than another on the same rows? A paired bootstrap interval, and a plain sentence."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from consilience.evaluation.intervals import difference

Array = np.ndarray[Any, Any]


class Judged(NamedTuple):
    """Held-out rows: kind of task, target [N, K], weight [N], group ids [N] or None, and the bootstrap's seed."""

    kind: str
    target: Array
    weight: Array
    clusters: Array | None
    seed: int


def compare(rows: Judged, metric: str, a: tuple[str, Array], b: tuple[str, Array]) -> dict[str, Any]:
    """a against b, each (name, predictions): {"metric", "value", "low", "high", "verdict", "sentence"}.

    value: by how much a is better (positive = better, whatever the metric's direction); verdict: "better", "worse"
    or "no difference" where the 95 % interval holds zero.
    """
    found = difference(rows.kind, metric, rows.target, rows.weight, a[1], b[1], rows.seed, clusters=rows.clusters)
    low, high = found["low"], found["high"]
    verdict = "better" if low > 0 else "worse" if high < 0 else "no difference"
    interval = f"({metric} difference {found['value']:+.4f}, 95 % interval {low:+.4f} to {high:+.4f})"
    sentence = {
        "better": f"{a[0]} is better than {b[0]} {interval}.",
        "worse": f"{a[0]} loses to {b[0]} {interval}.",
        "no difference": f"{a[0]} cannot be told from {b[0]} on these rows {interval}.",
    }[verdict]
    return {"metric": metric, **found, "verdict": verdict, "sentence": sentence[0].upper() + sentence[1:]}
