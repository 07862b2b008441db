from __future__ import annotations

from typing import Any

import numpy as np


def test_counters_and_codes_are_left_out(look: Any) -> None:
    table = {
        "nr": range(1, 51),
        "sample": [f"PT-{i:04d}" for i in range(50)],
        "weight": np.random.default_rng(0).normal(70, 9, 50).round(1),
    }
    (found,) = look("identifier", table)
    assert found.columns == ("nr", "sample")
    assert found.severity == "info"


def test_an_identifier_that_is_used_is_a_warning(look: Any) -> None:
    table = {"nr": range(1, 51), "x": [1.5, 2.5] * 25}
    (found,) = look("identifier", table, overrides={"nr": "number"})
    assert found.severity == "warning"
    assert "--ignore nr" in found.message


def test_measurements_and_texts_are_no_identifiers(look: Any) -> None:
    random = np.random.default_rng(1)
    texts = [f"the patient reports pain number {i} since some days" for i in range(60)]
    assert look("identifier", {"x": random.normal(0, 1, 60), "note": texts}) == []
