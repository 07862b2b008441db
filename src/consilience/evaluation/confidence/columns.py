"""Columns beside a prediction that say how sure it is: a set or an interval, and whether to refer the row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from consilience.artifacts.bundle import Bundle, Opinion
from consilience.core.errors import InputError
from consilience.evaluation.confidence.referral import confidence
from consilience.tasks.answers import answers_of


def certain_columns(bundle: Bundle, opinion: Opinion, level: float, hidden: Iterable[str]) -> dict[str, Any]:
    """ "set" of classes (joined by " | "), or "low" and "high", that hold the truth with probability `level`."""
    if why := answers_of(bundle.task).no_bounds:
        raise InputError(why, where="--level")
    found = bundle.rules.certain(opinion.final, opinion.has, level, hidden)
    if bundle.task.kind == "regression":
        return {"low": found[:, 0], "high": found[:, 1]}
    names = [str(c) for c in bundle.facts["task"]["classes"]]
    return {"set": [" | ".join(n for n, held in zip(names, row, strict=True) if held) for row in found]}


def check_level(level: float | None) -> None:
    """
    Raises:
        InputError: when `level` is no probability.
    """
    if level is not None and not 0 < level < 1:
        raise InputError(f"a level lies between 0 and 1, received {level}", fix="Give 0.9 for 90 %")


def refer_threshold(metrics: Mapping[str, Any], wanted: float) -> float:
    """The confidence from which on the error rate stays at most `wanted`, as the run found it on validation rows.

    Args:
        metrics: the run's metrics.json.
    Raises:
        InputError: when the run did not look for this rate, or found no threshold that promises it.
    """
    promises = {p["wanted"]: p for p in (metrics.get("abstention") or {}).get("promises") or ()}
    if wanted not in promises:
        known = ", ".join(f"{rate:g}" for rate in promises) or "none"
        fix = f"Train with --abstain {wanted:g}; this run knows {known}"
        raise InputError(f"the run did not look for an error rate of {wanted:g}", where="--abstain", fix=fix)
    threshold = promises[wanted]["threshold"]
    if threshold is None:
        raise InputError(f"no confidence keeps the error rate at {wanted:g} on the validation rows", where="--abstain")
    return float(threshold)


def refer_column(bundle: Bundle, opinion: Opinion, threshold: float) -> dict[str, Any]:
    """ "refer": True where the model is less sure than the threshold and a person should decide."""
    return {"refer": confidence(bundle.task.kind, opinion.final) < threshold}
