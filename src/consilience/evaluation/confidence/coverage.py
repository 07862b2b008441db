"""Do sets and intervals hold the truth as often as they promise: overall, for every class, and with sources missing?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, final

import numpy as np

from consilience.artifacts.conformal import State, by_group, fit_conformal_by_group
from consilience.evaluation.analysis import Language, NotApplicable, Section
from consilience.evaluation.confidence.coverage_show import blocks, sentences
from consilience.evaluation.confidence.coverage_words import WORDS
from consilience.evaluation.confidence.covering import below, by_class, certain, covered, covering
from consilience.evaluation.confidence.sample import Sample, sample_of
from consilience.evaluation.evidence import Evidence

Array = np.ndarray[Any, Any]
LEVELS, MAIN = (0.8, 0.9, 0.95), 0.9
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
MASKED_ROWS = 3_000
"""Rows looked at with a discipline hidden."""
PATTERN_ROWS, MOST_PATTERNS = 20, 12
"""A pattern of missing sources is looked at from so many rows on; the most frequent ones."""


@final
class Coverage:
    """Coverage and size of conformal prediction sets and intervals, overall and by pattern of present sources."""

    name: ClassVar[str] = "coverage"
    order: ClassVar[int] = 32

    def measure(self, evidence: Evidence) -> Any:
        """{"level", "rows", "overall", "levels", "classes", "quantiles", "patterns", "group_conditional"}.

        overall: at MAIN, see `covering`. levels: the same at each of LEVELS. patterns: [{"present": disciplines,
        "rows", "coverage", "size", "natural": whether rows came like that or a discipline was hidden}].
        group_conditional: coverage by natural pattern when each has a rule of its own, or None.
        """
        sample = sample_of(evidence.judged)
        if not len(sample.rows):
            raise NotApplicable("no labelled test row")
        state = state_for(evidence, ())
        said = np.asarray(evidence.opinion.final, np.float64)[sample.rows]
        names, values = evidence.classes, sample.kind == "regression"
        states = states_for(evidence, sample)
        found = {level: certain(sample, states, said, level) for level in LEVELS}
        levels = [{"level": level, **covered(sample, found[level])} for level in LEVELS]
        classes = [] if values else by_class(sample, found[MAIN])
        return {
            "level": MAIN,
            "rows": len(sample.rows),
            "kind": sample.kind,
            "validation_rows": state["rows"],
            "overall": {k: v for k, v in levels[LEVELS.index(MAIN)].items() if k != "level"},
            "levels": levels,
            "classes": [{"class": names[c["place"]], "rows": c["rows"], "coverage": c["coverage"]} for c in classes],
            "quantiles": below(sample, state, said, QUANTILES) if values else [],
            "patterns": [*_natural(evidence, sample), *_hidden(evidence.few, sample_of(evidence.few.judged))],
            "group_conditional": _conditional(evidence, sample),
        }

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        words, sort = WORDS[language], "values" if found["kind"] == "regression" else "sets"
        return Section(
            self.name,
            words[f"title_{sort}"],
            sentences(found, language),
            blocks(found, language),
            words[f"method_{sort}"],
        )


def state_for(evidence: Evidence, hidden: tuple[str, ...]) -> State:
    """The conformal state that holds for rows without these groups, as the bundle keeps it.

    Raises:
        NotApplicable: where there were no validation rows to learn it from.
    """
    state = evidence.bundle.rules.of(g for g in evidence.bundle.groups if g not in hidden).conformal
    if state is None:
        raise NotApplicable("no labelled validation row to learn sets and intervals from")
    return dict(state)


def states_for(evidence: Evidence, sample: Sample) -> list[tuple[State, Array]]:
    """The state of each pattern of present groups, and the positions in the sample of the rows that came like that."""
    parts = evidence.bundle.rules.parts(evidence.opinion.has[sample.rows])
    return [(dict(rule.conformal), rows) for rule, rows in parts if rule.conformal is not None]


def part_of(sample: Sample, positions: Array) -> Sample:
    """The rows at these positions (0..n-1) of the sample."""
    clusters = None if sample.clusters is None else sample.clusters[positions]
    return replace(
        sample,
        rows=sample.rows[positions],
        target=sample.target[positions],
        weight=sample.weight[positions],
        clusters=clusters,
    )


def _natural(evidence: Evidence, sample: Sample) -> Iterator[dict[str, Any]]:
    """Rows as they came, by the sources that they have; nothing where all rows have the same."""
    has = np.asarray(evidence.opinion.has, dtype=bool)[sample.rows]
    patterns, place, counts = np.unique(has, axis=0, return_inverse=True, return_counts=True)
    if len(patterns) < 2:
        return
    groups = evidence.bundle.groups
    for number in np.argsort(-counts, kind="stable")[:MOST_PATTERNS]:
        if counts[number] < PATTERN_ROWS:
            continue
        part = part_of(sample, np.flatnonzero(place.ravel() == number))
        missing = tuple(g for g, there in zip(groups, patterns[number], strict=True) if not there)
        found = covering(part, state_for(evidence, missing), np.asarray(evidence.opinion.final)[part.rows], MAIN)
        yield _pattern([g for g in groups if g not in missing], len(part.rows), found, True)


def _hidden(evidence: Evidence, sample: Sample) -> Iterator[dict[str, Any]]:
    """The same rows with each discipline hidden, and with each alone."""
    every = evidence.disciplines
    if len(every) < 2:
        return
    keeps = [tuple(d for d in every if d != hidden) for hidden in every] + [(kept,) for kept in every]
    drawn = np.random.default_rng([sample.seed, 13]).permutation(len(sample.rows))[:MASKED_ROWS]
    part = part_of(sample, np.sort(drawn))
    keeps = list(dict.fromkeys(keeps))
    keeps = [keep for keep in keeps if not _is_natural(evidence, [g for d in keep for g in every[d]])]
    gone = [tuple(g for d, groups in every.items() if d not in keep for g in groups) for keep in keeps]
    evidence.prepare_masks([frozenset(missing) for missing in gone])
    for done, (keep, missing) in enumerate(zip(keeps, gone, strict=True)):
        evidence.listener({"event": "progress", "name": "evaluate coverage", "done": done, "total": len(keeps)})
        said = np.asarray(evidence.without(missing).final)[part.rows]
        found = covering(part, state_for(evidence, missing), said, MAIN)
        yield _pattern(list(keep), len(part.rows), found, False)


def _is_natural(evidence: Evidence, groups: list[str]) -> bool:
    """Whether the thresholds of this pattern come from rows that lack the other groups by nature: they promise nothing
    of rows where they are hidden."""
    return bool((evidence.bundle.rules.of(groups).conformal or {}).get("natural"))


def _pattern(present: list[str], rows: int, found: Mapping[str, Any], natural: bool) -> dict[str, Any]:
    return {"present": present, "rows": rows, "natural": natural, "coverage": found["coverage"], "size": found["size"]}


def _conditional(evidence: Evidence, sample: Sample) -> dict[str, Any] | None:
    """Coverage by natural pattern when validation rows of each pattern make a rule of their own; see GROUP_ROWS."""
    chosen = evidence.chosen
    if chosen is None or len(np.unique(np.asarray(chosen.has), axis=0)) < 2:
        return None
    learn, test = _codes(chosen.has), _codes(evidence.opinion.has)[sample.rows]
    seed = evidence.judged.seed
    states = fit_conformal_by_group(evidence.kind, chosen.final, chosen.target, chosen.weight, seed, learn)
    said, groups = np.asarray(evidence.opinion.final)[sample.rows], evidence.bundle.groups
    patterns = []
    for rows, state in by_group(states, test):
        if len(rows) < PATTERN_ROWS:
            continue
        own = state is not states["overall"]
        there = [g for g, mark in zip(groups, test[rows[0]], strict=True) if mark == "1"] if own else []
        found = covering(part_of(sample, rows), state, said[rows], MAIN)
        patterns.append({**_pattern(there, len(rows), found, True), "own": own})
    return {"by": "present groups", "patterns": patterns}


def _codes(has: Array) -> Array:
    """Each row's present groups as text, "101"."""
    return np.array(["".join("01"[int(v)] for v in row) for row in np.asarray(has, dtype=bool)])
