"""Sequences through convolutions of several widths, with the place of letters where lengths are fixed.

Öztürk et al. 2018, "DeepDTA" (arXiv 1801.10193): convolutions over the letters of proteins and SMILES, largest
responses pooled; Alipanahi et al. 2015, "DeepBind", for DNA. Where every cell has the same length (sites that are
aligned: splice sites, promoters) a weight for each letter at each place stands beside them, as in a position weight
matrix (Stormo et al. 1982), and the responses keep their places too. What the
k-mers say: `kmer_sketch`, which is all that is made of sequences too long to be convolved at little cost.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.distinct import on_distinct
from consilience.encoders.kmer_sketch import KmerSketch
from consilience.encoders.letters import Letters, folded, hide_letters
from consilience.encoders.sequences import max_over, mean_over

DENSE = 256
"""Letters up to which every position is looked at; of longer sequences every second to eighth."""
PLACED = 512
"""Longest sequence whose places are kept."""


class ConvSequence(Encoder):
    """One token a column, or several along the sequence.

    inputs: code int [B, C, L] (0 = padding, 1 = unknown), mask bool [B, C, L]. facts: alphabet, tokens, offset,
    vocabulary, length, fixed.
    """

    modality = "sequence"
    adapts = 20_000

    class Config(Encoder.Config):
        letter: int = Field(32, ge=1)
        """Width of a letter's vector."""
        filters: int = Field(48, ge=1)
        """Filters of each kernel width."""
        kernels: tuple[int, ...] = Field((4, 8), min_length=1)
        """Kernel widths, letters."""
        placed: int = Field(64, ge=0)
        """Features that keep letters' places, where lengths are fixed; 0 = none."""
        longest: int = Field(256, ge=0)
        """Letters up to which sequences are convolved; of longer ones only k-mers are read, which costs little."""
        kmers: tuple[int, ...] = (1, 2, 3, 4, 5)
        """Lengths of the k-mers; none when empty."""
        sketch: int = Field(256, ge=4)
        """Hashed counts of each length of k-mers."""
        rank: int = Field(128, ge=1)
        """Directions of the distinct training cells along which the counts are read."""
        bag: int = Field(96, ge=1)
        """Features made of the k-mers."""
        tokens: int = Field(1, ge=1, le=256)
        """Most tokens a column. 1: all pooled; more: stretches too, for fusions that look at tokens."""
        dropout: float = Field(0.4, ge=0, lt=1)
        """Dropout of what the convolutions found and of placed letters; of what the k-mers say half of it."""
        hide: float = Field(0.1, ge=0, lt=1)
        """Share of letters hidden from the convolutions in training; k-mers are read as they are."""

        @model_validator(mode="after")
        def _reads(self) -> ConvSequence.Config:
            if not self.kmers and self.longest == 0:
                raise ValueError("longest is 0 and kmers is empty: nothing would be read")
            return self

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        length = int(facts["length"])
        self.options = config
        self.bag = KmerSketch(config.kmers, config.sketch, config.rank, config.bag) if config.kmers else None
        short = length <= config.longest or self.bag is None
        self.convs = _Convolutions(config, facts) if short or config.tokens > 1 else None
        placed = config.placed if facts["fixed"] and length <= PLACED and self.convs else 0
        self.placed = _Placed(length + 1, config.letter, self.convs.width, placed) if placed and self.convs else None
        found = self.convs.width if self.convs else 0
        self.width = 2 * found + (config.bag if self.bag else 0) + placed
        self.stretch = 1
        self.join: nn.Linear | None = None
        if self.convs is not None and config.tokens > 1:
            self.stretch = -(-(length + 1) // (self.convs.stride * (config.tokens - 1)))
            self.join = nn.Linear(found, self.width)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)
        self.dropout, self.few_dropped = nn.Dropout(config.dropout), nn.Dropout(config.dropout / 2)

    def adapt(self, inputs: dict[str, Tensor]) -> None:
        if self.bag is not None:
            self.bag.adapt(*folded(inputs))

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        code, mask = folded(inputs)
        x = on_distinct(self.read, code, mask, skip=self.training)
        tokens: Tokens = self.columns(x, self.real(mask))
        return tokens

    def real(self, mask: Tensor) -> Tensor:
        """mask [N, L] → [N, T]: the whole first, then the stretches that hold letters."""
        whole = mask.any(1, keepdim=True)
        if self.join is None or self.convs is None:
            return whole
        parts = _stretches(mask[:, :: self.convs.stride].float().unsqueeze(-1), self.stretch) > 0
        return torch.cat([whole, parts.squeeze(-1)], 1)

    def read(self, code: Tensor, mask: Tensor) -> Tensor:
        """code int64 [N, L], mask bool [N, L] → [N, T, width]."""
        parts: list[Tensor] = [] if self.bag is None else [self.few_dropped(self.bag(code, mask))]
        if self.convs is None:
            return parts[0].unsqueeze(1)
        code = hide_letters(code, mask, self.options.hide, self.training)
        x, responses, kept = self.convs(code, mask)
        found = [max_over(responses, kept), mean_over(responses, kept)]
        if self.placed is not None:
            found.append(self.placed(x, responses, mask))
        parts += [self.dropout(part) for part in found]
        whole = torch.cat([part.float() for part in parts], -1).unsqueeze(1)
        if self.join is None:
            return whole
        real = kept.unsqueeze(-1).to(responses.dtype)
        means = _stretches(responses * real, self.stretch) / _stretches(real, self.stretch).clamp(min=1e-6)
        return torch.cat([whole, self.join(means).float()], 1)


class _Convolutions(nn.Module):
    """code, mask [N, L] → letters' vectors [N, L, E], responses [N, ⌈L / stride⌉, width], mask of those."""

    def __init__(self, config: ConvSequence.Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.kernels = config.kernels
        self.stride = max(1, min(8, int(facts["length"]) // DENSE))
        self.letters = Letters(facts, config.letter)
        self.layers = nn.ModuleList(
            nn.Conv1d(config.letter, config.filters, k, stride=self.stride) for k in config.kernels
        )
        self.width = config.filters * len(config.kernels)

    def forward(self, code: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = self.letters(code) * mask.unsqueeze(-1)
        rows, kept = x.transpose(1, 2), mask[:, :: self.stride]
        found = []
        for layer, k in zip(self.layers, self.kernels, strict=True):
            out = F.gelu(layer(F.pad(rows, ((k - 1) // 2, k // 2 + self.stride - 1))))
            found.append(out[:, :, : kept.shape[1]].transpose(1, 2))
        return x, torch.cat(found, -1), kept


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
