"""The task of forecasts: loss, head, quantiles that never cross, measures against their formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from consilience.core.tokens import Tokens
from consilience.tasks.forecast import Forecast
from consilience.tasks.metrics import Judge, scores

FACTS: dict[str, Any] = {
    "horizon": 3,
    "past": 6,
    "places": [1, 0],
    "mean": [1.0, -2.0],
    "sd": [2.0, 0.5],
    "season": 2,
    "column": "past",
    "entities": 1,
    "targets": ["a", "b"],
}
UNITS = ([0.5, -1.0], [1.0, 2.0])


def task(**options: Any) -> Forecast:
    return Forecast(Forecast.Config(**options), FACTS)


def window(rows: int = 4) -> Tokens:
    generator = torch.Generator().manual_seed(0)
    return Tokens(torch.randn(rows, 6, 2, generator=generator), torch.ones(rows, 6, 2, dtype=torch.bool))


def test_an_untrained_head_repeats_the_last_value() -> None:
    made = task()
    head = made.direct(5, UNITS)
    said = made.layout.said(made.predictions(head(torch.zeros(4, 5), window()).detach().numpy()))
    x = window().x[:, -1, [1, 0]].numpy() * np.array(UNITS[1]) + np.array(UNITS[0])
    assert np.allclose(said[:, :, :, 0], np.repeat(x[:, None], 3, 1), atol=1e-5)


@pytest.mark.parametrize("centre", ["last", "mean", "none"])
def test_quantiles_never_cross_whatever_the_weights(centre: str) -> None:
    made = task(centre=centre, quantiles=(0.05, 0.3, 0.5, 0.95))
    head = made.direct(5, UNITS)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=3)
    said = made.layout.said(made.predictions(head(torch.randn(4, 5) * 5, window()).detach().numpy()))
    assert (np.diff(said[..., 1:], axis=-1) >= 0).all()


def test_values_that_were_not_observed_never_matter() -> None:
    made = task()
    head = made.direct(5, UNITS)
    torch.nn.init.normal_(head.skip.weight)
    x, mask = window()
    mask = mask.clone()
    mask[:, 2] = False
    changed = torch.where(mask, x, torch.full_like(x, 1e6))
    assert torch.allclose(head(torch.zeros(4, 5), Tokens(x, mask)), head(torch.zeros(4, 5), Tokens(changed, mask)))


def test_without_a_past_the_head_falls_back_to_the_training_mean() -> None:
    made = task()
    head = made.direct(5, UNITS)
    x, mask = window(1)
    said = made.layout.said(made.predictions(head(torch.zeros(1, 5), Tokens(x, mask & False)).detach().numpy()))
    assert np.allclose(said[0, :, :, 0], FACTS["mean"], atol=1e-5)


def test_a_trimmed_past_says_the_same() -> None:
    made = task(centre="mean")
    head = made.direct(5, UNITS)
    torch.nn.init.normal_(head.skip.weight)
    x, mask = window()
    mask = mask.clone()
    mask[:, 4:] = False
    whole = head(torch.zeros(4, 5), Tokens(x, mask))
    assert torch.allclose(whole, head(torch.zeros(4, 5), Tokens(x[:, :4], mask[:, :4])), atol=1e-5)


def test_missing_steps_cost_nothing() -> None:
    made = task(quantiles=())
    target = torch.full((2, 8), float("nan"))
    target[0, 0] = 3.0
    outputs = torch.zeros(2, 6, requires_grad=True)
    loss = made.loss(outputs, target, torch.tensor([1.0, 0.0]))
    assert loss.item() == pytest.approx(1.0)  # (3 − 1) / 2 is one standard deviation
    loss.backward()
    assert torch.isfinite(outputs.grad).all()
    assert (outputs.grad[1] == 0).all()


def test_measures_are_their_formulas() -> None:
    made = task(quantiles=(0.1, 0.9))
    random = np.random.default_rng(0)
    wanted = random.normal(size=(20, 3, 2)).astype(np.float32)
    said = np.sort(random.normal(size=(20, 3, 2, 3)).astype(np.float32), -1)[..., [1, 0, 2]]
    wanted[0, 0, 0] = np.nan
    known = ~np.isnan(wanted)
    target = np.concatenate([wanted.reshape(20, -1), np.full((20, 2), 0.5, np.float32)], 1)
    found = scores(made.kind, target, np.ones(20), said.reshape(20, -1))
    error = (said[..., 0] - wanted)[known]
    z = ((said[..., 0] - wanted) / np.array([2.0, 0.5]))[known]
    assert found["mse_z"] == pytest.approx((z**2).mean(), rel=1e-5)
    assert found["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert found["mase"] == pytest.approx(np.abs(error).mean() / 0.5, rel=1e-5)
    assert found["wape"] == pytest.approx(np.abs(error).sum() / np.abs(wanted[known]).sum(), rel=1e-5)
    inside = ((said[..., 1] <= wanted) & (wanted <= said[..., 2]))[known]
    assert found["coverage"] == pytest.approx(inside.mean())


def test_a_resample_is_a_vector_of_counts() -> None:
    made = task()
    random = np.random.default_rng(1)
    target = np.abs(random.normal(size=(6, 8))).astype(np.float32)
    said = random.normal(size=(6, 24)).astype(np.float32)
    counts = np.array([2, 0, 1, 0, 3, 0])
    rows = np.repeat(np.arange(6), counts)
    one = Judge(made.kind, target, np.ones(6), said).at(counts.astype(float))
    other = scores(made.kind, target[rows], np.ones(6), said[rows])
    assert one == pytest.approx(other)


def test_targets_are_read_from_arrays() -> None:
    made = task()
    values = pl.Series("y", [[1.0] * 8, None, [float("nan")] * 6 + [1.0, 1.0]], dtype=pl.Array(pl.Float32, 8))
    assert made.encode(values).weight.tolist() == [1, 0, 0]


def test_decoded_forecasts_are_lists() -> None:
    made = task(quantiles=(0.5,))
    columns = made.decode(np.arange(12, dtype=np.float32).reshape(1, 12))
    assert columns["prediction"].to_list() == [[[0, 2], [4, 6], [8, 10]]]
    assert list(columns) == ["prediction", "quantile:0.5"]


def test_levels_are_between_zero_and_one() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Forecast.Config(quantiles=(0.1, 1.0))
