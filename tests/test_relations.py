"""Relations from start to end: only the marks tell which entity did what to which."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import consilience as cs
from consilience.artifacts.triples import Triples
from consilience.cli.app import app
from consilience.core.errors import InputError

PEOPLE = ["Ada", "Bob", "Cleo", "Dan", "Eve", "Finn"]
FIELDS = {"relation": {"text": "text", "head": "head", "tail": "tail"}}


def table(rows: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    found = []
    for _ in range(rows):
        one, two = (str(name) for name in random.choice(PEOPLE, 2, replace=False))
        won = random.random() < 0.5
        head, tail = (one, two) if won else (two, one)
        year = int(random.integers(1900, 2000))
        found.append((f"In {year} {one} beat {two}.", head, tail, "won_against" if won else "lost_to"))
    return pl.DataFrame(found, schema=["text", "head", "tail", "relation"], orient="row")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("relations") / "run"
    options = {"recipe": FIELDS, "effort": 1, "stack": False, "references": [], "report": {"analyses": []}}
    cs.fit(table(300, 0), "relation", test=table(100, 1), run=folder, **options)
    return folder


def test_the_marked_order_is_learned(run: Path) -> None:
    model = cs.load(run)
    assert model.metrics["test"]["accuracy"]["value"] > 0.95
    assert model.bundle.columns == ["text"]
    new = table(40, 2)
    said = model.predict(new)
    turned = model.predict(new.rename({"head": "tail", "tail": "head"}))
    assert np.mean(said != turned) > 0.9


def test_triples_from_the_command_line(run: Path, tmp_path: Path) -> None:
    new = table(30, 3).drop("relation").vstack(pl.DataFrame({"text": ["Gus slept"], "head": ["Gus"], "tail": ["Hal"]}))
    new.write_csv(tmp_path / "new.csv")
    out, triples = tmp_path / "out.csv", tmp_path / "triples.csv"
    command = ["predict", str(run), str(tmp_path / "new.csv"), "--out", str(out), "--triples", str(triples), "-q"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "an entity is not in the text" in done.output + done.stderr
    found = pl.read_csv(triples)
    assert found.columns == ["head", "relation", "tail", "confidence"]
    assert found.height == 30
    assert pl.read_csv(out).height == 31
    assert found["head"].to_list() == new["head"].to_list()[:30]
    assert found["tail"].to_list() == new["tail"].to_list()[:30]
    assert found["relation"].to_list() == pl.read_csv(out)["prediction"].to_list()[:30]
    assert found["confidence"].is_between(0.5, 1).all()


def test_a_model_without_relations_has_no_triples(run: Path) -> None:
    bundle = cs.load(run).bundle
    bundle.recipe = bundle.recipe.model_copy(update={"relation": None})
    with pytest.raises(InputError, match=r"predicts no relations.*relation\.head"):
        Triples(bundle)


def test_training_names_the_row_whose_entity_is_missing() -> None:
    wrong = table(40, 0).with_columns(
        pl.when(pl.int_range(40) == 7).then(pl.lit("Zoe")).otherwise("head").alias("head")
    )
    with pytest.raises(InputError, match=r"row 7: no text with both entities: 'Zoe'"):
        cs.fit(wrong, "relation", recipe=FIELDS, effort=1)
