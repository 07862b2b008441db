"""Is the mean loss of some rows larger than of the others? Intervals, p-values, the correction for many looks."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np

from consilience.evaluation.intervals import planned_resamples, resamples_of, summary

Array = np.ndarray[Any, Any]

PERMUTATIONS = 4_999
EXACT_BELOW = 4_000
"""Rows up to which labels are permuted; above, the mean is normal enough for the robust test."""
BLOCK = 250


def mean_differences(loss: Array, masks: Array, clusters: Array | None, seed: int) -> list[dict[str, dict[str, float]]]:
    """For each mask [C, N] the mean loss inside, outside and their difference (inside − outside), with 95 % intervals.

    Bootstrap percentile intervals; whole clusters are drawn where there are any.
    """
    inside = masks.astype(np.float64).T
    joint = np.concatenate([inside, inside * loss[:, None]], 1)
    every = np.stack([np.ones_like(loss), loss], 1)
    both = np.concatenate([joint, every], 1)
    values, draws = _means(both.sum(0)[None]), _means(weighted_draws(both, clusters, seed))
    names = ("inside", "outside", "difference")
    return [{n: summary(float(values[n][0, c]), draws[n][:, c]) for n in names} for c in range(len(masks))]


def weighted_draws(columns: Array, clusters: Array | None, seed: int) -> Array:
    """[B, C] sums of the columns [N, C] under each resample of the rows, or of whole clusters."""
    draws = resamples_of(np.arange(len(columns)), clusters, seed, planned_resamples(len(columns), 1))
    found = []
    while block := list(islice(draws, BLOCK)):
        found.append(np.stack(block) @ columns)
    return np.concatenate(found) if found else np.zeros((0, columns.shape[1]))


def _means(sums: Array) -> dict[str, Array]:
    """[B, 2C + 2]: rows and loss of each mask, then of all."""
    masks, every = sums[:, :-2], sums[:, -2:]
    size, lost = np.split(masks, 2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside, outside = lost / size, (every[:, 1:] - lost) / (every[:, :1] - size)
    return {"inside": inside, "outside": outside, "difference": inside - outside}


def p_values(loss: Array, masks: Array, clusters: Array | None, seed: int, two_sided: bool = False) -> Array:
    """[C] probability of so large a difference (inside worse than outside; either way when two_sided) by chance.

    Up to 4,000 independent rows a permutation test, which is exact but for its number of draws; else the difference
    of means over its cluster-robust standard error (Liang and Zeger 1986) against Student's t.
    """
    if not len(masks):
        return np.zeros(0)
    if clusters is not None or len(loss) > EXACT_BELOW:
        return robust_p_values(loss, masks, clusters, two_sided)
    inside = masks.astype(np.float64)
    size = inside.sum(1)
    generator = np.random.default_rng(seed)
    seen = inside @ loss
    centre = size * loss.mean()
    beyond = np.zeros(len(masks))
    done = 0
    while done < PERMUTATIONS:
        block = min(BLOCK, PERMUTATIONS - done)
        shuffled = generator.permuted(np.broadcast_to(loss, (block, len(loss))), axis=1)
        sums = shuffled @ inside.T
        apart, wanted = (np.abs(sums - centre), np.abs(seen - centre)) if two_sided else (sums, seen)
        beyond += (apart >= wanted - 1e-9 * np.maximum(1, np.abs(wanted))).sum(0)
        done += block
    return np.asarray((beyond + 1) / (PERMUTATIONS + 1))


def robust_p_values(loss: Array, masks: Array, clusters: Array | None, two_sided: bool) -> Array:
    """[C] as `p_values`, from the difference of means over its standard error against Student's t."""
    from scipy.stats import t

    unit = np.arange(len(loss)) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    units = int(unit.max(initial=-1)) + 1
    found = np.ones(len(masks))
    for place, mask in enumerate(masks):
        size, rest = mask.sum(), (~mask).sum()
        if not size or not rest:
            continue
        means = np.where(mask, loss[mask].mean(), loss[~mask].mean())
        influence = np.where(mask, 1 / size, -1 / rest) * (loss - means)
        # Under the hypothesis both have one spread: a slice that is wrong in every row has none of its own.
        pooled = np.where(mask, 1 / size, -1 / rest) * (loss - loss.mean())
        scale = units / max(units - 1, 1)
        own, joint = (scale * np.square(np.bincount(unit, v, units)).sum() for v in (influence, pooled))
        touched = len(np.unique(unit[mask]))
        degrees = max(min(touched, units - 1) - 1, 1)
        score = (loss[mask].mean() - loss[~mask].mean()) / max(float(np.sqrt(max(own, joint))), 1e-300)
        found[place] = 2 * t.sf(abs(score), degrees) if two_sided else t.sf(score, degrees)
    return found


def holm(p: Array) -> Array:
    """p-values adjusted for having looked at all of them (Holm 1979): none false with probability 0.95 at 0.05."""
    p = np.asarray(p, np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted
