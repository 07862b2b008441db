"""Forecasts on test windows: the error of each step beside the best baseline's, and some windows drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from consilience.data.forecast_layout import Layout, layout_of
from consilience.data.windows import ORIGIN, PAST
from consilience.evaluation.analysis import Language, NotApplicable, Section
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.forecasting.section import forecasting_section
from consilience.evaluation.intervals import resamples_of, summary
from consilience.evaluation.judgement import best_single
from consilience.tasks.forecasting.measures import row_sums

Array = np.ndarray[Any, Any]

RESAMPLES = 300
CHUNK = 512
SHOWN_TARGETS = 3
SHOWN_PAST = 3
"""Of the past a window shows at most so many horizons."""


class Forecasting:
    """Error by step with a block bootstrap interval, coverage, and examples."""

    name: ClassVar[str] = "forecasting"
    order: ClassVar[int] = 20
    of_forecasts: ClassVar[bool] = True

    def measure(self, evidence: Evidence) -> dict[str, Any]:
        """{"steps": [{"step", "default", "baseline"}], "baseline", "coverage_before" (the quantiles were moved),
        "promised", "blocks", "targets", "examples"}.

        Raises:
            NotApplicable: where the target is not what follows.
        """
        if evidence.kind != "forecast":
            raise NotApplicable("the target is not what follows in time")
        layout, judged = layout_of(evidence.kind), evidence.judged
        references = {n: p for n, p in evidence.opinion.sources.items() if n != "network"}
        said = {"default": evidence.opinion.final}
        baseline = best_single(references, judged, evidence.primary) if references else None
        if baseline:
            said["baseline"] = references[baseline]
        levels = layout.levels
        return {
            "steps": _steps(layout, evidence, said),
            "baseline": baseline,
            "coverage_before": _held(layout, evidence.judged.target, evidence.opinion.raw),
            "promised": levels[-1] - levels[0] if len(levels) > 1 else None,
            "blocks": len(np.unique(judged.clusters)) if judged.clusters is not None else len(judged.target),
            "targets": list(evidence.bundle.facts["task"]["targets"]),
            "examples": {"windows": _examples(layout, evidence)},
        }

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        return forecasting_section(found, result, language)


def _steps(layout: Layout, evidence: Evidence, said: Mapping[str, Array]) -> list[dict[str, Any]]:
    """Of each step ahead: mean squared standardised error, with an interval for the default prediction."""
    target, judged = evidence.judged.target, evidence.judged
    sums = {name: _step_errors(layout, target, predictions) for name, predictions in said.items()}
    rows = np.arange(len(target))
    draws = np.stack(
        [_means(*sums["default"], counts) for counts in resamples_of(rows, judged.clusters, judged.seed, RESAMPLES)]
    )
    means = {name: _means(*parts, np.ones(len(rows))) for name, parts in sums.items()}
    return [
        {
            "step": step + 1,
            "default": summary(float(means["default"][step]), draws[:, step]),
            **({"baseline": float(means["baseline"][step])} if "baseline" in means else {}),
        }
        for step in range(layout.horizon)
    ]


def _held(layout: Layout, target: Array, predictions: Array) -> float | None:
    """Share of true values between the outermost quantiles."""
    if len(layout.levels) < 2:
        return None
    sums = [
        row_sums(layout, target[start : start + CHUNK], predictions[start : start + CHUNK])
        for start in range(0, len(target), CHUNK)
    ]
    inside, count = (sum(float(part[name].sum()) for part in sums) for name in ("inside", "count"))
    return inside / count if count else None


def _step_errors(layout: Layout, target: Array, predictions: Array) -> tuple[Array, Array]:
    """Sum of squared standardised errors and count of known targets, float64 [N, H]."""
    squares, counts = [], []
    for start in range(0, len(target), CHUNK):
        wanted = layout.wanted(target[start : start + CHUNK])
        known = np.isfinite(wanted)
        away = (layout.said(predictions[start : start + CHUNK])[..., 0] - np.where(known, wanted, 0)) / layout.sd
        squares.append(np.where(known, away**2, 0).sum(2))
        counts.append(known.sum(2))
    return np.concatenate(squares).astype(np.float64), np.concatenate(counts).astype(np.float64)


def _means(squares: Array, counts: Array, weight: Array) -> Array:
    total = np.einsum("n,nh->h", weight, counts)
    above = np.einsum("n,nh->h", weight, squares)
    return np.asarray(np.divide(above, total, out=np.full(len(total), np.nan), where=total > 0))


def _examples(layout: Layout, evidence: Evidence) -> list[dict[str, Any]]:
    """Windows spread over the test rows, of the first targets: past, truth, forecast and its outermost quantiles."""
    wanted = evidence.bundle.recipe.report.examples
    rows = np.unique(np.linspace(0, len(evidence.test) - 1, min(len(evidence.test), wanted)).astype(np.int64))
    series = evidence.bundle.recipe.series
    names = evidence.bundle.facts["task"]["targets"]
    frame = evidence.test.frame[rows.tolist()]
    entities = frame[series.id].to_list() if series is not None and series.id else [None] * len(rows)
    past = frame[PAST].to_numpy()[:, -SHOWN_PAST * layout.horizon :]
    truth = layout.wanted(evidence.judged.target[rows])
    said = layout.said(evidence.opinion.final[rows])
    found = []
    for i, row in enumerate(rows):
        place = i % min(len(names), SHOWN_TARGETS)
        found.append(
            {
                "row": int(row),
                "entity": entities[i],
                "origin": str(frame[ORIGIN][i]),
                "target": names[place],
                "past": _plain(past[i, :, layout.places[place]]),
                "truth": _plain(truth[i, :, place]),
                "said": _plain(said[i, :, place, 0]),
                "low": _plain(said[i, :, place, 1]) if len(layout.levels) > 1 else None,
                "high": _plain(said[i, :, place, -1]) if len(layout.levels) > 1 else None,
            }
        )
    return found


def _plain(values: Array) -> list[float]:
    return [round(float(v), 6) for v in values]
