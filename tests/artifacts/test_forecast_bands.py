"""Quantiles are moved apart, or together, until they hold what they promise; points stay and quantiles rise."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from consilience.artifacts.calibration import calibrate
from consilience.artifacts.forecast_bands import fit_bands
from consilience.artifacts.rules import fit_rule
from consilience.data.forecast_layout import ForecastKind, Layout

LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95)
LAYOUT = Layout(12, (0, 1), LEVELS, (0.0, 100.0), (1.0, 50.0), 1, 20, "past")


def drawn(rows: int, width: float, seed: int) -> tuple[Any, Any]:
    """Forecasts whose bands are `width` times as wide as right ones, later steps even narrower, and true values."""
    random = np.random.default_rng(seed)
    scale = np.asarray(LAYOUT.sd) * np.linspace(1, 3, LAYOUT.horizon)[:, None]
    point = random.normal(0, 1, (rows, LAYOUT.horizon, 2)) * LAYOUT.sd + LAYOUT.mean
    truth = point + random.normal(0, 1, point.shape) * scale
    ends = np.array([-1.645, -1.2816, 0.0, 1.2816, 1.645]) * width
    said = np.concatenate([point[..., None], point[..., None] + ends * np.asarray(LAYOUT.sd)[:, None]], -1)
    target = np.concatenate([truth.reshape(rows, -1), np.ones((rows, 2))], 1)
    return said.reshape(rows, -1), target


def held(said: Any, target: Any, pair: int) -> float:
    bands, wanted = LAYOUT.said(said), LAYOUT.wanted(target)
    return float(np.mean((bands[..., 1 + pair] <= wanted) & (wanted <= bands[..., -1 - pair])))


@pytest.mark.parametrize("width", [0.3, 1.0, 5.0])
def test_bands_hold_what_they_promise_on_other_windows(width: float) -> None:
    state = json.loads(json.dumps(fit_bands(LAYOUT, *drawn(400, width, 0), np.ones(400))))
    said, target = drawn(400, width, 1)
    moved = calibrate(state, said)
    assert held(moved, target, 0) == pytest.approx(0.9, abs=0.03)
    assert held(moved, target, 1) == pytest.approx(0.8, abs=0.03)
    np.testing.assert_allclose(LAYOUT.said(moved)[..., 0], LAYOUT.said(said)[..., 0])
    assert (np.diff(LAYOUT.said(moved)[..., 1:], axis=-1) >= 0).all()


def test_missing_steps_and_rows_of_no_weight_count_nothing() -> None:
    said, target = drawn(60, 0.5, 2)
    weight = np.r_[np.ones(40), np.zeros(20)]
    whole = fit_bands(LAYOUT, said[:40], target[:40], np.ones(40))
    assert fit_bands(LAYOUT, said, target, weight) == whole
    target[:, 0] = np.nan
    assert np.isfinite(fit_bands(LAYOUT, said, target, weight)["shifts"]).all()
    target[:, : LAYOUT.cells] = np.nan
    assert set(np.ravel(fit_bands(LAYOUT, said, target, weight)["shifts"])) == {0.0}


def test_few_windows_and_single_quantiles_change_nothing() -> None:
    said, target = drawn(5, 0.5, 3)
    assert calibrate(fit_bands(LAYOUT, said, target, np.ones(5)), said).tolist() == said.tolist()
    point = LAYOUT._replace(levels=())
    alone = LAYOUT.said(said)[..., :1].reshape(5, -1)
    assert fit_bands(point, np.tile(alone, (4, 1)), np.tile(target, (4, 1)), np.ones(20))["method"] == "none"


def test_a_band_without_width_is_widened() -> None:
    said, target = drawn(50, 0.0, 4)
    moved = calibrate(fit_bands(LAYOUT, said, target, np.ones(50)), said)
    assert held(moved, target, 1) > 0.7


def test_the_rule_of_a_forecast_holds_the_shifts() -> None:
    said, target = drawn(100, 0.4, 5)
    rule = fit_rule(ForecastKind(LAYOUT), {"network": said}, target, np.ones(100), stack=False, seed=0)
    assert rule.calibration["method"] == "bands"
    assert held(rule.final(rule.raw({"network": said})), target, 1) > held(said, target, 1) + 0.2
