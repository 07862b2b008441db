"""The score of every subset of disciplines on the same resamples of rows and of trainings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from consilience.artifacts.rules import subsets
from consilience.evaluation.contribution.members import draws, trainings
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.intervals import planned_resamples, resamples_of
from consilience.evaluation.judgement import prior_predictions
from consilience.tasks.metrics import HIGHER_IS_BETTER, Judge

Array = np.ndarray[Any, Any]
Subset = tuple[int, ...]
Speaker = Literal["stack", "network"]


@dataclass(frozen=True)
class Worths:
    """Scores where higher is better (errors carry a minus sign), by subset of positions in `names`.

    value: subset → float, of all trainings averaged. drawn: subset → [R] under resampled rows and trainings. each:
    for each training, subset → float.
    """

    names: tuple[str, ...]
    metric: str
    value: dict[Subset, float]
    drawn: dict[Subset, Array]
    each: list[dict[Subset, float]]


def measure_worths(evidence: Evidence, speaker: Speaker) -> Worths:
    """The worth of each subset for the default prediction ("stack") or for the networks alone."""
    names = tuple(evidence.disciplines)
    chosen = [tuple(names.index(n) for n in subset) for subset in subsets(names)]
    evidence.prepare_masks([_hidden(evidence, names, subset) for subset in chosen])
    metric = evidence.primary
    sign = 1.0 if HIGHER_IS_BETTER[metric] else -1.0
    judged = evidence.judged
    nothing = prior_predictions(evidence.bundle, len(judged.target))

    def judges(which: tuple[int, ...] | None) -> dict[Subset, Judge]:
        said: dict[Subset, Array] = {(): nothing}
        said |= {s: _said(evidence, speaker, _hidden(evidence, names, s), which) for s in chosen}
        return {s: Judge(judged.kind, judged.target, judged.weight, p, only=metric) for s, p in said.items()}

    def score(ready: dict[Subset, Judge], counts: Array | None = None) -> dict[Subset, float]:
        return {s: sign * judge.at(counts)[metric] for s, judge in ready.items()}

    whole = judges(None)
    count = len(_trainings(evidence, evidence.opinion.members))
    drawn: dict[Subset, list[float]] = {s: [] for s in whole}
    for which, resamples in _resampled(evidence, next(iter(whole.values())), len(whole), count):
        ready = whole if count == 1 else judges(which)
        for counts in resamples:
            for subset, value in score(ready, counts).items():
                drawn[subset].append(value)
    each = [score(judges((i,))) for i in range(count)] if count > 1 else [score(whole)]
    return Worths(names, metric, score(whole), {s: np.array(v) for s, v in drawn.items()}, each)


def _hidden(evidence: Evidence, names: tuple[str, ...], subset: Subset) -> frozenset[str]:
    """Groups of the disciplines outside the subset."""
    return frozenset(g for i, name in enumerate(names) if i not in subset for g in evidence.disciplines[name])


def _trainings(evidence: Evidence, members: tuple[Array, ...]) -> list[Array]:
    recipe = evidence.bundle.recipe  # the folds of a series are blocks of time, not networks
    return trainings(members, 1 if recipe.series is not None else int(recipe.split.folds or 1))


def _said(evidence: Evidence, speaker: Speaker, hidden: frozenset[str], which: tuple[int, ...] | None) -> Array:
    """Predictions with groups hidden: of all trainings (None), or of the named ones averaged."""
    opinion = evidence.without(hidden)
    if which is None:
        return opinion.final if speaker == "stack" else opinion.sources["network"]
    every = _trainings(evidence, opinion.members)
    network = np.mean([every[i] for i in which], axis=0)
    if speaker == "network":
        return np.asarray(network)
    return evidence.bundle.rules.apply({**opinion.sources, "network": network}, opinion.has, hidden)[1]


def _resampled(
    evidence: Evidence, judge: Judge, columns: int, count: int
) -> Iterator[tuple[tuple[int, ...], list[Array]]]:
    """Draws of trainings, each with resamples of the rows (whole clusters where rows belong together)."""
    chosen = draws(count, evidence.judged.seed)
    asked = planned_resamples(len(judge.rows), judge.columns * columns)
    for number, which in enumerate(chosen):
        seed = evidence.judged.seed + 7_919 * number
        yield which, list(resamples_of(judge.rows, evidence.judged.clusters, seed, -(-asked // len(chosen))))
