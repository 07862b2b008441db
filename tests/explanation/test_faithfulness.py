"""Deletion and insertion curves: known areas, and explanations that beat random ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import consilience as cs
from consilience.explanation.cells import cell_effects
from consilience.explanation.faithfulness import Asked, areas, faithfulness
from consilience.explanation.subject import Subject, explained_class

Known = Callable[[str], tuple[cs.Model, pl.DataFrame]]


def test_areas_of_a_game_where_one_piece_is_everything() -> None:
    present = np.ones((2, 8), bool)

    def predict(rows: Any, keep: Any) -> Any:
        return keep[:, 3].astype(float)

    scores = np.zeros((2, 8))
    scores[:, 3] = [1, -1]  # taken away first; taken away last
    deletion, insertion = areas(predict, scores, present, np.arange(2))
    assert deletion.tolist() == [0.5 / 8, 1 - 0.5 / 8]
    assert insertion.tolist() == [1 - 0.5 / 8, 0.5 / 8]


@pytest.mark.parametrize("name", ["text", "image", "audio", "table"])
def test_explanations_beat_random_ones(known: Known, as_subject: Callable[..., Subject], name: str) -> None:
    model, new = known(name)
    subject = as_subject(model.bundle, new)
    classes = explained_class(subject.bundle, subject.predict())
    (found,) = faithfulness(subject, Asked(classes, cell_effects(subject, classes, None), None, 0))
    assert found["modality"] == name
    assert found["rows"] == len(subject)
    assert found["deletion"]["low"] > 0, found
    assert found["deletion"]["value"] == pytest.approx(found["deletion"]["random"] - found["deletion"]["ours"])
    assert found["verdict"] == ("better" if found["insertion"]["low"] > 0 else "no difference")


def test_wrong_explanations_are_called_worse(known: Known, as_subject: Callable[..., Subject]) -> None:
    model, new = known("table")
    subject = as_subject(model.bundle, new)
    classes = explained_class(subject.bundle, subject.predict())
    (found,) = faithfulness(subject, Asked(classes, -cell_effects(subject, classes, None), None, 0))
    assert found["verdict"] == "worse"


def test_the_same_seed_gives_the_same_figures(
    mixed: tuple[cs.Model, pl.DataFrame, Path], as_subject: Callable[..., Subject]
) -> None:
    subject = as_subject(mixed[0].bundle, mixed[1], 6)
    classes = explained_class(subject.bundle, subject.predict())
    asked = Asked(classes, cell_effects(subject, classes, None), None, 0, np.array([0, 0, 1, 1, 2, 2]))
    assert faithfulness(subject, asked) == faithfulness(subject, asked)
