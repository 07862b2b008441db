"""Cells and counterfactuals: the cell that decides, and changes that flip the prediction indeed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import consilience as cs
from consilience.core.errors import InputError
from consilience.explanation.cells import cell_effects, cells_of
from consilience.explanation.counterfactual import Limits, check_fixed, counterfactual
from consilience.explanation.subject import Subject, explained_class

Make = Callable[..., Subject]
Known = Callable[[str], tuple[cs.Model, pl.DataFrame]]


def test_the_cell_that_decides_has_the_effect(known: Known, as_subject: Make) -> None:
    model, new = known("table")
    subject = as_subject(model.bundle, new, 30)
    classes = explained_class(subject.bundle, subject.predict())
    names = [cell.column for cell in cells_of(subject.bundle)]
    for train in (None, as_subject(model.bundle, new)):
        effects = np.abs(cell_effects(subject, classes, train))
        assert (effects.argmax(1) == names.index("cause")).mean() > 0.95
        assert effects[:, names.index("cause")].mean() > 5 * effects[:, names.index("town")].mean()


def test_a_counterfactual_flips_the_prediction_within_the_training_values(known: Known, as_subject: Make) -> None:
    model, new = known("table")
    subject, train = as_subject(model.bundle, new, 6), as_subject(model.bundle, new)
    before = subject.predict().argmax(1)
    effects = cell_effects(subject, before, train)
    for row in range(6):
        found = counterfactual(subject, row, int(before[row]), effects[row], Limits(train))
        assert found is not None
        assert [column for column, _, _ in found.changes] == ["cause"]
        value = float(found.changes[0][2])
        assert new["cause"].min() - 1e-4 <= value <= new["cause"].max() + 1e-4  # type: ignore[operator]
        changed = new[row : row + 1].with_columns(pl.lit(value).alias("cause"))
        said = model.predict_proba(changed)
        assert said[0].argmax() != before[row]
        assert np.allclose(said[0], found.prediction, atol=1e-3)


def test_no_counterfactual_is_made_up(known: Known, as_subject: Make) -> None:
    model, new = known("table")
    subject = as_subject(model.bundle, new, 6)
    sure = int(np.argmax(subject.predict().max(1)))
    wanted = int(subject.predict()[sure].argmax())
    assert counterfactual(subject, sure, wanted, np.ones(3), Limits(fixed=("cause",))) is None


def test_of_wide_rows_the_promising_cells_are_asked_about(
    known: Known, as_subject: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, new = known("table")
    subject = as_subject(model.bundle, new, 20)
    classes = subject.predict().argmax(1)
    every = cell_effects(subject, classes, None)
    monkeypatch.setattr("consilience.explanation.screening.MOST_CELLS", 2)  # the category and one of two numbers
    few = cell_effects(subject, classes, None)
    names = [cell.column for cell in cells_of(subject.bundle)]
    assert np.allclose(few[:, names.index("town")], every[:, names.index("town")], atol=0.02)
    assert (np.abs(few).argmax(1) == names.index("cause")).mean() > 0.9
    assert np.abs(few[:, names.index("chance")]).mean() < 0.2 * np.abs(few[:, names.index("cause")]).mean()


def test_an_unknown_fixed_column_is_named(mixed: tuple[cs.Model, pl.DataFrame, Path]) -> None:
    with pytest.raises(InputError, match="did you mean 'age'"):
        check_fixed(mixed[0].bundle, ["aeg"])
