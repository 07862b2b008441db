"""Are the explanations true to the model? Deletion and insertion curves against random attributions.

Petsiuk et al. 2018, "RISE" (arXiv 1806.07421): pieces are taken away (or put back) from the most to the least
important, and the area under the prediction of the explained class is measured. A faithful order makes the prediction
fall quickly when pieces go and rise quickly when they come. Both orders are judged on the same rows, so the difference
is paired; its interval is a bootstrap over rows (or whole clusters).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from consilience.artifacts.network import Index
from consilience.evaluation.intervals import HIGH, LOW, RESAMPLES, resamples_of
from consilience.explanation.attribution import attribute
from consilience.explanation.cells import backdrop, cells_of, predict_without
from consilience.explanation.pieces import pieced_groups, pieces_of
from consilience.explanation.scorer import Scorer
from consilience.explanation.subject import Subject

Array = np.ndarray[Any, Any]
Predict = Callable[[Array, Array], Array]
"""(rows [b], keep bool [b, P]) → prediction of the explained class [b]."""

STEPS, COSTLY_STEPS = 8, 4
"""Equal parts in which the pieces go or come; fewer where a pass through the encoder is costly."""


class Asked(NamedTuple):
    """classes: [n], the output explained in each row. effects: [n, C] of the cells (`cell_effects`). train: training
    rows, for typical cells. clusters: [n] or None, rows that are resampled together."""

    classes: Index
    effects: Array
    train: Subject | None
    seed: int
    clusters: Array | None = None


def faithfulness(subject: Subject, asked: Asked) -> list[dict[str, Any]]:
    """One finding for each modality that the rows have ("table": all whose cells have no pieces, together).

    Returns:
        [{"modality", "group", "model", "method", "rows", "deletion", "insertion", "verdict"}]; deletion and insertion
        are {"ours", "random", "value", "low", "high"}: mean areas, and by how much ours is better with its 95 %
        interval. verdict: "better" when both intervals are above 0, "worse" when one is below, else "no difference".
    """
    found = []
    for group in pieced_groups(subject):
        pieces = pieces_of(subject, group)
        assert pieces is not None, "these modalities have pieces"
        rows = np.flatnonzero(pieces.present.sum(1) > 1)
        if len(rows) < 2:
            continue
        scorer = Scorer(subject, pieces, asked.classes)
        done = attribute(scorer, closely=False)
        unit = _unit(subject)

        def predict(at: Array, keep: Array, scorer: Scorer = scorer, unit: float = unit) -> Array:
            return scorer.at(at, keep, probability=True) / unit

        steps = COSTLY_STEPS if scorer.costly else STEPS
        judged = judged_orders(predict, (done.values, pieces.present), rows, asked, steps)
        modality = str(subject.bundle.recipe.groups[group].modality)
        found.append({"modality": modality, "group": group, "model": "network", "method": done.method, **judged})
    return [*found, *_table(subject, asked)]


def _table(subject: Subject, asked: Asked) -> list[dict[str, Any]]:
    cells = cells_of(subject.bundle)
    if len(cells) < 2 or len(subject) < 2:
        return []
    typical = backdrop(subject.bundle, asked.train, 1)

    def predict(rows: Array, keep: Array) -> Array:
        said = predict_without(subject, rows, keep, typical)[np.arange(len(rows)), asked.classes[rows]]
        return np.asarray(said / _unit(subject))

    every = np.arange(len(subject))
    judged = judged_orders(predict, (asked.effects, np.ones_like(asked.effects, bool)), every, asked, STEPS)
    model = "stack" if len(subject.bundle.weights) > 1 else "network"
    return [{"modality": "table", "group": "", "model": model, "method": "occlusion", **judged}]


def _unit(subject: Subject) -> float:
    """Regression: areas count in standard deviations of the target."""
    task = subject.bundle.task
    return float(getattr(task, "scale", 1.0)) if task.kind == "regression" else 1.0


def judged_orders(
    predict: Predict, pieces: tuple[Array, Array], rows: Array, asked: Asked, steps: int
) -> dict[str, Any]:
    """pieces: their attributions, and whether they are there, both [n, P]."""
    values, present = pieces
    random = np.random.default_rng(asked.seed).random(values.shape)
    ours = areas(predict, values, present, rows, steps)
    theirs = areas(predict, np.asarray(random), present, rows, steps)
    gains = {"deletion": theirs[0] - ours[0], "insertion": ours[1] - theirs[1]}
    members = None if asked.clusters is None else np.asarray(asked.clusters)[rows]
    found: dict[str, Any] = {"rows": len(rows)}
    for place, (name, gain) in enumerate(gains.items()):
        draws = resamples_of(np.arange(len(rows)), members, asked.seed, RESAMPLES)
        means = np.array([(count @ gain) / count.sum() for count in draws])
        low, high = np.percentile(means, [LOW, HIGH])
        found[name] = {
            "ours": float(ours[place].mean()),
            "random": float(theirs[place].mean()),
            "value": float(gain.mean()),
            "low": float(low),
            "high": float(high),
        }
    lows, highs = ([found[name][end] for name in gains] for end in ("low", "high"))
    found["verdict"] = "worse" if min(highs) < 0 else "better" if min(lows) > 0 else "no difference"
    return found


def areas(predict: Predict, scores: Array, present: Array, rows: Array, steps: int = STEPS) -> tuple[Array, Array]:
    """Areas under the deletion and the insertion curve [len(rows)], pieces in the order of falling scores.

    Args:
        scores, present: [n, P]. rows: the rows meant, each with at least one piece.
    """
    ranked = np.argsort(-np.where(present, scores, -np.inf)[rows], axis=1, kind="stable")
    rank = np.argsort(ranked, axis=1, kind="stable")
    count = present[rows].sum(1)
    share = np.arange(steps + 1) / steps
    gone = np.ceil(share * count[:, None])[:, :, None] > rank[:, None, :]  # [rows, step, P]
    many = np.repeat(rows, steps + 1)
    deleted = predict(many, ~gone.reshape(len(many), -1)).reshape(len(rows), -1)
    inserted = predict(many, (gone | ~present[rows][:, None, :]).reshape(len(many), -1)).reshape(len(rows), -1)
    return _area(deleted), _area(inserted)


def _area(curve: Array) -> Array:
    """Trapezoid rule over a width of 1."""
    return np.asarray((curve[:, 1:] + curve[:, :-1]).mean(1) / 2)
