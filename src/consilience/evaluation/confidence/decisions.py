"""What are the predictions worth to somebody who acts on them? One view for each kind of task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.artifacts.conformal import quantiles
from consilience.core.costs import check_costs
from consilience.evaluation.analysis import Language, NotApplicable, Section
from consilience.evaluation.confidence.coverage import state_for
from consilience.evaluation.confidence.decisions_show import blocks, sentences
from consilience.evaluation.confidence.decisions_words import WORDS
from consilience.evaluation.confidence.net_benefit import net_benefit
from consilience.evaluation.confidence.sample import Sample, sample_of
from consilience.evaluation.evidence import Evidence

Array = np.ndarray[Any, Any]
TOP = 5
MOST_THRESHOLDS = 200
QUANTILES = tuple(round(0.05 * k, 2) for k in range(1, 20))


@final
class Decisions:
    """Net benefit and best threshold (two classes), top-k and expected costs (more), asymmetric costs (values)."""

    name: ClassVar[str] = "decisions"
    order: ClassVar[int] = 36

    def measure(self, evidence: Evidence) -> Any:
        """{"kind", "rows", "classes"} and more: two classes {"given", "net_benefit", "costs"}, several {"given", "top",
        "costs"}, values what `_quantile` gives. given: whether the recipe has costs.

        Raises:
            InputError: when `report.costs` does not fit the classes.
        """
        sample = sample_of(evidence.judged)
        if not len(sample.rows):
            raise NotApplicable("no labelled test row")
        if sample.kind == "multilabel":
            raise NotApplicable("there is no decision view for label sets yet")
        said = np.asarray(evidence.opinion.final, np.float64)[sample.rows]
        common: dict[str, Any] = {"kind": sample.kind, "rows": len(sample.rows), "classes": evidence.classes}
        if sample.kind == "regression":
            return {**common, **_quantile(evidence, sample, said)}
        given = evidence.bundle.recipe.report.costs
        if given is not None:
            check_costs(given, evidence.classes)
        costs = np.asarray(given if given is not None else 1 - np.eye(said.shape[1]), dtype=np.float64)
        common["given"] = given is not None
        if sample.kind == "binary":
            benefit = net_benefit(sample, said[:, 1])
            return {**common, "net_benefit": benefit, "costs": _threshold(evidence, sample, said, costs)}
        expected = _expected(sample, said, costs) if given is not None else None
        return {**common, "top": _top(sample, said), "costs": expected}

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        words = WORDS[language]
        return Section(self.name, words["title"], sentences(found, language), blocks(found, result, language))


def best_threshold(said: Array, actual: Array, weight: Array, costs: Array) -> tuple[float, float]:
    """(threshold chosen, threshold of honest probabilities) of the second class's probability.

    Honest probabilities say (C01 − C00) / (C01 − C00 + C10 − C11) (Elkan 2001). Another threshold is chosen only where
    it costs less on these rows by more than one standard error.

    Args:
        said: [V] probabilities of the second class. actual: [V] 0 or 1. costs: [2, 2], a row an actual class.
    """
    alarm, miss = costs[0, 1] - costs[0, 0], costs[1, 0] - costs[1, 1]
    theory = float(alarm / (alarm + miss)) if alarm + miss > 0 else 0.5
    if not len(said):
        return theory, theory
    tried = np.unique(np.quantile(said, np.linspace(0, 1, MOST_THRESHOLDS)))
    tried = np.append((tried[1:] + tried[:-1]) / 2, theory)
    cost = costs[actual[:, None], (said[:, None] >= tried).astype(np.int64)]
    share = weight / weight.sum()
    mean = share @ cost
    best = int(np.argmin(mean))
    saved = cost[:, -1] - cost[:, best]
    error = np.sqrt(share**2 @ (saved - share @ saved) ** 2)
    return (float(tried[best]) if share @ saved > error else theory), theory


def _threshold(evidence: Evidence, sample: Sample, said: Array, costs: Array) -> dict[str, Any]:
    """The threshold from validation rows, and what it costs on test rows against one half."""
    chosen = evidence.chosen
    if chosen is None:
        threshold, theory = best_threshold(said[:0, 1], sample.actual[:0], sample.weight[:0], costs)
    else:
        rows = np.asarray(chosen.weight) > 0
        actual = np.asarray(chosen.target)[rows].argmax(1)
        threshold, theory = best_threshold(np.asarray(chosen.final)[rows, 1], actual, chosen.weight[rows], costs)
    own = costs[sample.actual, (said[:, 1] >= threshold).astype(np.int64)]
    half = costs[sample.actual, (said[:, 1] >= 0.5).astype(np.int64)]
    return {"matrix": costs.tolist(), "threshold": threshold, "theory": theory, **_paired(sample, own, half)}


def _expected(sample: Sample, said: Array, costs: Array) -> dict[str, Any]:
    """Predicting the class of least expected cost, against the likeliest class."""
    own = costs[sample.actual, (said @ costs).argmin(1)]
    return {"matrix": costs.tolist(), **_paired(sample, own, costs[sample.actual, said.argmax(1)])}


def _paired(sample: Sample, own: Array, usual: Array) -> dict[str, Any]:
    """Mean cost a row of a decision and of the usual one, and what it saves."""
    cost, usual_cost, saved = sample.ratios(np.stack([own, usual, usual - own], 1))
    return {"cost": cost, "usual": usual_cost, "saved": saved}


def _top(sample: Sample, said: Array) -> list[dict[str, Any]]:
    """[{"k", "accuracy"}]: how often the truth is among the k likeliest classes, k = 1 … 5."""
    order = np.argsort(-said, axis=1, kind="stable")
    rank = (order == sample.actual[:, None]).argmax(1)
    most = min(TOP, said.shape[1] - 1)
    hits = rank[:, None] < np.arange(1, most + 1)
    rates = sample.rates(hits, np.ones_like(hits))
    return [{"k": k + 1, "accuracy": rate} for k, rate in enumerate(rates)]


def _quantile(evidence: Evidence, sample: Sample, said: Array) -> dict[str, Any]:
    """{"too_low", "too_high", "quantile", "cost", "usual", "saved", "curve": [{"level", "cost"}]}: the quantile of
    least expected cost reported in place of the prediction (pinball loss, Koenker & Bassett 1978).
    """
    report = evidence.bundle.recipe.report
    low, high = report.too_low, report.too_high
    if low + high == 0:
        raise NotApplicable("report.too_low and report.too_high are both 0: no mistake costs anything")
    best = low / (low + high)
    found = quantiles(state_for(evidence, ()), said, [*QUANTILES, best])
    missed = sample.target - np.hstack([found, said])
    cost = np.where(missed > 0, low * missed, -high * missed)
    if not np.isfinite(cost).all():
        raise NotApplicable("too few validation rows for quantiles")
    curve = sample.ratios(cost[:, : len(QUANTILES)])
    return {
        "too_low": low,
        "too_high": high,
        "quantile": best,
        **_paired(sample, cost[:, -2], cost[:, -1]),
        "curve": [{"level": level, "cost": score} for level, score in zip(QUANTILES, curve, strict=True)],
    }
