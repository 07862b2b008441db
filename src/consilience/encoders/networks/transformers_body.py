"""Image towers of transformers: ViT, DeiT, DINOv2, ConvNeXt, Swin, and the image half of CLIP and SigLIP.

Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision" (arXiv 2103.00020); Zhai et
al. 2023, SigLIP (arXiv 2303.15343); Oquab et al. 2023, DINOv2 (arXiv 2304.07193).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from consilience.core.errors import InputError
from consilience.encoders.networks.library import Spec
from consilience.encoders.pretrained.described import configured, described, plain, saved_tensors, settings_of
from consilience.encoders.pretrained.transformers_body import library, quiet

HALF = [0.5, 0.5, 0.5]
"""Mean and spread of each colour where the model's folder does not say."""


def look(options: Any) -> Spec:
    if options.weights is not None:
        raise InputError("a model of transformers names its folder by `model`", where="weights", fix="Leave it out")
    made = configured(described(options.model, options.pretrained, options.options))
    made = getattr(made, "vision_config", made)  # of a model that reads images and texts: its image half
    seen = settings_of(options.model) if options.pretrained else {}
    side = _side(seen.get("crop_size")) or _side(seen.get("size")) or _side(getattr(made, "image_size", None)) or 224
    patch = _side(getattr(made, "patch_size", None)) or 1
    fixed = not options.pretrained and hasattr(made, "image_size")
    mean, std = seen.get("image_mean") or HALF, seen.get("image_std") or HALF
    square = hasattr(made, "image_size") and type(made).__name__ != "ConvNextConfig"
    return Spec([float(m) for m in mean], [float(s) for s in std], side, fixed, square, patch, plain(made))


def build(options: Any, spec: Spec, side: tuple[int, int]) -> nn.Module:
    config = configured(spec.config)
    if spec.fixed:
        config.image_size = side[0]
    with quiet():
        network = library().AutoModel.from_config(config)
    if options.checkpointing:
        network.gradient_checkpointing_enable({"use_reentrant": False})
    return _Tower(network, options.tokens == "patch")


def weights(options: Any, spec: Spec, side: tuple[int, int]) -> Mapping[str, Tensor]:
    body: Any = build(options, spec, side)
    found = saved_tensors(type(body.network), body.network.config, options.model)
    return {f"network.{name}": value for name, value in found.items()}


class _Tower(nn.Module):
    """[N, 3, H, W] → [N, T, D]: the tower's own summary of the image first, its positions after it where asked."""

    def __init__(self, network: Any, positions: bool) -> None:
        super().__init__()
        if hasattr(getattr(network, "pooler", None), "dense"):  # made for another loss, and often not saved
            network.pooler = None
        self.network, self.positions = network, positions
        embeddings = getattr(network, "embeddings", None)
        self.first = hasattr(embeddings, "cls_token")
        hidden = getattr(embeddings, "mask_token", None)  # of pretraining only: images are seen whole here
        if isinstance(hidden, nn.Parameter):
            hidden.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        found = self.network(pixel_values=x)
        last = found.last_hidden_state
        last = last.flatten(2).transpose(1, 2) if last.ndim == 4 else last
        summary = getattr(found, "pooler_output", None)
        if summary is None:
            summary = last[:, 0] if self.first else last.mean(1)
        summary = summary.flatten(1).unsqueeze(1)
        return torch.cat([summary, last], 1) if self.positions else summary


def _side(size: Any) -> int | None:
    """Pixels, from a number, a pair or a mapping with height or shortest_edge."""
    if isinstance(size, Mapping):
        size = size.get("height") or size.get("shortest_edge")
    if isinstance(size, (list, tuple)):
        size = size[0]
    return int(size) if size else None
