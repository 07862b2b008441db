"""What an encoder is: the arrays of one group of columns in, tokens out."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from consilience.core.config import Config as Block
from consilience.core.tokens import Tokens


class Encoder(nn.Module):
    """Abstract. Built as `Encoder(config, facts)` with `facts` of the group's modality.

    inputs: the modality's arrays as tensors (`{"value": [B, C], "mask": [B, C]}` for numbers, and so on); the
    forward pass casts integers itself. Returns Tokens in the encoder's own `width`.
    Contract (tests/contracts): rows are independent, values under a False mask and padding never matter, every
    parameter gets a gradient, save and load are equal, ONNX export gives equal numbers, batch of one row works.
    """

    modality: ClassVar[str]
    """Name of the modality whose arrays this encoder reads."""
    convolves: ClassVar[bool] = False
    """True where bfloat16 and channels_last pay (two-dimensional convolutions)."""

    class Config(Block):
        """Options; nested in the class it configures."""

    width: int

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        raise NotImplementedError
