"""The NumPy search writes what the PyTorch one writes, on a language model whose every probability is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from consilience.artifacts.written import Array, Memory, write
from consilience.tasks.writing.search import Decoding, Signs
from consilience.tasks.writing.search import write as search

from ..tasks.writing.test_search import SIGNS, Chain, chain
from ..tasks.writing.test_search import Memory as Rows

LONG = SIGNS._replace(length=9)


class Table:
    """The chain as NumPy asks it: the memory of a row is its table of logits."""

    def following(self, memory: Memory, ids: Array) -> Array:
        return np.asarray(memory.x[np.arange(len(ids))[:, None], ids[:, :, -1]])


def memory_of(speaker: Chain) -> Memory:
    return Memory(speaker.tables.numpy(), np.ones(speaker.tables.shape[:2], bool))


@pytest.mark.parametrize("signs", [SIGNS, LONG, SIGNS._replace(length=1)])
@pytest.mark.parametrize(
    "options",
    [
        {"method": "greedy"},
        {"method": "greedy", "no_repeat": 2},
        {"beams": 1},
        {"beams": 3, "no_repeat": 2},
        {"beams": 4, "no_repeat": 1},
        {"beams": 4, "length_penalty": 0.0, "no_repeat": 0},
        {"beams": 2, "length_penalty": 2.5, "max_length": 3},
    ],
    ids=str,
)
def test_the_same_texts(options: dict[str, Any], signs: Signs) -> None:
    for seed in range(5):
        speaker, decoding = chain(7, seed), Decoding(**options)
        wanted = search(speaker, Rows(torch.arange(7)), 7, decoding, signs).numpy()
        wanted = np.pad(wanted, ((0, 0), (0, signs.length - wanted.shape[1])), constant_values=-1)
        found = write(Table(), memory_of(speaker), decoding, signs)
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(
            write(Table(), memory_of(speaker).at(np.array([3])), decoding, signs), wanted[3:4]
        )


def test_drawn_shares_are_those_of_the_model_and_rows_do_not_depend_on_each_other() -> None:
    logits = np.full((1, 5, 5), -1e9, np.float32)
    logits[:, :, 2:] = np.log([0.6, 0.3, 0.1])
    one, memory = SIGNS._replace(length=1), Memory(logits, np.ones((1, 5), bool))
    for top_p, wanted in ((1.0, [0.6, 0.3, 0.1]), (0.7, [2 / 3, 1 / 3, 0.0])):
        drawn = [write(Table(), memory, Decoding(method="sample", top_p=top_p, seed=s), one)[0, 0] for s in range(1500)]
        assert [drawn.count(i) / 1500 for i in (2, 3, 4)] == pytest.approx(wanted, abs=0.05)
    many, options = memory_of(chain(20)), Decoding(method="sample", seed=4)
    np.testing.assert_array_equal(
        write(Table(), many, options, LONG)[5:8], write(Table(), many.at(np.arange(5, 8)), options, LONG)
    )


def test_no_rows_and_what_is_not_real_is_left_out() -> None:
    nothing = write(Table(), Memory(np.zeros((0, 5, 5), np.float32), np.zeros((0, 5), bool)), Decoding(), SIGNS)
    assert nothing.shape == (0, SIGNS.length)
    x = np.arange(8, dtype=np.float32).reshape(2, 4, 1)
    mask = np.array([[True, False, False, True], [True, False, False, False]])
    trimmed = Memory(x, mask).trimmed()
    assert trimmed.x[:, :, 0].tolist() == [[0, 3], [4, 5]]
    assert trimmed.mask.tolist() == [[True, True], [True, False]]
