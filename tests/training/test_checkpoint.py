"""An optimiser that is put back from a file steps as the one that was never stopped, whatever the memory layout."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from consilience.training.checkpoint import optimizer_tensors, read_states, restore_optimizer, write_states


def build() -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Conv2d(4, 3, 3)).to(memory_format=torch.channels_last)
    return model, torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)


def step(model: nn.Module, optimizer: torch.optim.Optimizer, seed: int) -> None:
    torch.manual_seed(seed)
    optimizer.zero_grad()
    model(torch.randn(2, 2, 8, 8)).square().sum().backward()
    optimizer.step()


def test_moments_of_channels_last_kernels_come_back_in_place(tmp_path: Path) -> None:
    whole, first = build()
    step(whole, first, 1)
    path = tmp_path / "state.safetensors"
    write_states(path, {"model": whole.state_dict(), "optimizer": optimizer_tensors(first)}, {})
    step(whole, first, 2)
    resumed, second = build()
    states, _ = read_states(path)
    resumed.load_state_dict(states["model"])
    restore_optimizer(second, states["optimizer"])
    step(resumed, second, 2)
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
