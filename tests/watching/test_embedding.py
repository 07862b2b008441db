"""What the encoders see is kept small, the same in export, log and monitor, and shows what figures miss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.conftest import mixed_table

import consilience as cs
from consilience.artifacts.manifest import version_of
from consilience.data.table import read_table
from consilience.watching import embedding
from consilience.watching.drift import find_drift
from consilience.watching.monitor import monitor
from consilience.watching.prediction_log import PredictionLog, record
from consilience.watching.reference import has_groups

Exported = tuple[Path, dict[str, Any]]


def test_projections_keep_distances_and_survive_the_disk(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pooled = {"image": random.normal(3, 2, (300, 64)), "text": random.normal(0, 1, (300, 8))}
    pooled["text"][:, 0] = 5.0  # a dead unit
    has = {"image": random.random(300) < 0.8, "text": np.zeros(300, bool)}
    learned = embedding.learn(pooled, has)
    assert set(learned) == {"image"}  # nobody has a text
    projection = learned["image"]
    assert projection.sample.dtype == np.float16
    rows = projection.of(pooled["image"])
    wide = (pooled["image"] - projection.mean) / projection.scale
    ratio = np.linalg.norm(rows[0] - rows[1:], axis=1) / np.linalg.norm(wide[0] - wide[1:], axis=1)
    assert 0.6 < np.median(ratio) * (64 / 16) ** 0.5 < 1.6
    embedding.save(learned, tmp_path)
    again = embedding.load(tmp_path)["image"]
    np.testing.assert_array_equal(again.of(pooled["image"]), rows)
    kept = embedding.embedded({"image": again}, pooled, has)
    assert [bool(row) for row in kept] == has["image"].tolist()
    assert len(json.dumps(kept[0] or kept[1])) < 250
    np.testing.assert_allclose(embedding.gathered(kept)["image"], rows[has["image"]], rtol=1e-3)
    assert embedding.load(tmp_path / "none") == {}


def test_rows_of_another_length_are_left_out() -> None:
    assert embedding.gathered([{"image": [1.0, 2.0]}, {}]) == {}


def test_the_graph_tells_pooled_tokens_of_media_and_texts(exported: Exported) -> None:
    bundle = cs.load(exported[0]).bundle
    opinion, _ = next(bundle.opinions(read_table(mixed_table(9, seed=5))))
    assert set(opinion.pooled) == {"text", "image", "audio"} == set(embedding.load(exported[0]))
    has = has_groups(bundle, opinion)
    for group, rows in opinion.pooled.items():
        assert np.isfinite(rows).all()
        assert (np.abs(rows).sum(1) > 0).tolist() == has[group].tolist()


def test_monitor_finds_what_figures_miss(exported: Exported) -> None:
    frame = mixed_table(240, seed=11)
    calm = monitor(exported[0], None, read_table(frame))
    looks = {k["column"]: k for k in calm["looks"] if k["kind"] == "embedding"}
    assert set(looks) == {"note", "scan", "voice"}
    assert not [a for a in calm["alarms"] if a["kind"] == "embedding"]
    other = frame.with_columns(pl.col("note").str.replace("fever cough", "tired sleep").alias("note"))
    found = monitor(exported[0], None, read_table(other))
    alarmed = {(a["column"], a["kind"]) for a in found["alarms"]}
    assert ("note", "embedding") in alarmed
    assert ("note", "distribution") not in alarmed  # as long, as many words, as many letters
    assert "as the model sees them" in next(a["sentence"] for a in found["alarms"] if a["kind"] == "embedding")


def test_the_log_is_read_as_the_table_and_only_of_this_version(exported: Exported, tmp_path: Path) -> None:
    folder, url = exported[0], str(tmp_path / "log.db")
    bundle = cs.load(folder).bundle
    frame, version = mixed_table(120, seed=12), version_of(folder)
    opinion, _ = next(bundle.opinions(read_table(frame)))
    seen = embedding.embedded(embedding.load(folder), opinion.pooled, has_groups(bundle, opinion))
    answer = {"prediction": "yes", "probabilities": {"no": 0.2, "yes": 0.8}, "given": {}}
    log = PredictionLog(url)
    inputs = frame.select(list(bundle.modalities)).to_dicts()
    record(log, ("mix", version), bundle.modalities, inputs, [{**answer, "embedded": s} for s in seen], 0.01)
    record(log, ("mix", "other"), bundle.modalities, inputs, [{**answer, "embedded": {"text": [9.0] * 16}}] * 120, 0.01)
    log.close()

    def effects(**given: Any) -> dict[str, float]:
        found = monitor(folder, **given)["looks"]
        return {k["column"]: k["effect"] for k in found if k["kind"] == "embedding"}

    assert effects(log=url) == pytest.approx(effects(table=read_table(frame)), abs=0.02)
    again = effects(log=url, reference=read_table(mixed_table(150, seed=2)))
    assert set(again) == {"note", "scan", "voice"}


def test_few_embeddings_are_not_looked_at() -> None:
    nothing = {"rows": 40, "counts": {"a": 40}, "confidence": [0.5] * 40}
    reference = {"columns": {}, "prediction": nothing}
    rows = np.random.default_rng(0).normal(size=(40, 16))
    for number, looks in ((40, 1), (29, 0)):
        drift = find_drift(reference, {}, nothing, {}, {"note": (rows, rows[:number])})
        assert sum(look.kind == "embedding" for look in drift.looks) == looks
