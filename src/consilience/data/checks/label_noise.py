"""Labels that contradict the data: equal inputs with different labels, and labels that a held-out model
refuses.

The second kind follows confident learning (Northcutt, Jiang, Chuang 2021, "Confident Learning: Estimating
Uncertainty in Dataset Labels", JAIR 70): out-of-fold probabilities of a linear model on hashed character
n-grams, numbers and categories.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from consilience.data.checks.base import Finding, NotApplicable, Severity, View
from consilience.data.findings import ROWS_KEPT
from consilience.data.fingerprint import normalised
from consilience.data.simple_model import FOLDS, held_out_probabilities, simple_features
from consilience.data.wording import clipped, row_list, share

MOST = 20_000
LEAST_ROWS = 100
REFUSED = 0.05
"""Held-out probability of the given label, below which it is refused …"""
SURE = 0.9
"""… if another label has at least this probability."""
LEAST, LEAST_SHARE = 5, 0.001
"""Refused labels, and their share, under which nothing is said."""
MANY = 0.01
"""Share of contradicting rows from which they are a warning."""
RATIO = 1.5
"""Refused labels over expected ones from which it is said: clean tables tried reach 1.3, 5 % of wrong
labels 1.9."""
MOST_CLASSES = 50
Array = np.ndarray[Any, Any]


class LabelNoise:
    """Equal inputs with different labels, and labels that a held-out model refuses."""

    code: ClassVar[str] = "label_noise"
    title: ClassVar[str] = "Labels that contradict the data"
    severity: ClassVar[Severity] = "info"
    slow: ClassVar[bool] = True

    def look(self, view: View) -> list[Finding]:
        labels = view.classes()
        return [*self._contradictions(view, labels), *self._refused(view, labels)]

    def _contradictions(self, view: View, labels: pl.Series) -> list[Finding]:
        pool = view.pool(view.inputs())
        frame = pool.frame[: view.table.rows]
        texts = view.inputs("text")
        frame = frame.with_columns(normalised(frame[name]) for name in texts)
        known = frame.select(~pl.all_horizontal(pl.all().is_null())).to_series() & labels.is_not_null()
        table = pl.DataFrame({"row": np.arange(len(labels)), "key": frame.hash_rows(seed=1), "label": labels})
        groups = (
            table.filter(known)
            .group_by("key")
            .agg(pl.col("row"), pl.col("label").n_unique().alias("labels"), pl.len().alias("rows"))
            .filter(pl.col("labels") > 1)
            .sort(pl.col("row").list.first())
        )
        count, total = int(groups["rows"].sum()), int(known.sum())
        if not count or count > 0.3 * total:  # a few categories meet every label: that is chance, not noise
            return []
        rows = [r for pair in groups["row"].head(10).to_list() for r in pair[:2]]
        one, other = rows[:2]
        message = (
            f"{count:,} of {total:,} labelled rows ({share(count, total)}) have the same inputs as a row "
            "with another "
            f"label, as rows {one} ({clipped(labels[one], 20)!r}) and {other} "
            f"({clipped(labels[other], 20)!r}): "
            "one of them is wrong, or the inputs do not suffice. Correct or drop them."
        )
        severity: Severity = "warning" if count >= MANY * total else self.severity
        title, columns = "Equal rows, different labels", (str(view.target),)
        return [Finding(self.code, severity, title, message, columns, tuple(rows), {"count": count})]

    def _refused(self, view: View, labels: pl.Series) -> list[Finding]:
        inputs = view.inputs("text", "number", "category")
        if not inputs:
            raise NotApplicable("no column of texts, numbers or categories for the simple model to read")
        index = _sample(labels, view.seed)
        classes, code = np.unique(labels[index].to_list(), return_inverse=True)
        if len(classes) > MOST_CLASSES:
            raise NotApplicable(f"{len(classes)} classes are too many for the simple model")

        def heard(done: int, total: int) -> None:
            view.listener({"event": "progress", "name": "fit a simple model", "done": done, "total": total})

        features = simple_features(view.table.frame[index], {c: view.schema.modalities[c] for c in inputs})
        probability = held_out_probabilities(features, code, view.seed, heard)
        refused, expected = _judged(probability, code)
        count = int(refused.sum())
        if count < max(LEAST, LEAST_SHARE * len(code)) or count < RATIO * expected:
            return []
        given = probability[np.arange(len(code)), code]
        worst = np.flatnonzero(refused)[np.argsort(given[refused], kind="stable")]
        rows = tuple(int(index[i]) for i in worst[:ROWS_KEPT])
        said, meant = classes[code[worst[0]]], classes[probability[worst[0]].argmax()]
        message = (
            f"A simple model that did not train on them refuses {count:,} of {len(code):,} labels "
            f"({share(count, len(code))}), where its doubts let expect {expected:.0f}: row {rows[0]} is "
            f"{clipped(str(said), 20)!r} in the table and {clipped(str(meant), 20)!r} for the model. "
            f"Look at {row_list(rows)} and correct what is wrong."
        )
        details = {"count": count, "expected": round(expected, 1), "labels": len(code)}
        return [Finding(self.code, "warning", self.title, message, (str(view.target),), rows, details)]


def _judged(probability: Array, code: Array) -> tuple[Array, float]:
    """[N] bool: the label is refused; and how many refusals the probabilities themselves lead to expect."""
    sure = probability.max(1) >= SURE
    expected = np.where(probability < REFUSED, probability, 0)[sure].sum()
    return sure & (probability[np.arange(len(code)), code] < REFUSED), float(expected)


def _sample(labels: pl.Series, seed: int) -> Array:
    """Labelled rows of classes that every fold can hold, at most MOST."""
    counts = labels.drop_nulls().rename("class").value_counts()
    often = counts.filter(pl.col("count") >= 2 * FOLDS)["class"].to_list()
    index = labels.is_in(often).fill_null(False).arg_true().to_numpy().astype(np.int64)
    if len(index) < LEAST_ROWS or len(often) < 2:
        raise NotApplicable(f"fewer than {LEAST_ROWS} labelled rows, or fewer than two classes with enough rows")
    if len(index) > MOST:
        index = np.sort(np.random.default_rng(seed).choice(index, MOST, replace=False))
    return index
