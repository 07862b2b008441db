"""What the layers above should know of a task's answers: what cannot be asked of them, and why.

A task says so in `answers`; a task that says nothing answers with classes or labels that have probabilities.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Answers(NamedTuple):
    """Every text is a reason for people; "" says that there is none against it."""

    no_probabilities: str = ""
    """What a model of the task is called where it has none: "regression model"."""
    no_bounds: str = ""
    """Why there is no set or interval that holds the truth with a given probability."""
    no_shares: str = ""
    """Why a server cannot tell what each source brought."""
    no_causes: str = ""
    """Why a row cannot be explained."""
    no_chapters: str = ""
    """Why the usual chapters of the report do not apply; those that say `chapter` do."""
    chapter: str = ""
    """Attribute of an analysis that is True where it makes sense all the same."""
    mixed: bool = True
    """Answers of several models are averaged and calibrated, and every pattern of sources has its own rule."""
    first: bool = False
    """What is explained is the first output (a value), not the one that is largest (a class)."""


def answers_of(task: Any) -> Answers:
    """The declaration of a task or its class; the defaults where it makes none."""
    found: Answers = getattr(task, "answers", Answers())
    return found
