"""Attributions of words, regions and moments: complete, equal to Captum's, and where the truth is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from captum.attr import IntegratedGradients
from scipy.stats import spearmanr

import consilience as cs
from consilience.artifacts.rules import sole_rules
from consilience.explanation.attribution import attribute, integrated
from consilience.explanation.pieces import pieces_of
from consilience.explanation.scorer import Scorer
from consilience.explanation.sound_pieces import BANDS, MOMENTS, SoundPieces
from consilience.explanation.subject import Subject, explained_class
from consilience.explanation.text_pieces import TextPieces, as_written
from consilience.fusion.model import assemble

Mixed = tuple[cs.Model, pl.DataFrame, Path]
Make = Callable[..., Subject]
Known = Callable[[str], tuple[cs.Model, pl.DataFrame]]


def scorer_of(subject: Subject, group: str) -> Scorer:
    pieces = pieces_of(subject, group)
    assert pieces is not None
    return Scorer(subject, pieces, explained_class(subject.bundle, subject.predict()))


@pytest.mark.parametrize("group", ["text", "image", "audio"])
def test_open_gates_are_the_network_and_gradients_are_complete(mixed: Mixed, as_subject: Make, group: str) -> None:
    subject = as_subject(mixed[0].bundle, mixed[1], 10)
    scorer = scorer_of(subject, group)
    found = attribute(scorer)
    classes = explained_class(subject.bundle, subject.predict())
    one = scorer.at(np.arange(10), np.ones_like(scorer.pieces.present, float), probability=True)
    network = as_network(subject)[np.arange(10), classes]
    assert np.allclose(one, network, atol=2e-3)
    assert found.method == "integrated gradients"
    wanted = found.whole - found.closed
    assert np.allclose(found.values.sum(1), wanted, atol=0.05 + 0.05 * np.abs(wanted).max())
    assert np.allclose(found.gap, found.values.sum(1) - wanted)
    assert (found.values[~scorer.pieces.present] == 0).all()


def as_network(subject: Subject) -> Any:
    from consilience.artifacts.inference import to_tensors

    network = subject.bundle.networks[0]
    with torch.no_grad():
        return subject.bundle.task.predictions(network(to_tensors(subject.arrays, torch.device("cpu"))).logits.numpy())


@pytest.mark.parametrize("group", ["text", "image"])
def test_integrated_gradients_agree_with_captum(mixed: Mixed, as_subject: Make, group: str) -> None:
    subject = as_subject(mixed[0].bundle, mixed[1], 4)
    scorer = scorer_of(subject, group)
    rows = torch.arange(4)

    def score(gates: torch.Tensor) -> torch.Tensor:
        return scorer(rows.repeat(len(gates) // 4), gates, between=True)

    ones = torch.ones(scorer.pieces.present.shape)
    theirs = IntegratedGradients(score).attribute(ones, torch.zeros_like(ones), n_steps=16)
    ours = integrated(scorer, np.arange(4), 16)
    assert np.allclose(ours, theirs.detach().numpy() * scorer.pieces.present, atol=1e-4)


def test_the_word_that_decides_is_pointed_out(known: Known, as_subject: Make) -> None:
    model, new = known("text")
    subject = as_subject(model.bundle, new)
    scorer = scorer_of(subject, "text")
    pieces, found = scorer.pieces, attribute(scorer)
    assert isinstance(pieces, TextPieces)
    hits = [
        max(pieces.spans[row], key=lambda s: found.values[row, s.piece]).written in ("excellent", "terrible")
        for row in range(len(subject))
    ]
    assert np.mean(hits) > 0.9
    assert " ".join(span.written for span in pieces.spans[0]) == new["note"][0]


def test_the_region_that_decides_is_pointed_out(known: Known, as_subject: Make) -> None:
    model, new = known("image")
    subject = as_subject(model.bundle, new)
    found = attribute(scorer_of(subject, "image"))
    weights = np.abs(found.values).reshape(len(subject), 8, 8)
    assert weights[:, 4:, 4:].sum() > 0.6 * weights.sum()  # a quarter of the picture


def test_the_moment_that_decides_is_pointed_out(known: Known, as_subject: Make) -> None:
    model, new = known("audio")
    subject = as_subject(model.bundle, new.filter(pl.col("y") == "bad"))
    scorer = scorer_of(subject, "audio")
    found = attribute(scorer)
    weights = found.values.reshape(len(subject), MOMENTS, BANDS)
    best = weights.reshape(len(subject), -1).argmax(1)
    assert isinstance(scorer.pieces, SoundPieces)
    tiles = [scorer.pieces.tile(row, int(piece))[1] for row, piece in enumerate(best)]
    assert np.mean([tile.start >= 0.12 for tile in tiles]) > 0.9  # the tone begins after 0.15 s
    assert np.mean([tile.low <= 1500 <= tile.high for tile in tiles]) > 0.7


@pytest.mark.parametrize("group", ["text", "image", "audio"])
def test_a_network_with_random_weights_is_explained_differently(known: Known, as_subject: Make, group: str) -> None:
    """The sanity check of Adebayo et al. 2018 (arXiv 1810.03292): explanations must depend on what was learned."""
    model, new = known(group)
    subject = as_subject(model.bundle, new, 24)
    classes = explained_class(subject.bundle, subject.predict())
    pieces = pieces_of(subject, group)
    assert pieces is not None
    trained = attribute(Scorer(subject, pieces, classes)).values
    torch.manual_seed(5)
    bundle = model.bundle
    random = assemble(bundle.recipe, bundle.facts, bundle.task.outputs)
    random.select(bundle.networks[0].candidates[0])
    other = Subject(
        type(bundle)(bundle.recipe, bundle.facts, [random.eval()], {}, sole_rules(bundle.groups)),
        subject.arrays,
        subject.texts,
        subject.cells,
    )
    untrained = attribute(Scorer(other, pieces, classes)).values
    alike = [spearmanr(a[p], b[p])[0] for a, b, p in zip(trained, untrained, pieces.present, strict=True)]
    assert abs(float(np.nanmean(alike))) < 0.3


@pytest.mark.parametrize("encoder", ["ngram_text", "transformer_text", "conv_text"])
def test_every_text_encoder_is_explained(known: Known, as_subject: Make, encoder: str) -> None:
    model, new = known("text")
    bundle = model.bundle
    recipe = bundle.recipe.model_copy(
        update={
            "groups": {
                "text": bundle.recipe.groups["text"].model_copy(
                    update={
                        "encoder": cs.Recipe(target="y", encoders={"text": {"type": encoder}})
                        .encoders["text"]
                        .complete("encoder")
                    }
                )
            }
        }
    )
    torch.manual_seed(0)
    network = assemble(recipe, bundle.facts, bundle.task.outputs)
    network.select(network.candidates[0])
    other = type(bundle)(recipe, bundle.facts, [network.eval()], {}, sole_rules(bundle.groups))
    subject = as_subject(other, new, 5)
    found = attribute(scorer_of(subject, "text"))
    assert found.method == ("occlusion" if encoder == "ngram_text" else "integrated gradients")
    assert np.abs(found.values).max() > 0


def test_words_are_given_as_they_were_written() -> None:
    assert as_written("The  Quick-fox, ran", ["the", "quick", "-", "fox", ","]) == (
        ["The", "Quick", "-", "fox", ","],
        "ran",
    )
    assert as_written("发烧三天", ["发烧", "三", "天"])[0] == ["发烧", "三", "天"]
