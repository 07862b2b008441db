"""What a frozen part says is computed once, read by training and evaluation, and found again by a second run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor, nn

from consilience.artifacts.inference import run_network
from consilience.core.recipe import Group, Prepare
from consilience.core.tokens import Tokens
from consilience.data.cache import cache_root
from consilience.data.features import Features, in_memory, learn_facts, prepare
from consilience.data.table import read_table
from consilience.fusion.concat import ConcatFusion
from consilience.fusion.model import Multimodal
from consilience.training.fixed_features import encoder_key, fix

ROWS = 150


class Frozen(nn.Module):
    """The number of each sub-word, summed: slow work, had it been a network."""

    width, fixed = 3, True

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(500, 3).requires_grad_(False)
        self.calls = 0

    def fixed_by(self) -> str:
        return "sum"

    def before(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        self.calls += 1
        real = inputs["mask"].unsqueeze(-1)
        return {"x": (self.table(inputs["ids"].long()) * real).sum(2), "mask": inputs["mask"].any(-1)}

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        made = inputs if "x" in inputs else self.before(inputs)
        return Tokens(made["x"], made["mask"])


def network() -> Multimodal:
    torch.manual_seed(1)
    model = Multimodal({"g": Frozen()}, ConcatFusion(ConcatFusion.Config(), {"0_g": 3}, 4), 4, 2)  # type: ignore[dict-item]
    return model.eval()


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIENCE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def features() -> Any:
    cells = [None if i % 7 == 0 else f"word{i} " * (1 + i % 9) for i in range(ROWS)]
    table = read_table(pl.DataFrame({"t": cells}))
    groups = learn_facts(table.frame, {"g": Group(columns=("t",), modality="text")}, Prepare(vocabulary=100))

    def get(cached: bool = True) -> Features:
        return prepare(table, groups, Prepare()) if cached else in_memory(table, groups)

    return get


def entries() -> set[Path]:
    return {path for path in cache_root().iterdir() if path.is_dir()}


def test_every_row_is_computed_once_and_found_again(features: Any) -> None:
    rows = np.array([3, 149, 0, 70])
    plain = run_network(network(), features(), rows).logits
    heard: list[dict[str, Any]] = []
    model, first = network(), features()
    fix(model, [first, first], heard.append)
    encoder: Any = model.encoders["0_g"]
    called = encoder.calls
    assert [e["done"] for e in heard] == [64, 128, 150]
    np.testing.assert_allclose(run_network(model, first, rows).logits, plain, atol=1e-6)
    assert encoder.calls == called, "read, not computed"
    heard.clear()
    other, second = network(), features()
    fix(other, [second], heard.append)
    assert heard == [{"event": "progress", "name": "features", "done": ROWS, "total": ROWS, "reused": True}]
    np.testing.assert_allclose(run_network(other, second, rows).logits, plain, atol=1e-6)


def test_rows_in_memory_are_kept_in_memory(features: Any) -> None:
    model, held = network(), features(cached=False)
    fix(model, [held])
    assert not cache_root().exists()
    encoder: Any = model.encoders["0_g"]
    called = encoder.calls
    run_network(model, held, np.arange(ROWS))
    assert encoder.calls == called
    run_network(model, features(cached=False), np.arange(4))
    assert encoder.calls == called + 1, "rows that were not kept are computed"


def test_other_weights_are_another_entry(features: Any) -> None:
    model, table = network(), features()
    fix(model, [table])
    encoder: Any = model.encoders["0_g"]
    known = encoder_key(encoder)
    with torch.no_grad():
        encoder.table.weight.add_(1)
    assert encoder_key(encoder) != known
    heard: list[dict[str, Any]] = []
    fix(model, [table], heard.append)
    assert heard[-1]["reused"] is False
    assert not np.allclose(table.gather(np.array([1]), model.fixed)["g"]["x"], 0)


def test_a_damaged_entry_is_computed_anew(features: Any) -> None:
    table = features()
    before = entries()
    model = network()
    with torch.no_grad():
        model.encoders["0_g"].table.weight.mul_(3)  # type: ignore[union-attr, operator]
    table.key = "another table"
    fix(model, [table])
    (entry,) = entries() - before
    with (entry / "0.rows").open("r+b") as file:
        file.write(b"\xff" * 9)
    again = features()
    again.key = "another table"
    heard: list[dict[str, Any]] = []
    fix(model, [again], heard.append)
    assert heard[0]["code"] == "cache_rebuilt"
    np.testing.assert_array_equal(again.gather(np.arange(ROWS), model.fixed)["g"]["x"].shape, (ROWS, 1, 3))


def test_texts_of_like_length_meet_and_the_answers_keep_their_order(features: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("consilience.artifacts.inference.AT_ONCE", 100)
    monkeypatch.setattr("consilience.artifacts.row_batches.SHORT", 2)
    rows = np.random.default_rng(0).permutation(ROWS)
    plain, grouped = network(), network()
    grouped.costly = ("g",)
    lengths: list[int] = []
    grouped.encoders["0_g"].register_forward_hook(lambda _, inputs, tokens: lengths.append(inputs[0]["ids"].shape[-1]))
    found, expected = (run_network(model, features(), rows) for model in (grouped, plain))
    np.testing.assert_allclose(found.logits, expected.logits, atol=1e-6)
    np.testing.assert_array_equal(found.has, expected.has)
    assert min(lengths) < max(lengths)
