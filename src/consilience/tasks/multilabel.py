"""Any number of labels a row: one sigmoid output a label."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import numpy as np
import polars as pl
from pydantic import Field

from consilience.core.config import Config as Block
from consilience.core.errors import InputError
from consilience.modalities.base import Guess
from consilience.tasks.base import Array, Targets
from consilience.tasks.detect import fit_score
from consilience.tasks.labels import SEPARATOR, class_index, in_order, label_lists

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_WEIGHT = 50.0
"""Bound of a rare label's weight with `class_weights: balanced`."""


@final
class Multilabel:
    """A set of labels a row: list cells, or texts joined by "|". Targets are 0 or 1, [N, K].

    An empty list is a row known to have no label; an empty or missing text is an unlabelled row (weight 0).
    """

    name: ClassVar[str] = "multilabel"

    class Config(Block):
        label_smoothing: float = Field(0.0, ge=0, lt=1)
        """Targets move this share of the way to one half, in the loss only."""
        class_weights: Literal["none", "balanced"] = "none"
        """balanced: a rare label's positives weigh as much as its negatives, in the loss only."""
        threshold: float = Field(0.5, gt=0, lt=1)
        """Probability from which a label is predicted."""
        separator: str = Field(SEPARATOR, min_length=1)
        """Joins the labels of a text cell."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        self.config, self.facts = config, facts
        self.classes: list[str] = list(facts["classes"])
        self.outputs = len(self.classes)
        self.kind = "multilabel"
        self.primary = "roc_auc"

    @staticmethod
    def score(values: pl.Series) -> Guess:
        """High for lists, and for texts of recurring labels joined by "|"."""
        return fit_score(values, "multilabel")

    @staticmethod
    def learn(values: pl.Series, separator: str = SEPARATOR) -> dict[str, Any]:
        """Facts: classes, counts (rows of each), rows (labelled), separator.

        Raises:
            InputError: when no training row has a label.
        """
        lists = label_lists(values, separator).drop_nulls()
        labels = lists.list.unique().explode().drop_nulls().rename("class").value_counts(name="rows")
        if labels.is_empty():
            raise InputError("no training row has a label", where=f"target column {values.name!r}")
        counts = dict(zip(labels["class"].to_list(), labels["rows"].to_list(), strict=True))
        names = in_order(list(counts))
        return {"classes": names, "counts": [int(counts[n]) for n in names], "rows": len(lists)}

    def encode(self, values: pl.Series) -> Targets:
        """Cells → 0 or 1 float32 [N, K] and weight float32 [N]; unseen labels of a set are left out."""
        lists = label_lists(values, self.config.separator)
        known = lists.is_not_null().to_numpy()
        rows = np.repeat(np.arange(len(lists)), lists.list.len().fill_null(0).to_numpy())
        index = class_index(lists.explode(empty_as_null=False, keep_nulls=False), self.classes)
        target = np.zeros((len(values), self.outputs), dtype=np.float32)
        target[rows[index >= 0], index[index >= 0]] = 1
        return Targets(target, known.astype(np.float32))

    def unknown(self, values: pl.Series) -> list[str]:
        """Labels that training never saw, sorted; they are left out of their rows' sets."""
        labels = label_lists(values, self.config.separator).explode().drop_nulls().unique().to_list()
        return sorted(set(labels) - set(self.classes))

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Weighted mean over rows of the mean binary cross-entropy over labels."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        soft = target
        if self.config.label_smoothing:
            soft = target * (1 - self.config.label_smoothing) + self.config.label_smoothing / 2
        positive = None
        if self.config.class_weights == "balanced":
            positive = target.new_tensor(self._positive_weights())
        rows = binary_cross_entropy_with_logits(outputs.float(), soft, reduction="none", pos_weight=positive).mean(-1)
        return (rows * weight).sum() / weight.sum().clamp_min(1e-8)

    def _positive_weights(self) -> list[float]:
        counts = np.maximum(np.asarray(self.facts["counts"], dtype=np.float64), 1)
        ratio = (float(self.facts["rows"]) - counts) / counts
        return list(np.clip(ratio, 1 / LARGEST_WEIGHT, LARGEST_WEIGHT))

    def predictions(self, outputs: Array) -> Array:
        """Sigmoid: probabilities float32 [N, K], each label on its own."""
        wide = np.clip(np.asarray(outputs, dtype=np.float64), -500, 500)
        return np.asarray(1 / (1 + np.exp(-wide)), dtype=np.float32)

    def said(self, predictions: Array) -> Array:
        """Texts [N] of labels joined by the separator; empty for a row without any label from the threshold on."""
        rows, labels = np.nonzero(predictions >= self.config.threshold)
        names = np.array(self.classes, dtype=object)[labels]
        bounds = np.searchsorted(rows, np.arange(len(predictions) + 1))
        joined = [self.config.separator.join(names[a:b]) for a, b in pairwise(bounds)]
        return np.array(joined, dtype=object)

    def decode(self, predictions: Array) -> dict[str, Any]:
        """{"prediction": see `said`, "probability:<label>": float32 [N] each}."""
        columns: dict[str, Any] = {"prediction": self.said(predictions)}
        for k, name in enumerate(self.classes):
            columns[f"probability:{name}"] = np.ascontiguousarray(predictions[:, k], dtype=np.float32)
        return columns
