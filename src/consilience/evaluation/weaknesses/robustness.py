"""Robustness: how the score falls as inputs get worse, and when whole sources are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.analysis import Language, NotApplicable, Section
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.intervals import resamples_of, summary
from consilience.evaluation.weaknesses.probes.base import Worn, probe_of
from consilience.evaluation.weaknesses.robustness_section import robustness_section
from consilience.evaluation.weaknesses.worn_rows import hold, judge_held, only_used, row_bytes, wear_group

Array = np.ndarray[Any, Any]

MOST_ROWS, FEWEST_ROWS = 1_000, 120
"""Test rows that are worn."""
SHARE = 0.02
"""Of the training's work, what the curves may cost: beyond it fewer rows are worn, down to FEWEST_ROWS."""
STEP = 3
"""Work of a training row in an epoch (forward and backward) against that of a row that is judged."""
MOST_BYTES = 100_000_000
ENOUGH = 20
RESAMPLES = 200
MOST_DISCIPLINES = 8


@final
class Robustness:
    """Score against the wear of inputs, and over patterns of missing sources."""

    name: ClassVar[str] = "robustness"
    order: ClassVar[int] = 56
    of_forecasts: ClassVar[bool] = True

    def measure(self, evidence: Evidence) -> Any:
        """{"metric", "rows", "test_rows", "clean", "curves", "patterns"}: curves have group, kind, unit and points
        (strength, value, low, high, difference to the clean score on the same rows).

        Raises:
            NotApplicable: with too few rows.
        """
        known = np.flatnonzero(evidence.judged.weight > 0)
        if len(known) < ENOUGH:
            raise NotApplicable(f"{len(known)} held-out rows are too few to see a score fall")
        wears = list(_wears(evidence))
        kept = _sample(evidence, known, sum(len(worn.strengths) for _, worn in wears))
        rows, score = evidence.test.at(kept), Scorer(evidence, kept)
        bundle = only_used(evidence.bundle)
        held = hold(rows, bundle)
        clean = score.draws(evidence.opinion.final[kept])
        curves = []
        for done, (group, worn) in enumerate(wears):
            evidence.listener(
                {"event": "progress", "name": "wear inputs", "done": done, "total": len(wears)},
            )
            points = []
            for strength in worn.strengths:
                changed = wear_group(held, bundle, group, worn, strength, evidence.judged.seed)
                draws = score.draws(judge_held(bundle, changed))
                points.append({"strength": strength, **score.summary(draws), **score.against(draws, clean)})
            curves.append({"group": group, "kind": worn.kind, "unit": worn.unit, "points": points})
        return {
            "metric": evidence.primary,
            "rows": len(kept),
            "test_rows": len(known),
            "clean": score.summary(clean),
            "curves": curves,
            "patterns": _patterns(evidence.few),
        }

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        return robustness_section(found, language)


@final
class Scorer:
    """The primary metric of some test rows, always on the same resamples, so that differences are paired."""

    def __init__(self, evidence: Evidence, kept: Array) -> None:
        from consilience.tasks.metrics import HIGHER_IS_BETTER

        self._judged, self._kept, self._metric = evidence.judged, kept, evidence.primary
        self._sign = 1.0 if HIGHER_IS_BETTER[self._metric] else -1.0

    def draws(self, predictions: Array) -> Array:
        """[1 + RESAMPLES] the score, then the score of every resample. predictions: [kept, K]."""
        from consilience.tasks.metrics import Judge

        rows = self._judged
        clusters = None if rows.clusters is None else rows.clusters[self._kept]
        judge = Judge(rows.kind, rows.target[self._kept], rows.weight[self._kept], predictions, only=self._metric)
        resamples = resamples_of(judge.rows, clusters, rows.seed, RESAMPLES)
        return np.array([judge.at()[self._metric], *(judge.at(counts)[self._metric] for counts in resamples)])

    def summary(self, draws: Array) -> dict[str, float]:
        return summary(float(draws[0]), draws[1:])

    def against(self, draws: Array, clean: Array) -> dict[str, Any]:
        """The difference to the clean score, and whether it is worse beyond noise."""
        gap = self.summary(draws - clean)
        worst = gap["high"] if self._sign > 0 else -gap["low"]
        return {"difference": gap, "worse": bool(worst < 0)}


def _wears(evidence: Evidence) -> Iterator[tuple[str, Worn]]:
    for group in evidence.bundle.groups:
        for worn in probe_of(str(evidence.bundle.recipe.groups[group].modality)).wears:
            yield group, worn


def _sample(evidence: Evidence, known: Array, strengths: int) -> Array:
    """Positions of the test rows that are worn: how many depends on the model and the rows, never on the clock."""
    by_work = MOST_ROWS
    if evidence.train is not None:  # networks count on both sides
        cached = any(network.fixed for network in evidence.bundle.networks)  # its costly part saw every row but once
        passes = 1 if cached else STEP * int(evidence.bundle.recipe.train.epochs or 1)
        trained = passes * len(evidence.train)
        by_work = int(SHARE * trained / max(strengths, 1))
    by_memory = MOST_BYTES // max(row_bytes(evidence.test), 1)
    count = min(MOST_ROWS, len(known), max(FEWEST_ROWS, by_work), max(FEWEST_ROWS, by_memory))
    if count == len(known):
        return known
    return np.sort(np.random.default_rng(evidence.judged.seed).choice(known, count, replace=False))


def _patterns(evidence: Evidence) -> list[dict[str, Any]]:
    """The score without each discipline, and with each alone."""
    known = np.flatnonzero(evidence.judged.weight > 0)
    disciplines = evidence.disciplines
    if not 2 <= len(disciplines) <= MOST_DISCIPLINES:
        return []
    score = Scorer(evidence, known)
    clean = score.draws(evidence.opinion.final[known])
    found: list[dict[str, Any]] = [{"what": "all", "discipline": "", **score.summary(clean)}]
    for what in ("without", "alone"):
        if what == "alone" and len(disciplines) == 2:
            break  # without one is the other alone
        for name, groups in disciplines.items():
            hidden = groups if what == "without" else [g for g in evidence.bundle.groups if g not in groups]
            draws = score.draws(evidence.without(hidden).final[known])
            found.append(
                {"what": what, "discipline": name, **score.summary(draws), **score.against(draws, clean)},
            )
    return found
