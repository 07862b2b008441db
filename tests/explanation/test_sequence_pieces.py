"""Letters as pieces: single ones in short sequences, stretches in long ones, closed gates make letters unknown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import torch

from consilience.core.recipe import Prepare
from consilience.explanation.sequence_pieces import MOST_PIECES, SequencePieces
from consilience.explanation.subject import Subject
from consilience.modalities.sequence import Sequence


def subject(cells: list[str | None]) -> Subject:
    columns = {"x": pl.Series("x", cells)}
    facts = Sequence.learn({"x": pl.Series("x", ["ACGT" * 100] * 4)}, Prepare())
    arrays = {"dna": Sequence.arrays(columns, facts).arrays}
    bundle = SimpleNamespace(facts={"groups": {"dna": facts}})
    return Subject(cast(Any, bundle), arrays, pl.DataFrame(), pl.DataFrame())


def test_every_letter_of_a_short_sequence_is_a_piece() -> None:
    pieces = SequencePieces(subject(["ACGTN", None]), "dna")
    assert [span.written for span in pieces.spans[0]] == list("ACGTN")
    assert pieces.present.tolist() == [[True] * 5, [False] * 5]


def test_long_sequences_fall_into_stretches_that_spell_them() -> None:
    whole = "ACGTTGCA" * 40
    pieces = SequencePieces(subject([whole]), "dna")
    assert "".join(span.written for span in pieces.spans[0]) == whole
    assert len(pieces.spans[0]) <= MOST_PIECES
    assert pieces.present.sum() == len(pieces.spans[0])


def test_a_closed_gate_makes_its_letters_unknown() -> None:
    given = subject(["ACGTAC"])
    pieces = SequencePieces(given, "dna")
    inputs = {name: torch.tensor(array) for name, array in given.arrays["dna"].items()}
    gates = torch.ones(1, 6)
    gates[0, 2] = 0
    with pieces.gated(torch.nn.Identity(), inputs, torch.tensor([0]), gates, False) as seen:
        assert seen["code"][0, 0, :6].tolist() == [2, 3, 1, 5, 2, 3]
    assert np.count_nonzero(given.arrays["dna"]["code"]) == 6
    assert not pieces.smooth(torch.nn.Identity(), inputs)
