"""The recipe of a student: the teacher's rows and columns, a small network, and two things to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from consilience.core.errors import InputError, nearest
from consilience.core.recipe import Recipe, make_recipe

Voice = Literal["stack", "network"]
VOICES: tuple[Voice, ...] = ("stack", "network")
LIGHT = ("linear",)
"""References that are small and fast by themselves."""
KEPT = 0.1
"""Weight in the teacher's stack from which such a reference stays beside the student's network. chnsenticorp: a student
of effort 2 with the linear reference ROC AUC 0.964, without 0.944, the teacher 0.963."""


class Lesson(NamedTuple):
    """voice: who teaches: the teacher's whole stack or its networks alone. temperature, weight: see
    `training.objectives.distil`; the labels weigh 1 − weight. effort: of the student."""

    effort: int = 1
    voice: Voice = "stack"
    temperature: float = 2.0
    weight: float = 0.7


def make_lesson(effort: int, voice: str, temperature: float, weight: float) -> Lesson:
    """
    Raises:
        InputError: for an unknown voice or a weight that is no share.
    """
    known = next((name for name in VOICES if name == voice), None)
    if known is None:
        raise InputError(f"no part of the teacher is named {voice!r}", fix=nearest(voice, VOICES))
    if not 0 <= weight <= 1:
        raise InputError(f"the weight of the teacher is a share, received {weight:g}", fix="Give 0 to 1")
    return Lesson(effort, known, temperature, weight)


def kept_references(weights: Mapping[str, float], voice: Voice) -> tuple[str, ...]:
    """Names of the references that stay beside the student.

    Args:
        weights: source → weight in the teacher's default prediction.
    Example:
        >>> kept_references({"network": 0.4, "linear": 0.5, "trees": 0.1}, "stack")
        ('linear',)
    """
    return tuple(name for name in LIGHT if voice == "stack" and weights.get(name, 0.0) >= KEPT)


def student_recipe(
    given: dict[str, Any], lesson: Lesson, settings: Sequence[str] = (), references: Sequence[str] = ()
) -> Recipe:
    """The student's recipe from the teacher's as given: the same rows, columns, task and report; sizes by the policy at
    the lesson's effort; one network.

    Args:
        settings: "width=48" and the like, laid over it. references: those that stay, see `kept_references`.
    Raises:
        InputError: for a setting that the recipe refuses.
    """
    values = dict(given)
    for field in ("width", "fusion", "encoders", "objectives", "train", "prepare"):  # what makes a model large or slow
        values.pop(field, None)
    kept = ("unreadable", "max_pixels", "max_seconds", "workers")
    values["prepare"] = {name: v for name, v in (given.get("prepare") or {}).items() if name in kept}
    training = ("metric", "label_smoothing", "class_weights", "threads", "device", "devices", "track")
    values["train"] = {name: v for name, v in (given.get("train") or {}).items() if name in training} | {"networks": 1}
    values["groups"] = {name: {**group, "encoder": None} for name, group in (given.get("groups") or {}).items()}
    values["split"] = {**(given.get("split") or {}), "folds": 1}
    values |= {"effort": lesson.effort, "references": list(references), "stack": bool(references)}
    values["objectives"] = [
        {"type": "supervised", "weight": 1 - lesson.weight},
        {"type": "distil", "weight": lesson.weight, "temperature": lesson.temperature},
    ]
    return make_recipe(values, tuple(settings), "student")
