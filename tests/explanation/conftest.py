"""Small bundles with known truths: networks built from a recipe, some trained, some with weights set by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import consilience as cs
from consilience.artifacts.bundle import Bundle
from consilience.core.recipe import make_recipe
from consilience.data.features import in_memory
from consilience.data.table import read_table
from consilience.explanation.subject import Subject, subject_of
from consilience.model import Model
from consilience.pipeline import train_pipeline

from ..conftest import mixed_table, png, wav

QUICK = ("split.folds=1", "train.networks=1", "train.batch_size=32", "report.examples=3")


def subject_for(bundle: Bundle, frame: pl.DataFrame, rows: int | None = None) -> Subject:
    """The first rows of a frame under a bundle."""
    part = frame.head(rows) if rows else frame
    adapted, _ = bundle.adapt(read_table(part))
    features = in_memory(adapted, bundle.facts["groups"], bundle.recipe.prepare)
    index = np.arange(features.rows, dtype=np.int64)
    return subject_of(bundle, features, bundle.texts(adapted), index, part)


@pytest.fixture
def as_subject() -> Callable[..., Subject]:
    return subject_for


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[cs.Model, pl.DataFrame, Path]:
    """A trained run on every modality, new rows, and the run folder; the training table lies beside it."""
    folder = tmp_path_factory.mktemp("explained")
    mixed_table(260).write_parquet(folder / "train.parquet")
    model = cs.fit(folder / "train.parquet", "sick", effort=1, settings=(*QUICK, "train.epochs=4"), run=folder / "run")
    return model, mixed_table(40, seed=1), folder / "run"


def truths(rows: int, seed: int) -> pl.DataFrame:
    """Only the word "excellent", only the lower right quarter of the picture, only the tone in the second half of the
    sound and only the number `cause` tell the class, each in full."""
    random = np.random.default_rng(seed)
    bad = random.random(rows) < 0.5
    fillers = ["the", "room", "was", "seen", "today", "by", "many", "people", "here", "again"]
    texts, images, sounds = [], [], []
    for is_bad in bad:
        words = list(random.choice(fillers, 8))
        words[int(random.integers(8))] = "terrible" if is_bad else "excellent"
        texts.append(" ".join(words))
        image = random.integers(0, 60, (16, 16)).astype(np.uint8)
        if is_bad:
            image[8:, 8:] += 150
        images.append(png(image))
        wave = random.normal(0, 0.05, 2400)
        if is_bad:
            wave[1200:] += 0.5 * np.sin(2 * np.pi * 1500 * np.arange(1200) / 8000)
        sounds.append(wav(wave))
    return pl.DataFrame(
        {
            "note": texts,
            "scan": pl.Series(images, dtype=pl.Binary),
            "voice": pl.Series(sounds, dtype=pl.Binary),
            "cause": np.where(bad, 2.0, -2.0) + random.normal(0, 0.5, rows),
            "chance": random.normal(0, 1, rows),
            "town": random.choice(["rome", "lima", "oslo"], rows),
            "y": np.where(bad, "bad", "good"),
        }
    )


CASES = {
    "text": (["note"], 12),
    "image": (["scan"], 12),
    "audio": (["voice"], 12),
    "table": (["cause", "chance", "town"], 30),
}


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Model, pl.DataFrame]]:
    """ "text" and so on → (model trained on that modality's columns alone, new rows)."""
    table, new = truths(300, 0), truths(60, 1)

    @cache
    def trained(name: str) -> tuple[Model, pl.DataFrame]:
        columns, epochs = CASES[name]
        settings = (*QUICK, f"train.epochs={epochs}", "references=[]", "stack=false")
        recipe = make_recipe({"target": "y", "effort": 1}, settings)
        bundle = train_pipeline(recipe, read_table(table.select(*columns, "y")), tmp_path_factory.mktemp(name))
        return Model(bundle), new.select(*columns, "y")

    return trained
