"""A table of DNA and molecules from training to prediction and explanation; wear, and the figures of drift."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import consilience as cs
from consilience.core.files import read_json
from consilience.core.policy import make_groups
from consilience.core.recipe import Recipe
from consilience.evaluation.weaknesses.probes.base import probe_of
from consilience.modalities.form import form_of
from consilience.model import DataWarning
from consilience.training.plan import repeats
from consilience.watching.inputs import figures

MOLECULES = ("CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "C[C@H](N)C(=O)O", "ClC(Cl)Cl")


def table(rows: int = 90) -> pl.DataFrame:
    """A site tells the class; one molecule in two does."""
    chance, made = random.Random(1), []
    for row in range(rows):
        yes = row % 2 == 0
        site = "".join(chance.choices("ACGT", k=24))
        site = f"{site[:9]}GTAAGT{site[15:]}" if yes else site
        molecule = chance.choice(MOLECULES[:3] if yes else MOLECULES[1:])
        made.append({"site": None if row % 11 == 5 else site, "molecule": molecule, "label": "yes" if yes else "no"})
    return pl.DataFrame(made)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[cs.Model, Path]:
    folder = tmp_path_factory.mktemp("sequences") / "run"
    settings = ("train.epochs=2", "references=[linear,trees]", "columns.molecule=sequence", "report.examples=2")
    analyses = {"analyses": ["contribution", "explanation"], "examples": 2}
    recipe = {"effort": 1, "report": analyses}
    return cs.fit(table(), "label", recipe=recipe, settings=settings, run=folder), folder


def test_each_sequence_is_a_source_of_its_own(run: tuple[cs.Model, Path]) -> None:
    model, folder = run
    found = read_json(folder / "metrics.json")
    assert set(model.groups) == {"site", "molecule"}
    assert set(found["alone"]) == {"site", "molecule"}
    assert found["references"]["trees"]["roc_auc"]["value"] > 0.8


def test_sequences_repeat_where_every_column_of_them_does() -> None:
    often = [cell for cell in MOLECULES for _ in range(10)]
    frame = pl.DataFrame({"drug": often, "protein": often[::-1], "other": [f"{row}" for row in range(40)]})
    assert repeats(frame, {"drug": "sequence", "protein": "sequence", "other": "number"})
    assert not repeats(frame, {"drug": "sequence", "other": "sequence"})
    assert not repeats(frame, {"drug": "category"})


def test_letters_wear_out() -> None:
    code = np.tile(np.arange(2, 6, dtype=np.uint8), (5, 2, 25))
    mask = np.ones(code.shape, bool)
    mask[0], code[0] = False, 0
    arrays = {"code": code, "mask": mask}
    kinds = {worn.kind: worn for worn in probe_of("sequence").wears}
    masked = kinds["masked"].wear(arrays, 0.25, np.random.default_rng(0))
    assert 0.2 < (masked["code"][1:] == 1).mean() < 0.3
    mutated = kinds["mutated"].wear(arrays, 0.5, np.random.default_rng(0))
    assert 0.3 < (mutated["code"] != code)[1:].mean() < 0.45
    assert set(mutated["code"][1:].ravel()) == {2, 3, 4, 5}
    assert not masked["code"][0].any()
    assert not mutated["code"][0].any()


def test_letters_are_pointed_out(run: tuple[cs.Model, Path]) -> None:
    model, _ = run
    [one] = model.explain(table().head(1))
    letters = {text["column"]: "".join(written for written, _ in text["words"]) for text in one["texts"]}
    assert letters["site"] == table()["site"][0]
    assert letters["molecule"] == table()["molecule"][0]


def test_broken_cells_are_told_and_predicted_all_the_same(run: tuple[cs.Model, Path]) -> None:
    model, _ = run
    broken = pl.DataFrame({"site": ["ACGT!", None, ">nothing here", "NA"], "molecule": ["C[Zz]C", None, "", "CCO"]})
    with pytest.warns(DataWarning) as said:
        shares = model.predict_proba(broken)
    told = " ".join(str(warning.message) for warning in said)
    assert "unseen_letter" in told
    assert "no_sequence" in told
    assert shares.shape == (4, 2)
    assert np.isfinite(shares).all()
    with pytest.warns(DataWarning):
        model.predict_proba(broken.select("molecule"))


def test_many_sequence_columns_share_a_group() -> None:
    recipe = Recipe(target="y")
    few = make_groups(recipe, {"a": "sequence", "b": "sequence", "n": "number"})
    assert set(few) == {"a", "b", "number"}
    many = make_groups(recipe, {f"c{i}": "sequence" for i in range(9)})
    assert {name: len(group.columns) for name, group in many.items()} == {"sequence": 9}
    assert set(make_groups(recipe, {"a": "sequence", "n": "number"})) == {"sequence", "number"}


def test_drift_figures_and_the_form_know_sequences() -> None:
    found = figures(">x\nGGCC\nNNAT", "sequence")
    assert found is not None
    assert found["letters"] == 8
    assert found["gc"] == 0.5
    assert found["unknown"] == 0.25
    assert figures(None, "sequence") is None
    assert form_of("sequence").schema["type"] == ["string", "null"]
