"""Evidence about made-up rows: predictions without a model behind them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
from scipy import special

from consilience.artifacts.bundle import Opinion
from consilience.artifacts.rules import UNCHANGED, Rules, fit_rule
from consilience.core.recipe import make_recipe
from consilience.evaluation.comparison import Judged
from consilience.evaluation.evidence import Chosen, Evidence, Rows

KINDS = ("binary", "multiclass", "multilabel", "regression")


def predictions(kind: str, rows: int, sharpness: float = 1.5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Honest predictions and targets drawn from them."""
    generator = np.random.default_rng(seed)
    if kind == "regression":
        said = generator.uniform(0, 10, size=(rows, 1))
        return said, said + (0.2 + said / 4) * generator.normal(size=(rows, 1))
    if kind == "multilabel":
        said = special.expit(generator.normal(size=(rows, 3)) * sharpness)
        return said, (generator.random((rows, 3)) < said).astype(float)
    columns = 2 if kind == "binary" else 4
    said = special.softmax(generator.normal(size=(rows, columns)) * sharpness, axis=1)
    label = (said.cumsum(1) > generator.random((rows, 1))).argmax(1)
    return said, np.eye(columns)[label]


def sharpened(kind: str, said: np.ndarray, slope: float) -> np.ndarray:
    """Probabilities made surer (slope above 1) than they should be."""
    if kind == "regression":
        return said
    if kind == "multilabel":
        return special.expit(special.logit(np.clip(said, 1e-12, 1 - 1e-12)) * slope)
    return special.softmax(np.log(np.clip(said, 1e-12, 1)) * slope, axis=1)


def evidence(
    kind: str,
    rows: int = 600,
    *,
    slope: float = 1.0,
    sharpness: float = 1.5,
    report: dict[str, Any] | None = None,
    **judged: Any,
) -> Evidence:
    """Test and validation rows alike, of two disciplines "note" and "record"; hiding one shrinks the predictions.

    slope: `raw` is that much too sure; `final` is honest. judged: clusters and weight of the test rows.
    """
    said, target = predictions(kind, rows, sharpness, seed=20)
    valid, truth = predictions(kind, rows, sharpness, seed=21)
    has = np.random.default_rng(2).random((rows, 2)) < [1.0, 0.8]
    classes = [] if kind == "regression" else [f"c{k}" for k in range(said.shape[1])]
    groups = {g: {"columns": [g], "modality": "text"} for g in ("note", "record")}
    values = {"target": "y", "columns": {"note": "text", "record": "text"}, "groups": groups, "report": report or {}}

    def opinion(final: np.ndarray) -> Opinion:
        return Opinion(final, {"network": final}, {}, has, sharpened(kind, final, slope), (final,))

    def judge_masks(features: Any, texts: Any, index: np.ndarray, masks: Any) -> list[Opinion]:
        return [opinion(sharpened(kind, said[index], 0.5)) for _ in masks]

    unmasked = {"network": valid}
    rules = {frozenset(groups): fit_rule(kind, unmasked, truth, np.ones(rows), stack=False, seed=0)}
    shrunk = {"network": sharpened(kind, valid, 0.5)}
    for group in groups:
        rules[frozenset({group})] = fit_rule(kind, shrunk, truth, np.ones(rows), stack=False, seed=0)
    bundle = SimpleNamespace(
        recipe=make_recipe(values),
        facts={"task": {"classes": classes}},
        meta={},
        groups=["note", "record"],
        judge_masks=judge_masks,
        rules=Rules(list(groups), {p: replace(r, calibration=UNCHANGED) for p, r in rules.items()}),
    )
    test = Rows(None, pl.DataFrame(), np.arange(rows), pl.DataFrame({"y": np.arange(rows)}))  # type: ignore[arg-type]
    weight = judged.get("weight", np.ones(rows))
    return Evidence(
        bundle,  # type: ignore[arg-type]
        test,
        Judged(kind, target, weight, judged.get("clusters"), 0),
        opinion(said),
        Chosen(valid, sharpened(kind, valid, slope), truth, np.ones(rows), has),
    )
