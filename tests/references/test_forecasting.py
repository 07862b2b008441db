"""Baselines of forecasts on series whose future is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from consilience.core.registry import get
from consilience.data.forecast_layout import ForecastKind, Layout
from consilience.references.base import Rows

LAYOUT = Layout(4, (0,), (0.1, 0.9), (0.0,), (1.0,), 4, 16, "past")
FACTS = {"groups": {"past": {"columns": ["past"], "mean": [[0.0]], "std": [[1.0]]}}}
NAMES = ["naive", "seasonal_naive", "past_linear", "theta"]


def windows(series: np.ndarray) -> tuple[Rows, np.ndarray]:
    starts = np.arange(len(series) - 20)
    past = np.stack([series[s : s + 16] for s in starts]).astype(np.float32)[:, None, :, None]
    target = np.stack([np.r_[series[s + 16 : s + 20], 1.0] for s in starts]).astype(np.float32)
    return Rows({"past": {"value": past, "observed": np.ones(past.shape, bool)}}, {}), target


def fitted(name: str, series: np.ndarray) -> tuple[Any, Rows, np.ndarray]:
    component = get("reference", name)
    reference = component(component.Config(), FACTS, ForecastKind(LAYOUT))
    rows, target = windows(series)
    reference.fit(rows, target, np.ones(len(target)), 0, 1)
    return reference, rows, target


def error(reference: Any, rows: Rows, target: np.ndarray) -> float:
    said = LAYOUT.said(reference.predict(rows))[..., 0]
    return float(np.sqrt(np.mean((said[:, :, 0] - target[:, :4]) ** 2)))


WAVE = np.sin(np.arange(400) * np.pi / 2) + 0.01 * np.random.default_rng(0).normal(size=400)


@pytest.mark.parametrize("name", ["seasonal_naive", "past_linear", "theta"])
def test_a_season_is_followed(name: str) -> None:
    assert error(*fitted(name, WAVE)) < 0.1


def test_the_last_value_does_not_follow_it() -> None:
    assert error(*fitted("naive", WAVE)) > 0.5


def test_linear_maps_learn_an_autoregression() -> None:
    random = np.random.default_rng(1)
    series = np.zeros(3000)
    for t in range(2, 3000):
        series[t] = 1.2 * series[t - 1] - 0.6 * series[t - 2] + 0.1 * random.normal()
    linear, rows, target = fitted("past_linear", series)
    assert error(linear, rows, target) < 0.9 * error(*fitted("naive", series))


@pytest.mark.parametrize("name", NAMES)
def test_quantiles_hold_what_they_promise_in_training(name: str) -> None:
    reference, rows, target = fitted(name, np.cumsum(np.random.default_rng(2).normal(size=2000)) * 0.05)
    said = LAYOUT.said(reference.predict(rows))[:, :, 0]
    inside = (said[:, :, 1] <= target[:, :4]) & (target[:, :4] <= said[:, :, 2])
    assert 0.75 < inside.mean() < 0.85
    assert (said[..., 1] <= said[..., 2]).all()


@pytest.mark.parametrize("name", NAMES)
def test_state_and_back_says_the_same(name: str) -> None:
    reference, rows, _ = fitted(name, WAVE)
    again = type(reference)(reference.config, FACTS, ForecastKind(LAYOUT))
    again.restore(reference.state())
    assert np.array_equal(again.predict(rows), reference.predict(rows))


@pytest.mark.parametrize("name", NAMES)
def test_gaps_and_absent_pasts_give_numbers(name: str) -> None:
    reference, rows, _ = fitted(name, WAVE)
    arrays = {key: array[:3].copy() for key, array in rows.arrays["past"].items()}
    arrays["observed"][0, :, 3:7] = False
    arrays["observed"][1] = False
    arrays["value"][~arrays["observed"]] = 0
    said = LAYOUT.said(reference.predict(Rows({"past": arrays}, {})))
    assert np.isfinite(said).all()
    assert (said[1, :, 0, 0] == 0).all()
