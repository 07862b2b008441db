"""The search on a language model whose every probability is known."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from consilience.tasks.writing.search import Decoding, Signs, write

BEGIN, END, A, B, C = range(5)
SIGNS = Signs(BEGIN, END, (BEGIN,), 4)


class Memory(NamedTuple):
    """The row that each text belongs to."""

    rows: Tensor

    @property
    def device(self) -> torch.device:
        return self.rows.device


class Chain:
    """Each row's own table of logits [rows, last, next]."""

    def __init__(self, tables: Tensor) -> None:
        self.tables = tables

    def following(self, ids: Tensor, state: Memory) -> tuple[Tensor, Memory]:
        return self.tables[state.rows, ids[:, -1]], state

    def reorder(self, state: Memory, rows: Tensor) -> Memory:
        return Memory(state.rows[rows])


def chain(rows: int, seed: int = 0) -> Chain:
    return Chain(torch.randn(rows, 5, 5, generator=torch.Generator().manual_seed(seed)) * 2)


def written(speaker: Chain, **options: Any) -> list[list[int]]:
    rows = len(speaker.tables)
    decoding = Decoding(**{"no_repeat": 0, **options})
    found = write(speaker, Memory(torch.arange(rows)), rows, decoding, SIGNS)
    assert found.shape == (rows, SIGNS.length)
    return [[i for i in row if i >= 0] for row in found.tolist()]


def best(table: Tensor, penalty: float) -> list[int]:
    """By trying every text."""
    table = table.clone()
    table[:, BEGIN] = -1e9
    shares = torch.log_softmax(table, -1).numpy()
    merits: dict[tuple[int, ...], float] = {}
    for text in product([END, A, B, C], repeat=SIGNS.length):
        cut = text[: text.index(END) + 1] if END in text else text
        total = sum(shares[a, b] for a, b in zip((BEGIN, *cut), cut, strict=False))
        merits[cut] = float(total) / len(cut) ** penalty
    return list(max(merits, key=lambda text: merits[text]))


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_wide_beam_finds_the_likeliest_text(penalty: float) -> None:
    speaker = chain(6)
    found = written(speaker, method="beam", beams=32, length_penalty=penalty)
    assert found == [best(table, penalty) for table in speaker.tables]


def test_one_beam_is_greedy() -> None:
    speaker = chain(8)
    assert written(speaker, method="beam", beams=1) == written(speaker, method="greedy")
    row = speaker.tables[0].clone()
    row[:, BEGIN] = -1e9
    assert written(speaker, method="greedy")[0][0] == int(row[BEGIN].argmax())


def test_nothing_is_written_after_the_end_nor_what_never_is() -> None:
    for options in ({"method": "greedy"}, {"method": "beam"}, {"method": "sample"}):
        for text in written(chain(30), **options):
            assert BEGIN not in text
            assert END not in text[:-1]


@pytest.mark.parametrize("method", ["greedy", "beam", "sample"])
def test_no_run_comes_twice(method: str) -> None:
    table = torch.full((1, 5, 5), -9.0)
    table[:, :, A] = 0.0  # says A for ever
    signs = SIGNS._replace(length=12)
    decoding = Decoding(method=method, no_repeat=2)  # type: ignore[arg-type]
    text = write(Chain(table), Memory(torch.arange(1)), 1, decoding, signs)[0].tolist()
    pairs = [pair for pair in pairwise(text) if min(pair) >= 0]
    assert len(pairs) == len(set(pairs))


def test_sampling_follows_seed_temperature_and_share() -> None:
    speaker = chain(40)
    assert written(speaker, method="sample", seed=1) == written(speaker, method="sample", seed=1)
    assert written(speaker, method="sample", seed=1) != written(speaker, method="sample", seed=2)
    greedy = written(speaker, method="greedy")
    assert written(speaker, method="sample", top_p=0.01) == greedy
    assert written(speaker, method="sample", temperature=0.01, top_p=1.0) == greedy


def test_drawn_shares_are_those_of_the_model() -> None:
    table = torch.full((1, 5, 5), -1e9)
    table[:, :, A], table[:, :, B], table[:, :, C] = np.log(0.6), np.log(0.3), np.log(0.1)
    speaker = Chain(table.expand(4000, 5, 5))
    signs = SIGNS._replace(length=1)
    for top_p, wanted in ((1.0, [0.6, 0.3, 0.1]), (0.7, [2 / 3, 1 / 3, 0.0])):
        decoding = Decoding(method="sample", top_p=top_p, no_repeat=0)
        found = write(speaker, Memory(torch.arange(4000)), 4000, decoding, signs)[:, 0].numpy()
        assert [float((found == i).mean()) for i in (A, B, C)] == pytest.approx(wanted, abs=0.03)


def test_the_longest_text_is_bounded() -> None:
    table = torch.full((1, 5, 5), -9.0)
    table[:, :, A] = 0.0
    found = write(Chain(table), Memory(torch.arange(1)), 1, Decoding(no_repeat=0, max_length=2), SIGNS)
    assert (found >= 0).sum() == 2
