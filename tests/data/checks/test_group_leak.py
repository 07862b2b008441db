from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from consilience.data.findings import NotApplicable
from consilience.data.grouping import likeness
from consilience.data.split import Splits


def visits(name: str = "patientid", rows: int = 600, people: int = 200, seed: int = 0) -> dict[str, Any]:
    """Several rows a person; age and sex belong to the person, the target mostly."""
    random = np.random.default_rng(seed)
    person = random.integers(0, people, rows)
    sex, age = random.choice(["f", "m"], people), random.integers(20, 90, people)
    ill = random.random(people) < 0.5
    return {
        name: [f"P{p:04d}" for p in person],
        "sex": sex[person],
        "age": age[person],
        "pulse": random.normal(70, 9, rows).round(),
        "y": np.where(random.random(rows) < 0.1, ~ill[person], ill[person]).astype(int),
    }


@pytest.mark.parametrize("name", ["patientid", "患者编号", "Proband", "код пациента", "subj", "x7"])
def test_people_with_several_rows_whatever_the_column_is_called(look: Any, name: str) -> None:
    (found,) = look("group_leak", visits(name), "y")
    assert found.columns == (name,)
    assert found.severity == "warning"
    assert "split.group=" in found.message


def test_six_speakers(look: Any) -> None:
    random = np.random.default_rng(0)
    who = random.integers(0, 6, 600)
    table = {
        "speaker": np.array(["ann", "bo", "cy", "di", "ed", "flo"])[who],
        "accent": np.array(["north", "south", "south", "east", "east", "north"])[who],
        "seconds": random.normal(1, 0.2, 600),
        "y": random.integers(0, 10, 600),
    }
    (found,) = look("group_leak", table, "y")
    assert found.columns == ("speaker",)


def test_classes_of_products_and_ages_are_no_groups(look: Any) -> None:
    random = np.random.default_rng(0)
    kind = random.integers(0, 20, 800)
    table = {
        "Class Name": np.array([f"class {chr(97 + k)}" for k in range(20)])[kind],
        "Department": np.array(["top", "low", "out", "in"])[kind % 4],
        "age": random.integers(18, 90, 800),
        "stars": random.integers(1, 6, 800),
        "y": random.integers(0, 2, 800),
    }
    assert look("group_leak", table, "y") == []


def test_groups_on_both_sides_are_counted(look: Any) -> None:
    table = visits(rows=300, people=100)
    other = visits(rows=50, people=50, seed=1)
    other["patientid"] = [*table["patientid"][:20], *[f"Q{i}" for i in range(30)]]
    (found,) = look("group_leak", table, "y", test=other)
    assert "20 of 50 rows of the test table" in found.message
    other["patientid"] = [f"Q{i % 20}" for i in range(50)]
    assert look("group_leak", table, "y", test=other) == []


def test_a_split_by_group_is_no_leak(look: Any) -> None:
    table = visits()
    held = np.array([p < "P0050" for p in table["patientid"]])
    splits = Splits(np.flatnonzero(~held), np.zeros(0, np.int64), np.flatnonzero(held), "group", "")
    assert look("group_leak", table, "y", splits=splits) == []


def test_without_a_candidate(look: Any) -> None:
    with pytest.raises(NotApplicable):
        look("group_leak", {"a": np.random.default_rng(0).normal(0, 1, 90)})


def test_likeness_is_one_within_constant_groups_and_nothing_by_chance() -> None:
    random = np.random.default_rng(0)
    group = random.integers(1, 100, 5000)
    assert likeness(group, group % 3 + 1) == pytest.approx(1)
    assert abs(likeness(group, random.integers(1, 4, 5000))) < 0.03


def test_a_closed_set_of_speakers_is_said_and_no_more(look: Any) -> None:
    random = np.random.default_rng(0)
    who = random.integers(0, 6, 600)
    table = {
        "speaker": np.array(["ann", "bo", "cy", "di", "ed", "flo"])[who],
        "accent": np.array(["north", "south", "south", "east", "east", "north"])[who],
        "seconds": random.normal(1, 0.2, 600),
        "y": random.integers(0, 10, 600),
    }
    test = {key: values[:100] for key, values in table.items()}
    (found,) = look("group_leak", table, "y", test=test)
    assert found.severity == "info"
    assert "not for a new 'speaker'" in found.message
    (patients,) = look("group_leak", visits(), "y", test=visits())
    assert patients.severity == "warning"
