"""Classification into two or more classes: softmax over K outputs, also for K = 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import numpy as np
import polars as pl
from pydantic import Field

from consilience.core.config import Config as Block
from consilience.core.errors import InputError
from consilience.modalities.base import Guess
from consilience.modalities.cells import as_text
from consilience.tasks.base import Array, Targets
from consilience.tasks.detect import fit_score
from consilience.tasks.labels import cell_type, class_index, count_classes, is_label_struct, typed

if TYPE_CHECKING:
    from torch import Tensor


@final
class Classification:
    """One class a row. Targets are class shares [N, K]; a missing or unseen class has weight 0.

    Facts: classes (canonical texts in order), counts (training rows of each), type (of the cells).
    """

    name: ClassVar[str] = "classification"

    class Config(Block):
        label_smoothing: float = Field(0.0, ge=0, lt=1)
        """Share of each target spread evenly over all classes, in the loss only (Szegedy et al. 2016)."""
        class_weights: Literal["none", "balanced"] = "none"
        """balanced: rows count in the loss in inverse proportion to their class's share."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        self.config, self.facts = config, facts
        self.classes: list[str] = list(facts["classes"])
        self._names = typed(self.classes, str(facts.get("type", "string")))
        self.outputs = len(self.classes)
        self.kind = "binary" if self.outputs == 2 else "multiclass"
        self.primary = "roc_auc" if self.kind == "binary" else "accuracy"

    @staticmethod
    def score(values: pl.Series) -> Guess:
        """High for few distinct values that repeat."""
        return fit_score(values, "classification")

    @staticmethod
    def learn(values: pl.Series) -> dict[str, Any]:
        """Raises:
        InputError: when the rows hold fewer than two classes.
        """
        if is_label_struct(values):
            shares = _shares(values)
            counts = dict(zip(values.struct.fields, np.nansum(shares, 0).round(3).tolist(), strict=True))
            return {"classes": list(counts), "counts": list(counts.values()), "type": "string"}
        found = count_classes(as_text(values))
        if len(found) < 2:
            raise InputError(
                f"the training rows hold {len(found)} class{'' if found else 'es'}, at least 2 are needed",
                where=f"target column {values.name!r}",
            )
        return {"classes": list(found), "counts": list(found.values()), "type": cell_type(values)}

    def encode(self, values: pl.Series) -> Targets:
        """Cells → class shares float32 [N, K] and weight float32 [N], 0 where missing or of an unseen class.

        Struct cells {class: share} are soft labels; their shares are scaled to sum 1.
        """
        target = np.zeros((len(values), self.outputs), dtype=np.float32)
        if is_label_struct(values):
            names, shares = values.struct.fields, _shares(values)
            for k, name in enumerate(self.classes):
                if name in names:
                    target[:, k] = np.nan_to_num(shares[:, names.index(name)])
            total = target.sum(1)
            return Targets(target / np.maximum(total, 1e-12)[:, None], (total > 0).astype(np.float32))
        index = class_index(as_text(values), self.classes)
        rows = np.flatnonzero(index >= 0)
        target[rows, index[rows]] = 1
        return Targets(target, (index >= 0).astype(np.float32))

    def unknown(self, values: pl.Series) -> list[str]:
        """Labels of the cells that training never saw, sorted: their rows are encoded as unlabelled."""
        if is_label_struct(values):
            return sorted(set(values.struct.fields) - set(self.classes))
        return sorted(set(as_text(values).drop_nulls().unique().to_list()) - set(self.classes))

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Weighted mean cross-entropy; smoothing and class weights act here and nowhere else."""
        import torch

        log_shares = torch.log_softmax(outputs.float(), dim=-1)
        soft = target
        if self.config.label_smoothing:
            soft = target * (1 - self.config.label_smoothing) + self.config.label_smoothing / self.outputs
        if self.config.class_weights == "balanced":
            weight = weight * (target @ target.new_tensor(self._class_weights()))
        rows = -(soft * log_shares).sum(-1)
        return (rows * weight).sum() / weight.sum().clamp_min(1e-8)

    def _class_weights(self) -> list[float]:
        counts = np.maximum(np.asarray(self.facts["counts"], dtype=np.float64), 1)
        return list(counts.sum() / (len(counts) * counts))

    def predictions(self, outputs: Array) -> Array:
        """Softmax: probabilities float32 [N, K]."""
        wide = np.asarray(outputs, dtype=np.float64)
        shares = np.exp(wide - wide.max(1, keepdims=True))
        return np.asarray(shares / shares.sum(1, keepdims=True), dtype=np.float32)

    def said(self, predictions: Array) -> Array:
        """Labels [N] in the training cells' type."""
        return np.asarray(self._names[predictions.argmax(1)])

    def decode(self, predictions: Array) -> dict[str, Any]:
        """{"prediction": labels [N] in the training cells' type, "probability:<class>": float32 [N] each}."""
        columns: dict[str, Any] = {"prediction": self.said(predictions)}
        for k, name in enumerate(self.classes):
            columns[f"probability:{name}"] = np.ascontiguousarray(predictions[:, k], dtype=np.float32)
        return columns


def _shares(values: pl.Series) -> Array:
    """Struct cells → float64 [N, fields], NaN where missing; negative shares count as 0."""
    wide = values.struct.unnest().select(pl.all().cast(pl.Float64)).to_numpy()
    return np.where(wide < 0, 0, wide)
