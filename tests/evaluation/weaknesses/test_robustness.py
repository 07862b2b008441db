from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.artifacts.bundle import Opinion
from consilience.data.features import held_features
from consilience.data.row_store import MemoryRows
from consilience.evaluation.charts.bands import Point, bands, span_of
from consilience.evaluation.weaknesses import robustness_section
from consilience.evaluation.weaknesses.probes.audio import audio_noise
from consilience.evaluation.weaknesses.probes.base import probe_of
from consilience.evaluation.weaknesses.probes.text import words_dropped
from consilience.evaluation.weaknesses.robustness import Robustness
from consilience.evaluation.weaknesses.worn_rows import hold, wear_group

from .made_evidence import made_evidence
from .same_words import assert_same_words

GROUPS = {
    "number": ("age", "dose"),
    "category": ("city",),
    "date": ("visit",),
    "text": ("note",),
    "image": ("scan",),
    "audio": ("voice",),
}


def evidence_of(frame: pl.DataFrame, said: Any, target: Any, groups: Any = GROUPS) -> Any:
    """Evidence whose model is a function of (arrays, texts) that gives the probability of class 1."""
    first = np.zeros((frame.height, 2))
    evidence = made_evidence(frame, groups, "binary", np.stack([1 - target, target], 1), first, classes=["n", "y"])

    def judge(features: Any, texts: pl.DataFrame, index: Any, hidden: Any = ()) -> Opinion:
        arrays = features.gather(index)
        for group in hidden:
            arrays[group] = {name: np.zeros_like(a) for name, a in arrays[group].items()}
        p = said(arrays, texts[index])
        both = np.stack([1 - p, p], 1)
        return Opinion(both, {"network": both}, {}, np.ones((len(index), 2), bool), both, (both,))

    evidence.bundle.judge = judge
    evidence.opinion = judge(evidence.test.features, evidence.test.texts, evidence.test.index)
    return evidence


def of_numbers(arrays: Any, texts: Any) -> Any:
    return 1 / (1 + np.exp(-3 * arrays["number"]["value"][:, 0].astype(np.float64)))


def test_a_model_that_ignores_a_column_is_flat_and_one_that_reads_it_falls(make_table: Any) -> None:
    frame = make_table(300).with_columns(pl.Series("age", np.random.default_rng(0).normal(50, 9, 300)))
    target = (frame["age"].to_numpy() > 50).astype(float)
    found = json.loads(json.dumps(Robustness().measure(evidence_of(frame, of_numbers, target))))
    assert found["rows"] == 300
    curves = {(c["group"], c["kind"]): c["points"] for c in found["curves"]}
    assert len(curves) == sum(len(probe_of(group).wears) for group in {group for group, _ in curves})
    assert {group for group, _ in curves} == {"number", "category", "date", "text", "image", "audio"}
    for (group, _), points in curves.items():
        values = [p["value"] for p in points]
        if group == "number":
            assert found["clean"]["value"] > values[0] > values[-1]
            assert points[-1]["worse"]
            assert points[-1]["difference"]["high"] < 0
        else:
            assert values == pytest.approx([found["clean"]["value"]] * len(points))
            assert not any(p["worse"] for p in points)
    patterns = {(p["what"], p["discipline"]): p for p in found["patterns"]}
    assert patterns["without", "number"]["value"] == pytest.approx(0.5)
    assert patterns["alone", "number"]["value"] == pytest.approx(found["clean"]["value"])
    for language in ("en", "zh"):
        section: Any = Robustness().show(found, {}, language)  # type: ignore[arg-type]
        assert [s.tone for s in section.sentences] == ["bad", "good"]
        assert len(section.blocks[0].panels) == 12
        assert ("number" if language == "en" else "数值") in section.sentences[0].text


def test_texts_are_worn_for_network_and_references_alike() -> None:
    random = np.random.default_rng(1)
    target = random.integers(0, 2, 300).astype(float)
    frame = pl.DataFrame({"note": [" ".join(["fever" if t else "calm"] * 3 + ["x y z"] * 3) for t in target]})

    def of_texts(arrays: Any, texts: pl.DataFrame) -> Any:
        count = texts["note"].str.count_matches("fever").fill_null(1).to_numpy().astype(float)
        present = arrays["text"]["mask"].any((1, 2))
        assert (present == texts["note"].is_not_null().to_numpy()).all()
        return np.clip(count / 3, 0, 1)

    found = Robustness().measure(evidence_of(frame, of_texts, target, {"text": ("note",)}))
    curves = {c["kind"]: [p["value"] for p in c["points"]] for c in found["curves"]}
    assert curves["missing"][-1] < curves["missing"][0] < 1
    assert curves["words"][-1] < 1
    assert curves["letters"][-1] < 1
    assert found["patterns"] == []


def test_what_wear_does(make_table: Any) -> None:
    frame = make_table(80)
    evidence = evidence_of(frame, of_numbers, np.arange(80) % 2.0)
    held = hold(evidence.test, evidence.bundle)
    for group, arrays in held.arrays.items():
        for worn in probe_of(group).wears:
            changed = wear_group(held, evidence.bundle, group, worn, worn.strengths[-1], 0)
            again = wear_group(held, evidence.bundle, group, worn, worn.strengths[-1], 0)
            for name, array in changed.arrays[group].items():
                assert array.dtype == arrays[name].dtype
                assert array.shape[:2] == arrays[name].shape[:2]
                assert (array == again.arrays[group][name]).all()
            assert all(changed.arrays[g] is held.arrays[g] for g in held.arrays if g != group)
            mask = changed.arrays[group]["mask"]
            assert (changed.arrays[group][_values(group)][~mask] == 0).all()
            if worn.kind == "missing":
                assert mask.any(-1).mean() < 0.5 if group == "text" else mask.mean() < 0.5
    features = held_features(held.arrays, evidence.bundle.facts["groups"])
    assert (features.gather(np.array([3, 1]))["number"]["value"] == held.arrays["number"]["value"][[3, 1]]).all()


def test_what_an_unchanging_part_made_of_a_group_serves_while_others_are_worn(make_table: Any) -> None:
    evidence = evidence_of(make_table(40), of_numbers, np.arange(40) % 2.0)
    bundle = SimpleNamespace(**{**vars(evidence.bundle), "networks": [SimpleNamespace(fixed={"number": "a body"})]})
    rows = evidence.test
    records = np.zeros(rows.features.rows, [("x", np.float32)])
    records["x"] = np.arange(len(records))
    rows.features.keep("number", "a body", MemoryRows(records))
    held = hold(rows, bundle)  # type: ignore[arg-type]
    assert held.made["number", "a body"]["x"].tolist() == rows.index.tolist()
    worn = probe_of("category").wears[0]
    assert ("number", "a body") in wear_group(held, bundle, "category", worn, 0.5, 0).made  # type: ignore[arg-type]
    worn = probe_of("number").wears[0]
    assert not wear_group(held, bundle, "number", worn, 0.5, 0).made  # type: ignore[arg-type]


def _values(group: str) -> str:
    return {"number": "value", "date": "value", "category": "index", "text": "ids", "image": "pixels", "audio": "wave"}[
        group
    ]


def test_noise_on_sounds_has_the_ratio_it_says() -> None:
    wave = (10_000 * np.sin(np.arange(8000) / 3)).astype(np.int16)[None, None]
    wave[..., 6000:] = 0
    arrays = {"wave": wave, "length": np.array([[6000]], np.int32), "mask": np.ones((1, 1), bool)}
    worse = audio_noise(arrays, 20.0, np.random.default_rng(0))["wave"]
    noise = worse[0, 0, :6000].astype(float) - wave[0, 0, :6000]
    power = np.square(wave[0, 0, :6000].astype(float)).mean()
    assert 10 * np.log10(power / np.square(noise).mean()) == pytest.approx(10, abs=0.3)
    assert (worse[0, 0, 6000:] == 0).all()


def test_words_of_scripts_without_blanks() -> None:
    texts = pl.DataFrame({"note": ["患者自述发热三天伴有咳嗽咳痰", None, "a quick brown fox jumps over"]})
    dropped = words_dropped(texts, 0.5, np.random.default_rng(0))["note"]
    assert 2 < len(dropped[0]) < 12
    assert dropped[1] is None
    assert set(dropped[2].split()) < set(texts["note"][2].split())
    assert words_dropped(texts, 1.0, np.random.default_rng(0))["note"].null_count() == 3


def test_panels_share_a_scale() -> None:
    points = [Point("none", 0.9, 0.85, 0.95), Point("10 %", 0.7, 0.6, 0.8), Point("20 %", None, None, None)]
    low, high = span_of([points])
    assert low < 0.6 < 0.95 < high
    drawn = bands("noise & “x”", points, ("share", "accuracy"), (low, high), True)
    assert drawn.count("<circle") == 2
    assert "&amp;" in drawn
    assert 'class="band c0"' in drawn


def test_both_languages_say_the_same() -> None:
    assert_same_words(robustness_section.WORDS)
