"""Boxes: the precision of each class with intervals, counts, precision–recall curves, and mistakes to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.analysis import Language, NotApplicable, Section
from consilience.evaluation.boxes.drawing import Drawn, draw
from consilience.evaluation.boxes.section import boxes_section
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.intervals import resamples_of, summary
from consilience.tasks.boxes.precision import Matched, as_boxes, as_found, average_precision, curve, match
from consilience.tasks.boxes.suppression import overlaps

Array = np.ndarray[Any, Any]

RESAMPLES = 400
POINTS = 60
"""Points kept of a curve."""
SHOWN = 6
"""Pictures with boxes."""
RIGHT = 0.5
"""Overlap from which a box is right in pictures and counts."""


@final
class Boxes:
    """What was found, missed and made up, class by class."""

    name: ClassVar[str] = "boxes"
    order: ClassVar[int] = 20
    of_boxes: ClassVar[bool] = True

    def measure(self, evidence: Evidence) -> dict[str, Any]:
        """{"rows", "classes": [{"label", "boxes", "ap_50", "ap", "threshold", "said", "right", "count_error"}],
        "curves": {label: [[recall, precision], …]}, "examples": {"pictures": […]}}.

        Raises:
            NotApplicable: where the target is no list of boxes, or no held-out row has one.
        """
        if evidence.kind != "boxes":
            raise NotApplicable("the target is no list of boxes")
        known = np.flatnonzero(evidence.judged.weight > 0)
        if not len(known):
            raise NotApplicable("no held-out row has a target")
        target, said = evidence.judged.target[known], evidence.opinion.final[known]
        clusters = None if evidence.judged.clusters is None else evidence.judged.clusters[known]
        draws = list(resamples_of(known, clusters, evidence.judged.seed, RESAMPLES))
        found, labels = match(target, said), evidence.bundle.task.labels
        classes, curves = [], {}
        for number, label in enumerate(labels, 1):
            matched = found.get(number)
            classes.append(self._of_class(matched, label, evidence, draws) | self._counts(evidence, number))
            if matched is not None and matched.truths.sum() and len(matched.score):
                curves[label] = _thinned(matched, len(known))
        return {
            "rows": len(known),
            "classes": classes,
            "curves": curves,
            "examples": {"pictures": _pictures(evidence, known)},
        }

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        return boxes_section(found, language)

    def _of_class(self, matched: Matched | None, label: str, evidence: Evidence, draws: list[Array]) -> dict[str, Any]:
        count = int((evidence.judged.weight > 0).sum())
        nothing = Matched(np.zeros(0), np.zeros(0, np.int64), np.zeros((10, 0), bool), np.zeros(count, np.int64))
        one = matched or nothing
        whole = average_precision(one, np.ones(count))
        drawn = np.array([average_precision(one, weight) for weight in draws]).reshape(-1, len(whole))
        return {
            "label": label,
            "boxes": int(one.truths.sum()),
            "ap_50": summary(float(whole[0]), drawn[:, 0]),
            "ap": summary(float(whole.mean()), drawn.mean(1)),
            "threshold": evidence.bundle.task.threshold(label),
        }

    def _counts(self, evidence: Evidence, number: int) -> dict[str, Any]:
        """Boxes said above the threshold, those that are right, and the mean error of their number an image."""
        known = evidence.judged.weight > 0
        wanted, given = as_boxes(evidence.judged.target[known]), _told(evidence)[known]
        there = (wanted[..., 4] == number).sum(1)
        said = (given[..., 5] == number).sum(1)
        right = match(evidence.judged.target[known], given.reshape(len(given), -1)).get(number)
        return {
            "said": int(said.sum()),
            "right": int(right.right[0].sum()) if right is not None else 0,
            "count_error": float(np.abs(there - said).mean()),
        }


def _told(evidence: Evidence) -> Array:
    """[N, P, 6]: boxes above their class's threshold; the others are blank."""
    task = evidence.bundle.task
    given = as_found(evidence.opinion.final).copy()
    least = np.array([np.inf, *(task.threshold(label) for label in task.labels)])
    given[given[..., 4] < least[given[..., 5].astype(int)]] = 0
    return given


def _thinned(found: Matched, rows: int) -> list[list[float]]:
    precision, recall = (values[0] for values in curve(found, np.ones(rows)))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.unique(np.linspace(0, len(recall) - 1, POINTS).astype(int))
    return [[float(recall[i]), float(envelope[i])] for i in places]


def _pictures(evidence: Evidence, known: Array) -> list[dict[str, Any]]:
    """Rows with the surest mistakes first, then those with most boxes missed."""
    given, wanted = _told(evidence), as_boxes(evidence.judged.target)
    judged = [(int(row), *_sorted(given[row], wanted[row], evidence.bundle.task.labels)) for row in known]
    judged.sort(key=lambda one: (-one[2], -sum(d.kind == "missed" for d in one[1]), one[0]))
    shown = []
    for row, boxes, surest in judged[:SHOWN]:
        address = draw(evidence.test, row, evidence.bundle, boxes)
        if address is not None:
            counts = {kind: sum(d.kind == kind for d in boxes) for kind in ("right", "wrong", "missed")}
            shown.append({"row": int(evidence.test.index[row]), "image": address, "surest": surest, **counts})
    return shown


def _sorted(given: Array, wanted: Array, labels: list[str]) -> tuple[list[Drawn], float]:
    """Boxes of a row as they are drawn, and the score of the surest wrong one (0 = none)."""
    truth, said = wanted[wanted[:, 4] > 0], given[given[:, 5] > 0]
    free = np.ones(len(truth), bool)
    common = overlaps(said[:, :4], truth[:, :4]) * (said[:, 5:6] == truth[None, :, 4])
    drawn, surest = [], 0.0
    for i in np.argsort(-said[:, 4], kind="stable"):
        name = labels[int(said[i, 5]) - 1]
        best = int(np.where(free, common[i], -1).argmax()) if len(truth) else -1
        right = best >= 0 and free[best] and common[i, best] >= RIGHT
        if right:
            free[best] = False
        else:
            surest = max(surest, float(said[i, 4]))
        drawn.append(Drawn(said[i, :4].tolist(), "right" if right else "wrong", f"{name} {said[i, 4]:.2f}"))
    missed = [Drawn(box[:4].tolist(), "missed", labels[int(box[4]) - 1]) for box in truth[free]]
    return [*missed, *drawn], surest
