"""What of a body trains, how fast, and that its weights arrive."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from consilience.core.errors import InputError
from consilience.encoders.pretrained.tune import TuneConfig, blocks_of, body_rates, fill, prepare_body, set_training


class Body(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(5, 4)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)) for _ in range(3))
        self.norm = nn.LayerNorm(4)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x)
        found: Tensor = self.norm(x)
        return found


def tuned(**options: Any) -> tuple[Body, TuneConfig]:
    torch.manual_seed(0)
    body, config = Body(), TuneConfig(**options)
    prepare_body(body, config)
    return body, config


def trains(body: nn.Module) -> set[str]:
    return {name for name, parameter in body.named_parameters() if parameter.requires_grad}


def test_what_trains() -> None:
    every = {name for name, _ in Body().named_parameters()}
    assert trains(tuned(tune="full")[0]) == every
    assert trains(tuned(tune="frozen")[0]) == trains(tuned(tune="head")[0]) == set()
    last = trains(tuned(tune="last_n", last=2)[0])
    assert last == {n for n in every if n.startswith(("blocks.1", "blocks.2", "norm"))}
    with pytest.raises(InputError, match="4 of 3 blocks"):
        tuned(tune="last_n", last=4)


def test_lora_trains_small_matrices_that_change_nothing_at_first() -> None:
    body, _ = tuned(tune="lora", lora_rank=2)
    names = trains(body)
    assert len(names) == 6
    assert all(".lora_" in name for name in names)
    torch.manual_seed(0)
    plain = Body()
    fill(body, plain.state_dict(), "here")
    ids = torch.tensor([[1, 2, 3]])
    torch.testing.assert_close(body.eval()(ids), plain.eval()(ids))


def test_only_a_frozen_body_stays_in_evaluation_mode() -> None:
    for tune in ("frozen", "head", "lora"):
        body, options = tuned(tune=tune)
        set_training(body, options, True)
        assert body.training == (tune != "frozen")
        set_training(body, options, False)
        assert not body.training


def test_rates_fall_from_block_to_block() -> None:
    body, options = tuned(tune="full", rate=0.1, layer_decay=0.5)
    rates = body_rates(body, options, "body")
    assert rates["body.norm.weight"] == pytest.approx(0.1)
    assert rates["body.blocks.2.0.weight"] == pytest.approx(0.05)
    assert rates["body.blocks.0.0.bias"] == pytest.approx(0.1 * 0.5**3)
    assert rates["body.embed.weight"] == pytest.approx(0.1 * 0.5**4)


def test_the_usual_rate_becomes_a_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    body, options = tuned(tune="full")
    (small,) = set(body_rates(body, options, "body").values())
    size = sum(p.numel() for p in body.parameters())
    monkeypatch.setattr("consilience.encoders.pretrained.tune.LARGE", size)
    assert list(set(body_rates(body, options, "body").values())) == pytest.approx([small / 5])
    for tune, low, high in (("full", 2e-5, 5e-5), ("lora", 2e-4, 4e-4)):
        body, options = tuned(tune=tune)
        assert all(low <= 2e-3 * rate <= high for rate in body_rates(body, options, "body").values())


def test_a_missing_or_misshapen_weight_is_named() -> None:
    state = Body().state_dict()
    body, _ = tuned(tune="full")
    with pytest.raises(InputError, match=r"here: the weight 'norm\.bias' is missing"):
        fill(body, {n: v for n, v in state.items() if n != "norm.bias"}, "here")
    with pytest.raises(InputError, match=r"has shape \(3,\), not \(4,\)"):
        fill(body, {**state, "norm.bias": torch.zeros(3)}, "here")


def test_blocks_are_found_or_their_absence_is_said() -> None:
    assert blocks_of(Body())[0] == "blocks"
    with pytest.raises(InputError, match="no list of blocks"):
        blocks_of(nn.Linear(2, 2))
