"""A model of transformers as plain JSON, its configuration made from that again, and the tensors it was saved with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from consilience.core.errors import InputError, nearest
from consilience.encoders.pretrained.locate import locate
from consilience.encoders.pretrained.transformers_body import library, quiet

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
PRIVATE = ("_name_or_path", "transformers_version", "architectures", "dtype", "torch_dtype")
"""Where a model came from and how it was held: of no use where it is built again."""


def described(name: str, pretrained: bool, options: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a model on this machine or, from scratch, of an architecture by its `model_type` ("vit").

    Args:
        options: laid over it, from scratch only.
    Raises:
        InputError: when there is no such model or architecture, or options are given for one that is pretrained.
    """
    if pretrained and options:
        raise InputError("a pretrained model is as it was saved", where="options", fix="Set pretrained: false")
    if not pretrained and name in _types():
        return plain(_make(_types()[name], name, options))
    folder = locate(name).folder if pretrained else Path(name).expanduser()
    if not (folder / CONFIG).is_file():
        fix = nearest(name, _types().keys())
        raise InputError(f"no architecture {name!r} and no folder of a model", where="model", fix=fix)
    found = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    return {**{k: v for k, v in found.items() if k not in PRIVATE}, **options}


def plain(config: Any) -> dict[str, Any]:
    """A configuration object of transformers as JSON."""
    found = json.loads(config.to_json_string(use_diff=True))
    return {k: v for k, v in found.items() if k not in PRIVATE}


def configured(config: Mapping[str, Any]) -> Any:
    """The configuration object of `described`'s JSON.

    Raises:
        InputError: when this version of transformers does not know the architecture or refuses its options.
    """
    kind = str(config.get("model_type"))
    if kind not in _types():
        raise InputError(f"transformers has no architecture {kind!r}", where="model_type", fix="Install a newer one")
    return _make(_types()[kind].from_dict, kind, {"config_dict": dict(config)})


def settings_of(name: str) -> dict[str, Any]:
    """What the model's folder says of how its inputs are prepared; empty where it says nothing."""
    path = locate(name).folder / PREPROCESSOR
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def saved_tensors(kind: type[nn.Module], config: Any, name: str) -> dict[str, Tensor]:
    """Pretrained tensors of a model of transformers under the names of its class, from safetensors, offline; what the
    saved model lacks is left out."""
    folder = locate(name).folder
    with quiet():
        loaded, told = kind.from_pretrained(  # type: ignore[attr-defined]
            folder,
            config=config,
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
        )
    lacking = {*told["missing_keys"], *(key[0] for key in told["mismatched_keys"])}
    return {key: value for key, value in loaded.state_dict().items() if key not in lacking}


def _make(make: Callable[..., Any], kind: str, options: Mapping[str, Any]) -> Any:
    try:
        with quiet():
            return make(**options)
    except Exception as error:  # transformers has errors of its own for each field
        line = " ".join(str(error).split())[:200]
        raise InputError(f"not a configuration of {kind!r}: {line}", where="options") from error


def _types() -> Any:
    """model_type → class of its configuration."""
    return library().CONFIG_MAPPING
