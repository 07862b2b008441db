"""Which runs can teach, said before any work begins."""

from __future__ import annotations

from consilience.artifacts.bundle import Bundle
from consilience.core.errors import InputError

UNTEACHABLE = {
    "forecast": "a forecast",
    "boxes": "a model of boxes",
    "text": "a model that writes texts",
}
"""Kinds of task whose predictions are no word on a row's class or value, which is what a student learns."""


def check_teachable(bundle: Bundle, done: str) -> None:
    """
    Args:
        done: what shall be done with the run: "distilled" or "pruned".
    Raises:
        InputError: where no student can learn from the run; the message says what is possible.
    """
    fix = "For a smaller model train it so: consilience train --effort 1, or --set width=32"
    if bundle.views:
        names = ", ".join(repr(target) for target in bundle.views)
        raise InputError(f"a model of several targets ({names}) is not {done}: a student has one target", fix=fix)
    if bundle.task.kind in UNTEACHABLE:
        raise InputError(f"{UNTEACHABLE[bundle.task.kind]} is not {done}: only classes and values are taught", fix=fix)
