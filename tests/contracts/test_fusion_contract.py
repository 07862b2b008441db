"""What every registered fusion promises (fusion/base.py); a new fusion needs no test of its own."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch

from consilience.core.config import Choice
from consilience.core.registry import BUILTIN, get, names
from consilience.core.tokens import Fused, Tokens
from consilience.fusion.base import Fusion

WIDTHS = {"0_note": 12, "1_x_ray": 20, "2_record": 7}
LENGTHS = {"0_note": 5, "1_x_ray": 1, "2_record": 3}
ROWS, WIDTH = 7, 16
FUSIONS = names("fusion")


def build(name: str, widths: dict[str, int] | None = None, **options: Any) -> Fusion:
    torch.manual_seed(0)
    choice = Choice.model_validate({"type": name, **options}).complete("fusion")
    fusion: Fusion = choice.build("fusion", widths or WIDTHS, WIDTH)
    with torch.no_grad():
        for parameter in fusion.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return fusion.eval()


def random_tokens() -> dict[str, Tokens]:
    """Row 0 lacks every group, row 1 has all, row 2 only the second; the others some."""
    random = torch.Generator().manual_seed(3)
    found = {}
    for i, (group, width) in enumerate(WIDTHS.items()):
        mask = torch.rand(ROWS, LENGTHS[group], generator=random) < 0.6
        mask[0], mask[1], mask[2] = False, True, i == 1
        found[group] = Tokens(torch.randn(ROWS, LENGTHS[group], width, generator=random), mask)
    return found


def views(fusion: Fusion, tokens: dict[str, Tokens]) -> list[Fused]:
    """Every result a fusion can give: all candidates, where it has some."""
    if hasattr(fusion, "forward_all"):
        return list(fusion.forward_all(tokens).values())  # type: ignore[operator]
    return [fusion(tokens)]


@pytest.mark.parametrize("name", FUSIONS)
def test_shapes_and_weights(name: str) -> None:
    tokens = random_tokens()
    for fused in views(build(name), tokens):
        assert fused.pooled.shape == (ROWS, WIDTH)
        assert fused.pooled.isfinite().all()
        assert fused.tokens.x.shape == (*fused.tokens.mask.shape, WIDTH)
        present = torch.stack([t.present for t in tokens.values()], 1)
        assert fused.weights.shape == present.shape
        assert (fused.weights[~present] == 0).all()
        torch.testing.assert_close(fused.weights.sum(1), present.any(1).float())


@pytest.mark.parametrize("name", FUSIONS)
@pytest.mark.parametrize("garbage", [50.0, float("nan")])
def test_absent_values_change_nothing(name: str, garbage: float) -> None:
    fusion, tokens = build(name), random_tokens()
    other = {g: Tokens(t.x.masked_fill(~t.mask.unsqueeze(-1), garbage), t.mask) for g, t in tokens.items()}
    for a, b in zip(views(fusion, tokens), views(fusion, other), strict=True):
        torch.testing.assert_close(a.pooled, b.pooled)
        torch.testing.assert_close(a.weights, b.weights)


@pytest.mark.parametrize("name", FUSIONS)
@pytest.mark.parametrize("training", [True, False])
def test_all_absent_is_finite(name: str, training: bool) -> None:
    fusion = build(name).train(training)
    tokens = {g: Tokens(t.x, torch.zeros_like(t.mask)) for g, t in random_tokens().items()}
    results = views(fusion, tokens)
    sum(f.pooled.square().sum() for f in results).backward()  # type: ignore[union-attr]
    assert all(f.pooled.isfinite().all() and (f.weights == 0).all() for f in results)
    assert all(p.grad.isfinite().all() for p in fusion.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", FUSIONS)
def test_rows_do_not_see_each_other(name: str) -> None:
    fusion, tokens = build(name), random_tokens()
    whole = fusion(tokens).pooled
    for row in range(ROWS):
        one = {g: Tokens(t.x[row : row + 1], t.mask[row : row + 1]) for g, t in tokens.items()}
        torch.testing.assert_close(fusion(one).pooled[0], whole[row], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", FUSIONS)
def test_the_order_of_the_dictionary_does_not_matter(name: str) -> None:
    fusion, tokens = build(name), random_tokens()
    turned = dict(reversed(tokens.items()))
    torch.testing.assert_close(fusion(turned).pooled, fusion(tokens).pooled)
    torch.testing.assert_close(fusion(turned).weights, fusion(tokens).weights)


@pytest.mark.parametrize("name", FUSIONS)
def test_every_group_that_is_present_matters(name: str) -> None:
    fusion, tokens = build(name), random_tokens()
    for group in WIDTHS:
        other = {
            **tokens,
            group: Tokens(tokens[group].x + 1 + torch.randn_like(tokens[group].x), tokens[group].mask),
        }
        for a, b in zip(views(fusion, tokens), views(fusion, other), strict=True):
            assert not torch.allclose(a.pooled[1], b.pooled[1], atol=1e-5)


@pytest.mark.parametrize("name", FUSIONS)
def test_every_parameter_receives_a_gradient(name: str) -> None:
    fusion, tokens = build(name).train(), random_tokens()
    total = torch.zeros(())
    for fused in views(fusion, tokens):
        total = total + (fused.pooled * torch.randn_like(fused.pooled)).sum()
    total.backward()
    dead = [n for n, p in fusion.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert dead == []


@pytest.mark.parametrize("name", FUSIONS)
def test_save_and_load_are_equal(name: str) -> None:
    fusion, tokens = build(name), random_tokens()
    file = io.BytesIO()
    torch.save(fusion.state_dict(), file)
    file.seek(0)
    torch.manual_seed(99)
    other: Fusion = Choice(type=name).build("fusion", WIDTHS, WIDTH)
    other.load_state_dict(torch.load(file, weights_only=True))
    torch.testing.assert_close(other.eval()(tokens).pooled, fusion(tokens).pooled, atol=0, rtol=0)
    trained = {id(p) for p in fusion.parameters()}
    held = [v for m in fusion.modules() for v in vars(m).values() if isinstance(v, torch.nn.Parameter)]
    assert all(id(p) in trained for p in held)  # no factor lives outside the module's parameters


@pytest.mark.parametrize("name", FUSIONS)
def test_a_single_group_works(name: str) -> None:
    fusion = build(name, {"0_note": 12})
    tokens = {"0_note": random_tokens()["0_note"]}
    for fused in views(fusion, tokens):
        assert fused.pooled.isfinite().all()
        assert fused.weights.shape == (ROWS, 1)


QUICK = ("concat", "gated")
"""What the default fusion chooses among; the others' exports take ten seconds each."""


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in sorted(BUILTIN["fusion"])]
)
def test_exports_to_onnx_with_equal_numbers(name: str, onnx_outputs: Any) -> None:
    deep = "depth" in get("fusion", name).Config.model_fields  # one layer exports as two do, in half the time
    fusion, tokens = build(name, **({"depth": 1} if deep else {})), random_tokens()

    class Plain(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fusion = fusion

        def forward(self, *arrays: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            pairs = zip(WIDTHS, arrays[::2], arrays[1::2], strict=True)
            fused = self.fusion({group: Tokens(x, mask) for group, x, mask in pairs})
            return fused.pooled, fused.weights

    arrays = tuple(part for t in tokens.values() for part in t)
    found = onnx_outputs(Plain().eval(), tuple(a[:4] for a in arrays), arrays)
    fused = fusion(tokens)
    np.testing.assert_allclose(found[0], fused.pooled.detach().numpy(), atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(found[1], fused.weights.detach().numpy(), atol=1e-4, rtol=1e-4)
