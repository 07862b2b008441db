from __future__ import annotations

import datetime

import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.evaluation.weaknesses.conditions import check_conditions, rows_where

FRAME = pl.DataFrame(
    {
        "age": ["71", "34", None, "65", "20"],
        "sex": ["F", "M", "F", "f", "M"],
        "body mass": [31.0, 22.5, 27.0, None, 19.0],
        "city": ["rome", "lima", "oslo", "Rome", None],
        "note": ["High fever, cough", "well", None, "no FEVER", "in (bed)"],
        "visit": ["2024-01-05", "2023-06-01", "2024-03-01", None, "2022-12-31"],
        "born": [datetime.date(1950, 1, 1), datetime.date(1990, 1, 1), None, datetime.date(1960, 1, 1), None],
        "性别": ["女", "男", "女", "女", "男"],
    }
)

CASES = {
    "age>60": [0, 3],
    "age>60 & sex==F": [0],
    "age >= 65 | sex = M": [0, 1, 3, 4],
    "sex==F | sex==M & age<30": [0, 2, 4],
    "(sex==F | sex==M) & age<30": [4],
    "not (sex==F)": [1, 3, 4],
    "! age>60": [1, 4],
    "age != 71": [1, 3, 4],
    "age is missing": [2],
    "age is not missing and sex == M": [1, 4],
    "`body mass` > 25": [0, 2],
    '"body mass" > 25': [0, 2],
    "`body mass` == 22.50": [1],
    'note contains "fever"': [0, 3],
    "note not contains fever": [1, 4],
    'note contains "in (bed)"': [4],
    "city in (rome, lima)": [0, 1],
    "city not in ('rome', \"lima\")": [2, 3],
    "visit >= 2024-01-01": [0, 2],
    "visit < '2023-01-01'": [4],
    "born < 1955-01-01": [0],
    "性别==女": [0, 2, 3],
    "age > -5": [0, 1, 3, 4],
}


@pytest.mark.parametrize(("text", "rows"), CASES.items())
def test_rows_that_meet_a_condition(text: str, rows: list[int]) -> None:
    assert rows_where(text, FRAME).nonzero()[0].tolist() == rows


WRONG = {
    "agge>60": "did you mean 'age'",
    "age>": "character 5: expected a value, found the end",
    "age>60 &": "character 9: expected a column",
    "age>60 sex==F": "character 8: expected & or |, found 'sex'",
    "(age>60": "character 8: expected a closing bracket",
    "age ~ 60": "character 5: expected ==",
    "city in rome": "character 9: expected a bracket with values",
    "age is empty": "character 8: expected missing",
    'note contains "fever': "character 15",
    "city > rome": "compares sizes",
    "": "expected a column",
    "(" * 400 + "age>1" + ")" * 400: "at most 50",
}


@pytest.mark.parametrize(("text", "said"), WRONG.items())
def test_what_cannot_be_read_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        rows_where(text, FRAME)
    assert said in str(error.value)


def test_conditions_are_checked_without_rows() -> None:
    check_conditions(["age>60", "`body mass` is missing"], FRAME.columns)
    with pytest.raises(InputError, match="slice 'sexx==F'"):
        check_conditions(["age>60", "sexx==F"], FRAME.columns)
