"""Families of metrics that share a preparation: each is built once on the rows and measured under many
weights.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, final

import numpy as np

Array = np.ndarray[Any, Any]

NAN = float("nan")
SMALLEST = float(np.finfo(np.float32).eps)
"""Probabilities are kept this far from 0 and 1 in the log loss, as scikit-learn does for float32."""


def dot(a: Array, b: Array) -> float:
    """Σ a × b of two vectors, not by BLAS: its threads wait for one another on every one of a thousand resamples,
    which made intervals ten times slower on a busy machine.
    """
    return float(np.einsum("n,n->", a, b))


class Measure(Protocol):
    """names: the metrics that `at` gives, some kinds fewer."""

    names: ClassVar[tuple[str, ...]]

    def __init__(self, kind: str, target: Array, predictions: Array) -> None: ...

    def at(self, weight: Array) -> dict[str, float]:
        """Metric → value under row weights float64 [N] (not all 0)."""
        ...


_AVERAGED = tuple(f"{m}_{a}" for m in ("precision", "recall", "f1") for a in ("macro", "micro", "weighted"))


@final
class Confusion:
    """Metrics of the weighted confusion matrix of single classes."""

    names: ClassVar[tuple[str, ...]] = ("accuracy", "balanced_accuracy", *_AVERAGED, "matthews")

    def __init__(self, kind: str, target: Array, predictions: Array) -> None:
        self.classes = target.shape[1]
        self.cell = target.argmax(1) * self.classes + predictions.argmax(1)

    def matrix(self, weight: Array) -> Array:
        """[K, K]: rows are true classes, columns predicted ones."""
        flat = np.bincount(self.cell, weights=weight, minlength=self.classes**2)
        return flat.reshape(self.classes, self.classes)

    def at(self, weight: Array) -> dict[str, float]:
        matrix = self.matrix(weight)
        right, true, said = np.diagonal(matrix), matrix.sum(1), matrix.sum(0)
        recall = right[true > 0] / true[true > 0]
        return {
            "accuracy": right.sum() / matrix.sum(),
            "balanced_accuracy": recall.mean(),
            **averages(right, true, said, (true > 0) | (said > 0)),
            "matthews": matthews(right, true, said),
        }


def matthews(right: Array, true: Array, said: Array) -> float:
    """Matthews correlation of K classes (Gorodkin 2004, "Comparing two K-category assignments") from per-class sums
    [K]: 1 = all right, 0 = no better than chance; 0 where one class only is predicted or true."""
    total = true.sum()
    spread = (total**2 - dot(true, true)) * (total**2 - dot(said, said))
    return (right.sum() * total - dot(true, said)) / np.sqrt(spread) if spread > 1e-12 * total**4 else 0.0


@final
class LabelSets:
    """Metrics of predicted label sets, a label being predicted from probability one half on."""

    names: ClassVar[tuple[str, ...]] = ("accuracy", "hamming_loss", *_AVERAGED)

    def __init__(self, kind: str, target: Array, predictions: Array) -> None:
        true, said = target >= 0.5, predictions >= 0.5
        self.whole = (true == said).all(1).astype(np.float64)
        self.wrong = (true != said).mean(1)
        self.labels = target.shape[1]
        self.counted = np.hstack([true & said, true, said]).astype(np.float64)

    def at(self, weight: Array) -> dict[str, float]:
        total = weight.sum()
        sums = np.einsum("n,nk->k", weight, self.counted)
        right, true, said = sums.reshape(3, self.labels)
        return {
            "accuracy": dot(weight, self.whole) / total,
            "hamming_loss": dot(weight, self.wrong) / total,
            **averages(right, true, said, np.ones(self.labels, dtype=bool)),
        }


def averages(right: Array, true: Array, said: Array, counted: Array) -> dict[str, float]:
    """Macro, micro and weighted precision, recall and F1 from per-class sums [K]; 0 where a ratio is 0 / 0.

    Args:
        counted: bool [K], classes that the macro average counts.
    """
    parts = {
        "precision": (right, said),
        "recall": (right, true),
        "f1": (2 * right, true + said),
    }
    found: dict[str, float] = {}
    for name, (above, below) in parts.items():
        each = np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
        found[f"{name}_macro"] = each[counted].mean() if counted.any() else NAN
        found[f"{name}_micro"] = above.sum() / below.sum() if below.sum() > 0 else 0.0
        found[f"{name}_weighted"] = dot(each, true) / true.sum() if true.sum() > 0 else 0.0
    return found


@final
class Ranking:
    """ROC AUC and PR AUC (average precision), one class against the rest; ties count half."""

    names: ClassVar[tuple[str, ...]] = ("roc_auc", "pr_auc")

    def __init__(self, kind: str, target: Array, predictions: Array) -> None:
        classes = range(1, 2) if kind == "binary" else range(target.shape[1])
        hard = target >= 0.5
        if kind != "multilabel":
            hard = target.argmax(1)[:, None] == np.arange(target.shape[1])
        self.curves = [_Curve(hard[:, k], predictions[:, k]) for k in classes]

    def at(self, weight: Array) -> dict[str, float]:
        found = np.array([curve.areas(weight) for curve in self.curves])
        known = found[~np.isnan(found[:, 0])]
        area, precision = known.mean(0) if len(known) else (NAN, NAN)
        return {"roc_auc": area, "pr_auc": precision}


@final
class _Curve:
    """One class's rows sorted by falling score, with the ends of ties found once.

    order: [N] rows. place: [P] sorted positions of the positive rows. first, last: [P] the bounds of their
    ties: sorted rows before the tie, and up to its end.
    """

    def __init__(self, positive: Array, score: Array) -> None:
        self.order = np.argsort(-score, kind="stable")
        ranked = score[self.order]
        starts = np.flatnonzero(np.diff(ranked, prepend=np.inf) != 0)
        ends = np.append(starts[1:], len(ranked))
        tie = np.searchsorted(starts, np.flatnonzero(positive[self.order]), side="right") - 1
        self.place = np.flatnonzero(positive[self.order])
        self.first, self.last = starts[tie], ends[tie]
        # the same bounds, counted in positive rows
        self.first_positive = np.searchsorted(self.place, self.first)
        self.last_positive = np.searchsorted(self.place, self.last)

    def areas(self, weight: Array) -> tuple[float, float]:
        """(ROC AUC, average precision); NaN when all rows of any weight are on one side."""
        ranked = weight[self.order]
        every = np.concatenate(([0.0], np.cumsum(ranked)))
        own = ranked[self.place]
        positives = np.concatenate(([0.0], np.cumsum(own)))
        positive, negative = positives[-1], every[-1] - positives[-1]
        if not (positive > 0 and negative > 1e-12 * every[-1]):
            return NAN, NAN
        above = every[self.first] - positives[self.first_positive]
        until_sum, until_own = every[self.last], positives[self.last_positive]
        above_or_tied = until_sum - until_own
        area = 1 - dot(own, above + above_or_tied) / (2 * positive * negative)
        # a positive row of weight 0 may stand before any weight: it counts nothing
        precision = np.divide(until_own, until_sum, out=np.zeros(len(own)), where=until_sum > 0)
        return area, dot(own, precision) / positive


@final
class Probability:
    """Log loss and Brier score: means over rows, so a resample is one dot product."""

    names: ClassVar[tuple[str, ...]] = ("log_loss", "brier")

    def __init__(self, kind: str, target: Array, predictions: Array) -> None:
        kept = np.clip(predictions, SMALLEST, 1 - SMALLEST)
        squared = (predictions - target) ** 2
        if kind == "multilabel":
            self.log = -(target * np.log(kept) + (1 - target) * np.log(1 - kept)).mean(1)
            self.brier = squared.mean(1)
        else:
            self.log = -(target * np.log(kept)).sum(1)
            self.brier = squared[:, 1] if kind == "binary" else squared.sum(1)

    def at(self, weight: Array) -> dict[str, float]:
        total = weight.sum()
        return {"log_loss": dot(weight, self.log) / total, "brier": dot(weight, self.brier) / total}


@final
class Errors:
    """Errors of values [N, 1]."""

    names: ClassVar[tuple[str, ...]] = ("rmse", "mae", "median_absolute_error", "r2")

    def __init__(self, kind: str, target: Array, predictions: Array) -> None:
        self.target = target[:, 0] - target[:, 0].mean() if len(target) else target[:, 0]
        self.error = np.abs(predictions[:, 0] - target[:, 0])
        self.squared = self.error**2
        self.order = np.argsort(self.error, kind="stable")
        self.ranked = self.error[self.order]

    def at(self, weight: Array) -> dict[str, float]:
        total = weight.sum()
        squared = dot(weight, self.squared)
        mean = dot(weight, self.target) / total
        spread = dot(weight, (self.target - mean) ** 2)
        return {
            "rmse": np.sqrt(squared / total),
            "mae": dot(weight, self.error) / total,
            "median_absolute_error": self._median(weight),
            "r2": 1 - squared / spread if spread > 0 else NAN,
        }

    def _median(self, weight: Array) -> float:
        """Weighted median; the mean of the two middle values where half the weight ends between them."""
        passed = np.cumsum(weight[self.order])
        half = passed[-1] / 2
        low = int(np.searchsorted(passed, half * (1 - 1e-12), side="left"))
        high = int(np.searchsorted(passed, half * (1 + 1e-12), side="right"))
        return float(self.ranked[low] + self.ranked[min(high, len(passed) - 1)]) / 2


@final
class Concordance:
    """Share of the pairs of rows with different targets that predictions put in the right order; ties count half.

    Gönen & Heller 2005, "Concordance probability and discriminatory power"; Harrell's C without censoring. Pairs are
    counted level by level of the targets' ranks in binary: sorted once, then a few sums for each set of weights. Of
    more than MOST_RANKED rows an evenly spaced sample is looked at.
    """

    names: ClassVar[tuple[str, ...]] = ("concordance",)

    def __init__(self, kind: str, target: Array, predictions: Array) -> None:
        self.chosen = np.arange(0, len(target), max(1, -(-len(target) // MOST_RANKED)))
        _, rank = np.unique(target[self.chosen, 0], return_inverse=True)
        _, said = np.unique(predictions[self.chosen, 0], return_inverse=True)
        self.rank, said = rank.reshape(-1), said.reshape(-1)
        self.levels = [_Level(self.rank, said, bit) for bit in range(int(self.rank.max(initial=0)).bit_length())]

    def at(self, weight: Array) -> dict[str, float]:
        weight = weight[self.chosen]
        each = np.bincount(self.rank, weights=weight)
        pairs = dot(each, np.cumsum(each) - each)
        right = sum(level.right(weight) for level in self.levels)
        return {"concordance": right / pairs if pairs > 0 else NAN}


MOST_RANKED = 20_000


@final
class _Level:
    """Rows whose ranks agree above one bit, each such node sorted by prediction; pairs that the bit tells apart.

    order: [N] rows by node, then prediction. low: bit 0. high: positions with bit 1. start, first, last: [H] of each
    of those the node's start and the bounds of its tie in the predictions.
    """

    def __init__(self, rank: Array, said: Array, bit: int) -> None:
        self.order = np.lexsort((said, rank >> (bit + 1)))
        node = (rank >> (bit + 1))[self.order]
        one = ((rank >> bit) & 1)[self.order] == 1
        key = node * (int(said.max(initial=0)) + 1) + said[self.order]
        self.low, self.high = (~one).astype(np.float64), np.flatnonzero(one)
        self.start = np.searchsorted(node, node[self.high], side="left")
        self.first = np.searchsorted(key, key[self.high], side="left")
        self.last = np.searchsorted(key, key[self.high], side="right")

    def right(self, weight: Array) -> float:
        ranked = weight[self.order]
        below = np.concatenate(([0.0], np.cumsum(ranked * self.low)))
        return dot(ranked[self.high], (below[self.first] + below[self.last]) / 2 - below[self.start])
