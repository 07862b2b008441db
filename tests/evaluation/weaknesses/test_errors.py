from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile

from consilience.evaluation.weaknesses import errors_section
from consilience.evaluation.weaknesses.confident import find_label_errors, find_label_set_errors
from consilience.evaluation.weaknesses.errors import Errors
from consilience.evaluation.weaknesses.label_review import label_review
from consilience.evaluation.weaknesses.previews import picture_address, sound_address

from .made_evidence import made_evidence, one_hot
from .same_words import assert_same_words


def soft(true: Any, classes: int, sure: float, random: Any) -> Any:
    logit = random.normal(0, 1, (len(true), classes)) + sure * np.eye(classes)[true]
    p = np.exp(logit)
    return p / p.sum(1, keepdims=True)


def test_the_same_rows_as_cleanlab() -> None:
    """Figures of cleanlab 2.9.0 on these rows, see docs/decisions/0007-label-errors.md."""
    random = np.random.default_rng(0)
    true = random.choice(4, 300, p=[0.4, 0.3, 0.2, 0.1])
    p = soft(true, 4, 2.5, random)
    given = np.where(random.random(300) < 0.1, random.integers(0, 4, 300), true)
    found = find_label_errors(given, p)
    assert found.thresholds == pytest.approx([0.6789801699, 0.6757611930, 0.6794353162, 0.6700555317])
    assert found.joint.tolist() == [[57, 1, 2, 1], [1, 52, 1, 2], [0, 2, 44, 1], [1, 0, 0, 24]]
    assert found.rows.tolist() == [83, 56, 284, 252, 297, 294, 38, 138, 281, 171, 202, 121]


def test_planted_flips_are_found() -> None:
    random = np.random.default_rng(1)
    true = random.integers(0, 5, 2000)
    p = soft(true, 5, 5.0, random)
    flipped = random.choice(2000, 100, replace=False)
    given = true.copy()
    given[flipped] = (true[flipped] + 1) % 5
    found = find_label_errors(given, p)
    hits = np.isin(found.rows, flipped)
    assert hits.mean() > 0.9
    assert hits.sum() > 60
    assert (found.suggested[hits] == true[found.rows[hits]]).mean() > 0.95


def test_planted_flips_of_single_labels() -> None:
    random = np.random.default_rng(2)
    true = random.random((1000, 3)) < 0.3
    p = np.clip(np.where(true, 0.9, 0.1) + random.normal(0, 0.05, true.shape), 0, 1)
    given = true.copy()
    given[:20, 1] = ~given[:20, 1]
    rows, labels, margin = find_label_set_errors(given, p)
    assert len(rows) >= 6
    assert set(rows) <= set(range(20))
    assert set(labels) == {1}
    assert (np.diff(margin) >= 0).all()


def table(make_table: Any, rows: int, seed: int = 0) -> tuple[Any, dict[str, tuple[str, ...]]]:
    frame = make_table(rows, seed)
    groups = {
        "number": ("age", "dose"),
        "category": ("city",),
        "text": ("note",),
        "image": ("scan",),
        "audio": ("voice",),
    }
    return frame, groups


def test_wrong_rows_come_with_picture_sound_text_and_cells(make_table: Any) -> None:
    frame, groups = table(make_table, 60)
    y = (frame["sick"] == "yes").to_numpy().astype(int)
    said = 0.8 * one_hot(y) + 0.1
    said[[7, 20, 33]] = 1 - said[[7, 20, 33]]
    said[20] = one_hot(np.array([1 - y[20]]))[0] * 0.98 + 0.01
    other = make_table(50, 1)
    answer = (other["sick"] == "yes").to_numpy().astype(int)
    chosen = (other, one_hot(answer), 0.8 * one_hot(answer) + 0.1)
    evidence = made_evidence(
        frame, groups, "binary", one_hot(y), said, classes=["no", "yes"], target_column="sick", chosen=chosen
    )
    found = json.loads(json.dumps(Errors().measure(evidence)))
    assert found["wrong"] == 3
    worst = found["examples"]["wrong"]
    assert [card["row"] for card in worst] == [20, 7, 33]
    assert worst[0]["size"] == pytest.approx(0.99)
    assert all("sick" not in dict(card["cells"]) for card in worst)
    assert sum(len(card["images"]) + len(card["sounds"]) for card in worst) >= 4
    assert {row["row"] for row in found["examples"]["review"]} == {7, 20, 33}
    for language in ("en", "zh"):
        section: Any = Errors().show(found, {}, language)  # type: ignore[arg-type]
        assert len(section.blocks) == 2
        assert len(section.blocks[0].cards) == 3
    review = label_review({"errors": found})
    assert review is not None
    assert review.height == 3
    assert review.columns[:6] == ["table", "row", "given", "given_confidence", "suggested", "suggested_confidence"]
    assert review.row(0, named=True)["age"] == (
        None if frame["age"][20] is None else str(frame["age"][20]).removesuffix(".0")
    )
    del found["examples"]
    assert Errors().show(found, {}, "en").blocks == ()  # type: ignore[union-attr]
    assert label_review({"errors": found}) is None


def test_regression_counts_errors_in_units_of_the_usual_one() -> None:
    random = np.random.default_rng(3)
    y = random.normal(size=(200, 1))
    said = y + random.normal(0, 0.1, (200, 1))
    said[17] += 9
    frame = pl.DataFrame({"x": random.normal(size=200)})
    found = json.loads(json.dumps(Errors().measure(made_evidence(frame, {"number": ("x",)}, "regression", y, said))))
    assert found["examples"]["wrong"][0]["row"] == 17
    assert found["examples"]["wrong"][0]["size"] > 20
    assert found["labels"] is None
    section: Any = Errors().show(found, {}, "en")
    assert "further off" in section.sentences[0].text


def test_addresses_hold_what_was_given() -> None:
    sound = (20_000 * np.sin(np.arange(16_000 * 5) / 5)).astype(np.int16)
    data, rate = soundfile.read(io.BytesIO(base64.b64decode(sound_address(sound, 16_000).split(",")[1])))
    assert (len(data), rate) == (24_000, 8000)
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    assert picture_address(grey).startswith("data:image/png;base64,")
    assert picture_address(np.zeros((200, 200, 3), np.uint8)).startswith("data:image/jpeg;base64,")


def test_both_languages_say_the_same() -> None:
    assert_same_words(errors_section.WORDS)
