"""Evidence about rows whose truth is known, without a trained network: predictions are given, not made."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl

from consilience.artifacts.bundle import Opinion
from consilience.artifacts.rules import sole_rules
from consilience.core.recipe import Group, Prepare, Recipe
from consilience.data.features import in_memory, learn_facts
from consilience.data.table import read_table
from consilience.evaluation.comparison import Judged
from consilience.evaluation.evidence import Chosen, Evidence, Rows
from consilience.modalities.cells import as_text

Array = np.ndarray[Any, Any]
PRIMARY = {"binary": "roc_auc", "multiclass": "accuracy", "multilabel": "roc_auc", "regression": "rmse"}


def one_hot(codes: Array, classes: int = 2) -> Array:
    return np.eye(classes)[codes]


def made_bundle(frame: pl.DataFrame, groups: dict[str, tuple[str, ...]], kind: str, **choices: Any) -> Any:
    """groups: modality → columns; choices: classes, report and target_column."""
    columns = {c: modality for modality, names in groups.items() for c in names}
    made = {m: Group(columns=names, modality=m) for m, names in groups.items()}
    recipe = Recipe(
        target=choices.get("target_column", "y"), columns=columns, groups=made, report=choices.get("report") or {}
    )
    facts = {
        "groups": learn_facts(frame, made, Prepare()),
        "task": {"classes": list(choices.get("classes") or [])},
    }
    texts = list(groups.get("text", ()))
    bundle = SimpleNamespace(
        recipe=recipe,
        facts=facts,
        groups=list(made),
        text_columns=texts,
        rules=sole_rules(list(made)),
        references={},
        meta={"primary": PRIMARY[kind]},
        task=SimpleNamespace(primary=PRIMARY[kind]),
        networks=[],
    )

    def judge_masks(features: Any, texts: Any, index: Any, masks: Any) -> list[Opinion]:
        return [bundle.judge(features, texts, index, hidden) for hidden in masks]

    bundle.judge_masks = judge_masks
    return bundle


def made_rows(bundle: Any, frame: pl.DataFrame) -> Rows:
    media = [c for c, m in bundle.recipe.columns.items() if m in ("image", "audio")]
    features = in_memory(read_table(frame), bundle.facts["groups"])
    texts = pl.DataFrame([as_text(frame[c]) for c in bundle.text_columns])
    return Rows(features, texts, np.arange(frame.height), frame.drop(media))


def made_evidence(
    frame: pl.DataFrame,
    groups: dict[str, tuple[str, ...]],
    kind: str,
    target: Array,
    predictions: Array,
    **more: Any,
) -> Evidence:
    """more: classes, report, clusters, chosen = (frame, target, predictions), seed."""
    bundle = made_bundle(frame, groups, kind, **more)
    rows = made_rows(bundle, frame)
    count = frame.height
    judged = Judged(kind, target, np.ones(count), more.get("clusters"), more.get("seed", 0))
    has = np.ones((count, len(groups)), bool)
    opinion = Opinion(predictions, {"network": predictions}, {}, has, predictions, (predictions,))
    chosen = None
    if "chosen" in more:
        other, wanted, said = more["chosen"]
        has = np.ones((other.height, len(groups)), bool)
        chosen = Chosen(said, said, wanted, np.ones(other.height), has, made_rows(bundle, other))
    return Evidence(bundle, rows, judged, opinion, chosen)
