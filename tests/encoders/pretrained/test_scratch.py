"""Architectures by name, without weights, over sub-words of the table's own."""

from __future__ import annotations

import polars as pl
import pytest
import torch

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.recipe import Group, Prepare
from consilience.data.features import learn_facts
from consilience.encoders.pretrained.hf_text import HfText
from consilience.encoders.pretrained.scratch import ARCHITECTURES
from consilience.modalities.text import Text

FRAME = pl.DataFrame({"t": ["a good film", None, "bad", "one more text, longer than the others"] * 5})


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_a_name_is_enough(name: str) -> None:
    options = {"model": name, "pretrained": False, "tune": "full", "size": "tiny"}
    choice = Choice(**{"type": "hf_text", **options}).complete("encoder")
    _, config = choice.configured("encoder")
    group = Group(columns=("t",), modality="text")
    facts = learn_facts(FRAME, {"g": group}, HfText.settings(config, Prepare(vocabulary=100)))["g"]
    assert "style" not in facts
    encoder: HfText = choice.build("encoder", facts | HfText.learn(config, facts))
    encoder.begin()
    arrays = Text.arrays({"t": FRAME["t"]}, facts).arrays
    tokens = encoder.train()({n: torch.from_numpy(a) for n, a in arrays.items()})
    tokens.x.square().sum().backward()
    assert tokens.x.shape == (20, 1, 128)
    assert tokens.x.isfinite().all()
    assert encoder.how == ("last" if name == "gpt2" else "mean")


def test_a_name_without_weights_says_how_to_do_without() -> None:
    _, config = Choice(type="hf_text", model="bert").configured("encoder")
    with pytest.raises(InputError, match=r"no model 'bert'.*pretrained: false"):
        HfText.settings(config, Prepare())
    with pytest.raises(InputError, match="everything has to train"):
        Choice(type="hf_text", model="bert", pretrained=False).configured("encoder")
