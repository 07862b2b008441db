"""timm's networks without their classifier: the pooled vector, or the map's positions as tokens.

Wightman 2019, "PyTorch Image Models" (github.com/huggingface/pytorch-image-models).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from consilience.core.errors import InputError, MissingExtraError, nearest
from consilience.encoders.networks.library import Spec
from consilience.encoders.networks.weight_file import read_weights


def _timm() -> Any:
    try:
        import timm
    except ImportError:
        raise MissingExtraError("timm", "pretrained", "An image network of timm") from None
    return timm


def look(options: Any) -> Spec:
    timm = _timm()
    if not timm.is_model(options.model):
        raise InputError(f"timm has no network {options.model!r}", fix=nearest(options.model, timm.list_models()))
    usual = timm.get_pretrained_cfg(options.model)
    fixed, patch = bool(usual.fixed_input_size), 1
    if fixed:
        network = timm.create_model(options.model, pretrained=False, **options.options)
        cut = getattr(getattr(network, "patch_embed", None), "patch_size", 1)
        patch = int(cut[0] if isinstance(cut, tuple) else cut)
    square = fixed and patch == 1
    return Spec(list(usual.mean), list(usual.std), int(usual.input_size[-1]), fixed, square, patch, {})


def build(options: Any, spec: Spec, side: tuple[int, int]) -> nn.Module:
    network = _create(options, spec, side)
    if options.checkpointing:
        network.set_grad_checkpointing()
    return _Tokens(network)


def weights(options: Any, spec: Spec, side: tuple[int, int]) -> Mapping[str, Tensor]:
    """The file's tensors as timm's own loader changes them: names of old versions, positions of another image size."""
    hub = _timm().get_pretrained_cfg(options.model).hf_hub_id
    found = read_weights(options.weights or hub, f"timm {options.model}")
    source = _create(options, spec, side, pretrained=True, pretrained_cfg_overlay={"state_dict": dict(found)})
    return {f"network.{name}": value for name, value in source.state_dict().items()}


def _create(options: Any, spec: Spec, side: tuple[int, int], **more: Any) -> Any:
    if spec.fixed and side != (spec.side, spec.side):
        more["img_size"] = side
    if options.tokens == "patch":
        more["global_pool"] = ""
    settings = {"pretrained": False, **options.options, **more}
    return _timm().create_model(options.model, num_classes=0, in_chans=3, **settings)


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
