from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from consilience.data.findings import NotApplicable

RANDOM = np.random.default_rng(0)


def labels(rows: int = 600) -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).choice(["ill", "well"], rows)


def names(found: Any) -> set[str]:
    return {f.columns[0] for f in found}


def test_numbers_categories_dates_and_gaps_that_know_the_target(look: Any) -> None:
    y = labels()
    ill = y == "ill"
    random = np.random.default_rng(2)
    table = {
        "score": np.where(ill, random.normal(5, 1, 600), random.normal(0, 1, 600)),
        "code": np.where(ill, random.choice(["a", "b"], 600), random.choice(["c", "d"], 600)),
        "discharged": [f"2021-{random.integers(1, 13):02d}-{random.integers(1, 28):02d}" if i else None for i in ill],
        "age": random.normal(50, 10, 600) + 5 * ill,
        "city": random.choice(["rome", "lima", "oslo"], 600),
        "y": y,
    }
    found = look("target_leak", table, "y")
    assert names(found) == {"score", "code", "discharged"}
    assert {f.columns[0]: f.severity for f in found}["code"] == "error"
    assert all("--ignore" in f.message for f in found)


def test_several_classes(look: Any) -> None:
    y = np.random.default_rng(3).choice(["red", "green", "blue", "grey"], 500)
    code = np.array([{"red": 1, "green": 4, "blue": 2, "grey": 3}[c] for c in y])
    noise = np.random.default_rng(4).integers(1, 5, 500)
    assert names(look("target_leak", {"code": code, "noise": noise, "y": y}, "y")) == {"code"}


def test_an_amount_in_another_unit(look: Any) -> None:
    price = np.random.default_rng(5).lognormal(3, 1, 800)
    table = {
        "in_euro": price * 0.93 + 1,
        "size": price + np.random.default_rng(6).normal(0, 20, 800),
        "price": price,
    }
    assert names(look("target_leak", table, "price")) == {"in_euro"}


def test_texts_that_name_their_class(look: Any) -> None:
    y = np.random.default_rng(7).choice(["pneumonia", "asthma", "influenza"], 300)
    notes = [f"the patient came on day {i} and was seen; diagnosis {c}, discharged later" for i, c in enumerate(y)]
    (found,) = look("target_leak", {"note": notes, "y": y}, "y")
    assert "name exactly one class" in found.message


def test_a_word_that_stands_for_the_class(look: Any) -> None:
    y = np.random.default_rng(8).integers(0, 2, 400)
    filler = np.random.default_rng(9).choice(["pain", "fever", "cough", "rash", "calm", "tired"], (400, 8))
    texts = [" ".join(f) + (" transferred" if t else " remained") for f, t in zip(filler, y, strict=True)]
    (found,) = look("target_leak", {"note": texts, "y": y}, "y", overrides={"note": "text"})
    assert "balanced accuracy" in found.message
    clean = [" ".join(f) for f in filler]
    assert look("target_leak", {"note": clean, "y": y}, "y", overrides={"note": "text"}) == []


def test_many_noise_columns_in_few_rows_raise_no_alarm(look: Any) -> None:
    random = np.random.default_rng(10)
    table = {f"g{i}": random.normal(0, 1, 60) for i in range(300)} | {"y": ["k", "l"] * 30}
    assert look("target_leak", table, "y") == []


def test_too_few_rows(look: Any) -> None:
    with pytest.raises(NotApplicable):
        look("target_leak", {"a": range(20), "y": ["k", "l"] * 10}, "y")


def test_texts_that_hold_the_name_of_the_target(look: Any) -> None:
    random = np.random.default_rng(11)
    y = random.random(500) < 0.6
    filler = random.choice(["pain", "fever", "cough", "rash", "calm", "tired"], (500, 8))
    named = random.random(500) < np.where(y, 0.4, 0.01)
    notes = [" ".join(f) + (" confirmed Influenza A" if n else "") for f, n in zip(filler, named, strict=True)]
    table = {"note": notes, "influenza": y.astype(int)}
    (found,) = look("target_leak", table, "influenza", overrides={"note": "text"})
    assert "hold the word 'influenza'" in found.message
    assert found.severity == "warning"
    alike = [" ".join(f) + (" asked about influenza" if i % 3 == 0 else "") for i, f in enumerate(filler)]
    assert look("target_leak", {**table, "note": alike}, "influenza", overrides={"note": "text"}) == []


def test_a_place_that_differs_by_class(look: Any) -> None:
    random = np.random.default_rng(12)
    y = random.integers(0, 2, 600)
    place = np.where(random.random(600) < 0.8, y, 1 - y) * 30 + random.integers(0, 30, 600)
    table = {"hospital": [f"ward {p}" for p in place], "pulse": random.normal(size=600), "y": y}
    (found,) = look("target_leak", table, "y", overrides={"hospital": "category"})
    assert "says where a row comes from" in found.message
    table["hospital"] = [f"ward {p}" for p in random.integers(0, 60, 600)]
    assert look("target_leak", table, "y", overrides={"hospital": "category"}) == []
