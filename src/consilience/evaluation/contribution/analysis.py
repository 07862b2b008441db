"""What did joining the disciplines bring? Measured on held-out rows, over several trainings, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from consilience.evaluation.analysis import Language, NotApplicable, Section
from consilience.evaluation.contribution import game
from consilience.evaluation.contribution.section import contribution_section
from consilience.evaluation.contribution.words import contribution_sentence
from consilience.evaluation.contribution.worth import Speaker, Worths, measure_worths
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.intervals import summary
from consilience.tasks.metrics import HIGHER_IS_BETTER

Array = np.ndarray[Any, Any]

LEAST_GAIN = 1e-9
"""Shares of a total gain smaller than this have no meaning."""


class Contribution:
    """Score of every subset of disciplines, Shapley shares, synergy, redundancy, and one plain sentence."""

    name: ClassVar[str] = "contribution"
    order: ClassVar[int] = 10
    of_texts: ClassVar[bool] = True
    of_forecasts: ClassVar[bool] = True
    of_boxes: ClassVar[bool] = True

    def measure(self, evidence: Evidence) -> dict[str, Any]:
        """{"speaks_of", "subsets", "shapley", "shares", "unique", "pairs", "synergy", "verdict", "sentence", …}, and
        the same for the networks alone under "network"."""
        if len(evidence.disciplines) < 2:
            raise NotApplicable("there is one discipline only: nothing was joined")
        if not (evidence.judged.weight > 0).any():
            raise NotApplicable("no test row has a target")
        seen = evidence.few
        speaker: Speaker = "stack" if len(evidence.bundle.weights) > 1 else "network"
        found = describe(measure_worths(seen, speaker), speaker)
        found |= {"rows": len(seen.test), "of": len(evidence.test), "disciplines": _columns(evidence)}
        if speaker == "stack":
            found["network"] = describe(measure_worths(seen, "network"), "network")
        return found

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        return contribution_section(found, result, language)


def _columns(evidence: Evidence) -> dict[str, list[str]]:
    groups = evidence.bundle.recipe.groups
    return {name: [c for g in parts for c in groups[g].columns] for name, parts in evidence.disciplines.items()}


def describe(worths: Worths, speaker: Speaker) -> dict[str, Any]:
    """The figures of one speaker, as plain JSON values."""
    names, count = worths.names, len(worths.names)
    v, drawn = _arrays(worths.value), worths.drawn
    best = int(np.argmax([worths.value[(i,)] for i in range(count)]))
    values, values_drawn = game.shapley(v, count), game.shapley(drawn, count)
    alone, alone_drawn = game.unique(v, count), game.unique(drawn, count)
    synergy = summary(float(game.synergy(v, count)), game.synergy(drawn, count))
    verdict = "helps" if synergy["low"] > 0 else "hurts" if synergy["high"] < 0 else "no evidence"
    each = [float(game.synergy(_arrays(one), count)) for one in worths.each]
    found = {
        "speaks_of": speaker,
        "metric": worths.metric,
        "subsets": _subsets(worths),
        "shapley": {n: summary(float(values[i]), values_drawn[i]) for i, n in enumerate(names)},
        "shares": {n: _share(values, values_drawn, i) for i, n in enumerate(names)},
        "exact": len(v) == 2**count,
        "unique": {n: summary(float(alone[i]), alone_drawn[i]) for i, n in enumerate(names)},
        "pairs": [_pair(names, v, drawn, pair) for pair in combinations(range(count), 2) if pair in v],
        "synergy": synergy,
        "best_single": names[best],
        "members": len(worths.each),
        "per_member": each,
        "verdict": verdict,
    }
    return {**found, "sentence": contribution_sentence(found, "en").text}


def _arrays(value: Mapping[tuple[int, ...], float]) -> dict[tuple[int, ...], Array]:
    return {subset: np.asarray(worth) for subset, worth in value.items()}


def _subsets(worths: Worths) -> list[dict[str, Any]]:
    sign = 1.0 if HIGHER_IS_BETTER[worths.metric] else -1.0
    return [
        {
            "groups": [worths.names[i] for i in subset],
            worths.metric: summary(sign * value, sign * worths.drawn[subset]),
        }
        for subset, value in worths.value.items()
    ]


def _share(values: Array, drawn: Array, i: int) -> dict[str, float]:
    """Part of the total gain, 1 = all of it; NaN where there is no gain to share."""
    total, totals = float(values.sum()), drawn.sum(0)
    if total <= LEAST_GAIN:
        return {"value": float("nan"), "low": float("nan"), "high": float("nan")}
    parts = np.divide(drawn[i], totals, out=np.full(len(totals), np.nan), where=totals > LEAST_GAIN)
    return summary(float(values[i]) / total, parts)


def _pair(names: tuple[str, ...], v: Any, drawn: Any, pair: tuple[int, int]) -> dict[str, Any]:
    return {
        "pair": [names[i] for i in pair],
        "synergy": summary(float(game.pair_synergy(v, *pair)), game.pair_synergy(drawn, *pair)),
        "redundancy": summary(float(game.pair_redundancy(v, *pair)), game.pair_redundancy(drawn, *pair)),
    }
