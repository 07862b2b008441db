from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.evaluation.analysis import NotApplicable
from consilience.evaluation.weaknesses import phrases, slices_section
from consilience.evaluation.weaknesses.mean_loss import holm, p_values
from consilience.evaluation.weaknesses.search import find_slices
from consilience.evaluation.weaknesses.slices import Slices

from .made_evidence import made_evidence, one_hot
from .same_words import assert_same_words

GROUPS = {"number": ("age", "dose"), "category": ("sex", "city"), "text": ("note",), "date": ("visit",)}


def table(rows: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "age": random.normal(50, 15, rows).round(),
            "dose": [None if random.random() < 0.2 else float(random.normal()) for _ in range(rows)],
            "sex": random.choice(["F", "M"], rows),
            "city": random.choice(["rome", "lima", "oslo", "bern"], rows),
            "note": [" ".join(["word"] * random.integers(1, 30)) for _ in range(rows)],
            "visit": [f"202{random.integers(0, 5)}-{random.integers(1, 13):02d}-11" for _ in range(rows)],
            "unused": random.choice(["north", "south"], rows),
        }
    )


def judged(frame: pl.DataFrame, wrong: Any, seed: int) -> tuple[Any, Any]:
    """Targets, and predictions that are wrong with the probability `wrong` [N]."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, frame.height)
    said = np.where(random.random(frame.height) < wrong, 1 - y, y)
    return one_hot(y), 0.8 * one_hot(said) + 0.1


def measure(rows: int, wrong: Any, seed: int = 0, chosen: bool = True, **more: Any) -> Any:
    frame = table(rows, seed)
    target, said = judged(frame, wrong(frame), seed + 1)
    if chosen:
        other = table(rows, seed + 2)
        more["chosen"] = (other, *judged(other, wrong(other), seed + 3))
    evidence = made_evidence(frame, GROUPS, "binary", target, said, classes=["no", "yes"], seed=seed, **more)
    return json.loads(json.dumps(Slices().measure(evidence)))


def planted(frame: pl.DataFrame) -> Any:
    return np.where((frame["sex"] == "F") & (frame["city"] == "lima"), 0.6, 0.1)


@pytest.mark.parametrize("chosen", [True, False])
def test_a_planted_weak_slice_is_found_and_described(chosen: bool) -> None:
    found = measure(1200, planted, chosen=chosen)
    assert found["found_on"] == ("validation" if chosen else "test")
    best = found["found"][0]
    assert best["verdict"] == "weak"
    assert best["adjusted_p"] < 0.01
    assert {(one["column"], one["value"]) for one in best["literals"]} == {("sex", "F"), ("city", "lima")}
    assert best["difference"]["high"] < 0
    assert best["value"]["low"] < best["value"]["value"] < best["value"]["high"]
    for language in ("en", "zh"):
        section = Slices().show(found, {}, language)  # type: ignore[arg-type]
        assert section is not None
        assert "lima" in section.sentences[0].text
        assert section.sentences[0].tone == "bad"
        assert section.blocks[0].wide.startswith("<svg")  # type: ignore[union-attr]


@pytest.mark.slow
def test_noise_is_not_called_a_weakness() -> None:
    flagged, clean = 0, {}
    for seed in range(30):
        found = measure(400, lambda f: np.full(f.height, 0.2), seed=100 * seed, chosen=seed % 2 == 0)
        assert found["found"]
        weak = any(one["verdict"] == "weak" for one in found["found"])
        flagged, clean = flagged + weak, clean if weak else found
    assert flagged <= 4, "one in twenty by the level: more than four of thirty has a chance of 0.016"
    section = Slices().show(clean, {}, "en")
    assert section is not None
    assert "beyond chance" in section.sentences[-1].text


def test_named_slices_are_measured_on_every_test_row() -> None:
    report = {"slices": ("sex==F & city==lima", "unused==north", "age>200")}
    found = measure(800, planted, report=report)
    first, second, third = found["named"]
    assert [first["verdict"], second["verdict"], third["verdict"]] == ["weak", "no_evidence", "too_few"]
    assert third["rows"] == 0
    frame = table(800, 0)
    assert first["rows"] == ((frame["sex"] == "F") & (frame["city"] == "lima")).sum()
    for language in ("en", "zh"):
        section = Slices().show(found, {}, language)  # type: ignore[arg-type]
        assert section is not None
        assert len(section.blocks) == 2


def test_whole_clusters_are_resampled() -> None:
    clusters = np.repeat(np.arange(40), 20)
    bad = np.random.default_rng(5).random(40) < 0.3
    found = measure(800, lambda f: np.where(bad[clusters], 0.5, 0.1), chosen=False, clusters=clusters)
    assert not any(one["verdict"] == "weak" for one in found["found"])


def test_too_few_rows() -> None:
    with pytest.raises(NotApplicable):
        measure(60, lambda f: np.full(f.height, 0.2))


def test_search_scores_as_the_paper_does() -> None:
    random = np.random.default_rng(0)
    masks = np.array([random.random(500) < 0.4 for _ in range(6)])
    loss = (random.random(500) < np.where(masks[0] & masks[3], 0.9, 0.1)).astype(float)
    best = find_slices(masks, list("abcdef"), loss, 20, 5)[0]
    met = masks[0] & masks[3]
    assert best.literals == (0, 3)
    score = 0.95 * (loss[met].mean() / loss.mean() - 1) - 0.05 * (500 / met.sum() - 1)
    assert best.score == pytest.approx(score)


def test_p_values_are_uniform_under_chance_and_agree_with_fisher() -> None:
    from scipy.stats import fisher_exact, kstest

    random = np.random.default_rng(1)
    loss = (random.random(200) < 0.3).astype(float)
    masks = np.array([random.permutation(200) < 50 for _ in range(60)])
    p = p_values(loss, masks, None, 0)
    for place in range(5):
        inside, outside = loss[masks[place]], loss[~masks[place]]
        cells = [[inside.sum(), (1 - inside).sum()], [outside.sum(), (1 - outside).sum()]]
        assert p[place] == pytest.approx(fisher_exact(cells, "greater").pvalue, abs=0.03)
    noise = random.exponential(size=300)
    many = np.array([random.permutation(300) < 90 for _ in range(200)])
    assert kstest(p_values(noise, many, np.arange(300), 0), "uniform").pvalue > 0.001


def test_holm() -> None:
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])


@pytest.mark.parametrize("words", [phrases.WORDS, slices_section.WORDS])
def test_both_languages_say_the_same(words: Any) -> None:
    assert_same_words(words)
