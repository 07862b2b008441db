"""The most confidently wrong rows: what a person should look at first."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from consilience.evaluation.evidence import Evidence

Array = np.ndarray[Any, Any]

COVERED = 0.9
"""Share of the residuals of other rows that the unit of a regression's error covers."""


class Wrong(NamedTuple):
    """position among the test rows; confidence in the wrong answer 0..1, or the error in units of the usual one;
    said and is_: the answers as text."""

    position: int
    size: float
    said: str
    is_: str


def worst_rows(evidence: Evidence, most: int) -> tuple[list[Wrong], int, float | None]:
    """The worst rows, how many are wrong (classification), and the unit of errors (regression)."""
    judged, said = evidence.judged, np.asarray(evidence.opinion.final, np.float64)
    known = judged.weight > 0
    if judged.kind == "regression":
        error = np.abs(said[:, 0] - judged.target[:, 0])
        unit = _usual_error(evidence)
        order = np.argsort(-np.where(known, error, -1.0), kind="stable")[:most]
        rows = [Wrong(int(i), float(error[i] / unit), f"{said[i, 0]:.5g}", f"{judged.target[i, 0]:.5g}") for i in order]
        return [r for r in rows if known[r.position] and r.size > 1], int((known & (error > unit)).sum()), unit
    if judged.kind == "multilabel":
        return (*_wrong_labels(evidence, known, said, most), None)
    actual, answer = judged.target.argmax(1), said.argmax(1)
    wrong = np.flatnonzero(known & (actual != answer))
    order = wrong[np.argsort(-said[wrong].max(1), kind="stable")][:most]
    names = evidence.classes
    rows = [Wrong(int(i), float(said[i].max()), names[answer[i]], names[actual[i]]) for i in order]
    return rows, len(wrong), None


def _wrong_labels(evidence: Evidence, known: Array, said: Array, most: int) -> tuple[list[Wrong], int]:
    """A row is as wrong as the label that it is surest and wrong about."""
    actual = evidence.judged.target > 0.5
    sure = np.where(actual, 1 - said, said)
    worst = sure.max(1)
    wrong = np.flatnonzero(known & (worst > 0.5))
    rows = []
    for i in wrong[np.argsort(-worst[wrong], kind="stable")][:most]:
        rows.append(Wrong(int(i), float(worst[i]), _labels(evidence, said[i] > 0.5), _labels(evidence, actual[i])))
    return rows, len(wrong)


def _labels(evidence: Evidence, chosen: Array) -> str:
    return ", ".join(name for name, yes in zip(evidence.classes, chosen, strict=True) if yes) or "–"


def _usual_error(evidence: Evidence) -> float:
    """The absolute error that nine of ten validation rows (test rows, where there are none) stay within."""
    chosen = evidence.chosen
    if chosen is not None and (chosen.weight > 0).sum() >= 30:
        error = np.abs(chosen.final[:, 0] - chosen.target[:, 0])[chosen.weight > 0]
    else:
        error = np.abs(evidence.opinion.final[:, 0] - evidence.judged.target[:, 0])[evidence.judged.weight > 0]
    return max(float(np.quantile(error, COVERED)), 1e-12)
