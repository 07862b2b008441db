"""How sources become the default prediction, for each pattern of groups that a row comes with.

A reference that never saw a row without its image says little of one; the network, trained on random subsets of the
groups, may say more. So the weights are found anew for every pattern, on validation rows with the other groups hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from consilience.artifacts.calibration import calibrate, fit_calibration
from consilience.artifacts.conformal import fit_conformal, prediction_intervals, prediction_sets
from consilience.artifacts.forecast_bands import fit_bands
from consilience.artifacts.forecast_stack import fit_forecast_weights
from consilience.artifacts.stack import combine, fit_weights
from consilience.core.errors import InputError
from consilience.data.forecast_layout import layout_of

Array = np.ndarray[Any, Any]
Pattern = frozenset[str]
"""The groups that a row has."""

UNCHANGED: Mapping[str, Any] = {"kind": "regression", "method": "none", "rows": 0, "log_loss": {}}
"""Calibration that leaves predictions as they are."""
MOST_DISCIPLINES = 5
"""Up to so many disciplines every subset has a rule of its own; beyond, singles and leave-one-out."""


@dataclass(frozen=True)
class Rule:
    """From sources to a calibrated prediction, and how sure that is.

    weights: source → weight ≥ 0, sum 1. calibration: see `artifacts.calibration`. conformal: see
    `artifacts.conformal`; None where no validation row was labelled.
    """

    weights: Mapping[str, float]
    calibration: Mapping[str, Any]
    conformal: Mapping[str, Any] | None = None

    def raw(self, sources: Mapping[str, Array]) -> Array:
        """The weighted mean of the sources, float64 [N, K]."""
        return combine({name: sources[name] for name in self.weights}, self.weights)

    def final(self, raw: Array) -> Array:
        """The calibrated default prediction [N, K] from `raw`."""
        return calibrate(dict(self.calibration), raw)

    def trimmed(self) -> Rule:
        """The same rule without sources of weight 0."""
        return replace(self, weights={name: weight for name, weight in self.weights.items() if weight > 0})

    def state(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"weights": dict(self.weights), "calibration": self.calibration, "conformal": self.conformal}

    @staticmethod
    def restored(state: Mapping[str, Any]) -> Rule:
        return Rule(dict(state["weights"]), state["calibration"], state["conformal"])


def fit_rule(kind: str, sources: Mapping[str, Array], target: Array, weight: Array, *, stack: bool, seed: int) -> Rule:
    """A rule from predictions on validation rows: source → [V, K], target [V, K], weight [V].

    Args:
        stack: False = the network alone.
    """
    rule = Rule({"network": 1.0}, UNCHANGED)
    if (
        kind in ("text", "boxes") or not (np.asarray(weight) > 0).any()
    ):  # texts and boxes are neither averaged nor calibrated
        return rule
    if kind == "forecast":  # quantiles are forecast; the rule moves them until they hold what they promise
        weights = fit_forecast_weights(layout_of(kind), sources, target, weight) if stack else rule.weights
        rule = replace(rule, weights=weights)
        return replace(rule, calibration=fit_bands(layout_of(kind), rule.raw(sources), target, weight))
    if stack and len(sources) > 1:
        rule = replace(rule, weights=fit_weights(kind, sources, target, weight))
    raw = rule.raw(sources)
    rule = replace(rule, calibration=fit_calibration(kind, raw, target, weight, seed))
    return replace(rule, conformal=fit_conformal(kind, rule.final(raw), target, weight, seed))


class Rules:
    """The rule of each pattern; rows of any other pattern follow the rule of the complete one.

    Args:
        groups: the bundle's groups, in order.
        rules: pattern → rule; the complete pattern is always among them.
    """

    def __init__(self, groups: Sequence[str], rules: Mapping[Pattern, Rule]) -> None:
        self.groups, self.rules = tuple(groups), dict(rules)

    @property
    def complete(self) -> Rule:
        return self.rules[frozenset(self.groups)]

    def of(self, present: Iterable[str]) -> Rule:
        """The rule for rows that have these groups."""
        return self.rules.get(frozenset(present), self.complete)

    def parts(self, has: Array, hidden: Iterable[str] = ()) -> list[tuple[Rule, Array]]:
        """(rule, positions int64 [n]) for rows that have the groups `has` [N, M] bool, less the hidden ones."""
        hide = set(hidden)
        shown = np.asarray(has, bool) & np.array([g not in hide for g in self.groups])
        if len(self.rules) == 1 or not len(shown):
            return [(self.complete, np.arange(len(shown)))]
        if (shown == shown[0]).all():  # as of a single row: a search for patterns takes longer than all the rest
            return [
                (self.of(g for g, there in zip(self.groups, shown[0], strict=True) if there), np.arange(len(shown)))
            ]
        patterns, member = np.unique(shown, axis=0, return_inverse=True)
        member = member.reshape(-1)
        return [
            (self.of(g for g, there in zip(self.groups, pattern, strict=True) if there), np.flatnonzero(member == i))
            for i, pattern in enumerate(patterns)
        ]

    def apply(self, sources: Mapping[str, Array], has: Array, hidden: Iterable[str] = ()) -> tuple[Array, Array]:
        """(raw, final) [N, K] of the default prediction."""
        parts = self.parts(has, hidden)
        if len(parts) == 1:
            raw = parts[0][0].raw(sources)
            return raw, parts[0][0].final(raw)
        raw = np.zeros(np.shape(sources["network"]), np.float64)
        final = raw.copy()
        for rule, rows in parts:
            said = rule.raw({name: np.asarray(source)[rows] for name, source in sources.items()})
            raw[rows], final[rows] = said, rule.final(said)
        return raw, final

    def trimmed(self) -> Rules:
        """The same rules without sources that carry no weight."""
        return Rules(self.groups, {pattern: rule.trimmed() for pattern, rule in self.rules.items()})

    def certain(self, final: Array, has: Array, level: float, hidden: Iterable[str] = ()) -> Array:
        """What holds the truth with probability `level`: bool [N, K], the classes in the set (it may be empty: refer
        the row), or for values float64 [N, 2] (from, to).

        Raises:
            InputError: when no validation row was labelled, so that nothing can be promised.
        """
        found = None
        for rule, rows in self.parts(has, hidden):
            if rule.conformal is None:
                raise InputError("the model has no validation rows to take sets and intervals from")
            part = _certain(dict(rule.conformal), final[rows], level)
            found = np.zeros((len(final), part.shape[1]), part.dtype) if found is None else found
            found[rows] = part
        assert found is not None, "parts cover all rows"
        return found

    def state(self) -> list[dict[str, Any]]:
        """Plain JSON values."""
        return [{"present": sorted(pattern), **rule.state()} for pattern, rule in self.rules.items()]


def _certain(state: dict[str, Any], final: Array, level: float) -> Array:
    if state["kind"] == "regression":
        return prediction_intervals(state, final, level)
    return prediction_sets(state, final, level)


def sole_rules(groups: Sequence[str]) -> Rules:
    """The network alone, whatever a row has."""
    return Rules(groups, {frozenset(groups): Rule({"network": 1.0}, UNCHANGED)})


def restored_rules(groups: Sequence[str], state: Iterable[Mapping[str, Any]]) -> Rules:
    return Rules(groups, {frozenset(rule["present"]): Rule.restored(rule) for rule in state})


def subsets(disciplines: Sequence[str], most: int = MOST_DISCIPLINES) -> list[tuple[str, ...]]:
    """Non-empty subsets in rising size, the whole last: all up to `most` disciplines, else singles and leave-one-out.

    Example:
        >>> subsets(["a", "b"])
        [('a',), ('b',), ('a', 'b')]
    """
    count = len(disciplines)
    sizes = range(1, count + 1) if count <= most else sorted({1, count - 1, count})
    return [subset for size in sizes for subset in combinations(disciplines, size)]
