"""timm's networks without their classifier: the pooled vector, or the map's positions as tokens.

Wightman 2019, "PyTorch Image Models" (github.com/huggingface/pytorch-image-models).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from consilience.core.errors import InputError, MissingExtraError, nearest
from consilience.encoders.networks.library import Spec
from consilience.encoders.networks.weight_file import read_weights
from consilience.encoders.pretrained.locate import locate


def load_timm() -> Any:
    """
    Raises:
        MissingExtraError: when timm is not installed.
    """
    try:
        import timm
    except ImportError:
        raise MissingExtraError("timm", "pretrained", "An image network of timm") from None
    return timm


def look(options: Any) -> Spec:
    timm, (name, saved) = load_timm(), _named(options.model)
    usual = {**timm.get_pretrained_cfg(name).to_dict(), **saved}
    fixed, patch = bool(usual.get("fixed_input_size")), 1
    if fixed:
        network = timm.create_model(name, pretrained=False, **options.options)
        cut = getattr(getattr(network, "patch_embed", None), "patch_size", 1)
        patch = int(cut[0] if isinstance(cut, tuple) else cut)
    mean, std, side = list(usual["mean"]), list(usual["std"]), int(usual["input_size"][-1])
    return Spec(mean, std, side, fixed, fixed and patch == 1, patch, {"architecture": name})


def _named(model: str) -> tuple[str, dict[str, Any]]:
    """timm's name of the architecture and, of a saved model's folder, what it was trained with.

    Raises:
        InputError: when timm has no such network and this machine no such folder.
    """
    timm = load_timm()
    name = model.removeprefix("timm/")
    if timm.is_model(name):
        return name, {}
    if "/" not in model and not Path(model).is_dir():
        raise InputError(f"timm has no network {model!r}", fix=nearest(model, timm.list_models()))
    path = locate(model).folder / "config.json"
    saved = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if not timm.is_model(str(saved.get("architecture"))):
        raise InputError("no model of timm: its config.json names no architecture of timm's", where=str(path))
    return str(saved["architecture"]), dict(saved.get("pretrained_cfg") or {})


def build(options: Any, spec: Spec, side: tuple[int, int]) -> nn.Module:
    network = _create(options, spec, side)
    if options.checkpointing:
        network.set_grad_checkpointing()
    return _Tokens(network)


def weights(options: Any, spec: Spec, side: tuple[int, int]) -> Mapping[str, Tensor]:
    """The file's tensors as timm's own loader changes them: names of old versions, positions of another image size."""
    name = spec.config["architecture"]
    own = options.model if options.model != name else load_timm().get_pretrained_cfg(name).hf_hub_id
    found = read_weights(options.weights or own, f"timm {name}")
    source = _create(options, spec, side, pretrained=True, pretrained_cfg_overlay={"state_dict": dict(found)})
    return {f"network.{name}": value for name, value in source.state_dict().items()}


def _create(options: Any, spec: Spec, side: tuple[int, int], **more: Any) -> Any:
    if spec.fixed and side != (spec.side, spec.side):
        more["img_size"] = side
    if options.tokens == "patch":
        more["global_pool"] = ""
    settings = {"pretrained": False, **options.options, **more}
    return load_timm().create_model(spec.config["architecture"], num_classes=0, in_chans=3, **settings)


class _Tokens(nn.Module):
    """[N, 3, H, W] → [N, T, D]: T = 1 pooled, else the positions of the last map row by row."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.last = getattr(network, "output_fmt", "NCHW") == "NHWC"

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.network(x)
        if found.ndim == 2:
            return found.unsqueeze(1)
        if found.ndim == 4:
            return found.flatten(1, 2) if self.last else found.flatten(2).transpose(1, 2)
        return found
