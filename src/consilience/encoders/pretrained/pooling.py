"""A text's sub-words → one vector: the mean, the first sign, or the last one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from consilience.encoders.sequences import mean_over

Pooling = Literal["mean", "first", "last"]
SENTENCE_POOLING = Path("1_Pooling") / "config.json"
"""Where sentence-transformers notes how a model was trained to pool (Reimers & Gurevych 2019, arXiv 1908.10084)."""
CAUSAL = ("gpt2", "gpt_neo", "gpt_neox", "gptj", "opt", "llama", "mistral", "qwen2", "qwen3", "phi", "gemma", "bloom")
"""Architectures whose last sign alone has seen the whole text, where the folder does not say what it was made for."""


def pooled(x: Tensor, mask: Tensor, how: Pooling) -> Tensor:
    """x [N, L, D], mask [N, L], a prefix of True → [N, D] float32; no meaning for a text of no sub-word."""
    if how == "mean":
        return mean_over(x, mask)
    if how == "first":
        return x[:, 0].float()
    last = (mask.sum(1) - 1).clamp(min=0)
    return x.gather(1, last[:, None, None].expand(-1, 1, x.shape[2])).squeeze(1).float()


def pooling_of(folder: Path, network: Mapping[str, Any]) -> Pooling:
    """How a saved model pools: as its folder notes, else the last sign of a causal model, else the mean."""
    path = folder / SENTENCE_POOLING
    if path.is_file():
        noted = json.loads(path.read_text(encoding="utf-8"))
        if noted.get("pooling_mode_cls_token"):
            return "first"
        if noted.get("pooling_mode_lasttoken"):
            return "last"
        return "mean"
    return causal_or_mean(network)


def causal_or_mean(network: Mapping[str, Any]) -> Pooling:
    """The last sign of a causal model, the mean of any other."""
    made_for = [str(name) for name in network.get("architectures") or ()]
    causal = network.get("model_type") in CAUSAL or any(name.endswith("ForCausalLM") for name in made_for)
    return "last" if causal else "mean"


def real_prefix(mask: Tensor) -> Tensor:
    """[N, L] bool: the mask, with the first position of an empty text shown: attention to nothing is no number."""
    first = torch.arange(mask.shape[1], device=mask.device) == 0
    return mask | first
