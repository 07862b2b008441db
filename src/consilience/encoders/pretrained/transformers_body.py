"""A network of the `transformers` library: architecture from a folder, built again from JSON, weights filled in.

The library is imported here only, told to stay offline, and never asked to run code that comes with a model.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from consilience.core.errors import InputError, MissingExtraError
from consilience.encoders.pretrained.tune import TuneConfig, fill, prepare_body


def library() -> Any:
    """The module `transformers`, which keeps to this machine.

    Raises:
        MissingExtraError: when it is not installed.
    """
    if find_spec("transformers") is None:
        raise MissingExtraError("transformers", "pretrained", "A pretrained encoder")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import transformers

    return transformers


def read_architecture(folder: Path) -> dict[str, Any]:
    """The architecture of a saved model as plain JSON values.

    Raises:
        InputError: when the library does not know it, or it would run code of its own.
    """
    with quiet():
        try:
            config = library().AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"no architecture that transformers knows: {_line(error)}", where=str(folder)) from None
    if config.is_encoder_decoder:
        fix = "Save its encoder alone, or choose a model that is only an encoder or only a decoder"
        raise InputError(f"{config.model_type} has an encoder and a decoder", where=str(folder), fix=fix)
    return _plain(config)


def described(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The architecture `kind` with these options and the library's own for the rest, as plain JSON values."""
    with quiet():
        return _plain(library().AutoConfig.for_model(kind, **values))


def _plain(config: Any) -> dict[str, Any]:
    found: dict[str, Any] = config.to_dict()
    return {name: value for name, value in found.items() if name not in ("_name_or_path", "transformers_version")}


def build_body(network: Mapping[str, Any], options: TuneConfig) -> nn.Module:
    """The body of an architecture with random weights, set up to train as `options` say.

    Raises:
        InputError: when the library does not build it.
    """
    transformers = library()
    values = {name: value for name, value in network.items() if name != "model_type"}
    with quiet():
        try:
            config = transformers.AutoConfig.for_model(network["model_type"], **values)
            body: nn.Module = transformers.AutoModel.from_config(config, trust_remote_code=False)
        except (ValueError, KeyError) as error:
            raise InputError(f"transformers does not build {network['model_type']!r}: {_line(error)}") from None
    body = body.float()
    _without_pooler(body)
    if options.checkpointing:
        _checkpoint(body)
    prepare_body(body, options)
    return body


def _checkpoint(body: Any) -> None:
    if hasattr(body, "activation_checkpointing_enable"):
        body.activation_checkpointing_enable({"use_reentrant": False})
    else:  # its earlier name
        body.gradient_checkpointing_enable({"use_reentrant": False})


def load_body(body: nn.Module, folder: Path) -> None:
    """Fill the body with the weights of a folder.

    Raises:
        InputError: when a weight is missing or of another shape.
    """
    with quiet():
        saved, told = library().AutoModel.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    _without_pooler(saved)
    weights = saved.state_dict()
    fresh = {str(name) for name in told["missing_keys"]}  # left at random by the library: no weights to begin with
    fill(body, {name: value for name, value in weights.items() if name not in fresh}, str(folder))


@contextmanager
def quiet() -> Iterator[None]:
    """Without the library's progress bars and its notes on weights that are not needed."""
    logging = library().utils.logging
    level = logging.get_verbosity()
    shown = logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


def _without_pooler(body: nn.Module) -> None:
    """Take out the layer that some architectures put on the first sign: nothing here reads it."""
    if getattr(body, "pooler", None) is not None:
        body.pooler = None  # type: ignore[assignment]


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
