"""What sequence encoders share: letters as vectors, the columns of a group folded into the batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from consilience.modalities.alphabets import mixture

UNKNOWN = 1
"""Code of a letter that the alphabet lacks, by the contract of the modality `sequence`."""


class Letters(nn.Module):
    """Codes → vectors [.., E]: what a letter is made of (`alphabets.mixture`), times a learned matrix.

    An ambiguous letter is the mean of those that it stands for, an unknown one the mean of all; similar amino acids
    start near each other.
    """

    def __init__(self, facts: dict[str, Any], width: int) -> None:
        super().__init__()
        table = letter_table(facts)
        self.register_buffer("made_of", table, persistent=False)
        self.weight = nn.Parameter(torch.randn(table.shape[1], width) * 0.5)

    made_of: Tensor

    def forward(self, code: Tensor) -> Tensor:
        """code int64 [N, L] → [N, L, E]."""
        return F.embedding(code, self.table())

    def table(self) -> Tensor:
        """The vector of every code, [V, E]."""
        return self.made_of @ self.weight


def letter_table(facts: dict[str, Any]) -> Tensor:
    """What every code is made of: float32 [V, K]; padding of nothing, an unknown letter of everything a little."""
    blocks: dict[int, np.ndarray[Any, Any]] = {}
    for alphabet, tokens, offset in zip(facts["alphabet"], facts["tokens"], facts["offset"], strict=True):
        blocks[offset] = mixture(alphabet, tokens)
    width = max(1, sum(block.shape[1] for block in blocks.values()))
    table = np.zeros((int(facts["vocabulary"]), width), np.float32)
    first = 0
    for offset, block in sorted(blocks.items()):
        table[2 + offset : 2 + offset + len(block), first : first + block.shape[1]] = block
        first += block.shape[1]
    table[UNKNOWN] = 1 / width if len(table) <= 2 else table[2:].mean(0)
    return torch.from_numpy(table)


def folded(inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """code, mask [B, C, L] → code int64 [B·C, L + 1], mask bool of that shape.

    One position of padding keeps empty batches valid.
    """
    mask = F.pad(inputs["mask"].flatten(0, 1), (0, 1))
    code = F.pad(inputs["code"].long().flatten(0, 1), (0, 1))
    return code * mask, mask


def hide_letters(code: Tensor, mask: Tensor, share: float, training: bool) -> Tensor:
    """A share of the letters becomes unknown, so that the network learns what a hidden letter looks like."""
    if not training or share == 0:
        return code
    hidden = (torch.rand(code.shape, device=code.device) < share) & mask
    return code.masked_fill(hidden, UNKNOWN)
