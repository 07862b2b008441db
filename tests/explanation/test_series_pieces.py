"""Stretches of series: what is closed lies flat, and the stretch that tells the class is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import consilience as cs
from consilience.core.config import Choice
from consilience.explanation.cells import cell_effects
from consilience.explanation.faithfulness import Asked, faithfulness
from consilience.explanation.media import media_parts
from consilience.explanation.series_pieces import PARTS, SeriesPieces
from consilience.explanation.subject import Subject, explained_class
from consilience.model import DataWarning


def bumps(rows: int, seed: int) -> pl.DataFrame:
    """A bump in the third quarter of channel 1 tells the class, and nothing else does."""
    random = np.random.default_rng(seed)
    high = random.random(rows) < 0.5
    cells = []
    for is_high in high:
        value = random.normal(0, 0.3, (int(random.integers(30, 48)), 2))
        quarter = len(value) // 4
        value[2 * quarter : 3 * quarter, 1] += 2 if is_high else 0
        cells.append(value.round(3).tolist())
    return pl.DataFrame({"wave": cells, "x": random.normal(size=rows), "y": np.where(high, "high", "flat")})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> cs.Model:
    folder: Path = tmp_path_factory.mktemp("series")
    settings = ("split.folds=1", "train.networks=1", "train.epochs=5", "report.analyses=[]", "references=[]")
    settings += ("fusion.type=concat", "encoders.series={type: linear_series, instance: false}")
    return cs.fit(bumps(240, 0), "y", effort=1, settings=settings, run=folder / "run")


@pytest.fixture(scope="module")
def made(trained: cs.Model) -> tuple[Subject, Any]:
    from .conftest import subject_for

    subject = subject_for(trained.bundle, bumps(24, 1))
    return subject, explained_class(subject.bundle, subject.predict(), "high")


def test_a_closed_gate_lies_flat_on_the_mean_and_an_open_one_changes_nothing(made: tuple[Subject, Any]) -> None:
    subject = made[0]
    pieces = SeriesPieces(subject, "series")
    inputs = {name: torch.from_numpy(a) for name, a in subject.arrays["series"].items()}
    rows, shape = torch.arange(len(subject)), pieces.present.shape
    assert shape[1] == 2 * PARTS
    with pieces.gated(torch.nn.Identity(), inputs, rows, torch.ones(shape), True) as same:
        torch.testing.assert_close(same["value"], inputs["value"])
    with pieces.gated(torch.nn.Identity(), inputs, rows, torch.zeros(shape), True) as flat:
        length = int(pieces.length[0, 0])
        value = flat["value"][0, 0, :length]
        torch.testing.assert_close(value, inputs["value"][0, 0, :length].mean(0).expand_as(value))
    one = torch.ones(shape)
    one[:, PARTS + 3] = 0  # the fourth stretch of channel 1
    with pieces.gated(torch.nn.Identity(), inputs, rows, one, True) as changed:
        column, stretch = pieces.stretch(0, PARTS + 3)
        moved = (changed["value"] != inputs["value"])[0, 0]
        assert (column, stretch.channel) == ("wave", 1)
        assert not moved[:, 0].any()
        assert np.flatnonzero(moved[:, 1].numpy()).tolist() == list(range(stretch.start, stretch.end))


def test_the_bump_is_found(made: tuple[Subject, Any]) -> None:
    subject, classes = made
    for row, parts in enumerate(media_parts(subject, classes, 1.0)):
        (found,) = parts["series"]
        if subject.cells["y"][row] == "high":
            top, quarter = found["stretches"][0], found["steps"] / 4
            assert top["channel"] == 1
            assert 2 * quarter - 4 <= top["start"]
            assert top["end"] <= 3 * quarter + 4
            assert found["overlay"].startswith("data:image/jpeg")
            assert abs(found["gap"]) < 0.1 * max(1, abs(found["difference"]))


def test_explanations_beat_random_ones(made: tuple[Subject, Any], as_subject: Callable[..., Subject]) -> None:
    subject, classes = made
    asked = Asked(classes, cell_effects(subject, classes, None), None, 0)
    found = next(one for one in faithfulness(subject, asked) if one["modality"] == "series")
    assert found["method"] == "integrated gradients"
    assert found["verdict"] != "worse"
    assert max(found["deletion"]["value"], found["insertion"]["value"]) > 0


def test_encoders_that_normalise_each_series_are_asked_by_occlusion(made: tuple[Subject, Any]) -> None:
    pieces = SeriesPieces(made[0], "series")
    facts = made[0].facts("series")
    for instance in (True, False):
        encoder = Choice(type="conv_series", instance=instance).complete("encoder").build("encoder", facts)
        assert pieces.smooth(encoder, {}) is not instance


def test_a_run_from_lists_predicts_texts_and_reports_what_it_cannot_read(trained: cs.Model) -> None:
    asked = {"wave": ["[[0, 0], [0, 2], [0, 2]]", "no series", None, "[[1,2,3]]"], "x": [0.0, 1.0, None, 2.0]}
    with pytest.warns(DataWarning):
        assert len(trained.predict(asked)) == 4
    codes = {(problem.code, problem.count) for problem in trained.problems}
    assert ("not_a_series", 1) in codes
    assert ("too_many_channels", 1) in codes
