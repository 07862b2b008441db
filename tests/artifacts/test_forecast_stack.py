from __future__ import annotations

import numpy as np
import pytest

from consilience.artifacts.forecast_stack import fit_forecast_weights
from consilience.data.forecast_layout import Layout

LAYOUT = Layout(4, (0, 1), (0.1, 0.9), (0.0, 0.0), (1.0, 10.0), 1, 16, "past")
WINDOWS = 1_200  # more than one chunk


def told(point: np.ndarray) -> np.ndarray:
    """Predictions whose quantiles are the point itself."""
    return np.repeat(point[..., None], 3, -1).reshape(len(point), -1)


def targets(point: np.ndarray) -> np.ndarray:
    return np.concatenate([point.reshape(len(point), -1), np.ones((len(point), 2))], 1)


def cases(seed: int = 0) -> tuple[np.ndarray, np.random.Generator]:
    made = np.random.default_rng(seed)
    return made.normal(size=(WINDOWS, 4, 2)) * [1, 10], made


def weights(wanted: np.ndarray, sources: dict[str, np.ndarray], weight: np.ndarray | None = None) -> dict[str, float]:
    each = np.ones(len(wanted)) if weight is None else weight
    return fit_forecast_weights(LAYOUT, {name: told(s) for name, s in sources.items()}, targets(wanted), each)


def test_two_sources_of_independent_errors_share_by_their_variance() -> None:
    wanted, made = cases()
    noise = made.normal(size=(2, *wanted.shape)) * [1, 10]
    found = weights(wanted, {"good": wanted + 0.5 * noise[0], "poor": wanted + noise[1]})
    assert found["good"] == pytest.approx(0.8, abs=0.04)
    assert sum(found.values()) == pytest.approx(1)


def test_an_outage_that_nobody_foresaw_does_not_choose() -> None:
    wanted, made = cases(1)
    noise = 0.1 * made.normal(size=(2, *wanted.shape)) * [1, 10]
    sources = {"good": wanted + noise[0], "poor": wanted + 3 * noise[1]}
    outage = np.zeros(wanted.shape)
    outage[:12] = 50 * np.array([1, 10])
    sources = {"good": sources["good"] + outage, "poor": sources["poor"] + 0.7 * outage}
    assert weights(wanted, sources)["good"] > 0.6


def test_missing_steps_and_windows_count_nothing() -> None:
    wanted, made = cases(2)
    noise = made.normal(size=(2, *wanted.shape)) * [1, 10]
    sources = {"good": wanted + 0.5 * noise[0], "poor": wanted + noise[1]}
    holes = wanted.copy()
    holes[:300] = np.nan
    holes[300:600, 2:] = np.nan
    weight = np.ones(WINDOWS)
    weight[-100:] = 0
    spoilt = {"good": sources["good"].copy(), "poor": sources["poor"]}
    spoilt["good"][:300] = 1e6
    spoilt["good"][-100:] = 1e6
    found = weights(holes, spoilt, weight)
    assert found["good"] == pytest.approx(0.8, abs=0.06)


def test_nothing_known_means_equal_weights() -> None:
    wanted, _ = cases(3)
    sources = {"a": wanted, "b": wanted + 1}
    assert weights(wanted * np.nan, sources) == {"a": 0.5, "b": 0.5}
    assert weights(wanted, sources, np.zeros(WINDOWS)) == {"a": 0.5, "b": 0.5}
    assert weights(wanted, {"a": wanted}) == {"a": 1.0}
    assert weights(wanted, sources)["a"] > 0.9
