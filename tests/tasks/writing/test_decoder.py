"""The decoder from scratch: written with a cache as without, rows apart, padding without a say."""

from __future__ import annotations

import pytest
import torch

from consilience.core.tokens import Fused, Tokens
from consilience.tasks.writing.decoder import Size, TextDecoder
from consilience.tasks.writing.losses import row_losses
from consilience.tasks.writing.search import Decoding, Signs

SIGNS = Signs(2, 3, (0, 1, 2), 6)
WIDTH, ROWS = 8, 5


def make(prefix: bool, smoothing: float = 0.1) -> TextDecoder:
    torch.manual_seed(0)
    made = TextDecoder(WIDTH, Size(20, 16, 2, 4, 0.0), prefix, SIGNS, smoothing)
    return made.eval()


def fused(garbage: float = 0.0) -> Fused:
    torch.manual_seed(1)
    mask = torch.tensor([[1, 1, 1], [1, 0, 1], [0, 0, 0], [1, 1, 0], [0, 0, 1]]).bool()
    x = torch.randn(ROWS, 3, WIDTH).masked_fill(~mask.unsqueeze(-1), garbage)
    return Fused(torch.randn(ROWS, WIDTH), Tokens(x, mask), torch.ones(ROWS, 1))


def target() -> torch.Tensor:
    ids = torch.tensor([[5, 6, 3, -1, -1, -1], [7, 3, -1, -1, -1, -1], [8, 9, 10, 11, 12, 3], [3] + [-1] * 5, [-1] * 6])
    return torch.cat([ids + 1, torch.full((ROWS, 4), -97)], 1).float()


BOTH = pytest.mark.parametrize("prefix", [False, True])


@BOTH
def test_with_a_cache_as_without(prefix: bool) -> None:
    made, ids = make(prefix), torch.tensor([[2, 5, 6, 7]] * ROWS)
    whole, _ = made._advance(ids, made.read(fused()))
    state, steps = made.read(fused()), []
    for i in range(4):
        logits, state = made.following(ids[:, i : i + 1], state)
        steps.append(logits)
    assert torch.allclose(made._logits(whole), torch.stack(steps, 1), atol=1e-5)


@BOTH
def test_rows_are_independent_and_padding_has_no_say(prefix: bool) -> None:
    made, given = make(prefix), fused()
    losses = made(given, target())
    assert torch.allclose(losses, make(prefix)(fused(garbage=7.0), target()), atol=1e-6)
    one = Fused(given.pooled[1:2], Tokens(given.tokens.x[1:2], given.tokens.mask[1:2]), given.weights[1:2])
    assert torch.allclose(made(one, target()[1:2]), losses[1:2], atol=1e-5)
    more = Tokens(
        torch.nn.functional.pad(given.tokens.x, (0, 0, 0, 4)), torch.nn.functional.pad(given.tokens.mask, (0, 4))
    )
    wider = Fused(given.pooled, more, given.weights)
    assert torch.allclose(made(wider, target()), losses, atol=1e-5)
    assert torch.equal(made(wider), made(given))


@BOTH
def test_what_is_written_depends_on_the_row(prefix: bool) -> None:
    made = make(prefix)
    made.decoding = Decoding(method="greedy")
    said = made(fused())
    assert said.shape == (ROWS, SIGNS.length)
    assert len({tuple(row) for row in said.tolist()}) > 1
    assert not torch.isin(said, torch.tensor([0.0, 1.0, 2.0])).any()


@BOTH
def test_every_parameter_learns(prefix: bool) -> None:
    made = make(prefix).train()
    made(fused(), target())[:, 0].sum().backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all()
        assert parameter.grad.abs().sum() > 0 or "project.bias" in name, name


@BOTH
def test_learns_to_say_what_the_row_says(prefix: bool) -> None:
    made, given = make(prefix, smoothing=0.0).train(), fused()
    wanted = target()
    optimizer = torch.optim.Adam(made.parameters(), 0.01)
    for _ in range(60):
        losses = made(given, wanted)
        optimizer.zero_grad()
        (losses[:, 0].sum() / losses[:, 2].sum()).backward()
        optimizer.step()
    made.eval().decoding = Decoding(method="beam", no_repeat=0)
    said = made(given).long()
    assert said[:4].tolist() == (wanted[:4, : SIGNS.length].long() - 1).tolist()


def test_losses_by_hand() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]])) + 3
    found = row_losses(logits, torch.tensor([[0, -1]]), 0.1)
    plain = -torch.log(torch.tensor(0.5))
    spread = -torch.log(torch.tensor([0.5, 0.25, 0.25])).mean()
    assert torch.allclose(found, torch.tensor([[0.9 * plain + 0.1 * spread, plain, 1.0]]))
