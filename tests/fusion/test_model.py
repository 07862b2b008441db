"""The assembled network: groups in, logits out, knowing no modality by name."""

from __future__ import annotations

import torch

from consilience.core.policy import Shape, resolve
from consilience.core.recipe import Recipe
from consilience.core.tokens import Fused
from consilience.fusion.model import Multimodal, assemble, safe_key

FACTS = {
    "groups": {
        "number": {"columns": ["age", "height.cm"], "quantiles": [[-1.0, 0.0, 1.0]] * 2},
        "category": {"columns": ["city"], "vocabulary": [["rome", "lima"]]},
    }
}
COLUMNS = {"age": "number", "height.cm": "number", "city": "category"}


def network() -> Multimodal:
    torch.manual_seed(0)
    recipe = resolve(Recipe(target="y", effort=1), Shape(500, COLUMNS, "multiclass"))
    return assemble(recipe, FACTS, 3)


def inputs(rows: int = 6) -> dict[str, dict[str, torch.Tensor]]:
    torch.manual_seed(1)
    some = torch.arange(rows) > 0
    return {
        "number": {"value": torch.randn(rows, 2), "mask": torch.ones(rows, 2) > 0},
        "category": {
            "index": torch.randint(0, 3, (rows, 1, 1), dtype=torch.int32),
            "mask": some.reshape(-1, 1, 1),
        },
    }


def test_outputs_of_every_candidate_and_helper() -> None:
    found = network()(inputs())
    assert found.logits.shape == (6, 3)
    assert list(found.candidates) == ["concat", "gated"]
    assert set(found.helpers) == {"number", "category"}
    assert found.has["category"].tolist() == [False, True, True, True, True, True]


def test_a_hidden_group_equals_a_missing_one_but_for_its_helper() -> None:
    net = network().eval()
    whole, missing = inputs(), inputs()
    missing["category"]["mask"] = torch.zeros_like(missing["category"]["mask"])
    keep = torch.ones(6, 2) > 0
    keep[:, net.groups.index("category")] = False
    hidden, absent = net(whole, keep), net(missing)
    torch.testing.assert_close(hidden.logits, absent.logits)
    torch.testing.assert_close(hidden.helpers["category"], net(whole).helpers["category"])
    assert hidden.has["category"].any()


def test_select_keeps_one_candidate_and_its_numbers() -> None:
    net = network().eval()
    before = net(inputs()).candidates["gated"]
    net.select("gated")
    after = net(inputs())
    torch.testing.assert_close(after.logits, before)
    assert after.candidates == {}
    assert not any("concat" in name for name in net.state_dict())


def test_names_of_groups_become_names_of_modules() -> None:
    assert safe_key(2, "x-ray.left 左") == "2_x_ray_left_"


class Echo(torch.nn.Module):
    """A decoder that says how many columns the target has; 0 where it must write."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.out_features = 1
        self.layer = torch.nn.Linear(width, 1)

    def forward(self, fused: Fused, target: torch.Tensor | None = None) -> torch.Tensor:
        known = 0 if target is None else target.shape[1]
        return self.layer(fused.pooled) * 0 + fused.tokens.x.shape[1] + 100 * known


def test_a_decoder_reads_tokens_and_target_and_has_no_helpers() -> None:
    made = network()
    encoders = {g: made.encoders[k] for g, k in made.keys.items()}
    writes = Multimodal(encoders, made.fusion, 32, 3, Echo)
    assert not writes.helpers
    told = writes(inputs(), None, torch.zeros(6, 4))
    assert set(told.candidates) == {"concat", "gated"}
    tokens = told.fused.tokens.x.shape[1]
    assert told.logits.unique().tolist() == [tokens + 400]
    assert writes(inputs()).logits.unique().tolist() == [tokens]
    assert network()(inputs(), None, torch.zeros(6, 4)).logits.shape == (6, 3)  # a linear head is not told
