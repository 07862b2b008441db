"""Conditions that a user writes to name rows: `age>60 & sex==F`, `note contains "fever"`, `city in (rome, lima)`.

A hand-written parser of a small grammar; nothing of a condition is ever executed.

    condition  = part { ("|" or "or") part }
    part       = single { ("&" or "and") single }
    single     = ("!" or "not") single | "(" condition ")" | test
    test       = column ("==" "=" "!=" "<" "<=" ">" ">=") value
               | column ["not"] "in" "(" value { "," value } ")"
               | column ["not"] "contains" value
               | column "is" ["not"] "missing"

Column names with blanks stand in backquotes, values with blanks in quotes. A missing cell meets no test but
`is missing`, as in SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, final

import numpy as np
import polars as pl

from consilience.core.errors import InputError, nearest
from consilience.modalities.cells import as_number, as_text
from consilience.modalities.date_formats import choose_formats, parse

Mask = np.ndarray[Any, np.dtype[np.bool_]]

TOKEN = re.compile(
    r"\s*(?:(?P<column>`[^`]+`)|(?P<text>\"[^\"]*\"|'[^']*')|(?P<sign>==|!=|<=|>=|&&|\|\||[=<>&|!(),])"
    r"|(?P<word>[^\s()&|!=<>`\"',]+))"
)
COMPARISONS = ("==", "=", "!=", "<", "<=", ">", ">=")
DEEPEST = 50
"""Brackets and negations inside one another at most."""


class Token(NamedTuple):
    """kind: column (backquoted), text (quoted), sign, word or end; at: place in the condition, from 1."""

    kind: str
    text: str
    at: int


class Test(NamedTuple):
    """One comparison: column, operator (==, !=, <, <=, >, >=, in, contains, missing) and values as written."""

    column: str
    operator: str
    values: tuple[str, ...]
    at: int


class Junction(NamedTuple):
    """operator: and, or, not; parts: one for not, two or more else."""

    operator: str
    parts: tuple[Any, ...]


Condition = Test | Junction


def parse_condition(text: str) -> Condition:
    """The condition as a tree.

    Raises:
        InputError: saying what was expected and at which character.

    Example:
        >>> parse_condition("age>60").column
        'age'
    """
    return _Parser(text).whole()


def columns_of(condition: Condition) -> list[str]:
    """Names of the columns that a condition reads."""
    if isinstance(condition, Test):
        return [condition.column]
    return list(dict.fromkeys(name for part in condition.parts for name in columns_of(part)))


def check_conditions(texts: Sequence[str], columns: Iterable[str]) -> None:
    """Read every condition before anything is trained.

    Raises:
        InputError: for a condition that cannot be read, or a column that is not in the table.
    """
    known = list(columns)
    for text in texts:
        for name in columns_of(parse_condition(text)):
            if name not in known:
                raise InputError(f"no column is named {name!r}", where=f"slice {text!r}", fix=nearest(name, known))


def rows_where(text: str, frame: pl.DataFrame) -> Mask:
    """[N] bool: the rows of `frame` that meet the condition.

    Raises:
        InputError: see `check_conditions`; also where a size comparison finds neither numbers nor dates.
    """
    check_conditions([text], frame.columns)
    met: Mask = _met(parse_condition(text), frame, text).fill_null(False).to_numpy()
    return met


def _met(condition: Condition, frame: pl.DataFrame, text: str) -> pl.Series:
    """Boolean series, null where a cell is missing: Kleene logic joins them."""
    if isinstance(condition, Test):
        return _tested(condition, frame[condition.column], text)
    parts = [_met(part, frame, text) for part in condition.parts]
    if condition.operator == "not":
        return ~parts[0]
    found = parts[0]
    for part in parts[1:]:
        found = found & part if condition.operator == "and" else found | part
    return found


def _tested(test: Test, column: pl.Series, text: str) -> pl.Series:
    cells = (
        as_text(column) if column.dtype != pl.Binary else pl.Series(["given"] * len(column)).set(column.is_null(), None)
    )
    if test.operator == "missing":
        return cells.is_null()
    if test.operator == "contains":
        return cells.str.to_lowercase().str.contains(test.values[0].lower(), literal=True)
    if test.operator in ("==", "!=", "in"):
        found = pl.Series([False] * len(cells)).set(cells.is_null(), None)
        for value in test.values:
            found = found | _equal(cells, column, value)
        return ~found if test.operator == "!=" else found
    return _compared(test, column, text)


def _equal(cells: pl.Series, column: pl.Series, value: str) -> pl.Series:
    """The same text, or the same number however it is written."""
    same = cells == value
    number = _number(value)
    return same if number is None else same | (as_number(column) == number).fill_null(False)


def _compared(test: Test, column: pl.Series, text: str) -> pl.Series:
    numbers, wanted = as_number(column), _number(test.values[0])
    if wanted is None or numbers.null_count() == len(numbers):
        seconds = parse(pl.Series([test.values[0]]), choose_formats(pl.Series([test.values[0]])))[0]
        numbers, wanted = pl.Series(parse(column, choose_formats(column))).fill_nan(None), float(seconds)
        if np.isnan(wanted) or numbers.null_count() == len(numbers):
            raise InputError(
                f"{test.column!r} {test.operator} {test.values[0]!r} at character {test.at} compares sizes, "
                "which numbers and dates have",
                where=f"slice {text!r}",
                fix="Give a number or a date as 2024-03-05, or compare with == or in",
            )
    return {"<": numbers < wanted, "<=": numbers <= wanted, ">": numbers > wanted, ">=": numbers >= wanted}[
        test.operator
    ]


def _number(value: str) -> float | None:
    found = as_number(pl.Series([value]))[0]
    return None if found is None else float(found)


def tokens_of(text: str) -> list[Token]:
    """
    Raises:
        InputError: at a character that begins no token (an open quote).
    """
    found, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            at = place + len(text[place:]) - len(text[place:].lstrip()) + 1
            raise InputError(f"character {at}: {text[at - 1]!r} is open", where=f"slice {text!r}", fix="Close it")
        kind, raw = match.lastgroup, match.group(match.lastgroup)
        found.append(Token(kind, raw[1:-1] if kind in ("column", "text") else raw, match.start(kind) + 1))
        place = match.end()
    return [*found, Token("end", "the end", len(text) + 1)]


@final
class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._place, self._depth = text, tokens_of(text), 0, 0

    def whole(self) -> Condition:
        found = self._either()
        if self._now.kind != "end":
            raise self._wrong("& or |")
        return found

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _take(self, *wanted: str) -> bool:
        """Step over the sign or bare word that comes next, if it is one of these."""
        if self._now.kind in ("sign", "word") and self._now.text.lower() in wanted:
            self._place += 1
            return True
        return False

    def _wrong(self, expected: str) -> InputError:
        token = self._now
        said = token.text if token.kind == "end" else repr(token.text)
        what = f"character {token.at}: expected {expected}, found {said}"
        return InputError(what, where=f"slice {self._text!r}", fix="Conditions look like: age>60 & sex==F")

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._take("|", "||", "or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Junction("or", tuple(parts))

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._take("&", "&&", "and"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Junction("and", tuple(parts))

    def _single(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._wrong(f"at most {DEEPEST} brackets inside one another")
        if self._take("!", "not"):
            found: Condition = Junction("not", (self._single(),))
        elif self._take("("):
            found = self._either()
            if not self._take(")"):
                raise self._wrong("a closing bracket")
        else:
            found = self._test()
        self._depth -= 1
        return found

    def _test(self) -> Condition:
        if self._now.kind not in ("column", "word", "text"):
            raise self._wrong("a column")
        column = self._now
        self._place += 1
        if self._take("is"):
            wrong = self._take("not")
            if not self._take("missing"):
                raise self._wrong("missing")
            return _negated(Test(column.text, "missing", (), column.at), wrong)
        wrong = self._take("not")
        if self._take("in"):
            return _negated(Test(column.text, "in", self._list(), column.at), wrong)
        if self._take("contains"):
            return _negated(Test(column.text, "contains", (self._value(),), column.at), wrong)
        operator = self._now.text
        if wrong or not self._take(*COMPARISONS):
            raise self._wrong("in or contains" if wrong else "==, !=, <, <=, >, >=, in, contains or is missing")
        return Test(column.text, "==" if operator == "=" else operator, (self._value(),), column.at)

    def _list(self) -> tuple[str, ...]:
        if not self._take("("):
            raise self._wrong("a bracket with values")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        if not self._take(")"):
            raise self._wrong("a comma or a closing bracket")
        return tuple(values)

    def _value(self) -> str:
        if self._now.kind not in ("word", "text"):
            raise self._wrong("a value")
        self._place += 1
        return self._tokens[self._place - 1].text


def _negated(test: Test, wrong: bool) -> Condition:
    return Junction("not", (test,)) if wrong else test
