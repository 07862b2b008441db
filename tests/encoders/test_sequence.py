"""What is special about sequence encoders: places, repeats, tokens along the sequence."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest
import torch

from consilience.core.recipe import Prepare
from consilience.encoders.conv_sequence import ConvSequence
from consilience.encoders.distinct import on_distinct
from consilience.encoders.kmer_sketch import KmerSketch
from consilience.encoders.letters import letter_table
from consilience.encoders.transformer_sequence import TransformerSequence
from consilience.modalities.sequence import Sequence


def prepared(cells: list[str], **settings: Any) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    columns = {"x": pl.Series("x", cells)}
    facts = Sequence.learn(columns, Prepare(**settings))
    arrays = Sequence.trim(Sequence.arrays(columns, facts).arrays)
    return facts, {name: torch.tensor(array) for name, array in arrays.items()}


def dna(length: int, cells: int = 24) -> list[str]:
    chance = random.Random(length)
    return ["".join(chance.choices("ACGT", k=length)) for _ in range(cells)]


def test_places_count_only_where_lengths_are_fixed() -> None:
    facts, _ = prepared(dna(40))
    assert ConvSequence(ConvSequence.Config(), facts).placed is not None
    facts, _ = prepared([cell[: 20 + i % 9] for i, cell in enumerate(dna(40))])
    assert ConvSequence(ConvSequence.Config(), facts).placed is None


def test_long_sequences_are_read_by_their_kmers_unless_asked() -> None:
    facts, inputs = prepared(dna(700, 6))
    quick = ConvSequence(ConvSequence.Config(), facts).eval()
    assert quick.convs is None
    assert quick(inputs).x.shape == (6, 1, quick.width)
    whole = ConvSequence(ConvSequence.Config(longest=1000), facts).eval()
    assert whole.convs is not None
    assert whole.convs.stride == 2
    with pytest.raises(ValueError, match="nothing would be read"):
        ConvSequence.Config(kmers=(), longest=0)


@pytest.mark.parametrize("kind", ["conv", "transformer"])
def test_tokens_along_the_sequence(kind: str) -> None:
    facts, inputs = prepared([*dna(40, 5), "ACGTACGTACGT"])
    if kind == "conv":
        encoder: Any = ConvSequence(ConvSequence.Config(tokens=9), facts).eval()
    else:
        encoder = TransformerSequence(TransformerSequence.Config(tokens="patch", positions=10), facts).eval()
    tokens = encoder(inputs)
    assert tokens.x.shape[1] > 5
    assert tokens.mask[-1].sum() < tokens.mask[0].sum()
    longer = {n: torch.nn.functional.pad(a, (0, 0)) for n, a in inputs.items()}
    alone = encoder({n: a[-1:, :, :12] for n, a in longer.items()})
    count = int(tokens.mask[-1].sum())
    assert int(alone.mask.sum()) == count
    torch.testing.assert_close(alone.x[0][alone.mask[0]], tokens.x[-1][tokens.mask[-1]], atol=1e-5, rtol=1e-4)


def test_a_repeated_cell_is_encoded_once() -> None:
    seen: list[int] = []

    def run(code: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        seen.append(len(code))
        return (code * mask).sum(1, keepdim=True).float()

    code = torch.tensor([[2, 3, 0], [4, 4, 4], [2, 3, 0], [0, 0, 0], [2, 3, 5]])
    mask = code > 0
    once, plain = on_distinct(run, code, mask, skip=True), on_distinct(run, code, mask, skip=False)
    torch.testing.assert_close(once, plain)
    assert seen == [4, 5]


def test_the_sketch_keeps_likeness() -> None:
    cells = dna(300, 3)
    near = cells[0][:150] + "A" + cells[0][151:]
    _, inputs = prepared([*cells, near])
    counts = KmerSketch((3, 4, 5), 128, 16, 8).counts(inputs["code"][:, 0].long(), inputs["mask"][:, 0])
    like = torch.nn.functional.cosine_similarity(counts[3:], counts[:3])
    assert like[0] > 0.9
    assert like[1:].max() < like[0] - 0.2


def test_distinct_cells_count_once_and_are_remembered() -> None:
    """Directions of the distinct cells, of unit variance over them, however often each stands in the rows."""
    _, inputs = prepared(dna(300, 12))
    code, mask = inputs["code"][:, 0].long(), inputs["mask"][:, 0]
    often = torch.tensor([0] * 200 + list(range(12)))
    torch.manual_seed(0)
    rare, repeated = KmerSketch((2, 3), 64, 16, 8), KmerSketch((2, 3), 64, 16, 8)
    rare.adapt(code, mask)
    repeated.adapt(code[often], mask[often])
    along = rare.along(code, mask)
    torch.testing.assert_close(repeated.along(code, mask).abs(), along.abs(), atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(along.square().mean(0)[:11], torch.ones(11), atol=1e-3, rtol=1e-3)
    assert not along[:, 11:].abs().max() > 1e-4  # twelve cells span eleven directions
    new = code.flip(1)
    both, there = torch.cat([code, new]), torch.cat([mask, mask])
    torch.testing.assert_close(rare.recalled(both, there), rare.along(both, there), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("cells", [[], ["ACGTACGT"] * 5])
def test_too_few_distinct_cells_leave_the_sketch_as_it_is(cells: list[str]) -> None:
    code = torch.tensor([[2, 3, 4, 5]] * len(cells), dtype=torch.long).reshape(len(cells), 4)
    sketch = KmerSketch((1, 2), 16, 4, 8)
    before = sketch.directions.clone()
    sketch.adapt(code, code > 0)
    torch.testing.assert_close(sketch.directions, before)
    assert sketch.keys is None


def test_an_unknown_letter_is_the_mean_of_all() -> None:
    facts, _ = prepared(dna(40))
    table = letter_table(facts)
    assert not table[0].any()
    torch.testing.assert_close(table[1], table[2:].mean(0))
