from __future__ import annotations

import json

import numpy as np
import pytest

from consilience.artifacts.rules import sole_rules
from consilience.evaluation.analysis import NotApplicable
from consilience.evaluation.confidence.coverage import Coverage, part_of
from consilience.evaluation.confidence.coverage_show import verdict_of
from consilience.evaluation.confidence.covering import by_class, certain, covering
from consilience.evaluation.confidence.sample import sample_of
from tests.evaluation.confidence.fake_evidence import KINDS, evidence


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sharpness", [1.0, 40.0], ids=["hard", "easy"])
def test_coverage_is_near_its_level_for_every_kind_easy_or_hard(kind: str, sharpness: float) -> None:
    found = Coverage().measure(evidence(kind, 2000, sharpness=sharpness))
    assert [row["level"] for row in found["levels"]] == [0.8, 0.9, 0.95]
    for row in found["levels"]:
        assert row["coverage"]["value"] == pytest.approx(row["level"], abs=0.03)
        assert row["coverage"]["low"] < row["coverage"]["value"] < row["coverage"]["high"]
    assert found["overall"]["coverage"] == found["levels"][1]["coverage"]


def test_an_easy_task_gets_empty_sets_instead_of_covering_too_much() -> None:
    found = Coverage().measure(evidence("multiclass", 2000, sharpness=40.0))["overall"]
    assert found["empty"]["value"] > 0.02
    assert found["size"]["value"] < 1


def test_coverage_and_size_are_counted_by_hand() -> None:
    sample = sample_of(evidence("multiclass", 4).judged)
    sample = part_of(sample, np.arange(4))
    state = {"kind": "multiclass", "rows": 9, "rule": {"values": [0.1 * k for k in range(1, 10)]}}
    said = np.array([[0.9, 0.05, 0.05, 0.0], [0.4, 0.35, 0.25, 0.0], [0.3, 0.3, 0.2, 0.2], [0.95, 0.05, 0.0, 0.0]])
    sample.target[:] = np.eye(4)[[0, 1, 2, 1]]
    found = covering(sample, state, said, 0.5)  # half of the scores are at least 0.5: probabilities from 0.5 on
    assert found["size"]["value"] == 0.5
    assert found["coverage"]["value"] == 0.25
    assert found["empty"]["value"] == 0.5
    assert [c["place"] for c in by_class(sample, certain(sample, [(state, np.arange(4))], said, 0.5))] == [0, 1, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_patterns_are_natural_or_made_by_hiding_each_discipline(kind: str) -> None:
    found = Coverage().measure(evidence(kind, 800))
    natural = [p for p in found["patterns"] if p["natural"]]
    hidden = [p for p in found["patterns"] if not p["natural"]]
    assert [p["present"] for p in natural] == [["note", "record"], ["note"]]
    assert sum(p["rows"] for p in natural) == 800
    assert sorted(p["present"] for p in hidden) == [["note"], ["record"]]
    conditional = found["group_conditional"]["patterns"]
    assert all(p["own"] for p in conditional)
    for p in conditional:
        assert p["coverage"]["value"] == pytest.approx(0.9, abs=0.07)


def test_a_rule_for_every_pattern_is_not_asked_for_where_there_is_one_pattern() -> None:
    one = evidence("binary", 300)
    one.opinion.has[:] = True
    assert one.chosen is not None
    one.chosen.has[:] = True
    found = Coverage().measure(one)
    assert found["group_conditional"] is None
    assert not any(p["natural"] for p in found["patterns"])


def test_without_validation_rows_there_is_no_promise() -> None:
    other = evidence("binary", 100)
    other.bundle.rules = sole_rules(other.bundle.groups)
    with pytest.raises(NotApplicable, match="validation"):
        Coverage().measure(other)


@pytest.mark.parametrize(
    ("score", "verdict"),
    [
        ((0.9, 0.8, 0.95), "kept"),
        ((0.85, 0.8, 0.89), "less"),
        ((0.97, 0.95, 0.99), "more"),
        ((0.89, 0.88, 0.895), "kept"),
    ],
)
def test_a_promise_is_broken_only_beyond_the_interval(score: tuple[float, ...], verdict: str) -> None:
    assert verdict_of(dict(zip(("value", "low", "high"), score, strict=True)), 0.9, 10_000) == verdict


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("rows", [12, 1500])
def test_the_chapter_is_written_from_plain_json(kind: str, language: str, rows: int) -> None:
    from consilience.artifacts.store import plain
    from consilience.core.files import finite

    found = json.loads(json.dumps(finite(plain(Coverage().measure(evidence(kind, rows))))))
    section = Coverage().show(found, {}, language)  # type: ignore[arg-type]
    assert section is not None
    assert "{" not in " ".join(s.text for s in section.sentences)
    assert all(b.sheet.rows for b in section.blocks)
    assert rows == 12 or section.sentences[0].tone == "good"
