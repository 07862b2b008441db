"""What is particular to each fusion."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.tokens import Tokens
from consilience.fusion.block import heads_for
from consilience.fusion.capped import capped

WIDTHS = {"a": 6, "b": 9}


def build(name: str, **options: Any) -> Any:
    torch.manual_seed(0)
    return Choice.model_validate({"type": name, **options}).build("fusion", WIDTHS, 12).eval()


def tokens(rows: int = 5, b_present: bool = True) -> dict[str, Tokens]:
    random = torch.Generator().manual_seed(1)
    return {
        g: Tokens(torch.randn(rows, 3, w, generator=random), torch.full((rows, 3), g == "a" or b_present))
        for g, w in WIDTHS.items()
    }


def test_auto_trains_all_candidates_and_keeps_one() -> None:
    fusion = build("auto")
    assert fusion.names == ["concat", "gated"]
    assert fusion.active == "concat"
    every = fusion.forward_all(tokens())
    fusion.select("gated")
    assert fusion.names == ["gated"]
    torch.testing.assert_close(fusion(tokens()).pooled, every["gated"].pooled)
    assert all(name.startswith("members.gated") for name in fusion.state_dict())


def test_auto_names_the_nearest_candidate() -> None:
    with pytest.raises(InputError, match="did you mean 'gated'"):
        build("auto").select("gate")
    with pytest.raises(InputError, match="own candidate"):
        build("auto", candidates=["auto"])
    with pytest.raises(InputError, match="did you mean 'concat'"):
        build("auto", candidates=["concatt"])


def test_a_missing_group_is_the_factor_one() -> None:
    fusion = build("low_rank")
    alone = fusion(tokens(b_present=False)).pooled
    with torch.no_grad():
        fusion.factors[1].normal_()
        fusion.constants[1].normal_()
    torch.testing.assert_close(fusion(tokens(b_present=False)).pooled, alone)
    assert fusion.factors.requires_grad
    assert "factors" in fusion.state_dict()


def test_gates_prefer_what_they_learn_and_never_the_absent() -> None:
    fusion = build("gated")
    with torch.no_grad():
        fusion.gate.bias.copy_(torch.tensor([0.0, 30.0]))
    assert (fusion(tokens()).weights[:, 1] > 0.99).all()
    weights = fusion(tokens(b_present=False)).weights
    torch.testing.assert_close(weights, torch.tensor([1.0, 0.0]).expand(5, 2))


def test_the_vector_of_an_absent_group_is_used() -> None:
    fusion = build("concat")
    before = fusion(tokens(b_present=False)).pooled
    with torch.no_grad():
        fusion.absent[1] += torch.arange(12.0)
    assert not torch.allclose(fusion(tokens(b_present=False)).pooled, before)


@pytest.mark.parametrize("name", ["attention", "bottleneck"])
def test_long_groups_are_capped(name: str) -> None:
    fusion = build(name, tokens=2)
    assert fusion(tokens()).tokens.x.shape == (5, 4, 12)


def test_capped_averages_the_real_tokens_of_each_stretch() -> None:
    x = torch.arange(6.0).reshape(1, 6, 1)
    found = capped(Tokens(x, torch.tensor([[True, True, False, False, False, True]])), 3)
    assert found.x.flatten().tolist() == [0.5, 0.0, 5.0]
    assert found.mask.tolist() == [[True, False, True]]


def test_heads_divide_the_width() -> None:
    assert [heads_for(w, 4) for w in (12, 96, 9, 7, 1)] == [4, 4, 3, 1, 1]
