from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from consilience.core.config import Choice
from consilience.encoders.video_input import CLOCK, Frames, VideoOptions, clock

made = runpy.run_path(str(Path(__file__).parents[1] / "made_videos.py"))
KNOWN = {"columns": ["v"], "height": 32, "width": 32, "frames": 6, "mean": [0.3] * 3, "std": [0.3] * 3}


def moving(count: int, seed: int) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Squares that go left, right, up or down, as arrays [count, 1, 6, …], and which way [count]."""
    ways = list(made["WAYS"])
    frames = [made["square_frames"](ways[i % 4], seed + i)[::2] for i in range(count)]
    frame = torch.from_numpy(np.stack([np.stack(f)[..., ::-1] for f in frames])).unsqueeze(1)
    second = torch.linspace(0, 1, 6).expand(count, 1, 6)
    return {"frame": frame, "second": second, "mask": torch.ones(count, 1, 6).bool()}, torch.arange(count) % 4


@pytest.mark.parametrize(
    ("name", "options"), [("frames_video", {"channels": 8, "blocks": (0, 0)}), ("conv3d_video", {"channels": (12, 24)})]
)
def test_directions_are_learned(name: str, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    encoder = Choice(type=name, shift=0.0, rotation=0.0, zoom=0.0, **options).build("encoder", KNOWN)
    head = torch.nn.Linear(encoder.width, 4)
    inputs, ways = moving(192, 0)
    parameters = [*encoder.parameters(), *head.parameters()]
    optimiser, rows = torch.optim.AdamW(parameters, 4e-3), torch.Generator().manual_seed(1)
    for _ in range(12):
        for part in torch.randperm(192, generator=rows).split(32):
            logits = head(encoder({k: v[part] for k, v in inputs.items()}).x[:, 0])
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(logits, ways[part]).backward()
            optimiser.step()
    fresh, truth = moving(100, 9000)
    with torch.no_grad():
        said = head.eval()(encoder.eval()(fresh).x[:, 0]).argmax(1)
    assert (said == truth).float().mean() > 0.95


@pytest.mark.parametrize("name", ["frames_video", "conv3d_video"])
def test_options(name: str) -> None:
    inputs, _ = moving(4, 0)
    for options in ({"motion": False}, {"time_tokens": 3}, {"flip": True}):
        encoder = Choice(type=name, **options).build("encoder", KNOWN)
        tokens = encoder.train()(inputs)
        assert tokens.x.shape == (4, options.get("time_tokens", 1), encoder.width)
    if name == "frames_video":
        assert Choice(type=name, pool="mean").build("encoder", KNOWN)(inputs).x.isfinite().all()


def test_motion_is_the_difference_to_the_frame_before_and_zero_beside_a_missing_one() -> None:
    frames = Frames({"mean": [0.0] * 3, "std": [1.0] * 3}, VideoOptions(augment=False))
    frame = torch.arange(4.0).reshape(1, 4, 1, 1, 1).expand(1, 4, 2, 2, 3) * 51
    x = frames(frame, torch.tensor([[True, True, False, True]]))
    assert x.shape == (1, 4, 6, 2, 2)
    assert x[0, :, 0, 0, 0].tolist() == pytest.approx([0, 0.2, 0, 0.6])
    assert x[0, :, 3, 0, 0].tolist() == pytest.approx([0, 0.2, 0, 0])


def test_a_random_change_is_the_same_for_every_frame() -> None:
    torch.manual_seed(0)
    frames = Frames({"mean": [0.0] * 3, "std": [1.0] * 3}, VideoOptions(motion=True)).train()
    still = torch.randint(0, 256, (3, 1, 16, 16, 3)).expand(3, 4, 16, 16, 3)
    x = frames(still, torch.ones(3, 4).bool())
    assert x[:, :, 3:].abs().max() < 1e-5
    assert (x[:, 0, :3] - still[:, 0].permute(0, 3, 1, 2) / 255).abs().max() > 0.05


def test_the_clock_tells_share_and_length() -> None:
    second = torch.tensor([[0.0, 1.0, 2.0], [0.0, 100.0, 200.0]])
    told = clock(second, torch.ones(2, 3).bool())
    assert told.shape == (2, 3, CLOCK)
    torch.testing.assert_close(told[0, :, :-1], told[1, :, :-1])
    assert (told[1, :, -1] > told[0, :, -1]).all()
