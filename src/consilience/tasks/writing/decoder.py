"""A small transformer that writes a text about what fusion made of a row, trained from scratch.

Two ways to read the row. `cross`: cross-attention to its tokens, as in the encoder–decoder of Vaswani et al. 2017
(arXiv 1706.03762). `prefix`: its tokens stand before the text in a decoder language model, as in ClipCap (Mokady et al.
2021, arXiv 2111.09734) and LLaVA (Liu et al. 2023, arXiv 2304.08485). Output and input vectors are the same ones (Press
& Wolf 2017, arXiv 1608.05859).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from consilience.core.tokens import Fused, Tokens
from consilience.tasks.writing.losses import row_losses
from consilience.tasks.writing.search import Decoding, Signs, write

KeysValues = tuple[Tensor, Tensor]


class Size(NamedTuple):
    """vocabulary: V. width: of a token, a multiple of `heads`. depth: blocks."""

    vocabulary: int
    width: int
    depth: int
    heads: int
    dropout: float


class State(NamedTuple):
    """What was read and written so far, of R texts; there may be several a row, side by side, B rows in all.

    past: a block's keys and values [R, H, S, D/H]. seen: [R, S] bool, which of them are real. cross: a block's keys and
    values of the memory [B, H, M, D/H], which all texts of a row share (empty with a prefix). memory: [B, M] bool, its
    real tokens. written: sub-words so far.
    """

    past: tuple[KeysValues, ...]
    seen: Tensor
    cross: tuple[KeysValues, ...]
    memory: Tensor
    written: int

    @property
    def device(self) -> torch.device:
        return self.seen.device


class TextDecoder(nn.Module):
    """Fused (and, in training, target ids) in; losses [B, 3] or ids [B, L] out.

    Args:
        width: D of the fused tokens. size: of the decoder. prefix: tokens as a prefix, not by cross-attention.
        signs: special ids and L. smoothing: of the labels, in the loss only.
    """

    def __init__(self, width: int, size: Size, prefix: bool, signs: Signs, smoothing: float) -> None:
        super().__init__()
        self.prefix, self.signs, self.smoothing = prefix, signs, smoothing
        self.decoding = Decoding()
        self.out_features = signs.length
        self.memory = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, size.width))
        self.vectors = nn.Embedding(size.vocabulary, size.width)
        self.positions = nn.Parameter(torch.randn(signs.length, size.width) * 0.02)
        nn.init.normal_(self.vectors.weight, std=size.width**-0.5)
        self.dropout = nn.Dropout(size.dropout)
        self.blocks = nn.ModuleList(_Block(size, cross=not prefix) for _ in range(size.depth))
        self.norm = nn.LayerNorm(size.width)
        self.bias = nn.Parameter(torch.zeros(size.vocabulary))

    def begin(self) -> None:
        """Nothing was learned elsewhere."""

    def forward(self, fused: Fused, target: Tensor | None = None) -> Tensor:
        """target float [B, ≥ L]: ids + 1 in the first L columns, 0 where there are none.

        Returns:
            with target: float [B, 3], see `row_losses`; without: ids as float [B, L], −1 after the end.
        """
        state = self.read(fused)
        if target is None:
            return write(self, state, len(state.seen), self.decoding, self.signs).float()
        wanted = target[:, : self.signs.length].long() - 1
        longest = max(1, int((wanted >= 0).sum(1).max()))
        wanted = wanted[:, :longest]
        given = F.pad(wanted[:, :-1].clamp(min=0), (1, 0), value=self.signs.begin)
        hidden, _ = self._advance(given, state)
        return row_losses(self._logits(hidden[wanted >= 0]), wanted, self.smoothing)

    def read(self, fused: Fused) -> State:
        """The state before the first sub-word."""
        return self.open(self.keep(spread(fused)))

    def keep(self, given: Tokens) -> Tokens:
        """What of a row's tokens is looked at while it is written about, [B, M, D] of the decoder's width."""
        return Tokens(self.memory(given.x.masked_fill(~given.mask.unsqueeze(-1), 0.0)), given.mask)

    def open(self, given: Tokens) -> State:
        """The state before the first sub-word, from `keep`."""
        x, rows = given.x, len(given.x)
        if not self.prefix:
            cross = tuple(block.remember(x) for block in self.blocks)  # type: ignore[operator]
            heads: Any = self.blocks[0].heads
            empty = x.new_zeros(rows, heads, 0, x.shape[-1] // heads)
            past = tuple((empty, empty) for _ in self.blocks)
            return State(past, given.mask[:, :0], cross, given.mask, 0)
        allowed = given.mask[:, None, None, :]
        past_: list[KeysValues] = []
        for block in self.blocks:
            x, kept = block(x, None, allowed, None)
            past_.append(kept)
        return State(tuple(past_), given.mask, (), given.mask, 0)

    def following(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """See `search.Speaker`."""
        hidden, state = self._advance(ids, state)
        return self._logits(hidden[:, -1]), state

    def reorder(self, state: State, rows: Tensor) -> State:
        """See `search.Speaker`."""
        past = tuple((k[rows], v[rows]) for k, v in state.past)
        return state._replace(past=past, seen=state.seen[rows])

    def _advance(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        rows, length = ids.shape
        x = self.vectors(ids) + self.positions[state.written : state.written + length]
        x = self.dropout(x)
        before = state.seen[:, None, None, :].expand(-1, 1, length, -1)
        own = torch.ones(length, length, dtype=torch.bool, device=ids.device).tril()
        allowed = torch.cat([before, own.expand(rows, 1, -1, -1)], -1)
        past: list[KeysValues] = []
        for i, block in enumerate(self.blocks):
            memory = (*state.cross[i], state.memory) if state.cross else None
            x, kept = block(x, state.past[i], allowed, memory)
            past.append(kept)
        seen = F.pad(state.seen, (0, length), value=True)
        return self.norm(x), State(tuple(past), seen, state.cross, state.memory, state.written + length)

    def _logits(self, hidden: Tensor) -> Tensor:
        return F.linear(hidden, self.vectors.weight, self.bias)


class _Block(nn.Module):
    """Self-attention, cross-attention where asked for, and a feed-forward layer; each normalised before (Xiong et al.
    2020, arXiv 2002.04745)."""

    def __init__(self, size: Size, cross: bool) -> None:
        super().__init__()
        width, self.heads = size.width, size.heads
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(size.dropout)
        self.cross = nn.ModuleList(
            [nn.LayerNorm(width), nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)]
            if cross
            else []
        )
        self.feed = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Dropout(size.dropout),
            nn.Linear(4 * width, width),
            nn.Dropout(size.dropout),
        )

    def remember(self, memory: Tensor) -> KeysValues:
        """Keys and values [R, H, M, D/H] of the memory [R, M, D]."""
        key, value = self.cross[2](memory).chunk(2, -1)
        return self._split(key), self._split(value)

    def forward(
        self, x: Tensor, past: KeysValues | None, allowed: Tensor, memory: tuple[Tensor, Tensor, Tensor] | None
    ) -> tuple[Tensor, KeysValues]:
        """x [R, T, D]; past: keys and values of S earlier tokens; allowed bool [R, 1, T or 1, S + T]; memory: keys,
        values and mask."""
        query, key, value = (self._split(part) for part in self.project(self.norm(x)).chunk(3, -1))
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        x = x + self.dropout(self.out(_mixed(query, key, value, allowed)))
        if memory is not None:
            norm, asks, _, out = self.cross
            beside = x.reshape(len(memory[0]), -1, x.shape[-1])  # all texts of a row ask its memory at once
            found = _mixed(self._split(asks(norm(beside))), memory[0], memory[1], memory[2][:, None, None, :])
            x = x + self.dropout(out(found)).reshape(x.shape)
        return x + self.feed(x), (key, value)

    def _split(self, x: Tensor) -> Tensor:
        rows, length, width = x.shape
        return x.reshape(rows, length, self.heads, width // self.heads).transpose(1, 2)


def _mixed(query: Tensor, key: Tensor, value: Tensor, allowed: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value, attn_mask=allowed).transpose(1, 2).flatten(2)


def beside(fused: Fused) -> Tokens:
    """The pooled vector as a first token that every row has, then the tokens of all groups, real or not."""
    x = torch.cat([fused.pooled.unsqueeze(1), fused.tokens.x.to(fused.pooled.dtype)], 1)
    return Tokens(x, F.pad(fused.tokens.mask, (1, 0), value=True))


def spread(fused: Fused) -> Tokens:
    """The pooled vector as a first token that every row has, then the real tokens of all groups, as many as the row
    with most of them has: [B, ≤ 1 + ΣT, D]."""
    x, mask = beside(fused)
    order = torch.argsort((~mask).byte(), dim=1, stable=True)[:, : int(mask.sum(1).max())]
    return Tokens(x.gather(1, order.unsqueeze(-1).expand(-1, -1, x.shape[-1])), mask.gather(1, order))
