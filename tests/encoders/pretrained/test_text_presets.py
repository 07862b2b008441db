"""BERT, GPT-2 and their relatives from scratch, by one word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import consilience as cs
from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.presets import TEXTS

pytest.importorskip("transformers")
FACTS = {"columns": ["a"], "vocabulary": 90, "length": 24}


def make(kind: str, **options: Any) -> Any:
    complete = Choice(type=kind, size="tiny", **options).complete("encoder")
    component, config = complete.configured("encoder")
    return complete.build("encoder", {**FACTS, **component.learn(config, FACTS)})


@pytest.mark.parametrize("name", TEXTS)
def test_every_name_takes_a_step_at_full_length(name: str) -> None:
    encoder = make(name).train()
    ids, mask = torch.randint(2, 90, (2, 1, 24)), torch.ones(2, 1, 24, dtype=torch.bool)
    mask[1, 0, 5:] = False
    tokens = encoder({"ids": ids * mask, "mask": mask})
    assert tokens.x.shape == (2, 1, 128)
    (tokens.x * torch.randn_like(tokens.x)).sum().backward()
    assert [n for n, p in encoder.named_parameters() if p.requires_grad and p.grad is None] == []
    assert encoder.how == ("last" if name == "gpt2" else "mean")
    assert sum(p.numel() for p in encoder.parameters()) < 700_000


def test_a_frozen_network_of_random_numbers_is_refused() -> None:
    with pytest.raises(InputError, match="everything has to train"):
        make("bert", tune="frozen")


def test_one_word_in_the_recipe_trains_and_loads(tmp_path: Path, make_table: Callable[..., Any]) -> None:
    table = make_table(80, 1, media=False).select("note", "sick")
    settings = [
        "encoders.text.type=bert",
        "encoders.text.size=tiny",
        "train.epochs=1",
        "references=[]",
        "report.analyses=[]",
    ]
    model = cs.fit(table, "sick", run=tmp_path / "run", effort=1, settings=settings)
    assert list(cs.load(tmp_path / "run").predict(table)) == list(model.predict(table))
