"""The two types that flow between encoders, fusion and task heads. No torch at import time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Tokens(NamedTuple):
    """What an encoder says of a batch.

    x: [B, T, D] float, the tokens. mask: [B, T] bool, True where a token is real; a missing cell is a row of
    False. Values of x where the mask is False carry no meaning and must never reach the output.
    """

    x: Tensor
    mask: Tensor

    @property
    def present(self) -> Tensor:
        """[B] bool: rows with at least one real token."""
        return self.mask.any(-1)


class Fused(NamedTuple):
    """What fusion makes of the groups.

    pooled: [B, D] float, one vector a row. tokens: the projected tokens of all groups, [B, ΣT, D], for
    token-level heads and attribution. weights: [B, M] float, one weight a group (0 where it is absent).
    """

    pooled: Tensor
    tokens: Tokens
    weights: Tensor
