"""Pretrained decoders, stood in for by tiny models with random weights that the tests save themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.tokens import Fused, Tokens
from consilience.tasks.generation import Generation
from consilience.tasks.writing.search import Decoding

from .tiny import KINDS, save

TEXTS = pl.Series("y", ["a red cat", "a blue dog", "two red dogs", "no cat at all", None])
WIDTH, ROWS = 8, 4


def task(kind: str, folder: Path) -> Any:
    config = Generation.Config(decoder=KINDS[kind], pretrained=str(folder), smoothing=0.0)  # type: ignore[arg-type]
    facts = {**Generation.learn(TEXTS), **Generation.settle(TEXTS, config)}
    return Generation(config, facts)


def fused(garbage: float = 0.0) -> Fused:
    torch.manual_seed(1)
    mask = torch.tensor([[1, 1, 1], [1, 0, 1], [0, 0, 0], [0, 1, 0]]).bool()
    x = torch.randn(ROWS, 3, WIDTH).masked_fill(~mask.unsqueeze(-1), garbage)
    return Fused(torch.randn(ROWS, WIDTH), Tokens(x, mask), torch.ones(ROWS, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_loads_learns_and_writes(kind: str, tmp_path: Path) -> None:
    made = task(kind, save(kind, tmp_path / kind))
    decoder = made.decoder(WIDTH)
    before = {name: p.clone() for name, p in decoder.model.named_parameters()}
    decoder.begin()
    assert any(not torch.equal(p, before[n]) for n, p in decoder.model.named_parameters())
    wanted = torch.from_numpy(made.encode(TEXTS).target[:ROWS])
    decoder.train()
    losses = decoder(fused(), wanted)
    assert losses.shape == (ROWS, 3)
    losses[:, 0].sum().backward()
    assert decoder.memory[1].weight.grad.abs().sum() > 0
    assert set(decoder.rates()) == {f"model.{n}" for n, _ in decoder.model.named_parameters()}
    said = decoder.eval()(fused())
    assert said.shape == (ROWS, made.length)
    assert made.decode(made.predictions(said.numpy()))["prediction"].shape == (ROWS,)


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_cache_as_without_and_padding_has_no_say(kind: str, tmp_path: Path) -> None:
    made = task(kind, save(kind, tmp_path / kind))
    decoder = made.decoder(WIDTH).eval()
    with torch.no_grad():
        ids = torch.tensor([[2, 5, 6, 7]] * ROWS)
        whole, _ = decoder._advance(ids, decoder.read(fused()), keep=False)
        again, _ = decoder._advance(ids, decoder.read(fused(garbage=5.0)), keep=False)
        state, steps = decoder.read(fused()), []
        for i in range(4):
            logits, state = decoder.following(ids[:, i : i + 1], state)
            steps.append(logits)
        order = torch.tensor([2, 0, 0, 3])
        turned, _ = decoder.following(ids[:, :1], decoder.reorder(state, order))
        alone = fused()
        one = Fused(alone.pooled[3:], Tokens(alone.tokens.x[3:, 1:2], alone.tokens.mask[3:, 1:2]), alone.weights[3:])
        lonely, _ = decoder._advance(ids[3:], decoder.read(one), keep=False)
    assert torch.allclose(whole, torch.stack(steps, 1), atol=1e-4)
    assert torch.allclose(whole, again, atol=1e-5)
    assert torch.allclose(whole[3:], lonely, atol=1e-4)
    assert torch.allclose(turned[1], turned[2], atol=1e-5)


@pytest.mark.slow
def test_a_bundle_needs_the_folder_no_more(tmp_path: Path) -> None:
    made = task("t5", save("t5", tmp_path / "t5"))
    decoder = made.decoder(WIDTH)
    decoder.begin()
    gone = Generation(made.config.model_copy(update={"pretrained": "gone"}), made.facts)
    again = gone.decoder(WIDTH)
    again.load_state_dict(decoder.state_dict())
    decoding = Decoding(method="greedy")
    decoder.eval().decoding = again.eval().decoding = decoding
    assert torch.equal(decoder(fused()), again(fused()))
    with pytest.raises(InputError, match="cannot be read"):
        again.begin()


def test_errors_name_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no config\.json"):
        task("t5", tmp_path)
    folder = save("gpt2", tmp_path / "gpt2")
    with pytest.raises(InputError, match=r"gpt2 is a decoder alone.*task\.decoder=prefix"):
        task("t5", folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"no tokenizer\.json"):
        task("gpt2", folder)


def test_an_option_of_the_task_reaches_the_decoder(tmp_path: Path) -> None:
    options = {"pretrained": str(save("bart", tmp_path / "bart")), "decoding": {"beams": 2, "length_penalty": 0.5}}
    component, config = Choice(type="generation", **options).configured("task")
    made = component(config, {**component.learn(TEXTS), **component.settle(TEXTS, config)})
    assert made.decoder(WIDTH).decoding == Decoding(beams=2, length_penalty=0.5)
