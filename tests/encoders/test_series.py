from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.encoders.graph_file import neighbours, read_graph
from consilience.encoders.graph_series import GraphSeries
from consilience.encoders.series_input import View, last_step, normalised, rightmost
from consilience.encoders.series_places import near, passed, place_means
from consilience.modalities.series import Series

FACTS = {"columns": ["s"], "channels": [3], "length": 24, "calendar": False}
NAMES = ("conv_series", "patch_series", "linear_series", "rocket_series", "graph_series")


def inputs(rows: int = 5, steps: int = 24, level: float = 0.0) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(3)
    mask = torch.ones(rows, 1, steps, dtype=torch.bool)
    value = torch.randn(rows, 1, steps, 3, generator=random) + level
    return {"value": value, "observed": torch.ones_like(value, dtype=torch.bool), "mask": mask, "gap": mask.float()}


def build(name: str, facts: dict[str, Any] = FACTS, **options: Any) -> Any:
    torch.manual_seed(0)
    return Choice(type=name, **options).complete("encoder").build("encoder", facts).eval()


def view_of(value: list[list[float | None]]) -> View:
    """Rows of one channel, None = missing, padded with missing steps."""
    longest = max(map(len, value))
    mask = torch.tensor([[i < len(row) for i in range(longest)] for row in value])
    seen = torch.tensor([[i < len(row) and row[i] is not None for i in range(longest)] for row in value])
    numbers = torch.tensor([[(row[i] or 0.0) if i < len(row) else 0.0 for i in range(longest)] for row in value])
    return View(numbers.unsqueeze(-1), seen.unsqueeze(-1), mask, mask.float())


def test_instance_normalisation_keeps_the_level_beside_the_shape() -> None:
    normal, level = normalised(view_of([[1.0, 3.0, None, 5.0], [101.0, 103.0, None, 105.0], [2.0, 2.0]]), True)
    torch.testing.assert_close(normal[0], normal[1], atol=1e-4, rtol=0)
    assert normal[0, 2] == 0
    assert normal[0].square().sum() / 3 == pytest.approx(1, abs=1e-4)
    assert level[1, 0, 0] > level[0, 0, 0] > 0
    assert level[:, 0, 2].tolist() == [0.75, 0.75, 1.0]
    assert not normal[2].any()  # constant: no noise is blown up
    assert level[2, 0, 1] < level[0, 0, 1]


def test_series_are_laid_with_their_newest_step_to_the_right() -> None:
    view = view_of([[1.0, 2.0, 3.0], [4.0]])
    moved, there = rightmost(view.value, view.mask, 4)
    assert moved[:, :, 0].tolist() == [[0, 1, 2, 3], [0, 0, 0, 4]]
    assert there.tolist() == [[False, True, True, True], [False, False, False, True]]
    assert last_step(view.value, view.mask).flatten().tolist() == [3, 4]


@pytest.mark.parametrize("name", NAMES)
def test_level_is_seen_with_instance_normalisation_and_without(name: str) -> None:
    for instance in (True, False):
        encoder = build(name, instance=instance)
        assert not torch.allclose(encoder(inputs()).x, encoder(inputs(level=2.0)).x, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_order_matters(name: str) -> None:
    encoder, given = build(name), inputs()
    turned = {key: array.flip(2) for key, array in given.items()}
    assert not torch.allclose(encoder(given).x, encoder(turned).x, atol=1e-3)


def test_linear_series_is_linear_in_the_values() -> None:
    encoder, one, other = build("linear_series", instance=False), inputs(), inputs(level=1.5)
    maps = [encoder.trend, encoder.rest]
    found = []
    for given in (one, other, {**one, "value": (one["value"] + other["value"]) / 2}):
        value = given["value"][:, 0]
        trend = encoder.average(value, torch.ones_like(value))
        found.append(maps[0](trend.transpose(1, 2)) + maps[1]((value - trend).transpose(1, 2)))
    torch.testing.assert_close((found[0] + found[1]) / 2, found[2], atol=1e-5, rtol=1e-4)


def test_causal_convolutions_do_not_look_ahead() -> None:
    encoder = build("conv_series", causal=True, instance=False)
    x, mask = torch.randn(2, 64, 24), torch.ones(2, 24, dtype=torch.bool)
    later = x.clone()
    later[:, :, 15:] += 1
    for block in encoder.blocks:
        torch.testing.assert_close(block(x, mask)[:, :, :15], block(later, mask)[:, :, :15])


def test_a_token_a_channel() -> None:
    for name in ("linear_series", "patch_series"):
        given = inputs()
        given["observed"][2, :, :, 1] = False
        tokens = build(name, per_channel=True)(given)
        assert tokens.x.shape[:2] == (5, 3)
        assert tokens.mask[2].tolist() == [True, False, True]


def test_rocket_kernels_come_from_the_seed_and_are_not_stored() -> None:
    one, same, other = build("rocket_series"), build("rocket_series"), build("rocket_series", seed=1)
    assert not any("kernels" in name or "thresholds" in name for name in one.state_dict())
    made = [encoder.before(inputs())["features"] for encoder in (one, same, other)]
    torch.testing.assert_close(made[0], made[1], atol=0, rtol=0)
    assert not torch.allclose(made[0], made[2])
    torch.testing.assert_close(one(one.before(inputs())).x, one(inputs()).x)


class TestGraph:
    def test_neighbours_are_heard(self, tmp_path: Path) -> None:
        path = tmp_path / "edges.csv"
        path.write_text("from,to,weight\n0,1,1\n")
        edges = GraphSeries.learn(GraphSeries.Config(graph=str(path)), FACTS)
        encoder = build("graph_series", {**FACTS, **edges}, depth=1)
        given = inputs()
        changed = {key: array.clone() for key, array in given.items()}
        changed["value"][..., 1] += torch.linspace(0, 3, 24)
        before, after = encoder(given).x, encoder(changed).x
        assert not torch.allclose(before[:, 0], after[:, 0], atol=1e-4)  # 0 hears 1
        torch.testing.assert_close(before[:, 2], after[:, 2])  # 2 hears nobody

    def test_the_matrix_is_normalised(self) -> None:
        found = neighbours([[0, 1, 3.0]], 3)
        assert found.tolist() == [[0.25, 0.75, 0], [0, 1, 0], [0, 0, 1]]

    def test_files(self, tmp_path: Path) -> None:
        dense, names = tmp_path / "dense.csv", tmp_path / "names.csv"
        dense.write_text("0,0.5,0\n0,0,0\n0,2,0\n")
        assert read_graph(str(dense), None, 3) == [[0, 1, 0.5], [2, 1, 2]]
        dense.write_text("a,b,c\n0,0.5,0\n0,0,0\n0,2,0\n")
        for known in (None, ["a", "b", "c"]):
            assert read_graph(str(dense), known, 3) == [[0, 1, 0.5], [2, 1, 2]]
        names.write_text("a,b\nc,a\n")
        assert read_graph(str(names), ["a", "b", "c"], 3) == [[0, 1, 1], [2, 0, 1]]

    def test_bad_files_are_named(self, tmp_path: Path) -> None:
        path = tmp_path / "g.csv"
        with pytest.raises(InputError, match="cannot be read"):
            read_graph(str(path), None, 3)
        path.write_text("0,1,2,3\n0,1,2,3\n")
        with pytest.raises(InputError, match="2 rows and 4 columns, but the series have 3 channels"):
            read_graph(str(path), None, 3)
        path.write_text("0,1\n0,7\n")
        with pytest.raises(InputError, match="no node '7'"):
            read_graph(str(path), None, 3)

    def test_the_clock_counts_where_cells_carry_times(self) -> None:
        encoder = build("graph_series", {**FACTS, "calendar": True})
        given = inputs() | {"calendar": torch.zeros(5, 1, 2)}
        noon = given | {"calendar": torch.full((5, 1, 2), 0.5)}
        assert not torch.allclose(encoder(given).x, encoder(noon).x, atol=1e-4)
        assert "calendar" not in Series.trim({k: v.numpy() for k, v in inputs().items()})


class TestPlaces:
    def test_time_passed_follows_gaps_and_ends_at_one(self) -> None:
        mask = torch.tensor([[True, True, True], [True, True, False], [True, False, False]])
        gap = torch.tensor([[1.0, 1.0, 3.0], [1.0, 2.0, 9.0], [1.0, 0.0, 0.0]])
        assert passed(gap, mask).tolist() == [[0, 0.25, 1], [0, 1, 0], [0, 0, 0]]

    def test_as_many_places_as_steps_are_the_steps_themselves(self) -> None:
        x, mask = torch.randn(2, 6, 3), torch.ones(2, 6, dtype=torch.bool)
        weight = near(passed(mask.float(), mask), mask, 6)
        torch.testing.assert_close(place_means(x, torch.ones_like(x), weight), x, atol=1e-4, rtol=0)

    def test_places_of_series_of_different_length_are_those_of_their_course(self) -> None:
        mask = torch.tensor([[True] * 9, [True] * 5 + [False] * 4])
        share = passed(mask.float(), mask)
        means = place_means(share.unsqueeze(-1), mask.unsqueeze(-1).float(), near(share, mask, 3))
        torch.testing.assert_close(means[0, 1], means[1, 1], atol=1e-4, rtol=0)

    def test_a_bump_moved_in_time_is_told_apart_by_place(self) -> None:
        value = torch.zeros(2, 1, 24, 3)
        value[0, :, 4:7], value[1, :, 15:18] = 3.0, 3.0
        given = {**inputs(rows=2), "value": value}
        apart = [build("conv_series", **options)(given).x.detach() for options in ({}, {"places": 0, "segments": 0})]
        differ = [float((x[0] - x[1]).abs().mean()) for x in apart]
        assert differ[0] > 5 * differ[1]
