"""Slices: the parts of the held-out rows where the model is worse, found by search and named by the user.

Candidates come from one set of rows and are measured on another, because the worst of many slices looks bad by
chance: they are found on the validation rows (with folds: out of fold) where there are enough, else on one half of
the test rows. Only what is worse beyond the correction for all looks (Holm 1979) is called a weakness.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, final

import numpy as np
import polars as pl

from consilience.core.registry import get
from consilience.evaluation.analysis import Language, NotApplicable, Section
from consilience.evaluation.evidence import Evidence, Rows
from consilience.evaluation.intervals import resamples_of, summary
from consilience.evaluation.weaknesses.conditions import rows_where
from consilience.evaluation.weaknesses.held import coverage_of, truth_held
from consilience.evaluation.weaknesses.literals import Literal, learn_literals, mask_of, meets
from consilience.evaluation.weaknesses.losses import REPORTED, as_metric, row_loss
from consilience.evaluation.weaknesses.mean_loss import holm, mean_differences, p_values
from consilience.evaluation.weaknesses.search import find_slices
from consilience.evaluation.weaknesses.slices_section import slices_section
from consilience.evaluation.weaknesses.traits import traits_of

Array = np.ndarray[Any, Any]

LEVEL = 0.05
CANDIDATES = 12
FEWEST = 20
"""Rows of a slice at least, where it is found and where it is measured."""
SHARE = 0.02
"""The same as a share of the rows."""
ENOUGH = 100
"""Rows at least to look for slices in."""
MOST_ROWS = 10_000
PRIMARY_RESAMPLES = 200


class Sample(NamedTuple):
    """Rows with what was said of them. rows, loss [N], target and predictions [N, K], clusters [N] or None, held bool
    [N] or None: see `held.truth_held`.
    """

    rows: Rows
    target: Array
    predictions: Array
    clusters: Array | None
    loss: Array
    held: Array | None = None

    def at(self, positions: Array) -> Sample:
        clusters = None if self.clusters is None else self.clusters[positions]
        held = None if self.held is None else self.held[positions]
        parts = (self.target[positions], self.predictions[positions], clusters, self.loss[positions], held)
        return Sample(self.rows.at(positions), *parts)


@final
class Slices:
    """Weak slices of the held-out rows, found and named."""

    name: ClassVar[str] = "slices"
    order: ClassVar[int] = 50

    def measure(self, evidence: Evidence) -> Any:
        """{"metric", "primary", "rows", "rows_found_on", "found_on", "looked", "named", "found"}: slices with
        size, value, rest, difference (each with interval), p, adjusted p and "weak".

        Raises:
            NotApplicable: with too few rows to look.
        """
        test = test_sample(evidence)
        named = self._named(evidence, test)
        if len(test.loss) < ENOUGH and not named:
            raise NotApplicable(f"{len(test.loss)} held-out rows are too few to look for weak slices")
        search, measured, origin = self._sides(evidence, test)
        found, looked = ([], 0) if len(measured.loss) < ENOUGH // 2 else _found(evidence, search, measured)
        return {
            "metric": REPORTED[evidence.kind],
            "primary": evidence.primary,
            "level": LEVEL,
            "rows": len(measured.loss),
            "rows_found_on": len(search.loss),
            "found_on": origin,
            "overall": as_metric(evidence.kind, float(measured.loss.mean())),
            "overall_named": as_metric(evidence.kind, float(test.loss.mean())),
            "looked": looked,
            "found": found,
            "named": named,
        }

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        return slices_section(found, language)

    def _sides(self, evidence: Evidence, test: Sample) -> tuple[Sample, Sample, str]:
        """Rows to find candidates on, rows to measure them on, and where the first come from."""
        chosen = _chosen_sample(evidence)
        if chosen is not None and len(chosen.loss) >= max(ENOUGH // 2, len(test.loss) // 4):
            return chosen, test, "validation"
        order = np.random.default_rng(evidence.judged.seed).permutation(len(test.loss))
        half = order[: len(order) // 2]
        if test.clusters is not None:  # a patient is on one side only
            codes = np.unique(test.clusters, return_inverse=True)[1]
            side = np.random.default_rng(evidence.judged.seed).random(codes.max() + 1) < 0.5
            half = np.flatnonzero(side[codes])
        rest = np.setdiff1d(np.arange(len(test.loss)), half)
        return test.at(np.sort(half)), test.at(rest), "test"

    def _named(self, evidence: Evidence, test: Sample) -> list[dict[str, Any]]:
        texts = list(evidence.bundle.recipe.report.slices)
        if not texts:
            return []
        frame = frame_with_media(evidence, test.rows)
        masks = np.stack([rows_where(text, frame) for text in texts])
        return _measured(evidence, test, masks, [{"condition": text} for text in texts], two_sided=True)


def test_sample(evidence: Evidence) -> Sample:
    """The labelled test rows, at most MOST_ROWS of them drawn by seed."""
    judged = evidence.judged
    kept = np.flatnonzero(judged.weight > 0)
    if len(kept) > MOST_ROWS:
        kept = np.sort(np.random.default_rng(judged.seed).choice(kept, MOST_ROWS, replace=False))
    loss = row_loss(judged.kind, judged.target, evidence.opinion.final)
    sample = Sample(evidence.test, judged.target, evidence.opinion.final, judged.clusters, loss, truth_held(evidence))
    return sample.at(kept)


def _chosen_sample(evidence: Evidence) -> Sample | None:
    chosen = evidence.chosen
    if chosen is None or chosen.rows is None:
        return None
    kept = np.flatnonzero(chosen.weight > 0)
    if len(kept) > MOST_ROWS:
        kept = np.sort(np.random.default_rng(evidence.judged.seed).choice(kept, MOST_ROWS, replace=False))
    loss = row_loss(evidence.kind, chosen.target, chosen.final)
    return Sample(chosen.rows, chosen.target, chosen.final, None, loss).at(kept)


def frame_with_media(evidence: Evidence, rows: Rows) -> pl.DataFrame:
    """The cells of the rows; a media column, whose cells are gone, is "given" or missing."""
    frame = rows.frame
    for name, group in evidence.bundle.recipe.groups.items():
        absent = [c for c in group.columns if c not in frame.columns]
        if absent and get("modality", str(group.modality)).media:
            mask = rows.features.whole(name)["mask"][rows.index]
            mask = np.asarray(mask.reshape(*mask.shape[:2], -1).any(-1))  # of a video: of its frames
            given = pl.Series(["given"] * frame.height, dtype=pl.String)
            frame = frame.with_columns(
                given.set(pl.Series(~mask[:, place]), None).rename(c)
                for place, c in enumerate(evidence.bundle.facts["groups"][name]["columns"])
                if c in absent
            )
    gone = [c for c in evidence.bundle.recipe.columns if c not in frame.columns]  # this table came without them
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias(c) for c in gone)


def _found(evidence: Evidence, search: Sample, measured: Sample) -> tuple[list[dict[str, Any]], int]:
    """Candidates of the search rows as measured on the others, and how many literals were tried."""
    recipe = evidence.bundle.recipe
    skip = [recipe.target, *(c for c in (recipe.split.column,) if c)]
    fewest = max(FEWEST, int(SHARE * len(search.loss)))
    traits = traits_of(search.rows, evidence.bundle, skip)
    literals = learn_literals(traits, fewest)
    if not literals:
        return [], 0
    by_key = {trait.key: trait for trait in traits}
    masks = np.stack([meets(literal, by_key[literal.column, literal.what]) for literal in literals])
    candidates = find_slices(masks, [literal.column for literal in literals], search.loss, fewest, CANDIDATES)
    others = traits_of(measured.rows, evidence.bundle, skip)
    kept, rows = [], []
    for candidate in candidates:
        chosen = [literals[i] for i in candidate.literals]
        met = mask_of(chosen, others)
        if FEWEST <= met.sum() <= len(met) - FEWEST:
            kept.append({"literals": [_json(literal) for literal in chosen]})
            rows.append(met)
    if not kept:
        return [], len(literals)
    return _measured(evidence, measured, np.stack(rows), kept), len(literals)


def _json(literal: Literal) -> dict[str, Any]:
    return {k: v for k, v in literal._asdict().items() if v is not None}


def _measured(
    evidence: Evidence, sample: Sample, masks: Array, described: Sequence[dict[str, Any]], two_sided: bool = False
) -> list[dict[str, Any]]:
    """Each slice with its figures, the surest weakness first (named slices in the user's order)."""
    kind, seed = evidence.kind, evidence.judged.seed
    means = mean_differences(sample.loss, masks, sample.clusters, seed)
    enough = (masks.sum(1) >= FEWEST) & ((~masks).sum(1) >= FEWEST)
    p, adjusted = np.full(len(masks), np.nan), np.full(len(masks), np.nan)
    p[enough] = p_values(sample.loss, masks[enough], sample.clusters, seed, two_sided)
    adjusted[enough] = holm(p[enough])
    found = []
    for place, words in enumerate(described):
        mean = means[place]
        verdict = "too_few" if not enough[place] else "no_evidence"
        if enough[place] and adjusted[place] <= LEVEL:
            verdict = "weak" if mean["difference"]["value"] > 0 else "strong"
        found.append(
            {
                **words,
                "rows": int(masks[place].sum()),
                "value": _turned(kind, mean["inside"]),
                "rest": _turned(kind, mean["outside"]),
                "difference": _turned(kind, mean["difference"], True),
                "primary": _primary(evidence, sample, masks[place]),
                "coverage": _coverage(sample, masks[place], seed),
                "p": float(p[place]),
                "adjusted_p": float(adjusted[place]),
                "verdict": verdict,
            }
        )
    return found if two_sided else sorted(found, key=lambda s: (s["adjusted_p"], s["p"]))


def _coverage(sample: Sample, mask: Array, seed: int) -> dict[str, float] | None:
    """Coverage of the 90 % sets or intervals inside the slice."""
    if sample.held is None or not mask.any():
        return None
    return coverage_of(sample.held[mask], None if sample.clusters is None else sample.clusters[mask], seed)


def _turned(kind: str, mean: Mapping[str, float], gap: bool = False) -> dict[str, float]:
    """A mean loss as the reported metric; a difference so that negative is worse for accuracy."""
    if REPORTED[kind] != "accuracy":
        return dict(mean)
    base = 0.0 if gap else 1.0
    return {"value": base - mean["value"], "low": base - mean["high"], "high": base - mean["low"]}


def _primary(evidence: Evidence, sample: Sample, mask: Array) -> dict[str, float] | None:
    """The metric that heads the report within the slice, where it is another than the one that slices go by."""
    from consilience.tasks.metrics import Judge

    if evidence.primary == REPORTED[evidence.kind] or not mask.any():
        return None
    inside = sample.at(np.flatnonzero(mask))
    judge = Judge(evidence.kind, inside.target, np.ones(len(inside.loss)), inside.predictions, only=evidence.primary)
    drawn = resamples_of(judge.rows, inside.clusters, evidence.judged.seed, PRIMARY_RESAMPLES)
    draws = np.array([judge.at(counts)[evidence.primary] for counts in drawn])
    return summary(judge.at()[evidence.primary], draws)
