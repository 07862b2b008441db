"""DNA, RNA, proteins and molecules: what is recognised, read, repaired and left to other modalities."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest

from consilience.core.recipe import Prepare
from consilience.core.registry import get, names
from consilience.data.schema import detect
from consilience.data.table import Table
from consilience.modalities.alphabets import mixture, tokens_of
from consilience.modalities.sequence import Sequence
from consilience.modalities.sequence_cells import cleaned, split_smiles, written_in

CHANCE = random.Random(4)
SMILES = ["CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "C[C@H](N)C(=O)O", "ClC(Cl)Cl", "c1ccc2ccccc2c1"]


def written(letters: str, length: int, cells: int = 60) -> list[str]:
    return ["".join(CHANCE.choices(letters, k=length)) for _ in range(cells)]


AMINO = "AAAACDDEEEFGGGHIIKKKLLLLLMNPPQRRSSSTTVVVWY"


@pytest.mark.parametrize(
    ("cells", "alphabet"),
    [
        (written("ACGT", 60), "dna"),
        (written("acgtn", 30), "dna"),
        (written("ACGU", 21), "rna"),
        ([f">read {i}\n{cell[:20]}\n{cell[20:]}" for i, cell in enumerate(written("ACGT", 40))], "dna"),
        (written(AMINO, 90), "protein"),
        ([cell + "*" for cell in written(AMINO + "X", 40)], "protein"),
        (written(AMINO, 9), "protein"),
        (SMILES * 5, "smiles"),
    ],
)
def test_an_alphabet_is_told_from_the_cells(cells: list[str], alphabet: str) -> None:
    column = pl.Series("x", cells)
    scores = {name: get("modality", name).score(column).score for name in names("modality")}
    assert max(scores, key=lambda n: scores[n]) == "sequence"
    assert Sequence.learn({"x": column}, Prepare())["alphabet"] == [alphabet]


@pytest.mark.parametrize(
    "cells",
    [
        ["cat", "tag", "act", "gag", "tat"] * 12,
        ["AG", "GG", "AA", "CT"] * 15,
        ["MANAGER", "CLERK", "ANALYST", "SALESMAN", "PRESIDENT"] * 12,
        [f"C{i:02d}.{i % 10}" for i in range(60)],
        written("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 12),
        written("0123456789ABCDEF", 32),
        ["the tea was cold and nobody came", "a great deal of talk", "what can be said of it"] * 20,
        ["Berlin", "Amsterdam", "Cairo", "Caracas", "Tangier"] * 12,
        ["ACGTACGTAC", "TTGTACGTAC", "ACGGGCGTAC"] * 20,
        ["https://example.org/a", "https://example.org/b"] * 30,
    ],
)
def test_categories_codes_words_and_barcodes_are_left_to_others(cells: list[str]) -> None:
    column = pl.Series("x", cells)
    scores = {name: get("modality", name).score(column).score for name in names("modality")}
    assert max(scores, key=lambda n: scores[n]) != "sequence"


def test_inspect_says_what_and_why() -> None:
    frame = pl.DataFrame({"site": written("ACGT", 60), "molecule": SMILES * 12, "label": ["a", "b"] * 30})
    found = {c.name: c for c in detect(Table(frame, None, "t"), "label").columns}
    assert found["site"].modality == found["molecule"].modality == "sequence"
    assert "DNA" in found["site"].reason
    assert "SMILES" in found["molecule"].reason
    assert found["site"].confidence > 0.8


def test_letters_have_one_code_in_every_writing() -> None:
    facts = Sequence.learn({"x": pl.Series("x", written("ACGT", 24))}, Prepare())
    assert facts["fixed"]
    cells = ["ACGTACGTNN", "acgtacgtnn", ">chr1 forward\nACGTA\nCGTNN", "ACG TAC GTNN", "ACGUACGUNN"]
    code = Sequence.arrays({"x": pl.Series("x", cells)}, facts).arrays["code"][:, 0]
    assert (code == code[0]).all()
    assert (code[0, :4] == [2, 3, 4, 5]).all()


def test_broken_cells_are_missing_or_counted() -> None:
    facts = Sequence.learn({"x": pl.Series("x", written("ACGT", 24))}, Prepare())
    cells = pl.Series("x", [None, "NA", "-", "ACGT?!1", ">only a header", "", "A" * 10_000, "😀"])
    arrays, problems = Sequence.arrays({"x": cells}, facts)
    assert arrays["mask"].any(-1)[:, 0].tolist() == [False, False, False, True, False, False, True, True]
    counted = {problem.code: problem for problem in problems}
    assert counted["unseen_letter"].rows == [3, 7]
    assert counted["no_sequence"].rows == [4]
    assert arrays["code"].shape == (8, 1, 24)


def test_molecules_are_cut_into_atoms_and_bonds() -> None:
    assert split_smiles("C[C@@H](Br)c1ccCl%12") == ["C", "[C@@H]", "(", "Br", ")", "c", "1", "c", "c", "Cl", "%12"]
    facts = Sequence.learn({"x": pl.Series("x", SMILES)}, Prepare())
    assert "[C@H]" in facts["tokens"][0]
    assert not facts["fixed"]
    _, problems = Sequence.arrays({"x": pl.Series("x", ["CCO ethanol", "C[Fe]C"])}, facts)
    assert [problem.rows for problem in problems] == [[1]]


def test_columns_of_unlike_alphabets_have_codes_of_their_own() -> None:
    columns = {"p": pl.Series("p", written(AMINO, 50)), "d": pl.Series("d", written("ACGT", 50))}
    facts = Sequence.learn(columns, Prepare(max_letters=32))
    assert facts["length"] == 32
    code = Sequence.arrays(columns, facts).arrays["code"]
    assert not set(code[:, 0].ravel()) & set(code[:, 1].ravel())
    assert code.max() < facts["vocabulary"]


def test_ambiguous_letters_are_shared_out() -> None:
    table = mixture("dna", tokens_of("dna"))
    assert table[tokens_of("dna").index("N"), :4].tolist() == [0.25] * 4
    assert np.allclose(table.sum(1), 1)
    amino = mixture("protein", tokens_of("protein"))
    assert amino[tokens_of("protein").index("B")].tolist() == pytest.approx((amino[2] + amino[11]) / 2)


def test_headers_and_empty_columns() -> None:
    assert cleaned(">seq ACGTACGTA") == "ACGTACGTA"
    assert cleaned(">seq") == ""
    assert written_in([]).score == 0
    facts = Sequence.learn({"x": pl.Series("x", [None, None], dtype=pl.String)}, Prepare())
    assert facts["alphabet"] == ["characters"]
    odd = Sequence.learn({"x": pl.Series("x", ["αβγ", "γβα"])}, Prepare())
    assert set(odd["tokens"][0]) == set("αβγ")
