"""Fairness by group: are some people selected, missed or wrongly accused more often than others?

Rates of each group with bootstrap intervals, and the difference and ratio of each group to the largest one. All
comparisons of the chapter are corrected together (Holm 1979). Rates after Hardt, Price and Srebro, "Equality of
Opportunity in Supervised Learning" (2016) and Chouldechova (2017); they cannot all be equal at once where the
groups' base rates differ, so the chapter reports and does not pass sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.analysis import Language, NotApplicable, Section
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.intervals import summary
from consilience.evaluation.weaknesses.fairness_section import fairness_section
from consilience.evaluation.weaknesses.mean_loss import holm, robust_p_values, weighted_draws
from consilience.evaluation.weaknesses.people import Groups, groups_of, people_columns
from consilience.evaluation.weaknesses.rates import Rate, rates_of
from consilience.evaluation.weaknesses.slices import Sample, frame_with_media, test_sample

Array = np.ndarray[Any, Any]

LEVEL = 0.05
FEWEST = 20
"""Rows of a group at least."""
FEWEST_OF = 10
"""Rows that a rate is a share of (actual positives, say), at least, for it to be compared."""


@final
class Fairness:
    """Rates of groups of people side by side, and which differences are more than noise."""

    name: ClassVar[str] = "fairness"
    order: ClassVar[int] = 52

    def measure(self, evidence: Evidence) -> Any:
        """{"level", "rows", "kind", "columns": [{"column", "reference", "groups", "rates", "differences"}], "largest"}.

        Raises:
            NotApplicable: when no column is named and none is called like one that divides people.
        """
        sample = test_sample(evidence)
        frame = frame_with_media(evidence, sample.rows)
        asked = [c for c in evidence.bundle.recipe.report.fairness if c in frame.columns]
        names = asked or people_columns(c for c in frame.columns if c != evidence.bundle.recipe.target)
        if not names:
            raise NotApplicable("no column is called like one that divides people (sex, age, ethnicity …)")
        rates = rates_of(evidence.kind, sample.target, sample.predictions, evidence.classes)
        described = [_column(groups_of(frame[name]), rates, sample, evidence.judged.seed) for name in names]
        columns = [column for column in described if column is not None]
        if not columns:
            raise NotApplicable(f"no two groups of {', '.join(names)} have {FEWEST} test rows each")
        every = [difference for column in columns for difference in column["differences"]]
        for difference, adjusted in zip(every, holm(np.array([d["p"] for d in every])), strict=True):
            difference["adjusted_p"] = float(adjusted)
            difference["verdict"] = "differs" if adjusted <= LEVEL else "no_evidence"
        return {
            "level": LEVEL,
            "rows": len(sample.loss),
            "kind": evidence.kind,
            "columns": columns,
            "largest": _largest(every),
        }

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        return fairness_section(found, language)


def _column(groups: Groups, rates: Sequence[Rate], sample: Sample, seed: int) -> dict[str, Any] | None:
    """Rates and differences of one column; None when fewer than two groups have enough rows."""
    sizes = np.bincount(groups.member[groups.member >= 0], minlength=len(groups.names))
    order = [int(g) for g in np.argsort(-sizes, kind="stable") if sizes[g] >= FEWEST]
    if len(order) < 2:
        return None
    reference = order[0]
    inside = np.stack([groups.member == g for g in order], 1).astype(np.float64)
    described: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    for rate in rates:
        joint = np.concatenate([inside * rate.part[:, None], inside * rate.of[:, None]], 1)
        values, draws = _ratio(joint.sum(0)[None])[0], _ratio(weighted_draws(joint, sample.clusters, seed))
        of = joint.sum(0)[len(order) :]
        for place, group in enumerate(order):
            known = {"group": groups.names[group], "rate": rate.name, "class": rate.class_}
            described.append({**known, "of": int(of[place]), **summary(values[place], draws[:, place])})
            if place and min(of[place], of[0]) >= FEWEST_OF:
                pair = (groups.member == group, groups.member == reference)
                differences.append({**known, **_compared(rate, pair, (values, draws, place), sample)})
    small = [{"group": groups.names[g], "rows": int(n)} for g, n in enumerate(sizes) if 0 < n < FEWEST]
    return {
        "column": groups.column,
        "reference": groups.names[reference],
        "groups": [{"group": groups.names[g], "rows": int(sizes[g])} for g in order],
        "too_few": small,
        "missing": int((groups.member < 0).sum()),
        "rates": described,
        "differences": [{"column": groups.column, "reference": groups.names[reference], **d} for d in differences],
    }


def _ratio(sums: Array) -> Array:
    """[B, 2G] sums of parts, then of rows → [B, G] rates, NaN where nothing is left to share."""
    part, of = np.split(sums, 2, axis=1)
    return np.asarray(np.divide(part, of, out=np.full_like(part, np.nan), where=of > 0))


def _compared(
    rate: Rate, pair: tuple[Array, Array], measured: tuple[Array, Array, int], sample: Sample
) -> dict[str, Any]:
    """A group against the largest group: difference, ratio and p."""
    group, reference = pair
    values, draws, place = measured
    rows = np.flatnonzero((group | reference) & (rate.of > 0))
    clusters = None if sample.clusters is None else sample.clusters[rows]
    p = float(robust_p_values(rate.part[rows], group[rows][None], clusters, True)[0])
    found: dict[str, Any] = {
        "difference": summary(values[place] - values[0], draws[:, place] - draws[:, 0]),
        "p": p,
    }
    if rate.name not in ("calibration", "bias"):
        with np.errstate(divide="ignore", invalid="ignore"):
            found["ratio"] = summary(values[place] / values[0], draws[:, place] / draws[:, 0])
    return found


def _largest(differences: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The largest difference that is more than noise; without one, the largest of all."""
    if not differences:
        return None
    return max(differences, key=lambda d: (d["verdict"] == "differs", abs(d["difference"]["value"])))
