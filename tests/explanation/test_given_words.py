"""The words of a text that a pretrained network's own tokenizer cut."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import torch

import consilience as cs
from consilience.explanation.subject import Subject
from consilience.explanation.text_pieces import TextPieces

tiny = runpy.run_path(str(Path(__file__).parents[1] / "tiny_models.py"))


def test_words_stand_as_written_and_hidden_ones_are_the_mask(
    tmp_path: Path, as_subject: Callable[..., Subject]
) -> None:
    words = np.random.default_rng(0).choice(["GOOD", "bad"], 90)
    frame = pl.DataFrame({"t": [f"The  Filming, {w} {i}!" for i, w in enumerate(words)], "y": words == "GOOD"})
    chosen = {"type": "hf_text", "model": str(tiny["tiny_text"]())}
    settings = ("split.folds=1", "train.epochs=2", "stack=false", "report.examples=1")
    model = cs.fit(
        frame,
        "y",
        effort=1,
        recipe={"encoders": {"text": chosen}},
        settings=settings,
        run=tmp_path / "run",
        columns={"t": "text"},
    )
    rows = pl.DataFrame({"t": ["The  Filming, GOOD!", None]})
    subject = as_subject(model.bundle, rows)
    pieces = TextPieces(subject, "text")
    assert [span.written for span in pieces.spans[0]] == ["The", "Filming", ",", "GOOD", "!"]
    assert pieces.spans[1] == []
    assert pieces.present.tolist() == [[True] * 5, [False] * 5]
    assert "explanation" in model.metrics
    network = model.bundle.networks[0]
    inputs = {name: torch.from_numpy(a) for name, a in subject.arrays["text"].items()}
    encoder = network.encoders[network.keys["text"]].eval()
    assert pieces.smooth(encoder, inputs)
    gates = torch.ones(1, 5)
    gates[0, 3] = 0
    with pieces.gated(encoder, inputs, torch.tensor([0]), gates, between=False) as changed:
        assert changed["ids"][0, 0, 1:].tolist().count(4) == 1, "the mask of the tokenizer"
    loaded = cs.load(tmp_path / "run")
    np.testing.assert_allclose(loaded.predict_proba(rows), model.predict_proba(rows), atol=1e-6)
