"""Metrics of texts: as the libraries give them, and the same under weights and repeated rows."""

from __future__ import annotations

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from consilience.evaluation.intervals import difference, with_intervals
from consilience.modalities.text_codes import to_codes
from consilience.references.majority import majority_predictions
from consilience.tasks.metrics import METRICS, Judge, scores

WANTED = ["The cat sat on the mat today.", "A dog ran over the hill and far away.", "It rains.", "Nothing new."]
SAID = ["The cat sat on a mat today.", "A dog ran over the hill.", "It rains.", "Something else was said here."]


def arrays() -> tuple[np.ndarray, np.ndarray]:
    return to_codes(WANTED, 60), to_codes(SAID, 50)


def test_every_metric_as_the_libraries_give_it() -> None:
    wanted, said = arrays()
    found = scores("text", wanted, np.ones(4), said)
    assert tuple(found) == METRICS["text"]
    assert found["bleu"] == pytest.approx(BLEU(smooth_method="none").corpus_score(SAID, [WANTED]).score)
    chrf = [CHRF().sentence_score(s, [w]).score for s, w in zip(SAID, WANTED, strict=True)]
    assert found["chrf"] == pytest.approx(np.mean(chrf))
    assert found["exact_match"] == 0.25
    assert 0.4 < found["rouge_l"] <= found["rouge_1"] < 1


def test_weights_mean_the_same_as_repeated_and_left_out_rows() -> None:
    wanted, said = arrays()
    counts = np.array([2.0, 1.0, 0.0, 1.0])
    rows = [0, 0, 1, 3]
    found = Judge("text", wanted, np.ones(4), said).at(counts)
    assert found == pytest.approx(scores("text", wanted[rows], np.ones(4), said[rows]))
    assert scores("text", wanted, counts > 0, said) == pytest.approx(
        scores("text", wanted[[0, 1, 3]], np.ones(3), said[[0, 1, 3]])
    )
    assert np.isnan(list(scores("text", wanted, np.zeros(4), said).values())).all()


def test_chinese_bleu_goes_by_character() -> None:
    wanted, said = to_codes(["今天天气很好啊"], 9), to_codes(["今天天气很好"], 9)
    assert scores("text", wanted, np.ones(1), said)["bleu"] > 80


def test_intervals_hold_the_value_and_a_better_text_is_told_apart() -> None:
    wanted, said = (np.tile(a, (10, 1)) for a in arrays())
    found = with_intervals("text", wanted, np.ones(40), said, 0, resamples=200)
    for name in METRICS["text"]:
        assert found[name]["low"] <= found[name]["value"] <= found[name]["high"]
    pair = difference("text", "rouge_l", wanted, np.ones(40), wanted, said, 0)
    assert pair["low"] > 0


def test_the_floor_is_the_commonest_text() -> None:
    target = to_codes(["b", "a", "a", "c"], 3)
    assert majority_predictions("text", target, np.ones(4), 2).tolist() == to_codes(["a", "a"], 3).tolist()
    assert not majority_predictions("text", target, np.zeros(4), 1).any()
