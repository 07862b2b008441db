"""Columns that name rows instead of describing them: counters, codes, hashes, addresses, people's names.

Values decide; a column's name only adds to what they say, in several languages.
"""

from __future__ import annotations

import re

import polars as pl

from consilience.data.column_profile import Profile
from consilience.modalities.cells import as_text

LEAST = 5
"""Fewer cells never make an identifier."""
EXPECTED_REPEATS = 12.0
"""Unique integers are an identifier when chance alone would have repeated this many of them."""
ID_NAME = re.compile(
    r"(^|[^a-z])(id|ids|uid|uuid|guid|pk|identifier|identifiant|identificador|rowid)$|^id[^a-z]"
    r"|(patient|subject|user|customer|client|order|item|product|record|sample|case|student|person|member|account"
    r"|transaction|session|visit|study|image|file)ids?$|编号|序号|学号|工号|单号|流水号|身份证|証号|番号|번호|идентификатор"
)
"""Names that mean "identifier" by themselves, lower case with camelCase split."""
WEAK_NAME = re.compile(r"(^|[^a-z])(no|nr|num|number|key|index|idx|row|serial|nummer|numero)$|号$|номер$")
"""Names that mean it only where every value is unique."""
PERSON_NAME = re.compile(
    r"(first|last|full|sur|family|given|user|nick|customer|patient|student|employee)[ _.-]*name$"
    r"|姓名|用户名|氏名|名前|이름|фамилия|apellido|vorname|nachname|prénom"
)
CODE_NAME = re.compile(
    r"(^|[^a-z])(id|ids|code|codes|type|class|category|kind|zip|zipcode|postcode|postal|plz|sector|group)($|[^a-z])"
    r"|代码|编码|类型|类别|分类|邮编|区号|编号|コード|種類|코드"
)
"""Names of integer columns whose values are labels, not amounts."""
HEX = r"^(?:[0-9a-fA-F]{6,64}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})$"
ADDRESS = r"^(?:https?|ftp|s3|gs)://\S+$|^[^@\s]+@[^@\s]+\.\w+$"
CODE = r"^[\p{L}_#/.-]{0,12}\d+(?:[-_/.:]\w*\d\w*)*[A-Za-z]{0,3}$"
TOKEN = r"^[A-Za-z0-9_-]{6,64}$"


def identifier_reason(name: str, column: Profile) -> str | None:
    """Why the column names rows, or None. Never for floats with fractions, dates, bytes or sentences."""
    if len(column.present) < LEAST or column.distinct < LEAST:
        return None
    dtype = column.present.dtype
    if dtype.is_numeric():
        return _numeric(spoken(name), column)
    return _textual(spoken(name), column) if dtype == pl.String else None


def names_codes(name: str) -> bool:
    """Whether a column's name says that its integers are labels ("zip code", "类型")."""
    return CODE_NAME.search(spoken(name)) is not None


def spoken(name: str) -> str:
    """Lower case, camelCase split: "PetID" → "pet id"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower().strip()


def _numeric(name: str, column: Profile) -> str | None:
    values = column.present
    if values.dtype.is_float():
        if not bool((values == values.round()).all()):
            return None
        values = values.cast(pl.Int64, strict=False).drop_nulls()
    count, distinct = len(values), column.distinct
    low, high = _bounds(values)
    unique = distinct == count
    steps = values.diff().drop_nulls()
    if unique and len(values) == column.rows and steps.n_unique() == 1 and not _years(low, high):
        return f"counts the rows in steps of {steps[0]}"
    repeats = count**2 / (2 * max(high - low + 1, 1))
    if unique and repeats >= EXPECTED_REPEATS and not _years(low, high):
        return f"{count:,} whole numbers between {low} and {high}, none of them twice: numbers of rows"
    if unique and low >= 10**9 and len(str(low)) == len(str(high)):
        return f"unique codes of {len(str(low))} digits"
    return _by_name(name, count, distinct)


def _bounds(values: pl.Series) -> tuple[int, int]:
    low, high = values.min(), values.max()
    assert isinstance(low, int)
    assert isinstance(high, int)
    return low, high


def _years(low: int, high: int) -> bool:
    return low >= 1800 and high <= 2100


def _by_name(name: str, count: int, distinct: int) -> str | None:
    if (ID_NAME.search(name) and distinct >= 0.5 * count) or (WEAK_NAME.search(name) and distinct == count):
        return f"its name says identifier, and {distinct / count:.0%} of its values are distinct"
    return None


def _textual(name: str, column: Profile) -> str | None:
    fresh = column.distinct / len(column.present)
    text = as_text(column.sample)
    if fresh >= 0.2 and _share(text, HEX) > 0.95 and _share(text, r"\d") > 0.8 and _share(text, "[a-fA-F]") > 0.8:
        return "hexadecimal codes"
    if fresh >= 0.2 and _share(text, ADDRESS) > 0.95:
        return "web or mail addresses"
    spaced = _share(text, r"\s") > 0.1
    if fresh >= 0.98 and not spaced and _share(text, CODE) > 0.95:
        return f"codes with a number, {fresh:.0%} of them distinct"
    same_length = text.str.len_chars().n_unique() == 1
    if fresh >= 0.98 and same_length and _share(text, TOKEN) > 0.99 and _share(text, r"\d") > 0.5:
        return "codes of one length, all distinct"
    short = (text.str.len_chars().mean() or 0) <= 40  # type: ignore[operator]
    if short and fresh >= 0.8 and PERSON_NAME.search(name) and _share(text, r"\d") < 0.1:
        return f"names of people, {fresh:.0%} of them distinct"
    if short and fresh >= 0.98 and re.search(r"(^|[^a-z])names?$", name) and not spaced:
        return f"names, {fresh:.0%} of them distinct"
    return _by_name(name, len(column.present), column.distinct) if short and not spaced else None


def _share(text: pl.Series, pattern: str) -> float:
    """Share of the cells that match, 0..1."""
    share = text.str.contains(pattern).mean()
    return float(share) if isinstance(share, float) else 0.0
