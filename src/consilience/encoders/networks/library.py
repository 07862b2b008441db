"""What a library of image networks must tell and do; one module a library."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple, Protocol, cast

from torch import Tensor, nn


class Spec(NamedTuple):
    """What a library says of an architecture; plain JSON as a dict.

    mean, std: of each colour (0..1 scale), as in the pretraining. side: pixels of the pretraining. fixed: True where a
    built network takes one input size only. square: True where height and width must be equal. patch: input sides are
    multiples of it, pixels. config: all else that `build` needs where the source is absent.
    """

    mean: list[float]
    std: list[float]
    side: int
    fixed: bool
    square: bool
    patch: int
    config: dict[str, Any]


class Library(Protocol):
    """A module with these functions. `options` is the Config of ImageNetwork."""

    def look(self, options: Any) -> Spec:
        """
        Raises:
            InputError: when the library has no such architecture.
        """
        ...

    def build(self, options: Any, spec: Spec, side: tuple[int, int]) -> nn.Module:
        """float [N, 3, H, W] standardised → tokens [N, T, D]; `side` is (H, W). Raises what the library raises where it
        cannot be built for that side."""
        ...

    def weights(self, options: Any, spec: Spec, side: tuple[int, int]) -> Mapping[str, Tensor]:
        """Pretrained tensors under the names of what `build` returns.

        Raises:
            InputError: when they are not on this machine.
        """
        ...


def library(name: str) -> Library:
    """The module that speaks for a library: torchvision, timm or transformers."""
    return cast(Library, import_module(f"consilience.encoders.networks.{name}_body"))
