"""Static vectors: the mean of a table's rows, frozen or not, in the layouts that are in use."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.numpy import load_file, save_file

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.recipe import Group, Prepare
from consilience.data.features import learn_facts
from consilience.encoders.pretrained.static_text import StaticText
from consilience.modalities.text import Text

tiny = runpy.run_path(str(Path(__file__).parents[2] / "tiny_models.py"))
FRAME = pl.DataFrame({"t": ["good film", None, "bad"]})


def made(folder: Path, **options: Any) -> tuple[StaticText, dict[str, Any]]:
    choice = Choice(**{"type": "static_text", "model": str(folder), **options}).complete("encoder")
    _, config = choice.configured("encoder")
    group = Group(columns=("t",), modality="text")
    facts = learn_facts(FRAME, {"g": group}, StaticText.settings(config, Prepare()))["g"]
    encoder: StaticText = choice.build("encoder", facts | StaticText.learn(config, facts))
    encoder.begin()
    arrays = Text.arrays({"t": FRAME["t"]}, facts).arrays
    return encoder.eval(), {n: torch.from_numpy(a) for n, a in arrays.items()}


def test_a_text_is_the_mean_of_its_vectors() -> None:
    encoder, inputs = made(tiny["tiny_static"]())
    vectors = load_file(tiny["tiny_static"]() / "model.safetensors")["embeddings"]
    tokens = encoder(inputs)
    np.testing.assert_allclose(tokens.x[0, 0], vectors[[5, 7]].mean(0), atol=1e-6)
    assert tokens.mask[:, 0].tolist() == [True, False, True]
    assert not any(p.requires_grad for p in encoder.parameters())


def test_vectors_train_where_asked_at_their_own_rate() -> None:
    encoder, inputs = made(tiny["tiny_static"](), trainable=True)
    assert encoder.rates() == {"vectors.weight": 0.1}
    encoder.train()(inputs).x.sum().backward()
    assert encoder.vectors.weight.grad is not None
    scratch, _ = made(tiny["tiny_static"](), pretrained=False)
    assert not torch.equal(scratch.vectors.weight, encoder.vectors.weight)


def test_weights_beside_the_matrix_scale_it(tmp_path: Path) -> None:
    folder = shutil.copytree(tiny["tiny_static"](), tmp_path / "m")
    vectors = load_file(folder / "model.safetensors")["embeddings"]
    factors = np.linspace(0, 1, len(vectors), dtype=np.float32)
    save_file({"embeddings": vectors, "weights": factors}, folder / "model.safetensors")
    encoder, _ = made(folder)
    np.testing.assert_allclose(encoder.vectors.weight, vectors * factors[:, None], atol=1e-6)


def test_the_layout_of_sentence_transformers(tmp_path: Path) -> None:
    shutil.copytree(tiny["tiny_static"](), tmp_path / "m" / "0_StaticEmbedding")
    (tmp_path / "m" / "modules.json").write_text("[]", encoding="utf-8")
    assert made(tmp_path / "m")[0].width == 12


def test_a_network_is_no_table_of_vectors() -> None:
    with pytest.raises(InputError, match=r"one matrix.*hf_text"):
        made(tiny["tiny_text"]())
