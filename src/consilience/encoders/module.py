"""Any PyTorch module or Keras 3 model as an encoder: a tensor in, [B, D] or [B, T, D] out.

    class Mine(nn.Module):
        def forward(self, images):            # float [N, K, H, W], mean 0 and spread 1
            ...                               # [N, D] or [N, T, D]

    cs.register_encoder("mine", Mine, modality="image")
    cs.fit("table.csv", "y", recipe={"encoders": {"image": {"type": "mine"}}})

A recipe and a bundle hold the name, never the code: a program that loads the bundle registers the same name first.
Exported bundles (ONNX) need no registration.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.errors import InputError, nearest
from consilience.core.registry import register
from consilience.core.tokens import Tokens
from consilience.encoders.audio_input import folded
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens, on_present
from consilience.encoders.image_input import Augment, Planes

GIVEN = {
    "audio": "float [N, T], -1..1, 0 beyond a recording's end, one recording a row",
    "image": "float [N, K, H, W], mean 0 and spread 1, one image a row",
    "number": "float [B, C], standardised, 0 where a cell is missing",
    "text": "int64 [N, L], sub-word ids, 0 beyond a text's end, one text a row",
}
"""Modality → what the module is given."""


class ModuleEncoder(Encoder):
    """Abstract. `register_encoder` makes a class of it for each registered module.

    inputs: the modality's arrays. facts: those of the modality. Cells of several columns go through the module one by
    one (numbers: all columns of a row at once); missing cells are masked afterwards and left out of training.
    """

    make: ClassVar[Callable[..., nn.Module]]
    """Makes the module."""

    class Config(Encoder.Config):
        options: dict[str, Any] = {}
        """Keyword arguments of the module."""
        augment: bool = True
        """Images: change them at random in training."""
        dropout: float = Field(0.0, ge=0, lt=1)
        """Dropout of the tokens."""
        rate: float = Field(1.0, gt=0)
        """Factor of the learning rate."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.rate = config.rate
        if self.modality == "image":
            self.planes = Planes(facts, Augment(augment=config.augment))
        example = _example(self.modality, facts)
        self.body = _made(type(self).make, config.options, facts, example)
        self.shape = _shape(self.body, example, self.modality)
        self.width = self.shape[1]
        self.dropout = nn.Dropout(config.dropout)
        self.columns = ColumnTokens(1 if self.modality == "number" else len(facts["columns"]), self.width)

    def rates(self) -> dict[str, float]:
        return {f"body.{name}": self.rate for name, _ in self.body.named_parameters()}

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        x, present = self.given(inputs)
        out = on_present(self.run, present, self.shape, x, skip=self.training)
        tokens: Tokens = self.columns(self.dropout(out), present.unsqueeze(1).expand(-1, self.shape[0]))
        return tokens

    def given(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """What the module is given, and which rows of it are there."""
        if self.modality == "audio":
            wave, _, present = folded(inputs)
            return wave, present
        if self.modality == "image":
            return self.planes(inputs["pixels"].flatten(0, 1)), inputs["mask"].flatten()
        if self.modality == "number":
            return inputs["value"].float() * inputs["mask"], inputs["mask"].any(1)
        mask = inputs["mask"].flatten(0, 1)
        return inputs["ids"].long().flatten(0, 1) * mask, mask.any(1)

    def run(self, x: Tensor) -> Tensor:
        """→ [N, T, D]."""
        alone = self.training and len(x) == 1  # batch statistics need two rows: take the running ones
        if alone:
            self.body.eval()
        out: Tensor = self.body(x)
        if alone:
            self.body.train()
        return (out.unsqueeze(1) if out.ndim == 2 else out).float()


def register_encoder(name: str, module: Callable[..., Any], *, modality: str) -> None:
    """Make a PyTorch module or a Keras 3 model known as an encoder, until this process ends.

    Args:
        name: what a recipe calls it: `encoders.<modality>.type=name`.
        module: a class, or any callable that makes the module anew each time; called with the recipe's `options` and,
            where it has a parameter of that name, with `facts` (columns, height, width, channels, vocabulary, …).
        modality: audio, image, number or text; it says what the module is given:
            audio float [N, T] in -1..1; image float [N, K, H, W] of mean 0 and spread 1 ([N, H, W, K] for Keras where
            its image_data_format is channels_last); number float [B, C]; text int64 [N, L].
    Raises:
        InputError: when the name is taken or the modality cannot be read by a plain module.
    Example:
        >>> register_encoder("mine", MyNetwork, modality="image")   # doctest: +SKIP
    """
    if modality not in GIVEN:
        raise InputError(f"a module cannot read {modality!r}", where="modality", fix=nearest(modality, GIVEN))
    if not callable(module) or isinstance(module, nn.Module):
        raise InputError(
            f"encoder {name!r}: a module that is made already",
            fix="Give its class or a function: each network needs its own",
        )
    documentation = f"{getattr(module, '__name__', 'A module')}, registered by this program: {GIVEN[modality]}."
    made = {"make": staticmethod(module), "modality": modality, "__doc__": documentation, "__module__": __name__}
    register("encoder", name, type(name, (ModuleEncoder,), {**made, "convolves": modality == "image"}))


def _example(modality: str, facts: Mapping[str, Any]) -> Tensor:
    """Two rows of what the module is given."""
    if modality == "audio":
        return torch.zeros(2, int(facts["samples"]) + 1)
    if modality == "image":
        return torch.zeros(2, int(facts["channels"]), int(facts["height"]), int(facts["width"]))
    if modality == "number":
        return torch.zeros(2, len(facts["columns"]))
    return torch.zeros(2, int(facts["length"]), dtype=torch.long)


def _made(make: Callable[..., Any], options: Mapping[str, Any], facts: Mapping[str, Any], example: Tensor) -> nn.Module:
    """
    Raises:
        InputError: when what is made is no module.
    """
    more = {"facts": dict(facts)} if "facts" in inspect.signature(make).parameters else {}
    module = make(**more, **options)
    if any(kind.__module__.partition(".")[0] == "keras" for kind in type(module).__mro__):
        from consilience.encoders.keras_body import KerasBody

        return KerasBody(module, example)
    if not isinstance(module, nn.Module):
        raise InputError(f"made a {type(module).__name__}, no torch.nn.Module and no Keras model")
    return module


@torch.no_grad()
def _shape(body: nn.Module, example: Tensor, modality: str) -> tuple[int, int]:
    """(T, D) of the module's output.

    Raises:
        InputError: when it is not [N, D] or [N, T, D].
    """
    out = body.eval()(example)
    body.train()
    if not isinstance(out, Tensor) or out.ndim not in (2, 3) or len(out) != len(example):
        shape = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
        raise InputError(
            f"the module gives {shape} for {tuple(example.shape)}",
            where=f"encoder of {modality}",
            fix="It must give [N, D] or [N, T, D]",
        )
    return (1, out.shape[1]) if out.ndim == 2 else (out.shape[1], out.shape[2])
