"""Augmentation of images, and sizes the image encoders must bear."""

from __future__ import annotations

import pytest
import torch

from consilience.core.config import Choice
from consilience.encoders.image_augment import jitter, warp


def test_no_strength_is_the_same_image() -> None:
    images = torch.rand(3, 2, 12, 20)
    torch.testing.assert_close(warp(images, 0, 0, 0, False), images, atol=1e-5, rtol=1e-5)
    colour = torch.rand(3, 3, 8, 8)
    torch.testing.assert_close(jitter(colour, 0.0), colour, atol=1e-5, rtol=1e-5)


def test_flip_mirrors_some_images_and_only_when_asked() -> None:
    torch.manual_seed(0)
    images = torch.rand(40, 1, 8, 8)
    turned = warp(images, 0, 0, 0, True)
    same = (turned - images).abs().amax((1, 2, 3)) < 1e-4
    mirrored = (turned - images.flip(3)).abs().amax((1, 2, 3)) < 1e-4
    assert (same ^ mirrored).all()
    assert 8 < mirrored.sum() < 32


def test_shift_stays_within_its_share() -> None:
    torch.manual_seed(0)
    images = torch.zeros(60, 1, 20, 20)
    images[:, :, 10, 10] = 1
    moved = warp(images, 0.1, 0, 0, False)
    rows, columns = (moved.sum((1, d)) for d in (3, 2))
    places = torch.arange(20.0)
    for line in (rows, columns):
        centre = (line * places).sum(1) / line.sum(1)
        assert (centre - 10).abs().max() < 2.5
        assert centre.std() > 0.5


def test_a_seed_repeats_the_augmentation() -> None:
    images, found = torch.rand(4, 3, 9, 9), []
    for _ in range(2):
        torch.manual_seed(3)
        found.append(jitter(warp(images, 0.1, 20, 0.2, True), 0.3))
    torch.testing.assert_close(found[0], found[1], atol=0, rtol=0)


@pytest.mark.parametrize("name", ["conv_image", "plain_cnn"])
@pytest.mark.parametrize("side", [(8, 8), (8, 2), (17, 40), (64, 64), (96, 224)])
def test_any_size_trains_even_as_a_single_row(name: str, side: tuple[int, int]) -> None:
    facts = {"columns": ["x"], "height": side[0], "width": side[1], "channels": 3, "mean": [0.5] * 3, "std": [0.2] * 3}
    encoder = Choice(type=name).build("encoder", facts).train()
    inputs = {"pixels": torch.randint(0, 256, (1, 1, *side, 3), dtype=torch.uint8), "mask": torch.ones(1, 1) > 0}
    tokens = encoder(inputs)
    tokens.x.sum().backward()
    assert tokens.x.isfinite().all()
    assert sum(p.numel() for p in encoder.parameters()) < 700_000


def test_regions_become_tokens() -> None:
    facts = {"columns": ["x"], "height": 28, "width": 28, "channels": 1, "mean": [0.5], "std": [0.2]}
    encoder = Choice.model_validate({"type": "conv_image", "grid": 2}).build("encoder", facts).eval()
    inputs = {"pixels": torch.zeros(2, 1, 28, 28, 1, dtype=torch.uint8), "mask": torch.ones(2, 1) > 0}
    assert encoder(inputs).x.shape == (2, 4, encoder.width)
