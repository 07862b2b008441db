"""Sequences through convolutions of several widths, with the place of letters where lengths are fixed.

Öztürk et al. 2018, "DeepDTA" (arXiv 1801.10193): convolutions over the letters of proteins and SMILES, largest
responses pooled; Alipanahi et al. 2015, "DeepBind", for DNA. Where every cell has the same length (sites that are
aligned: splice sites, promoters) a weight for each letter at each place stands beside them, as in a position weight
matrix (Stormo et al. 1982), and the responses keep their places too. k-mers: `kmer_bag`.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.distinct import on_distinct
from consilience.encoders.kmer_bag import KmerBag
from consilience.encoders.letters import Letters, folded, hide_letters
from consilience.encoders.sequences import max_over, mean_over

DENSE = 256
"""Letters up to which every position is looked at; of longer sequences every second to fourth."""
PLACED = 512
"""Longest sequence whose places are kept."""


class ConvSequence(Encoder):
    """One token a column, or several along the sequence.

    inputs: code int [B, C, L] (0 = padding, 1 = unknown), mask bool [B, C, L]. facts: alphabet, tokens, offset,
    vocabulary, length, fixed.
    """

    modality = "sequence"

    class Config(Encoder.Config):
        letter: int = Field(32, ge=1)
        """Width of a letter's vector."""
        filters: int = Field(48, ge=1)
        """Filters of each kernel width."""
        kernels: tuple[int, ...] = Field((4, 8), min_length=1)
        """Kernel widths, letters."""
        placed: int = Field(64, ge=0)
        """Features that keep letters' places, where lengths are fixed; 0 = none."""
        kmers: tuple[int, ...] = (1, 2, 3)
        """Lengths of the k-mers whose vectors are averaged; none when empty."""
        buckets: int = Field(8_192, ge=16)
        """Vectors that the k-mers of each length are hashed into."""
        bag: int = Field(48, ge=1)
        """Width of a k-mer's vector."""
        tokens: int = Field(1, ge=1, le=256)
        """Most tokens a column. 1: all pooled; more: stretches too, for fusions that look at tokens."""
        dropout: float = Field(0.2, ge=0, lt=1)
        """Dropout of the pooled features."""
        hide: float = Field(0.05, ge=0, lt=1)
        """Share of letters hidden in training."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options = config
        self.stride = max(1, min(4, int(facts["length"]) // DENSE))
        self.letters = Letters(facts, config.letter)
        self.convs = nn.ModuleList(
            nn.Conv1d(config.letter, config.filters, k, stride=self.stride) for k in config.kernels
        )
        found = config.filters * len(config.kernels)
        self.bag = KmerBag(tuple(sorted(config.kmers)), config.buckets, config.bag) if config.kmers else None
        keeps = config.placed if facts["fixed"] and int(facts["length"]) <= PLACED else 0
        positions = int(facts["length"]) + 1
        self.placed = _Placed(positions, config.letter, found, keeps) if keeps else None
        self.width = 2 * found + (self.bag.width if self.bag else 0) + keeps
        self.stretch = -(-positions // (self.stride * max(1, config.tokens - 1)))
        self.join = nn.Linear(found, self.width) if config.tokens > 1 else None
        self.columns = ColumnTokens(len(facts["columns"]), self.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        code, mask = folded(inputs)
        x = on_distinct(self.read, code, mask, skip=self.training)
        tokens: Tokens = self.columns(self.dropout(x), self.real(mask))
        return tokens

    def real(self, mask: Tensor) -> Tensor:
        """mask [N, L] → [N, T]: the whole first, then the stretches that hold letters."""
        whole = mask.any(1, keepdim=True)
        if self.join is None:
            return whole
        parts = _stretches(mask[:, :: self.stride].float().unsqueeze(-1), self.stretch) > 0
        return torch.cat([whole, parts.squeeze(-1)], 1)

    def read(self, code: Tensor, mask: Tensor) -> Tensor:
        """code int64 [N, L], mask bool [N, L] → [N, T, width]."""
        options = self.options
        code = hide_letters(code, mask, options.hide, self.training)
        x = self.letters(code) * mask.unsqueeze(-1)
        rows = x.transpose(1, 2)
        kept = mask[:, :: self.stride]
        found = []
        for conv, k in zip(self.convs, options.kernels, strict=True):
            out = F.gelu(conv(F.pad(rows, ((k - 1) // 2, k // 2 + self.stride - 1))))
            found.append(out[:, :, : kept.shape[1]].transpose(1, 2))
        responses = torch.cat(found, -1)
        parts = [max_over(responses, kept), mean_over(responses, kept)]
        if self.bag is not None:
            parts.append(self.bag(code, mask))
        if self.placed is not None:
            parts.append(self.placed(x, responses, mask))
        whole = torch.cat([part.to(parts[0].dtype) for part in parts], -1).unsqueeze(1)
        if self.join is None:
            return whole
        real = kept.unsqueeze(-1).to(responses.dtype)
        means = _stretches(responses * real, self.stretch) / _stretches(real, self.stretch).clamp(min=1e-6)
        return torch.cat([whole, self.join(means)], 1)


def _stretches(x: Tensor, size: int) -> Tensor:
    """Means over stretches of `size` positions: [N, L, D] → [N, ⌈L / size⌉, D]."""
    padded = F.pad(x.transpose(1, 2), (0, size - 1))
    return F.avg_pool1d(padded, size, size).transpose(1, 2)


class _Placed(nn.Module):
    """Letters and responses, each weighted by its place: [N, L, E], [N, L, F] → [N, D]."""

    def __init__(self, length: int, letter: int, responses: int, width: int) -> None:
        super().__init__()
        self.letters = nn.Parameter(torch.randn(length, letter, width) * (length * letter) ** -0.5)
        self.narrow = nn.Linear(responses, 16)
        self.responses = nn.Parameter(torch.randn(length, 16, width) * (length * 16) ** -0.5)

    def forward(self, x: Tensor, responses: Tensor, mask: Tensor) -> Tensor:
        length = x.shape[1]
        narrow = self.narrow(responses) * mask.unsqueeze(-1)
        own = torch.einsum("nle,led->nd", x, self.letters[:length])
        return own + torch.einsum("nle,led->nd", narrow, self.responses[:length])
